"""What a submission is expected to cost, and what it costs at most."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.pricing.estimate import (
    MAX_STORED_AMOUNT,
    CostAmount,
    CostEstimate,
    PlannedJob,
    estimate_cost,
    stored_amount,
)
from jobs.pricing.rates import Price, Rates
from jobs.pricing.receipt import PricedSize
from jobs.pricing.run_statistics import RunHistory, RunSample
from tests.examples import examples

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
SINCE = NOW.date()
RATES = Rates(
    Price(platform, "X86_64", "", resource, Decimal(usd), SINCE)
    for platform in ("EC2", "FARGATE")
    for resource, usd in (("vcpu", "0.04"), ("memory", "0.005"), ("gpu", "0.5"), ("storage", "0.0001"))
)


def size(platform: str = "EC2", vcpus: str = "4", memory_mib: int = 8192, gpus: int = 0) -> PricedSize:
    return PricedSize(platform, "X86_64", "us-west-2", Decimal(vcpus), memory_mib, gpus)


def planned_job(**fields: Any) -> PlannedJob:
    defaults = {"name": "one", "size": size(), "runs": 1, "attempts": 1, "limit_seconds": 3600, "definition": 1}
    return PlannedJob(**{**defaults, **fields})


def estimate(*jobs: PlannedJob, runs: RunHistory | None = None, rates: Rates = RATES) -> CostEstimate:
    return estimate_cost(jobs, runs or RunHistory(), rates, NOW)


def durations(*seconds: float, command: str = "", vcpus: int = 4) -> RunHistory:
    """Runs of definition 1; one time stands for three alike."""
    times = seconds if len(seconds) > 1 else seconds * 3
    return RunHistory(RunSample(1, (Decimal(vcpus), 8192, 0), command, time) for time in times)


def test_at_most_is_the_limit_times_attempts_times_runs():
    # An hour of 4 vCPU and 8 GiB: 4 × 0.04 + 8 × 0.005 = 0.20; × 2 h × 10 attempts × 10 runs
    at_most = estimate(planned_job(limit_seconds=7200, attempts=10, runs=10)).at_most

    assert at_most == CostAmount(Decimal(40), Decimal(800))


def test_run_times_of_earlier_jobs_change_what_is_expected_and_not_what_is_the_most():
    job = planned_job(limit_seconds=36000, attempts=10, runs=5000)
    before, after = estimate(job), estimate(job, runs=durations(1))

    assert before.at_most == after.at_most
    assert before.expected.usd is None
    assert after.expected.usd == pytest.approx(Decimal("0.2") / 3600 * 5000, abs=Decimal("0.0001"))
    assert (after.jobs[0].expected_seconds, after.jobs[0].earlier_runs) == (Decimal(1), 3)


@pytest.mark.parametrize(
    "lacking",
    [
        {"limit_seconds": 0},
        {"size": size(vcpus="0")},
        {"size": size(memory_mib=0)},
        {"size": size(platform="EKS")},
        {"size_unknown": "Nobody knows."},
    ],
    ids=["no limit", "no vCPU", "no memory", "no rate", "not told"],
)
def test_without_limit_size_or_rate_the_highest_cost_is_unknown_and_so_is_that_of_the_whole(lacking):
    estimated = estimate(planned_job(), planned_job(**lacking), runs=durations(60))

    assert estimated.at_most.usd is None
    assert estimated.jobs_without_time_limit or estimated.unknown_reasons


def test_hours_are_known_without_a_rate_and_unknown_without_a_limit():
    assert estimate(planned_job(), rates=Rates([])).at_most.vcpu_hours == 4
    assert estimate(planned_job(), planned_job(limit_seconds=0)).at_most.vcpu_hours is None


def test_expected_is_the_median_and_the_90th_percentile_of_runs_of_that_size():
    history = durations(10, 10, 10, 10, 10, 10, 10, 10, 10, 3600)
    job = estimate(planned_job(limit_seconds=0), runs=history)

    assert (job.jobs[0].expected_seconds, job.jobs[0].high_seconds) == (Decimal(10), Decimal(3600))
    assert job.expected_high.usd == Decimal("0.2")
    assert estimate(planned_job(limit_seconds=60), runs=history).jobs[0].high_seconds == 60


def test_two_runs_and_runs_of_another_size_tell_nothing():
    few, other = durations(10, 20), durations(10, vcpus=8)

    assert [estimate(planned_job(), runs=runs).jobs[0].expected_seconds for runs in (few, other)] == [None, None]
    assert [estimate(planned_job(), runs=runs).jobs[0].earlier_runs for runs in (few, other)] == [2, 0]
    assert estimate(planned_job(earlier_size=size(vcpus="8")), runs=other).jobs[0].expected_seconds == 10


def test_runs_with_the_same_command_count_alone_if_there_are_three():
    history = RunHistory(
        [
            RunSample(1, (Decimal(4), 8192, 0), command, seconds)
            for command, seconds in (("long", 900), ("long", 900), ("long", 900), ("short", 9), ("short", 9))
        ]
    )

    assert estimate(planned_job(command="long"), runs=history).jobs[0].earlier_runs == 3
    assert estimate(planned_job(command="short"), runs=history).jobs[0].earlier_runs == 5


def test_no_run_is_expected_to_take_longer_than_its_limit():
    assert estimate(planned_job(limit_seconds=60), runs=durations(999)).jobs[0].expected_seconds == 60


def test_what_is_kept_of_a_job_is_never_less_and_fits_its_column():
    assert stored_amount(Decimal("0.00001")) == Decimal("0.0001")
    assert stored_amount(Decimal(10**20)) == MAX_STORED_AMOUNT
    assert stored_amount(None) is None


def test_the_longest_limit_of_the_largest_array_is_priced():
    whole = estimate(planned_job(limit_seconds=2**31 - 1, attempts=10, runs=10_000, size=size(vcpus="999999")))

    assert whole.at_most.vcpu_hours == pytest.approx(Decimal(999999) * (2**31 - 1) / 3600 * 100_000)
    assert stored_amount(whole.at_most.usd) == MAX_STORED_AMOUNT


@pytest.mark.parametrize("count", [1, 60])
def test_only_the_dearest_jobs_are_kept_one_by_one_and_the_others_counted(count):
    told = estimate(
        *(planned_job(name=f"job-{number}", attempts=1 + number % 9) for number in range(count))
    ).as_json()

    assert len(told["jobs"]) + told["more"]["jobs"] == count
    assert len(told["jobs"]) <= 50
    amounts = [Decimal(each["at_most"]["usd"]) for each in told["jobs"]]
    assert amounts == sorted(amounts, reverse=True)
    assert sum(amounts) + Decimal(told["more"]["at_most"]["usd"]) == Decimal(told["at_most"]["usd"])


PLANS = st.builds(
    planned_job,
    size=st.builds(
        size,
        platform=st.sampled_from(["EC2", "FARGATE"]),
        vcpus=st.sampled_from(["0.25", "1", "4", "96"]),
        memory_mib=st.integers(512, 400_000),
        gpus=st.integers(0, 8),
    ),
    runs=st.integers(1, 10_000),
    attempts=st.integers(1, 10),
    limit_seconds=st.just(0) | st.integers(60, 2**31 - 1),
)


@given(st.lists(PLANS, min_size=1, max_size=6), st.none() | st.floats(0, 10**6))
@examples(25, 1_000)
def test_expected_is_never_above_at_most_and_more_of_anything_is_never_cheaper(jobs, seconds):
    estimated = estimate(*jobs, runs=durations(seconds) if seconds is not None else None)

    assert (estimated.at_most.usd is None) == any(not job.limit_seconds for job in jobs)
    for each in estimated.jobs:
        if each.at_most.usd is not None and each.expected.usd is not None:
            assert each.expected.usd <= each.at_most.usd
            assert each.expected.vcpu_hours <= each.at_most.vcpu_hours
        if each.at_most.usd is not None:
            alone = estimate(planned_job(size=each.job.size, limit_seconds=each.job.limit_seconds)).at_most.usd
            whole = alone * each.job.attempts * each.job.runs
            assert each.at_most.usd == pytest.approx(whole, rel=Decimal("1E-20"))
    if estimated.at_most.usd is not None:
        whole = sum((each.at_most.usd or Decimal(0) for each in estimated.jobs), Decimal(0))
        assert estimated.at_most.usd == pytest.approx(whole, rel=Decimal("1E-20"))
