"""Someone opens an array: its children are asked about, by a worker, for as long as someone looks."""

from datetime import timedelta

from django.utils.timezone import now

from jobs.models import Job
from jobs.states import Delivery
from jobs.task_queue import ring

# What AWS did not tell of a child so long after its array's end, it will not tell any more.
SETTLED = timedelta(minutes=10)


def look_into(job: Job) -> bool:
    """Have the children of an array read, unless all that AWS will ever say of them is known. True if it was rung.

    A page may call this as often as it likes: how often AWS is asked is seen to elsewhere.
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
