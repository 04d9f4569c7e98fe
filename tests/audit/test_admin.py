"""What admins change is written down, each object by itself: what it was, what it became, who did it."""

import json

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils.timezone import now

from jobs.admin.audit_mixin import AuditedModelAdmin
from jobs.models import (
    AccountStatus,
    ApiToken,
    AuditEntry,
    Membership,
    QueueGrant,
    Rate,
    TagRule,
    Team,
    User,
)
from jobs.models.ids import to_text
from tests import make
from tests.admin.test_admin import TOLD
from tests.admin.test_teams import form_of, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def boss():
    return make.admin("boss")


@pytest.fixture
def admin(client, boss):
    client.force_login(boss)
    return client


def audit_entries(team=None):
    """(act, noun, label, before, after) of each entry but signing in."""
    entries = AuditEntry.objects.filter(team=team).exclude(action="sign in").order_by("number")
    return [
        (
            entry.action,
            entry.noun,
            entry.label,
            *(json.loads(text) if text else None for text in (entry.before, entry.after)),
        )
        for entry in entries
    ]


def test_every_page_of_the_admin_that_changes_something_is_audited():
    shown_only = {AuditEntry}
    for model, page in django_admin.site._registry.items():
        assert isinstance(page, AuditedModelAdmin) or model in shown_only, (
            f"{model.__name__} is changed and nobody knows"
        )


@pytest.mark.long
def test_what_a_team_is_given_on_one_page_is_an_act_for_each_row(admin, boss):
    team, person, queue = make.team("research", images=(), roles=()), make.user("ada"), make.queue("cpu")
    form = form_of(
        team,
        features=["secrets"],
        **{
            "memberships-0-user": person.pk,
            "memberships-0-role": "lead",
            "queue_grants-0-queue": queue.pk,
            "queue_grants-0-max_vcpus": 8,
            "image_grants-0-pattern": "registry.example.org/team/*",
        },
    )
    assert admin.post(page_of(team), form).status_code == 302

    entries = audit_entries(team)
    assert entries[0] == (
        "change",
        "team",
        "Research",
        {"features": [], "may_register": True},
        {"features": ["secrets"], "may_register": False},
    )
    assert [each[:3] for each in entries[1:]] == [
        ("make", "membership", "lead of Research"),
        ("make", "queue grant", "cpu for Research"),
        ("make", "image grant", "registry.example.org/team/*"),
    ]
    assert entries[1][4]["user"] == f"person {to_text(person.public_id)}"
    assert entries[2][4]["max_vcpus"] == 8
    assert {entry.person for entry in AuditEntry.objects.filter(team=team)} == {boss.public_id}
    assert {entry.channel for entry in AuditEntry.objects.filter(team=team)} == {"admin"}


@pytest.mark.long
def test_of_a_changed_row_only_what_differs_is_told_and_of_a_removed_one_all(admin):
    team, queue = make.team("research", images=(), roles=()), make.queue("cpu")
    grant = QueueGrant.objects.create(team=team, queue=queue, max_vcpus=8)
    row = {"may_register": "on", "queue_grants-0-id": grant.pk, "queue_grants-0-queue": queue.pk}
    admin.post(page_of(team), form_of(team, saved=("queue_grants",), **row, **{"queue_grants-0-max_vcpus": 16}))
    admin.post(page_of(team), form_of(team, saved=("queue_grants",), **row, **{"queue_grants-0-max_vcpus": 16}))
    admin.post(
        page_of(team),
        form_of(team, saved=("queue_grants",), **row, **{"queue_grants-0-DELETE": "on"}),
    )

    changed, removed = audit_entries(team)
    assert changed == ("change", "queue grant", "cpu for Research", {"max_vcpus": 8}, {"max_vcpus": 16})
    assert removed[:3] == ("remove", "queue grant", "cpu for Research")
    assert (removed[3]["max_vcpus"], removed[4]) == (16, None)


def test_a_change_that_is_refused_is_no_act(admin):
    team = make.team(images=(), roles=())
    admin.post(page_of(team), form_of(team, **{"role_grants-0-pattern": "no arn"}))

    assert audit_entries(team) == []


@pytest.mark.long
def test_a_person_is_changed_without_their_name_being_kept(admin):
    person, team = make.user("ada.lovelace", email="ada@example.org"), make.team("research")
    Membership.objects.create(team=team, user=person, role="viewer")
    form = {
        "username": "countess",
        "email": "countess@example.org",
        "is_active": "on",
        "is_staff": "on",
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": person.memberships.get().pk,
        "memberships-0-user": person.pk,
        "memberships-0-team": team.pk,
        "memberships-0-role": "lead",
    }
    assert admin.post(page_of(person), form).status_code == 302

    ((act, noun, label, before, after),) = audit_entries()
    assert (act, noun, label) == ("change", "user", "")
    assert before == {"username": "(personal)", "email": "(personal)", "is_staff": False}
    assert after == {"username": "(personal)", "email": "(personal)", "is_staff": True}
    assert audit_entries(team) == [("change", "membership", "lead of Research", {"role": "viewer"}, {"role": "lead"})]
    everything = json.dumps(list(AuditEntry.objects.values()), default=str)
    assert not any(word in everything for word in ("lovelace", "countess", "ada@"))


