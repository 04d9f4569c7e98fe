"""The children of an array as a filterable list, and the log of each."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.reports import children, logs
from jobs.states import STATUSES
from jobs.web.jobs import ansi, array
from jobs.web.jobs.views import RenderedLogLine
from jobs.web.shell.auth import SignedInRequest, login_required

MAX_ARRAY_SIZE = 10_000  # AWS Batch's limit


@require_safe
@login_required
def job_children(request: SignedInRequest, text_id: str) -> HttpResponse:
    """List the children by index, a hundred a page, optionally of one state."""
    array_job, member = access.job(request.user, text_id)
    part = array.array_progress(array_job)
    state = request.GET.get("state", "")
    state = state if state in STATUSES else ""
    start_text = request.GET.get("from", "")
    start = min(int(start_text), MAX_ARRAY_SIZE) if start_text.isdecimal() and len(start_text) < 6 else 0
    page = {
        "member": member,
        "team": array_job.team,
        "job": array_job,
        "part": part,
        "state": state,
        "states": part.children.in_order if part else [],
        "page": children.child_page(array_job, start, state),
        "here": "jobs",
    }
    return render(request, "jobs/job/array.html", page)


@require_safe
@login_required
def child_log(request: SignedInRequest, text_id: str, index: int) -> HttpResponse:
    """Show a part of a child's log: its end, or the part that a token points to."""
    child, array_job, member = access.child(request.user, text_id, index)
    piece = logs.child_log(array_job, child, request.GET.get("after", "") or request.GET.get("before", ""))
    page = {
        "member": member,
        "team": array_job.team,
        "job": array_job,
        "child": child,
        "piece": piece,
        "lines": [RenderedLogLine(line.at, ansi.to_html(line.text)) for line in piece.lines],
        "live": not child.status.is_final,
        "here": "jobs",
    }
    return render(request, "jobs/job/log.html", page)
