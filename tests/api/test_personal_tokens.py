"""Members make tokens for themselves, within a limit of their team, and lose them with the right to use them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from jobs.access import Member
from jobs.actions import tokens
from jobs.models import ApiToken, AuditEntry, Membership, Role, Team, User
from jobs.models.ids import to_text
from jobs.models.token import digest
from jobs.rate_limit import RateLimit
from tests import make
from tests.api.conftest import Program, document, token

pytestmark = pytest.mark.django_db

PAGE = "/tokens/"


@pytest.fixture
def analyst(client: Client) -> Member:
    member = make.member()
    client.force_login(member.user)
    return member


def create(client: Client, member: Member, **fields: object) -> str:
    """The secret that the page shows once."""
    data = {"name": "laptop", "scope": "submit", "days": 30, "team": member.team.slug, **fields}
    (secret,) = set(re.findall(r"bpt_[\w-]{43}", client.post(PAGE, data).content.decode()))
    return str(secret)


def status(secret: str) -> int:
    answer: int = Program(Client(), secret).get("/key").status_code
    return answer


def test_a_personal_token_is_shown_once_expires_and_is_audited(client: Client, analyst: Member):
    secret = create(client, analyst)
    kept = ApiToken.objects.get()
    entry = AuditEntry.objects.get(noun="api token")

    assert status(secret) == 200
    assert (kept.digest, kept.person, kept.team, kept.is_personal) == (
        digest(secret),
        analyst.user,
        analyst.team,
        True,
    )
    assert timedelta(days=29) < kept.expires_at - now() <= timedelta(days=30)
    later = client.get(PAGE).content.decode()
    assert (secret in later, secret[:12] in later) == (False, True)
    assert (entry.action, entry.person, entry.team) == ("make", analyst.user.public_id, analyst.team)
    assert '"personal":true' in entry.after


def test_it_acts_with_the_role_of_the_moment(client: Client, analyst: Member):
    account = make.account()
    make.queue("q", of=account, teams=(analyst.team,))
    make.revision("hello", of=analyst.team, where=account)
    program = Program(Client(), create(client, analyst))
    reader = Program(Client(), create(client, analyst, scope="read"))

    assert program.post("/submissions", document()).status_code == 202
    assert reader.post("/submissions", document()).status_code == 403
    Membership.objects.update(role=Role.VIEWER)
    assert program.post("/submissions", document()).status_code == 403
    assert program.get("/key").status_code == 200


def leave(member: Member) -> None:
    member.team.memberships.all().delete()


def deactivate(member: Member) -> None:
    User.objects.filter(pk=member.user.pk).update(is_active=False)


def forbid(member: Member) -> None:
    Team.objects.filter(pk=member.team.pk).update(personal_token_days=0)


@pytest.mark.parametrize("change", [leave, deactivate, forbid])
def test_it_is_rejected_at_once_when_its_person_may_not_use_it(client: Client, analyst: Member, change: Any):
    secret = create(client, analyst)
    change(analyst)

    assert status(secret) == 401
    if change is not deactivate:
        page = client.get(PAGE).content.decode()
        assert ("Inactive" in page, "Valid" in page) == (True, False)


def test_a_token_of_the_team_does_not_depend_on_personal_ones_being_allowed(analyst: Member):
    secret = token(analyst)
    forbid(analyst)

    assert status(secret) == 200


@pytest.mark.parametrize("days", [1, 30])
def test_it_expires_within_the_limit_of_the_team(client: Client, analyst: Member, days: int):
    Team.objects.update(personal_token_days=days)
    data = {"name": "laptop", "scope": "read", "days": days + 1, "team": analyst.team.slug}

    answer = client.post(PAGE, data)

    assert (answer.status_code, ApiToken.objects.count()) == (422, 0)
    assert f"valid for {days} days at most" in answer.content.decode()
    assert f'value="{days}"' in client.get(PAGE).content.decode()
    assert status(create(client, analyst, days=days)) == 200


def test_without_a_team_that_allows_them_there_is_no_form(client: Client, analyst: Member):
    forbid(analyst)

    assert 'name="days"' not in client.get(PAGE).content.decode()
    answer = client.post(PAGE, {"name": "x", "scope": "read", "days": 1, "team": analyst.team.slug})
    assert (answer.status_code, ApiToken.objects.count()) == (403, 0)


def test_a_token_for_the_team_of_others_cannot_be_created(client: Client, analyst: Member):
    other = make.team()

    answer = client.post(PAGE, {"name": "x", "scope": "read", "days": 1, "team": other.slug})
    assert (answer.status_code, ApiToken.objects.count()) == (422, 0)
    assert other.name not in answer.content.decode()


def test_one_person_has_so_many_at_most(client: Client, analyst: Member, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tokens, "MAX_PERSONAL_TOKENS", 1)
    create(client, analyst)

    answer = client.post(PAGE, {"name": "x", "scope": "read", "days": 1, "team": analyst.team.slug})
    assert (answer.status_code, ApiToken.objects.count()) == (422, 1)


def revoke_by_owner(client: Client, member: Member, text_id: str) -> None:
    assert "Revoked laptop" in client.post(f"{PAGE}{text_id}/revoke/", follow=True).content.decode()


def revoke_by_lead(client: Client, member: Member, text_id: str) -> None:
    lead = make.member(member.team, Role.LEAD)
    client.force_login(lead.user)
    page = f"/teams/{member.team.slug}/tokens/"
    assert "Personal token" in client.get(page).content.decode()
    client.post(f"{page}{text_id}/revoke/")


def revoke_by_admin(client: Client, member: Member, text_id: str) -> None:
    admin = make.admin()
    client.force_login(admin)
    make.second_factor(admin, client)
    chosen = {"action": "revoke", "_selected_action": ApiToken.objects.get().pk}
    client.post(reverse("admin:jobs_apitoken_changelist"), {**chosen, "post": "yes"})


@pytest.mark.parametrize("revoke", [revoke_by_owner, revoke_by_lead, revoke_by_admin])
def test_it_is_revoked_by_its_person_by_leads_and_by_administrators(client: Client, analyst: Member, revoke: Any):
    secret = create(client, analyst)

    revoke(client, analyst, to_text(ApiToken.objects.get().public_id))

    assert status(secret) == 401
    assert AuditEntry.objects.filter(action="revoke", noun="api token", team=analyst.team).exists()


def test_nobody_else_sees_or_revokes_it(client: Client, analyst: Member):
    secret = create(client, analyst)
    address = f"{PAGE}{to_text(ApiToken.objects.get().public_id)}/revoke/"
    client.force_login(make.member(analyst.team).user)

    assert "laptop" not in client.get(PAGE).content.decode()
    assert client.post(address).status_code == 404
    assert status(secret) == 200


def test_a_token_of_a_team_that_one_has_left_can_still_be_revoked(client: Client, analyst: Member):
    create(client, analyst)
    leave(analyst)

    client.post(f"{PAGE}{to_text(ApiToken.objects.get().public_id)}/revoke/")
    assert ApiToken.objects.get().revoked_at


def test_whoever_needs_a_second_factor_verifies_it_first(client: Client, settings: LazySettings):
    settings.QUICKSTART, settings.SECOND_FACTOR_FOR_LEADS = False, True
    lead = make.member(role=Role.LEAD)
    client.force_login(lead.user)
    data = {"name": "laptop", "scope": "read", "days": 1, "team": lead.team.slug}

    assert client.post(PAGE, data).status_code == 302
    assert not ApiToken.objects.exists()
    make.second_factor(lead.user, client)
    assert client.post(PAGE, data).status_code == 200
    assert ApiToken.objects.exists()


def test_personal_tokens_of_a_person_share_a_rate_limit(client: Client, analyst: Member, settings: LazySettings):
    settings.RATE_LIMITS = dict.fromkeys(RateLimit, 1)
    secrets = [create(client, analyst), create(client, analyst), token(analyst)]

    answers = [Program(Client(), secret).post("/validate", "{}").status_code for secret in secrets]
    assert [answer == 429 for answer in answers] == [False, True, False]


def test_the_command_line_page_leads_to_them_with_the_team(client: Client, analyst: Member):
    make.member(who=analyst.user)
    page = client.get(reverse("cli"), {"team": analyst.team.slug}).content.decode()

    assert f'href="{PAGE}?team={analyst.team.slug}"' in page
    data = {"name": "laptop", "scope": "read", "days": 1, "team": analyst.team.slug}
    for answer in (client.get(PAGE, {"team": analyst.team.slug}), client.post(PAGE, data)):
        assert f'<option value="{analyst.team.slug}" selected>' in answer.content.decode()


def test_the_list_takes_the_same_number_of_queries_however_long_it_is(
    client: Client, analyst: Member, django_assert_max_num_queries: DjangoAssertNumQueries
):
    for _ in range(20):
        token(analyst, is_personal=True)
    with django_assert_max_num_queries(8):
        client.get(PAGE)
