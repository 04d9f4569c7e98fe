"""EC2 instances that ran jobs."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from jobs.models.account import Account
from jobs.models.instance_type import PurchaseOption

MAX_ARN_LENGTH = 200


class ContainerInstanceQuerySet(models.QuerySet["ContainerInstance"]):
    def due(self, time: datetime) -> Self:
        """Select those to look up, the newest first: AWS forgets instances soon."""
        is_due = Q(next_read_at=None) | Q(next_read_at__lte=time)
        return self.filter(is_due, read_at=None).order_by("-pk")

    def by_arn(self, account: Account | int, arns: Collection[str]) -> dict[str, "ContainerInstance"]:
        return {row.arn: row for row in self.filter(account=account, arn__in=set(arns))} if arns else {}

    def add(self, account_arns: Iterable[tuple[int, str]]) -> None:
        """Add rows for those that have none."""
        pairs = sorted(set(account_arns))
        self.bulk_create(
            [ContainerInstance(account_id=account, arn=arn) for account, arn in pairs], ignore_conflicts=True
        )


class ContainerInstance(models.Model):
    """A row is added when a job starts on it, and looked up in AWS while it exists."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    arn = models.CharField("ARN", max_length=MAX_ARN_LENGTH)
    instance_id = models.CharField(max_length=30, blank=True)
    instance_type = models.CharField(max_length=40, blank=True)
    purchase_option = models.CharField(max_length=10, choices=PurchaseOption.choices, blank=True)
    read_at = models.DateTimeField(null=True)
    next_read_at = models.DateTimeField(null=True, help_text="When to try again after a failure.")
    error = models.TextField(blank=True, help_text="Why it could not be read.")

    objects = ContainerInstanceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "arn"], name="one_container_instance_an_arn")]
        indexes = [
            models.Index(fields=["account", "-id"], condition=Q(read_at=None), name="unread_container_instances")
        ]

    def __str__(self) -> str:
        return self.instance_id or self.arn
