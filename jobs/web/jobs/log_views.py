"""The log of a job, or of a child job of an array."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from jobs import access, actions
from jobs.causes import Explanation, FailureFacts, explain_failure
from jobs.causes.failure import USUAL_END
from jobs.logs.lines import LogLine
from jobs.logs.search import MAX_TEXT_LENGTH, LineFilter
from jobs.models import ArrayChild, Job
from jobs.plain_text import to_plain_text
from jobs.reports import children, log_copies, log_copy_search, log_sources
from jobs.reports.log_copies import LogState
from jobs.reports.log_sources import LogChoice, LogSource
from jobs.spec.index_rerun import indexes_of
from jobs.spec.redaction import redact_text
from jobs.web.jobs import ansi
from jobs.web.jobs.explanation import explain_job
from jobs.web.jobs.tabs import job_tabs
from jobs.web.shell.auth import SignedInRequest, login_required

PAGE_LINES = 500
PART_LINES = 12  # below a row of a list, and beside a workflow
MAX_CHARACTERS, NARROW_LINE_LENGTH = 1_000_000, 2_000
"""Of a response to the viewer, about; lines are cut shorter in one that would be longer."""
LINE_NUMBER_DIGITS = 8


@dataclass(frozen=True)
class RenderedLogLine:
    """`number` is from 1; None before the log has been read to its end."""

    number: int | None
    at: datetime | None
    html: SafeString


# -- Pages


@require_safe
@login_required
def job_log(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Show the viewer; with `line`, `before`, `after`, `plain=1` or `part=lines` lines for pages without scripts."""
    job, member = access.job(request.user, text_id)
    choice = _choice(request)
    page = {
        "member": member,
        "team": job.team,
        "job": job,
        "tabs": job_tabs(job, member),
        "tab": "log",
        "log_url": reverse("job_log", args=[text_id]),
        "log_file_url": reverse("job_log_file", args=[text_id]),
        "log_options": log_sources.log_options(job),
        "failure": _failure(job),
        "current_page": "jobs",
    }
    return _log_page(request, log_sources.job_source(job, choice), choice, page)


@require_safe
@login_required
def child_log(request: SignedInRequest, text_id: str, index: int) -> HttpResponse:
    child, array_job, member = access.child(request.user, text_id, index)
    if not child.status.is_final:
        actions.refresh_array(array_job)
    index_before, index_after = children.neighbours(child)
    page = {
        "member": member,
        "team": array_job.team,
        "job": array_job,
        "child": child,
        "failure": _failure(child),
        "original_index": _original_index(array_job, child.index),
        "index_before": index_before,
        "index_after": index_after,
        "log_url": reverse("child_log", args=[text_id, index]),
        "log_file_url": reverse("child_log_file", args=[text_id, index]),
        "current_page": "jobs",
    }
    return _log_page(request, log_sources.child_source(array_job, child), LogChoice(), page)


def _failure(row: Job | ArrayChild) -> Explanation | None:
    """Say why it failed, without AWS's message that says nothing more."""
    if not row.status.is_final or row.status.is_success:
        return None
    if isinstance(row, Job):
        explanation = explain_job(row)
    else:
        explanation = explain_failure(FailureFacts(exit_code=row.exit_code, status_reason=redact_text(row.reason)))
    messages = tuple(message for message in explanation.aws_messages if message != USUAL_END)
    return replace(explanation, aws_messages=messages)


def _log_page(request: SignedInRequest, source: LogSource, choice: LogChoice, page: dict[str, Any]) -> HttpResponse:
    is_part = request.GET.get("part") == "lines"
    is_plain = is_part or any(request.GET.get(name) for name in ("plain", "line", "before", "after"))
    page |= {"choice": choice, "choice_query": urlencode(choice.as_query())}
    page |= {"is_plain": is_plain, "is_part": is_part}
    if is_plain:
        page |= _plain_lines(request, source, PART_LINES if is_part else PAGE_LINES)
    return render(request, "jobs/job/log.html" + "#lines" * is_part, page)


