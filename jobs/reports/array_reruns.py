"""The page's view of an array's indexes that run again."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from jobs.models import Job
from jobs.models.array_reruns import IndexRerun, failed_children, index_reruns, rerun_summary, runnable_indexes
from jobs.models.rerun_summary import RerunSummary
from jobs.states import STATUSES


@dataclass(frozen=True)
class ArrayReruns:
    by_index: dict[int, IndexRerun] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    """States of the children that ended without success, by index."""
    summary: RerunSummary | None = None

    @cached_property
    def runnable_indexes(self) -> list[int]:
        """Those that failed, and whose last rerun did too."""
        return runnable_indexes(self.failures, self.by_index)

    @property
    def has_recovered(self) -> bool:
        return self.summary is not None and self.summary.has_recovered

    @property
    def is_live(self) -> bool:
        return any(rerun.status.is_live for rerun in self.by_index.values())

    @property
    def jobs(self) -> list[Job]:
        return list({rerun.job.pk: rerun.job for rerun in self.by_index.values()}.values())

    def success_count(self, indexes: tuple[int, ...]) -> int:
        return sum(self.by_index[index].status.is_success for index in indexes if index in self.by_index)

    def current_counts(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Count each child by its last run: `counts` are those of the children themselves."""
        current = Counter(counts)
        for index, rerun in self.by_index.items():
            if index in self.failures:
                current[self.failures[index]] -= 1
                current[rerun.status.name] += 1
        order = {name: place for place, name in enumerate(STATUSES)}
        names = sorted(filter(current.get, current), key=lambda name: (order.get(name, len(order)), name))
        return {name: current[name] for name in names}


def array_reruns(array_job: Job, *, has_failures: bool) -> ArrayReruns:
    """Use one query, another if children failed, and another if arrays ran them again."""
    if not has_failures:
        return ArrayReruns()
    reruns = index_reruns(array_job)
    failures = failed_children(array_job)
    return ArrayReruns(reruns, failures, rerun_summary(array_job, failures, reruns))
