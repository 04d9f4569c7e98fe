from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from jobs import tasks
from jobs.models import CostBacklog, CostGroup, CostLine, CostTagKey, CostTotal, Job, cost_total
from jobs.models.cost_rebuild import months_with_costs, wrong_totals
from jobs.models.cost_total import ALL, DAY, MONTH, TAG, TAG_KEY, LineFacts, Part, add_costs, sum_lines
from tests import make
from tests.examples import examples
from tests.reports import past

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOVEMBER = date(2026, 11, 1)

TAGS = st.dictionaries(st.sampled_from(["Project", "Team"]), st.sampled_from(["A", "B", ""]))
DAYS = st.dates(date(2026, 10, 29), date(2026, 12, 2))
ATTEMPTS = st.lists(st.tuples(DAYS, st.integers(0, 10**12), st.booleans()), min_size=1, max_size=4)
JOBS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(1, 2), st.sampled_from(["SUCCEEDED", "FAILED"]), TAGS, ATTEMPTS),
    max_size=8,
)


@examples(20, 1_000)
@given(JOBS)
def test_totals_by_any_grouping_agree(jobs):
    lines = [
        LineFacts(
            job=number,
            attempt=attempt,
            day=day,
            team=1,
            account=1,
            queue=queue,
            definition=1,
            person=person,
            succeeded=succeeded,
            runs=1,
            billed_seconds=Decimal("1.5"),
            usd=Decimal(units).scaleb(-10),
            instance_type="m5.large" if succeeded else None,
            correction=None,
            state=state,
        )
        for number, (queue, person, state, _, attempts) in enumerate(jobs)
        for attempt, (day, units, succeeded) in enumerate(attempts, start=1)
    ]
    tags = {number: job[3] for number, job in enumerate(jobs)}
    keys = {(1, "Project"): CostTagKey(is_crossed=True), (1, "Team"): CostTagKey(is_crossed=True)}
    cells = sum_lines(lines, tags, keys)

    def total(period, *kinds):
        """Return the amounts of each start, over all values of these kinds."""
        sums: Counter[tuple[date, int]] = Counter()
        for (_, both, cell_period, start), amounts in cells.items():
            if cell_period == period and tuple((part.kind, part.key) for part in both) == kinds:
                for number, amount in enumerate(amounts):
                    sums[start, number] += amount
        return +sums

    none = ("", "")
    whole = {period: total(period, none, none) for period in (DAY, MONTH)}
    assert sum(count for (_, number), count in whole[DAY].items() if number == 0) == sum(
        units for job in jobs for _, units, _ in job[4]
    )
    for kind in ("account", "queue", "definition", "person", "state"):
        assert [total(period, (kind, ""), none) for period in (DAY, MONTH)] == [whole[DAY], whole[MONTH]]
    assert total(MONTH, ("person", ""), ("queue", "")) == whole[MONTH]
    for period in (DAY, MONTH):
        assert total(period, (TAG, "Project"), none) == total(period, (TAG_KEY, "Project"), none)
    assert total(MONTH, ("queue", ""), (TAG, "Team")) == total(MONTH, (TAG_KEY, "Team"), none)
    months = {(number, day.replace(day=1)) for number, job in enumerate(jobs) for day, _, _ in job[4]}
    assert sum(count for (_, number), count in whole[MONTH].items() if number == 3) == len(months)


@pytest.fixture
def _rates():
    past.rates()


@pytest.fixture
def submission(_rates):
    return make.submission()


def stored(part, period, start, column="usd_units"):
    group = CostGroup.objects.filter(kind=part.kind, key=part.key, value=part.value, kind2="")
    return (
        CostTotal.objects.filter(group__in=group, period=period, start=start).values_list(column, flat=True).first()
    )


def test_charged_jobs_are_in_the_totals_of_their_day_and_month(submission):
    past.job(submission, "2026-11-03", 1, 2, tags={"Project": "ALPHA"})
    past.job(submission, "2026-11-30", 4)

    assert stored(ALL, MONTH, NOVEMBER) == 7 * 5 * 10**8
    assert stored(ALL, DAY, date(2026, 11, 3)) == 3 * 5 * 10**8
    assert stored(Part(TAG, "Project", "ALPHA"), MONTH, NOVEMBER) == 3 * 5 * 10**8
    assert stored(ALL, MONTH, NOVEMBER, "jobs") == 2
    assert stored(ALL, MONTH, NOVEMBER, "attempts") == 3
    assert stored(ALL, MONTH, NOVEMBER, "failed_units") == 5 * 10**8
    call_command("rebuild_costs", check=True)


