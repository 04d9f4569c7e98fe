"""When jobs are polled: the rule by table, and what it costs and tells in virtual time."""

from collections.abc import Callable, Sequence

import pytest

from jobs.pricing.run_statistics import DurationStats
from jobs.sync.poll_interval import JobActivity, joins_poll, poll_interval
from tests.sync.poll_simulation import (
    Policy,
    SimulatedJob,
    Simulation,
    adaptive_policy,
    chain,
    fan,
    fixed_policy,
    independent_jobs,
)

MINUTE, HOUR = 60.0, 3600.0
USUAL = DurationStats(count=10, low=100, median=110, high=116)


def waiting(age: float, *, viewed: bool = False, awaited: bool = False) -> JobActivity:
    return JobActivity(age=age, is_viewed=viewed, is_awaited=awaited)


def starting(age: float) -> JobActivity:
    return JobActivity(age=age, is_moving=True)


def running(
    run_time: float, usual: DurationStats | None = None, *, viewed: bool = False, awaited: bool = False
) -> JobActivity:
    return JobActivity(HOUR + run_time, True, run_time, usual, is_viewed=viewed, is_awaited=awaited)


@pytest.mark.parametrize(
    ("activity", "seconds"),
    [
        # young: when the age has doubled
        (waiting(-5), 1),
        (waiting(0), 1),
        (waiting(2.9), 2),
        (starting(8), 8),
        (running(4), 4),
        # moving: never more than the account's interval
        (starting(HOUR), 15),
        (running(HOUR), 15),
        # waiting for more than ten minutes: in proportion, at most twelve intervals
        (waiting(10 * MINUTE), 15),
        (waiting(20 * MINUTE), 30),
        (waiting(2 * HOUR), 180),
        (waiting(50 * HOUR), 180),
        # someone looks at it, or a job is submitted after its end
        (waiting(2 * HOUR, viewed=True), 5),
        (running(HOUR, viewed=True), 5),
        (running(HOUR, awaited=True), 5),
        (waiting(2 * HOUR, awaited=True), 180),
        # its definition's usual run
        (running(50, USUAL), 15),
        (running(93, USUAL), 7),
        (running(99.5, USUAL), 1),
        (running(104, USUAL), 2),
        (running(116, USUAL), 2),
        (running(120, USUAL), 6),
        (running(200, USUAL), 15),
        (running(HOUR, DurationStats(10, 30 * MINUTE, HOUR, 2 * HOUR)), 15),
    ],
)
def test_the_interval_by_what_is_known_of_a_job(activity: JobActivity, seconds: float) -> None:
    assert poll_interval(activity, 15) == seconds


@pytest.mark.parametrize("activity", [waiting(300), starting(HOUR), running(HOUR), running(104, USUAL)])
def test_no_interval_is_shorter_than_a_second(activity: JobActivity) -> None:
    assert poll_interval(activity, 1) == 1


@pytest.mark.parametrize(
    ("until_due", "since_poll", "joins"),
    [
        (-3, 1, True),
        (1, 1, True),
        (1.1, 1, False),
        (14, 7.5, True),
        (14, 7.4, False),
        (170, 10, True),
        (5, None, False),
    ],
)
def test_what_joins_a_call(until_due: float, since_poll: float | None, joins: bool) -> None:
    assert joins_poll(until_due, since_poll, 15) is joins


def simulate(jobs: Sequence[SimulatedJob], policy: Policy) -> Simulation:
    return Simulation(jobs, policy).run()


Workload = Callable[[], Sequence[SimulatedJob]]
SEED = 7


@pytest.mark.parametrize(
    ("workload", "calls_before", "calls", "delay_before", "delay"),
    [
        # calls to AWS per job, SubmitJob included; seconds from end to known, nine of ten
        pytest.param(lambda: chain(3, 0.6), 1.67, 2.0, 15.3, 0.7, id="chain of 3, 0.6 s each"),
        pytest.param(lambda: chain(3, 20), 2.67, 4.34, 11.9, 11.6, id="chain of 3, 20 s each"),
        pytest.param(lambda: fan(100, 0.6), 2.3, 1.7, 14.4, 1.1, id="fan of 100, 0.6 s each"),
        pytest.param(lambda: fan(100, 60), 2.6, 1.24, 7.6, 10.4, id="fan of 100, 1 min each"),
        pytest.param(lambda: independent_jobs(1000, 0.6, SEED), 2.33, 1.03, 14.3, 1.2, id="1,000 of 0.6 s"),
        pytest.param(lambda: independent_jobs(1000, 60, SEED), 3.9, 1.1, 14.9, 13.5, id="1,000 of 1 min"),
        pytest.param(
            lambda: independent_jobs(1000, 60, SEED, has_history=True),
            3.9,
            1.17,
            14.9,
            1.1,
            id="1,000, usual run known",
        ),
        pytest.param(lambda: independent_jobs(20, HOUR, SEED), 14.0, 14.3, 15.4, 13.4, id="20 of 1 h"),
    ],
)
def test_calls_and_delays_at_an_interval_of_15_s(
    workload: Workload, calls_before: float, calls: float, delay_before: float, delay: float
) -> None:
    before, after = (simulate(workload(), policy(15)) for policy in (fixed_policy, adaptive_policy))

    assert before.calls_per_job == pytest.approx(calls_before, rel=0.03)
    assert before.delay(0.95) == pytest.approx(delay_before, rel=0.03)
    assert after.calls_per_job <= calls
    assert after.delay(0.95) <= min(delay, 15.5)


def test_a_chain_of_three_ends_a_second_after_its_last_job_and_no_longer_an_interval() -> None:
    before, after = (simulate(chain(3, 0.6), policy(15)) for policy in (fixed_policy, adaptive_policy))

    assert before.wall > 16
    assert after.wall < 3.5


def test_a_thousand_short_jobs_cost_no_more_than_one_call_in_twenty() -> None:
    for interval in (1, 15, 60):
        simulation = simulate(independent_jobs(1000, 0.6, SEED), adaptive_policy(interval))
        assert simulation.calls_per_job <= 1.05


@pytest.mark.parametrize("run", [0.6, 60])
def test_with_events_nine_of_ten_ends_are_known_within_a_second(run: float) -> None:
    """Events arrive 0.2 s after the change, of each state."""
    simulation = simulate(independent_jobs(1000, run, SEED), adaptive_policy(15, event_seconds=0.2))

    assert simulation.delay(0.95) <= 1.0
    assert run > 1 or simulation.calls_per_job <= 1.05
