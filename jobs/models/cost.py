"""Cost lines of jobs."""

from decimal import Decimal

from django.conf import settings
from django.db import models

from jobs.models.account import Account
from jobs.models.definition import Definition
from jobs.models.job import Job
from jobs.models.queue import Queue
from jobs.models.team import Team

CORRECTION_STEP = 1000
"""Added to `attempt` once for each correction of a line, because a job has one line of each number."""


class CostLine(models.Model):
    """One finished attempt; of an array all successful, or all failed children. A correction adds a line to it."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="cost_lines")
    attempt = models.PositiveIntegerField()
    day = models.DateField(help_text="Day on which the attempt ended, in the time zone that the team then had.")
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
    # Null in lines from before these columns, which an upgrade doesn't rewrite.
    ended_at = models.DateTimeField(null=True, help_text="When the attempt ended, if AWS reported it.")
    instance_type = models.CharField(  # noqa: DJ001 - null is unknown, as in earlier lines
        max_length=40, null=True, help_text="EC2 type whose price was charged."
    )
    # Without a CHECK, for which an upgrade would read every row.
    correction = models.SmallIntegerField(
        null=True, help_text="Null for the charge, 1, 2 … for differences that were added to it later."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "attempt"], name="one_line_an_attempt")]
        indexes = [
            # All that is summed over a month of a team, so that no row is read for it.
            models.Index(
                fields=["team", "day", "job", "definition", "queue", "person", "succeeded", "runs", "usd"],
                name="cost_of_team_month",
            ),
            models.Index(fields=["definition", "team", "-id"], name="cost_of_definition"),
            models.Index(
                fields=["team", "instance_type", "job"],
                name="cost_of_instance",
                condition=models.Q(instance_type__isnull=False),
            ),
        ]
