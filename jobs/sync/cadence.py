"""How soon to look at a job again: often when it is about to change or someone looks, seldom when it waits long."""

from datetime import datetime, timedelta

from jobs.models import Job
from jobs.states import State

SOMEONE_LOOKS = timedelta(seconds=30)
YOUNG = timedelta(minutes=10)
OLD = timedelta(hours=1)


def next_look(job: Job, moment: datetime) -> datetime:
    """At the account's pace for jobs in motion; four times slower for those that wait, twelve if they wait long."""
    pace = job.account.poll_seconds
    age = moment - (job.submitted_at or job.accepted_at)
    watched = job.looked_at is not None and moment - job.looked_at < SOMEONE_LOOKS
    in_motion = job.state in (State.STARTING, State.RUNNING, State.SUBMITTED)
    if watched or in_motion or age < YOUNG:
        return moment + timedelta(seconds=pace)
    return moment + timedelta(seconds=pace * (4 if age < OLD else 12))
