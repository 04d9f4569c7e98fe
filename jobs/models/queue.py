"""Job queues and their grants to teams."""

from typing import TYPE_CHECKING, Self

from django.core.validators import MinValueValidator
from django.db import models

from jobs.models.account import Account
from jobs.models.team import Team
from jobs.spec.placement import PLATFORM_NAMES, EnvironmentFacts

if TYPE_CHECKING:
    from jobs.models.user import User


class QueueQuerySet(models.QuerySet["Queue"]):
    def granted_to(self, team: Team) -> Self:
        return self.filter(grants__team=team, account__active=True)

    def visible_to(self, user: "User") -> Self:
        if user.is_staff:
            return self
        return self.filter(grants__team__memberships__user=user).distinct()


class Queue(models.Model):
    """Mirrored from AWS. Only a sync writes its fields."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="queues")
    name = models.CharField(max_length=128)
    arn = models.CharField("ARN", max_length=300, blank=True)
    state = models.CharField(max_length=20, default="ENABLED")
    status = models.CharField(max_length=20, default="VALID")
    status_reason = models.TextField(blank=True)
    priority = models.IntegerField(default=0)
    platform = models.CharField(
        max_length=30, blank=True, help_text="Type of the queue in AWS: ECS, ECS_FARGATE, EKS …"
    )
    raw = models.JSONField("description from AWS", default=dict, blank=True)
    scheduling_policy = models.JSONField(
        default=dict,
        blank=True,
        help_text="Scheduling policy from AWS; empty for first in, first out.",
    )
    environments = models.JSONField(
        default=list,
        blank=True,
        help_text="Compute environments from AWS in their order; empty until read.",
    )
    seen_at = models.DateTimeField("last seen in AWS", null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True, help_text="When it was no longer found in AWS.")
    compared_at = models.DateTimeField(
        null=True, editable=False, help_text="When the last comparison of its jobs with AWS started."
    )

    objects = QueueQuerySet.as_manager()

    class Meta:
        ordering = ["account", "name"]
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="one_queue_of_a_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def platform_name(self) -> str:
        return PLATFORM_NAMES.get(self.platform, self.platform)

    @property
    def environment_facts(self) -> tuple[EnvironmentFacts, ...]:
        return tuple(EnvironmentFacts.from_description(environment) for environment in self.environments)

    @property
    def is_spot(self) -> bool:
        """Whether all compute environments that can start a job are Spot."""
        usable = [environment for environment in self.environment_facts if environment.is_usable]
        return bool(usable) and all(environment.is_spot for environment in usable)

    @property
    def is_open(self) -> bool:
        return self.state == "ENABLED" and self.status in ("VALID", "UPDATING") and self.removed_at is None


LIMIT_FIELDS = (
    "max_vcpus",
    "max_memory_mib",
    "max_gpus",
    "max_array_size",
    "max_run_seconds",
    "max_active_jobs",
    "max_active_vcpus",
)
"""Of a grant, as the admin lists them and the policy reads them."""
GRANT_FIELDS = (*LIMIT_FIELDS, "forms_only")


class FormsOnly(models.TextChoices):
    """Whose submissions to a queue have to come from a launch form."""

    ANALYSTS = "analysts", "Analysts"
    ALL = "all", "Analysts and leads"


class QueueGrant(models.Model):
    """An empty limit is none."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="queue_grants")
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="grants")
    is_default = models.BooleanField(default=False)

    # -- For each run of a job.
    max_vcpus = models.PositiveIntegerField("max. vCPU", null=True, blank=True)
    max_memory_mib = models.PositiveIntegerField("max. memory (MiB)", null=True, blank=True)
    max_gpus = models.PositiveIntegerField("max. GPU", null=True, blank=True)
    max_array_size = models.PositiveIntegerField("max. array size", null=True, blank=True)
    max_run_seconds = models.PositiveIntegerField(
        "max. time limit (s)",
        null=True,
        blank=True,
        validators=[MinValueValidator(60)],
        help_text="Each job then needs a time limit of at most this many seconds.",
    )

    # -- For all of the team's jobs in the queue at the same time; an array counts as its size.
    max_active_jobs = models.PositiveIntegerField("max. jobs at a time", null=True, blank=True)
    max_active_vcpus = models.PositiveIntegerField("max. vCPU at a time", null=True, blank=True)

    forms_only = models.CharField(
        "launch forms only",
        max_length=10,
        choices=FormsOnly.choices,
        blank=True,
        default="",
        db_default="",
        help_text="Who submits to the queue with launch forms only. Analysts among them can't save forms.",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "queue"], name="one_grant_a_queue")]

    def __str__(self) -> str:
        return f"{self.queue} for {self.team}"
