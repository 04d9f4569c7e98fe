"""`python -m bench.workflow`: a workflow of 1,000 steps and 5,000 dependencies, in Chromium before a whole portal.

It measures the form of the workflow and the page of its submission: the time until both are usable, the longest task
that blocks the page, and how many elements the page has.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

from bench.documents import LARGE_EDGES, LARGE_STEPS, large_workflow
from bench.typing import goal_text
from portal.quickstart.state_dir import find_free_port
from tests import chromium
from tests.browser import visitor_cookies
from tests.pages.workflow_form import WorkflowForm
from tests.quickstart_process import running

MAX_USABLE_MS, MAX_TASK_MS, MAX_ELEMENTS = 2000, 100, 5000
PAUSE_MS = 3000
WATCH = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longTasks.push(duration);
  }).observe({ type: "longtask" });
}"""
LONGEST = "() => Math.max(0, ...window.longTasks.splice(0))"
ELEMENTS = "() => document.querySelectorAll('*').length"
# A submission that has ended, so that nothing of it is sent or read again.
ADD_SUBMISSION = """
from bench.documents import LARGE_EDGES, LARGE_STEPS
from jobs.access import membership
from jobs.models import Job, JobDependency, Queue, User
from jobs.models.ids import new_id
from tests import make
member = membership(User.objects.get(username="analyst"), "research", permission="submit")
queue = Queue.objects.get(name="cpu-job-queue")
submission = make.submission(member, queue.account, name="big", kind="workflow", job_count=LARGE_STEPS)
first = make.job(submission, name="step-0", state="SUCCEEDED", queue=queue)
values = {field.attname: getattr(first, field.attname) for field in Job._meta.concrete_fields}
jobs = [first]
for number in range(1, LARGE_STEPS):
    name = f"step-{number}"
    own = {"id": None, "position": number, "step": number, "name": name, "batch_id": f"id-{number}"}
    jobs.append(Job(**{**values, **own, "public_id": new_id(), "marker": name}))
Job.objects.bulk_create(jobs[1:])
JobDependency.objects.bulk_create(JobDependency(job=jobs[to], parent=jobs[start]) for start, to in LARGE_EDGES)
open(PATH, "w").write(submission.get_absolute_url())
"""


def form_lines(context: BrowserContext) -> Iterator[str]:
    page = context.new_page()
    form = WorkflowForm(page).open()
    page.evaluate(WATCH)
    start = time.perf_counter()
    form.editor.set(large_workflow())
    form.nodes.first.wait_for()
    yield usable_text("form, from paste to picture", start, page)
    steps: dict[str, Callable[[], object]] = {
        "a name is changed": lambda: rename_step(form),
        "the list is scrolled": lambda: page.locator("[data-step-scroll]").evaluate("box => box.scrollTop = 20000"),
        "layers expand": lambda: page.get_by_role("button", name="Expand all").click(),
    }
    yield from task_lines("form", page, steps)


def submission_lines(context: BrowserContext, address: str) -> Iterator[str]:
    page = context.new_page()
    page.add_init_script(f"({WATCH})()")
    start = time.perf_counter()
    page.goto(f"{address}?view=graph")
    nodes = page.locator(".wf-node")
    nodes.first.wait_for()
    yield usable_text("submission, from its address to picture", start, page)
    steps: dict[str, Callable[[], object]] = {
        "layers expand": lambda: page.get_by_role("button", name="Expand all").click(),
        "the picture is moved": lambda: move_picture(page),
        "the time chart is shown": lambda: page.get_by_role("link", name="Time chart").click(),
    }
    yield from task_lines("submission", page, steps)


def rename_step(form: WorkflowForm) -> None:
    form.steps.nth(3).locator(".step-open").click()
    form.name.fill("renamed")


def move_picture(page: Page) -> None:
    for _ in range(20):
        page.keyboard.press("Shift+ArrowRight")


def usable_text(what: str, start: float, page: Page) -> str:
    seconds = (time.perf_counter() - start) * 1000
    page.wait_for_timeout(PAUSE_MS)
    longest, count = page.evaluate(LONGEST), page.evaluate(ELEMENTS)
    return (
        f"{what}: {seconds:.0f} ms (goal {MAX_USABLE_MS}: {goal_text(seconds, MAX_USABLE_MS)}), longest task "
        f"{longest:.0f} ms (goal {MAX_TASK_MS}: {goal_text(longest, MAX_TASK_MS)}), {count:,} elements "
        f"(goal {MAX_ELEMENTS:,}: {goal_text(count, MAX_ELEMENTS)})"
    )


def task_lines(page_name: str, page: Page, steps: dict[str, Callable[[], object]]) -> Iterator[str]:
    for name, work in steps.items():
        work()
        page.wait_for_timeout(PAUSE_MS)
        longest = page.evaluate(LONGEST)
        goal = f"goal {MAX_TASK_MS}: {goal_text(longest, MAX_TASK_MS)}"
        yield f"{page_name}, {name}: longest task {longest:.0f} ms ({goal})"


def main() -> int:
    path = chromium.find()
    if path is None:
        sys.stdout.write(f"Large workflows were not measured. {chromium.WHAT_TO_DO}\n")
        return 0
    with (
        tempfile.TemporaryDirectory(prefix="portal-bench-") as folder,
        running(Path(folder) / "state", find_free_port([])) as portal,
        sync_playwright() as playwright,
    ):
        written = Path(folder) / "address"
        portal.manage("shell", "-c", ADD_SUBMISSION.replace("PATH", repr(str(written))))
        address = written.read_text()
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        context = browser.new_context(base_url=portal.url, viewport={"width": 1440, "height": 900})
        context.add_cookies(visitor_cookies(portal.url, "analyst"))
        sys.stdout.write(
            f"{LARGE_STEPS:,} steps, {len(LARGE_EDGES):,} dependencies; load average {os.getloadavg()[0]:.1f}\n"
        )
        for line in (*form_lines(context), *submission_lines(context, address)):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