def test_wrong_totals_are_found_and_rebuilt(submission):
    past.job(submission, "2026-11-03", 1, tags={"Project": "ALPHA"})
    CostTotal.objects.filter(period=MONTH, group__kind=TAG, group__kind2="").update(usd_units=3)
    CostTotal.objects.filter(period=DAY, group__kind="queue").delete()

    with pytest.raises(CommandError, match="2 totals are wrong"):
        call_command("rebuild_costs", check=True)
    call_command("rebuild_costs")
    call_command("rebuild_costs", check=True)
    assert stored(Part(TAG, "Project", "ALPHA"), MONTH, NOVEMBER) == 5 * 10**8


def test_costs_from_before_the_totals_are_added_the_newest_month_first(submission, monkeypatch):
    past.job(submission, "2026-10-03", 1)
    past.job(submission, "2026-11-03", 1)
    CostTotal.objects.all().delete()
    team = submission.team.pk
    CostBacklog.objects.bulk_create(CostBacklog(team_id=team, month=month) for month in (date(2026, 10, 1), NOVEMBER))
    past.job(submission, "2026-11-04", 1)
    monkeypatch.setattr(tasks, "INDEX_SECONDS", 0)

    tasks.fill_cost_totals()
    assert list(CostBacklog.objects.values_list("month", flat=True)) == [date(2026, 10, 1)]
    assert stored(ALL, MONTH, NOVEMBER) == 10**9
    tasks.fill_cost_totals()
    assert not CostBacklog.objects.exists()
    call_command("rebuild_costs", check=True)


def test_a_tag_with_too_many_values_is_no_longer_summed(submission, monkeypatch):
    monkeypatch.setattr(cost_total, "MAX_TAG_VALUES", 2)
    for number in range(4):
        past.job(submission, "2026-11-03", 1, tags={"Run": f"r{number}", "Project": "ALPHA"})

    assert dict(CostTagKey.objects.values_list("key", "is_summed")) == {"Run": False, "Project": True}
    assert stored(Part(TAG_KEY, "Run"), MONTH, NOVEMBER) == 4 * 5 * 10**8
    assert stored(Part(TAG, "Run", "r3"), MONTH, NOVEMBER) is None
    call_command("rebuild_costs", check=True)


def test_only_the_first_keys_of_a_team_are_summed_in_pairs(submission, monkeypatch):
    monkeypatch.setattr(cost_total, "MAX_CROSSED_TAGS", 1)
    past.job(submission, "2026-11-03", 1, tags={"A": "1", "B": "2"})

    assert {"A"} == set(CostGroup.objects.exclude(key2="").values_list("key2", flat=True))
    call_command("rebuild_costs", check=True)


def test_lines_of_a_month_are_compared_with_what_was_charged_meanwhile(submission, monkeypatch):
    job = past.job(submission, "2026-11-03", 1)
    line = job.cost_lines.get()
    line.pk, line.attempt, line.job = None, 2, Job.objects.get(pk=job.pk)
    line.save()
    assert wrong_totals(submission.team.pk, NOVEMBER)
    add_costs([line])

    assert months_with_costs(submission.team.pk) == [NOVEMBER]
    wrong = wrong_totals(submission.team.pk, NOVEMBER)
    assert all("'jobs': 2" in text for text in wrong)  # all lines of a job are added at once


def test_a_correction_changes_the_money_of_an_attempt_that_counts_already(submission):
    line = past.job(submission, "2026-11-03", 1, tags={"Project": "ALPHA"}).cost_lines.get()
    line.pk, line.attempt, line.correction, line.usd = None, 1001, 1, Decimal("-0.01")
    line.save()
    add_costs([line])

    assert stored(Part(TAG, "Project", "ALPHA"), DAY, date(2026, 11, 3)) == 4 * 10**8
    assert stored(ALL, MONTH, NOVEMBER, "attempts") == stored(ALL, MONTH, NOVEMBER, "jobs") == 1
    call_command("rebuild_costs", check=True)


def test_history_that_is_made_up_is_in_the_totals(submission):
    make.revision("model-training", of=submission.team, where=submission.account)
    make.queue(of=submission.account, teams=(submission.team,))
    make.member(submission.team)
    call_command("seed_history", jobs=60, years=0.2, team=[submission.team.slug], seed=5, yes=True, verbosity=0)

    assert CostLine.objects.filter(day__lt=datetime.now(UTC).date() - timedelta(days=1)).exists()
    call_command("rebuild_costs", check=True)
