"""The team's costs of a month."""

from decimal import Decimal

from django.utils.timezone import now
from ninja import Router

from jobs.api.auth import CallerRequest
from jobs.api.errors import ApiProblemError
from jobs.api.schemas import CostRowOut, CostsOut, ProblemDetailsOut
from jobs.reports import costs as reports
from jobs.reports.months import Month

router = Router(tags=["costs"])


@router.get("/costs", response={200: CostsOut, (401, 422, 429): ProblemDetailsOut})
def costs(request: CallerRequest, month: str = "", by: str = "queue") -> CostsOut:
    """Return a month's costs by `queue`, `definition`, `person` or `tag:KEY`.

    `month` is written as 2026-11 and defaults to the current month. Amounts are in USD.
    """
    division = reports.Grouping.parse(by)
    if division is None:
        raise ApiProblemError(422, "Invalid parameter", "by: use queue, definition, person or tag:KEY.")
    try:
        parsed_month = Month.parse(month) if month else Month.containing(now())
    except ValueError as error:
        raise ApiProblemError(422, "Invalid parameter", f"month: {error}") from None
    report = reports.cost_report(request.auth.member.team, parsed_month, division)
    return CostsOut(
        month=str(parsed_month),
        by=str(division),
        rows=[_cost_row(row) for row in report.rows],
        total=_cost_row(report.total),
    )


def _cost_row(row: reports.CostRow) -> CostRowOut:
    return CostRowOut(
        value=row.value,
        usd=_exact_text(row.usd),
        failed_usd=_exact_text(row.failed_usd),
        before_usd=_exact_text(row.before_usd),
        jobs=row.jobs,
    )


def _exact_text(amount: Decimal) -> str:
    """Return text: JSON numbers are parsed as floats, whose sums are inexact."""
    return f"{amount:f}"
