import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import Account, ApiToken, Membership, Queue, QueueGrant, Team
from tests import make

pytestmark = pytest.mark.django_db

TOLD = {
    "name": "cpu",
    "arn": "arn:aws:batch:us-west-2:123456789012:job-queue/cpu",
    "state": "ENABLED",
    "status": "VALID",
    "status_reason": "",
    "priority": 1,
    "platform": "ECS",
    "raw": {},
}


@pytest.fixture
def admin(client):
    client.force_login(make.admin())
    return client


@pytest.mark.long
@pytest.mark.parametrize("noun", ["user", "team", "account", "queue", "definition", "rate", "apitoken", "tagrule"])
def test_each_list_and_page_of_the_admin_opens(admin, noun):
    member = make.member(role="lead")
    queue = make.queue(teams=(member.team,))
    definition = make.revision(of=member.team, where=queue.account).definition
    token = ApiToken.objects.create(team=member.team, person=member.user, name="ci", prefix="bpt_x", digest="0" * 64)
    rows = {
        "user": member.user,
        "team": member.team,
        "account": queue.account,
        "queue": queue,
        "definition": definition,
        "apitoken": token,
    }

    assert (
        admin.get(reverse(f"admin:jobs_{noun}_changelist"), {"q": "x"} if noun != "rate" else {}).status_code == 200
    )
    if noun in rows:
        page = admin.get(reverse(f"admin:jobs_{noun}_change", args=[rows[noun].pk]))
        assert page.status_code == 200
        assert "0" * 64 not in page.content.decode()


def test_a_time_zone_that_does_not_exist_is_refused(admin):
    team = make.team()
    page = admin.post(
        reverse("admin:jobs_team_change", args=[team.pk]),
        {"slug": team.slug, "name": team.name, "time_zone": "Mars/Olympus"},
    )

    assert "Enter the name of a time zone" in page.content.decode()


def test_an_admin_maps_a_queue_and_a_person_to_a_team_on_one_page(admin):
    team, person, queue = make.team(), make.user(), make.queue()
    form = {
        "slug": team.slug,
        "name": team.name,
        "active": "on",
        "personal_token_days": 90,
        "time_zone": "UTC",
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 0,
        "memberships-0-user": person.pk,
        "memberships-0-role": "lead",
        "queue_grants-TOTAL_FORMS": 1,
        "queue_grants-INITIAL_FORMS": 0,
        "queue_grants-0-queue": queue.pk,
        **{f"{what}-TOTAL_FORMS": 0 for what in ("role_grants", "image_grants", "tag_rules", "budgets")},
        **{f"{what}-INITIAL_FORMS": 0 for what in ("role_grants", "image_grants", "tag_rules", "budgets")},
    }
    admin.post(reverse("admin:jobs_team_change", args=[team.pk]), form)

    assert Membership.objects.get(team=team).user == person
    assert QueueGrant.objects.get(team=team).queue == queue


def test_the_difference_to_aws_is_shown_before_it_is_applied(admin):
    account = make.account(status={"queue_snapshot": [TOLD], "queue_snapshot_at": now()})
    page = reverse("admin:jobs_account_queues", args=[account.pk])

    assert "cpu" in admin.get(page).content.decode()
    assert not Queue.objects.exists()

    admin.post(page, {"apply": "1", "reading_at": account.status.queue_snapshot_at.isoformat()})
    assert Queue.objects.get().name == "cpu"
    assert "The queues are up to date" in admin.get(page).content.decode()


def test_what_was_not_looked_at_is_not_applied(admin):
    account = make.account(status={"queue_snapshot": [TOLD], "queue_snapshot_at": now()})
    page = reverse("admin:jobs_account_queues", args=[account.pk])

    admin.post(page, {"apply": "1", "reading_at": "2026-01-01T00:00:00+00:00"})

    assert not Queue.objects.exists()


def test_reading_rings_for_a_worker_and_does_not_wait_for_ever(
    admin, enqueued, monkeypatch, django_capture_on_commit_callbacks
):
    account = make.account()
    monkeypatch.setattr("jobs.actions.account.wait_for_queue_snapshot", lambda *_: False)
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(reverse("admin:jobs_account_queues", args=[account.pk]), {"read": "1"}, follow=True)

    assert enqueued == ["read_queues"]
    assert "AWS has not answered within 10 seconds" in answer.content.decode()


def test_what_has_a_history_is_not_deleted(admin):
    team = make.team()

    assert admin.post(reverse("admin:jobs_team_delete", args=[team.pk]), {"post": "yes"}).status_code == 403
    assert Team.objects.filter(pk=team.pk).exists()


def test_a_revoked_token_is_dead_at_once(admin):
    member = make.member()
    token = ApiToken.objects.create(team=member.team, person=member.user, name="ci", prefix="bpt_x", digest="0" * 64)
    admin.post(
        reverse("admin:jobs_apitoken_changelist"), {"action": "revoke", "_selected_action": [token.pk], "post": "yes"}
    )

    assert not ApiToken.objects.valid().exists()


def test_only_staff_open_the_admin(client):
    client.force_login(make.member(role="lead").user)

    assert client.get(reverse("admin:index")).status_code == 302


