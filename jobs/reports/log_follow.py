"""A job's log over all attempts.

A cursor is the number of an attempt and AWS's token for its stream.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from django.utils.timezone import now

from jobs.models import Job
from jobs.reports import logs

# Lines may reach CloudWatch a little after the job has ended.
LATE_LINES_PERIOD = timedelta(seconds=3)

_CURSOR = re.compile(r"(?P<attempt>[1-9]\d{0,2})\.(?P<token>[\w/+=.-]{0,400})", re.ASCII)


class InvalidCursorError(ValueError):
    """The text is not a cursor."""


@dataclass(frozen=True)
class LogChunk:
    lines: tuple[logs.LogLine, ...]
    next_cursor: str
    note: str = ""
    is_last: bool = False


def follow(job: Job, cursor: str = "") -> LogChunk:
    """Raise InvalidCursorError."""
    number, token = _parse_cursor(cursor)
    last = max(1, len(logs.job_attempts(job)))
    if number > last:
        return LogChunk((), cursor, is_last=_is_complete(job))
    page = logs.after(job, token, number) if token else logs.head(job, number)
    if page.lines:
        return LogChunk(page.lines, f"{number}.{page.newer}")
    if number < last and (not page.problem or not _stream(job, number)):
        return LogChunk((), f"{number + 1}.")
    return LogChunk((), f"{number}.{page.newer or token}", page.problem, is_last=number == last and _is_complete(job))


def _parse_cursor(cursor: str) -> tuple[int, str]:
    if not cursor:
        return 1, ""
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidCursorError("Invalid log position. Send the “next” of an earlier response, or leave it out.")
    return int(match["attempt"]), match["token"]


def _stream(job: Job, number: int) -> str:
    return next((attempt.stream for attempt in logs.job_attempts(job) if attempt.number == number), "")


def _is_complete(job: Job) -> bool:
    return job.status.is_final and (job.ended_at is None or now() - job.ended_at > LATE_LINES_PERIOD)
