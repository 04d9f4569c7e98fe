"""`python -m bench.log_viewer`: a log of 1,000,000 lines in Chromium: its end, a search over all of it."""

import sys
import time
from collections.abc import Callable

from playwright.sync_api import Page

from bench.demo_page import demo_page
from tests import chromium

LINES, NEEDLE = 1_000_000, 765_432
JUMPS = 200
MAX_MS, MAX_NODES, MAX_GROWTH_MIB = 1000, 2000, 20
STREAM = "bench/default/1"
WAIT_MS = 300_000
SEED = """
import django; django.setup()
import time
from datetime import timedelta
from django.utils.timezone import now
from bench.log_viewer import LINES, STREAM, text
from jobs.aws.session import Purpose, client_for
from jobs.models import Job
job = Job.objects.filter(team__slug="research", state="SUCCEEDED", array_size=None).latest("pk")
client, began = client_for(job.account, "logs", Purpose.READ), int(time.time() * 1000)
stream = dict(logGroupName="/aws/batch/job", logStreamName=STREAM)
client.create_log_stream(**stream)
for first in range(0, LINES, 10_000):
    events = [dict(timestamp=began - LINES + n, message=text(n + 1)) for n in range(first, first + 10_000)]
    client.put_log_events(**stream, logEvents=events)
Job.objects.filter(pk=job.pk).update(log_stream=STREAM, attempts=[], raw={}, ended_at=now() - timedelta(hours=1))
print(job.get_absolute_url() + "log/")
"""
LAST_NUMBER = "() => Number([...document.querySelectorAll('.line-number')].at(-1)?.textContent)"
HAS_LAST_LINE = f"() => [...document.querySelectorAll('.line-text')].at(-1)?.textContent.startsWith('line {LINES} ')"


def text(number: int) -> str:
    word = "needle" if number == NEEDLE else f"processed record {number * 7919 % 1_000_003}"
    return f"line {number} INFO worker {number % 7} {word}"


def milliseconds(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return (time.monotonic() - began) * 1000


def heap_mib(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1024 / 1024


def open_end(page: Page, address: str) -> float:
    def visit() -> None:
        page.goto(address)
        page.wait_for_function(HAS_LAST_LINE, timeout=WAIT_MS)

    return milliseconds(visit)


def scroll_everywhere(page: Page) -> None:
    for step in range(JUMPS):
        page.evaluate(
            "share => { const p = document.querySelector('[data-lines]'); p.scrollTop = p.scrollHeight * share }",
            (step * 37 % JUMPS) / JUMPS,
        )
        page.wait_for_timeout(20)
    page.wait_for_function("() => !document.querySelector('.is-loading')", timeout=WAIT_MS)


def measure(page: Page, address: str) -> None:
    first = open_end(page, address)
    counted = milliseconds(lambda: page.wait_for_function(f"() => ({LAST_NUMBER})() === {LINES}", timeout=WAIT_MS))
    again = open_end(page, address)
    before = heap_mib(page)
    scroll_everywhere(page)
    nodes, growth = page.evaluate("document.querySelectorAll('*').length"), heap_mib(page) - before

    def search() -> None:
        page.get_by_role("searchbox").fill("needle")
        page.wait_for_function(
            f"() => document.querySelector('.is-selected .line-number')?.textContent === '{NEEDLE}'",
            timeout=WAIT_MS,
        )

    sys.stdout.write(
        f"log of {LINES:,} lines: end shown after {first:.0f} ms, again after {again:.0f} ms (goal {MAX_MS}); "
        f"copied in {counted / 1000:.1f} s; one line found in {milliseconds(search) / 1000:.1f} s; "
        f"{nodes} elements (goal {MAX_NODES}); {JUMPS} jumps: {growth:+.1f} MiB of memory (goal {MAX_GROWTH_MIB})\n"
    )


def main() -> int:
    path = chromium.find()
    if path is None:
        sys.stdout.write(f"The log viewer was not measured. {chromium.WHAT_TO_DO}\n")
        return 0
    with demo_page(path, SEED) as (page, address):
        measure(page, address)
    return 0


if __name__ == "__main__":
    sys.exit(main())
