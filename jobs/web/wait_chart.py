"""A small chart of the last waits in a queue, as plain geometry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.pricing.run_statistics import QueueWait

BAR_STEP = 6
BAR_WIDTH = 4
CHART_HEIGHT = 60
MIN_HEIGHT = 1.5
"""So that a job that didn't wait is seen too."""


@dataclass(frozen=True)
class WaitBar:
    started_at: datetime
    seconds: float
    x: int
    y: str
    height: str


@dataclass(frozen=True)
class WaitChart:
    """The oldest wait first."""

    bars: Sequence[WaitBar]
    width: int
    height: int
    longest: float


def wait_chart(waits: Sequence[QueueWait]) -> WaitChart | None:
    """Draw waits, the newest of which comes first. None if there are none."""
    if not waits:
        return None
    longest = max(wait.seconds for wait in waits)
    bars = []
    for number, wait in enumerate(reversed(waits)):
        height = max(MIN_HEIGHT, wait.seconds / longest * CHART_HEIGHT if longest else 0)
        bars.append(
            WaitBar(wait.started_at, wait.seconds, number * BAR_STEP, f"{CHART_HEIGHT - height:.2f}", f"{height:.2f}")
        )
    return WaitChart(bars, BAR_STEP * len(bars), CHART_HEIGHT, longest)