@pytest.mark.long
@pytest.mark.parametrize(("noun", "most"), [("team", 9), ("queue", 10), ("definition", 9), ("apitoken", 9)])
def test_a_list_costs_the_same_for_many_rows(admin, noun, most, django_assert_max_num_queries):
    account = make.account()
    for _ in range(25):
        member = make.member()
        make.queue(of=account)
        make.definition(of=member.team, where=account)
        ApiToken.objects.create(
            team=member.team, person=member.user, name="ci", prefix="bpt_x", digest=f"{member.user.pk:064}"
        )
    with django_assert_max_num_queries(most):
        admin.get(reverse(f"admin:jobs_{noun}_changelist"))


def account_form(**fields):
    given = {
        "name": "Production",
        "region": "eu-west-1",
        "number": "123456789012",
        "active": "on",
        "access": "default",
        "role_arn": "",
        "endpoint_url": "",
        "quarantine_seconds": "600",
        "poll_seconds": "15",
        "submits_per_second": "40",
        "cost_explorer_requests": "0",
    }
    return {**given, **fields}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Enter the role to assume"),
        ({"role_arn": "portal"}, "Enter the ARN of a role, like"),
        ({"role_arn": "arn:aws:iam::999999999999:role/portal"}, "belongs to account 999999999999"),
        ({"role_arn": "arn:aws:iam::123456789012:role/portal"}, ""),
    ],
)
def test_an_account_entered_by_a_role_names_it_and_gets_an_external_id(admin, given, words):
    answer = admin.post(reverse("admin:jobs_account_add"), account_form(access="role", **given))

    assert words in answer.content.decode()
    assert Account.objects.exists() == (not words)
    if not words:
        first, second = Account.objects.get(), make.account()
        assert len(first.external_id) == 32
        assert first.external_id != second.external_id
        page = admin.get(reverse("admin:jobs_account_connection", args=[first.pk])).content.decode()
        assert first.external_id in page
        assert "arn:aws:iam::PORTAL_ACCOUNT:role/PORTAL_ROLE" in page


def test_only_superusers_set_the_way_in(client):
    account, staff = make.account(), make.user(is_staff=True)
    page = reverse("admin:jobs_account_change", args=[account.pk])
    client.force_login(staff)
    for name in ("jobs_account_queues", "jobs_account_connection"):
        assert client.get(reverse(f"admin:{name}", args=[account.pk])).status_code == 403
        assert client.post(reverse(f"admin:{name}", args=[account.pk])).status_code == 403

    staff.user_permissions.set(Permission.objects.filter(content_type__model="account"))
    moved = {"endpoint_url": "http://169.254.169.254", "role_arn": "arn:aws:iam::999999999999:role/x"}
    assert client.post(page, account_form(name="Renamed", access="role", **moved)).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.endpoint_url, account.access) == ("Renamed", "http://127.0.0.1:9", "sandbox")
    assert client.get(reverse("admin:jobs_account_add")).status_code == 403
    assert client.get(reverse("admin:jobs_account_connection", args=[account.pk])).status_code == 200


def test_testing_the_connection_rings_for_a_worker_and_does_not_wait_for_ever(
    admin, enqueued, monkeypatch, django_capture_on_commit_callbacks
):
    page = reverse("admin:jobs_account_connection", args=[make.account().pk])
    monkeypatch.setattr("jobs.actions.account.wait_for_connection_test", lambda *_: False)
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(page, {"test": "1"}, follow=True)

    assert enqueued == ["try_connection"]
    assert "AWS has not answered within 10 seconds" in answer.content.decode()


CALLER = "arn:aws:iam::123456789012:role/portal"
RESULT_OF_A_TEST = {
    "caller": CALLER,
    "portal_arn": "arn:aws:iam::210987654321:role/own",
    "checks": [
        {"action": "batch:SubmitJob", "status": "missing", "message": "<b>not authorized</b>"},
        {"action": "batch:ListJobs", "status": "granted", "message": ""},
        {"action": "iam:PassRole", "status": "unknown", "message": "Only registering would tell."},
    ],
    "error": "Half of it failed.",
}
RESULT_OF_AN_EARLIER_VERSION = {
    "caller": CALLER,
    "asks_as": "arn:aws:iam::210987654321:role/own",
    "findings": [
        {"action": "batch:SubmitJob", "answer": "missing", "words": "<b>not authorized</b>"},
        {"action": "batch:ListJobs", "answer": "there", "words": ""},
        {"action": "iam:PassRole", "answer": "unknown", "words": "Only registering would tell."},
    ],
    "trouble": "Half of it failed.",
}


@pytest.mark.parametrize("result", [RESULT_OF_A_TEST, RESULT_OF_AN_EARLIER_VERSION], ids=["now", "earlier"])
def test_the_page_of_a_connection_says_what_is_missing_and_what_to_paste(admin, result):
    account = make.account(
        access="role", external_id="x", status={"connection_test": result, "connection_tested_at": now()}
    )
    make.queue("cpu", of=account, arn="arn:aws:batch:us-west-2:123456789012:job-queue/cpu")
    page = admin.get(reverse("admin:jobs_account_connection", args=[account.pk])).content.decode()

    for words in (
        "Missing permissions: batch:SubmitJob.",
        "✗ missing",
        "✓ granted",
        "? unknown",
        "role/portal",
        "210987654321:role/own",
        "Half of it failed.",
        "Only registering would tell.",
        "job-queue/cpu",
    ):
        assert words in page
    assert "<b>not" not in page
