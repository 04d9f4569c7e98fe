"""Refresh of an array's children while a page shows them."""

from datetime import timedelta

from django.utils.timezone import now

from jobs.models import Job
from jobs.states import Delivery
from jobs.task_queue import enqueue_on_commit

# AWS reports nothing new about a child this long after the array's end.
SETTLING_PERIOD = timedelta(minutes=10)


def refresh_array(job: Job) -> bool:
    """Request a refresh of the children, unless all that AWS will ever report is stored. True if it was requested.

    Pages may call this as often as they like; the worker limits how often AWS is called.
    """
    if not job.array_size or job.delivery != Delivery.SENT:
        return False
    if job.status.is_final and (_is_read_after_end(job) or job.children.finished().count() >= job.array_size):
        return False
    Job.objects.filter(pk=job.pk).update(children_requested_at=now())
    enqueue_on_commit("children", job.pk, queue="ask", dedupe_key=f"{now():%d%H%M%S}"[:-1], account=job.account_id)
    return True


def _is_read_after_end(job: Job) -> bool:
    read_at, ended_at = job.children_read_at, job.ended_at
    return read_at is not None and ended_at is not None and read_at > ended_at + SETTLING_PERIOD
