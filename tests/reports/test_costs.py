from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.management import call_command

from jobs.models import Job, JobTag, cost_total
from jobs.reports import costs
from jobs.reports.costs import Grouping, cross, report
from jobs.reports.costs.running import running_costs
from jobs.reports.costs.sums import segments
from jobs.reports.job_search import Scope, search_rows
from jobs.reports.months import Month
from jobs.reports.periods import Period, PeriodKind
from jobs.search import Search, Term
from jobs.states import State
from tests import make
from tests.reports import past

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOVEMBER = Month(2026, 11)
PROJECT = Grouping("tag", "Project")

WAYS = {Grouping("queue"): "queue", Grouping("definition"): "def", Grouping("person"): "user", PROJECT: "tag.Project"}
"""Keys of searches."""


@pytest.fixture(autouse=True)
def _rates():
    past.rates()


@pytest.fixture
def submission():
    return make.submission()


def report_of(team, month, by):
    return costs.cost_report(costs.CostReader.of([team]), Period.of_month(month), by, date(2020, 1, 1))


def tag_keys(team, month):
    return costs.CostReader([team.pk]).tag_keys(Period.of_month(month))


def cost_rows(report):
    return [(row.label, row.usd, row.jobs) for row in report.rows]


def test_a_month_is_divided_by_a_tag_and_the_untagged_stand_last(submission):
    past.job(submission, "2026-11-03", 1, tags={"Project": "ALPHA"})
    past.job(submission, "2026-11-30", 3, tags={"Project": "BETA"})
    past.job(submission, "2026-11-04", 10)
    past.job(submission, "2026-12-01", 100, tags={"Project": "ALPHA"})

    report = report_of(submission.team, NOVEMBER, PROJECT)

    assert cost_rows(report) == [
        ("BETA", Decimal("0.15"), 1),
        ("ALPHA", Decimal("0.05"), 1),
        ("Untagged", Decimal("0.5"), 1),
    ]
    assert (report.total.usd, report.total.jobs, report.attempts) == (Decimal("0.70"), 3, 3)


def test_untagged_is_said_when_there_is_none(submission):
    past.job(submission, "2026-11-03", 1, tags={"Project": "ALPHA"})

    assert cost_rows(report_of(submission.team, NOVEMBER, PROJECT))[-1] == ("Untagged", 0, 0)


def test_a_tag_without_a_value_is_not_untagged(submission):
    past.job(submission, "2026-11-03", 1, tags={"Project": ""})

    assert [(label, jobs) for label, _, jobs in cost_rows(report_of(submission.team, NOVEMBER, PROJECT))] == [
        ("(empty)", 1),
        ("Untagged", 0),
    ]


def test_retries_are_one_job_and_failed_attempts_are_said(submission):
    past.job(submission, "2026-11-03", 2, 1, tags={"Project": "ALPHA"})
    past.job(submission, "2026-11-03", 4, tags={"Project": "ALPHA"}, state=State.FAILED)

    row = report_of(submission.team, NOVEMBER, PROJECT).rows[0]
    assert (row.jobs, row.usd, row.failed_usd) == (2, Decimal("0.35"), Decimal("0.3"))


def test_the_month_before_is_compared_with(submission):
    past.job(submission, "2026-10-31", 2, tags={"Project": "ALPHA"})
    past.job(submission, "2026-10-31", 2, tags={"Project": "GONE"})
    past.job(submission, "2026-11-01", 3, tags={"Project": "ALPHA"})
    past.job(submission, "2026-11-01", 3, tags={"Project": "NEW"})

    rows = {row.label: row for row in report_of(submission.team, NOVEMBER, PROJECT).rows}
    assert rows["ALPHA"].change == 50
    assert rows["NEW"].change is None
    assert (rows["GONE"].usd, rows["GONE"].change, rows["GONE"].jobs) == (Decimal(0), Decimal(-100), 0)


def test_another_team_has_its_own_costs(submission):
    past.job(make.submission(), "2026-11-03", 1, tags={"Project": "ALPHA"})

    assert report_of(submission.team, NOVEMBER, PROJECT).total.usd == 0
    assert tag_keys(submission.team, NOVEMBER) == []


