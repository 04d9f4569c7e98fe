"""Outgoing mail."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import F
from django.utils.timezone import now


class MailKind(models.TextChoices):
    PASSWORD_RESET = "password-reset", "Password reset"


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def waiting(self) -> Self:
        return self.filter(failed_at=None)

    def due(self, since: timedelta = timedelta()) -> Self:
        return self.waiting().filter(try_at__lte=now() - since)

    def failed_after(self, time: datetime) -> Self:
        return self.filter(failed_at__gt=time)


class OutgoingMail(models.Model):
    """It holds no link or token: those are generated when it is sent."""

    kind = models.CharField(max_length=20, choices=MailKind.choices)
    address = models.CharField(max_length=254, blank=True, help_text="As entered; may belong to no user.")
    origin = models.CharField(max_length=300, help_text="Scheme and host of the portal, for links.")
    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    try_at = models.DateTimeField(help_text="When to send or retry it; during an attempt, the end of its lease.")
    failed_at = models.DateTimeField(null=True, help_text="When the last retry failed.")
    problem = models.CharField(
        max_length=200, blank=True, help_text="Why the last attempt failed, without the address."
    )

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["try_at"], condition=models.Q(failed_at=None), name="mail_to_send")]

    def __str__(self) -> str:
        return f"mail {self.pk}"

    def claim(self, lease: timedelta) -> bool:
        claimed = OutgoingMail.objects.due().filter(pk=self.pk)
        if not claimed.update(try_at=now() + lease, attempts=F("attempts") + 1):
            return False
        self.refresh_from_db()
        return True
