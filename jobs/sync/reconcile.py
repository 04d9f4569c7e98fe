"""Both ledgers side by side: jobs of which nobody knows whether AWS has them are looked for by their marker.

Found: adopted. Not found, and any request that could still be on its way would have been refused by now: back to
be sent again. Not found before that: looked for again, later and later. This runs in the clock and needs no Redis.
"""

from datetime import timedelta

import structlog
from django.db.models import Q
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.deadline import while_time
from jobs.aws.errors import AwsError, is_outage
from jobs.aws.session import Purpose, client_for
from jobs.failpoints import reached
from jobs.models import Account, Job
from jobs.models.job import DEADLY, WORKERS_AT_MOST, JobQuerySet

log = structlog.get_logger(__name__)

SOURCE = "reconcile"
LONGEST_WAIT = 40.0
SECONDS_AT_ONCE = 5.0


def reconcile(account: Account) -> int:
    """Look for the account's jobs of unknown delivery, for about 5 s. How many are known now."""
    reader = client_for(account, "batch", Purpose.READ)
    settled = 0
    for job in while_time(_due(account).select_related("account", "queue", "team")[:100], SECONDS_AT_ONCE):
        started_at = now()
        try:
            batch_ids = batch.ids_named(reader, job.queue.arn or job.queue.name, job.marker)
        except AwsError as error:
            log.warning("reconcile_failed", job=job.text_id, error=error.message)
            _look_later(job)
            if is_outage(error):
                break  # the others stay due, and are looked for when AWS answers
            continue
        reached("found")
        if batch_ids:
            settled += job.adopt(batch_ids[0], source=SOURCE, note="Found by its marker; the answer had been lost.")
        elif job.sent_at and started_at > job.sent_at + timedelta(seconds=account.quarantine_seconds):
            settled += _decide(job)
        else:
            _look_later(job)
    return settled


def has_due_jobs(account: Account) -> bool:
    """Whether there is a job to look for now."""
    return _due(account).exists()


def _due(account: Account) -> JobQuerySet:
    due = Q(next_try_at=None) | Q(next_try_at__lte=now())
    return Job.objects.filter(due, account=account).unknown()


def _decide(job: Job) -> bool:
    """AWS does not have it and never will: another try, unless a person should have a say in that."""
    has_vanished = job.deliveries.filter(epoch=job.epoch, outcome="").exists()
    lost_workers = job.workers_lost + has_vanished
    if lost_workers >= WORKERS_AT_MOST:
        return job.hold(DEADLY, source=SOURCE, workers_lost=lost_workers)
    if not job.team.resubmit_by_itself:
        reason = "Its answer was lost and AWS does not have it. A lead of the team decides whether it is sent again."
        return job.hold(reason, source=SOURCE, workers_lost=lost_workers)
    return job.put_back("AWS does not have it; it is sent again.", source=SOURCE, workers_lost=lost_workers)


def _look_later(job: Job) -> None:
    """2, 4, 8 … seconds after it was sent, at most 40 apart."""
    age = (now() - job.sent_at).total_seconds() if job.sent_at else 0
    wait = min(LONGEST_WAIT, max(2.0, age))
    Job.objects.filter(pk=job.pk, delivery=job.delivery, epoch=job.epoch).update(
        next_try_at=now() + timedelta(seconds=wait)
    )
