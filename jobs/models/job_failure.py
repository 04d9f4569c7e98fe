"""Causes of failed, lost and refused jobs: a row for each, and one for each cause of an array's children."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now

from jobs.models.account import Account
from jobs.models.array_reruns import rerun_families
from jobs.models.definition import Definition
from jobs.models.job import Job
from jobs.models.submission import Submission
from jobs.models.team import Team
from jobs.states import Delivery, State

LOG_DELAY = timedelta(seconds=5)
"""Lines may reach CloudWatch a little after the end of a job."""


class JobFailureQuerySet(models.QuerySet["JobFailure"]):
    def due(self, time: datetime) -> Self:
        return self.filter(due_at__lte=time).order_by("due_at")

    def in_families(self) -> Self:
        """Leave out arrays whose children have causes of their own, and jobs whose cause isn't known yet."""
        return self.exclude(family="")

    def current(self) -> Self:
        """Leave out what a later run made good, and jobs whose place a later run took.

        A chain of reruns is good from its first success on. Which arrays ran again is read first: in one query, and
        two more if there are any.
        """
        successes = Submission.objects.filter(jobs__state=State.SUCCEEDED)
        reruns = successes.filter(rerun_origin=OuterRef("job"))
        later_reruns = successes.filter(
            rerun_origin=OuterRef("job__submission__rerun_origin"), pk__gt=OuterRef("job__submission")
        )
        return self.filter(~Exists(reruns), ~Exists(later_reruns), job__superseded=False).exclude(
            job__in=self._completed_arrays()
        )

    def _completed_arrays(self) -> set[int]:
        """Return the keys of arrays all whose indexes have succeeded in the end, and of their reruns."""
        is_rerun = Q(job__array_index__isnull=False) | Exists(
            Job.objects.filter(repeats=OuterRef("job"), array_index__isnull=False)
        )
        submissions = set(self.filter(is_rerun).order_by().values_list("job__submission", flat=True))
        reruns = rerun_families(submissions) if submissions else {}
        return {job.pk for family in reruns.values() for job in family.obsolete_failures}


class JobFailure(models.Model):
    """`add_failures` makes it when the job is charged, `jobs.sync.failures` fills it in until `due_at` is empty."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="failures", db_index=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="+", db_index=False)
    ended_at = models.DateTimeField()
    first_index = models.PositiveIntegerField(
        null=True, help_text="First child of the array with this cause; null for the job itself."
    )
    child_count = models.PositiveIntegerField(default=0, help_text="Children of the array with this cause.")
    cause = models.CharField(
        max_length=32, blank=True, help_text="Stable name of the cause; empty until it is known."
    )
    exit_code = models.IntegerField(null=True)
    lines = models.JSONField(default=list, help_text="The last error lines of the log, secrets masked.")
    last_line = models.CharField(
        max_length=200, blank=True, help_text="What stands for the failure in its family, without numbers and ids."
    )
    family = models.CharField(
        max_length=10, blank=True, help_text="The same for the same cause, exit code and last line."
    )
    due_at = models.DateTimeField(null=True, help_text="When the cause or the log is to be read; null if done.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often the log was not there.")

    objects = JobFailureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job"], condition=Q(first_index=None), name="one_failure_a_job"),
            models.UniqueConstraint(
                fields=["job", "first_index"], condition=Q(first_index__isnull=False), name="one_failure_a_child"
            ),
        ]
        indexes = [
            models.Index(fields=["job"], name="failure_of_job"),
            models.Index(fields=["team", "ended_at", "family", "definition"], name="failure_of_team"),
            models.Index(fields=["team", "family", "-job"], name="failure_of_family"),
            models.Index(fields=["team", "cause", "-job"], name="failure_of_cause"),
            models.Index(fields=["account", "due_at"], name="failure_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.cause}"


def add_failures(jobs: Iterable[Job]) -> None:
    """Add a row for each that failed, due for its cause. Call it in the transaction that charges them."""
    due_at = now()
    JobFailure.objects.bulk_create(
        [
            JobFailure(
                job=job,
                team_id=job.team_id,
                account_id=job.account_id,
                definition_id=job.definition_id,
                ended_at=job.ended_at or due_at,
                due_at=due_at,
            )
            for job in jobs
            if job.state in (State.FAILED, State.LOST) or job.delivery == Delivery.REFUSED
        ],
        ignore_conflicts=True,
    )


def family_key(cause: str, exit_code: int | None, last_line: str) -> str:
    return blake2b(repr((str(cause), exit_code, last_line)).encode(), digest_size=5).hexdigest()
