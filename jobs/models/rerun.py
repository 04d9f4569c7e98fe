"""Steps of a workflow, or indexes of an array, that run again in their submission."""

from django.db import models
from django.utils.timezone import now

from jobs.models.submission import Submission


class Rerun(models.Model):
    """Its jobs are those that run again together."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="reruns")
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
