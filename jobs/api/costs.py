"""The team's costs of a month, estimated and actual."""

from datetime import date
from decimal import Decimal

from django.utils.timezone import now
from ninja import Router

from jobs.api.auth import CallerRequest
from jobs.api.errors import ApiProblemError
from jobs.api.schemas import (
    ActualCostRowOut,
    ActualCostsOut,
    CostRowOut,
    CostsOut,
    ExplorerCostRowOut,
    ExplorerCostsOut,
    ProblemDetailsOut,
)
from jobs.reports import costs as reports
from jobs.reports.months import Month
from jobs.reports.periods import Period, PeriodKind

router = Router(tags=["costs"])


@router.get("/costs", response={200: CostsOut, (401, 422, 429): ProblemDetailsOut})
def costs(
    request: CallerRequest, month: str = "", by: str = "queue", first_day: str = "", last_day: str = ""
) -> CostsOut:
    """Return costs by `queue`, `definition`, `person`, `account`, `state`, `instance` or `tag:KEY`.

    `month` is written as 2026-11 and defaults to the current month. `first_day` and `last_day`, as 2026-11-02,
    replace it. Amounts are in USD.
    """
    grouping = reports.Grouping.parse(by)
    if grouping is None or grouping.kind == reports.TEAM:
        kinds = ", ".join(kind for kind in reports.KINDS if kind != reports.TEAM)
        raise ApiProblemError(422, "Invalid parameter", f"by: use {kinds} or tag:KEY.")
    team = request.auth.member.team
    today = team.day_of(now())
    period = _period(month, first_day, last_day, today)
    report = reports.cost_report(reports.CostReader.of([team]), period, grouping, today)
    return CostsOut(
        month=str(Month.of_day(period.first)) if period.kind is PeriodKind.MONTH else "",
        first_day=str(period.first),
        last_day=str(period.last),
        by=str(grouping),
        rows=[_cost_row(row, "untagged" if row.value is None else "value") for row in report.rows],
        total=_cost_row(report.total, "total"),
    )


@router.get("/costs/actual", response={200: ActualCostsOut, (401, 422, 429): ProblemDetailsOut})
def actual_costs(
    request: CallerRequest, month: str = "", by: str = "queue", first_day: str = "", last_day: str = ""
) -> ActualCostsOut:
    """Return what AWS billed by `queue`, `definition`, `person`, `account` or `tag:KEY`, beside the estimate.

    The period is written as in `GET /costs`. Only days that AWS has billed count, also in the estimate.
    """
    kinds = [kind for kind in reports.ACTUAL_KINDS if kind != reports.TEAM]
    grouping = reports.Grouping.parse(by)
    if grouping is None or grouping.kind not in (reports.TAG, *kinds):
        raise ApiProblemError(422, "Invalid parameter", f"by: use {', '.join(kinds)} or tag:KEY.")
    team = request.auth.member.team
    period = _period(month, first_day, last_day, team.day_of(now()))
    report = reports.actual_report([team], period, grouping)
    explorer = reports.explorer_report([team], period, grouping)
    return ActualCostsOut(
        first_day=str(report.period.first),
        last_day=str(report.period.last),
        by=str(grouping),
        data_through=str(report.data_through) if report.data_through else None,
        missing=report.missing,
        rows=[_actual_row(row, "untagged" if row.value is None else "value") for row in report.rows],
        total=_actual_row(report.total, "total"),
        cost_explorer=_explorer_costs(explorer) if explorer and explorer.is_by_tag else None,
    )


def _period(month: str, first_day: str, last_day: str, today: date) -> Period:
    """Raise ApiProblemError."""
    if first_day or last_day:
        try:
            return Period.custom(date.fromisoformat(first_day), date.fromisoformat(last_day))
        except ValueError as error:
            message = str(error) if first_day and last_day and "isoformat" not in str(error) else "use YYYY-MM-DD."
            raise ApiProblemError(422, "Invalid parameter", f"first_day, last_day: {message}") from None
    try:
        return Period.of_month(Month.parse(month) if month else Month.of_day(today))
    except ValueError as error:
        raise ApiProblemError(422, "Invalid parameter", f"month: {error}") from None


def _cost_row(row: reports.CostRow, kind: str) -> CostRowOut:
    return CostRowOut(
        value=row.value,
        usd=_exact_text(row.usd),
        failed_usd=_exact_text(row.failed_usd),
        before_usd=_exact_text(row.before_usd),
        jobs=row.jobs,
        running_usd=_exact_text(row.running_usd),
        kind=kind,
    )


def _actual_row(row: reports.ActualRow, kind: str) -> ActualCostRowOut:
    return ActualCostRowOut(
        value=row.value if kind != "total" else "",
        estimate_usd=_exact_text(row.estimate),
        allocated_usd=_exact_text(row.usd),
        idle_usd=_exact_text(row.idle),
        kind=kind,
    )


def _explorer_costs(report: reports.ExplorerReport) -> ExplorerCostsOut:
    return ExplorerCostsOut(
        first_day=str(report.period.first),
        last_day=str(report.period.last),
        data_through=str(report.data_through) if report.data_through else None,
        read_at=report.read_at,
        inactive=sorted({key for keys in report.inactive.values() for key in keys}),
        rows=[_explorer_row(row, "untagged" if row.value is None else "value") for row in report.rows],
        total=_explorer_row(report.total, "total"),
    )


def _explorer_row(row: reports.ComparisonRow, kind: str) -> ExplorerCostRowOut:
    return ExplorerCostRowOut(
        value=row.value if kind != "total" else "",
        estimate_usd=_exact_text(row.estimate),
        usd=_exact_text(row.usd),
        kind=kind,
    )


def _exact_text(amount: Decimal) -> str:
    """Return text: JSON numbers are parsed as floats, whose sums are inexact."""
    return f"{amount:f}"
