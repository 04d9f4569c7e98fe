"""Actual costs: what AWS billed, beside the estimate of the same days."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet, Sum

from jobs.models import Account, ActualDelivery, ActualJobCost, ActualTotal, CostGroup, Job, Team
from jobs.pricing import exact_sum
from jobs.pricing.cents import round_columns
from jobs.reports.costs.comparison import ComparisonRow
from jobs.reports.costs.grouping import KINDS, TEAM, Grouping
from jobs.reports.costs.sums import TEAM_COLUMN, VALUE, CostReader, parts_with_value, parts_with_values
from jobs.reports.months import Month
from jobs.reports.periods import Period

ACTUAL_KINDS = tuple(kind for kind in KINDS if kind not in ("state", "instance"))
"""Groupings, beside tags, that actual costs have."""
_ROUNDED = ("estimate", "usd", "idle")


@dataclass(frozen=True)
class ActualRow(ComparisonRow):
    """`usd` is what AWS allocates to the tasks, `idle` is unused capacity that it assigns to them."""

    idle: Decimal


@dataclass(frozen=True)
class ActualReport:
    """`period` are the days that are compared: of those asked for, up to the last with data.

    `data_through` is None, and `rows` are empty, without an import for the period. `unallocated` are costs of tasks
    that belong to no job of the portal, for a person who sees all teams.
    """

    period: Period
    by: Grouping
    rows: list[ActualRow]
    total: ActualRow
    unallocated: ActualRow | None
    data_through: date | None
    missing: list[str]
    """Accounts and months with estimated costs, of which no export has been imported."""
    without_split: list[str]
    """Accounts whose exports have no split cost allocation data."""


@dataclass(frozen=True)
class ActualJobAmount:
    """What AWS billed for a job in all months."""

    allocated: Decimal
    idle: Decimal
    data_through: date


def actual_report(
    teams: Sequence[Team], period: Period, grouping: Grouping, *, sees_all: bool = False
) -> ActualReport:
    """Return costs of teams that the user may see."""
    reader = CostReader.of(teams)
    accounts = {int(value) for value in reader.by_value(period, Grouping("account"))}
    deliveries = ActualDelivery.objects.filter(month__range=(period.first.replace(day=1), period.last))
    if not sees_all:
        deliveries = deliveries.filter(account__in=accounts)
    deliveries = deliveries.order_by("account__name", "month").select_related("account")
    newest: dict[int, ActualDelivery] = {}
    for delivery in deliveries:
        newest[delivery.account_id] = delivery
    data_through = min((delivery.data_through for delivery in newest.values()), default=None)
    if data_through is None or data_through < period.first:
        zero = _row("", "Total", 0, (0, 0))
        return ActualReport(period, grouping, [], zero, None, None, [], [])
    compared = Period.of_days(period.first, min(period.last, data_through))
    totals = ActualTotal.objects.filter(day__range=(compared.first, compared.last))
    own = totals.filter(group__team__in=reader.teams)
    rows, total = _rows(reader, own, compared, grouping)
    return ActualReport(
        period=compared,
        by=grouping,
        rows=rows,
        total=total,
        unallocated=_unallocated(totals) if sees_all else None,
        data_through=data_through,
        missing=_missing(accounts, deliveries, compared),
        without_split=sorted({delivery.account.name for delivery in deliveries if not delivery.has_split}),
    )


def actual_of_job(job: Job) -> ActualJobAmount | None:
    """Return None without an import that has costs of the job."""
    rows = list(ActualJobCost.objects.filter(job=job).select_related("delivery"))
    if not rows:
        return None
    return ActualJobAmount(
        exact_sum.usd(sum(row.usd_units for row in rows)),
        exact_sum.usd(sum(row.idle_units for row in rows)),
        max(row.delivery.data_through for row in rows),
    )


def _rows(
    reader: CostReader, totals: QuerySet[ActualTotal], period: Period, grouping: Grouping
) -> tuple[list[ActualRow], ActualRow]:
    estimates = {value: amounts.units for value, amounts in reader.by_value(period, grouping).items()}
    column = TEAM_COLUMN if grouping.kind == TEAM else VALUE
    groups = CostGroup.objects.filter(team__in=reader.teams)
    actual = _sums(totals.filter(group__in=groups.filter(parts_with_values(grouping))), column)
    total = _row("", "Total", reader.total(period).units, _sum(totals.filter(group__kind="")))
    names = grouping.names(sorted({*estimates, *actual}))
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for value, name in names.items():
        by_name[name].append(value)
    labels = grouping.labels(by_name)
    rows = [
        _row(
            name,
            labels.get(name, name) or "(empty)",
            sum(estimates.get(value, 0) for value in values),
            _add(actual.get(value, (0, 0)) for value in values),
        )
        for name, values in by_name.items()
    ]
    rows.sort(key=lambda row: (-max(row.estimate, row.usd), row.label))
    if grouping.has_rest:
        valued = _sum(totals.filter(group__in=groups.filter(parts_with_value(grouping))))
        rows.append(
            _row(
                None,
                grouping.rest_label,
                exact_sum.units(total.estimate) - sum(estimates.values()),
                (
                    exact_sum.units(total.usd) - valued[0],
                    exact_sum.units(total.idle) - valued[1],
                ),
            )
        )
    return [replace(row, cents=cents) for row, cents in zip(rows, round_columns(rows, _ROUNDED), strict=True)], total


def _row(value: str | None, label: str, estimate: int, actual: tuple[int, int]) -> ActualRow:
    return ActualRow(value, label, exact_sum.usd(estimate), exact_sum.usd(actual[0]), exact_sum.usd(actual[1]))


def _unallocated(totals: QuerySet[ActualTotal]) -> ActualRow:
    return _row(None, "Unallocated", 0, _sum(totals.filter(group=None)))


def _sums(totals: QuerySet[ActualTotal], column: str) -> dict[str, tuple[int, int]]:
    rows = totals.order_by().values_list(column).annotate(Sum("usd_units"), Sum("idle_units"))
    return {str(value): (units, idle) for value, units, idle in rows}


def _sum(totals: QuerySet[ActualTotal]) -> tuple[int, int]:
    sums = totals.aggregate(units=Sum("usd_units"), idle=Sum("idle_units"))
    return sums["units"] or 0, sums["idle"] or 0


def _add(amounts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    pairs = list(amounts)
    return sum(units for units, _ in pairs), sum(idle for _, idle in pairs)


def _missing(accounts: set[int], deliveries: Iterable[ActualDelivery], period: Period) -> list[str]:
    imported = {(delivery.account_id, delivery.month) for delivery in deliveries}
    months = [Month.of_day(day) for day in period.days if day.day == 1 or day == period.first]
    absent = [(account, month) for account in accounts for month in months if (account, month.first) not in imported]
    names = dict(Account.objects.filter(pk__in={account for account, _ in absent}).values_list("pk", "name"))
    return sorted(f"{names[account]} in {month.name}" for account, month in absent)
