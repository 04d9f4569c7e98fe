"""Run again with the difference, and with another image; what the queue and the grants mean for the fields."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.actions import run_with_image
from jobs.models import (
    Draft,
    ImageGrant,
    Membership,
    Queue,
    QueueGrant,
    Registration,
    Revision,
    RoleGrant,
    Submission,
)
from jobs.models.ids import new_id, to_text
from jobs.spec.redaction import redact
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.forms import document_of, fill, page_text

FILLED: dict[str, Any] = {"name": "train", "queue": "cpu", "definition": "hello"}
JOB: dict[str, Any] = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def differences(answer: Any) -> list[str]:
    lists = re.findall(r'<ul class="rerun-diff">.*?</ul>', page_text(answer), re.DOTALL)
    return re.findall(r"<li>([^<]*)</li>", "".join(lists))


# -- The difference
@pytest.mark.long
def test_the_form_says_what_differs_from_the_job_that_was(browser: Client, research: Research) -> None:
    variables = [{"name": "API_TOKEN", "value": "first-word"}]
    document = {**JOB, "containerOverrides": {"environment": variables}}
    submission = make.submission(research.analyst, research.account, document=document)
    job = make.job(submission, name="train", revision=research.job.revision, state="FAILED")
    changed = {"environment": "rows", "environment-o0-name": "API_TOKEN", "environment-o0-value": "second-word"}
    same = fill(browser, "job_preview", of=document, again=job.text_id)
    other = fill(
        browser, "job_preview", of={**document, "timeout": {"attemptDurationSeconds": 60}}, again=job.text_id
    )
    hidden = fill(browser, "job_preview", of=document, **FILLED, **changed, again=job.text_id)

    assert "No changes to the job." in page_text(same)
    assert differences(other) == ["timeout was added: attemptDurationSeconds 60."]
    assert differences(hidden) == ["containerOverrides › environment › API_TOKEN has a different value."]


def test_a_value_that_is_still_masked_in_the_form_is_no_difference(browser: Client, research: Research) -> None:
    document = {**JOB, "containerOverrides": {"environment": [{"name": "API_TOKEN", "value": "first-word"}]}}
    submission = make.submission(research.analyst, research.account, document=document)
    job = make.job(submission, name="train", revision=research.job.revision, state="FAILED")

    said = fill(browser, "job_preview", of=redact(document), again=job.text_id)

    assert "No changes to the job." in page_text(said)
    assert "first-word" not in said.content.decode()


@pytest.mark.long
def test_another_revision_shows_what_changed_in_the_definition(browser: Client, research: Research) -> None:
    newer = make.document("hello")
    newer["containerProperties"]["image"] = "busybox:2"
    make.revision("hello", of=research.team, where=research.account, document=newer)
    submission = make.submission(research.analyst, research.account, document=JOB)
    first = Revision.objects.get(definition=research.definition, number=1)
    job = make.job(submission, name="train", revision=first, state="FAILED")
    then = fill(browser, "job_preview", of={**JOB, "jobDefinition": "hello:1"}, again=job.text_id)
    latest = fill(browser, "job_preview", of=JOB, again=job.text_id)

    assert differences(then) == []
    assert differences(latest) == [
        "jobDefinition changed from “hello:1” to “hello:2”.",
        "containerProperties › image changed from “busybox” to “busybox:2”.",
    ]


def test_a_job_of_another_team_is_not_compared_with(browser: Client, research: Research) -> None:
    theirs = make.job(make.submission(make.member(make.team()), research.account), name="their-job", state="FAILED")

    assert "their-job" not in page_text(fill(browser, "job_preview", **FILLED, again=theirs.text_id))


# -- With another image
def start(browser: Client, **fields: Any) -> Any:
    return fill(browser, **{**FILLED, "another_image": "busybox:2", "do": "another-image", **fields})


def register(number: int = 2) -> None:
    """What a worker does once AWS has answered."""
    unregistered = Revision.objects.filter(registration=Registration.ACCEPTED)
    unregistered.update(registration=Registration.REGISTERED, number=number)


@pytest.mark.long
def test_another_image_is_a_new_revision_and_the_job_on_it(browser: Client, research: Research) -> None:
    waiting = start(browser, memory="2 GiB").headers["Location"]
    page = page_text(browser.get(waiting))
    too_soon = browser.post(waiting)
    before = Submission.objects.count()
    register()
    ready = page_text(browser.get(waiting))
    done, twice = browser.post(waiting), browser.post(waiting)
    [job] = Submission.objects.latest("pk").jobs.all()

    assert "Registering" in page
    assert 'hx-trigger="every 2s' in page
    assert (too_soon.headers["Location"], before) == (waiting, 1)
    assert "data-auto-submit" in ready
    assert done.headers["Location"] == twice.headers["Location"] == job.get_absolute_url()
    assert Submission.objects.count() == 2
    assert (job.revision.number, job.document["jobDefinition"]) == (2, "hello:2")
    assert job.document["containerOverrides"]["resourceRequirements"] == [{"type": "MEMORY", "value": "2048"}]
    expected = make.document("hello")
    expected["containerProperties"]["image"] = "busybox:2"
    assert job.revision.document == expected
    assert not Draft.objects.unsent().exists()


@pytest.mark.long
def test_if_aws_answers_at_once_so_does_the_page(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(revision: Revision) -> Revision:
        register()
        revision.refresh_from_db()
        return revision

    monkeypatch.setattr("jobs.actions.wait_for_registration", answered)
    answer = start(browser)

    assert answer.headers["Location"] == Submission.objects.latest("pk").jobs.get().get_absolute_url()
    assert Submission.objects.count() == 2


@pytest.mark.long
def test_what_aws_refuses_leaves_the_draft_and_says_why(browser: Client) -> None:
    waiting = start(browser).headers["Location"]
    Revision.objects.filter(registration=Registration.ACCEPTED).update(
        registration=Registration.REFUSED, refusal="no such image"
    )
    answer = browser.post(waiting, follow=True)

    assert "nothing was submitted: no such image" in page_text(answer)
    assert Draft.objects.get().name == "train"
    assert Submission.objects.count() == 1


@pytest.mark.long
def test_if_the_job_may_not_run_any_more_the_draft_stays(browser: Client) -> None:
    waiting = start(browser).headers["Location"]
    register()
    QueueGrant.objects.all().delete()
    answer = browser.post(waiting, follow=True)

    assert "but the job was not submitted" in page_text(answer)
    assert Submission.objects.count() == 1
    assert Draft.objects.exists()


@pytest.mark.long
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"another_image": ""}, "Enter an image."),
        ({"another_image": "busybox"}, "already uses this image"),
        ({"name": ""}, "Fix the errors in the job first"),
        ({"memory": "lots"}, "Fix the errors in the job first"),
        ({"another_image": "evil/image"}, "is not granted to Research"),
        ({"another_image": "x" * 30_000}, "can't use this image"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_registered(
    fields: dict[str, Any], told: str, browser: Client
) -> None:
    ImageGrant.objects.update(pattern="busybox*")
    answer = start(browser, **fields)

    assert answer.status_code == 422
    assert told in page_text(answer)
    assert Revision.objects.count() == 1


@pytest.mark.long
def test_a_definition_of_another_team_gets_no_revision(browser: Client, research: Research) -> None:
    make.definition("shared", of=make.team(), where=research.account, shared=True)
    make.revision("shared", where=research.account)
    answer = start(browser, definition="shared")

    assert "belongs to another team" in page_text(answer)
    assert Revision.objects.filter(definition__name="shared").count() == 1


@pytest.mark.long
def test_a_team_that_registers_nothing_does_not_so_by_this_way(browser: Client, research: Research) -> None:
    research.definition.shared = True
    research.definition.save()
    research.team.may_register = False
    research.team.save()

    assert start(browser).status_code == 422
    assert Revision.objects.count() == 1


@pytest.mark.long
def test_nobody_else_goes_on_with_it(browser: Client, research: Research, signed_in: SignIn) -> None:
    address = start(browser).headers["Location"]
    register()
    lead = signed_in(make.member(research.team, "lead").user)

    assert [lead.get(address).status_code, lead.post(address).status_code] == [404, 404]
    assert signed_in(research.viewer.user).post(address).status_code == 403
    Membership.objects.filter(user=research.analyst.user).delete()
    assert browser.post(address).status_code == 404
    assert Submission.objects.count() == 1


def test_a_draft_that_waits_for_nothing_is_opened(browser: Client, research: Research) -> None:
    key = to_text(new_id())
    fill(browser, **FILLED, do="keep", begin="1", draft=key)
    address = reverse("draft_go_on", args=["research", key])

    assert browser.post(address).headers["Location"].endswith(f"?draft={key}")
    assert run_with_image.find_submission(research.analyst, key) is None


# -- What depends on the queue, and what is offered
def help_texts(answer: Any) -> dict[str, str]:
    helps = re.findall(r'<p id="help-(\w+)" hx-swap-oob="innerHTML">(.*?)</p>', page_text(answer), re.DOTALL)
    return {name: " ".join(re.sub(r"<[^>]*>", " ", inner).split()) for name, inner in helps}


@pytest.mark.long
def test_choosing_a_queue_changes_what_is_said_and_clears_nothing(browser: Client, research: Research) -> None:
    far = make.queue("far", of=research.account, platform="ECS_FARGATE")
    QueueGrant.objects.create(team=research.team, queue=far, max_vcpus=4, max_memory_mib=8192, max_run_seconds=3600)
    Queue.objects.filter(name="cpu").update(platform="ECS")
    sent = {**FILLED, "vcpus": "2", "memory": "3 GiB"}
    near, there = (help_texts(fill(browser, "job_preview", **{**sent, "queue": queue})) for queue in ("cpu", "far"))
    kept = document_of(fill(browser, **{**sent, "queue": "far", "do": "check"}))

    assert near["queue"] == "Runs jobs on EC2."
    assert "At most" not in near["vcpus"]
    assert there["queue"] == "Runs jobs on Fargate; at most 4 vCPU, 8 GiB, 1 h run time per job."
    assert "Fargate supports 0.25, 0.5" in there["vcpus"]
    assert "At most 4 in far." in there["vcpus"]
    assert "With 2 vCPU, Fargate supports 4 GiB to 16 GiB. At most 8 GiB in far." in there["memory"]
    assert "Required in far, at most 1 h." in there["time_limit"]
    sizes = [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "3072"}]
    assert kept["containerOverrides"]["resourceRequirements"] == sizes


def test_images_and_roles_are_offered_that_the_team_was_given(browser: Client, research: Research) -> None:
    ImageGrant.objects.create(team=research.team, pattern="given/image:1")
    RoleGrant.objects.create(team=research.team, pattern="arn:aws:iam::123456789012:role/Ours")
    ImageGrant.objects.create(team=make.team(), pattern="their/image:1")
    page = page_text(browser.get(reverse("definition_form", args=["research"])))
    job = page_text(browser.get(reverse("job_form", args=["research"])))

    for each in ("given/image:1", "busybox", "arn:aws:iam::123456789012:role/Ours"):
        assert f'<option value="{each}">' in page
    assert '<option value="given/image:1">' in job
    assert "their/image" not in page + job
    assert '<option value="*">' not in page
