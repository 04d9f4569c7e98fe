import pytest
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import ApiToken, Membership, Queue, QueueGrant, Team
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


@pytest.mark.parametrize("noun", ["user", "team", "account", "queue", "definition", "rate", "apitoken", "tagrule"])
def test_each_list_and_page_of_the_admin_opens(admin, noun):
    member = make.member(role="lead")
    queue = make.queue(teams=(member.team,))
    definition = make.revision(of=member.team, where=queue.account).definition
    token = ApiToken.objects.create(team=member.team, person=member.user, name="ci", start="bpt_x", digest="0" * 64)
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


def test_an_admin_maps_a_queue_and_a_person_to_a_team_on_one_page(admin):
    team, person, queue = make.team(), make.user(), make.queue()
    form = {
        "slug": team.slug,
        "name": team.name,
        "active": "on",
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 0,
        "memberships-0-user": person.pk,
        "memberships-0-role": "lead",
        "queue_grants-TOTAL_FORMS": 1,
        "queue_grants-INITIAL_FORMS": 0,
        "queue_grants-0-queue": queue.pk,
        **{f"{what}-TOTAL_FORMS": 0 for what in ("role_grants", "image_grants", "tag_rules")},
        **{f"{what}-INITIAL_FORMS": 0 for what in ("role_grants", "image_grants", "tag_rules")},
    }
    admin.post(reverse("admin:jobs_team_change", args=[team.pk]), form)

    assert Membership.objects.get(team=team).user == person
    assert QueueGrant.objects.get(team=team).queue == queue


def test_the_difference_to_aws_is_shown_before_it_is_applied(admin):
    account = make.account(reading=[TOLD], reading_at=now())
    page = reverse("admin:jobs_account_queues", args=[account.pk])

    assert "cpu" in admin.get(page).content.decode()
    assert not Queue.objects.exists()

    admin.post(page, {"apply": "1", "reading_at": account.reading_at.isoformat()})
    assert Queue.objects.get().name == "cpu"
    assert "there is nothing to apply" in admin.get(page).content.decode()


def test_what_was_not_looked_at_is_not_applied(admin):
    account = make.account(reading=[TOLD], reading_at=now())
    page = reverse("admin:jobs_account_queues", args=[account.pk])

    admin.post(page, {"apply": "1", "reading_at": "2026-01-01T00:00:00+00:00"})

    assert not Queue.objects.exists()


def test_reading_rings_for_a_worker_and_does_not_wait_for_ever(
    admin, rings, monkeypatch, django_capture_on_commit_callbacks
):
    account = make.account()
    monkeypatch.setattr("jobs.intake.queues.await_reading", lambda *_: False)
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(reverse("admin:jobs_account_queues", args=[account.pk]), {"read": "1"}, follow=True)

    assert rings == ["read_queues"]
    assert "AWS has not answered within 10 seconds" in answer.content.decode()


def test_what_has_a_history_is_not_deleted(admin):
    team = make.team()

    assert admin.post(reverse("admin:jobs_team_delete", args=[team.pk]), {"post": "yes"}).status_code == 403
    assert Team.objects.filter(pk=team.pk).exists()


def test_a_revoked_token_is_dead_at_once(admin):
    member = make.member()
    token = ApiToken.objects.create(team=member.team, person=member.user, name="ci", start="bpt_x", digest="0" * 64)
    admin.post(reverse("admin:jobs_apitoken_changelist"), {"action": "revoke", "_selected_action": [token.pk]})

    assert not ApiToken.objects.valid().exists()


def test_only_staff_open_the_admin(client):
    client.force_login(make.member(role="lead").user)

    assert client.get(reverse("admin:index")).status_code == 302


@pytest.mark.parametrize("noun", ["team", "queue", "definition", "apitoken"])
def test_a_list_costs_the_same_for_many_rows(admin, noun, django_assert_max_num_queries):
    account = make.account()
    for _ in range(25):
        member = make.member()
        make.queue(of=account)
        make.definition(of=member.team, where=account)
        ApiToken.objects.create(
            team=member.team, person=member.user, name="ci", start="bpt_x", digest=f"{member.user.pk:064}"
        )
    with django_assert_max_num_queries(9):
        admin.get(reverse(f"admin:jobs_{noun}_changelist"))
