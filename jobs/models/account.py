"""AWS accounts and their connection."""

import re
import secrets
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator, URLValidator
from django.db import models, transaction
from django.db.models import Value

from jobs.models import quarantine
from jobs.models.circuit_breaker import CircuitBreaker

if TYPE_CHECKING:
    from jobs.models.team import Team


class AccessMethod(models.TextChoices):
    """No credential is stored in the database."""

    DEFAULT = "default", "Default credentials of the server"
    ROLE = "role", "IAM role to assume"
    SANDBOX = "sandbox", "The bundled sandbox (dummy credentials)"


def new_external_id() -> str:
    """Return an id for the role's trust policy, so that others can't use the portal to assume it."""
    return secrets.token_urlsafe(24)


class AccountQuerySet(models.QuerySet["Account"]):
    def active(self) -> Self:
        return self.filter(active=True)

    def usable_by(self, team: "Team") -> Self:
        return self.active().filter(queues__grants__team=team).distinct()


class Account(models.Model):
    """What admins set; `status` has what the portal observes."""

    name = models.CharField(max_length=80, unique=True)
    region = models.CharField(
        max_length=30,
        validators=[RegexValidator(r"^[a-z]{2}(-[a-z]+)+-[0-9]\Z", "Enter an AWS Region, like us-west-2.")],
    )
    number = models.CharField(
        "account number",
        max_length=12,
        blank=True,
        validators=[RegexValidator(r"^[0-9]{12}\Z", "An account number has 12 digits.")],
        help_text="12 digits",
    )
    access = models.CharField(max_length=10, choices=AccessMethod.choices, default=AccessMethod.DEFAULT)
    role_arn = models.CharField(
        "role to assume",
        max_length=200,
        blank=True,
        validators=[
            RegexValidator(
                r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+\Z",
                "Enter the ARN of a role, like arn:aws:iam::123456789012:role/batch-portal.",
            )
        ],
        help_text="arn:aws:iam::123456789012:role/batch-portal",
    )
    external_id = models.CharField("external ID", max_length=200, default=new_external_id, editable=False)
    endpoint_url = models.CharField(
        "endpoint URL",
        max_length=200,
        blank=True,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="Leave empty for the AWS endpoints of the region.",
    )
    quarantine_seconds = models.PositiveIntegerField(
        "quarantine (s)",
        default=600,
        validators=[MinValueValidator(10)],
        help_text="How long to look for a submission whose response was lost before it is sent again.",
    )
    poll_seconds = models.PositiveIntegerField(
        "poll interval (s)",
        default=15,
        validators=[MinValueValidator(1)],
        help_text="Longest time between two polls of a job that starts or runs.",
    )
    submits_per_second = models.PositiveIntegerField(
        "submissions per second",
        default=40,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="Maximum rate of all workers together. AWS allows 50 a second per account.",
    )
    adopts_outside_jobs = models.BooleanField(
        "show jobs submitted outside the portal",
        default=False,
        db_default=False,
        help_text="Jobs on the account's queues that were submitted elsewhere join the history of the team in their "
        "tag portal:team, or of the queue's only team. Administrators see the others.",
    )
    refreshes_prices = models.BooleanField(
        "read prices from AWS",
        default=False,
        db_default=False,
        help_text="Once a week, for the account's region, from the Price List API and EC2. Pinned prices stay.",
    )
    cost_export = models.CharField(
        max_length=300,
        blank=True,
        default="",
        db_default="",
        validators=[
            RegexValidator(
                r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()=-]+)+/data/?\Z",
                "Enter the folder of an export's data, like s3://bucket/prefix/export/data.",
            )
        ],
        help_text="Folder of a CUR 2.0 export in S3, like s3://bucket/prefix/export/data. Actual costs of this "
        "account are read from it every 6 hours. The portal reads nothing else in the bucket.",
    )
    cost_explorer_requests = models.PositiveIntegerField(
        "Cost Explorer requests a day",
        default=0,
        db_default=0,
        validators=[MaxValueValidator(100)],
        help_text="Once a day, costs by tag are read with at most so many. AWS charges $0.01 for each. 0 reads none.",
    )
    active = models.BooleanField(default=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.region})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        is_new = self._state.adding
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            if is_new:
                AccountStatus.objects.create(account=self)

    def clean(self) -> None:
        if (self.quarantine_seconds or 0) < self.min_quarantine_seconds:
            message = f"Enter at least {self.min_quarantine_seconds} s: a request can be in flight for that long."
            raise ValidationError({"quarantine_seconds": message})
        same = Account.objects.filter(number=self.number, region=self.region, endpoint_url=self.endpoint_url)
        if self.number and (other := same.exclude(pk=self.pk).first()):
            raise ValidationError({"number": f"{other} already connects this account in this region."})
        if self.cost_export and not self.number:
            raise ValidationError({"cost_export": "Enter the account number too: exports name accounts by it."})
        if self.cost_explorer_requests and not self.number:
            raise ValidationError({"cost_explorer_requests": "Enter the account number too: costs are read by it."})
        if self.access != AccessMethod.ROLE:
            return
        if not self.role_arn:
            raise ValidationError({"role_arn": "Enter the role to assume, or choose another access method."})
        role_accounts = re.findall(r":iam::(\d{12}):", self.role_arn)
        if self.number and role_accounts and role_accounts != [self.number]:
            raise ValidationError(
                {"role_arn": f"This role belongs to account {role_accounts[0]}, not to the account number entered."}
            )

    @property
    def min_quarantine_seconds(self) -> int:
        return quarantine.minimum_seconds(in_sandbox=self.access == AccessMethod.SANDBOX)


