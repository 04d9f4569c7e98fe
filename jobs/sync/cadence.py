"""How soon to look at a job again: often when it is about to change or someone looks, seldom when it waits long."""

from datetime import datetime, timedelta

from jobs.models import Job
from jobs.states import State

SOMEONE_LOOKS = timedelta(seconds=30)
YOUNG = timedelta(minutes=10)
OLD = timedelta(hours=1)


def next_look(job: Job, current_time: datetime) -> datetime:
    """At the account's pace for jobs in motion; four times slower for those that wait, twelve if they wait long."""
    interval = job.account.poll_seconds
    age = current_time - (job.submitted_at or job.accepted_at)
    is_viewed = job.looked_at is not None and current_time - job.looked_at < SOMEONE_LOOKS
    is_moving = job.state in (State.STARTING, State.RUNNING, State.SUBMITTED)
    if is_viewed or is_moving or age < YOUNG:
        return current_time + timedelta(seconds=interval)
    return current_time + timedelta(seconds=interval * (4 if age < OLD else 12))
