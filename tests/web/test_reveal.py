"""Masked values are shown to those who may see them, once for each time they ask, and that is recorded."""

import json
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import AuditEntry, Draft, Job, Submission
from jobs.spec.redaction import MASK
from tests import make
from tests.web.conftest import Research, SignIn

CANARY = "wombat7Canary"
VARIABLES = [{"name": "DB_PWD", "value": CANARY}, {"name": "STAGE", "value": "prod"}]


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


@pytest.fixture
def document(research: Research) -> dict[str, Any]:
    return {
        "jobName": "nightly",
        "jobQueue": research.job.queue.name,
        "jobDefinition": research.definition.name,
        "containerOverrides": {"command": ["run", "--token", CANARY], "environment": VARIABLES},
    }


@pytest.fixture
def submission(research: Research, document: dict[str, Any]) -> Submission:
    made = make.submission(
        research.analyst, research.account, text=json.dumps(document), document=document, name="nightly"
    )
    overrides = {"containerOverrides": document["containerOverrides"]}
    make.job(made, revision=research.job.revision, queue=research.job.queue, document=overrides, state="FAILED")
    return made


def reveal_as(browser: Client, address: str) -> str:
    answer = browser.post(address)
    assert "no-store" in answer.headers["Cache-Control"]
    return unescape(answer.content.decode())


def test_values_of_a_job_and_a_submission_are_shown_and_each_showing_is_recorded(
    browser: Client, submission: Submission
) -> None:
    things: dict[str, Job | Submission] = {"job_values": submission.jobs.get(), "submission_values": submission}
    for number, (name, thing) in enumerate(things.items(), 1):
        page = browser.get(thing.get_absolute_url(), {"tab": "request"}).content.decode()
        assert CANARY not in page
        assert reverse(name, args=[thing.text_id]) in page

        text = reveal_as(browser, reverse(name, args=[thing.text_id]))

        assert text.count(CANARY) == 2
        assert "DB_PWD" in text
        assert AuditEntry.objects.filter(action="show values").count() == number
    recorded = AuditEntry.objects.filter(action="show values").last()
    assert "/containerOverrides/environment/0/value (DB_PWD)" in recorded.after
    assert CANARY not in recorded.after


def test_values_of_a_revision_are_shown(browser: Client, research: Research) -> None:
    content = make.document("hello")
    content["containerProperties"]["environment"] = VARIABLES
    revision = make.revision("hello", of=research.team, where=research.account, document=content)
    address = reverse("revision_values", args=[research.definition.text_id, revision.text_id])

    page = browser.get(research.definition.get_absolute_url()).content.decode()

    assert CANARY not in page
    assert address in page
    assert CANARY in reveal_as(browser, address)
    assert AuditEntry.objects.get(action="show values").label == revision.qualified_name


@pytest.mark.long
def test_whoever_may_only_look_is_shown_nothing_and_no_button(
    research: Research, submission: Submission, signed_in: SignIn
) -> None:
    viewer = make.member(research.team, "viewer").user
    for who in (viewer, make.user(is_staff=True)):
        browser = signed_in(who)
        if who.is_staff:
            make.second_factor(who, browser)
        for name, thing in (("job_values", submission.jobs.get()), ("submission_values", submission)):
            address = reverse(name, args=[thing.text_id])
            refused = browser.post(address)
            assert refused.status_code == 403
            page = browser.get(thing.get_absolute_url(), {"tab": "request"}).content.decode()
            assert CANARY not in refused.content.decode() + page
            assert address not in page
    assert not AuditEntry.objects.filter(action="show values").exists()


@pytest.mark.long
@pytest.mark.parametrize("where", ["job_form", "write"])
def test_a_job_runs_again_with_its_values_and_shows_none(
    browser: Client, research: Research, submission: Submission, where: str
) -> None:
    job = submission.jobs.get()
    address = reverse(where, args=[research.team.slug])
    begun = job.text_id if where == "job_form" else submission.text_id
    page = browser.get(address, {"again" if where == "job_form" else "from": begun})
    form = page.context["form" if where == "job_form" else "json_input"]
    text = form.text
    field = "document" if where == "job_form" else "text"
    sent = {field: text, "again": form.source_id, "request_key": "once", "follows": "1", "do": "submit"}

    kept = browser.post(address, {**sent, "do": "keep", "begin": "1", "draft": page.context["draft_id"]})
    answer = browser.post(address, sent)

    assert CANARY not in page.content.decode() + kept.content.decode()
    assert MASK in text
    assert Draft.objects.exists()
    assert not Draft.objects.filter(text__contains=CANARY).exists()
    assert answer.status_code == 302, answer.content.decode()
    made = Submission.objects.get(request_key="once")
    assert made.document["containerOverrides"] == submission.document["containerOverrides"]
    assert not AuditEntry.objects.filter(action="show values").exists()


def test_a_mask_without_a_value_behind_it_is_refused_at_its_place(
    browser: Client, research: Research, document: dict[str, Any]
) -> None:
    document["containerOverrides"] = {"environment": [{"name": "DB_PWD", "value": MASK}]}
    address = reverse("write", args=[research.team.slug])

    answer = browser.post(address, {"text": json.dumps(document), "request_key": "once"})

    assert answer.status_code == 422
    assert "This value is masked" in answer.content.decode()
    assert not Submission.objects.filter(request_key="once").exists()


def test_a_mask_gets_no_value_of_a_team_where_one_only_looks(
    browser: Client, research: Research, document: dict[str, Any]
) -> None:
    other = make.member(make.team(), "analyst")
    theirs = make.submission(other, research.account, text=json.dumps(document), document=document)
    make.member(other.team, "viewer", research.analyst.user)
    document["containerOverrides"] = {"environment": [{"name": "DB_PWD", "value": MASK}]}

    answer = browser.post(
        reverse("write", args=[research.team.slug]),
        {"text": json.dumps(document), "again": theirs.text_id, "request_key": "once"},
    )

    assert answer.status_code == 422
    assert "This value is masked" in answer.content.decode()


@pytest.mark.long
def test_a_definition_is_revised_with_its_values_and_shows_none(browser: Client, research: Research) -> None:
    content = make.document("hello")
    content["containerProperties"]["environment"] = VARIABLES
    make.revision("hello", of=research.team, where=research.account, document=content)
    address = reverse("definition_form", args=[research.team.slug])
    page = browser.get(address, {"revise": research.definition.text_id})
    form = page.context["form"]

    text = form.text.replace('"busybox"', '"busybox:2"')
    browser.post(address, {"document": text, "again": form.source_id, "request_key": "once", "follows": "1"})

    newest = research.definition.revisions.first()
    assert CANARY not in page.content.decode()
    assert newest.document["containerProperties"]["image"] == "busybox:2"
    assert newest.document["containerProperties"]["environment"] == VARIABLES
