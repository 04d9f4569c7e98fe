"""The log of a job or of an array's child."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access, actions
from jobs.models import Job
from jobs.plain_text import to_plain_text
from jobs.reports import children, logs
from jobs.spec.index_rerun import indexes_of
from jobs.web.jobs import ansi
from jobs.web.jobs.tabs import job_tabs
from jobs.web.shell.auth import SignedInRequest, login_required


@dataclass(frozen=True)
class RenderedLogLine:
    at: datetime
    html: str


@require_safe
@login_required
def job_log(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Show the end, or the part after or before a token."""
    job, member = access.job(request.user, text_id)
    attempt = _attempt_number(request)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    if after:
        log_chunk = logs.after(job, after, attempt)
    elif before:
        log_chunk = logs.before(job, before, attempt)
    else:
        log_chunk = logs.tail(job, attempt)
    page = {
        "member": member,
        "team": job.team,
        "job": job,
        "tabs": job_tabs(job, member),
        "tab": "log",
        "attempt": attempt,
        "log_chunk": log_chunk,
        "lines": [RenderedLogLine(line.at, ansi.to_html(line.text)) for line in log_chunk.lines],
        "is_live": job.status.is_live,
        "current_page": "jobs",
    }
    return render(request, "jobs/job/log.html" + "#lines" * (request.GET.get("part") == "lines"), page)


@require_safe
@login_required
def job_log_file(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Leave control characters in only for `raw=1`: terminals obey them."""
    job, _ = access.job(request.user, text_id)
    rows = _log_file_lines(job, _attempt_number(request), _raw_line if request.GET.get("raw") == "1" else _plain_line)
    response = StreamingHttpResponse(rows, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{job.name}-{job.text_id}.log"'
    return cast("HttpResponse", response)  # views may treat it as one


@require_safe
@login_required
def child_log(request: SignedInRequest, text_id: str, index: int) -> HttpResponse:
    child, array_job, member = access.child(request.user, text_id, index)
    log_chunk = logs.child_log(array_job, child, request.GET.get("after", "") or request.GET.get("before", ""))
    if not child.status.is_final:
        actions.refresh_array(array_job)
    index_before, index_after = children.neighbours(child)
    page = {
        "member": member,
        "team": array_job.team,
        "job": array_job,
        "child": child,
        "original_index": _original_index(array_job, child.index),
        "index_before": index_before,
        "index_after": index_after,
        "log_chunk": log_chunk,
        "lines": [RenderedLogLine(line.at, ansi.to_html(line.text)) for line in log_chunk.lines],
        "is_live": not child.status.is_final,
        "current_page": "jobs",
    }
    return render(request, "jobs/job/log.html" + "#lines" * (request.GET.get("part") == "lines"), page)


def _original_index(array_job: Job, child_index: int) -> int | None:
    """Return the index that a child of an array of reruns runs again."""
    indexes = indexes_of(array_job.document) if array_job.array_index is not None else ()
    return indexes[child_index] if child_index < len(indexes) else None


def _log_file_lines(job: Job, attempt: int | None, format_line: Callable[[str, str], str]) -> Iterator[bytes]:
    for log_chunk in logs.full_log(job, attempt):
        for line in log_chunk.lines:
            row = format_line(line.at.isoformat(timespec="milliseconds"), line.text)
            yield f"{row}\n".encode(errors="replace")
        if log_chunk.problem:
            yield f"# {to_plain_text(log_chunk.problem)}\n".encode(errors="replace")


def _raw_line(time: str, text: str) -> str:
    return f"{time} {text}"


def _plain_line(time: str, text: str) -> str:
    """Indent further lines (`awslogs-multiline-pattern`), so that none looks like a record."""
    lines = to_plain_text(text, keep="\t\n").rstrip().split("\n")
    return f"{time} " + f"\n{' ' * len(time)} ".join(line.rstrip() for line in lines)


def _attempt_number(request: SignedInRequest) -> int | None:
    number = request.GET.get("attempt", "")
    return int(number) if number.isdecimal() and len(number) < 4 else None
