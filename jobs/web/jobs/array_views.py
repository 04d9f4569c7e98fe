"""The children of an array as a list with a filter, and the log of each."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.reports import children, logs
from jobs.states import STATUSES
from jobs.web.jobs import ansi, array
from jobs.web.jobs.views import PrintedLine
from jobs.web.shell.auth import SignedInRequest, signed_in

HIGHEST = 10_000  # the largest array that Batch takes


@require_safe
@signed_in
def job_children(request: SignedInRequest, text_id: str) -> HttpResponse:
    """The list: a hundred on a page, in the order of their indexes, of one state if that is wanted."""
    found, member = access.job(request.user, text_id)
    part = array.seen(found)
    state = request.GET.get("state", "")
    state = state if state in STATUSES else ""
    begin = request.GET.get("from", "")
    start = min(int(begin), HIGHEST) if begin.isdecimal() and len(begin) < 6 else 0
    page = {
        "member": member,
        "team": found.team,
        "job": found,
        "part": part,
        "state": state,
        "states": part.children.in_order if part else [],
        "page": children.page(found, start, state),
        "here": "jobs",
    }
    return render(request, "jobs/job/array.html", page)


@require_safe
@signed_in
def child_log(request: SignedInRequest, text_id: str, index: int) -> HttpResponse:
    """A piece of a child's log: its end, or what a token of an earlier piece leads to."""
    child, found, member = access.child(request.user, text_id, index)
    piece = logs.of_child(found, child, request.GET.get("after", "") or request.GET.get("before", ""))
    page = {
        "member": member,
        "team": found.team,
        "job": found,
        "child": child,
        "piece": piece,
        "lines": [PrintedLine(line.at, ansi.html_of(line.text)) for line in piece.lines],
        "live": not child.status.final,
        "here": "jobs",
    }
    return render(request, "jobs/job/log.html", page)
