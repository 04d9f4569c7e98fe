"""A heat map of an array's children as plain geometry."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from jobs.states import Status

CELL_STEP = 10
CELL_SIZE = 8  # must match the dashes in the style sheet
COLUMNS_BY_SIZE = ((40, 10), (400, 20), (1_500, 50))
MAX_COLUMNS = 100


@dataclass(frozen=True)
class HeatMapRow:
    y: int
    start: int
    description: str


@dataclass(frozen=True)
class HeatMap:
    columns: int
    width: int
    height: int
    paths: list[tuple[str, str]]
    rows: list[HeatMapRow]


def heat_map(size: int, standing: Mapping[int, Status]) -> HeatMap:
    columns = next((columns for limit, columns in COLUMNS_BY_SIZE if size <= limit), MAX_COLUMNS)
    paths: dict[str, list[str]] = defaultdict(list)
    rows = []
    for start in range(0, size, columns):
        y, end = start // columns * CELL_STEP, min(start + columns, size)
        labels: Counter[str] = Counter()
        row_statuses = [standing.get(index) for index in range(start, end)]
        x = 0
        for tone, statuses in groupby(status.tone if status else "unread" for status in row_statuses):
            length = len(list(statuses)) * CELL_STEP
            paths[tone].append(f"M{x} {y + CELL_SIZE // 2}h{length - CELL_STEP + CELL_SIZE}")
            x += length
        labels.update(status.label.lower() if status else "not loaded" for status in row_statuses)
        text = ", ".join(f"{number} {label}" for label, number in labels.most_common())
        rows.append(HeatMapRow(y, start, f"{start} to {end - 1}: {text}"))
    tone_paths = [(tone, "".join(lines)) for tone, lines in sorted(paths.items())]
    return HeatMap(columns, columns * CELL_STEP, len(rows) * CELL_STEP, tone_paths, rows)