def _plain_lines(request: SignedInRequest, source: LogSource, count: int) -> dict[str, Any]:
    """Return the lines of a page without scripts: those around a line, before or after one, or the last."""
    line, before, after = (_number(request, name) for name in ("line", "before", "after"))
    if line is None and before is None and after is None:
        lines, state = log_copies.last_lines(source, count)
        first = state.count - len(lines)
    else:
        state = log_copies.refresh(source)
        first = (line or 1) - 1 - count // 2
        if before is not None:
            first = before - 1 - count
        elif after is not None:
            first = after
        first = max(0, min(first, state.count - 1))
        lines = log_copies.read_lines(state, first, count)
    has_numbers = state.is_numbered and state.copy is not None
    last = first + len(lines)
    return {
        "lines": [
            RenderedLogLine(first + offset + 1 if has_numbers else None, _time(row.at), ansi.to_html(row.text))
            for offset, row in enumerate(lines)
        ],
        "problem": state.problem,
        "line_count": state.count,
        "is_numbered": state.is_numbered,
        "older": first + 1 if has_numbers and first > 0 else None,
        "newer": last if has_numbers and lines and (last < state.count or state.is_live) else None,
        "is_live": state.is_live,
    }


# -- JSON for the viewer


@require_safe
@login_required
def job_log_lines(request: SignedInRequest, text_id: str) -> HttpResponse:
    job, _ = access.job(request.user, text_id)
    return _lines_response(request, log_sources.job_source(job, _choice(request)))


@require_safe
@login_required
def child_log_lines(request: SignedInRequest, text_id: str, index: int) -> HttpResponse:
    child, array_job, _ = access.child(request.user, text_id, index)
    if not child.status.is_final:
        actions.refresh_array(array_job)
    return _lines_response(request, log_sources.child_source(array_job, child))


@require_safe
@login_required
def job_log_matches(request: SignedInRequest, text_id: str) -> HttpResponse:
    job, _ = access.job(request.user, text_id)
    return _matches_response(request, log_sources.job_source(job, _choice(request)))


@require_safe
@login_required
def child_log_matches(request: SignedInRequest, text_id: str, index: int) -> HttpResponse:
    child, array_job, _ = access.child(request.user, text_id, index)
    return _matches_response(request, log_sources.child_source(array_job, child))


def _lines_response(request: SignedInRequest, source: LogSource) -> HttpResponse:
    """Return lines by number (`from` and `count`, or `at`), what came after `known` lines, or the end.

    Lines of a log that hasn't been read to its end have negative numbers, counted from the end.
    """
    lines: Iterable[tuple[int, LogLine]]
    count_before, first = _number(request, "known"), _number(request, "from")
    if "at" in request.GET:
        state = log_copies.current(source)
        lines = log_copies.read_scattered_lines(state, _numbers(request.GET["at"]))
    elif first is not None:
        state = log_copies.current(source)
        lines = enumerate(log_copies.read_lines(state, first, _number(request, "count") or PAGE_LINES), first)
    elif count_before is not None:
        state = log_copies.refresh(source)
        start = max(count_before, state.count - PAGE_LINES)
        lines = enumerate(log_copies.read_lines(state, start, PAGE_LINES), start) if state.is_numbered else ()
    else:
        end, state = log_copies.last_lines(source, PAGE_LINES)
        lines = enumerate(end, state.count - len(end) if state.is_numbered else -len(end))
    rows = list(lines)
    is_wide = sum(min(len(line.text), ansi.MAX_LINE_LENGTH) for _, line in rows) > MAX_CHARACTERS
    max_length = NARROW_LINE_LENGTH if is_wide else ansi.MAX_LINE_LENGTH
    return JsonResponse(
        {
            **_state_json(state),
            "lines": [[number, line.at, _runs_json(line.text, max_length)] for number, line in rows],
        }
    )


