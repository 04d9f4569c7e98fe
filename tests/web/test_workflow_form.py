"""The form of a workflow: each step in the job form's sections, with what a validation of the whole says of it."""

import html
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from jobs.models import DraftKind, Source, Submission
from jobs.spec.problems import Problem
from jobs.web.builder.workflow_steps import step_of
from tests import make
from tests.web.conftest import Research, SignIn

JOB: dict[str, Any] = {"jobName": "load", "jobQueue": "cpu", "jobDefinition": "hello"}
TRAIN: dict[str, Any] = {**JOB, "jobName": "train", "dependsOn": [{"jobId": "${load}"}]}
TEXT = json.dumps({"jobs": [JOB, TRAIN]}, indent=3)


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def preview(browser: Client, document: object, step: int | str = "", **fields: str) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    answer = browser.post(reverse("workflow_preview", args=["research"]), {"document": text, "step": step, **fields})
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def steps_of(page: str) -> list[dict[str, Any]]:
    marker = 'id="step-feedback" type="application/json">'
    begin = page.index(marker) + len(marker)
    steps: list[dict[str, Any]] = json.loads(page[begin : page.index("</script>", begin)])
    return steps


def test_a_new_workflow_has_no_steps_and_no_complaint(browser: Client) -> None:
    page = browser.get(reverse("workflow_form", args=["research"])).content.decode()

    assert 'data-builder="workflow"' in page
    assert "No document yet" in page
    assert 'class="problem' not in page


def test_each_step_has_its_own_problems(browser: Client) -> None:
    page = preview(browser, {"jobs": [JOB, {**TRAIN, "jobQueue": "nowhere", "dependsOn": []}]}, step=1)
    first, second = steps_of(page)

    assert first["errors"] == 0
    assert second["errors"] == 1
    assert "nowhere" in second["message"]
    assert 'data-goto-step="1">train<' in page
    field = page[page.index('id="problems-queue"') :]
    assert "nowhere" in field[: field.index("</div>")]
    assert "nowhere" not in preview(browser, {"jobs": [JOB, TRAIN]}, step=0)


def test_a_step_shows_its_own_definition(browser: Client, research: Research) -> None:
    make.revision("other", of=research.team, where=research.account)
    document = {"jobs": [JOB, {**TRAIN, "jobDefinition": "other"}]}

    assert "hello:1" in preview(browser, document, step=0)
    summary = preview(browser, document, step=1)
    assert "other:1" in summary[summary.index('id="definition-summary"') :]


def test_the_order_of_the_steps_is_said(browser: Client) -> None:
    page = preview(browser, TEXT)

    assert "Longest path: load → train (2 jobs). Up to 1 job at the same time." in page


def test_what_waits_for_a_step_is_not_counted_as_only_in_the_json(browser: Client) -> None:
    assert "only in JSON" not in preview(browser, TEXT, step=1)
    assert "1 field only in JSON" in preview(browser, {"jobs": [{**JOB, "propagateTags": True}]}, step=0)


def test_a_text_that_is_no_workflow_is_answered(browser: Client) -> None:
    for text in ("", "{", "[1]", json.dumps(JOB), '{"jobs": [1, null, {}]}', '{"jobs": 3}'):
        for step in ("", "0", "7", "x", "9" * 30):
            preview(browser, text, step=step)


def test_a_workflow_opens_as_it_is_written_and_keeps_what_it_repeats(browser: Client, research: Research) -> None:
    answer = browser.post(
        reverse("open_form", args=["research"]), {"text": TEXT, "again": research.submission.text_id, "do": "open"}
    )
    page = html.unescape(answer.content.decode())

    assert answer.status_code == 200
    assert 'data-builder="workflow"' in page
    assert TEXT in page
    assert f'name="again" value="{research.submission.text_id}"' in page


