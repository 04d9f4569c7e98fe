"""The first hour of an analyst: from the sign-in to a failed job that runs again, mended.

At each stop the page is accessible, fits at a desk and on a phone, and complains of nothing; the same pages in both
themes are in tests/web/browser/test_accessibility.py. `pytest -s` shows clicks and seconds; `LOOKS=all` walks the
whole way in every size and theme, not only at a desk in the light.
"""

import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import PageOpener, assert_accessible
from tests.eventually import eventually
from tests.pages.job_form import JobForm
from tests.pages.job_page import JobPage
from tests.pages.json_page import JsonPage
from tests.quickstart_process import Run

pytestmark = [pytest.mark.browser, pytest.mark.process]

SIZES = {"desk": (1440, 900), "half": (1024, 768), "phone": (375, 700)}
EVERY_LOOK = [(size, scheme) for size in SIZES for scheme in ("light", "dark")]
LOOKS = EVERY_LOOK if os.environ.get("LOOKS") == "all" else EVERY_LOOK[:1]

ADD_NEWCOMER = """
from jobs.models import Membership, Team, User
user = User.objects.create_user("{name}", password="demo")
Membership.objects.create(team=Team.objects.get(slug="research"), user=user)
"""


@dataclass
class Walk:
    """What a newcomer does, counted: clicks, and seconds without those of the checks."""

    page: Page
    is_checked: bool
    clicks: int = 0
    seconds: float = 0
    began: float = field(default_factory=time.monotonic)
    stops: list[str] = field(default_factory=list)

    def click(self, what: Locator) -> None:
        self.clicks += 1
        what.click()

    def stop(self, name: str) -> None:
        """Note how far one has come, and look at the page."""
        self.seconds += time.monotonic() - self.began
        self.stops.append(f"{name}: {self.clicks} clicks, {self.seconds:.0f} s")
        if self.is_checked:
            assert_accessible(self.page, ["light"])
        before = self.page.viewport_size
        assert before
        for width, height in SIZES.values():
            self.page.set_viewport_size({"width": width, "height": height})
            wider = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0, (name, width, wider)
        self.page.set_viewport_size(before)
        self.began = time.monotonic()


def sign_in(walk: Walk, name: str) -> None:
    page = walk.page
    page.goto("/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill("demo")
    walk.click(page.get_by_role("button", name="Sign in"))
    expect(page.get_by_role("heading", name="Get started")).to_be_visible()
    walk.stop("signed in")


def run_sample_job(walk: Walk) -> None:
    form, job = JobForm(walk.page), JobPage(walk.page)
    walk.click(walk.page.get_by_role("link", name="Run a sample job"))
    form.expect_ready()
    walk.stop("the sample job, filled in")
    walk.click(form.submit_button)
    job.expect_state("Succeeded")
    expect(job.log.locator(".line").first).to_be_visible()
    walk.stop("the sample job has succeeded, with its log")


def submit_workflow(walk: Walk, text: str) -> None:
    written = JsonPage(walk.page)
    walk.click(walk.page.get_by_role("link", name="Home", exact=True))
    walk.click(walk.page.get_by_role("link", name="Submit a workflow"))
    written.editor.replace(text)
    # The page's own sample has no notes: these are the answer to the guide's. They are not about capacity.
    expect(written.feedback.locator(".problem-info")).to_contain_text(["SEQUENTIAL has no effect with a jobId"] * 2)
    expect(written.feedback.locator(".problem-warning")).to_have_count(0)
    expect(written.feedback.locator(".problem-error")).to_have_count(0)
    expect(written.submit_button).to_have_text(re.compile("^Submit "))
    walk.stop("the guide's workflow, pasted")
    walk.click(written.submit_button)
    JobPage(walk.page).expect_state("Succeeded")
    walk.stop("the workflow has succeeded")


def see_costs(walk: Walk) -> None:
    walk.click(walk.page.get_by_role("link", name="Costs", exact=True))
    eventually(lambda: walk.page.reload() and walk.page.locator("svg.bars-plot").count())  # charged within seconds
    expect(walk.page.locator("table.rows tbody").first).to_contain_text(re.compile(r"\$\d"))
    walk.stop("costs")


def fail_and_mend(walk: Walk) -> None:
    form, job = JobForm(walk.page), JobPage(walk.page)
    walk.click(walk.page.get_by_role("link", name="New", exact=True))
    definitions = walk.page.get_by_role("region", name="Run a definition")
    walk.click(definitions.get_by_role("link", name="data-preprocessing"))
    form.name.fill("my-first-failure")
    form.queue.select_option("cpu-job-queue")
    form.field("command").fill("sh -c 'echo no such file; exit 3'")
    form.retries.fill("1")
    form.expect_submit_label("Submit my-first-failure to cpu-job-queue")
    walk.stop("a job that will fail")
    walk.click(form.submit_button)
    job.expect_state("Failed")
    job.expect_log("no such file")
    walk.stop("it has failed")

    walk.click(job.run_again)
    form.field("command").fill("sh -c 'echo found it'")
    expect(form.editor.field).to_have_value(re.compile("found it"))
    form.expect_ready()
    walk.stop("run again, changed")
    walk.click(form.submit_button)
    job.expect_state("Succeeded")
    walk.stop("mended")


@pytest.mark.parametrize("look", LOOKS, ids="-".join)
def test_a_newcomer_runs_a_job_and_a_workflow_sees_the_costs_and_mends_a_failure(
    portal: Run, new_page: PageOpener, seed_text: Callable[[str], str], look: tuple[str, Any]
) -> None:
    size, scheme = look
    name = f"newcomer-{size}-{scheme}"
    portal.manage("shell", "-c", ADD_NEWCOMER.format(name=name))
    width, height = SIZES[size]
    page = new_page(portal.url, color_scheme=scheme, viewport={"width": width, "height": height})
    walk = Walk(page, is_checked=look == LOOKS[0])

    sign_in(walk, name)
    run_sample_job(walk)
    submit_workflow(walk, seed_text("workflow-jobs.json"))
    see_costs(walk)
    fail_and_mend(walk)

    sys.stdout.write("".join(f"{size}, {scheme}: {stop}\n" for stop in walk.stops))
