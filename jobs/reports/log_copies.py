"""Copies of logs: one request at a time reads a stream on, all viewers read the copy.

A stream that has ended and is all here is never read again. What a request may read is bounded by `READ_SECONDS`; a
viewer that asks again continues there.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from itertools import islice

from django.db.models import QuerySet
from django.utils.timezone import now

from jobs.aws.errors import AwsError, ThrottledError
from jobs.aws.logs import LogEvent, LogEvents
from jobs.log_rate_limit import LogReadLimitError
from jobs.logs import chunks
from jobs.logs.lines import LogLine, split_event
from jobs.models import LogChunk, LogCopy
from jobs.reports import logs
from jobs.reports.log_sources import LogSource

READ_SECONDS = 1.5  # then no further page is begun
REFRESH_INTERVAL = timedelta(seconds=1.5)  # for all viewers of a stream together
LATE_LINES_PERIOD = timedelta(seconds=30)
"""Lines may reach CloudWatch as long after the end."""
TOKEN_LIFETIME = timedelta(hours=23)  # AWS: 24 h
PAGE_EVENTS = 10_000  # the limit of GetLogEvents
OPENING_EVENTS = 2_000
"""Enough to tell whether a log is long: a whole page takes AWS and the portal five times as long."""
BIG_PAGE_EVENTS, BIG_PAGE_CHARACTERS = 5_000, 512 * 1024
"""After a page as big, a stream probably has more."""
TAIL_LINES = 500
MAX_LINES_PER_REQUEST = 1000
MAX_SCATTERED_LINES = 100
CHUNKS_PER_QUERY = 16
DOWNLOAD_STALL_SECONDS, DOWNLOAD_PAUSE_SECONDS = 30.0, 0.1
MAX_LINES = 5_000_000

_long_reads = threading.BoundedSemaphore(2)  # requests of this process that read more than one page


class _Page(Enum):
    """What a page says of what follows."""

    LAST = "last"
    SMALL = "small"
    BIG = "big"
    TAKEN = "taken"  # another request appended it first


@dataclass(frozen=True)
class LogState:
    """What is known of a log. Without a copy, `problem` says why."""

    copy: LogCopy | None = None
    problem: str = ""
    is_live: bool = False
    is_done: bool = False
    """Whether nothing more can be read now: the end was just reached, or an error keeps the rest."""

    @property
    def count(self) -> int:
        return self.copy.line_count if self.copy else 0

    @property
    def is_numbered(self) -> bool:
        """Whether the copy has reached the end, so that the last lines have numbers."""
        return self.copy is None or self.copy.is_caught_up or self.is_cut

    @property
    def is_cut(self) -> bool:
        return self.count >= MAX_LINES


def current(source: LogSource) -> LogState:
    """Return what the copy has, without a call to AWS."""
    if not source.stream:
        return LogState(problem=source.problem, is_live=source.ended_at is None)
    copy = _find_copy(source)
    return LogState(copy, is_live=copy is None or not copy.is_complete)


def _find_copy(source: LogSource) -> LogCopy | None:
    return LogCopy.objects.filter(account=source.account, log_group=source.group, stream=source.stream).first()


def _create_copy(source: LogSource) -> LogCopy:
    copy, _ = LogCopy.objects.get_or_create(account=source.account, log_group=source.group, stream=source.stream)
    return copy


def refresh(source: LogSource, *, is_opening: bool = False) -> LogState:
    """Read the stream on, unless that was just done, is being done, or nothing can follow.

    For a viewer that opens, only as much as tells whether the log is long.
    """
    if not source.stream:
        return LogState(problem=source.problem, is_live=source.ended_at is None, is_done=True)
    copy = _find_copy(source) or _create_copy(source)
    copy.mark_viewed()
    problem, is_done = "", _is_current(copy, source)
    if not is_done and copy.claim():
        try:
            problem, is_done = _read_on(copy, source, is_opening=is_opening)
        finally:
            copy.release()
    is_live = not copy.is_complete and copy.line_count < MAX_LINES
    state = LogState(copy, problem, is_live, is_done)
    return replace(state, problem=problem or _remark(state, source))


def _remark(state: LogState, source: LogSource) -> str:
    if state.is_cut:
        return f"This log is longer than {MAX_LINES:,} lines. The portal shows the first {MAX_LINES:,}."
    if state.count or not state.is_numbered:
        return ""
    return "No log output." if source.ended_at else "No log output yet."


def _is_current(copy: LogCopy, source: LogSource) -> bool:
    if copy.is_complete or copy.line_count >= MAX_LINES:
        return True
    if _has_settled(source):
        return False  # one more read completes the copy
    return copy.is_caught_up and copy.read_at is not None and now() - copy.read_at < REFRESH_INTERVAL


def _read_on(copy: LogCopy, source: LogSource, *, is_opening: bool) -> tuple[str, bool]:
    """Return the problem, if there is one, and whether nothing more can be read now."""
    deadline = time.monotonic() + READ_SECONDS
    may_continue = _long_reads.acquire(blocking=False)
    try:
        while True:
            page = _read_page(copy, source, OPENING_EVENTS if is_opening else PAGE_EVENTS)
            is_enough = page in (_Page.LAST, _Page.TAKEN) or (page is _Page.BIG and is_opening)
            if is_enough or not may_continue or time.monotonic() > deadline:
                return "", page is _Page.LAST
    except LogReadLimitError as error:
        return str(error) if copy.is_caught_up or not copy.line_count else "", False
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            _mark_end(copy, has_ended=_has_settled(source))
            return "", True
        return f"Couldn't read the log: {error.message}", not isinstance(error, ThrottledError)
    finally:
        if may_continue:
            _long_reads.release()


def _read_page(copy: LogCopy, source: LogSource, limit: int) -> _Page:
    """Append a page to the copy."""
    has_settled, read_at = _has_settled(source), now()
    is_token_valid = bool(copy.token) and copy.read_at is not None and read_at - copy.read_at < TOKEN_LIFETIME
    token = copy.token if is_token_valid else ""
    page = logs.read_events(
        source.account,
        source.group,
        source.stream,
        token=token,
        from_head=True,
        limit=limit,
        since_ms=copy.last_event_ms,
    )
    # AWS returns the token it was given at the end, and only there: a page may be empty before.
    is_end = page.forward_token == token
    events = page.events if token or not copy.line_count else _without_repeats(page.events, copy)
    lines = [] if is_end else [line for event in events for line in split_event(_milliseconds(event), event.text)]
    has_more = not is_end and _is_big(page, limit)
    lines = lines[: MAX_LINES - copy.line_count]
    if not copy.append(lines, token=page.forward_token, read_at=read_at, has_more=has_more):
        return _Page.TAKEN
    if is_end:
        _mark_end(copy, has_ended=has_settled)
        return _Page.LAST
    is_near_end = copy.is_caught_up and not has_settled
    if is_near_end or copy.line_count >= MAX_LINES:
        return _Page.LAST
    return _Page.BIG if has_more else _Page.SMALL


def _mark_end(copy: LogCopy, *, has_ended: bool) -> None:
    if copy.is_caught_up and copy.is_complete == has_ended:
        return
    copy.is_caught_up, copy.is_complete = True, has_ended
    copy.read_at = copy.read_at or now()
    copy.save(update_fields=["is_caught_up", "is_complete", "read_at"])


def _has_settled(source: LogSource) -> bool:
    return source.ended_at is not None and now() - source.ended_at > LATE_LINES_PERIOD


def _is_big(page: LogEvents, limit: int) -> bool:
    characters = sum(len(event.text) for event in page.events)
    return len(page.events) >= min(limit, BIG_PAGE_EVENTS) or characters >= BIG_PAGE_CHARACTERS


def _without_repeats(events: Sequence[LogEvent], copy: LogCopy) -> Sequence[LogEvent]:
    """Leave out the events of the copy's last millisecond: without a valid token they are read again."""
    last = copy.chunks.order_by("-first_line").first()
    repeats = sum(line.at == copy.last_event_ms for line in last.lines()) if last else 0
    while repeats and events and _milliseconds(events[0]) == copy.last_event_ms:
        events, repeats = events[1:], repeats - 1
    return events


