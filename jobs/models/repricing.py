"""Corrections of past costs that an administrator previews and applies."""

from datetime import date, datetime
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from jobs.models.team import Team


class RepricingQuerySet(models.QuerySet["Repricing"]):
    def due(self, time: datetime) -> Self:
        return self.filter(due_at__lte=time).order_by("due_at")


class Repricing(models.Model):
    """A preview, and its application once it is confirmed. A worker goes on until `due_at` is empty."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    first = models.DateField("first day", help_text="Attempts that ended from this day on, such as 2026-11-01.")
    last = models.DateField("last day")
    team = models.ForeignKey(
        Team,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Empty: all teams",
    )
    why = models.CharField("reason", max_length=300, help_text="Shown on receipts and in the audit log.")

    # -- Where the person asked for it, for the audit log.
    channel = models.CharField(max_length=10)
    address = models.CharField(max_length=200, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    previewed_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True, help_text="When it was confirmed.")
    ended_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When a worker continues with it; null while none has to.")
    newest_job = models.BigIntegerField(null=True, help_text="Key of the last job that was reached.")
    preview = models.JSONField(default=dict, help_text="What would change, by key of the team.")
    result = models.JSONField(default=dict, help_text="What has changed, by key of the team.")

    objects = RepricingQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = "cost correction"
        indexes = [models.Index(fields=["due_at"], name="repricing_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"

    def clean(self) -> None:
        first: date | None = self.first  # None where the form has no date
        last: date | None = self.last
        if first and last and last < first:
            raise ValidationError({"last": "Enter a day that isn't before the first one."})
        if first and first > now().date():
            raise ValidationError({"first": "Enter a day that isn't in the future."})
