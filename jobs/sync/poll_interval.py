"""Says how long to wait before the next poll of a job: pure functions over plain values, times in seconds."""

from dataclasses import dataclass

from jobs.pricing.run_statistics import DurationStats

MIN_SECONDS = 1.0
"""Shortest interval, and how much sooner than planned a job may join a call that is made anyway."""
HINT_SHARE = 1 / 3
"""Of the account's interval: for a job that someone views, or whose end another job is sent after."""
WAIT_SECONDS, MAX_WAIT_FACTOR = 600.0, 12.0
"""From this age on, the interval of a job that waits for capacity or for others grows in proportion to its age."""
POLLS_PER_SPREAD = 8
"""How often to poll between the times when nine of ten runs still go on and when nine of ten have ended."""


@dataclass(frozen=True)
class JobActivity:
    """What is known of a job that was just polled."""

    age: float
    """Since AWS accepted it."""
    is_moving: bool = False
    """It starts or runs; for an array, one of its children has."""
    run_time: float | None = None
    """Since its last attempt started, while it runs."""
    usual_run: DurationStats | None = None
    is_viewed: bool = False
    is_awaited: bool = False
    """A job is submitted only after its end."""


def poll_interval(activity: JobActivity, account_interval: float) -> float:
    """Return whole seconds, at least 1, so that many jobs share one: until its age has doubled, or sooner.

    A job that starts or runs never waits longer than the account's interval.
    """
    age = activity.age if activity.run_time is None else activity.run_time
    seconds = min(age, _longest_interval(activity, account_interval))
    if activity.is_viewed or (activity.is_awaited and activity.is_moving):
        seconds = min(seconds, account_interval * HINT_SHARE)
    if activity.run_time is not None and activity.usual_run is not None:
        seconds = min(seconds, _until_usual_end(age, activity.usual_run))
    return max(MIN_SECONDS, float(int(seconds)))


def _longest_interval(activity: JobActivity, account_interval: float) -> float:
    if activity.is_moving:
        return account_interval
    return account_interval * min(max(1.0, activity.age / WAIT_SECONDS), MAX_WAIT_FACTOR)


def _until_usual_end(run_time: float, usual: DurationStats) -> float:
    """Return the time until most runs have not ended yet; from then on, parts of the spread of their ends."""
    if run_time < usual.low:
        return usual.low - run_time
    return (usual.high - usual.low) / POLLS_PER_SPREAD + max(0.0, run_time - usual.high)


def joins_poll(until_due: float, since_poll: float | None, account_interval: float) -> bool:
    """Return whether a job joins a call that is made anyway: due within a second, or not polled for half an interval.

    A call costs the same with one ID as with a hundred.
    """
    return until_due <= MIN_SECONDS or (since_poll is not None and since_poll >= account_interval / 2)
