"""Costs by tag as Cost Explorer tells them. Each reading of a month replaces the earlier one."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.db import models
from django.db.models import F, Q

from jobs.models.account import Account
from jobs.models.team import Team

BATCH_SIZE = 500
TEAM_TAG = "portal:team"
"""The tag of each job with the slug of its team."""


class CostExplorerMonth(models.Model):
    """The last reading of a tag key in a month of an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=128)
    month = models.DateField(help_text="First day of the month.")
    read_at = models.DateTimeField()
    data_through = models.DateField(help_text="Last day that was read.")
    is_by_team = models.BooleanField(help_text="Whether the tag portal:team told the teams apart.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key", "month"], name="one_cost_explorer_month")]


class CostExplorerCost(models.Model):
    """Costs of a day (UTC) by the value of the tag. Without a team they bear no team's tag."""

    reading = models.ForeignKey(CostExplorerMonth, on_delete=models.CASCADE, related_name="costs", db_index=False)
    day = models.DateField()
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    value = models.CharField(max_length=256, blank=True)
    usd_units = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reading", "day", "value", "team"], name="one_cost_explorer_cost"),
            models.UniqueConstraint(
                fields=["reading", "day", "value"], condition=Q(team=None), name="one_cost_explorer_cost_of_no_team"
            ),
        ]
        indexes = [models.Index(fields=["team"], name="cost_explorer_cost_of_team")]


class CostExplorerRequests(models.Model):
    """Requests of an account on a day (UTC), each of which AWS bills."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "day"], name="one_cost_explorer_requests")]


Cell = tuple[date, int | None, str]
"""Day, team and value."""


def count_request(account: Account, day: date, limit: int) -> bool:
    """Count a request before it is sent. Return False, and count nothing, if the day has had so many."""
    row, _ = CostExplorerRequests.objects.get_or_create(account=account, day=day)
    below_limit = CostExplorerRequests.objects.filter(pk=row.pk, number__lt=limit)
    return bool(below_limit.update(number=F("number") + 1))


def replace_months(readings: Sequence[CostExplorerMonth], units: Mapping[Cell, int]) -> None:
    """Replace the months of one account and key, all or none. Call it in a transaction."""
    months = [reading.month for reading in readings]
    first = readings[0]
    Account.objects.select_for_update(no_key=True).get(pk=first.account_id)  # one reading at a time
    earlier = CostExplorerMonth.objects.filter(account=first.account_id, key=first.key, month__in=months)
    if earlier.filter(read_at__gt=first.read_at).exists():
        return
    earlier.delete()
    by_month = {}
    for reading in readings:
        reading.save(force_insert=True)
        by_month[reading.month] = reading
    CostExplorerCost.objects.bulk_create(
        [
            CostExplorerCost(
                reading=by_month[day.replace(day=1)], day=day, team_id=team, value=value, usd_units=amount
            )
            for (day, team, value), amount in units.items()
        ],
        batch_size=BATCH_SIZE,
    )
