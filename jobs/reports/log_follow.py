"""A job's log over all attempts, for programs.

A cursor is the number of an attempt and of a line in its log.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.timezone import now

from jobs.logs.lines import LogLine
from jobs.models import Job
from jobs.reports import log_copies
from jobs.reports.log_sources import LogChoice, job_source
from jobs.reports.logs import job_attempts

END_DELAY = timedelta(seconds=3)
"""Lines may reach CloudWatch as long after the end of the job.

Shorter than LATE_LINES_PERIOD of the copies, after which they are never read again: a script waits for this one.
"""

_CURSOR = re.compile(r"(?P<attempt>[1-9]\d{0,2})\.(?P<line>\d{0,8})", re.ASCII)


class InvalidCursorError(ValueError):
    """The text is not a cursor."""


@dataclass(frozen=True)
class LogRecord:
    """What a program wrote at once: a line, or several (`awslogs-multiline-pattern`)."""

    at: datetime
    text: str


@dataclass(frozen=True)
class LogRecords:
    records: tuple[LogRecord, ...]
    next_cursor: str
    note: str = ""
    is_last: bool = False


def follow(job: Job, cursor: str = "") -> LogRecords:
    """Raise InvalidCursorError."""
    number, line = _parse_cursor(cursor)
    attempts = job_attempts(job)
    last = max(1, len(attempts))
    if number > last:
        return LogRecords((), cursor, is_last=_is_complete(job))
    source = job_source(job, LogChoice(attempt=number if attempts else None))
    state = log_copies.refresh(source)
    lines = _whole_records(log_copies.read_lines(state, line, log_copies.MAX_LINES_PER_REQUEST))
    if lines:
        return LogRecords(tuple(_records(lines)), f"{number}.{line + len(lines)}")
    if number < last and state.is_done:
        return LogRecords((), f"{number + 1}.")
    is_last = number == last and state.is_done and _is_complete(job)
    return LogRecords((), f"{number}.{line or ''}", state.problem, is_last)


def _parse_cursor(cursor: str) -> tuple[int, int]:
    if not cursor:
        return 1, 0
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidCursorError("Invalid log position. Send the “next” of an earlier response, or leave it out.")
    return int(match["attempt"]), int(match["line"] or 0)


def _whole_records(lines: Sequence[LogLine]) -> Sequence[LogLine]:
    """Leave a record at the end for the next response, if it may be cut off."""
    if len(lines) < log_copies.MAX_LINES_PER_REQUEST:
        return lines
    end = next((index for index in range(len(lines) - 1, 0, -1) if lines[index].at is not None), 0)
    return lines[:end] if end else lines


def _records(lines: Sequence[LogLine]) -> list[LogRecord]:
    records: list[LogRecord] = []
    for line in lines:
        if line.at is not None or not records:
            records.append(LogRecord(datetime.fromtimestamp((line.at or 0) / 1000, UTC), line.text))
        else:
            records[-1] = LogRecord(records[-1].at, f"{records[-1].text}\n{line.text}")
    return records


def _is_complete(job: Job) -> bool:
    return job.status.is_final and (job.ended_at is None or now() - job.ended_at > END_DELAY)