def test_the_loudest_seven_have_a_colour_and_the_rest_are_others(submission):
    for number in range(10):
        past.job(submission, "2026-11-03", 10 - number, tags={"Project": f"P{number}"})
    past.job(submission, "2026-11-04", 1)

    series = report_of(submission.team, NOVEMBER, PROJECT).series
    assert [(each.label, each.colour) for each in series] == [
        *[(f"P{number}", str(number + 1)) for number in range(7)],
        ("Others", "others"),
        ("Untagged", "untagged"),
    ]
    assert series[7].days[2] == Decimal("0.05") * (3 + 2 + 1)


def test_many_values_are_shown_as_a_hundred_and_the_rest_together(submission, monkeypatch):
    monkeypatch.setattr(report, "MAX_ROWS", 2)
    for number in range(5):
        past.job(submission, "2026-11-03", 5 - number, tags={"Project": f"P{number}"})

    november = report_of(submission.team, NOVEMBER, PROJECT)
    assert [row.label for row in november.visible_rows] == ["P0", "P1", "3 other values", "Untagged"]
    assert sum(row.usd for row in november.visible_rows) == november.total.usd


@pytest.fixture
def two_months(submission):
    """Some hundred believable jobs in November and October, of a team with two queues, people and definitions."""
    team, account = submission.team, submission.account
    for name in ("cpu-queue", "gpu-queue"):
        make.queue(name, of=account, teams=(team,))
    for name in ("model-training", "data-preprocessing"):
        make.revision(name, of=team, where=account)
    make.member(team)
    call_command("seed_history", jobs=400, years=0.15, team=[team.slug], seed=3, verbosity=0)
    return team


@pytest.mark.long
@pytest.mark.postgres_itself
def test_every_division_adds_up_to_the_same_total_to_the_last_digit(two_months):
    month = Month.containing(Job.objects.order_by("-accepted_at").first().accepted_at).previous
    expected = past.total_usd(team=two_months, day__range=(month.first, month.last))
    keys = tag_keys(two_months, month)
    assert {"Department", "Project", "CostCenter"} <= set(keys)

    for by in [
        *(Grouping("tag", key) for key in keys),
        Grouping("queue"),
        Grouping("definition"),
        Grouping("person"),
        Grouping("tag", "Nobody"),
    ]:
        report = report_of(two_months, month, by)
        assert sum(row.usd for row in report.rows) == expected == report.total.usd
        assert sum(sum(each.days) for each in report.series) == expected
        assert sum(row.failed_usd for row in report.rows) == report.total.failed_usd
        assert (
            report.total.jobs
            == Job.objects.filter(cost_lines__day__range=(month.first, month.last)).distinct().count()
        )


@pytest.mark.long
@pytest.mark.postgres_itself
@pytest.mark.parametrize("by", WAYS, ids=str)
def test_the_jobs_behind_a_row_are_as_many_and_cost_as_much(two_months, by):
    month = Month.containing(Job.objects.order_by("-accepted_at").first().accepted_at).previous
    report = report_of(two_months, month, by)
    assert len(report.rows) > 1

    for row in report.rows:
        condition = Term("untagged", ("Project",)) if row.value is None else Term(WAYS[by], (row.value,))
        search = Search((condition, Term("month", (str(month),))))
        behind = list(search_rows(Scope(make.admin(), two_months), search))
        assert len(behind) == row.jobs
        assert sum(each.usd or 0 for each in behind) == row.usd


# -- Periods


def test_a_period_of_any_days_is_read_from_whole_months_and_the_days_beside_them(submission):
    for day, hours in (
        ("2026-09-29", 1),
        ("2026-09-30", 2),
        ("2026-10-15", 4),
        ("2026-11-01", 8),
        ("2026-11-02", 16),
    ):
        past.job(submission, day, hours, tags={"Project": "ALPHA"} if hours != 4 else None)

    period = Period.custom(date(2026, 9, 30), date(2026, 11, 1))
    for by in (PROJECT, Grouping("queue"), Grouping("state"), Grouping("account"), Grouping("instance")):
        report = costs.cost_report(costs.CostReader.of([submission.team]), period, by, date(2020, 1, 1))
        assert report.total.usd == sum(row.usd for row in report.rows) == Decimal("0.70")
        assert sum(sum(each.days) for each in report.series) == Decimal("0.70")
    assert [part.period for part in segments(period)] == ["D", "M", "D"]


