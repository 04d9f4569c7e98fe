from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now

from jobs.models import CostLine
from jobs.reports import dashboard
from jobs.states import Delivery, State
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def submission():
    return make.submission(make.member())


def cost(job, usd, day):
    return CostLine.objects.create(
        job=job,
        attempt=job.cost_lines.count() + 1,
        day=day,
        team=job.team,
        account=job.account,
        queue=job.queue,
        definition=job.revision.definition,
        person=job.submission.person,
        succeeded=True,
        billed_seconds=60,
        usd=Decimal(usd),
    )


def test_what_runs_and_what_ended_are_told_apart_and_mine_from_the_teams(submission):
    running = make.job(submission, state=State.RUNNING)
    done = make.job(submission, state=State.SUCCEEDED, ended_at=now())
    theirs = make.job(make.submission(make.member(submission.team)), state=State.RUNNING)

    assert dashboard.active_jobs(submission.team, submission.person) == [running]
    assert dashboard.active_jobs(submission.team) == [theirs, running]
    assert dashboard.recently_ended_jobs(submission.team) == [done]


def test_failures_are_grouped_by_definition_and_cause(submission):
    for _ in range(3):
        make.job(submission, state=State.FAILED, exit_code=137, container_reason="OutOfMemoryError", ended_at=now())
    make.job(submission, state=State.FAILED, exit_code=1, status_reason="Essential container", ended_at=now())
    make.job(submission, delivery=Delivery.REFUSED, delivery_note="No such role (request r-1)", ended_at=now())
    make.job(submission, state=State.STOPPED, ended_at=now())
    make.job(submission, state=State.FAILED, exit_code=2, ended_at=now() - timedelta(days=8))

    found = [
        (each.cause, each.count)
        for each in dashboard.action_items(
            submission.team, dashboard.job_counts(submission.team), submission.person
        ).failures
    ]

    assert found[0] == ("exit code 137, OutOfMemoryError", 3)
    assert sorted(found[1:]) == [("No such role", 1), ("exit code 1, Essential container", 1)]


def test_a_job_that_waits_unusually_long_needs_someone(submission):
    make.job(submission, state=State.RUNNABLE, submitted_at=now() - timedelta(minutes=5))
    stuck = make.job(submission, state=State.RUNNABLE, submitted_at=now() - timedelta(hours=2))
    needs = dashboard.action_items(submission.team, dashboard.job_counts(submission.team), submission.person)

    assert needs.waiting == [stuck]
    assert not needs.is_empty


def test_what_does_not_fit_is_counted_and_a_link_leads_to_all_of_it(client, submission):
    lead = make.member(submission.team, "lead").user
    fits, more = dashboard.MAX_ROWS, dashboard.MAX_ROWS + 3
    for number in range(more):
        make.job(submission, state=State.FAILED, exit_code=number + 1, ended_at=now())
        make.job(submission, state=State.RUNNABLE, submitted_at=now() - timedelta(hours=2))
        make.approval(make.submission(make.member(submission.team)))
    needs = dashboard.action_items(submission.team, dashboard.job_counts(submission.team), lead)
    client.force_login(lead)
    page = client.get(f"/teams/{submission.team.slug}/home/").content.decode()

    assert [len(needs.failures), len(needs.waiting), len(needs.approvals)] == [fits] * 3
    assert [needs.failure_group_count, needs.waiting_count, needs.approval_count] == [more] * 3
    for words in ("failure causes", "waiting jobs", "requests"):
        assert f"{fits} of {more} {words}. <a href=" in page
    assert "?status=FAILED&amp;status=REFUSED&amp;status=LOST&amp;from=" in page.replace(
        "&status", "&amp;status"
    ).replace("&from", "&amp;from")


@pytest.mark.parametrize("number", [1, 8])
def test_a_full_table_of_jobs_has_a_link_to_all(client, submission, number):
    for _ in range(number):
        make.job(submission, state=State.RUNNING)
        make.job(submission, state=State.SUCCEEDED, ended_at=now())
    client.force_login(submission.person)
    page = client.get(f"/teams/{submission.team.slug}/home/").content.decode()

    for address in (
        f"?person={submission.person.username}",
        f"status=SUBMITTED&amp;person={submission.person.username}",
    ):
        assert (f'{address}">All ' in page) is (number == 8)


def test_with_nothing_wrong_nobody_is_needed(submission):
    make.job(submission, state=State.SUCCEEDED, ended_at=now())

    assert dashboard.action_items(submission.team, dashboard.job_counts(submission.team), submission.person).is_empty


def test_spending_is_this_month_beside_the_last_up_to_the_same_day(submission, time_machine):
    time_machine.move_to("2026-03-31T12:00Z")
    job = make.job(submission, state=State.SUCCEEDED)
    cost(job, "1.50", date(2026, 3, 1))
    cost(job, "0.25", date(2026, 3, 31))
    cost(job, "4", date(2026, 2, 28))
    cost(job, "9", date(2026, 1, 31))

    spending = dashboard.spending(submission.team)

    assert (spending.month, spending.before) == (Decimal("1.75"), Decimal(4))
    assert spending.top_definitions == [("hello", Decimal("1.75"))]


@pytest.mark.parametrize(("role", "needed"), [("analyst", False), ("lead", True)])
def test_a_lead_is_told_what_needs_them(client, submission, role, needed):
    client.force_login(make.member(submission.team, role).user)

    page = client.get(f"/teams/{submission.team.slug}/home/").content.decode()

    assert ("Needs attention" in page) is needed
    assert page.count("Submit your first job") == 1
    assert "My active jobs" not in page
    assert "My recent jobs" not in page


def test_the_jobs_of_the_home_page_have_their_cost(client, submission):
    job = make.job(submission, state=State.SUCCEEDED, ended_at=now())
    cost(job, "1.50", date(2026, 3, 1))
    cost(job, "0.0000000001", date(2026, 3, 2))
    client.force_login(submission.person)

    page = client.get(f"/teams/{submission.team.slug}/home/").content.decode()

    assert 'title="Estimate: $1.5000000001"' in page
    assert "Submit your first job" not in page


def test_someone_with_one_team_arrives_there(client, submission):
    client.force_login(submission.person)

    assert client.get("/").url == f"/teams/{submission.team.slug}/home/"


@pytest.mark.long
def test_the_page_costs_the_same_however_many_jobs_there_are(client, submission, django_assert_num_queries):
    client.force_login(make.member(submission.team, "lead").user)
    for number in (1, 12):
        for _ in range(number):
            make.job(submission, state=State.RUNNING)
            make.job(submission, state=State.FAILED, ended_at=now())
        client.get(f"/teams/{submission.team.slug}/home/")
        with django_assert_num_queries(17):
            client.get(f"/teams/{submission.team.slug}/home/")
