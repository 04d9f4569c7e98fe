"""What stops work is asked about first, with what depends on it now."""

import html

import pytest
from django.urls import reverse

from jobs.models import ApiToken, AuditEntry, Definition
from jobs.states import Delivery, State
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    client.force_login(make.admin())
    return client


@pytest.fixture
def busy():
    """A member of a team with three jobs, of which one has ended, a request and a token."""
    lead = make.member(make.team("research"), "lead")
    account = make.account()
    work = make.submission(lead, account)
    revision = make.revision("hello", of=lead.team, where=account)
    for fields in ({"state": State.RUNNING}, {"state": State.SUCCEEDED}, {"delivery": Delivery.ACCEPTED}):
        make.job(work, revision=revision, **fields)
    make.approval(work)
    ApiToken.objects.create(team=lead.team, person=lead.user, name="ci", prefix="bpt_x", digest="0" * 64)
    return lead


def post(admin, noun, action, *rows, **more):
    body = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    answer = admin.post(reverse(f"admin:jobs_{noun}_changelist"), body, follow=True)
    return html.unescape(answer.content.decode())


def test_a_team_is_deactivated_after_its_work_was_counted(admin, busy):
    idle = make.team("idle")
    asked = post(admin, "team", "switch_off", busy.team, idle)

    assert "1 active job · 1 job not sent to AWS yet · 1 approval request · 1 valid API token" in asked
    assert "Nothing active" in asked
    busy.team.refresh_from_db()
    assert busy.team.active

    assert "Deactivated teams: 2." in post(admin, "team", "switch_off", busy.team, idle, post="yes")
    busy.team.refresh_from_db()
    assert not busy.team.active


def test_the_page_of_a_team_leads_to_the_question(admin, busy):
    url = reverse("admin:jobs_team_change", args=[busy.team.pk])
    assert 'name="action" value="switch_off"' in admin.get(url).content.decode()

    post(admin, "team", "switch_off", busy.team, post="yes")
    assert 'name="action" value="switch_on"' in admin.get(url).content.decode()
    assert "Activated teams: 1." in post(admin, "team", "switch_on", busy.team)


def test_a_definition_is_deactivated_after_its_jobs_were_counted(admin, busy):
    hello = Definition.objects.get()
    asked = post(admin, "definition", "deactivate", hello)
    assert "1 active job · 1 job not sent to AWS yet" in asked
    assert Definition.objects.active().exists()

    assert "Deactivated definitions: 1." in post(admin, "definition", "deactivate", hello, post="yes")
    assert not Definition.objects.active().exists()


def test_a_token_is_revoked_after_its_use_was_shown(admin, busy):
    token = ApiToken.objects.get()
    asked = post(admin, "apitoken", "revoke", token)
    assert f"Research · {busy.user.username} · never used" in asked
    assert ApiToken.objects.valid().exists()

    assert "Revoked tokens: 1." in post(admin, "apitoken", "revoke", token, post="yes")
    assert not ApiToken.objects.valid().exists()
    assert "revoked before" in post(admin, "apitoken", "revoke", token)
    assert AuditEntry.objects.filter(action="revoke").count() == 1


def test_the_question_costs_the_same_for_many_teams(admin, busy, django_assert_max_num_queries):
    teams = [busy.team, *(make.team() for _ in range(20))]
    with django_assert_max_num_queries(13):
        post(admin, "team", "switch_off", *teams)