def _milliseconds(event: LogEvent) -> int:
    return round(event.at.timestamp() * 1000)


# -- Lines


def last_lines(source: LogSource, count: int = TAIL_LINES) -> tuple[Sequence[LogLine], LogState]:
    """Return the end of a log, whether it is numbered yet or not."""
    state = refresh(source, is_opening=True)
    if state.copy is None or state.is_numbered or state.problem:
        return read_lines(state, max(0, state.count - count), count), state
    return tail(source, state, count)


def tail(source: LogSource, state: LogState, count: int = TAIL_LINES) -> tuple[Sequence[LogLine], LogState]:
    """Read the end of a stream from AWS: its copy hasn't come as far."""
    try:
        page = logs.read_events(source.account, source.group, source.stream, limit=count)
    except LogReadLimitError as error:
        return (), replace(state, problem=str(error))
    except AwsError as error:
        return (), replace(state, problem=f"Couldn't read the log: {error.message}")
    return [line for event in page.events for line in split_event(_milliseconds(event), event.text)], state


def read_lines(state: LogState, first: int, count: int) -> Sequence[LogLine]:
    """Return lines by number, from 0."""
    if state.copy is None:
        return ()
    count = min(count, MAX_LINES_PER_REQUEST)
    rows = state.copy.chunks.filter(first_line__gt=first - chunks.MAX_LINES, first_line__lt=first + count)
    lines: list[LogLine] = []
    for row in rows.order_by("first_line"):
        start = first + len(lines) - row.first_line
        lines += row.lines()[start : start + count - len(lines)] if start < row.line_count else ()
    return lines


