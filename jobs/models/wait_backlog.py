"""Jobs of before their wait times were stored: these are filled in batches, the newest first, while the portal runs.

A migration would rewrite every job before the portal starts.
"""

import time

from django.db import models, transaction

from jobs.models.bulk_insert import bulk_update
from jobs.models.job import Job, milliseconds_between

BATCH_SIZE = 500
"""Of jobs that are written in one transaction. On SQLite all other writers wait for it."""


class WaitBacklog(models.Model):
    """There is a row while jobs with keys below `below` may have no wait time."""

    below = models.BigIntegerField()


def has_wait_backlog() -> bool:
    return WaitBacklog.objects.exists()


def fill_wait_backlog(seconds: float) -> bool:
    """Store wait times for about so long. Return whether there are more."""
    stop_at = time.monotonic() + seconds
    while _fill_batch():
        if time.monotonic() >= stop_at:
            return True
    return False


def _fill_batch() -> bool:
    """Return whether there may be more."""
    backlog = WaitBacklog.objects.first()
    if backlog is None:
        return False
    with transaction.atomic():
        # Locked, last ones first as everywhere: a job may start again meanwhile.
        jobs = Job.objects.filter(pk__lt=backlog.below).order_by("-pk").select_for_update()
        rows = list(jobs.values_list("pk", "accepted_at", "started_at")[:BATCH_SIZE])
        if not rows:
            backlog.delete()
            return False
        waits = ((pk, (milliseconds_between(accepted_at, started_at),)) for pk, accepted_at, started_at in rows)
        bulk_update(Job, ["wait_ms"], [(pk, wait) for pk, wait in waits if wait[0]])
        WaitBacklog.objects.filter(pk=backlog.pk).update(below=rows[-1][0])
    return True
