"""Jobs that the end of others sets off, in AWS or in the portal."""

from collections.abc import Collection

from django.db.models import Exists, OuterRef
from django.utils.timezone import now

from jobs.models import Job, JobDependency
from jobs.states import Delivery, State
from jobs.task_queue import enqueue_on_commit


def wake_dependents(ended_jobs: Collection[Job]) -> None:
    """Poll the jobs that AWS starts after these now, and submit those that the portal submits after them."""
    parents = [job.pk for job in ended_jobs]
    edges = JobDependency.objects.filter(parent__in=parents)
    deliveries = set(edges.values_list("job__account", "job__delivery")) if parents else set()
    if any(delivery == Delivery.SENT for _, delivery in deliveries):
        _make_polls_due(parents, [job.pk for job in ended_jobs if job.state != State.SUCCEEDED])
    for account in {account for account, delivery in deliveries if delivery == Delivery.ACCEPTED}:
        enqueue_on_commit("deliver", account, queue="deliver")


def _make_polls_due(parents: Collection[int], unsuccessful: Collection[int]) -> None:
    """Leave out jobs that another parent still keeps waiting: only a failure ends them before."""
    edges = JobDependency.objects.filter(job=OuterRef("pk"))
    waits = Exists(edges.filter(parent__isnull=False, parent__ended_at=None))
    fails = Exists(edges.filter(parent__in=unsuccessful))
    dependents = Job.objects.active().filter(fails | ~waits, Exists(edges.filter(parent__in=parents)))
    dependents.update_in_order(next_poll_at=now())