def read_scattered_lines(state: LogState, numbers: Iterable[int]) -> list[tuple[int, LogLine]]:
    """Return lines of these numbers, as far as they exist."""
    if state.copy is None:
        return []
    unique_numbers = sorted(set(islice(numbers, MAX_SCATTERED_LINES)))
    firsts = list(state.copy.chunks.order_by("first_line").values_list("first_line", flat=True))
    numbers_by_chunk: dict[int, list[int]] = {}
    for number in unique_numbers:
        if firsts and number >= 0:
            numbers_by_chunk.setdefault(firsts[bisect_right(firsts, number) - 1], []).append(number)
    result = []
    for row in (
        state.copy.chunks.filter(first_line__in=numbers_by_chunk).order_by("first_line").iterator(chunk_size=16)
    ):
        lines = row.lines()
        numbers_in_row = (
            number for number in numbers_by_chunk[row.first_line] if number < row.first_line + row.line_count
        )
        result += [(number, lines[number - row.first_line]) for number in numbers_in_row]
    return result


def chunks_from(rows: QuerySet[LogChunk], line: int) -> Iterator[LogChunk]:
    """Yield the chunks from a line on, in short queries: who takes them may be slow."""
    after = line - chunks.MAX_LINES
    while batch := list(rows.filter(first_line__gt=after).order_by("first_line")[:CHUNKS_PER_QUERY]):
        yield from (row for row in batch if row.first_line + row.line_count > line)
        after = batch[-1].first_line


def all_lines(source: LogSource) -> Iterator[Sequence[LogLine] | str]:
    """Yield the whole log, chunk by chunk, and at its end what went wrong. A live log ends where it ends now."""
    position, advanced_at = 0, time.monotonic()
    while True:
        state = refresh(source)
        if state.copy is None:
            yield state.problem
            return
        for row in chunks_from(state.copy.chunks.all(), position):
            yield row.lines()[position - row.first_line :]
            position, advanced_at = row.first_line + row.line_count, time.monotonic()
        if state.is_done:
            if state.problem:
                yield state.problem
            return
        if time.monotonic() - advanced_at > DOWNLOAD_STALL_SECONDS:
            yield "The log couldn't be read to its end. Try again."
            return
        time.sleep(DOWNLOAD_PAUSE_SECONDS)
