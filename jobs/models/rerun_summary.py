"""Counts of an array's failed children that ran again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jobs.states import Status


@dataclass(frozen=True)
class RerunSummary:
    failures: int
    """Children that failed or were stopped, also those that aren't read yet."""
    reruns: int
    """Of those, how many ran or run again."""
    successes: int
    live: int

    @property
    def has_recovered(self) -> bool:
        """Return whether all indexes of the array have succeeded in the end."""
        return 0 < self.failures == self.successes

    @property
    def text(self) -> str:
        """Return "" if no child ran again."""
        if not self.reruns:
            return ""
        start = f"{self.reruns:,} of {self.failures:,} run again"
        if self.has_recovered:
            return f"{start}, succeeded" if self.failures == 1 else f"{start}, all succeeded"
        facts = [f"{self.successes:,} succeeded"] * (not self.live or self.successes > 0)
        return ", ".join([start, *facts, *[f"{self.live:,} in progress"] * (self.live > 0)])


def summarize_reruns(failed_indexes: Iterable[int], failure_count: int, reruns: Mapping[int, Status]) -> RerunSummary:
    """Summarize the last rerun of each index; `failure_count` is AWS's own count of children that failed."""
    failed = set(failed_indexes)
    statuses = [status for index, status in reruns.items() if index in failed]
    return RerunSummary(
        max(len(failed), failure_count),
        len(statuses),
        sum(status.is_success for status in statuses),
        sum(status.is_live for status in statuses),
    )
