"""`python -m bench.array_map`: the map of an array of 10,000 in Chromium, from its data to the last cell."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from portal.quickstart.state_dir import find_free_port
from tests import chromium
from tests.browser import visitor_cookies
from tests.eventually import eventually
from tests.quickstart_process import SECONDS, history_is_saved, running

SIZE, FAILED, VISITS = 10_000, 7, 10
MAX_MS, MAX_KIB = 300, 12
SEED = f"""
import django; django.setup()
from django.utils.timezone import now
from jobs.models import ArrayChild, Job
job = Job.objects.filter(team__slug="research", state="SUCCEEDED").latest("pk")
times = dict(children_read_at=now(), children_requested_at=now())
Job.objects.filter(pk=job.pk).update(array_size={SIZE}, state="FAILED", **times)
failed = range(7, {SIZE}, 1_500)
ArrayChild.objects.bulk_create(
    ArrayChild(job=job, index=index, state="FAILED" if index in failed else "SUCCEEDED", exit_code=index in failed)
    for index in range({SIZE})
)
print(job.get_absolute_url())
"""
# Records when the data was there, and when the last number beside a row was drawn: it comes after all cells.
WATCH = """
  const { json } = Response.prototype;
  Response.prototype.json = async function () {
    const data = await json.call(this);
    window.dataAt = performance.now();
    return data;
  };
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (...given) {
    fillText.apply(this, given);
    window.drawnAt = performance.now();
  };
"""


def seed(state: Path) -> str:
    """Turn a job of the portal into an array. Return the address of its page."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings", "STATE": str(state)}
    command = [sys.executable, "-c", SEED]
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    return answer.stdout.strip().splitlines()[-1]


def drawing_times(page: Page, address: str) -> list[float]:
    page.add_init_script(WATCH)
    times = []
    for _ in range(VISITS):
        page.goto(address)
        page.wait_for_function("() => window.drawnAt > window.dataAt")
        times.append(float(page.evaluate("window.drawnAt - window.dataAt")))
    return times


def main() -> int:
    path = chromium.find()
    if path is None:
        sys.stdout.write(f"The map was not measured. {chromium.WHAT_TO_DO}\n")
        return 0
    with (
        tempfile.TemporaryDirectory(prefix="portal-bench-") as folder,
        running(Path(folder) / "state", find_free_port([]), DEMO="on") as portal,
        sync_playwright() as playwright,
    ):
        eventually(lambda: history_is_saved(portal), SECONDS)
        address = seed(portal.state)
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        context = browser.new_context(base_url=portal.url)
        context.add_cookies(visitor_cookies(portal.url, "analyst"))
        page = context.new_page()
        sizes: list[int] = []
        page.on(
            "response", lambda answer: sizes.append(len(answer.body())) if "/children.json" in answer.url else None
        )
        times = sorted(drawing_times(page, address))
        sys.stdout.write(
            f"map of {SIZE:,} child jobs, {FAILED} failed: {max(sizes) / 1024:.1f} KiB (goal {MAX_KIB}), drawn "
            f"{median(times):.0f} ms after its data, at most {times[-1]:.0f} ms (goal {MAX_MS} ms; {VISITS} visits)\n"
        )
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
