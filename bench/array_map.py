"""`python -m bench.array_map`: the map of an array of 10,000 in Chromium, from its data to the last cell."""

import sys
from statistics import median

from playwright.sync_api import Page

from bench.demo_page import demo_page
from tests import chromium

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
    with demo_page(path, SEED) as (page, address):
        sizes: list[int] = []
        page.on(
            "response", lambda answer: sizes.append(len(answer.body())) if "/children.json" in answer.url else None
        )
        times = sorted(drawing_times(page, address))
        sys.stdout.write(
            f"map of {SIZE:,} child jobs, {FAILED} failed: {max(sizes) / 1024:.1f} KiB (goal {MAX_KIB}), drawn "
            f"{median(times):.0f} ms after its data, at most {times[-1]:.0f} ms (goal {MAX_MS} ms; {VISITS} visits)\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
