"""Termination at AWS. A job's end is observed like any other."""

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

log = structlog.get_logger(__name__)

REPEAT_INTERVAL = timedelta(seconds=20)
MAX_RUN_SECONDS = 20.0


def terminate_due(account: Account) -> int:
    unsent = Q(stop_sent_at=None) | Q(stop_sent_at__lt=now() - REPEAT_INTERVAL)
    count = 0
    due = Job.objects.filter(unsent, account=account).stop_pending().order_by("stop_requested_at")
    for job in iterate_within(due[:100], MAX_RUN_SECONDS):
        outage = False
        try:
            client = client_for(account, "batch", Purpose.READ)
            batch.terminate(client, job.batch_id or "", job.stop_reason or "Stopped in the portal.")
            hit_failpoint("told")
        except AwsError as error:
            log.warning("terminate_failed", job=job.text_id, error=error.message)
            outage = is_outage(error)
        else:
            count += 1
        # Also after a failure, so that one job that AWS rejects doesn't delay the others.
        Job.objects.filter(pk=job.pk).update(stop_sent_at=now(), next_poll_at=now())
        if outage:
            break
    return count
