"""Pages are accessible and fit, in both themes and on a phone."""

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import expect

from jobs import actions
from jobs.causes import Cause
from jobs.models import AccountStatus, Approval, ArrayChild, BulkItem, ItemOutcome, Job, JobFailure, Membership, Team
from jobs.models.ids import to_text
from jobs.models.job_failure import family_key
from tests import make
from tests.browser import AFTER_CRUMBS, PageOpener, assert_accessible
from tests.pages.job_form import JobForm
from tests.web.browser.conftest import OpenPage
from tests.web.conftest import Research

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]


@pytest.fixture
def approval(research: Research) -> Approval:
    """A request of someone else that waits for the analyst, who is a lead now."""
    Team.objects.filter(pk=research.team.pk).update(approval_array_size=4)
    requester = make.member(Team.objects.get(pk=research.team.pk))
    array = {"jobName": "dear", "jobQueue": "cpu", "jobDefinition": "hello", "arrayProperties": {"size": 10}}
    Membership.objects.filter(user=research.analyst.user).update(role="lead")
    return actions.submit(json.dumps(array), requester, source="json").approvals.get()


def test_a_leads_pages_are_accessible_and_fit(open_page: OpenPage, research: Research, approval: Approval) -> None:
    page = open_page(research.analyst.user, "/")

    for path in (
        reverse("team_home", args=[research.team.slug]),
        reverse("approvals", args=[research.team.slug]),
        reverse("approval", args=[to_text(approval.public_id)]),
        reverse("approval_edit", args=[to_text(approval.public_id)]),
        reverse("audit", args=[research.team.slug]),
        reverse("tokens", args=[research.team.slug]),
        reverse("own_tokens"),
        reverse("definition", args=[to_text(research.definition.public_id)]),
    ):
        page.goto(path)
        assert_accessible(page)


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (375, 700)])
def test_a_request_is_edited_in_the_builder_and_shows_what_changes(
    open_page: OpenPage, research: Research, approval: Approval, size: tuple[int, int]
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    address = reverse("approval_edit", args=[to_text(approval.public_id)])
    page = open_page(research.analyst.user, address, viewport=viewport)
    form = JobForm(page)
    card, text = (page.locator(each).bounding_box() for each in (".build-json", ".cm-editor"))
    assert card
    assert text
    assert text["width"] > card["width"] - 4

    form.field("array_size").fill("5")
    expect(form.preview).to_contain_text("changed from the number 10 to the number 5")
    expect(page.locator(".cm-deletedChunk").first).to_be_attached()
    form.field("retries").fill("1")
    form.field("retry_spot").check()
    form.field("retry_other").check()
    expect(form.editor.field).to_have_value(re.compile("Host EC2"))
    assert form.editor.document["retryStrategy"] == {
        "attempts": 1,
        "evaluateOnExit": [
            {"onStatusReason": "Host EC2*", "action": "RETRY"},
            {"onReason": "*", "action": "EXIT"},
        ],
    }
    expect(form.submit_label).to_have_text("Save and approve")
    expect(page.locator("#submit-button")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#submit-button").click()
    expect(page.get_by_text("Edited and approved dear.")).to_be_visible()


def test_each_page_is_accessible_and_fits(open_page: OpenPage, research: Research, new_page: PageOpener) -> None:
    new_page.expect_complaint("status of 404")
    make.job(research.submission, name="a-name-as-long-as-names-may-be-" * 4, state="FAILED", exit_code=1)
    sweep = make.job(research.submission, name="sweep", state="PENDING", array_size=5)
    for index, state in enumerate(["SUCCEEDED", "FAILED", "RUNNING", "RUNNABLE"]):
        ArrayChild.objects.create(job=sweep, index=index, state=state, reason="a reason " * 30, log_stream="s")
    AccountStatus.objects.update(polled_at=now() - timedelta(minutes=3))
    steps = [{"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}]
    nightly = make.submission(research.analyst, research.account, kind="workflow", document={"jobs": steps})
    make.job(nightly, name="train", state="FAILED", ended_at=now())
    runs = [{**steps[0], "containerOverrides": {"environment": [{"name": "SEED", "value": seed}]}} for seed in "12"]
    seeds = make.submission(research.analyst, research.account, kind="workflow", document={"jobs": runs}, job_count=2)
    for number, state in enumerate(("SUCCEEDED", "FAILED")):
        make.job(seeds, name=f"train-{number}", state=state, ended_at=now())
    team = research.team.slug
    page = open_page(research.analyst.user, reverse("workflows", args=[team]))
    separators = []

    for path in (
        reverse("workflows", args=[team]),
        reverse("write", args=[team]) + "?example=workflow",
        reverse("definitions", args=[team]),
        reverse("queues", args=[team]),
        reverse("definition", args=[to_text(research.definition.public_id)]),
        research.submission.get_absolute_url(),
        *(f"{research.job.get_absolute_url()}?tab={tab}" for tab in ("overview", "attempts", "request", "events")),
        reverse("job_log", args=[research.job.text_id]),
        sweep.get_absolute_url(),
        reverse("job_children", args=[sweep.text_id]),
        reverse("job_indexes_again", args=[sweep.text_id]),
        reverse("submission_sweep", args=[seeds.text_id]),
        reverse("submission_run_again", args=[nightly.text_id]),
        reverse("child_log", args=[sweep.text_id, 1]),
        reverse("team_home", args=[team]),
        reverse("jobs", args=[team]),
        reverse("costs", args=[team]) + "?by=queue",
        reverse("receipt", args=[research.job.text_id]),
        reverse("create", args=[team]),
        reverse("job_form", args=[team]),
        reverse("workflow_form", args=[team]),
        reverse("definition_form", args=[team]),
        reverse("drafts", args=[team]),
        reverse("members", args=[team]),
        reverse("cli"),
        reverse("rights"),
        "/nothing/here/",
    ):
        page.goto(path)
        assert_accessible(page)
        separators += page.evaluate(AFTER_CRUMBS)
    assert max(map(len, separators)) > 2
    assert [marks for marks in separators if marks != ["/"] * (len(marks) - 1) + ["none"]] == []
    array = make.job(research.submission, name="parts", state="RUNNING", array_size=20)
    page.goto(reverse("job_form", args=[team]))
    form = JobForm(page)
    page.get_by_role("radio", name="Array job").check()
    expect(form.field("array_size")).to_have_value("2")
    form.field("array_size").fill("20")
    page.get_by_label("Run child jobs one after another").check()
    assert form.editor.document["arrayProperties"] == {"size": 20}
    assert form.editor.document["dependsOn"] == [{"type": "SEQUENTIAL"}]
    parts = page.locator(f"input[name=waits][value='{array.batch_id}']")
    pairs = page.get_by_label("Child by child, as each succeeds: parts")
    expect(pairs).to_be_hidden()
    parts.check()
    pairs.check()
    paired = {"jobId": array.batch_id, "type": "N_TO_N"}
    assert form.editor.document["dependsOn"] == [{"type": "SEQUENTIAL"}, paired]
    form.field("array_size").fill("8")
    expect(page.locator("#problems-n_to_n")).to_contain_text("N_TO_N needs arrays of equal size")
    assert_accessible(page)
    parts.uncheck()
    expect(pairs).to_be_hidden()
    parts.check()
    expect(pairs).to_be_hidden()
    parts.uncheck()
    form.field("array_size").fill("20")
    page.get_by_role("radio", name="Sweep").check()
    assert form.editor.document.keys() == {"jobName", "jobQueue", "jobDefinition"}
    assert_accessible(page)
    page.get_by_role("button", name="Enter sweep values…").click()
    expect(page.get_by_role("heading", name="Sweep of a job")).to_be_visible()
    assert_accessible(page)


def test_pages_of_many_jobs_are_accessible_and_fit_and_need_no_mouse(open_page: OpenPage, research: Research) -> None:
    document = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}
    submission = make.submission(research.analyst, research.account, document=document)
    failed = [
        make.job(submission, name=name, document=document, queue=research.queue, state="FAILED", ended_at=now())
        for name in ("train", "a-name-as-long-as-names-may-be-" * 4)
    ]
    variables = [{"name": "A_NAME_AS_LONG_AS_NAMES_MAY_BE", "value": "a-value-as-long-as-values-may-be-" * 4}]
    Job.objects.filter(pk=failed[1].pk).update(
        document={**document, "containerOverrides": {"environment": variables}}
    )
    for job in failed:
        cause = {"cause": Cause.OUT_OF_MEMORY, "exit_code": 137, "last_line": "Killed", "lines": ["Killed"]}
        JobFailure.objects.create(
            job=job,
            team=job.team,
            account=job.account,
            definition_id=job.definition_id,
            ended_at=now(),
            family=family_key(Cause.OUT_OF_MEMORY, 137, "Killed"),
            **cause,
        )
    search = reverse("jobs", args=[research.team.slug]) + "?search=status:failed"
    page = open_page(research.analyst.user, f"{search}&row={failed[0].text_id}")
    expect(page.locator(".row-details")).to_be_visible()
    assert_accessible(page)
    for path in (
        reverse("failures", args=[research.team.slug]),
        reverse("compare") + f"?job={failed[0].text_id}&job={failed[1].text_id}",
        reverse("bulk_new") + f"?do=stop&job={research.job.text_id}&job={failed[0].text_id}",
        reverse("bulk_actions"),
    ):
        page.goto(path)
        assert_accessible(page)

    page.goto(search)
    page.get_by_label("Select train").focus()
    page.keyboard.press("Space")
    page.get_by_label(f"Select {failed[1].name}").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Run 2 jobs again").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 jobs will be submitted again")).to_be_visible()
    page.get_by_label("Memory").fill("lots")
    page.get_by_role("button", name="Update estimate").press("Enter")
    expect(page.get_by_label("Memory")).to_have_attribute("aria-invalid", "true")
    assert_accessible(page)
    page.get_by_label("Memory").fill("4 GiB")
    page.get_by_role("button", name="Run 2 jobs again").press("Enter")
    page.wait_for_url(re.compile(r"/bulk/(?!new)\w+/"))
    assert_accessible(page)
    items = BulkItem.objects.all()
    items.filter(position=0).update(outcome=ItemOutcome.DONE)
    items.exclude(position=0).update(outcome=ItemOutcome.REFUSED, note="a reason " * 30, ended_at=now())
    page.reload()
    assert_accessible(page)