def _matches_response(request: SignedInRequest, source: LogSource) -> HttpResponse:
    """Return numbers of lines with the text `q`, or that report an error (`errors=1`), or both; `from` a line on."""
    line_filter = LineFilter(request.GET.get("q", "")[:MAX_TEXT_LENGTH], request.GET.get("errors") == "1")
    state = log_copies.current(source)
    step = log_copy_search.search(state, line_filter, _number(request, "from") or 0)
    return JsonResponse({**_state_json(state), "matches": step.lines, "next": step.next_line})


def _state_json(state: LogState) -> dict[str, Any]:
    return {
        "count": state.count,
        "numbered": state.is_numbered,
        "live": state.is_live,
        "problem": state.problem,
    }


def _runs_json(text: str, max_length: int) -> str | list[tuple[str, str]]:
    runs = ansi.runs(text, max_length)
    if all(not run.classes for run in runs):
        return "".join(run.text for run in runs)
    return [(run.text, run.classes) for run in runs]


# -- Files


@require_safe
@login_required
def job_log_file(request: SignedInRequest, text_id: str) -> HttpResponse:
    job, _ = access.job(request.user, text_id)
    choice = _choice(request)
    names = choice.as_query()
    if choice.container not in log_sources.container_names(job):
        names.pop("container", None)
    suffix = "".join(f"-{name}-{value}" for name, value in names.items())
    return _file_response(request, log_sources.job_source(job, choice), f"{job.name}-{job.text_id}{suffix}")


@require_safe
@login_required
def child_log_file(request: SignedInRequest, text_id: str, index: int) -> HttpResponse:
    child, array_job, _ = access.child(request.user, text_id, index)
    name = f"{array_job.name}-{array_job.text_id}-{index}"
    return _file_response(request, log_sources.child_source(array_job, child), name)


def _file_response(request: SignedInRequest, source: LogSource, name: str) -> HttpResponse:
    """Leave control characters in only for `raw=1`: terminals obey them."""
    rows = _file_lines(source, _raw_line if request.GET.get("raw") == "1" else _plain_line)
    is_compressed = request.GET.get("gzip") == "1"
    response = StreamingHttpResponse(
        _gzip(rows) if is_compressed else rows,
        content_type="application/gzip" if is_compressed else "text/plain; charset=utf-8",
    )
    filename = f"{name}.log{'.gz' * is_compressed}"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=filename)
    return cast("HttpResponse", response)  # views may treat it as one


def _file_lines(source: LogSource, format_line: Callable[[str, str], str]) -> Iterator[bytes]:
    time = ""
    for part in log_copies.all_lines(source):
        if isinstance(part, str):
            yield f"# {to_plain_text(part)}\n".encode(errors="replace")
            continue
        rows = []
        for line in part:
            at = _time(line.at)
            time = at.isoformat(timespec="milliseconds") if at else " " * len(time)
            rows.append(format_line(time, line.text))
        yield "".join(f"{row}\n" for row in rows).encode(errors="replace")


def _raw_line(time: str, text: str) -> str:
    return f"{time} {text}"


def _plain_line(time: str, text: str) -> str:
    return f"{time} {to_plain_text(text, keep=chr(9)).rstrip()}"


def _gzip(parts: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(wbits=31)
    for part in parts:
        yield compressor.compress(part)
    yield compressor.flush()


# -- Parameters


def _choice(request: SignedInRequest) -> LogChoice:
    return LogChoice(
        attempt=_number(request, "attempt", digits=3),
        container=request.GET.get("container", ""),
        node=_number(request, "node", digits=3),
    )


def _number(request: SignedInRequest, name: str, *, digits: int = LINE_NUMBER_DIGITS) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) <= digits else None


def _numbers(text: str) -> Iterator[int]:
    return (int(part) for part in text.split(",") if part.isdecimal() and len(part) <= LINE_NUMBER_DIGITS)


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def _original_index(array_job: Job, child_index: int) -> int | None:
    """Return the index that a child of an array of reruns runs again."""
    indexes = indexes_of(array_job.document) if array_job.array_index is not None else ()
    return indexes[child_index] if child_index < len(indexes) else None