@pytest.mark.long
def test_a_new_person_and_a_new_password_are_acts_and_the_password_is_not_kept(admin):
    password = "wombat-9-canary"
    form = {"username": "ada", "usable_password": "true", "password1": password, "password2": password}
    rows = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    assert admin.post(reverse("admin:jobs_user_add"), {**form, **rows}).status_code == 302
    person = User.objects.get(username="ada")
    change = reverse("admin:auth_user_password_change", args=[person.pk])
    fresh = {"password1": password + "2", "password2": password + "2", "set-password": "1", "usable_password": "true"}
    assert admin.post(change, {**fresh, "password2": "other"}).status_code == 200
    assert admin.post(change, fresh).status_code == 302

    made, changed = audit_entries()
    assert (made[0], changed[0]) == ("make", "change")
    assert changed[4] == {"password": "••••"}
    everything = json.dumps(list(AuditEntry.objects.values()), default=str)
    assert password not in everything
    assert person.password not in everything


def test_switching_teams_off_is_an_act_for_each_that_was_on(admin):
    teams = [make.team("one"), make.team("two"), make.team("three", active=False)]
    chosen = {"action": "switch_off", "_selected_action": [team.pk for team in teams], "post": "yes"}
    admin.post(reverse("admin:jobs_team_changelist"), chosen)

    assert [audit_entries(team) for team in teams] == [
        [("change", "team", "One", {"active": True}, {"active": False})],
        [("change", "team", "Two", {"active": True}, {"active": False})],
        [],
    ]
    assert not Team.objects.filter(active=True).exists()


def test_revoking_a_token_is_an_act_and_a_second_time_none(admin):
    member = make.member()
    token = ApiToken.objects.create(team=member.team, person=member.user, name="ci", prefix="bpt_x", digest="0" * 64)
    for _ in range(2):
        admin.post(
            reverse("admin:jobs_apitoken_changelist"),
            {"action": "revoke", "_selected_action": [token.pk], "post": "yes"},
        )

    ((act, noun, label, before, after),) = audit_entries(member.team)
    assert (act, noun, label) == ("revoke", "api token", "ci (x…)")
    assert before == {"revoked_at": None}
    assert list(after) == ["revoked_at"]


def test_rules_rates_accounts_and_groups_are_audited_too(admin):
    rule = TagRule.objects.create(key="CostCenter", default="CC-1")
    admin.post(reverse("admin:jobs_tagrule_delete", args=[rule.pk]), {"post": "yes"})
    rates = [
        Rate.objects.create(
            platform="EC2", resource="vcpu", usd_per_hour="0.04", valid_from=f"20{year}-01-01", source="a test"
        ).pk
        for year in (31, 32)
    ]
    chosen = {"action": "delete_selected", "_selected_action": rates, "post": "yes"}
    admin.post(reverse("admin:jobs_rate_changelist"), chosen)
    permission = Permission.objects.first()
    admin.post(reverse("admin:auth_group_add"), {"name": "helpers", "permissions": [permission.pk]})

    entries = audit_entries()
    assert [each[:2] for each in entries] == [
        ("remove", "tag rule"),
        ("remove", "rate"),
        ("remove", "rate"),
        ("make", "group"),
    ]
    assert entries[0][3]["key"] == "CostCenter"
    assert entries[3][4] == {"name": "helpers", "permissions": [str(permission)]}
    assert Group.objects.filter(name="helpers").exists()


def test_what_was_applied_of_a_reading_is_told(admin):
    account = make.account(name="Main", status={"queue_snapshot": [TOLD], "queue_snapshot_at": now()})
    page = reverse("admin:jobs_account_queues", args=[account.pk])
    admin.post(page, {"apply": "1", "reading_at": account.status.queue_snapshot_at.isoformat()})

    ((act, noun, label, _, after),) = audit_entries()
    assert (act, noun, label) == ("apply", "account", "Main (us-west-2)")
    assert after["cpu"]["queue"] == "new"
    assert AccountStatus.objects.get().synced_at is not None


def test_the_audit_is_only_read_in_the_admin(admin):
    team = make.team("research")
    admin.post(
        reverse("admin:jobs_team_changelist"), {"action": "switch_off", "_selected_action": [team.pk], "post": "yes"}
    )
    entry = AuditEntry.objects.get(team=team)
    page = reverse("admin:jobs_auditentry_change", args=[entry.pk])

    assert "switch" not in admin.get(reverse("admin:jobs_auditentry_changelist")).content.decode()
    assert admin.get(page).status_code == 200
    assert admin.post(page, {"act": "stop"}).status_code == 403
    assert admin.post(reverse("admin:jobs_auditentry_delete", args=[entry.pk]), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    admin.post(reverse("admin:jobs_auditentry_changelist"), chosen)
    assert AuditEntry.objects.get(pk=entry.pk).action == "change"


@pytest.mark.long
def test_the_list_counts_no_further_than_a_little(admin, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr("jobs.admin.audit.MAX_COUNTED", 3)
    team = make.team("research")
    for _ in range(3):
        for word in ("switch_off", "switch_on"):
            admin.post(
                reverse("admin:jobs_team_changelist"), {"action": word, "_selected_action": [team.pk], "post": "yes"}
            )
    with django_assert_max_num_queries(8) as asked:
        page = admin.get(reverse("admin:jobs_auditentry_changelist"), {"act": "change"})

    assert page.context["cl"].result_count == 3
    assert not any("COUNT(" in query["sql"] for query in asked.captured_queries)
