"""A job that runs again, in the form of its job."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Revision, Submission
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.forms import controls, page_text

JOB: dict[str, Any] = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def rerun(browser: Client, research: Research, document: dict[str, Any], **query: str) -> str:
    submission = make.submission(research.analyst, research.account, name="earlier", document=document)
    first = Revision.objects.filter(definition=research.definition).order_by("number")[0]
    job = make.job(submission, name="train", document=document, revision=first, state="FAILED")
    sent_on = browser.get(reverse("job_again", args=[job.text_id])).headers["Location"]
    return page_text(browser.get(sent_on, query | {"again": job.text_id}))


@pytest.mark.long
def test_only_who_may_submit_runs_a_job_again(research: Research, signed_in: SignIn) -> None:
    for address in (
        reverse("job_again", args=[research.job.text_id]),
        reverse("submission_again", args=[research.submission.text_id]),
    ):
        assert signed_in(research.stranger).get(address).status_code == 404
        assert signed_in(research.viewer.user).get(address).status_code == 403
        assert signed_in(research.analyst.user).get(address).status_code == 302


@pytest.mark.long
def test_a_job_runs_again_with_the_same_document_and_one_change(browser: Client, research: Research) -> None:
    document = {
        **JOB,
        "containerOverrides": {"environment": [{"name": "EPOCHS", "value": "3"}]},
        "parameters": {"a": "b"},
    }
    page = rerun(browser, research, document)
    answer = browser.post(
        reverse("job_form", args=["research"]), {**controls(page), "environment-o0-value": "5", "do": "submit"}
    )
    submission = Submission.objects.latest("pk")
    document["containerOverrides"]["environment"][0]["value"] = "5"

    assert "of the submission" in page
    assert answer.headers["Location"] == submission.jobs.get().get_absolute_url()
    assert submission.source == "rerun"
    earlier, later = submission.rerun_of, submission.jobs.get()
    assert earlier
    assert earlier.submission.name == "earlier"
    assert f'<dt>Rerun of</dt><dd><a href="{earlier.get_absolute_url()}">' in page_text(
        browser.get(later.get_absolute_url())
    )
    assert f'<dt>Run again as</dt><dd><a href="{later.get_absolute_url()}">' in page_text(
        browser.get(earlier.get_absolute_url())
    )
    assert "of the submission" in page_text(
        browser.post(reverse("job_form", args=["research"]), {**controls(page), "name": "", "do": "submit"})
    )
    assert json.dumps(submission.document) == json.dumps(document)


@pytest.mark.long
def test_a_job_runs_again_with_the_revision_of_then_or_the_latest(browser: Client, research: Research) -> None:
    make.revision("hello", of=research.team, where=research.account)
    then = rerun(browser, research, JOB)
    latest = rerun(browser, research, JOB, revision="latest")

    assert controls(then)["revision"] == "1"
    assert "The latest is 2" in then
    assert "Use the latest" in then
    assert controls(latest)["revision"] == ""
    assert "Use revision 1" in latest
    assert "Latest (2)" in then


def test_a_step_runs_again_without_the_steps_it_waited_for(browser: Client, research: Research) -> None:
    known = research.job.batch_id
    step = {**JOB, "dependsOn": [{"jobId": "${prepare}"}, {"jobId": known}]}
    workflow = make.submission(research.analyst, research.account, kind="workflow", document={"jobs": [step]})
    job = make.job(workflow, name="train", document=step, tags={"Project": "x"}, state="FAILED")
    page = page_text(browser.get(reverse("job_form", args=["research"]), {"again": job.text_id}))
    carried = json.loads(controls(page)["document"])

    assert "Its dependency on another step is removed" in page
    assert carried["dependsOn"] == [{"jobId": known}]
    assert carried["tags"] == {"Project": "x"}


@pytest.mark.long
def test_a_workflow_runs_again_in_its_form_and_keeps_its_secrets(browser: Client, research: Research) -> None:
    secret = {"containerOverrides": {"environment": [{"name": "DB_PASSWORD", "value": "hunter2-hunter2"}]}}
    jobs = [{**JOB, **secret}, {**JOB, "jobName": "next", "dependsOn": [{"jobId": "${train}"}]}]
    text = json.dumps({"jobs": jobs})
    workflow = make.submission(
        research.analyst, research.account, kind="workflow", text=text, document=json.loads(text), on_refusal="keep"
    )
    address = browser.get(reverse("submission_again", args=[workflow.text_id])).headers["Location"]
    form = reverse("workflow_form", args=["research"])
    assert address == f"{form}?again={workflow.text_id}"
    page = page_text(browser.get(address))
    posted = controls(page)
    answer = browser.post(
        form, {name: posted[name] for name in ("document", "again", "request_key")} | {"on_refusal": "keep"}
    )

    assert "hunter2" not in page
    assert workflow.get_absolute_url() in page
    assert '<option value="keep" selected>' in page
    assert answer.status_code == 302
    again = Submission.objects.latest("pk")
    assert again.source == "rerun"
    assert again.document["jobs"] == jobs
    stranger = make.submission(make.member(make.team("others")), research.account, kind="workflow")
    assert browser.get(form, {"again": stranger.text_id}).status_code == 404
