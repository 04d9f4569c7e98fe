"""Actual costs: what AWS's bill says, by day, in the groups of the estimated ones.

A delivery of an export replaces the earlier one of its account and month. Lines of its files aren't kept.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.db import models
from django.db.models import Q

from jobs.models.account import Account
from jobs.models.cost_total import ALL, TAG, TAG_KEY, CostGroup, CostTagKey, Pair, Part, group_keys, tags_of
from jobs.models.job import Job

BATCH_SIZE = 500


class ActualDelivery(models.Model):
    """The delivery of an export whose costs count in a billing month of an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    month = models.DateField(help_text="First day of the billing month.")
    name = models.CharField(max_length=300, help_text="Folder of its files.")
    delivered_at = models.DateTimeField(help_text="Last change of its files.")
    imported_at = models.DateTimeField()
    data_through = models.DateField(help_text="Last day with usage in its files.")
    lines = models.PositiveBigIntegerField()
    has_split = models.BooleanField(help_text="Whether it has split cost allocation data.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "month"], name="one_actual_delivery")]


class ActualTotal(models.Model):
    """Costs of a day (UTC). Without a group they are of tasks that belong to no job of the portal."""

    delivery = models.ForeignKey(ActualDelivery, on_delete=models.CASCADE, related_name="totals", db_index=False)
    group = models.ForeignKey(CostGroup, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    day = models.DateField()
    usd_units = models.BigIntegerField()
    idle_units = models.BigIntegerField(help_text="Unused capacity that AWS assigns to the tasks.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "group", "day"], name="one_actual_total"),
            models.UniqueConstraint(
                fields=["delivery", "day"], condition=Q(group=None), name="one_actual_total_without_group"
            ),
        ]
        indexes = [models.Index(fields=["group", "day"], name="actual_total_of_group")]


class ActualJobCost(models.Model):
    """Costs of a job in a billing month."""

    delivery = models.ForeignKey(ActualDelivery, on_delete=models.CASCADE, related_name="job_costs")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="actual_costs", db_index=False)
    usd_units = models.BigIntegerField()
    idle_units = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "delivery"], name="one_actual_cost_of_job")]


class JobParts(NamedTuple):
    """Where the costs of a job count."""

    team: int
    account: int
    parts: list[Part]


def parts_of_jobs(jobs: Collection[int]) -> Mapping[int, JobParts]:
    """Return the parts of jobs by key: those of estimated costs, without state and instance type."""
    tags = tags_of(jobs)
    rows = list(
        Job.objects.filter(pk__in=jobs)
        .order_by()
        .values_list("pk", "team", "account", "queue", "definition", "person")
    )
    keys = CostTagKey.objects.filter(team__in={row[1] for row in rows}, is_summed=False)
    crowded = set(keys.values_list("team", "key"))
    parts = {}
    for job, team, account, queue, definition, person in rows:
        attributes = {"account": account, "queue": queue, "definition": definition, "person": person}
        own = [ALL, *(Part(kind, value=str(value)) for kind, value in attributes.items())]
        for key, value in tags.get(job, {}).items():
            own.append(Part(TAG_KEY, key))
            if (team, key) not in crowded:
                own.append(Part(TAG, key, value))
        parts[job] = JobParts(team, account, own)
    return parts


Amounts = tuple[int, int]
"""Units, and units of idle capacity."""


@dataclass
class DeliveredCosts:
    """Costs of a delivery in one account."""

    totals: defaultdict[tuple[int, Pair, date], list[int]] = field(default_factory=lambda: defaultdict(_zero))
    """By team, parts and day."""
    unallocated: defaultdict[date, list[int]] = field(default_factory=lambda: defaultdict(_zero))
    jobs: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(_zero))

    def add_job(self, job: int, parts: JobParts, days: Mapping[date, Amounts]) -> None:
        for day, amounts in days.items():
            _add(self.jobs[job], amounts)
            for part in parts.parts:
                _add(self.totals[parts.team, (part, ALL), day], amounts)

    def add_unallocated(self, day: date, amounts: Amounts) -> None:
        _add(self.unallocated[day], amounts)


def _zero() -> list[int]:
    return [0, 0]


def _add(cell: list[int], amounts: Amounts) -> None:
    cell[0] += amounts[0]
    cell[1] += amounts[1]


def replace_costs(delivery: ActualDelivery, costs: DeliveredCosts) -> None:
    """Replace what earlier deliveries of the account and month said. Call it in a transaction."""
    ActualDelivery.objects.filter(account=delivery.account, month=delivery.month).delete()
    delivery.save(force_insert=True)
    groups = group_keys({(team, both) for team, both, _ in costs.totals})
    ActualTotal.objects.bulk_create(
        [
            ActualTotal(delivery=delivery, group_id=group, day=day, usd_units=amounts[0], idle_units=amounts[1])
            for (team, both, day), amounts in sorted(costs.totals.items())
            if (group := groups.get((team, both)))
        ],
        batch_size=BATCH_SIZE,
    )
    ActualTotal.objects.bulk_create(
        [
            ActualTotal(delivery=delivery, day=day, usd_units=amounts[0], idle_units=amounts[1])
            for day, amounts in sorted(costs.unallocated.items())
        ],
        batch_size=BATCH_SIZE,
    )
    ActualJobCost.objects.bulk_create(
        [
            ActualJobCost(delivery=delivery, job_id=job, usd_units=amounts[0], idle_units=amounts[1])
            for job, amounts in sorted(costs.jobs.items())
        ],
        batch_size=BATCH_SIZE,
    )