class AccountStatus(models.Model):
    account = models.OneToOneField(Account, on_delete=models.CASCADE, primary_key=True, related_name="status")
    rate_window_end = models.DateTimeField(
        null=True, help_text="End of the time that workers have reserved for submissions at the account's rate."
    )
    throttles = models.PositiveIntegerField(default=0, help_text="Total number of throttling errors.")
    throttled_at = models.DateTimeField(null=True)
    backoff_until = models.DateTimeField(null=True, help_text="No polls before this time, because AWS throttled.")
    backoff_seconds = models.PositiveIntegerField(default=0, help_text="Length of the last backoff.")
    clock_skew_seconds = models.FloatField(null=True, help_text="How far AWS's clock was ahead at the last poll.")
    breaker_failures = models.PositiveIntegerField(default=0, help_text="Consecutive calls without an answer.")
    breaker_opened_at = models.DateTimeField(null=True, help_text="When calls were paused.")
    breaker_retry_at = models.DateTimeField(null=True, help_text="When AWS is called again.")
    breaker_reason = models.CharField(max_length=200, blank=True)
    polled_at = models.DateTimeField(null=True, help_text="Last successful poll.")
    last_error = models.TextField(blank=True, help_text="Error of the last poll, empty if it succeeded.")
    queue_snapshot = models.JSONField(default=list, help_text="The queues as AWS last described them.")
    queue_snapshot_at = models.DateTimeField(null=True)
    queue_snapshot_error = models.TextField(blank=True)
    synced_at = models.DateTimeField(null=True, help_text="When a queue snapshot was last applied.")
    connection_test = models.JSONField(default=dict, help_text="Identity and permissions found by the last test.")
    costs_read_at = models.DateTimeField(null=True, help_text="When its cost export was last looked at.")
    costs_error = models.TextField(blank=True, default="", db_default="", help_text="Why it wasn't read.")
    cost_explorer_read_at = models.DateTimeField(null=True, help_text="When Cost Explorer was last read.")
    cost_explorer_error = models.TextField(blank=True, db_default="", help_text="Why it wasn't read in full.")
    cost_explorer_keys = models.JSONField(
        default=list,
        db_default=Value([], models.JSONField()),
        help_text="Keys that are activated as cost allocation tags.",
    )
    connection_tested_at = models.DateTimeField(null=True)
    prices_read_at = models.DateTimeField(null=True, help_text="When prices were last read from AWS.")
    prices_error = models.TextField(blank=True, db_default="", help_text="Error of the last reading of prices.")

    def __str__(self) -> str:
        return f"status of {self.account}"

    @property
    def breaker(self) -> CircuitBreaker:
        return CircuitBreaker(
            self.breaker_failures, self.breaker_opened_at, self.breaker_retry_at, self.breaker_reason
        )

    def update_breaker(self, after: CircuitBreaker) -> bool:
        """Save unless another process changed it since this copy was read."""
        unchanged = AccountStatus.objects.filter(pk=self.pk, **_breaker_fields(self.breaker))
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
