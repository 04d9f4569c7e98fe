"""Leads see, make and revoke their team's tokens; a secret is seen once."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.timezone import now

from jobs.access import Member
from jobs.models import ApiToken, Role
from jobs.models.ids import to_text
from jobs.models.token import digest
from tests import make
from tests.api.conftest import Program, token

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client: Client) -> Member:
    member = make.member(role=Role.LEAD)
    client.force_login(member.user)
    return member


def token_data(**fields: object) -> dict[str, object]:
    return {"name": "CI of the forecast", "scope": "submit", "days": 90, **fields}


def test_a_new_token_is_shown_once_works_and_is_kept_nowhere(client: Client, lead: Member):
    page = f"/teams/{lead.team.slug}/tokens/"
    answer = client.post(page, token_data())
    secrets = set(re.findall(r"bpt_[\w-]{43}", answer.content.decode()))
    (secret,) = secrets
    kept = ApiToken.objects.get()

    assert answer["Cache-Control"] == "no-store, private"
    assert (kept.digest, kept.prefix, kept.person, kept.team) == (digest(secret), secret[:12], lead.user, lead.team)
    assert timedelta(days=89) < kept.expires_at - now() <= timedelta(days=90)
    assert Program(Client(), secret).get("/key").status_code == 200
    later = client.get(page).content.decode()
    assert (secret in later, secret[:12] in later) == (False, True)
    assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("submit", 422)])
def test_the_scope_is_kept(client: Client, lead: Member, scope: str, status: int):
    page = client.post(f"/teams/{lead.team.slug}/tokens/", token_data(scope=scope)).content.decode()
    (secret,) = set(re.findall(r"bpt_[\w-]{43}", page))

    assert Program(Client(), secret).post("/submissions", "{}").status_code == status


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 81}, {"days": 0}, {"days": 366}, {"days": "x"}, {"scope": "all"}]
)
def test_what_cannot_be_is_refused_and_what_was_written_stays(client: Client, lead: Member, wrong: dict[str, object]):
    answer = client.post(f"/teams/{lead.team.slug}/tokens/", token_data(**wrong))

    assert answer.status_code == 422
    assert not ApiToken.objects.exists()
    if "name" not in wrong:
        assert "CI of the forecast" in answer.content.decode()


def test_a_new_token_stays_on_its_page_while_one_reads_how_to_use_it(client: Client, lead: Member):
    page = client.post(f"/teams/{lead.team.slug}/tokens/", token_data()).content.decode()
    secret = re.search(r"bpt_[\w-]+", page)
    links = re.findall(rf'<a href="/cli/\?team={lead.team.slug}" ([^>]*)>How to use tokens', page)

    assert secret
    assert f"export BATCH_PORTAL_TOKEN={secret[0]}</code>" in page
    assert links == ['target="_blank" rel="noopener"'] * 2


def test_a_revoked_token_is_refused_at_once(client: Client, lead: Member):
    secret = token(lead)
    kept = ApiToken.objects.get()
    address = f"/teams/{lead.team.slug}/tokens/{to_text(kept.public_id)}/revoke/"

    assert client.get(address).status_code == 302
    assert Program(Client(), secret).get("/key").status_code == 200
    assert "Revoked CI" in client.post(address, follow=True).content.decode()
    assert Program(Client(), secret).get("/key").status_code == 401


@pytest.mark.long
def test_only_leads_come_here(client: Client):
    team = make.team()
    for role in (Role.VIEWER, Role.ANALYST):
        client.force_login(make.member(team, role).user)
        answer = client.get(f"/teams/{team.slug}/tokens/")
        assert (answer.status_code, "view or create API tokens" in answer.content.decode()) == (403, True)
        assert client.post(f"/teams/{team.slug}/tokens/", token_data()).status_code == 403
        assert f"/teams/{team.slug}/tokens/" not in client.get(f"/teams/{team.slug}/queues/").content.decode()

    client.force_login(make.admin())
    assert client.post(f"/teams/{team.slug}/tokens/", token_data()).status_code == 403
    client.force_login(make.member().user)
    assert client.get(f"/teams/{team.slug}/tokens/").status_code == 404
    client.logout()
    assert client.get(f"/teams/{team.slug}/tokens/").status_code == 302
    assert not ApiToken.objects.exists()


def test_a_lead_cannot_reach_the_tokens_of_another_team(client: Client, lead: Member):
    token(make.member(role=Role.LEAD), name="Theirs")
    theirs = ApiToken.objects.get()

    assert "Theirs" not in client.get(f"/teams/{lead.team.slug}/tokens/").content.decode()
    for slug in (lead.team.slug, theirs.team.slug):
        assert client.post(f"/teams/{slug}/tokens/{to_text(theirs.public_id)}/revoke/").status_code == 404
    assert client.post(f"/teams/{lead.team.slug}/tokens/nonsense/revoke/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


def test_a_hostile_name_stays_text(client: Client, lead: Member):
    token(lead, name="<script>alert(1)</script>")

    page = client.get(f"/teams/{lead.team.slug}/tokens/").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_list_takes_the_same_number_of_queries_however_long_it_is(
    client: Client, lead: Member, django_assert_max_num_queries
):
    for _ in range(30):
        token(lead)
    with django_assert_max_num_queries(9):
        client.get(f"/teams/{lead.team.slug}/tokens/")
