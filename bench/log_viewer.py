"""`python -m bench.log_viewer`: a log of 1,000,000 lines in Chromium: its end, a search in all of it, and memory."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median

from playwright.sync_api import Page

from bench.demo_page import demo_page
from bench.results import add_json_option, print_line, write_result
from tests import chromium

LINES, NEEDLE = 1_000_000, 765_432
JUMPS, PAGES_DOWN, LOOKS = 200, 100, 5
MAX_MS, MAX_ELEMENTS, MAX_GROWTH_MIB = 1000, 2000, 20
STREAM, SHORT_STREAM = "bench/default/1", "bench/default/2"
WAIT_MS = 600_000
SEED = """
import django; django.setup()
import time
from datetime import timedelta
from django.utils.timezone import now
from bench.log_viewer import LINES, SHORT_STREAM, STREAM, text
from jobs.aws.session import Purpose, client_for
from jobs.models import Job
job, short_job = Job.objects.filter(team__slug="research", state="SUCCEEDED", array_size=None).order_by("-pk")[:2]
client, began = client_for(job.account, "logs", Purpose.READ), int(time.time() * 1000)
stream = dict(logGroupName="/aws/batch/job", logStreamName=STREAM)
client.create_log_stream(**stream)
for first in range(0, LINES, 10_000):
    events = [dict(timestamp=began - LINES + n, message=text(n + 1)) for n in range(first, first + 10_000)]
    client.put_log_events(**stream, logEvents=events)
short_stream = dict(logGroupName="/aws/batch/job", logStreamName=SHORT_STREAM)
client.create_log_stream(**short_stream)
client.put_log_events(**short_stream, logEvents=[dict(timestamp=began, message="short")])
fields = dict(attempts=[], raw={}, ended_at=now() - timedelta(hours=1))
Job.objects.filter(pk=job.pk).update(log_stream=STREAM, **fields)
Job.objects.filter(pk=short_job.pk).update(log_stream=SHORT_STREAM, **fields)
print(f"{short_job.get_absolute_url()}log/ {job.get_absolute_url()}log/")
"""
LAST_NUMBER = "() => Number([...document.querySelectorAll('.line-number')].at(-1)?.textContent)"
HAS_LAST_TEXT = "start => [...document.querySelectorAll('.line-text')].at(-1)?.textContent.startsWith(start) === true"


def text(number: int) -> str:
    word = "needle" if number == NEEDLE else f"processed record {number * 7919 % 1_000_003}"
    return f"line {number} INFO worker {number % 7} {word}"


def milliseconds(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return (time.monotonic() - began) * 1000


def open_end(page: Page, address: str, last_text: str = f"line {LINES} ") -> float:
    def visit() -> None:
        page.goto(address)
        page.wait_for_function(HAS_LAST_TEXT, arg=last_text, timeout=WAIT_MS, polling=10)

    return milliseconds(visit)


def memory(page: Page) -> tuple[float, float]:
    """Return MiB of the heap after a collection, and nodes: also those that scripts still refer to."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return metrics["JSHeapUsedSize"] / 1024 / 1024, metrics["Nodes"]


def scroll_everywhere(page: Page) -> int:
    """Jump about, then go down page by page. Return the most elements that the page had."""
    elements = 0
    for step in range(JUMPS):
        page.evaluate(
            "share => { const p = document.querySelector('[data-lines]'); p.scrollTop = p.scrollHeight * share }",
            (step * 37 % JUMPS) / JUMPS,
        )
        page.wait_for_timeout(20)
        elements = max(elements, page.evaluate("document.querySelectorAll('*').length"))
    page.locator("[data-lines]").focus()
    for _ in range(PAGES_DOWN):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(20)
        elements = max(elements, page.evaluate("document.querySelectorAll('*').length"))
    page.wait_for_function("() => !document.querySelector('.is-loading')", timeout=WAIT_MS)
    return elements


def find_needle(page: Page) -> None:
    page.get_by_role("searchbox", name="Search the whole log").fill("needle")
    page.wait_for_function(
        f"() => document.querySelector('.is-selected .line-number')?.textContent === '{NEEDLE}'",
        timeout=WAIT_MS,
        polling=10,
    )


def measure(page: Page, short_address: str, address: str) -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, the figure and its goal."""
    in_new_process = open_end(page, short_address, "short")
    first = open_end(page, address)
    yield "first look, ms", f"{first:.0f}", goal(first, MAX_MS)
    copied = milliseconds(lambda: page.wait_for_function(f"() => ({LAST_NUMBER})() === {LINES}", timeout=WAIT_MS))
    again = median(open_end(page, address) for _ in range(LOOKS))
    yield "later looks, median, ms", f"{again:.0f}", goal(again, MAX_MS)
    yield "first log that a web process reads, of one line, ms", f"{in_new_process:.0f}", ""
    yield "copied, s", f"{copied / 1000:.0f}", ""

    before = memory(page)
    elements = scroll_everywhere(page)
    heap, nodes = ((then, now) for then, now in zip(before, memory(page), strict=True))
    scrolled = f"{JUMPS} jumps and {PAGES_DOWN} pages down"
    yield (
        f"heap before and after {scrolled}, MiB",
        "{:.1f} / {:.1f}".format(*heap),
        goal(heap[1] - heap[0], MAX_GROWTH_MIB, "+"),
    )
    yield "nodes before and after", "{:.0f} / {:.0f}".format(*nodes), ""
    yield "most elements in the page", str(elements), goal(elements, MAX_ELEMENTS)
    yield "the one line found, s", f"{milliseconds(lambda: find_needle(page)) / 1000:.1f}", ""


def goal(value: float, limit: int, sign: str = "") -> str:
    return f"≤ {sign}{limit:,}: {'met' if value <= limit else 'MISSED'}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.log_viewer", description=__doc__)
    add_json_option(parser)
    options = parser.parse_args(arguments)
    path = chromium.find()
    if path is None:
        print_line(f"The log viewer was not measured. {chromium.WHAT_TO_DO}")
        return 0
    load = round(os.getloadavg()[0], 1)
    with demo_page(path, SEED) as (page, addresses):
        rows = []
        for row in measure(page, *addresses.split()):
            print_line(f"log of {LINES:,} lines: {': '.join(filter(None, row))}")
            rows.append(row)
    write_result("log-viewer", {"load_before": load, "rows": rows}, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
