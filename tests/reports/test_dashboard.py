from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils.timezone import now

from jobs.causes import Cause
from jobs.models import Budget, CostLine
from jobs.models.cost_total import add_costs
from jobs.models.job_failure import add_failures, family_key
from jobs.pricing import exact_sum
from jobs.reports import attention, dashboard
from jobs.reports.budgets import budget_panel
from jobs.reports.costs import CostReader, period_forecast
from jobs.reports.months import Month
from jobs.reports.periods import Period
from jobs.states import Delivery, State
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

POLL_QUERIES = {"home": (8, 19), "team_home": (7, 25)}
"""Of a poll without a change, and with one."""


@pytest.fixture
def submission():
    return make.submission(make.member())


def needs_of(submission, user=None):
    team, live = submission.team, attention.live_jobs(submission.team)
    counts, usual = attention.job_counts(team), live.statistics(team)
    return attention.action_items(team, user or submission.person, counts, live, usual)


def failed(submission, cause=Cause.APPLICATION_ERROR, exit_code=1, **fields):
    job = make.job(submission, **{"state": State.FAILED, "exit_code": exit_code, "ended_at": now(), **fields})
    add_failures([job])
    job.failures.update(cause=cause, exit_code=exit_code, family=family_key(cause, exit_code, ""))
    return job


