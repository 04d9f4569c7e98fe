"""Reconciliation of deliveries in doubt: jobs are looked up in AWS by their marker.

One that AWS lacks is sent again after its quarantine, when any request still under way would be refused.
"""

from datetime import timedelta

import structlog
from django.db.models import Q
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.deadline import iterate_within
from jobs.aws.errors import AwsError, is_outage
from jobs.aws.session import Purpose, client_for
from jobs.failpoints import hit_failpoint
from jobs.models import Account, Job
from jobs.models.job import LOST_WORKERS_NOTE, MAX_LOST_WORKERS, JobQuerySet

log = structlog.get_logger(__name__)

SOURCE = "reconcile"
MAX_WAIT_SECONDS = 40.0
MAX_RUN_SECONDS = 5.0


def reconcile(account: Account) -> int:
    reader = client_for(account, "batch", Purpose.READ)
    settled = 0
    for job in iterate_within(_due_jobs(account).select_related("account", "queue", "team")[:100], MAX_RUN_SECONDS):
        started_at = now()
        try:
            batch_ids = batch.find_job_ids(reader, job.queue.arn or job.queue.name, job.marker)
        except AwsError as error:
            log.warning("reconcile_failed", job=job.text_id, error=error.message)
            _postpone(job)
            if is_outage(error):
                break  # the others stay due until AWS responds
            continue
        hit_failpoint("found")
        if batch_ids:
            note = "AWS's response was lost. The portal found the job in AWS by its AWS job name."
            settled += job.adopt(batch_ids[0], source=SOURCE, note=note)
        elif job.sent_at and started_at > job.sent_at + timedelta(seconds=account.quarantine_seconds):
            settled += _retry_or_hold(job)
        else:
            _postpone(job)
    return settled


def has_due_jobs(account: Account) -> bool:
    return _due_jobs(account).exists()


def _due_jobs(account: Account) -> JobQuerySet:
    due = Q(next_try_at=None) | Q(next_try_at__lte=now())
    return Job.objects.filter(due, account=account).in_doubt()


def _retry_or_hold(job: Job) -> bool:
    was_removed = job.deliveries.filter(epoch=job.epoch, outcome="").exists()
    lost_workers = job.lost_workers + was_removed
    if lost_workers >= MAX_LOST_WORKERS:
        return job.hold(LOST_WORKERS_NOTE, source=SOURCE, lost_workers=lost_workers)
    if not job.team.resubmit_by_itself:
        reason = (
            "AWS didn't confirm the submission, and the job isn't in AWS. A team lead must release or withdraw it."
        )
        return job.hold(reason, source=SOURCE, lost_workers=lost_workers)
    reason = "The job isn't in AWS. The portal submits it again."
    return job.requeue(reason, source=SOURCE, lost_workers=lost_workers)


def _postpone(job: Job) -> None:
    """Look up 2, 4, 8 … s after it was sent, at most 40 s apart."""
    age = (now() - job.sent_at).total_seconds() if job.sent_at else 0
    wait = min(MAX_WAIT_SECONDS, max(2.0, age))
    Job.objects.filter(pk=job.pk, delivery=job.delivery, epoch=job.epoch).update(
        next_try_at=now() + timedelta(seconds=wait)
    )
