"""Measurement of functions, and the table of comparisons."""

import time
from collections.abc import Callable
from dataclasses import dataclass

BUDGET_SECONDS = 0.5
MIN_RUNS = 5


@dataclass(frozen=True)
class Comparison:
    """One row of the table: a measurement and what it is compared with."""

    what: str
    seconds: float
    against: str
    other_seconds: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.other_seconds


def compare(what: str, work: Callable[[], object], against: str, other: Callable[[], object]) -> Comparison:
    return Comparison(what, best_seconds(work), against, best_seconds(other))


def best_seconds(work: Callable[[], object]) -> float:
    """Return the time of one undisturbed run: the quickest of as many as the budget allows."""
    work()
    runs: list[float] = []
    deadline = time.perf_counter() + BUDGET_SECONDS
    while len(runs) < MIN_RUNS or time.perf_counter() < deadline:
        started_at = time.perf_counter()
        work()
        runs.append(time.perf_counter() - started_at)
    return min(runs)


def table(comparisons: list[Comparison]) -> str:
    head = ("benchmark", "ms", "baseline", "ms", "ratio")
    rows = [
        (c.what, f"{c.seconds * 1000:.3f}", c.against, f"{c.other_seconds * 1000:.3f}", f"{c.ratio:.1f}")
        for c in comparisons
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    left = (0, 2)
    lines = [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, tuple("-" * width for width in widths), *rows)
    ]
    return "\n".join(lines)
