"""Refresh of an array's children."""

from datetime import timedelta

from django.db.models import Q
from django.utils.timezone import now

from jobs.models import Job
from jobs.states import Delivery
from jobs.task_queue import enqueue_on_commit

# A live page refreshes every few seconds; not every refresh writes.
REQUEST_INTERVAL = timedelta(seconds=10)
# AWS reports nothing new about a child this long after the array's end.
SETTLING_PERIOD = timedelta(minutes=10)


def refresh_array(job: Job) -> bool:
    if not job.array_size or job.delivery != Delivery.SENT:
        return False
    if job.status.is_final and (_is_read_after_end(job) or job.children.finished().count() >= job.array_size):
        return False
    current_time = now()
    earliest = current_time - REQUEST_INTERVAL
    if job.children_requested_at and job.children_requested_at > earliest:
        return True
    is_due = Q(children_requested_at=None) | Q(children_requested_at__lte=earliest)
    if Job.objects.filter(is_due, pk=job.pk).update(children_requested_at=current_time):
        enqueue_on_commit("children", job.pk, queue="ask", account=job.account_id)
    return True


def _is_read_after_end(job: Job) -> bool:
    read_at, ended_at = job.children_read_at, job.ended_at
    return read_at is not None and ended_at is not None and read_at > ended_at + SETTLING_PERIOD
