"""Teams and memberships."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse

if TYPE_CHECKING:
    from jobs.models.user import User

MAX_TOKEN_DAYS = 365
"""The longest time after which an API token expires."""

UNASSIGNED_SLUG = "outside-the-portal"
"""Of the team of outside jobs that belong to no other. It has no members, so only administrators see it."""


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        if not user.is_active:
            return self.none()
        return self if user.is_staff else self.filter(memberships__user_id=user.pk)


class Team(models.Model):
    slug = models.SlugField(unique=True, max_length=40)
    name = models.CharField(max_length=80, unique=True)
    active = models.BooleanField(default=True, help_text="An inactive team keeps its history but can't submit jobs.")
    resubmit_by_itself = models.BooleanField(
        "resubmit automatically",
        default=True,
        help_text="Submit a job again if AWS didn't confirm it and doesn't have it. If off, such a job is held until "
        "a team lead releases or withdraws it.",
    )
    may_register = models.BooleanField(
        "can register definitions", default=True, help_text="If off, the team's jobs can use shared definitions only."
    )
    leads_manage_members = models.BooleanField(
        "leads manage members",
        default=False,
        help_text="Team leads can add and remove viewers and analysts. Only administrators make leads.",
    )
    personal_token_days = models.PositiveSmallIntegerField(
        "max. days of personal tokens",
        default=90,
        validators=[MaxValueValidator(MAX_TOKEN_DAYS)],
        help_text="Members can create API tokens for themselves that expire within this many days. With 0 they "
        "can't, and existing ones stop working.",
    )
    features = models.JSONField(
        default=list, blank=True, help_text="Privileged features that the team's jobs can use."
    )
    further_fields = models.JSONField(
        "additional AWS Batch fields",
        default=list,
        blank=True,
        help_text="AWS Batch fields that the portal doesn't know yet but the team can use.",
    )
    default_time_limit_seconds = models.PositiveIntegerField(
        "default time limit",
        null=True,
        blank=True,
        validators=[MinValueValidator(60)],
        help_text="Applies to jobs without a time limit in the definition or the submission, in seconds.",
    )
    default_vcpus = models.DecimalField(
        "default vCPU",
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.25"))],
        help_text="Applies to definitions that the team registers without vCPU.",
    )
    default_memory_mib = models.PositiveIntegerField(
        "default memory (MiB)",
        null=True,
        blank=True,
        validators=[MinValueValidator(4)],
        help_text="Applies to definitions that the team registers without memory.",
    )
    # -- Thresholds above which a submission needs approval; empty: none. See `jobs.policy.approval`.
    approval_usd = models.DecimalField(
        "max. cost (USD)",
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Time limit × attempts × runs of all jobs, at today's rates.",
    )
    approval_vcpu_hours = models.PositiveIntegerField(
        "max. vCPU-hours", null=True, blank=True, help_text="Time limit × attempts × runs × vCPU of all jobs."
    )
    approval_gpus = models.PositiveIntegerField(
        "GPUs",
        null=True,
        blank=True,
        help_text="All jobs together; an array counts once per child job.",
    )
    approval_array_size = models.PositiveIntegerField(
        "array child jobs", null=True, blank=True, help_text="Child jobs of all arrays together."
    )
    time_zone = models.CharField(
        max_length=40,
        default="UTC",
        db_default="UTC",
        help_text="An attempt costs on the day on which it ended in this time zone, for example Europe/Zurich. A "
        "change applies to attempts that end later.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("jobs", args=[self.slug])

    def day_of(self, time: datetime) -> date:
        """Return the day of that time by which the team's costs are counted."""
        return self.local_time(time).date()

    def local_time(self, time: datetime) -> datetime:
        return time.astimezone(ZoneInfo(self.time_zone))

    @property
    def has_approval_thresholds(self) -> bool:
        thresholds = (self.approval_usd, self.approval_vcpu_hours, self.approval_gpus, self.approval_array_size)
        return any(threshold is not None for threshold in thresholds)


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    ANALYST = "analyst", "Analyst"
    LEAD = "lead", "Lead"


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.ANALYST)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_membership_a_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team} as {self.get_role_display().lower()}"
