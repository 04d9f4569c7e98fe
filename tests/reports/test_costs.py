from decimal import Decimal

import pytest
from django.core.management import call_command

from jobs.models import Job
from jobs.reports import costs
from jobs.reports.costs import Grouping
from jobs.reports.job_search import Scope, search_rows
from jobs.reports.months import Month
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


def cost_rows(report):
    return [(row.label, row.usd, row.jobs) for row in report.rows]


def test_a_month_is_divided_by_a_tag_and_the_untagged_stand_last(submission):
    past.job(submission, "2026-11-03", 1, tags={"Project": "ALPHA"})
    past.job(submission, "2026-11-30", 3, tags={"Project": "BETA"})
    past.job(submission, "2026-11-04", 10)
    past.job(submission, "2026-12-01", 100, tags={"Project": "ALPHA"})

    report = costs.cost_report(submission.team, NOVEMBER, PROJECT)

    assert cost_rows(report) == [
        ("BETA", Decimal("0.15"), 1),
        ("ALPHA", Decimal("0.05"), 1),
        ("Untagged", Decimal("0.5"), 1),
    ]
    assert (report.total.usd, report.total.jobs, report.attempts) == (Decimal("0.70"), 3, 3)


def test_untagged_is_said_when_there_is_none(submission):
    past.job(submission, "2026-11-03", 1, tags={"Project": "ALPHA"})

    assert cost_rows(costs.cost_report(submission.team, NOVEMBER, PROJECT))[-1] == ("Untagged", 0, 0)


def test_a_tag_without_a_value_is_not_untagged(submission):
    past.job(submission, "2026-11-03", 1, tags={"Project": ""})

    assert [(label, jobs) for label, _, jobs in cost_rows(costs.cost_report(submission.team, NOVEMBER, PROJECT))] == [
        ("(empty)", 1),
        ("Untagged", 0),
    ]


def test_retries_are_one_job_and_failed_attempts_are_said(submission):
    past.job(submission, "2026-11-03", 2, 1, tags={"Project": "ALPHA"})
    past.job(submission, "2026-11-03", 4, tags={"Project": "ALPHA"}, state=State.FAILED)

    row = costs.cost_report(submission.team, NOVEMBER, PROJECT).rows[0]
    assert (row.jobs, row.usd, row.failed_usd) == (2, Decimal("0.35"), Decimal("0.3"))


def test_the_month_before_is_compared_with(submission):
    past.job(submission, "2026-10-31", 2, tags={"Project": "ALPHA"})
    past.job(submission, "2026-10-31", 2, tags={"Project": "GONE"})
    past.job(submission, "2026-11-01", 3, tags={"Project": "ALPHA"})
    past.job(submission, "2026-11-01", 3, tags={"Project": "NEW"})

    rows = {row.label: row for row in costs.cost_report(submission.team, NOVEMBER, PROJECT).rows}
    assert rows["ALPHA"].change == 50
    assert rows["NEW"].change is None
    assert (rows["GONE"].usd, rows["GONE"].change, rows["GONE"].jobs) == (Decimal(0), Decimal(-100), 0)


def test_another_team_has_its_own_costs(submission):
    past.job(make.submission(), "2026-11-03", 1, tags={"Project": "ALPHA"})

    assert costs.cost_report(submission.team, NOVEMBER, PROJECT).total.usd == 0
    assert costs.tag_keys(submission.team, NOVEMBER) == []


def test_the_loudest_seven_have_a_colour_and_the_rest_are_others(submission):
    for number in range(10):
        past.job(submission, "2026-11-03", 10 - number, tags={"Project": f"P{number}"})
    past.job(submission, "2026-11-04", 1)

    series = costs.cost_report(submission.team, NOVEMBER, PROJECT).series
    assert [(each.label, each.colour) for each in series] == [
        *[(f"P{number}", str(number + 1)) for number in range(7)],
        ("Others", "others"),
        ("Untagged", "untagged"),
    ]
    assert series[7].days[2] == Decimal("0.05") * (3 + 2 + 1)


def test_many_values_are_shown_as_a_hundred_and_the_rest_together(submission, monkeypatch):
    monkeypatch.setattr(costs, "MAX_ROWS", 2)
    for number in range(5):
        past.job(submission, "2026-11-03", 5 - number, tags={"Project": f"P{number}"})

    report = costs.cost_report(submission.team, NOVEMBER, PROJECT)
    assert [row.label for row in report.visible_rows] == ["P0", "P1", "3 other values", "Untagged"]
    assert sum(row.usd for row in report.visible_rows) == report.total.usd


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
def test_every_division_adds_up_to_the_same_total_to_the_last_digit(two_months):
    month = Month.containing(Job.objects.order_by("-accepted_at").first().accepted_at).previous
    expected = past.total_usd(team=two_months, day__range=(month.first, month.last))
    keys = costs.tag_keys(two_months, month)
    assert {"Department", "Project", "CostCenter"} <= set(keys)

    for by in [
        *(Grouping("tag", key) for key in keys),
        Grouping("queue"),
        Grouping("definition"),
        Grouping("person"),
        Grouping("tag", "Nobody"),
    ]:
        report = costs.cost_report(two_months, month, by)
        assert sum(row.usd for row in report.rows) == expected == report.total.usd
        assert sum(sum(each.days) for each in report.series) == expected
        assert sum(row.failed_usd for row in report.rows) == report.total.failed_usd
        assert (
            report.total.jobs
            == Job.objects.filter(cost_lines__day__range=(month.first, month.last)).distinct().count()
        )


@pytest.mark.long
@pytest.mark.parametrize("by", WAYS, ids=str)
def test_the_jobs_behind_a_row_are_as_many_and_cost_as_much(two_months, by):
    month = Month.containing(Job.objects.order_by("-accepted_at").first().accepted_at).previous
    report = costs.cost_report(two_months, month, by)
    assert len(report.rows) > 1

    for row in report.rows:
        condition = Term("untagged", ("Project",)) if row.value is None else Term(WAYS[by], (row.value,))
        search = Search((condition, Term("month", (str(month),))))
        behind = list(search_rows(Scope(make.admin(), two_months), search))
        assert len(behind) == row.jobs
        assert sum(each.usd or 0 for each in behind) == row.usd
