"""The pages of one job: its state, why it waits or failed, its document and its log."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from jobs import access, actions
from jobs.actions import poll_hint
from jobs.models import Job, JobDependency, StateChange
from jobs.plain_text import to_plain_text
from jobs.reports import logs
from jobs.spec.documents import list_at, object_at
from jobs.spec.redaction import has_secrets, redact
from jobs.states import Delivery, State, Status
from jobs.web.jobs import ansi, array, effective_view
from jobs.web.jobs.explanation import describe_exit_code, explain_job
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required


@dataclass(frozen=True)
class TimelinePhase:
    """A phase of a job's timeline: when it began and ended, and whether it is done, current or next."""

    name: str
    progress: str  # "done", "now" or "next"
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class RenderedLogLine:
    """A log line rendered as HTML."""

    at: datetime
    html: str


@require_safe
@login_required
def job(request: SignedInRequest, text_id: str) -> HttpResponse:
    job, member = access.job(request.user, text_id)
    history = list(job.history.all())
    parents = list(job.waits_for.select_related("parent"))
    children = [dependency.job for dependency in job.waited_for_by.select_related("job").order_by("job__position")]
    is_behind = polling.is_stale(job.account, with_aws=job.status.is_live and job.delivery == Delivery.SENT)
    part = array.array_progress(job)
    mark = polling.etag(
        is_behind,
        part and part.etag_fields,
        len(history),
        _etag_fields(job),
        [_parent_status(dependency) for dependency in parents],
        [child.status.name for child in children],
    )
    if job.status.is_live:
        poll_hint.hint_poll([job])
    if polling.is_partial(request) and polling.is_current(request, mark):
        return HttpResponse(status=204)
    document = redact(job.document)
    page = {
        "member": member,
        "team": job.team,
        "job": job,
        "submission": job.submission,
        "answer": explain_job(job, _unfinished_parents(parents)),
        "band": timeline(job, history),
        "exit_words": describe_exit_code(job.exit_code),
        "attempts": logs.job_attempts(job),
        "parents": parents,
        "children": children,
        "history": history,
        "environment": effective_view.environment_overrides(document),
        "command": list_at(document, "containerOverrides", "command"),
        "request_document": document,
        "tags": redact(job.tags),
        "hides": document != job.document or has_secrets(job.tags),
        "resolved": effective_view.job_sections(job),
        "raw": redact(job.raw),
        "array": array_counts(job),
        "held": job.delivery == Delivery.HELD,
        "part": part,
        "heat": part and part.build_heat_map(),
        "live": part.live if part else job.status.is_live,
        "behind": is_behind,
        "mark": mark,
        "here": "jobs",
    }
    return render(request, "jobs/job/detail.html" + "#live" * polling.is_partial(request), page)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_stop(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Request that the job stops. A GET shows the job instead."""
    if request.method != "POST":
        job, _ = access.job(request.user, text_id)
        return redirect(job)
    job, member = access.job(request.user, text_id, permission="stop")
    actions.stop(job, member)
    messages.success(request, f"Stopping {job.name}.")
    return redirect(job)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_release(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Submit a held job after all, as a lead. A GET shows the job instead."""
    if request.method != "POST":
        job, _ = access.job(request.user, text_id)
        return redirect(job)
    job, member = access.job(request.user, text_id, permission="lead")
    if actions.release(job, member):
        messages.success(request, f"{job.name} is sent.")
    else:
        messages.info(request, f"{job.name} is not held any more.")
    return redirect(job)


@require_safe
@login_required
def job_log(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Show a part of the log: its end, or the part after or before a token.

    A page of its own for people without scripts; `part=lines` returns only the lines, for the log on the job's page.
    """
    job, member = access.job(request.user, text_id)
    attempt = _attempt_number(request)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    if after:
        piece = logs.after(job, after, attempt)
    elif before:
        piece = logs.before(job, before, attempt)
    else:
        piece = logs.tail(job, attempt)
    page = {
        "member": member,
        "team": job.team,
        "job": job,
        "attempt": attempt,
        "piece": piece,
        "lines": [RenderedLogLine(line.at, ansi.to_html(line.text)) for line in piece.lines],
        "live": job.status.is_live,
        "here": "jobs",
    }
    return render(request, "jobs/job/log.html" + "#lines" * (request.GET.get("part") == "lines"), page)


@require_safe
@login_required
def job_log_file(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Stream the whole log of an attempt as a file.

    A file is read in a terminal, which obeys control characters: only `raw=1` leaves them in.
    """
    job, _ = access.job(request.user, text_id)
    rows = _log_file_lines(job, _attempt_number(request), _raw_line if request.GET.get("raw") == "1" else _plain_line)
    response = StreamingHttpResponse(rows, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{job.name}-{job.text_id}.log"'
    return cast("HttpResponse", response)  # views may treat it as one


def _log_file_lines(job: Job, attempt: int | None, format_line: Callable[[str, str], str]) -> Iterator[bytes]:
    for piece in logs.full_log(job, attempt):
        for line in piece.lines:
            row = format_line(line.at.isoformat(timespec="milliseconds"), line.text)
            yield f"{row}\n".encode(errors="replace")
        if piece.problem:
            yield f"# {to_plain_text(piece.problem)}\n".encode(errors="replace")


def _raw_line(time: str, text: str) -> str:
    return f"{time} {text}"


def _plain_line(time: str, text: str) -> str:
    """Format a record; its further lines (`awslogs-multiline-pattern`) are indented, so none looks like a record."""
    lines = to_plain_text(text, keep="\t\n").rstrip().split("\n")
    return f"{time} " + f"\n{' ' * len(time)} ".join(line.rstrip() for line in lines)


def _attempt_number(request: SignedInRequest) -> int | None:
    number = request.GET.get("attempt", "")
    return int(number) if number.isdecimal() and len(number) < 4 else None


def timeline(job: Job, history: list[StateChange]) -> list[TimelinePhase]:
    """Return the job's five timeline phases. A poll may miss a state, so a phase without a beginning is skipped."""
    status = job.status
    starting_at = _first_time_in(history, State.STARTING)
    phases = [
        ("Submitted", job.accepted_at),
        ("Waiting", job.submitted_at or job.sent_at),
        ("Starting", starting_at if not job.started_at or (starting_at and starting_at < job.started_at) else None),
        ("Running", job.started_at),
        ("Ended", (job.stopped_at or job.ended_at) if status.is_final else None),
    ]
    phase_numbers = [index for index, (_, at) in enumerate(phases) if at]
    current = phase_numbers[-1]
    return [_timeline_phase(index, name, phases, current, status) for index, (name, _) in enumerate(phases)]


def _timeline_phase(
    index: int, name: str, phases: list[tuple[str, datetime | None]], current: int, status: Status
) -> TimelinePhase:
    start = phases[index][1]
    if index == len(phases) - 1:
        return TimelinePhase(
            status.label if status.is_final else name, "done" if status.is_final else "next", start, start
        )
    if start is None:
        return TimelinePhase(name, "missed" if index < current else "next")
    end = next((at for _, at in phases[index + 1 :] if at), None)
    return TimelinePhase(name, "now" if index == current else "done", start, end)


def array_counts(job: Job) -> list[tuple[str, int]]:
    """Return the children's counts by AWS status, without zeros."""
    summary = object_at(job.array_summary)
    return [(str(state), count) for state, count in summary.items() if isinstance(count, int) and count]


def _first_time_in(history: list[StateChange], state: str) -> datetime | None:
    return next((change.at for change in history if change.state == state), None)


def _unfinished_parents(parents: list[JobDependency]) -> tuple[str, ...]:
    return tuple(edge.parent.name for edge in parents if edge.parent and edge.parent.status.is_live)


def _parent_status(edge: JobDependency) -> str:
    return edge.parent.status.name if edge.parent else ""


def _etag_fields(job: Job) -> tuple[object, ...]:
    return (
        job.delivery,
        job.state,
        job.finished_attempts,
        job.exit_code,
        job.started_at,
        job.stopped_at,
        job.stop_requested_at,
        job.status_reason,
        job.container_reason,
        job.delivery_note,
        job.log_stream,
        job.array_summary,
    )
