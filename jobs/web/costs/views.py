"""The pages of costs."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from jobs import access
from jobs.pricing import exact_sum, rates
from jobs.reports import costs as reports
from jobs.reports.budgets import budget_panel
from jobs.reports.costs import CrossRow, CrossTable
from jobs.search import Term
from jobs.web.costs.bar_chart import bar_chart
from jobs.web.costs.files import (
    ACTUAL_COLUMNS,
    EXPLORER_COLUMNS,
    LINE_COLUMNS,
    TABLE_COLUMNS,
    actual_rows,
    cross_columns,
    cross_rows,
    explorer_rows,
    line_rows,
    table_rows,
)
from jobs.web.costs.query import CostQuery, as_actual, read_query
from jobs.web.costs.receipt_view import receipt_views
from jobs.web.jobs.tabs import job_tabs
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.csv_export import csv_response

CrossCell = tuple[Decimal, Decimal, str]
COST_EXPLORER = "cost-explorer"
"""The source of the file of actual costs, instead of cost exports."""


@require_safe
@login_required
def costs(request: SignedInRequest, slug: str) -> HttpResponse:
    return _page(request, _team_query(request, slug))


@require_safe
@login_required
def costs_of_all(request: SignedInRequest) -> HttpResponse:
    return _page(request, _query_of_all(request))


@require_safe
@login_required
def costs_csv(request: SignedInRequest, slug: str) -> HttpResponse:
    return _table_file(_team_query(request, slug), slug)


@require_safe
@login_required
def costs_csv_of_all(request: SignedInRequest) -> HttpResponse:
    return _table_file(_query_of_all(request), "all-teams")


@require_safe
@login_required
def cost_lines_csv(request: SignedInRequest, slug: str) -> HttpResponse:
    """Export one line for each attempt."""
    query = _team_query(request, slug)
    return csv_response(f"cost-lines-{slug}-{query.period.file_name}.csv", LINE_COLUMNS, line_rows(query))


@require_safe
@login_required
def actual_costs(request: SignedInRequest, slug: str) -> HttpResponse:
    return _actual_page(request, as_actual(_team_query(request, slug)))


@require_safe
@login_required
def actual_costs_of_all(request: SignedInRequest) -> HttpResponse:
    return _actual_page(request, as_actual(_query_of_all(request)))


@require_safe
@login_required
def actual_costs_csv(request: SignedInRequest, slug: str) -> HttpResponse:
    return _actual_file(request, as_actual(_team_query(request, slug)), slug)


@require_safe
@login_required
def actual_costs_csv_of_all(request: SignedInRequest) -> HttpResponse:
    return _actual_file(request, as_actual(_query_of_all(request)), "all-teams")


@require_safe
@login_required
def receipt(request: SignedInRequest, text_id: str) -> HttpResponse:
    job, member = access.job(request.user, text_id)
    lines = reports.receipt_lines(job)
    page = {
        "member": member,
        "team": job.team,
        "job": job,
        "tabs": job_tabs(job, member),
        "tab": "cost",
        "lines": list(receipt_views(lines)),
        "usd": sum(line.usd for line in lines),
        "actual": reports.actual_of_job(job),
        "no_cost_reason": "" if lines else reports.why_no_cost(job),
        "current_page": "jobs",
    }
    return render(request, "jobs/job/receipt.html", page)


def _team_query(request: SignedInRequest, slug: str) -> CostQuery:
    member = access.membership(request.user, slug)
    return read_query(request.GET, [member.team], member, member.team.local_time(now()))


def _query_of_all(request: SignedInRequest) -> CostQuery:
    """Raise Http404 for a person without a team."""
    teams = list(access.visible_teams(request.user))
    if not teams:
        raise Http404("You aren't a member of a team.")
    return read_query(request.GET, teams, None, now())


def _page(request: SignedInRequest, query: CostQuery) -> HttpResponse:
    reader = query.reader
    report = reports.cost_report(reader, query.period, query.by, query.today)
    table = (
        reports.cross_table(reader, query.period, (query.by, query.crossed_by), query.today)
        if query.crossed_by
        else None
    )
    total = report.total
    jobs_url = reverse("jobs", args=[(query.member.team if query.member else query.teams[0]).slug])
    page = {
        "member": query.member,
        "team": query.member.team if query.member else None,
        "costs": query,
        "period": query.period,
        "grouping": query.by,
        "report": report,
        "table": table,
        "cross_rows": list(_cross_rows(query, jobs_url, table)) if table else [],
        "rows": [
            (row, _row_link(query, jobs_url, row), _running_link(query, jobs_url, row)) for row in report.visible_rows
        ],
        "failed_share": total.failed_usd / total.usd * 100 if total.usd else None,
        "forecast": reports.period_forecast(reader, query.period, exact_sum.units(total.spent), query.local_time),
        "chart": bar_chart(
            report.bars,
            report.series,
            [f"{jobs_url}?{query.jobs_query([], query.period.of_days(bar.first, bar.last))}" for bar in report.bars],
        ),
        "budgets": budget_panel(query.member, with_changes=True) if query.member else None,
        "advice": _advice(query, jobs_url),
        "coverage": reports.price_coverage(query.teams),
        "rates": rates.read_rates().prices_on(min(query.period.last, query.today)),
        "has_uncharged_jobs": query.is_current and reports.has_uncharged_jobs(query.teams),
        "has_backlog": reader.has_backlog(query.period.of_days(query.period.previous.first, query.period.last)),
        "jobs_url": jobs_url,
        "zone": _time_zone(query),
        "current_page": "costs",
    }
    return render(request, "jobs/costs.html", page)


def _advice(query: CostQuery, jobs_url: str) -> dict[str, Any] | None:
    """Return it for those who lead a team, failures with the address of their jobs."""
    if query.member is None or not query.member.can("lead"):
        return None
    advice = reports.cost_advice(query.member.team, query.period, query.reader)
    failures = [(cost, f"{jobs_url}?{query.jobs_query([Term('reason', (cost.cause,))])}") for cost in advice.failures]
    return {"failures": failures, "spot": advice.spot, "unlimited": advice.unlimited} if advice else None


def _sees_all(request: SignedInRequest, query: CostQuery) -> bool:
    """Only who sees all teams sees what belongs to none."""
    return query.member is None and request.user.is_staff


def _actual_report(request: SignedInRequest, query: CostQuery) -> reports.ActualReport:
    return reports.actual_report(query.teams, query.period, query.by, sees_all=_sees_all(request, query))


def _explorer_report(request: SignedInRequest, query: CostQuery) -> reports.ExplorerReport | None:
    return reports.explorer_report(query.teams, query.period, query.by, sees_all=_sees_all(request, query))


def _actual_page(request: SignedInRequest, query: CostQuery) -> HttpResponse:
    page = {
        "member": query.member,
        "team": query.member.team if query.member else None,
        "costs": query,
        "period": query.period,
        "grouping": query.by,
        "report": _actual_report(request, query),
        "explorer": _explorer_report(request, query),
        "current_page": "costs",
    }
    return render(request, "jobs/actual_costs.html", page)


def _actual_file(request: SignedInRequest, query: CostQuery, name: str) -> HttpResponse:
    if request.GET.get("source") == COST_EXPLORER:
        report = _explorer_report(request, query)
        if report is None:
            raise Http404("Cost Explorer isn't read.")
        file_name = f"cost-explorer-{name}-{query.period.file_name}.csv"
        return csv_response(file_name, EXPLORER_COLUMNS, explorer_rows(report))
    file_name = f"actual-costs-{name}-{query.period.file_name}.csv"
    return csv_response(file_name, ACTUAL_COLUMNS, actual_rows(_actual_report(request, query)))


def _time_zone(query: CostQuery) -> str:
    """Return its name, or that of teams with several."""
    zones = {team.time_zone for team in query.teams}
    return zones.pop() if len(zones) == 1 else "team's own"


def _row_link(query: CostQuery, jobs_url: str, row: reports.CostRow) -> str:
    """Return an empty text for a row without finished attempts, or whose jobs no search selects."""
    terms = query.terms_of(query.by, row.value) if row.is_searchable and (row.jobs or row.usd) else None
    return f"{jobs_url}?{query.jobs_query(terms)}" if terms else ""


def _running_link(query: CostQuery, jobs_url: str, row: reports.CostRow) -> str:
    """Return an empty text for a row without running jobs, or whose jobs no search selects."""
    if not row.running_usd or not row.is_searchable:
        return ""
    # A running job has no instance type yet.
    terms = [] if query.by.kind == "instance" else query.terms_of(query.by, row.value)
    return "" if terms is None else f"{jobs_url}?{query.running_query(terms)}"


def _cross_rows(query: CostQuery, jobs_url: str, table: CrossTable) -> Iterator[tuple[CrossRow, list[CrossCell]]]:
    """Yield the rows with their cells: amount, cents, and the address of the jobs if a search selects them."""
    columns = [
        query.terms_of(table.columns_by, value) if is_searchable else None
        for value, is_searchable in zip(table.column_values, table.searchable_columns, strict=True)
    ]
    for row in table.rows:
        own = query.terms_of(table.rows_by, row.value) if row.is_searchable else None
        links = [
            f"{jobs_url}?{query.jobs_query([*own, *others])}" if is_charged and own and others else ""
            for others, is_charged in zip(columns, row.is_charged, strict=True)
        ]
        yield row, [(usd, cents, link) for (usd, cents), link in zip(row.cents, links, strict=True)]


def _table_file(query: CostQuery, name: str) -> HttpResponse:
    """Export every value, unrounded."""
    file_name = f"costs-{name}-{query.period.file_name}.csv"
    if query.crossed_by:
        groupings = query.by, query.crossed_by
        table = reports.cross_table(query.reader, query.period, groupings, query.today, is_short=False)
        return csv_response(file_name, cross_columns(table), cross_rows(table))
    report = reports.cost_report(query.reader, query.period, query.by, query.today)
    return csv_response(file_name, TABLE_COLUMNS, table_rows(report))
