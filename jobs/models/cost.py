"""Cost lines of jobs."""

from decimal import Decimal

from django.conf import settings
from django.db import models

from jobs.models.account import Account
from jobs.models.definition import Definition
from jobs.models.job import Job
from jobs.models.queue import Queue
from jobs.models.team import Team


class CostLine(models.Model):
    """One finished attempt; of an array all successful, or all failed children."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="cost_lines")
    attempt = models.PositiveIntegerField()
    day = models.DateField(help_text="UTC day on which the attempt ended.")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+")
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    succeeded = models.BooleanField()
    runs = models.PositiveIntegerField(default=1, help_text="Children of an array; 1 otherwise.")
    billed_seconds = models.DecimalField(max_digits=16, decimal_places=3)
    usd = models.DecimalField(max_digits=20, decimal_places=10, default=Decimal(0))
    receipt = models.JSONField(default=dict, help_text="How it was computed: sizes, rates and their dates.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "attempt"], name="one_line_an_attempt")]
        indexes = [
            # All that is summed over a month of a team, so that no row is read for it.
            models.Index(
                fields=["team", "day", "job", "definition", "queue", "person", "succeeded", "runs", "usd"],
                name="cost_of_team_month",
            ),
            models.Index(fields=["definition", "team", "-id"], name="cost_of_definition"),
        ]
