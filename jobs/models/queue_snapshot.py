"""The front of a queue as AWS Batch last answered."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q

from jobs.causes.waiting import SNAPSHOT_SIZE
from jobs.models.queue import Queue

MAX_SNAPSHOT_AGE = timedelta(minutes=15)
"""An older place says nothing."""


class QueueSnapshotQuerySet(models.QuerySet["QueueSnapshot"]):
    def requestable(self, before: datetime, failed_before: datetime) -> Self:
        """Select those last requested before the one time or, if that failed, before the other."""
        is_due = Q(error="", requested_at__lte=before) | Q(requested_at__lte=failed_before)
        return self.filter(Q(requested_at=None) | is_due)


class QueueSnapshot(models.Model):
    """Read only while someone views a job that waits in the queue, or one waits for long."""

    queue = models.OneToOneField(Queue, on_delete=models.CASCADE, primary_key=True, related_name="snapshot")
    job_ids = models.JSONField(
        default=list, help_text="AWS job IDs of the first RUNNABLE jobs, in the order in which they start."
    )
    read_at = models.DateTimeField(null=True)
    requested_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, help_text="Why the last request failed; empty if it succeeded.")

    objects = QueueSnapshotQuerySet.as_manager()

    def __str__(self) -> str:
        return f"front of {self.queue}"

    @property
    def is_full(self) -> bool:
        """Whether further jobs may wait behind those that AWS named."""
        return len(self.job_ids) >= SNAPSHOT_SIZE

    def position(self, batch_id: str | None) -> int | None:
        """Return the place of a job, or of the first child of an array, from 1."""
        if not batch_id:
            return None
        places = enumerate(self.job_ids, start=1)
        return next((place for place, job_id in places if str(job_id).partition(":")[0] == batch_id), None)
