"""A job's log from its first line to its last, over all its attempts, for whoever reads on as it grows.

A place in it is the number of an attempt and the token with which AWS goes on reading that attempt's stream.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from django.utils.timezone import now

from jobs.models import Job
from jobs.reports import logs

# Lines may reach CloudWatch a little after the job that wrote them has ended.
LATE_LINES = timedelta(seconds=3)

_PLACE = re.compile(r"(?P<attempt>[1-9]\d{0,2})\.(?P<token>[\w/+=.-]{0,400})", re.ASCII)


class NoPlaceError(ValueError):
    """What was given as a place was never one."""


@dataclass(frozen=True)
class Piece:
    """Lines, the place to go on from, why there are none, and whether this was the end."""

    lines: tuple[logs.Line, ...]
    next: str
    note: str = ""
    end: bool = False


def follow(job: Job, cursor: str = "") -> Piece:
    """What stands at a place of the job's log, by default at its beginning. Raises NoPlaceError."""
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
    """Whether nothing more will be written."""
    return job.status.final and (job.ended_at is None or now() - job.ended_at > LATE_LINES)
