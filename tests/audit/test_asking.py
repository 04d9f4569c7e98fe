"""What people ask of the portal is written down, by whichever door they come, once, and only if it happened."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from jobs import actions
from jobs.models import ApiToken, AuditEntry, Job, Source
from jobs.models.ids import to_text
from jobs.states import Delivery
from tests import make
from tests.api.conftest import Program, token

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
SECRET = "wombat-9-canary"


@pytest.fixture
def lead():
    member = make.member(make.team("research"), "lead")
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    return member


@pytest.fixture
def browser(client, lead):
    client.force_login(lead.user)
    return client


def document(**fields):
    secret = [{"name": "DB_PASSWORD", "value": SECRET}]
    return {
        "jobName": "one",
        "jobQueue": "cpu",
        "jobDefinition": "hello",
        "containerOverrides": {"environment": secret},
        **fields,
    }


def audit_entries(team):
    """What the team's audit holds, oldest first."""
    return list(AuditEntry.objects.filter(team=team).order_by("number"))


def test_a_submission_is_an_act_with_what_was_asked_for(lead):
    submission = actions.submit(json.dumps(document()), lead, source=Source.FORM)

    (entry,) = audit_entries(lead.team)
    assert (entry.action, entry.noun, entry.object_id, entry.label) == (
        "submit",
        "submission",
        submission.text_id,
        "one",
    )
    assert entry.person == lead.user.public_id
    assert json.loads(entry.after)["jobs"] == [{"name": "one", "queue": "cpu", "definition": "hello:1"}]
    assert json.loads(entry.after)["source"] == "form"


def test_a_repeat_and_a_refusal_are_no_acts(lead):
    for _ in range(2):
        actions.submit(json.dumps(document()), lead, source=Source.API, request_key="k")
    with pytest.raises(actions.ValidationFailedError):
        actions.submit(json.dumps(document(jobQueue="nowhere")), lead, source=Source.API)
    with pytest.raises(PermissionDenied):
        actions.submit(json.dumps(document()), make.member(lead.team, "viewer"), source=Source.API)

    assert [entry.action for entry in audit_entries(lead.team)] == ["submit"]


@pytest.mark.long
def test_a_submission_of_many_jobs_costs_no_more_questions_than_one_of_two(lead, django_assert_max_num_queries):
    def workflow(size):
        return json.dumps({"jobs": [document(jobName=f"step-{number}") for number in range(size)]})

    actions.submit(workflow(2), lead, source=Source.JSON)
    with django_assert_max_num_queries(19):
        actions.submit(workflow(2), lead, source=Source.JSON)
    with django_assert_max_num_queries(21):  # SQLite takes the jobs in three statements
        actions.submit(workflow(40), lead, source=Source.JSON)


def test_running_again_is_told_from_submitting(lead):
    actions.submit(json.dumps(document()), lead, source=Source.RERUN)

    assert audit_entries(lead.team)[0].action == "run again"


@pytest.mark.parametrize(("agent", "door"), [("curl/8.5", "api"), ("batch-portal-cli", "cli")])
def test_an_act_of_a_token_names_the_token_and_its_person(client, lead, agent, door):
    program = Program(client, token(lead))
    program.post("/submissions", document(), User_Agent=agent)

    (entry,) = audit_entries(lead.team)
    assert (entry.channel, entry.address) == (door, "127.0.0.1")
    assert (entry.person, entry.token) == (lead.user.public_id, ApiToken.objects.get().public_id)


@pytest.mark.long
def test_a_token_does_not_stay_behind_for_the_next_who_asks(client, browser, lead):
    Program(client, token(lead)).post("/submissions", document())
    browser.post(reverse("write", args=[lead.team.slug]), {"text": json.dumps(document())})

    assert [(entry.channel, entry.token is None) for entry in audit_entries(lead.team)] == [
        ("api", False),
        ("web", True),
    ]


def test_stopping_names_what_went_and_how_it_was(browser, lead):
    submission = actions.submit(
        json.dumps({"jobs": [document(jobName="a"), document(jobName="b")]}), lead, source=Source.FORM
    )
    browser.post(reverse("submission_stop", args=[submission.text_id]))
    browser.post(reverse("submission_stop", args=[submission.text_id]))

    _, entry = audit_entries(lead.team)
    assert (entry.action, entry.object_id, entry.channel) == ("stop", submission.text_id, "web")
    assert [(job["name"], job["status"]) for job in json.loads(entry.before)["stopped jobs"]] == [
        ("b", "ACCEPTED"),
        ("a", "ACCEPTED"),
    ]


def test_releasing_is_an_act_of_whoever_did_it_first(lead):
    job = make.job(make.submission(lead), delivery=Delivery.HELD, delivery_note="Workers were lost.")
    stale = Job.objects.get(pk=job.pk)

    assert actions.release(job, lead)
    assert not actions.release(stale, lead)
    (entry,) = audit_entries(lead.team)
    assert (entry.action, entry.object_id) == ("release", job.text_id)
    assert json.loads(entry.before) == {"delivery": "HELD", "note": "Workers were lost."}


def test_registering_keeps_what_was_and_what_is_without_secrets(lead):
    definition = make.document("tool")
    actions.register(json.dumps(definition), lead)
    definition["containerProperties"]["image"] = "busybox:2"
    definition["containerProperties"]["environment"] = [{"name": "PLAIN", "value": SECRET}]
    for _ in range(2):
        revision = actions.register(json.dumps(definition), lead).revision

    first, second = audit_entries(lead.team)
    assert (second.action, second.object_id) == ("register", to_text(revision.definition.public_id))
    assert first.before == ""
    assert json.loads(second.before)["containerProperties"]["image"] == "busybox"
    assert json.loads(second.after)["containerProperties"]["image"] == "busybox:2"
    assert SECRET not in second.after


def test_making_and_revoking_a_token_are_acts_without_its_secret(browser, lead):
    made = browser.post(reverse("tokens", args=[lead.team.slug]), {"name": "CI", "scope": "read", "days": "9"})
    token = ApiToken.objects.get()
    address = reverse("token_revoke", args=[lead.team.slug, to_text(token.public_id)])
    for _ in range(2):
        browser.post(address)

    make_it, revoke_it = audit_entries(lead.team)
    assert (make_it.action, revoke_it.action) == ("make", "revoke")
    assert make_it.object_id == revoke_it.object_id == to_text(token.public_id)
    assert json.loads(make_it.after)["may submit"] is False
    assert made.context["secret"] not in make_it.after + make_it.label
    assert token.digest not in make_it.after


def test_signing_in_and_out_and_failing_to_are_acts_of_the_portal(client, lead):
    sign_in = reverse("sign_in")
    client.post(sign_in, {"username": lead.user.username, "password": "no"})
    client.post(sign_in, {"username": lead.user.username, "password": "demo"})
    client.post(reverse("sign_out"))
    client.post(reverse("sign_out"))

    entries = audit_entries(None)
    assert [entry.action for entry in entries] == ["fail to sign in", "sign in", "sign out"]
    assert [entry.person for entry in entries] == [None, lead.user.public_id, lead.user.public_id]
    assert {entry.object_id for entry in entries} == {to_text(lead.user.public_id)}
    assert {(entry.channel, entry.address) for entry in entries} == {("web", "127.0.0.1")}


def test_what_was_typed_for_a_name_is_not_kept(client, db):
    client.post(reverse("sign_in"), {"username": SECRET, "password": SECRET})

    (entry,) = audit_entries(None)
    assert (entry.person, entry.object_id, entry.label) == (None, "", "unknown")
    assert SECRET not in json.dumps(AuditEntry.objects.values().get(), default=str)