@pytest.mark.parametrize(
    ("kind", "first", "last", "before"),
    [
        (PeriodKind.DAY, "2026-03-04", "2026-03-04", "2026-03-03"),
        (PeriodKind.WEEK, "2026-03-02", "2026-03-08", "2026-02-23"),
        (PeriodKind.MONTH, "2026-03-01", "2026-03-31", "2026-02-01"),
        (PeriodKind.QUARTER, "2026-01-01", "2026-03-31", "2025-10-01"),
        (PeriodKind.YEAR, "2026-01-01", "2026-12-31", "2025-01-01"),
    ],
)
def test_a_period_of_the_calendar_has_one_before_and_one_after(kind, first, last, before):
    period = Period.containing(kind, date(2026, 3, 4))

    assert (str(period.first), str(period.last), str(period.previous.first)) == (first, last, before)
    assert period.previous.next == period
    assert period.next.previous == period


def test_long_periods_have_a_bar_for_each_week_or_month(submission):
    past.job(submission, "2026-02-03", 2)
    past.job(submission, "2026-12-31", 4)

    def bars(first, last):
        report = costs.cost_report(
            costs.CostReader.of([submission.team]), Period.custom(first, last), PROJECT, date(2020, 1, 1)
        )
        return {str(bar.first): usd for bar, usd in zip(report.bars, report.series[0].days, strict=True) if usd}

    assert bars(date(2026, 1, 7), date(2026, 4, 1)) == {"2026-02-02": Decimal("0.1")}
    assert bars(date(2026, 1, 7), date(2026, 12, 31)) == {"2026-02-01": Decimal("0.1"), "2026-12-01": Decimal("0.2")}


# -- Teams, pairs, and what is running


def test_costs_of_all_teams_are_those_of_each(submission):
    other = make.submission()
    past.job(submission, "2026-11-03", 1, tags={"Project": "ALPHA"})
    past.job(other, "2026-11-03", 2, tags={"Project": "ALPHA"})
    past.job(make.submission(), "2026-11-03", 100)
    teams, period = [submission.team, other.team], Period.of_month(NOVEMBER)

    by_team = costs.cost_report(costs.CostReader.of(teams), period, Grouping("team"), date(2020, 1, 1))
    assert [(row.label, row.usd) for row in by_team.rows] == [
        (other.team.name, Decimal("0.1")),
        (submission.team.name, Decimal("0.05")),
    ]
    by_tag = costs.cost_report(costs.CostReader.of(teams), period, PROJECT, date(2020, 1, 1))
    assert [(row.label, row.usd) for row in by_tag.rows] == [("ALPHA", Decimal("0.15")), ("Untagged", 0)]


@pytest.mark.parametrize("days", [("2026-11-01", "2026-11-30"), ("2026-11-02", "2026-11-29")])
def test_two_groupings_are_crossed_with_what_is_untagged_in_either(submission, days):
    past.job(submission, "2026-11-03", 1, tags={"Project": "ALPHA", "Stage": "dev"})
    past.job(submission, "2026-11-03", 2, tags={"Project": "BETA"})
    past.job(submission, "2026-11-03", 4, tags={"Stage": "dev"})
    past.job(submission, "2026-11-03", 8)
    period = Period.custom(*map(date.fromisoformat, days))

    def cells(*groupings):
        table = costs.cross_table(costs.CostReader.of([submission.team]), period, groupings, date(2020, 1, 1))
        assert table.total.usd == Decimal("0.75")
        rows = {row.label: dict(zip(table.columns, row.cells, strict=True)) for row in table.rows}
        return {row: {name: int(usd * 20) for name, usd in of_row.items() if usd} for row, of_row in rows.items()}

    stage = Grouping("tag", "Stage")
    assert cells(PROJECT, stage) == {
        "BETA": {"Untagged": 2},
        "ALPHA": {"dev": 1},
        "Untagged": {"dev": 4, "Untagged": 8},
    }
    assert cells(stage, PROJECT) == {"dev": {"ALPHA": 1, "Untagged": 4}, "Untagged": {"BETA": 2, "Untagged": 8}}
    assert cells(PROJECT, Grouping("state"))["Untagged"] == {"Succeeded": 12}
    assert cells(Grouping("team"), stage)[submission.team.name] == {"dev": 5, "Untagged": 10}


