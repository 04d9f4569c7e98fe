"""The home of the administration: what needs an administrator."""

import html
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import Lease
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    client.force_login(make.admin("root"))
    return client


def home(admin):
    return " ".join(html.unescape(admin.get(reverse("admin:index")).content.decode()).split())


def test_it_shows_failing_processes_and_accounts_in_trouble(admin):
    account = make.account(status={"last_error": "AccessDenied: no", "polled_at": now() - timedelta(hours=1)})
    make.job(make.submission(where=account), state="RUNNING")
    page = home(admin)

    assert "<strong>Clock</strong>: not running" in page
    assert "AccessDenied: no" in page
    assert reverse("admin:jobs_account_change", args=[account.pk]) in page
    assert f'href="{reverse("health")}">All checks' in page


def test_what_works_is_one_sentence(admin, monkeypatch):
    monkeypatch.setattr("jobs.reports.health._check_workers", lambda: iter(()))
    Lease.objects.create(name="clock", owner="x", until=now() + timedelta(minutes=1))
    page = home(admin)

    assert "The portal and its 0 AWS accounts are working." in page
    assert "No requests that you can decide." in page
    assert "Each queue has a team, each team a queue and a lead." in page


def test_it_shows_requests_that_wait(admin):
    team = make.team("research")
    for number in range(6):
        make.approval(make.submission(make.member(team), name=f"request-{number}"))
    page = home(admin)

    assert "Waiting for approval (6)" in page
    assert "request-0" in page
    assert "request-5" not in page
    assert f'href="{reverse("approvals_of_all")}">All requests' in page


def test_it_shows_queues_and_teams_that_lack_each_other(admin):
    make.queue("lonely")
    make.queue("gone", removed_at=now())
    make.team("idle")
    make.team("off", active=False)
    make.member(make.team("led"), "lead")
    page = home(admin)

    assert f'{reverse("admin:jobs_queue_changelist")}?team=none">1 queue without a team' in page
    assert f'{reverse("admin:jobs_team_changelist")}?missing=queue&active__exact=1">2 teams without a queue' in page
    assert f'{reverse("admin:jobs_team_changelist")}?missing=lead&active__exact=1">1 team without a lead' in page


def test_it_costs_the_same_for_many_accounts_and_requests(admin, django_assert_max_num_queries):
    for _ in range(8):
        account = make.account()
        make.job(make.submission(where=account), state="RUNNING")
        make.approval(make.submission())
    with django_assert_max_num_queries(18):
        home(admin)


def test_an_account_is_connected_once_and_its_times_have_units(admin):
    account = make.account(name="Production", region="eu-west-1", endpoint_url="", quarantine_seconds=600)
    form = {"name": "Again", "region": "eu-west-1", "number": account.number, "active": "on", "access": "default"}
    form |= {
        "quarantine_seconds": "10 min",
        "poll_seconds": "15 s",
        "submits_per_second": "40",
        "cost_explorer_requests": "0",
    }
    page = html.unescape(admin.post(reverse("admin:jobs_account_add"), form).content.decode())
    assert "Production (eu-west-1) already connects this account in this region." in page

    assert admin.post(reverse("admin:jobs_account_add"), form | {"region": "eu-west-2"}).status_code == 302
    url = reverse("admin:jobs_account_change", args=[account.pk])
    assert 'value="10 min"' in admin.get(url).content.decode()
    assert admin.post(url, form | {"name": "Production", "poll_seconds": "1 min"}).status_code == 302
    account.refresh_from_db()
    assert (account.poll_seconds, account.quarantine_seconds) == (60, 600)
