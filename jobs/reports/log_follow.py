"""A job's log from first to last line, over all attempts, for clients that follow it as it grows.

A cursor is the number of an attempt and the token with which AWS continues that attempt's stream.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from django.utils.timezone import now

from jobs.models import Job
from jobs.reports import logs

# Lines may reach CloudWatch a little after the job has ended.
LATE_LINES = timedelta(seconds=3)

_PLACE = re.compile(r"(?P<attempt>[1-9]\d{0,2})\.(?P<token>[\w/+=.-]{0,400})", re.ASCII)


class NoPlaceError(ValueError):
    """The text is not a cursor."""


@dataclass(frozen=True)
class Piece:
    """Lines, the next cursor, why there are none, and whether this is the end."""

    lines: tuple[logs.Line, ...]
    next: str
    note: str = ""
    end: bool = False


def follow(job: Job, cursor: str = "") -> Piece:
    """Return the lines at a cursor, from the beginning without one. Raises NoPlaceError."""
    number, token = _read(cursor)
    last = max(1, len(logs.attempts(job)))
    if number > last:
        return Piece((), cursor, end=_settled(job))
    page = logs.after(job, token, number) if token else logs.head(job, number)
    if page.lines:
        return Piece(page.lines, f"{number}.{page.newer}")
    if number < last and (not page.trouble or not _stream(job, number)):
        return Piece((), f"{number + 1}.")
    return Piece((), f"{number}.{page.newer or token}", page.trouble, end=number == last and _settled(job))


def _read(cursor: str) -> tuple[int, str]:
    if not cursor:
        return 1, ""
    match = _PLACE.fullmatch(cursor)
    if match is None:
        raise NoPlaceError("This is no place in a log: give back the “next” of an earlier answer, or nothing.")
    return int(match["attempt"]), match["token"]


def _stream(job: Job, number: int) -> str:
    return next((attempt.stream for attempt in logs.attempts(job) if attempt.number == number), "")


def _settled(job: Job) -> bool:
    """Return whether nothing more will be written."""
    return job.status.final and (job.ended_at is None or now() - job.ended_at > LATE_LINES)
