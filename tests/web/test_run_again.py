"""The page on which the failed steps of a workflow run again."""

import html
import json
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from jobs import actions
from jobs.access import Member
from jobs.models import Job, Submission
from tests import make
from tests.actions.test_run_again import STEP, current
from tests.dispatch.test_conditions import end, make_sent

pytestmark = pytest.mark.django_db

SECRET = "hunter2-hunter2"
FIELD = re.compile(r'name="(start|version|request_key)" value="([^"]*)"')


@pytest.fixture
def browser(client: Client) -> Client:
    member = make.member(make.team("research", name="Research"))
    queue = make.queue("cpu", teams=(member.team,), raw={"state": "ENABLED"})
    make.revision("hello", of=member.team, where=queue.account)
    variables = {"containerOverrides": {"environment": [{"name": "DB_PASSWORD", "value": SECRET}]}}
    load = {**STEP, "jobName": "load"}
    train = {**STEP, "jobName": "train", "dependsOn": [{"jobId": "${load}"}], **variables}
    submission = actions.submit(json.dumps({"jobs": [load, train]}), member, source="json")
    for job, state in zip(submission.jobs.order_by("position"), ("SUCCEEDED", "FAILED"), strict=True):
        make_sent(job)
        end(job, state)
    client.force_login(member.user)
    return client


def test_the_failed_step_runs_again_from_the_page_and_keeps_its_secrets(browser: Client) -> None:
    submission = Submission.objects.get()
    url = reverse("submission_run_again", args=[submission.text_id])
    assert url in browser.get(submission.get_absolute_url()).content.decode()
    page = browser.get(url)
    text = page.content.decode()
    assert "1 step runs again" in text
    assert "1 other step stays as it is" in text
    assert SECRET not in text

    form = {**dict(FIELD.findall(text)), "text": page.context["workflow_form"].source_text.replace("train", "train")}
    assert browser.post(url, form).headers["Location"] == submission.get_absolute_url()
    assert browser.post(url, form, follow=True).content.decode().count("submitted twice") == 1

    train = current(submission)["train"]
    assert train.document["containerOverrides"]["environment"] == [{"name": "DB_PASSWORD", "value": SECRET}]
    assert submission.jobs.count() == 3
    assert "Earlier:" in browser.get(submission.get_absolute_url()).content.decode()
    job_page = browser.get(train.get_absolute_url()).content.decode()
    assert "2 of 2" in job_page
    assert train.repeats.get_absolute_url() in job_page


def test_an_edit_with_an_error_is_shown_at_its_line_and_runs_nothing(browser: Client) -> None:
    submission = Submission.objects.get()
    url = reverse("submission_run_again", args=[submission.text_id])
    page = browser.get(url)
    edited = page.context["workflow_form"].source_text.replace('"hello"', '"hallo"')

    answer = browser.post(url, {"start": "failed", "text": edited})
    assert answer.status_code == 422
    assert "no job definition" in answer.content.decode()
    checked = browser.post(url, {"start": "failed", "text": edited, "do": "check"})
    assert checked.context["workflow_form"].source_text == edited
    assert submission.jobs.count() == 2


def test_what_cannot_run_says_why(browser: Client) -> None:
    submission = Submission.objects.get()
    url = reverse("submission_run_again", args=[submission.text_id])
    actions.run_again(submission, make.member(submission.team, who=make.user("other")))

    text = browser.get(url).content.decode()
    assert "No step has failed" in text
    assert "Run 1 step again" not in text


@pytest.mark.parametrize(("choice", "stored"), [({}, "stop"), ({"on_refusal": "keep"}, "keep")])
def test_what_a_refusal_does_to_the_other_steps_is_chosen_before(
    browser: Client, choice: dict[str, str], stored: str
) -> None:
    text = json.dumps({"jobs": [{**STEP, "jobName": "a"}, {**STEP, "jobName": "b"}]})
    feedback = browser.post(reverse("judge", args=["research"]), {"text": text}).content.decode()
    assert "If AWS Batch refuses a step" in feedback
    browser.post(reverse("write", args=["research"]), {"text": text, **choice})

    submission = Submission.objects.order_by("pk").last()
    assert submission
    assert submission.on_refusal == stored
    Job.objects.filter(submission=submission, name="a").update(delivery="REFUSED", ended_at=now())
    page = browser.get(submission.get_absolute_url()).content.decode()
    assert "was refused" in page
    assert ("hadn't ended were stopped" in page) == (stored == "stop")


def preview(browser: Client, submission: Submission, text: str, **fields: str) -> str:
    url = reverse("run_again_preview", args=[submission.text_id])
    answer = browser.post(url, {"start": "failed", "text": text, **fields})
    assert answer.status_code == 200
    return " ".join(html.unescape(answer.content.decode()).split())


def test_the_preview_says_what_is_edited_and_what_stays(browser: Client) -> None:
    submission = Submission.objects.get()
    text = (
        browser.get(reverse("submission_run_again", args=[submission.text_id])).context["workflow_form"].source_text
    )
    assert "None. The steps run as they did." in preview(browser, submission, text)

    edited = text.replace('"DB_PASSWORD"', '"DB_USER"').replace(
        '"jobName": "train"', '"jobName": "train", "timeout": {}'
    )
    content = preview(browser, submission, edited, step="0")
    assert "1 step runs again. 1 other step stays as it is." in content.replace("</strong>", "").replace(
        "<strong>", ""
    )
    changes = content.split("Changes since the last run</h3>")[1].split("</section>")[0]
    assert "<strong>train</strong> <ul><li>containerOverrides" in changes
    assert changes.count("train") == 1
    assert SECRET not in content
    assert 'id="problems-queue"' in content
    renamed = preview(browser, submission, text.replace('"train"', '"other"'))
    assert "Keep the steps, their order and their jobNames: train." in renamed
    assert "Run 1 step again" in content
    Job.objects.filter(submission=submission, name="train").update(state="RUNNING", ended_at=None)
    assert "No step has failed" in preview(browser, submission, text)


def test_a_text_that_was_not_edited_runs_as_it_did(browser: Client) -> None:
    submission = Submission.objects.get()
    url = reverse("submission_run_again", args=[submission.text_id])
    masked = browser.get(url).context["workflow_form"].source_text
    assert "••••" in masked
    form = {"start": "failed", "text": masked, "base": masked, "request_key": "key"}

    assert browser.post(url, form).headers["Location"] == submission.get_absolute_url()
    assert "Nothing was submitted twice" in browser.post(url, form, follow=True).content.decode()
    assert current(submission)["train"].document["containerOverrides"]["environment"][0]["value"] == SECRET


@pytest.mark.parametrize("count", [2, 20])
def test_page_and_preview_cost_the_same_for_many_steps(
    count: int, browser: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    member = Submission.objects.get().team.memberships.get()
    steps = [{**STEP, "jobName": f"step-{number}"} for number in range(count)]
    owner = Member(member.user, member.team, member.role)
    submission = actions.submit(json.dumps({"jobs": steps}), owner, source="json")
    for job in submission.jobs.all():
        Job.objects.filter(pk=job.pk).update(delivery="SENT", state="FAILED", batch_id=job.name, ended_at=now())
    url = reverse("submission_run_again", args=[submission.text_id])
    with django_assert_num_queries(21):
        text = browser.get(url).context["workflow_form"].source_text
    with django_assert_num_queries(13):
        preview(browser, submission, text.replace('"step-1"', '"step-1" '), step="0")
