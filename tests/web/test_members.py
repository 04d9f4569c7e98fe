"""The page of a team: its members, queues and limits; and its leads who manage members where that is allowed."""

import html
import json

import pytest
from django.urls import reverse

from jobs.actions.members import remove_member, set_role
from jobs.models import AuditEntry, Membership, QueueGrant, Role, TagRule
from jobs.models.ids import to_text
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return make.team("research", leads_manage_members=True)


@pytest.fixture
def lead(team, client):
    member = make.member(team, Role.LEAD, make.user("lead"))
    client.force_login(member.user)
    return member


def url(name, team, user=None):
    return reverse(name, args=[team.slug, *([to_text(user.public_id)] if user else [])])


def words(answer):
    return " ".join(html.unescape(answer.content.decode()).split())


@pytest.mark.parametrize("role", list(Role))
def test_every_member_sees_members_and_limits(team, client, role):
    member = make.member(team, role, make.user("ada", first_name="Ada", last_name="Lovelace"))
    queue = make.queue("cpu", teams=(team,))
    QueueGrant.objects.update(is_default=True, max_memory_mib=262144, max_run_seconds=7200, max_active_jobs=3)
    TagRule.objects.create(key="Stage", team=None, allowed=["dev", "prod"])
    TagRule.objects.create(key="CostCenter", team=team, default="CC-1", required=True)
    team.role_grants.update(pattern="arn:aws:iam::123456789012:role/x")
    team.features, team.approval_gpus = ["secrets"], 8
    team.save()
    client.force_login(member.user)
    page = words(client.get(url("members", team)))

    for said in ("Ada Lovelace", queue.name, "256 GiB", "2 h", "dev, prod", "CC-1", "role/x", "Secrets", "all teams"):
        assert said in page
    assert ("Add member" in page) == (role == Role.LEAD)
    assert f'href="{reverse("rights")}"' in page


def test_a_team_rule_replaces_the_one_of_all_teams(team, lead, client):
    TagRule.objects.create(key="Stage", team=None, default="old")
    TagRule.objects.create(key="Stage", team=team, default="new")
    page = words(client.get(url("members", team)))

    assert "new" in page
    assert "<td>old</td>" not in page


def test_a_lead_adds_changes_and_removes_an_analyst(team, lead, client):
    ada = make.user("ada", first_name="Ada")
    answer = client.post(url("members", team), {"username": "ada", "role": "viewer"}, follow=True)
    assert "Added Ada as viewer." in words(answer)
    assert Membership.objects.get(user=ada).role == Role.VIEWER

    answer = client.post(url("member_role", team, ada), {"role": "analyst"}, follow=True)
    assert "Ada is now analyst." in words(answer)
    assert Membership.objects.get(user=ada).role == Role.ANALYST

    answer = client.post(url("member_remove", team, ada), follow=True)
    assert "Removed Ada from Research." in words(answer)
    assert not Membership.objects.filter(user=ada).exists()

    entries = AuditEntry.objects.filter(team=team, noun="membership").order_by("pk")
    assert [(entry.action, entry.label) for entry in entries] == [
        ("make", "viewer of Research"),
        ("change", "analyst of Research"),
        ("remove", "analyst of Research"),
    ]
    assert {entry.person for entry in entries} == {lead.user.public_id}
    assert json.loads(entries[1].before)["role"] == "viewer"
    assert json.loads(entries[0].after)["user"] == f"person {to_text(ada.public_id)}"


@pytest.mark.parametrize(
    ("username", "role", "said"),
    [
        ("nobody", "analyst", "There is no active user “nobody”."),
        ("gone", "analyst", "There is no active user “gone”."),
        ("root", "analyst", "Only administrators can add other administrators"),
        ("lead", "analyst", "lead is already a member of Research."),
        ("ada", "lead", "Select a valid choice."),
        ("", "analyst", "This field is required."),
    ],
)
@pytest.mark.usefixtures("lead")
def test_who_cannot_be_added_is_not(team, client, username, role, said):
    make.user("gone", is_active=False)
    make.admin("root")
    make.user("ada")
    answer = client.post(url("members", team), {"username": username, "role": role})

    assert answer.status_code == 422
    assert said in words(answer)
    assert [row.user.username for row in team.memberships.all()] == ["lead"]
    assert not AuditEntry.objects.filter(noun="membership").exists()


def test_a_lead_changes_no_lead_no_administrator_and_not_themselves(team, lead, client):
    other = make.member(team, Role.LEAD)
    staff = make.member(team, Role.ANALYST, make.user(is_staff=True))
    page = words(client.get(url("members", team)))
    for member in (other, staff, lead):
        assert client.post(url("member_role", team, member.user), {"role": "viewer"}).status_code == 403
        assert client.post(url("member_remove", team, member.user)).status_code == 403
        assert url("member_remove", team, member.user) not in page
    analyst = make.member(team)
    client.post(url("member_role", team, analyst.user), {"role": "lead"})

    assert sorted(team.memberships.values_list("role", flat=True)) == ["analyst", "analyst", "lead", "lead"]


def test_leads_manage_members_only_where_administrators_allow_it(team, lead, client):
    team.leads_manage_members = False
    team.save()
    analyst = make.member(team)
    page = words(client.get(url("members", team)))
    answers = [
        client.post(url("members", team), {"username": "ada", "role": "viewer"}),
        client.post(url("member_role", team, analyst.user), {"role": "viewer"}),
        client.post(url("member_remove", team, analyst.user)),
    ]

    assert "Add member" not in page
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "Administrators manage the members of Research." in words(answers[0])
    assert Membership.objects.get(user=analyst.user).role == Role.ANALYST


def test_a_role_that_changed_meanwhile_is_not_taken(team, lead):
    membership = make.member(team).team.memberships.get(role=Role.ANALYST)
    Membership.objects.filter(pk=membership.pk).update(role=Role.LEAD)

    assert not set_role(lead, membership, Role.VIEWER)
    assert not remove_member(lead, membership)
    assert Membership.objects.get(pk=membership.pk).role == Role.LEAD


def test_the_page_costs_the_same_for_many_members(team, lead, client, django_assert_max_num_queries):
    account = make.account()
    for _ in range(15):
        make.member(team)
        make.queue(of=account, teams=(team,))
    with django_assert_max_num_queries(12):
        client.get(url("members", team))
