"""Claims of jobs: the oldest of every team in turn, so that none waits for another's thousands."""

import time
from collections.abc import Sequence
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Prefetch, Window
from django.db.models.functions import RowNumber
from django.utils.timezone import now

from jobs.models import Account, Job, JobDependency
from jobs.models.job import LOST_WORKERS_NOTE, MAX_LOST_WORKERS
from jobs.states import Delivery

SOURCE = "dispatch"
# Above the longest call to AWS (30 s).
LEASE = timedelta(seconds=60)
MAX_CLAIM_ATTEMPTS = 5
CLAIM_RETRY_SECONDS = 0.02

# Errors of a database that is unreachable or just went away.
DATABASE_OUTAGE_ERRORS = (OperationalError, InterfaceError)
RELEASE_TIMEOUT_SECONDS = 20.0  # after that the leases expire
DATABASE_RETRY_SECONDS = 0.5


def has_due_deliveries(account: Account) -> bool:
    """Return whether a job can be sent, or has to be withdrawn."""
    jobs = Job.objects.filter(account=account)
    is_any_waiting = jobs.filter(delivery=Delivery.ACCEPTED).exists()  # mostly not, and this is cheaper
    return is_any_waiting and (jobs.deliverable().exists() or jobs.blocked().exists())


def claim_jobs(account: Account, limit: int, *, is_idle: bool = True) -> list[Job]:
    """Claim jobs that are due. A job that lost a worker comes alone, and only to a worker that `is_idle`."""
    for _ in range(MAX_CLAIM_ATTEMPTS):
        candidate_ids = _deliverable_ids(account, limit)
        jobs = _lease_jobs(candidate_ids, is_idle=is_idle) if candidate_ids else []
        if jobs or not candidate_ids or not is_idle:
            return jobs
        time.sleep(CLAIM_RETRY_SECONDS)  # another worker is claiming them, or they were held: try again
    return []


def release_leases(jobs: Sequence[Job]) -> None:
    """Release jobs that were not begun, or whose delivery has stopped for lack of a database."""
    deadline = time.monotonic() + RELEASE_TIMEOUT_SECONDS
    while jobs:
        try:
            for job in jobs:
                rows = Job.objects.filter(pk=job.pk, epoch=job.epoch)
                rows.filter(delivery=Delivery.ACCEPTED).update(lease_until=None)
                rows.filter(delivery=Delivery.SENDING).update(lease_until=now())
        except DATABASE_OUTAGE_ERRORS:
            connection.close()  # a broken connection never recovers
            if time.monotonic() > deadline:
                raise
            time.sleep(DATABASE_RETRY_SECONDS)
        else:
            return


def _deliverable_ids(account: Account, limit: int) -> list[int]:
    turn = Window(RowNumber(), partition_by=F("team"), order_by=F("pk").asc())
    ready = Job.objects.filter(account=account).deliverable()
    return list(ready.annotate(turn=turn).order_by("turn", "pk").values_list("pk", flat=True)[:limit])


def _lease_jobs(candidate_ids: list[int], *, is_idle: bool) -> list[Job]:
    with transaction.atomic():
        free = Job.objects.filter(pk__in=candidate_ids).undelivered().only("pk", "lease_until", "lost_workers")
        rows = sorted(free.select_for_update(skip_locked=True), key=lambda job: candidate_ids.index(job.pk))
        if rows and _is_suspect(rows[0]):
            leasable = rows[:1] if is_idle else []
        else:
            leasable = [job for job in rows if not _is_suspect(job)]
        abandoned_ids = [job.pk for job in leasable if job.lease_until]
        Job.objects.filter(pk__in=abandoned_ids).update(lost_workers=F("lost_workers") + 1)
        ids = [job.pk for job in leasable]
        Job.objects.filter(pk__in=ids).update(lease_until=now() + LEASE, epoch=F("epoch") + 1)
        # Read back in the same transaction: after it, a pause longer than the lease would show another worker's
        # epoch, and this worker would take that job for its own.
        jobs = Job.objects.filter(pk__in=ids).select_related(
            "queue", "team", "account", "revision__definition", "submission__person"
        )
        # A step's row has its part of the document; loading the whole for each step would be quadratic.
        jobs = jobs.defer("submission__document", "submission__text", "submission__notes", "raw")
        edges = Prefetch("dependencies", JobDependency.objects.with_parents("batch_id", "state"))
        ordered_jobs = sorted(jobs.prefetch_related(edges), key=lambda job: candidate_ids.index(job.pk))
    return [job for job in ordered_jobs if not _hold_if_deadly(job)]


def _is_suspect(job: Job) -> bool:
    return job.lease_until is not None or job.lost_workers > 0


def _hold_if_deadly(job: Job) -> bool:
    if job.lost_workers < MAX_LOST_WORKERS:
        return False
    job.hold(LOST_WORKERS_NOTE, source=SOURCE)
    return True
