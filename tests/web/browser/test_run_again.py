"""A failed step of a workflow runs again with more memory: by keyboard alone, and on a phone."""

import json
import re

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from jobs import actions
from jobs.access import Member
from jobs.actions.run_again import plan_run_again
from jobs.models import Approval, Job, Role, Submission, Team
from tests import make
from tests.browser import assert_accessible
from tests.pages.workflow_form import WorkflowForm
from tests.web.browser.conftest import OpenPage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

SECRET = "hunter2-hunter2"


def end(submission: Submission, **states: str) -> None:
    for name, state in states.items():
        jobs = submission.jobs.current_steps().filter(name=name)
        if state == "WITHDRAWN":
            jobs.update(delivery=state, ended_at=now())
        else:
            batch_id = f"{name}-{submission.jobs.count()}"
            jobs.update(delivery="SENT", state=state, batch_id=batch_id, ended_at=now())


@pytest.fixture
def nightly(analyst: Member) -> Submission:
    """`load` succeeded, `train` failed, and `report` was withdrawn with it."""
    step = {"jobQueue": "cpu-job-queue", "jobDefinition": "data-preprocessing"}
    variables = {"containerOverrides": {"environment": [{"name": "DB_PASSWORD", "value": SECRET}]}}
    jobs = [
        {"jobName": "load", **step},
        {"jobName": "train", **step, **variables, "dependsOn": [{"jobId": "${load}"}]},
        {"jobName": "report", **step, "dependsOn": [{"jobId": "${train}"}]},
    ]
    submission = actions.submit(json.dumps({"name": "nightly-42", "jobs": jobs}), analyst, source="json")
    end(submission, load="SUCCEEDED", train="FAILED", report="WITHDRAWN")
    return submission


def memory_of(submission: Submission) -> list[int]:
    return [*submission.jobs.filter(name="train").order_by("position").values_list("memory_mib", flat=True)]


def expect_preview(form: WorkflowForm, memory: str) -> None:
    expect(form.preview).to_contain_text("2 steps run again. 1 other step stays as it is.")
    changes = form.preview.locator("[aria-labelledby=changes-title] > ul > li")
    expect(changes).to_have_text(re.compile(r"^\s*train\s*containerOverrides"))
    expect(form.editor.field).to_have_value(re.compile(f'"{memory}"'))
    expect(form.page.locator(".run-again-kept")).to_contain_text("load")


def test_a_failed_step_runs_again_with_more_memory(open_page: OpenPage, analyst: Member, nightly: Submission) -> None:
    train = nightly.jobs.get(name="train")
    page: Page = open_page(analyst.user, train.get_absolute_url(), viewport={"width": 1440, "height": 900})
    form = WorkflowForm(page)
    form.tab_to("#run-from-here")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Run steps again")).to_be_visible()
    expect(form.steps).to_have_count(2)
    expect(page.locator("[data-step-add], [data-step-tool]").filter(visible=True)).to_have_count(0)
    assert_accessible(page)
    page.set_viewport_size({"width": 1440, "height": 900})

    form.tab_to("[data-step-list] [data-open-step]")
    page.keyboard.press("Enter")
    expect(form.title).to_be_focused()
    expect(form.name).not_to_be_editable()
    form.type_into("memory", "4096")
    expect_preview(form, "4096")
    form.tab_to("#run-again")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Running 2 steps of nightly-42 again.")).to_be_visible()
    page.get_by_role("link", name="List", exact=True).click()
    expect(page.get_by_text("Earlier:").first).to_be_visible()
    earlier = page.locator(f"a[href='{train.get_absolute_url()}']").first
    expect(earlier).to_be_visible()
    again = nightly.jobs.current_steps().get(name="train")
    assert again.document["containerOverrides"]["environment"] == [{"name": "DB_PASSWORD", "value": SECRET}]
    assert memory_of(nightly) == [train.memory_mib, 4096]
    assert nightly.jobs.current_steps().get(name="load").repeats is None

    end(nightly, train="FAILED", report="WITHDRAWN")
    page.set_viewport_size({"width": 375, "height": 800})
    page.reload()
    page.locator("#run-failed").click()
    form.step("train").get_by_role("button").click()
    form.field("memory").fill("8192")
    expect_preview(form, "8192")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.locator("#run-again").click()
    expect(page.get_by_text("Running 2 steps of nightly-42 again.")).to_be_visible()
    assert memory_of(nightly) == [train.memory_mib, 4096, 8192]
    assert Job.objects.filter(submission=nightly, superseded=True).count() == 4


@pytest.fixture
def rerun_request(analyst: Member, nightly: Submission) -> Approval:
    """For `train` as an array of ten, which needs approval, and `report`."""
    Team.objects.filter(pk=analyst.team.pk).update(approval_array_size=4)
    plan = plan_run_again(nightly)
    train, report = plan.document["jobs"]
    train = {**train, "arrayProperties": {"size": 10}}
    outcome = actions.run_again(nightly, analyst, text=json.dumps({"jobs": [train, report]}))
    assert outcome.approval
    return outcome.approval


def test_a_request_for_steps_is_edited_in_the_form_of_the_workflow(
    open_page: OpenPage, analyst: Member, nightly: Submission, rerun_request: Approval
) -> None:
    lead = make.member(analyst.team, Role.LEAD)
    address = reverse("approval_edit", args=[rerun_request.text_id])
    page = open_page(lead.user, address, viewport={"width": 1440, "height": 900})
    form = WorkflowForm(page)
    expect(form.steps).to_have_count(2)
    expect(page.locator("[data-step-add], [data-step-tool]").filter(visible=True)).to_have_count(0)
    for width in (1440, 1024, 375):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(page)

    form.step("train").get_by_role("button").click()
    expect(form.name).not_to_be_editable()
    form.field("array_size").fill("3")
    expect(form.preview).to_contain_text("changed from the number 10 to the number 3")
    expect(page.locator("#submit-button")).to_have_text("Save and approve")
    page.locator("#submit-button").click()
    expect(page.get_by_text("Edited and approved nightly-42.")).to_be_visible()
    again = nightly.jobs.current_steps().get(name="train")
    assert again.array_size == 3
    assert again.document["containerOverrides"]["environment"] == [{"name": "DB_PASSWORD", "value": SECRET}]
