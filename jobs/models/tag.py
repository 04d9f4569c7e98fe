"""Tags of jobs."""

from django.db import models

from jobs.models.job import Job
from jobs.models.team import Team


class JobTag(models.Model):
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="tag_rows")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=128)
    value = models.CharField(max_length=256, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "key"], name="one_value_a_key")]
        indexes = [models.Index(fields=["team", "key", "value", "-job"], name="tag_of_team")]