def test_a_workflow_is_submitted_once(browser: Client) -> None:
    fields = {"document": TEXT, "do": "submit", "request_key": "k1"}
    for _ in range(2):
        answer = browser.post(reverse("workflow_form", args=["research"]), fields)
        assert answer.status_code == 302

    submission = Submission.objects.get(request_key="k1")
    assert submission.text == TEXT
    assert submission.source == Source.FORM
    other = browser.post(
        reverse("workflow_form", args=["research"]), fields | {"document": TEXT.replace("load", "get")}
    )
    assert other.status_code == 422
    assert "already submitted a different workflow" in other.content.decode()


@pytest.mark.parametrize("text", ["{", json.dumps(JOB), '{"jobs": []}', '{"jobs": [{"jobName": "a\0"}]}'])
def test_what_is_no_workflow_is_not_submitted(text: str, browser: Client, research: Research) -> None:
    answer = browser.post(reverse("workflow_form", args=["research"]), {"document": text, "do": "submit"})

    assert answer.status_code == 422
    assert Submission.objects.count() == 1


def test_a_draft_opens_where_it_was_written(browser: Client, research: Research) -> None:
    address = reverse("workflow_form", args=["research"])
    browser.post(address, {"document": TEXT, "do": "keep", "begin": "1", "draft": research.job.text_id})
    draft = research.analyst.user.drafts.get()

    assert (draft.kind, draft.name) == (DraftKind.JSON, "Workflow of 2 jobs")
    answer = browser.get(draft.get_absolute_url())
    assert answer.headers["Location"] == f"{address}?draft={draft.text_id}"
    assert TEXT in html.unescape(browser.get(answer.headers["Location"]).content.decode())


def test_the_jobs_of_an_earlier_submission_become_steps(
    browser: Client, research: Research, signed_in: SignIn
) -> None:
    browser.post(reverse("workflow_form", args=["research"]), {"document": TEXT, "do": "submit", "request_key": "k1"})
    query = {"submission": Submission.objects.get(request_key="k1").text_id}
    address = reverse("workflow_source", args=["research"])

    assert browser.get(address, query).json() == {"text": TEXT}
    assert browser.get(address).status_code == 404
    assert signed_in(research.stranger).get(address, query).status_code == 404


def test_advanced_settings_of_a_step_are_read_from_the_step(browser: Client) -> None:
    document = json.dumps({"jobs": [JOB, {**TRAIN, "schedulingPriorityOverride": 7}]})
    address = reverse("further_part", args=["research", "submission"])
    fields = {"document": document, "at": "/schedulingPriorityOverride"}

    assert 'value="7"' in browser.post(address, fields | {"step": "1"}).content.decode()
    assert 'value="7"' not in browser.post(address, fields | {"step": "0"}).content.decode()


@pytest.mark.parametrize("count", [2, pytest.param(1000, marks=pytest.mark.long)])
def test_a_preview_costs_the_same_for_many_steps(
    count: int, browser: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    jobs = [{**JOB, "jobName": f"step-{number}"} for number in range(count)]
    preview(browser, {"jobs": jobs}, step=1)
    with django_assert_num_queries(8):
        preview(browser, {"jobs": jobs}, step=1)


def test_a_condition_belongs_to_the_step_that_waits() -> None:
    document = {"jobs": [JOB, TRAIN], "conditions": [{"job": "train", "after": "load", "when": "always"}, {}]}

    assert step_of(document, "/jobs/0/jobQueue") == 0
    assert step_of(document, "/conditions/0/after") == 1
    assert step_of(document, "/conditions/1") is None
    assert step_of(document, "/conditions/9") is None
    assert step_of(document, "/name") is None


def test_a_fix_that_changes_other_parts_is_left_out_of_a_step() -> None:
    inside = ({"op": "remove", "path": "/jobs/1/x"},)
    outside = (*inside, {"op": "add", "path": "/jobs/10/x", "value": 1})

    assert Problem("/jobs/1/x", "", fix=inside).without_prefix("/jobs/1").fix == ({"op": "remove", "path": "/x"},)
    assert Problem("/jobs/1/x", "", fix=outside).without_prefix("/jobs/1").fix == ()
