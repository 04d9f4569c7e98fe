"""Costs by tag from Cost Explorer, beside the estimate of the same days."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db.models import Q, Sum
from django.utils.timezone import now

from jobs.aws.cost_explorer import REQUEST_USD
from jobs.models import Account, CostExplorerCost, CostExplorerMonth, CostExplorerRequests, CostTagKey, Team
from jobs.models.cost_explorer import TEAM_TAG
from jobs.pricing import exact_sum
from jobs.pricing.cents import round_columns
from jobs.reports.costs.comparison import ComparisonRow
from jobs.reports.costs.grouping import TAG, Grouping
from jobs.reports.costs.sums import CostReader
from jobs.reports.periods import Period

_ROUNDED = ("estimate", "usd")


@dataclass(frozen=True)
class ExplorerReport:
    """`period` are the days that are compared. Without a reading, `data_through` is None and `rows` are empty.

    `inactive` are keys of tags that aren't activated, by the name of the account. `spent` is what the requests of
    this month cost, for a person who sees all teams. Without `is_by_tag`, there is nothing but that.
    """

    is_by_tag: bool
    is_of_all: bool
    period: Period
    rows: list[ComparisonRow]
    total: ComparisonRow
    data_through: date | None
    read_at: datetime | None
    inactive: Mapping[str, list[str]]
    unread: list[str]
    """Accounts with estimated costs of which there is no reading."""
    problems: Mapping[str, str]
    """Why Cost Explorer wasn't read in full, by the name of the account, for a person who sees all teams."""
    spent: Decimal | None = None


def explorer_report(
    teams: Sequence[Team], period: Period, grouping: Grouping, *, sees_all: bool = False
) -> ExplorerReport | None:
    """Return costs of teams that the user may see; None where Cost Explorer is read of no account.

    Who sees all teams also sees the costs of a value that bear no team's tag.
    """
    reader = CostReader.of(teams)
    charged = {int(value) for value in reader.by_value(period, Grouping("account"))}
    accounts = {account.pk: account for account in _accounts(charged, sees_all=sees_all)}
    if not accounts:
        return None
    is_by_tag = grouping.kind == TAG
    months = CostExplorerMonth.objects.filter(account__in=accounts, key=grouping.key)
    months = months.filter(month__range=(period.first.replace(day=1), period.last))
    if not sees_all:
        months = months.filter(is_by_team=True)
    # Tags that only other teams use look like those that don't exist.
    is_used = is_by_tag and CostTagKey.objects.filter(team__in=reader.teams, key=grouping.key).exists()
    readings = list(months.order_by("account", "month")) if is_used else []
    report = ExplorerReport(
        is_by_tag=is_by_tag,
        is_of_all=sees_all,
        period=period,
        rows=[],
        total=_row("", "Total", 0, 0),
        data_through=None,
        read_at=None,
        inactive=_inactive(accounts.values(), grouping.key) if is_used else {},
        unread=_unread(charged, readings),
        problems={a.name: a.status.cost_explorer_error for a in accounts.values() if sees_all and _has_problem(a)},
        spent=_cost(_requests_of_month(accounts)) if sees_all else None,
    )
    compared = _compared(period, readings)
    if compared is None:
        return report
    costs = CostExplorerCost.objects.filter(reading__in=readings, day__range=(compared.first, compared.last))
    if not sees_all:
        costs = costs.filter(team__in=reader.teams)
    sums = dict(costs.order_by().values_list("value").annotate(Sum("usd_units")))
    has_rest = all(reading.is_by_team for reading in readings)
    rows = _rows(reader, compared, grouping, sums, has_rest=has_rest)
    return replace(
        report,
        period=compared,
        rows=rows,
        total=ComparisonRow("", "Total", sum_of(row.estimate for row in rows), sum_of(row.usd for row in rows)),
        data_through=compared.last,
        read_at=min(reading.read_at for reading in _newest(readings).values()),
    )


