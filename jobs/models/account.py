"""AWS accounts and the state of the connection to them."""

import re
import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator, URLValidator
from django.db import models

from jobs.models import quarantine
from jobs.models.circuit_breaker import CircuitBreaker


class Access(models.TextChoices):
    """Methods of access to an account. No credential is stored in the database."""

    DEFAULT = "default", "Default credentials of the machine"
    ROLE = "role", "A role to assume"
    SANDBOX = "sandbox", "The bundled sandbox (dummy credentials)"


def new_external_id() -> str:
    """Return an external id for the role's trust policy.

    It keeps others from using the portal to assume the role.
    """
    return secrets.token_urlsafe(24)


class Account(models.Model):
    """An AWS account in one region, and the access to it."""

    name = models.CharField(max_length=80, unique=True)
    region = models.CharField(max_length=30, validators=[RegexValidator(r"^[a-z]{2}(-[a-z]+)+-[0-9]\Z")])
    number = models.CharField(
        "account number",
        max_length=12,
        blank=True,
        validators=[RegexValidator(r"^[0-9]{12}\Z")],
        help_text="12 digits",
    )
    access = models.CharField(max_length=10, choices=Access.choices, default=Access.DEFAULT)
    role_arn = models.CharField(
        "role to assume",
        max_length=200,
        blank=True,
        validators=[
            RegexValidator(
                r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+\Z",
                "The ARN of a role is like arn:aws:iam::123456789012:role/batch-portal.",
            )
        ],
        help_text="arn:aws:iam::123456789012:role/batch-portal",
    )
    external_id = models.CharField(max_length=200, default=new_external_id, editable=False)
    endpoint_url = models.CharField(
        max_length=200,
        blank=True,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="Empty: Amazon's own endpoints.",
    )
    quarantine_seconds = models.PositiveIntegerField(
        default=600,
        validators=[MinValueValidator(10)],
        help_text="How long a submission whose answer was lost must stay unfound before it is sent again.",
    )
    poll_seconds = models.PositiveIntegerField(
        default=15,
        validators=[MinValueValidator(1)],
        help_text="How often a job that is about to change is looked at.",
    )
    submits_per_second = models.PositiveIntegerField(
        default=40,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="How fast jobs are sent, all workers together. AWS allows 50 a second to an account.",
    )
    submits_until = models.DateTimeField(
        null=True, editable=False, help_text="Until when the account's rate is taken by workers that send."
    )
    active = models.BooleanField(default=True)
    clock_skew_seconds = models.FloatField(
        null=True, editable=False, help_text="How far AWS's clock was ahead of ours at the last poll."
    )
    throttles = models.PositiveIntegerField(default=0, editable=False, help_text="How often AWS said: too fast.")
    throttled_at = models.DateTimeField(null=True, editable=False)
    quiet_until = models.DateTimeField(null=True, editable=False, help_text="Nothing is polled before.")
    quiet_seconds = models.PositiveIntegerField(default=0, editable=False, help_text="The last such pause.")
    breaker_failures = models.PositiveIntegerField(
        default=0, editable=False, help_text="Calls in a row that AWS did not answer."
    )
    breaker_opened_at = models.DateTimeField(
        null=True, editable=False, help_text="Since when nothing is asked there."
    )
    breaker_retry_at = models.DateTimeField(null=True, editable=False, help_text="When AWS is asked again.")
    breaker_reason = models.CharField(max_length=200, blank=True, editable=False)
    polled_at = models.DateTimeField(null=True, blank=True, editable=False)
    synced_at = models.DateTimeField(null=True, blank=True, editable=False)
    reading = models.JSONField(default=list, editable=False, help_text="The queues, as AWS last described them.")
    reading_at = models.DateTimeField(null=True, blank=True, editable=False)
    reading_trouble = models.TextField(blank=True, editable=False)
    trouble = models.TextField(blank=True, editable=False, help_text="What AWS last failed with, empty when well.")
    connection = models.JSONField(
        default=dict,
        editable=False,
        help_text="Who the portal was there when the connection was tested, and may what.",
    )
    connection_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.region})"

    def clean(self) -> None:
        """Validate the quarantine and the role. A quarantine shorter than a request can take would run jobs twice."""
        if (self.quarantine_seconds or 0) < self.min_quarantine_seconds:
            message = f"It is at least {self.min_quarantine_seconds} s: a request may be under way for so long."
            raise ValidationError({"quarantine_seconds": message})
        if self.access != Access.ROLE:
            return
        if not self.role_arn:
            raise ValidationError({"role_arn": "Name the role to assume, or choose another way in."})
        role_accounts = re.findall(r":iam::(\d{12}):", self.role_arn)
        if self.number and role_accounts and role_accounts != [self.number]:
            raise ValidationError(
                {"role_arn": f"This role is of account {role_accounts[0]}, and the number is another one."}
            )

    @property
    def min_quarantine_seconds(self) -> int:
        """Lower bound of `quarantine_seconds`: how long a request can be under way."""
        return quarantine.minimum_seconds(in_sandbox=self.access == Access.SANDBOX)

    @property
    def breaker(self) -> CircuitBreaker:
        """Circuit breaker of the account, as this copy of the row has it."""
        return CircuitBreaker(
            self.breaker_failures, self.breaker_opened_at, self.breaker_retry_at, self.breaker_reason
        )

    def update_breaker(self, after: CircuitBreaker) -> bool:
        """Save the new state of the breaker, unless another process changed it since this copy was read."""
        unchanged = Account.objects.filter(pk=self.pk, **_breaker_fields(self.breaker))
        is_written = bool(unchanged.update(**_breaker_fields(after)))
        if is_written:
            for name, value in _breaker_fields(after).items():
                setattr(self, name, value)
        return is_written


def _breaker_fields(breaker: CircuitBreaker) -> dict[str, Any]:
    return {
        "breaker_failures": breaker.failures,
        "breaker_opened_at": breaker.opened_at,
        "breaker_retry_at": breaker.retry_at,
        "breaker_reason": breaker.reason,
    }
