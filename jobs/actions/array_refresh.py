"""Refresh of an array's children while a page shows them."""

from datetime import timedelta

from django.utils.timezone import now

from jobs.models import Job
from jobs.states import Delivery
from jobs.task_queue import ring

# AWS reports nothing new about a child this long after the array's end.
SETTLED = timedelta(minutes=10)


def look_into(job: Job) -> bool:
    """Request a refresh of the children, unless all that AWS will ever report is stored. True if it was requested.

    Pages may call this as often as they like; the worker limits how often AWS is called.
    """
    if not job.array_size or job.delivery != Delivery.SENT:
        return False
    if job.status.final and (_read_after_its_end(job) or job.children.finished().count() >= job.array_size):
        return False
    Job.objects.filter(pk=job.pk).update(children_asked_at=now())
    ring("children", job.pk, bell="ask", once=f"{now():%d%H%M%S}"[:-1], account=job.account_id)
    return True


def _read_after_its_end(job: Job) -> bool:
    read_at, ended_at = job.children_read_at, job.ended_at
    return read_at is not None and ended_at is not None and read_at > ended_at + SETTLED
