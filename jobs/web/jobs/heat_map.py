"""A picture of an array's children as plain geometry: a square for each, and one path for all squares of a tone.

Neighbours of one tone are one dashed line, so that ten thousand squares stay a small picture. It is stretched to its
place and holds no text; each row leads to its children in the list, and its title says in words what it shows.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from jobs.states import Status

STEP = 10
SQUARE = 8  # as the style sheet dashes the lines
COLUMNS = ((40, 10), (400, 20), (1_500, 50))
MOST_COLUMNS = 100


@dataclass(frozen=True)
class Row:
    """A row of squares: where it is, with which index it begins, and what it says in words."""

    y: int
    start: int
    words: str


@dataclass(frozen=True)
class HeatMap:
    """The picture: its size, a path for each tone, and its rows."""

    columns: int
    width: int
    height: int
    paths: list[tuple[str, str]]
    rows: list[Row]


def heat_map(size: int, standing: Mapping[int, Status]) -> HeatMap:
    """Squares from left to right and from top to bottom, in the order of the children's indexes."""
    columns = next((columns for limit, columns in COLUMNS if size <= limit), MOST_COLUMNS)
    paths: dict[str, list[str]] = defaultdict(list)
    rows = []
    for start in range(0, size, columns):
        y, end = start // columns * STEP, min(start + columns, size)
        labels: Counter[str] = Counter()
        row_statuses = [standing.get(index) for index in range(start, end)]
        x = 0
        for tone, statuses in groupby(status.tone if status else "unread" for status in row_statuses):
            length = len(list(statuses)) * STEP
            paths[tone].append(f"M{x} {y + SQUARE // 2}h{length - STEP + SQUARE}")
            x += length
        labels.update(status.label.lower() if status else "not read" for status in row_statuses)
        text = ", ".join(f"{number} {label}" for label, number in labels.most_common())
        rows.append(Row(y, start, f"{start} to {end - 1}: {text}"))
    tone_paths = [(tone, "".join(lines)) for tone, lines in sorted(paths.items())]
    return HeatMap(columns, columns * STEP, len(rows) * STEP, tone_paths, rows)