def explorer_spending(account: Account) -> str:
    """Return how many of today's requests an account has made, and what those of the month cost."""
    requests = _requests_of_month([account.pk])
    if not requests and not account.cost_explorer_requests:
        return ""
    limit = account.cost_explorer_requests
    return f"{requests.get(_today(), 0):,} of {limit:,} requests today, ${_cost(requests):,.2f} this month"


def sum_of(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _accounts(charged: set[int], *, sees_all: bool) -> list[Account]:
    read = Q(cost_explorer_requests__gt=0) | Q(pk__in=CostExplorerMonth.objects.order_by().values("account"))
    accounts = Account.objects.filter(read).select_related("status").order_by("name")
    return list(accounts if sees_all else accounts.filter(pk__in=charged))


def _newest(readings: Iterable[CostExplorerMonth]) -> dict[int, CostExplorerMonth]:
    """Return the reading of the latest month of each account; `readings` are in their order."""
    return {reading.account_id: reading for reading in readings}


def _compared(period: Period, readings: Sequence[CostExplorerMonth]) -> Period | None:
    """Return the days of the period that were read of all accounts with a reading."""
    if not readings:
        return None
    earliest: dict[int, date] = {}
    for reading in readings:
        earliest.setdefault(reading.account_id, reading.month)
    first = max(period.first, *earliest.values())
    last = min(period.last, *(reading.data_through for reading in _newest(readings).values()))
    return Period.of_days(first, last) if first <= last else None


def _rows(
    reader: CostReader, period: Period, grouping: Grouping, sums: Mapping[str, int], *, has_rest: bool
) -> list[ComparisonRow]:
    estimates = {value: amounts.units for value, amounts in reader.by_value(period, grouping).items()}
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for value, name in grouping.names(sorted({*estimates, *sums} - {""})).items():
        by_name[name].append(value)
    rows = [
        _row(
            name,
            name,
            sum(estimates.get(value, 0) for value in values),
            sum(sums.get(value, 0) for value in values),
        )
        for name, values in by_name.items()
    ]
    rows.sort(key=lambda row: (-max(row.estimate, row.usd), row.label))
    if has_rest:
        tagged = sum(units for value, units in estimates.items() if value)
        rows.append(_row(None, grouping.rest_label, reader.total(period).units - tagged, sums.get("", 0)))
    return [replace(row, cents=cents) for row, cents in zip(rows, round_columns(rows, _ROUNDED), strict=True)]


def _row(value: str | None, label: str, estimate: int, units: int) -> ComparisonRow:
    return ComparisonRow(value, label, exact_sum.usd(estimate), exact_sum.usd(units))


def _inactive(accounts: Iterable[Account], key: str) -> dict[str, list[str]]:
    """Return tags that aren't activated, of accounts in which Cost Explorer has told which are."""
    missing = {
        account.name: [name for name in (key, TEAM_TAG) if name not in account.status.cost_explorer_keys]
        for account in accounts
        if account.status.cost_explorer_read_at and not _is_unlisted(account)
    }
    return {name: keys for name, keys in missing.items() if keys}


def _is_unlisted(account: Account) -> bool:
    """Return whether no reading has told yet which tags are activated."""
    return bool(account.status.cost_explorer_error) and not account.status.cost_explorer_keys


def _has_problem(account: Account) -> bool:
    return bool(account.cost_explorer_requests and account.status.cost_explorer_error)


def _unread(charged: set[int], readings: Iterable[CostExplorerMonth]) -> list[str]:
    names = Account.objects.filter(pk__in=charged - {reading.account_id for reading in readings})
    return sorted(names.values_list("name", flat=True))


def _requests_of_month(accounts: Iterable[int]) -> dict[date, int]:
    """Return how many requests were made on each day of this month."""
    days = (_today().replace(day=1), _today())
    rows = CostExplorerRequests.objects.filter(account__in=accounts, day__range=days)
    return dict(rows.order_by().values_list("day").annotate(Sum("number")))


def _cost(requests: Mapping[date, int]) -> Decimal:
    return sum(requests.values()) * REQUEST_USD


def _today() -> date:
    return now().astimezone(UTC).date()
