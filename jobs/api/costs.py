"""What the team's finished attempts cost in a month: an estimate from sizes and run times."""

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
    """A month (2026-11; by default this one) by `queue`, `definition`, `person` or `tag:KEY`. Amounts are in USD."""
    division = reports.By.read(by)
    if division is None:
        raise Trouble(422, "A parameter is wrong", "by: write queue, definition, person or tag:KEY.")
    try:
        parsed_month = Month.read(month) if month else Month.of(now())
    except ValueError as error:
        raise Trouble(422, "A parameter is wrong", f"month: {error}") from None
    report = reports.report(request.auth.member.team, parsed_month, division)
    content = CostsAnswer(
        month=str(parsed_month), by=str(division), rows=[_told(row) for row in report.rows], total=_told(report.total)
    )
    rows: list[tuple[object, ...]] = [
        ("cost", row.value, row.usd, row.failed_usd, row.before_usd, row.jobs) for row in content.rows
    ]
    total = content.total
    rows.append(("total", "-", total.usd, total.failed_usd, total.before_usd, total.jobs))
    return answer(request, 200, content, rows)


def _told(row: reports.Row) -> CostRow:
    return CostRow(
        value=row.value,
        usd=_exact(row.usd),
        failed_usd=_exact(row.failed_usd),
        before_usd=_exact(row.before_usd),
        jobs=row.jobs,
    )


def _exact(amount: Decimal) -> str:
    """As text: a JSON number would be read as a float, and sums of those are no longer exact."""
    return f"{amount:f}"
