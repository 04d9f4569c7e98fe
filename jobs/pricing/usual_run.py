"""Compares how long a job has run or waited with what is usual: pure functions, times in seconds."""

from dataclasses import dataclass
from enum import StrEnum

from jobs.pricing.run_statistics import MIN_PERCENTILE_SAMPLE, DurationStats

GRACE_SECONDS = 15.0
"""By how much a time must pass what is usual: the portal observes an end a little later than it happens."""
FAR_FACTOR = 2.0
"""Beyond so many times what nine of ten take, something is probably wrong."""
SCALE_MARGIN = 1.25
"""A bar ends here, as a multiple of what nine of ten take, until the time itself reaches further."""


class Pace(StrEnum):
    NORMAL = "normal"
    LONGER = "longer"
    FAR_BEYOND = "far beyond"


@dataclass(frozen=True)
class UsualRun:
    """An elapsed time beside the median and the 90th percentile of `count` earlier ones."""

    elapsed: float
    median: float
    high: float
    count: int

    @property
    def pace(self) -> Pace:
        if self.elapsed <= self.high + GRACE_SECONDS:
            return Pace.NORMAL
        return Pace.LONGER if self.elapsed <= self.high * FAR_FACTOR + GRACE_SECONDS else Pace.FAR_BEYOND

    @property
    def elapsed_percent(self) -> float:
        """Return the length of the bar."""
        return self._percent(self.elapsed)

    @property
    def median_percent(self) -> float:
        return self._percent(self.median)

    @property
    def high_percent(self) -> float:
        return self._percent(self.high)

    @property
    def seconds_left(self) -> float | None:
        """Return the time until the median, or None past it."""
        return self.median - self.elapsed if self.elapsed < self.median else None

    def _percent(self, seconds: float) -> float:
        scale = max(self.high * SCALE_MARGIN, self.elapsed)
        return round(100 * seconds / scale, 1) if scale else 0.0


def usual_run(elapsed: float, stats: DurationStats | None) -> UsualRun | None:
    """Return None without enough earlier runs to call anything usual."""
    if stats is None or stats.count < MIN_PERCENTILE_SAMPLE:
        return None
    return UsualRun(max(0.0, elapsed), stats.median, stats.high, stats.count)
