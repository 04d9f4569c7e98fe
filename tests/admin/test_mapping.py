"""Queues and teams in the admin: who has which at a glance, and mapping them from either side."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from jobs.models import AuditEntry, QueueGrant, Role
from tests import make

pytestmark = pytest.mark.django_db
QUEUES, TEAMS = "admin:jobs_queue_changelist", "admin:jobs_team_changelist"


@pytest.fixture
def admin(client):
    client.force_login(make.admin())
    return client


def rows(answer):
    """The rows of a list, as the text of their cells."""
    body = answer.content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    return [html.unescape(" ".join(row.replace("<", " <").split())) for row in body.split("<tr>")[1:]]


def words(row):
    return " ".join(re.sub(r"<[^>]*>", " ", row).split()).replace(" ,", ",")


def test_the_list_of_queues_shows_their_teams_and_which_have_none(admin):
    research, finance = make.team("research"), make.team("finance")
    account = make.account()
    cpu = make.queue("cpu", of=account, teams=(research, finance))
    QueueGrant.objects.filter(team=finance).update(is_default=True)
    make.queue("lonely", of=account)
    listed = [words(row) for row in rows(admin.get(reverse(QUEUES)))]

    assert "cpu Finance (default), Research" in listed[0]
    assert "lonely No team" in listed[1]
    assert [words(row)[:6] for row in rows(admin.get(reverse(QUEUES), {"team": "none"}))] == ["lonely"]
    assert [words(row)[:3] for row in rows(admin.get(reverse(QUEUES), {"team": str(research.pk)}))] == ["cpu"]
    assert len(rows(admin.get(reverse(QUEUES), {"team": "x"}))) == 2
    assert reverse("admin:jobs_team_change", args=[research.pk]) in admin.get(reverse(QUEUES)).content.decode()
    assert cpu.grants.count() == 2

    cpu.platform = "ECS_FARGATE"
    cpu.save()
    assert [words(row)[:3] for row in rows(admin.get(reverse(QUEUES), {"platform": "ECS_FARGATE"}))] == ["cpu"]


def test_the_list_of_teams_shows_queues_and_members_and_what_is_missing(admin):
    full, empty = make.team("full"), make.team("empty")
    account = make.account()
    for number in range(8):
        make.queue(f"queue-{number}", of=account, teams=(full,))
        make.member(full, Role.LEAD if number == 7 else Role.ANALYST, make.user(f"person-{number}"))
    make.member(make.team("leaderless"), Role.VIEWER)
    listed = {words(row).split()[0]: words(row) for row in rows(admin.get(reverse(TEAMS)))}

    assert "queue-0, queue-1, queue-2, queue-3, queue-4, queue-5, 2 more" in listed["Full"]
    assert "person-7 (lead), person-0, person-1, person-2, person-3, person-4, 2 more" in listed["Full"]
    assert "No queue No members" in listed["Empty"]
    for missing, found in (
        ("queue", {"Empty", "Leaderless"}),
        ("member", {"Empty"}),
        ("lead", {"Empty", "Leaderless"}),
    ):
        answer = admin.get(reverse(TEAMS), {"missing": missing})
        assert {words(row).split()[0] for row in rows(answer)} == found
    assert empty.queue_grants.count() == 0


@pytest.mark.parametrize("side", ["queue", "team"])
def test_several_queues_are_granted_to_several_teams_from_either_side(admin, side):
    account = make.account()
    teams, queues = [make.team() for _ in range(2)], [make.queue(of=account) for _ in range(3)]
    QueueGrant.objects.create(team=teams[0], queue=queues[0], max_gpus=1)
    chosen, other = (queues, teams) if side == "queue" else (teams, queues)
    url = reverse(QUEUES if side == "queue" else TEAMS)
    body = {"action": "grant", "_selected_action": [row.pk for row in chosen]}

    asked = admin.post(url, body)
    assert asked.status_code == 200
    assert all(str(row) in asked.content.decode() for row in chosen)
    assert QueueGrant.objects.count() == 1

    answer = {"team" if side == "queue" else "queue": [row.pk for row in other], "post": "yes"}
    limits = {"max_memory_mib": "256 GiB", "max_run_seconds": "2 h", "max_gpus": ""}
    done = admin.post(url, body | answer | limits, follow=True).content.decode()
    assert "Grants added: 5. 1 existed and kept their limits." in done
    assert QueueGrant.objects.count() == 6
    assert QueueGrant.objects.get(max_gpus=1).max_memory_mib is None
    assert set(QueueGrant.objects.filter(max_gpus=None).values_list("max_memory_mib", "max_run_seconds")) == {
        (256 * 1024, 7200)
    }
    assert AuditEntry.objects.filter(action="make", noun="queue grant").count() == 5


def test_a_grant_without_the_other_side_is_not_made(admin):
    body = {"action": "grant", "_selected_action": [make.queue().pk], "post": "yes", "max_memory_mib": "lots"}
    answer = admin.post(reverse(QUEUES), body).content.decode()

    assert re.search(r"Select at least one team\.</li></ul>\s*<div[^>]*>\s*<label[^>]*>Teams", answer)
    assert '<form method="post" novalidate>' in answer
    assert "Enter a size like 256 GiB" in answer
    assert not QueueGrant.objects.exists()


def test_only_who_may_add_grants_is_offered_the_action(client):
    staff = make.user(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=["view_queue", "change_queue"]))
    client.force_login(staff)
    queue, team = make.queue(), make.team()
    body = {"action": "grant", "_selected_action": [queue.pk], "post": "yes", "team": [team.pk]}

    assert 'value="grant"' not in client.get(reverse(QUEUES)).content.decode()
    client.post(reverse(QUEUES), body)
    assert not QueueGrant.objects.exists()


def grant_rows(grants, prefix, side):
    """An inline of saved grants, as a browser sends it."""
    sent = {f"{prefix}-TOTAL_FORMS": len(grants), f"{prefix}-INITIAL_FORMS": len(grants)}
    for number, grant in enumerate(grants):
        sent |= {f"{prefix}-{number}-id": grant.pk, f"{prefix}-{number}-{side}": getattr(grant, side).pk}
    return sent


def cells(page, field):
    """What stands in one column of the inlines."""
    return " ".join(re.findall(rf'<td class="field-{field}">(.*?)</td>', page, re.DOTALL))


def test_a_team_has_one_default_queue(admin):
    team, account = make.team(), make.account()
    grants = [
        QueueGrant.objects.create(team=team, queue=make.queue(name, of=account), is_default=name == "a")
        for name in "ab"
    ]
    inlines = ("memberships", "role_grants", "image_grants", "tag_rules", "budgets")
    form: dict[str, Any] = {
        "slug": team.slug,
        "name": team.name,
        "active": "on",
        "personal_token_days": 90,
        "time_zone": "UTC",
    }
    form |= {f"{name}-{kind}_FORMS": 0 for name in inlines for kind in ("TOTAL", "INITIAL")}
    form |= grant_rows(grants, "queue_grants", "queue")
    url = reverse("admin:jobs_team_change", args=[team.pk])

    both = {f"queue_grants-{number}-is_default": "on" for number in range(2)}
    refused = admin.post(url, form | both).content.decode()
    assert cells(refused, "is_default").count("Select one default queue, not 2.") == 2
    assert admin.post(url, form | {"queue_grants-1-is_default": "on"}).status_code == 302
    assert list(team.queue_grants.filter(is_default=True)) == [grants[1]]

    other = reverse("admin:jobs_queue_change", args=[grants[0].queue_id])
    form = grant_rows(grants[:1], "grants", "team") | {"grants-0-is_default": "on"}
    refused = html.unescape(admin.post(other, form).content.decode())
    assert f'The default queue of {team} is b. Change it on the <a href="{url}">' in cells(refused, "is_default")
    assert list(team.queue_grants.filter(is_default=True)) == [grants[1]]


def test_limits_are_shown_with_their_units(admin):
    team = make.team()
    QueueGrant.objects.create(team=team, queue=make.queue(), max_memory_mib=262144, max_run_seconds=7200)
    page = admin.get(reverse("admin:jobs_team_change", args=[team.pk])).content.decode()

    assert 'value="256 GiB"' in page
    assert 'value="2 h"' in page
