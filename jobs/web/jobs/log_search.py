"""Search in the logs of the jobs that the list of jobs shows."""

from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs import access
from jobs.logs.search import MAX_TEXT_LENGTH
from jobs.models import Job
from jobs.models.pagination import InvalidPageCursorError
from jobs.reports.log_search import LogMatch, LogSearchStep, search_logs
from jobs.web.job_list.problems import problem_views
from jobs.web.job_list.query import parse_query
from jobs.web.jobs import ansi
from jobs.web.shell.auth import SignedInRequest, login_required

MAX_JOBS = 1000
MAX_SHOWN_LENGTH = 300


@require_safe
@login_required
def log_search(request: SignedInRequest, slug: str) -> HttpResponse:
    """Search the next jobs. The page asks for more by itself, until a reader stops it."""
    member = access.membership(request.user, slug)
    query = parse_query(request.GET, member)
    text = request.GET.get("text", "").replace("\0", "").strip()[:MAX_TEXT_LENGTH]
    searched_count, found_count = _count(request, "searched"), _count(request, "found")
    step = None
    if text and not query.problems:
        try:
            step = search_logs(query.report_scope(member), query.search, text, request.GET.get("before", ""))
        except InvalidPageCursorError:
            raise Http404("This page of the search doesn't exist.") from None
        searched_count += step.job_count
        found_count += len(step.lines)
    page = {
        "member": member,
        "team": member.team,
        "list_query": query,
        "problems": problem_views(query),
        "text": text,
        "step": step,
        "rows": [_row(line, text) for line in step.lines] if step else [],
        "problem_rows": _problem_rows(step) if step else [],
        "searched_count": searched_count,
        "found_count": found_count,
        "max_jobs": MAX_JOBS,
        "next_query": _next_query(request, step, searched_count, found_count),
        "current_page": "jobs",
    }
    is_part = request.GET.get("part") == "results"
    return render(request, "jobs/log_search.html" + "#results" * is_part, page)


def _count(request: SignedInRequest, name: str) -> int:
    """Return how many the steps before this one had."""
    number = request.GET.get(name, "")
    return int(number) if number.isdecimal() and len(number) < 6 else 0


def _next_query(request: SignedInRequest, step: LogSearchStep | None, searched_count: int, found_count: int) -> str:
    """Return the query for the next jobs; empty at the end."""
    if step is None or not step.next or searched_count >= MAX_JOBS:
        return ""
    parameters = {name: request.GET[name] for name in ("search", "scope", "text") if name in request.GET}
    return urlencode({**parameters, "before": step.next, "searched": searched_count, "found": found_count})


def _problem_rows(step: LogSearchStep) -> list[tuple[str, list[Job]]]:
    """Return each problem once, with its jobs."""
    rows: dict[str, list[Job]] = {}
    for job, problem in step.problems.items():
        rows.setdefault(problem, []).append(job)
    return list(rows.items())


def _row(line: LogMatch, text: str) -> dict[str, object]:
    visible = "".join(run.text for run in ansi.runs(line.text))
    start = max(0, visible.find(text) - MAX_SHOWN_LENGTH // 2)
    part = visible[start : start + MAX_SHOWN_LENGTH]
    before, match, after = part.partition(text)
    return {
        "job": line.job,
        "attempt": line.attempt,
        "number": line.number,
        "before": f"…{before}" if start else before,
        "match": match,
        "after": f"{after}…" if start + MAX_SHOWN_LENGTH < len(visible) else after,
        "url": _line_url(line, text),
    }


def _line_url(line: LogMatch, text: str) -> str:
    """Lead to the line by its number, or by a search for the text where it isn't known."""
    parameters = {"attempt": line.attempt or "", "find": "" if line.number else text}
    query = urlencode({name: value for name, value in parameters.items() if value})
    anchor = f"#L{line.number}" if line.number else ""
    return f"{reverse('job_log', args=[line.job.text_id])}{'?' if query else ''}{query}{anchor}"