def test_values_beyond_the_first_are_combined_in_a_crossed_table(submission, monkeypatch):
    monkeypatch.setattr(cross, "MAX_COLUMNS", 1)
    for number in range(3):
        past.job(submission, "2026-11-03", 3 - number, tags={"Project": f"P{number}"})

    groupings = Grouping("state"), PROJECT
    teams, period, today = [submission.team], Period.of_month(NOVEMBER), date(2020, 1, 1)
    short = costs.cross_table(costs.CostReader.of(teams), period, groupings, today)
    assert short.columns == ["P0", "Others", "Untagged"]
    assert [row.cells for row in short.rows] == [[Decimal("0.15"), Decimal("0.15"), 0]]
    whole = costs.cross_table(
        costs.CostReader.of(teams), Period.of_month(NOVEMBER), groupings, date(2020, 1, 1), is_short=False
    )
    assert whole.columns == ["P0", "P1", "P2", "Untagged"]


def test_a_tag_with_too_many_values_is_read_from_the_lines(submission, monkeypatch):
    monkeypatch.setattr(cost_total, "MAX_TAG_VALUES", 1)
    past.job(submission, "2026-11-03", 1, tags={"Project": "ALPHA"})
    past.job(submission, "2026-11-04", 2, tags={"Project": "BETA"})
    past.job(submission, "2026-11-04", 4)

    report = report_of(submission.team, NOVEMBER, PROJECT)
    assert not report.is_summed
    assert cost_rows(report) == [
        ("BETA", Decimal("0.1"), 1),
        ("ALPHA", Decimal("0.05"), 1),
        ("Untagged", Decimal("0.2"), 1),
    ]
    assert {each.label: sum(each.days) for each in report.series} == {row.label: row.usd for row in report.rows}


def test_running_jobs_count_today_with_their_cost_so_far(submission):
    started = datetime(2026, 11, 3, 12, tzinfo=UTC)
    running = {"state": State.RUNNING, "started_at": started, "vcpus": Decimal(1), "memory_mib": 1024}
    job = make.job(submission, **running)
    make.job(submission, array_size=3, **running)
    JobTag.objects.create(job=job, team=job.team, key="Project", value="ALPHA")
    with time_machine.travel(started + timedelta(hours=2), tick=False):
        report = costs.cost_report(
            costs.CostReader.of([submission.team]), Period.of_month(NOVEMBER), PROJECT, started.date()
        )

    assert [(row.label, row.usd, row.running_usd) for row in report.rows] == [
        ("ALPHA", Decimal(0), Decimal("0.1")),
        ("Untagged", Decimal(0), Decimal(0)),
    ]
    assert (report.total.spent, report.running.unpriced) == (Decimal("0.1"), 1)
    assert report.series[0].days[2] == Decimal("0.1")
    october = costs.cost_report(
        costs.CostReader.of([submission.team]), Period.of_month(NOVEMBER.previous), PROJECT, started.date()
    )
    assert october.total.spent == 0


def test_running_costs_of_two_hundred_teams_have_a_cache_key_of_usual_length(submission):
    teams = [submission.team_id, *range(10**9, 10**9 + 199)]

    assert running_costs(teams).units == 0


def test_secret_values_of_tags_are_masked(submission):
    past.job(submission, "2026-11-03", 1, tags={"password": "hunter2"})

    (row, _) = report_of(submission.team, NOVEMBER, Grouping("tag", "password")).rows
    assert "hunter2" not in (row.label, row.value)
    assert not row.is_searchable
