"""The pages of costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from jobs import access
from jobs.access import Member
from jobs.pricing import rates
from jobs.reports import costs as reports
from jobs.reports.budgets import budget_panel
from jobs.reports.costs import CostReport, CostRow, Grouping
from jobs.reports.months import Month
from jobs.search import Search, Term
from jobs.web.costs.bar_chart import bar_chart
from jobs.web.costs.receipt_view import receipt_views
from jobs.web.jobs.tabs import job_tabs
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.csv_export import csv_response, join_tags

MAX_TABS = 8
PREFERRED_TAG = "Project"
OTHER_GROUPINGS = ("queue", "definition", "person")
SEARCH_KEYS = {"queue": "queue", "definition": "def", "person": "user"}

TABLE_COLUMNS = ("value", "usd_estimate", "share_per_cent", "usd_month_before", "jobs", "usd_failed_or_stopped")
LINE_COLUMNS = (
    "day",
    "job",
    "name",
    "attempt",
    "runs",
    "succeeded",
    "billed_seconds",
    "usd_estimate",
    "queue",
    "definition",
    "person",
    "account",
    "platform",
    "vcpus",
    "memory_mib",
    "gpus",
    "tags",
    "aws_id",
)


@dataclass(frozen=True)
class GroupingTab:
    label: str
    query: str
    is_selected: bool


@dataclass(frozen=True)
class CostQuery:
    member: Member
    month: Month
    by: Grouping
    keys: list[str]

    def query(self, month: Month | None = None, by: Grouping | None = None) -> str:
        return urlencode({"month": str(month or self.month), "by": str(by or self.by)})


@require_safe
@login_required
def costs(request: SignedInRequest, slug: str) -> HttpResponse:
    query = _cost_query(request, slug)
    report = reports.cost_report(query.member.team, query.month, query.by)
    this_month = Month.containing(now())
    page = {
        "member": query.member,
        "team": query.member.team,
        "month": query.month,
        "grouping": query.by,
        "query_string": query.query(),
        "previous_query": query.query(query.month.previous),
        "next_query": query.query(query.month.next) if query.month < this_month else "",
        "this_month": this_month,
        "tabs": tabs(query),
        "report": report,
        "rows": [(row, _jobs_query(report, row)) for row in report.visible_rows],
        "failed_share": report.total.failed_usd / report.total.usd * 100 if report.total.usd else None,
        "chart": bar_chart(query.month.days, report.series),
        "rates": rates.read_rates().prices_on(min(query.month.last, now().date())),
        "has_uncharged_jobs": query.month == this_month and reports.has_uncharged_jobs(query.member.team),
        "budgets": budget_panel(query.member, with_changes=True),
        "current_page": "costs",
    }
    return render(request, "jobs/costs.html", page)


@require_safe
@login_required
def costs_csv(request: SignedInRequest, slug: str) -> HttpResponse:
    """Export every value, unrounded."""
    query = _cost_query(request, slug)
    report = reports.cost_report(query.member.team, query.month, query.by)
    return csv_response(f"costs-{slug}-{query.month}.csv", TABLE_COLUMNS, _table_rows(report))


@require_safe
@login_required
def cost_lines_csv(request: SignedInRequest, slug: str) -> HttpResponse:
    """Export one line for each attempt."""
    query = _cost_query(request, slug)
    return csv_response(f"cost-lines-{slug}-{query.month}.csv", LINE_COLUMNS, _line_rows(query))


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
        "no_cost_reason": "" if lines else reports.why_no_cost(job),
        "current_page": "jobs",
    }
    return render(request, "jobs/job/receipt.html", page)


def tabs(query: CostQuery) -> list[GroupingTab]:
    keys = query.keys[:MAX_TABS]
    if query.by.key and query.by.key not in keys:
        keys.append(query.by.key)
    groupings = [Grouping(reports.TAG, key) for key in keys] + [Grouping(kind) for kind in OTHER_GROUPINGS]
    return [
        GroupingTab(grouping.name, query.query(by=grouping), is_selected=grouping == query.by)
        for grouping in groupings
    ]


def _cost_query(request: SignedInRequest, slug: str) -> CostQuery:
    member = access.membership(request.user, slug)
    try:
        month = Month.parse(request.GET.get("month", ""))
    except ValueError:
        month = Month.containing(now())
    keys = reports.tag_keys(member.team, month)
    by = Grouping.parse(request.GET.get("by", ""))
    if by is None:
        usual = [PREFERRED_TAG] if PREFERRED_TAG in keys else keys[:1]
        by = Grouping(reports.TAG, usual[0]) if usual else Grouping("queue")
    return CostQuery(member, month, by, keys)


def _jobs_query(report: CostReport, row: CostRow) -> str:
    if not row.is_searchable:
        return ""
    if row.value is None:
        term = Term("untagged", (report.by.key,))
    elif report.by.kind == reports.TAG:
        term = Term(f"tag.{report.by.key}", (row.value,))
    else:
        term = Term(SEARCH_KEYS[report.by.kind], (row.value,))
    search = Search((term, Term("month", (str(report.month),))))
    return urlencode({"search": str(search), "sort": "-cost"})


def _table_rows(report: CostReport) -> Iterator[tuple[object, ...]]:
    for row in [*report.rows, report.total]:
        name = row.label if row is report.total or row.value is None else row.value
        share = row.share if row is not report.total else (100 if report.total.usd else 0)
        yield name, row.usd, f"{share:.4f}", row.before_usd, row.jobs, row.failed_usd


def _line_rows(query: CostQuery) -> Iterator[tuple[object, ...]]:
    count = 0
    for line, tags in reports.export_cost_lines(query.member.team, query.month):
        count += 1
        yield (
            line.day,
            line.job.text_id,
            line.job.name,
            line.attempt,
            line.runs,
            line.succeeded,
            line.billed_seconds,
            line.usd,
            line.queue.name,
            line.definition.name,
            line.person.username,
            line.account.name,
            line.job.platform,
            line.job.vcpus,
            line.job.memory_mib,
            line.job.gpus,
            join_tags(tags.items()),
            line.job.batch_id,
        )
    if count == reports.EXPORT_LIMIT:
        yield (f"Limited to {count} lines.",)
