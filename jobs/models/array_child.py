"""Children of array jobs."""

from typing import Self

from django.db import models

from jobs.models.job import Job
from jobs.states import FINAL_STATES, State, Status, status_of


class ArrayChildQuerySet(models.QuerySet["ArrayChild"]):
    def finished(self) -> Self:
        return self.filter(state__in=FINAL_STATES)


class ArrayChild(models.Model):
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="children")
    index = models.PositiveIntegerField()
    state = models.CharField(max_length=20)
    exit_code = models.IntegerField(null=True)
    reason = models.TextField(blank=True)
    log_stream = models.CharField(max_length=512, blank=True)
    started_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0, help_text="Number of finished attempts.")

    objects = ArrayChildQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "array children"
        ordering = ["job", "index"]
        constraints = [models.UniqueConstraint(fields=["job", "index"], name="one_child_an_index")]
        indexes = [models.Index(fields=["job", "state", "index"], name="child_of_state")]

    @property
    def batch_id(self) -> str:
        return f"{self.job.batch_id}:{self.index}"

    @property
    def status(self) -> Status:
        return status_of("SENT", self.state or State.SUBMITTED)
