"""Search in a log's copy, in steps."""

import time
from dataclasses import dataclass

from jobs.logs import chunks
from jobs.logs.search import LineFilter
from jobs.models import LogChunk
from jobs.reports.log_copies import LogState, chunks_from

STEP_SECONDS = 0.7
MAX_MATCHES_PER_STEP = 20_000


@dataclass(frozen=True)
class SearchStep:
    """`next_line` is where to continue; a search has seen all once that is the number of lines."""

    lines: list[int]
    next_line: int


def search(state: LogState, line_filter: LineFilter, start: int) -> SearchStep:
    """Search from a line on, for a limited time."""
    deadline = time.monotonic() + STEP_SECONDS
    lines: list[int] = []
    rows = state.copy.chunks.defer("times") if state.copy else LogChunk.objects.none()
    for row in chunks_from(rows, start):
        positions = line_filter.positions(chunks.unpack_texts(bytes(row.texts)))
        lines += [row.first_line + position for position in positions if row.first_line + position >= start]
        start = max(start, row.first_line + row.line_count)
        if len(lines) >= MAX_MATCHES_PER_STEP or time.monotonic() > deadline:
            break
    return SearchStep(lines, start)
