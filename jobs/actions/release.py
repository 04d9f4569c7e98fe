"""Release of held jobs by a lead of the team."""

from django.db import transaction

from jobs import audit
from jobs.access import Member
from jobs.models import Job
from jobs.states import Delivery
from jobs.task_queue import enqueue_on_commit


def release(job: Job, member: Member) -> bool:
    """Release a held job for delivery. False if it was no longer held."""
    member.require("lead")
    if job.delivery != Delivery.HELD:
        return False
    note = f"Released by {member.user.display_name}."
    before = {"delivery": job.delivery, "note": job.delivery_note}
    with transaction.atomic():
        is_released = job.advance(Delivery.ACCEPTED, source="person", note=note, workers_lost=0, next_try_at=None)
        enqueue_on_commit("deliver", job.account_id, queue="deliver")
        if is_released:
            after = {"delivery": Delivery.ACCEPTED}
            audit.record("release", person=member.user, team=member.team, target=job, before=before, after=after)
    return is_released
