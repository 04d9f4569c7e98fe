"""A job that waits for a person: a lead of its team has it sent after all, or stops it."""

from jobs.access import Member
from jobs.models import Job
from jobs.ring import ring
from jobs.states import Delivery


def release(job: Job, member: Member) -> bool:
    """Have a held job sent. False: it was not held any more."""
    member.must("lead")
    if job.delivery != Delivery.HELD:
        return False
    note = f"Released by {member.user.display_name}."
    released = job.advance(Delivery.ACCEPTED, source="person", note=note, workers_lost=0, next_try_at=None)
    ring("deliver", job.account_id, bell="deliver")
    return released
