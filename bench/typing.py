"""`python -m bench.typing`: delays for someone who types in the builder, in Chromium before a whole portal.

It measures the time from the last key to the server's marks, how much a page of the builder weighs, and when it takes
keys.
"""

import gzip
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from playwright.sync_api import BrowserContext, Page, Response, sync_playwright

from bench.documents import SEEDS
from portal.quickstart.state_dir import find_free_port
from tests import chromium
from tests.browser import visitor_cookies
from tests.pages.json_editor import JsonEditor
from tests.quickstart_process import running

KEYS = 40
VISITS = 10
MAX_MS, MAX_KIB, MAX_READY_MS = 300, 350, 1000
DOCUMENTS = {
    "my-job-definition.json": "/teams/research/definitions/new/",
    "my-job-submission.json": "/teams/research/jobs/new/",
    "workflow-jobs.json": "/teams/research/new/",
}
# Records when the last key was pressed, and how long after it the panel had the response.
WATCH = """() => {
  window.waited = [];
  let pressed = 0;
  addEventListener("keydown", () => { pressed = performance.now(); }, true);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (pressed && event.target.closest("#preview, #feedback")) window.waited.push(performance.now() - pressed);
    pressed = 0;
  });
}"""
READY = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def mark_delays(page: Page, name: str) -> list[float]:
    """Return milliseconds from a key to its response, for `KEYS` keys; each waits for the one before."""
    page.goto(DOCUMENTS[name])
    page.evaluate(WATCH)
    JsonEditor(page).replace((SEEDS / name).read_text().strip())
    page.wait_for_timeout(1500)
    for number in range(1, KEYS + 1):
        page.keyboard.type(" ")
        page.wait_for_function("count => window.waited.length >= count", arg=number)
    return [float(delay) for delay in page.evaluate("window.waited")]


def page_weight(context: BrowserContext, address: str) -> float:
    """Return the KiB of a first visit: static files compressed, as in production, and the page as it is."""
    page = context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - a method of a list will not do
    page.goto(address, wait_until="networkidle")
    total = sum(_transfer_size(answer) for answer in answers if answer.ok)
    page.close()
    return total / 1024


def _transfer_size(answer: Response) -> int:
    body = answer.body()
    return min(len(body), len(gzip.compress(body))) if "/static/" in answer.url else len(body)


def time_to_ready(context: BrowserContext, address: str) -> float:
    """Return milliseconds until a page with cached files takes keys: the median of some visits."""
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    times = []
    for _ in range(VISITS):
        page.goto(address, wait_until="networkidle")
        page.locator(".cm-content").wait_for()
        times.append(float(page.evaluate(READY)))
    page.close()
    return median(times)


def lines(context: BrowserContext) -> Iterator[str]:
    page = context.new_page()
    for name in DOCUMENTS:
        delays = sorted(mark_delays(page, name))
        p95 = delays[int(len(delays) * 0.95) - 1]
        yield (
            f"delay from a key to its markers, {name}: p50 {median(delays):.0f} ms, p95 {p95:.0f} ms "
            f"(goal {MAX_MS} ms: {goal_text(p95, MAX_MS)}; {len(delays)} keys)"
        )
    for address in dict.fromkeys(DOCUMENTS.values()):
        kib, after = page_weight(context, address), time_to_ready(context, address)
        yield (
            f"{address}: {kib:.0f} KiB on the first visit (goal {MAX_KIB}: {goal_text(kib, MAX_KIB)}); ready to type "
            f"after {after:.0f} ms on later ones (goal {MAX_READY_MS}: {goal_text(after, MAX_READY_MS)})"
        )


def goal_text(figure: float, goal: float) -> str:
    return "met" if figure <= goal else "missed"


def main() -> int:
    path = chromium.find()
    if path is None:
        sys.stdout.write(f"Typing was not measured. {chromium.WHAT_TO_DO}\n")
        return 0
    with (
        tempfile.TemporaryDirectory(prefix="portal-bench-") as folder,
        running(Path(folder) / "state", find_free_port([])) as portal,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        context = browser.new_context(base_url=portal.url)
        context.add_cookies(visitor_cookies(portal.url, "analyst"))
        for line in lines(context):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
