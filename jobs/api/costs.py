"""The team's costs of a month: estimates from sizes and run times of finished attempts."""

from decimal import Decimal

from django.http import HttpResponse
from django.utils.timezone import now
from ninja import Router

from jobs.api.auth import CallerRequest
from jobs.api.errors import Trouble
from jobs.api.renderers import answer
from jobs.api.schemas import CostRow, CostsAnswer, Problem
from jobs.reports import costs as reports
from jobs.reports.months import Month

router = Router(tags=["costs"])


@router.get("/costs", response={200: CostsAnswer, (401, 422, 429): Problem})
def costs(request: CallerRequest, month: str = "", by: str = "queue") -> HttpResponse:
    """Return a month's costs by `queue`, `definition`, `person` or `tag:KEY`.

    The month is written 2026-11; by default it is this one. Amounts are in USD.
    """
    division = reports.Grouping.parse(by)
    if division is None:
        raise Trouble(422, "A parameter is wrong", "by: write queue, definition, person or tag:KEY.")
    try:
        parsed_month = Month.parse(month) if month else Month.containing(now())
    except ValueError as error:
        raise Trouble(422, "A parameter is wrong", f"month: {error}") from None
    report = reports.cost_report(request.auth.member.team, parsed_month, division)
    content = CostsAnswer(
        month=str(parsed_month), by=str(division), rows=[_told(row) for row in report.rows], total=_told(report.total)
    )
    rows: list[tuple[object, ...]] = [
        ("cost", row.value, row.usd, row.failed_usd, row.before_usd, row.jobs) for row in content.rows
    ]
    total = content.total
    rows.append(("total", "-", total.usd, total.failed_usd, total.before_usd, total.jobs))
    return answer(request, 200, content, rows)


def _told(row: reports.CostRow) -> CostRow:
    return CostRow(
        value=row.value,
        usd=_exact(row.usd),
        failed_usd=_exact(row.failed_usd),
        before_usd=_exact(row.before_usd),
        jobs=row.jobs,
    )


def _exact(amount: Decimal) -> str:
    """Return the amount as text: JSON numbers are parsed as floats, whose sums are inexact."""
    return f"{amount:f}"
