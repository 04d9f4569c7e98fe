"""The picture of a workflow in a browser: seen while it runs, by mouse, keyboard and on a phone."""

import json
import re
from datetime import timedelta
from functools import partial

import pytest
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from jobs.models import Job, JobDependency, Submission
from jobs.models.ids import new_id
from jobs.reports.submissions import job_page
from tests import make
from tests.browser import assert_accessible
from tests.web.browser.conftest import OpenPage
from tests.web.conftest import Research

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 375, "height": 700}
IN_VIEW = """node => {
  const [inner, outer] = [node, node.closest("[data-canvas]")].map((each) => each.getBoundingClientRect());
  return inner.left >= outer.left && inner.right <= outer.right;
}"""


@pytest.fixture
def workflow(research: Research) -> Submission:
    """load, then train and check, then report: load succeeded, train runs, check failed, report was not sent."""
    submission = make.submission(research.analyst, research.account, name="nightly-42", kind="workflow", job_count=4)
    start = now() - timedelta(minutes=10)
    first_run = {"started_at": start, "stopped_at": start + timedelta(minutes=4)}
    load = make.job(submission, name="load", state="SUCCEEDED", array_size=8, **first_run)
    train = make.job(submission, name="train", state="RUNNING", started_at=start + timedelta(minutes=5), array_size=8)
    check = make.job(submission, name="check", state="FAILED", exit_code=3)
    report = make.job(submission, name="a-report-with-a-name-that-is-longer-than-its-node")
    JobDependency.objects.create(job=train, parent=load, kind="N_TO_N")
    JobDependency.objects.create(job=check, parent=load)
    for parent in (train, check):
        JobDependency.objects.create(job=report, parent=parent)
    return submission


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label')")).partition(":")[0]


def test_a_workflow_is_seen_while_it_runs(open_page: OpenPage, research: Research, workflow: Submission) -> None:
    page = open_page(research.analyst.user, workflow.get_absolute_url(), viewport=DESKTOP)
    steps = page.get_by_role("group", name="Steps of nightly-42")
    expect(steps.get_by_role("button")).to_have_count(4)
    load = steps.get_by_role("button", name="load: Succeeded")
    train = steps.get_by_role("button", name="train: Running, array of 8, 5 min")
    report = steps.get_by_role("button", name="a-report-with-a-name")
    expect(train).to_contain_text("Running · 5 min")
    expect(steps.get_by_text("N_TO_N")).to_be_visible()
    expect(report).to_have_class("wf-node wf-wait wf-unsent wf-critical")
    jobs = page.get_by_role("table", name="Jobs of this submission")
    expect(jobs).to_be_visible()
    assert_accessible(page)

    load.focus()
    for key, name in (("ArrowRight", "train"), ("ArrowUp", "check"), ("ArrowDown", "train"), ("ArrowLeft", "load")):
        page.keyboard.press(key)
        assert focused(page) == name
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Selected step")
    expect(panel).to_contain_text("Waiting for train to be sent first.")
    expect(panel.get_by_role("button", name="Stop job")).to_be_visible()
    assert report.evaluate(IN_VIEW)
    assert f"step={workflow.jobs.get(position=3).text_id}" in page.url
    assert_accessible(page)
    page.keyboard.press("Tab")
    panel.get_by_role("button", name="Close panel").press("Escape")
    expect(panel).to_be_hidden()
    assert focused(page).startswith("a-report")

    page.get_by_role("button", name="Fit").click()
    before = load.get_attribute("transform")
    Job.objects.filter(name="train").update(state="SUCCEEDED", stopped_at=now())
    expect(steps.get_by_role("button", name="train: Succeeded")).to_be_visible()
    assert load.get_attribute("transform") == before

    page.get_by_role("link", name="Time chart").click()
    rows = page.get_by_role("group", name="Run times of nightly-42").get_by_role("button")
    expect(rows).to_have_count(4)
    assert_accessible(page)
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="train")).to_be_visible()

    expect(jobs).to_be_visible()

    page.get_by_role("link", name="List", exact=True).click()
    expect(rows.first).to_be_hidden()
    page.reload()
    expect(jobs).to_be_visible()
    expect(steps).to_be_hidden()


def test_a_phone_shows_the_list_and_has_the_graph(
    open_page: OpenPage, research: Research, workflow: Submission
) -> None:
    page = open_page(research.viewer.user, workflow.get_absolute_url(), viewport=PHONE, has_touch=True)
    expect(page.get_by_role("table", name="Jobs of this submission")).to_be_visible()
    assert "workflow.min" not in json.dumps(
        page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
    )

    page.get_by_role("link", name="Graph").tap()
    page.get_by_role("button", name="load: Succeeded").tap()
    panel = page.get_by_role("complementary", name="Selected step")
    expect(panel).to_contain_text("The job succeeded.")
    assert_accessible(page)
    page.goto(f"{workflow.get_absolute_url()}?view=time")
    expect(page.get_by_role("group", name="Run times of nightly-42").get_by_role("button")).to_have_count(4)
    assert_accessible(page)


def test_another_page_of_the_list_keeps_the_view(
    open_page: OpenPage, research: Research, workflow: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.reports.submissions.job_page", partial(job_page, size=2))
    page = open_page(research.viewer.user, f"{workflow.get_absolute_url()}?view=graph", viewport=DESKTOP)
    page.get_by_role("link", name="Time chart").click()
    page.get_by_role("link", name="Next").click()

    expect(page).to_have_url(re.compile(r"\?first=3&view=time#job-list"))
    expect(page.get_by_role("link", name="Time chart")).to_have_attribute("aria-current", "true")


def test_a_workflow_is_renamed(open_page: OpenPage, research: Research, workflow: Submission) -> None:
    page = open_page(research.analyst.user, workflow.get_absolute_url(), viewport=DESKTOP)
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name", exact=True).fill("nightly-43")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()

    expect(page.get_by_role("heading", name="nightly-43")).to_be_visible()


@pytest.mark.long
def test_a_thousand_steps_stay_usable(open_page: OpenPage, research: Research) -> None:
    """Of a thousand steps only those in view are drawn. `make bench` measures how soon (bench/workflow.py)."""
    submission = make.submission(research.analyst, research.account, name="big", kind="workflow", job_count=1000)
    first = make.job(submission, name="step-0", state="SUCCEEDED")
    jobs = [first]
    for number in range(1, 1000):
        values = {field.attname: getattr(first, field.attname) for field in Job._meta.concrete_fields}
        values |= {
            "id": None,
            "position": number,
            "step": number,
            "name": f"step-{number}",
            "batch_id": f"id-{number}",
        }
        values |= {"public_id": new_id(), "marker": f"step-{number}"}
        jobs.append(Job(**values))
    Job.objects.bulk_create(jobs[1:])
    edges = {(number, max(0, number - 1 - 37 * step % 100)) for number in range(1, 1000) for step in range(5)}
    JobDependency.objects.bulk_create(JobDependency(job=jobs[job], parent=jobs[parent]) for job, parent in edges)
    page = open_page(research.analyst.user, f"{submission.get_absolute_url()}?view=list", viewport=DESKTOP)

    page.get_by_role("link", name="Graph").click()
    steps = page.get_by_role("group", name="Steps of big").get_by_role("button")
    expect(steps.first).to_be_visible()
    page.get_by_role("button", name="Expand all").click()
    expect(page.get_by_role("button", name="Expand all")).to_be_hidden()
    expect(steps.first).to_be_visible()
    assert 0 < steps.count() < 400
    assert len(edges) > 4500
