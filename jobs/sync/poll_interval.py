"""Poll intervals of jobs."""

from datetime import datetime, timedelta

from jobs.models import Job
from jobs.states import State

VIEWER_WINDOW = timedelta(seconds=30)
FAST_POLL_AGE = timedelta(minutes=10)
SLOW_POLL_AGE = timedelta(hours=1)


def next_poll_at(job: Job, current_time: datetime) -> datetime:
    """Use four or twelve times the account's interval for jobs that wait."""
    interval = job.account.poll_seconds
    age = current_time - (job.submitted_at or job.accepted_at)
    is_viewed = job.viewed_at is not None and current_time - job.viewed_at < VIEWER_WINDOW
    is_moving = job.state in (State.STARTING, State.RUNNING, State.SUBMITTED)
    if is_viewed or is_moving or age < FAST_POLL_AGE:
        return current_time + timedelta(seconds=interval)
    return current_time + timedelta(seconds=interval * (4 if age < SLOW_POLL_AGE else 12))
