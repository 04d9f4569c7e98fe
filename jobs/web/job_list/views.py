"""The list of jobs, its CSV, and suggestions for its search."""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs import access
from jobs.access import Member
from jobs.models.pagination import KeysetPage
from jobs.reports import causes, job_search
from jobs.reports.job_search import EXPORT_LIMIT, JobRow, StatusCounts
from jobs.reports.saved_views import default_view, saved_views
from jobs.search import KEYS
from jobs.search.parser import MAX_LENGTH
from jobs.web.job_list import old_parameters
from jobs.web.job_list.columns import COLUMNS
from jobs.web.job_list.csv_rows import CSV_COLUMNS, csv_rows
from jobs.web.job_list.filters import match_count, query_of_all_statuses, status_tiles, term_chips
from jobs.web.job_list.problems import problem_views, problems_while_typing
from jobs.web.job_list.query import ALL, EMPTY_SEARCH, MAX_SEARCH_LENGTH, ListQuery, parse_query
from jobs.web.job_list.rows import list_rows
from jobs.web.job_list.saved_views import query_of_view, view_links
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.csv_export import csv_response
from jobs.web.shell.paging import page_at


@dataclass(frozen=True)
class ListContent:
    counts: StatusCounts
    listing: KeysetPage[JobRow]

    @property
    def is_live(self) -> bool:
        """Only the first page is polled."""
        return self.listing.is_first and any(row.job.status.is_live for row in self.listing.rows)

    @property
    def etag(self) -> str:
        return polling.etag([_etag_fields(row) for row in self.listing.rows], self.counts)


@require_safe
@login_required
def jobs(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    if old_parameters.has_old_parameters(request.GET):
        return redirect(f"{request.path}?{old_parameters.translate(request.GET).urlencode()}")
    if polling.is_partial(request):
        return _live_part(request, member)
    views = saved_views(member)
    default = default_view(views)
    if default and not request.GET:
        return redirect(f"{request.path}?{query_of_view(default)}")
    query = parse_query(request.GET, member)
    page = _list_context(member, query, _result(request, member, query)) | {
        "problems": problem_views(query),
        "all_columns": COLUMNS.values(),
        "search_keys": KEYS.values(),
        "views": view_links(views, query, manages_team_views=member.can("lead")),
        "current_view": next((view for view in views if view.text_id == query.view), None),
        "max_search_length": MAX_LENGTH,
        "current_page": "jobs",
    }
    return render(request, "jobs/list/page.html", page)


def _live_part(request: SignedInRequest, member: Member) -> HttpResponse:
    query = parse_query(request.GET, member)
    result = _result(request, member, query)
    if polling.is_current(request, result.etag):
        return HttpResponse(status=204)
    return render(request, "jobs/list/page.html#live", _list_context(member, query, result))


def _result(request: SignedInRequest, member: Member, query: ListQuery) -> ListContent:
    """Return nothing for a search with problems."""
    if query.problems:
        return ListContent(StatusCounts([], 0, is_complete=True), KeysetPage())
    scope = query.report_scope(member)
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    read_page = partial(job_search.search_page, scope, query.search, sort=query.sort)
    listing = page_at(request, read_page, before=before, after="" if before else after)
    return ListContent(job_search.search_counts(scope, query.search), listing)


def _list_context(member: Member, query: ListQuery, result: ListContent) -> dict[str, Any]:
    """Return what the live part shows."""
    if "reason" in query.columns:
        causes.add_explanations([row.job for row in result.listing.rows], member.user)
    tiles = status_tiles(query, result.counts)
    return {
        "member": member,
        "team": member.team,
        "list_query": query,
        "query_string": query.query,
        "clear_query": query.with_search(EMPTY_SEARCH),
        "chips": term_chips(query),
        "counts": result.counts,
        "tiles": tiles,
        "all_statuses_query": query_of_all_statuses(query),
        "has_statuses": any(tile.is_selected for tile in tiles),
        "listing": result.listing.with_rows(list_rows(result.listing.rows, query.columns)),
        "columns": _shown_columns(query),
        "can_change": member.can("stop") or member.can("submit"),
        "match_count": match_count(tiles, result.counts, query),
        "sorts": query.sort_links,
        "etag": result.etag,
        "is_live": result.is_live,
    }


def _shown_columns(query: ListQuery) -> dict[str, bool]:
    """Return whether each column is shown: for the template a name that is missing would cost more than its cell."""
    names = {*query.columns, "team"} if query.scope == ALL else set(query.columns)
    return {name: name in names for name in COLUMNS}


@require_safe
@login_required
def jobs_csv(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    if old_parameters.has_old_parameters(request.GET):
        return redirect(f"{request.path}?{old_parameters.translate(request.GET).urlencode()}")
    query = parse_query(request.GET, member)
    if query.problems:
        text = "\n".join(problem.message for problem in query.problems)
        return HttpResponse(f"{text}\n", status=400, content_type="text/plain; charset=utf-8")
    rows = job_search.search_rows(query.report_scope(member), query.search, query.sort, EXPORT_LIMIT)
    return csv_response(f"jobs-{slug}.csv", CSV_COLUMNS, csv_rows(rows))


@require_safe
@login_required
def suggest(request: SignedInRequest, slug: str) -> HttpResponse:
    """Return what can stand at the caret of the search that is typed, and its problems elsewhere as HTML."""
    member = access.membership(request.user, slug)
    text = request.GET.get("search", "").replace("\0", "")[:MAX_SEARCH_LENGTH]
    caret = request.GET.get("caret", "")
    place = min(int(caret), len(text)) if caret.isascii() and caret.isdecimal() and len(caret) < 6 else len(text)
    query = parse_query(request.GET, member)
    suggestions = job_search.suggest(query.report_scope(member), text, place)
    problems = problems_while_typing(query, text, place)
    html = render_to_string("jobs/list/problems.html#items", {"problems": problems}) if problems else ""
    return JsonResponse({"suggestions": [asdict(suggestion) for suggestion in suggestions], "problems": html})


@require_safe
@login_required
def team_jobs(request: SignedInRequest, slug: str) -> HttpResponse:
    """Lead on from the address of a team."""
    access.membership(request.user, slug)
    parameters = request.GET.urlencode()
    return redirect(reverse("jobs", args=[slug]) + (parameters and f"?{parameters}"))


def _etag_fields(row: JobRow) -> tuple[object, ...]:
    """Leave out elapsed times."""
    job = row.job
    return job.pk, job.delivery, job.state, job.finished_attempts, job.started_at, job.stopped_at, row.usd