def cost(job, usd, day):
    line = CostLine.objects.create(
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
    add_costs([line])


def test_what_runs_and_what_ended_are_told_apart_and_mine_from_the_teams(submission):
    running = make.job(submission, state=State.RUNNING)
    done = make.job(submission, state=State.SUCCEEDED, ended_at=now())
    theirs = make.job(make.submission(make.member(submission.team)), state=State.RUNNING)

    def jobs(lines):
        return [line.job for line in lines]

    assert jobs(dashboard.active_jobs(submission.team, submission.person)) == [running]
    assert jobs(dashboard.active_jobs(submission.team)) == [theirs, running]
    assert jobs(dashboard.recently_ended_jobs(submission.team)) == [done]
    assert jobs(dashboard.own_active_jobs(submission.person)) == [running]


def test_failures_are_grouped_by_cause(client, submission):
    for _ in range(3):
        failed(submission, Cause.OUT_OF_MEMORY, 137)
    last = failed(submission, Cause.REFUSED, None, delivery=Delivery.REFUSED, state="")
    failed(submission, exit_code=2, ended_at=now() - timedelta(days=8))
    make.job(submission, state=State.STOPPED, ended_at=now())
    client.force_login(make.member(submission.team, "lead").user)
    page = client.get(f"/teams/{submission.team.slug}/home/")
    families = page.context["action_items"].failures.families

    assert [(family.cause, family.job_count) for family in families] == [("out-of-memory", 3), ("refused", 1)]
    assert f"search=family%3A{families[0].key}" in page.content.decode()
    assert last.get_absolute_url() in page.content.decode()


def ended_runs(submission, waited, ran):
    """Three jobs that tell what is usual."""
    for _ in range(3):
        start = now() - timedelta(days=1)
        times = {"submitted_at": start - waited, "started_at": start, "stopped_at": start + ran}
        make.job(submission, state=State.SUCCEEDED, ended_at=start + ran, **times)


def test_where_nothing_is_usual_yet_a_job_that_waits_for_an_hour_needs_someone(submission):
    make.job(submission, state=State.RUNNABLE, submitted_at=now() - timedelta(minutes=55))
    make.job(submission, state=State.RUNNING, started_at=now() - timedelta(days=3))
    stuck = make.job(submission, state=State.RUNNABLE, submitted_at=now() - timedelta(hours=2))
    needs = needs_of(submission)

    assert [item.job for item in needs.waiting] == [stuck]
    assert needs.running == []
    assert not needs.is_empty


def test_jobs_far_beyond_what_is_usual_need_someone_the_longest_first(submission):
    ended_runs(submission, waited=timedelta(minutes=4), ran=timedelta(minutes=40))
    waits = [
        make.job(submission, state=State.RUNNABLE, submitted_at=now() - timedelta(minutes=minutes))
        for minutes in (7, 12, 20)
    ]
    runs = [
        make.job(submission, state=State.RUNNING, started_at=now() - timedelta(minutes=minutes))
        for minutes in (70, 90, 120)
    ]
    make.job(submission, state=State.RUNNING, started_at=now() - timedelta(days=3), array_size=2)
    needs = needs_of(submission)

    assert [item.job for item in needs.waiting] == [waits[2], waits[1]]
    assert [item.job for item in needs.running] == [runs[2], runs[1]]
    assert needs.running[0].progress.median == 40 * 60


def test_a_job_that_can_never_start_needs_someone_at_once(submission):
    place = {"computeEnvironmentName": "ce", "computeResources": {"type": "EC2", "maxvCpus": 16}}
    queue = make.queue("small", of=submission.account, environments=[place])
    fields = {"state": State.RUNNABLE, "queue": queue, "memory_mib": 512, "submitted_at": now() - timedelta(hours=2)}
    large, small = (make.job(submission, vcpus=vcpus, **fields) for vcpus in (32, 2))
    needs = needs_of(submission)

    assert [job for job, _ in needs.unstartable] == [large]
    assert [item.job for item in needs.waiting] == [small]


def test_a_short_time_needs_nobody_however_short_is_usual(submission):
    ended_runs(submission, waited=timedelta(seconds=1), ran=timedelta(seconds=2))
    make.job(submission, state=State.RUNNABLE, submitted_at=now() - timedelta(minutes=4))
    make.job(submission, state=State.RUNNING, started_at=now() - timedelta(minutes=4))

    assert needs_of(submission).is_empty


def test_what_does_not_fit_is_counted_and_a_link_leads_to_all_of_it(client, submission):
    lead = make.member(submission.team, "lead").user
    fits, more = attention.MAX_ROWS, attention.MAX_ROWS + 3
    for number in range(more):
        failed(submission, exit_code=number + 1)
        make.job(submission, state=State.RUNNABLE, submitted_at=now() - timedelta(hours=2))
        make.approval(make.submission(make.member(submission.team)))
    needs = needs_of(submission, lead)
    client.force_login(lead)
    page = client.get(f"/teams/{submission.team.slug}/home/").content.decode()

    assert [len(needs.failures.families), len(needs.waiting), len(needs.approvals)] == [fits] * 3
    assert [needs.failures.family_count, needs.waiting_count, needs.approval_count] == [more] * 3
    for words in ("failure causes", "waiting jobs", "requests"):
        assert f"{fits} of {more} {words}. <a href=" in page
    assert f'{reverse("failures", args=[submission.team.slug])}?since=7"' in page


@pytest.mark.parametrize("number", [1, 8])
def test_a_full_table_of_jobs_has_a_link_to_all(client, submission, number):
    for _ in range(number):
        make.job(submission, state=State.RUNNING)
        make.job(submission, state=State.SUCCEEDED, ended_at=now())
    client.force_login(submission.person)
    page = client.get(f"/teams/{submission.team.slug}/home/").content.decode()

    active = "?search=status%3APENDING%2CRUNNABLE%2CRUNNING%2CSTARTING%2CSUBMITTED"
    for address in ("jobs/?scope=mine", f"{active}&amp;scope=mine"):
        assert (f'{address}">All ' in page) is (number == 8)


def test_with_nothing_wrong_nobody_is_needed(submission):
    make.job(submission, state=State.SUCCEEDED, ended_at=now())

    assert needs_of(submission).is_empty


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
    assert spending.change == Decimal("-56.25")


def test_home_costs_and_budgets_forecast_the_same(submission, time_machine):
    make.member(submission.team, "lead")
    Budget.objects.create(team=submission.team, usd=100)
    Budget.objects.create(team=submission.team, usd=100, tag_key="Project", tag_value="GenAI")
    job = make.job(submission, state=State.SUCCEEDED)
    cost(job, "30", date(2026, 4, 2))
    time_machine.move_to("2026-04-08T12:00Z")
    member = submission.team.memberships.first()
    assert (dashboard.spending(submission.team).forecast, dashboard.spending(submission.team).change) == (None, None)
    assert [state.forecast for state in budget_panel(member).states] == [None, None]

    time_machine.move_to("2026-04-10T12:00Z")
    month = Period.of_month(Month(2026, 4))
    reader = CostReader.of([submission.team])
    on_costs = period_forecast(reader, month, exact_sum.units(Decimal(30)), now())

    # Of the 8 days since the first cost 6 were weekdays; of the 20 to come 14 are, and half of a Friday is left.
    assert on_costs.usd == 30 + Decimal("14.5") * 5
    assert dashboard.spending(submission.team).forecast == on_costs
    assert [state.forecast for state in budget_panel(member).states] == [on_costs.usd, None]


def test_on_the_last_day_the_forecasts_have_its_rest_and_what_runs(submission, time_machine):
    """To the month's end, of what runs the part with the tag of the budget."""
    member = make.member(submission.team, "lead")
    Budget.objects.create(team=submission.team, usd=100)
    Budget.objects.create(team=submission.team, usd=100, tag_key="Project", tag_value="GenAI")
    time_machine.move_to("2026-04-30T18:00Z", tick=False)
    job = make.job(submission, state=State.SUCCEEDED)
    job.tag_rows.create(team=submission.team, key="Project", value="GenAI")
    cost(job, "70", date(2026, 4, 22))
    make.job(submission, state=State.RUNNING, started_at=now() - timedelta(hours=1), vcpus=1, memory_mib=2048)

    spending = dashboard.spending(submission.team)
    states = budget_panel(member).states

    # Six of the eight days since the first cost were weekdays; a quarter of another is left.
    rest = exact_sum.usd(round(exact_sum.units(Decimal(70)) / 6 / 4))
    assert spending.running.units
    assert spending.forecast.usd == spending.month + rest
    assert [state.running for state in states] == [exact_sum.usd(spending.running.units), 0]
    assert [state.forecast for state in states] == [spending.forecast.usd, 70 + rest]


def test_running_jobs_count_in_this_month(submission):
    job = make.job(submission, state=State.SUCCEEDED)
    cost(job, "30", now().date())
    job = make.job(submission, state=State.RUNNING, started_at=now() - timedelta(hours=1), vcpus=1, memory_mib=2048)

    spending = dashboard.spending(submission.team)

    assert len(spending.running.jobs) == 1
    assert spending.month == 30 + exact_sum.usd(spending.running.units)
    assert spending.month > 30


@pytest.mark.parametrize(("role", "needed"), [("analyst", False), ("lead", True)])
def test_a_lead_is_told_what_needs_them(client, submission, role, needed):
    client.force_login(make.member(submission.team, role).user)

    page = client.get(f"/teams/{submission.team.slug}/home/").content.decode()

    assert ("Needs attention" in page) is needed
    assert page.count("Submit your first job") == 1
    assert "My active jobs" not in page
    assert "My recent jobs" not in page


def test_the_jobs_of_the_home_page_have_their_cost(client, submission):
    make.job(submission, state=State.SUCCEEDED, ended_at=now(), usd_units=15_000_000_001)
    client.force_login(submission.person)

    page = client.get(f"/teams/{submission.team.slug}/home/").content.decode()

    assert 'title="Estimate: $1.5000000001"' in page
    assert "Submit your first job" not in page


def test_someone_with_one_team_arrives_there(client, submission):
    client.force_login(submission.person)

    assert client.get("/").url == f"/teams/{submission.team.slug}/home/"


def test_the_home_of_several_teams_has_what_is_mine_in_all_of_them_and_what_they_need(client, submission):
    second = make.member(role="lead", who=submission.person).team
    for team in (submission.team, second):
        make.job(make.submission(make.member(team)), state=State.RUNNING)
    mine = make.job(submission, state=State.RUNNING)
    make.job(make.submission(make.member(second)), state=State.FAILED, ended_at=now())
    make.approval(make.submission(make.member(second)))
    idle = make.member(make.team(name="Aardvarks"), who=submission.person).team
    client.force_login(submission.person)
    page = client.get("/")
    cards = {card.team: card for card in page.context["cards"]}

    assert [line.job for line in page.context["active_jobs"]] == [mine]
    assert list(cards)[-1] == idle
    assert (cards[submission.team].active_jobs, cards[second].active_jobs) == (2, 1)
    assert (cards[second].failed_jobs, cards[second].approvals, cards[submission.team].approvals) == (1, 1, 0)
    assert page.context["summary"] is None
    assert "1 waiting for approval" in page.content.decode()


def test_the_home_of_staff_says_what_is_wrong_with_the_portal_even_with_one_team(client, submission):
    client.force_login(make.admin())
    page = client.get("/").content.decode()

    assert "Needs attention" in page
    assert "Clock" in page
    assert submission.team.name in page


def test_the_definitions_that_someone_uses_can_be_run_again_from_their_home(client, submission):
    make.job(submission, state=State.SUCCEEDED, ended_at=now())
    other = make.revision("archived", of=submission.team, where=submission.account)
    make.job(submission, revision=other, state=State.SUCCEEDED, ended_at=now())
    other.definition.archived_at = now()
    other.definition.save()
    client.force_login(submission.person)
    page = client.get(f"/teams/{submission.team.slug}/home/")

    assert [card.definition.name for card in page.context["definitions"]] == ["hello"]
    assert f'href="/teams/{submission.team.slug}/jobs/new/?definition=hello"' in page.content.decode()
    assert "definitions" not in client.get(f"/teams/{submission.team.slug}/home/?part=live").context


def test_a_card_counts_what_failed_also_for_staff_with_one_team(client, submission):
    for fields in (
        {"state": State.LOST},
        {"delivery": Delivery.REFUSED},
        {"state": State.FAILED, "superseded": True},
    ):
        make.job(submission, ended_at=now(), **fields)
    client.force_login(make.admin())

    assert [card.failed_jobs for card in client.get("/").context["cards"]] == [2]


@pytest.mark.parametrize("name", POLL_QUERIES)
def test_a_poll_reads_little_until_something_changes(
    client, submission, django_assert_num_queries, time_machine, name
):
    unchanged, changed = POLL_QUERIES[name]
    address = reverse(name, args=[submission.team.slug] if name == "team_home" else [])
    time_machine.move_to("2026-04-10T12:00:10Z", tick=False)
    client.force_login(make.admin() if name == "home" else make.member(submission.team, "lead").user)
    for number in range(12):
        make.job(submission, state=State.RUNNING)
        make.job(submission, state=State.RUNNABLE)
        failed(submission, exit_code=number)

    def poll(etag):
        return client.get(address, {"part": "live", "seen": etag})

    etag = client.get(address).context["etag"]
    with django_assert_num_queries(unchanged):
        assert poll(etag).status_code == 204
    make.job(submission, state=State.RUNNING)
    with django_assert_num_queries(changed):
        answer = poll(etag)
    assert (answer.status_code, answer.context["etag"] != etag) == (200, True)
    time_machine.move_to("2026-04-10T12:01:05Z", tick=False)
    assert poll(answer.context["etag"]).status_code == 200


@pytest.mark.long
def test_the_page_costs_the_same_however_many_jobs_there_are(
    client, submission, django_assert_num_queries, time_machine
):
    time_machine.move_to("2026-04-10T12:00Z")
    client.force_login(make.member(submission.team, "lead").user)
    for number in (1, 12):
        for _ in range(number):
            make.job(submission, state=State.RUNNING)
            failed(submission)
        client.get(f"/teams/{submission.team.slug}/home/")
        with django_assert_num_queries(28):
            client.get(f"/teams/{submission.team.slug}/home/")
