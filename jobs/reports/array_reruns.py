"""The page's view of an array's indexes that run again."""

from dataclasses import dataclass

from jobs.models import Job
from jobs.models.array_reruns import IndexRerun, failed_indexes, index_reruns


@dataclass(frozen=True)
class ArrayReruns:
    by_index: dict[int, IndexRerun]
    runnable_indexes: list[int]
    """Those that failed, and whose last rerun did too."""

    @property
    def is_live(self) -> bool:
        return any(rerun.status.is_live for rerun in self.by_index.values())

    @property
    def jobs(self) -> list[Job]:
        return list({rerun.job.pk: rerun.job for rerun in self.by_index.values()}.values())


def array_reruns(array_job: Job, *, has_failures: bool) -> ArrayReruns:
    """Use one query, another if children failed, and another if arrays ran them again."""
    if not has_failures:
        return ArrayReruns({}, [])
    reruns = index_reruns(array_job)
    return ArrayReruns(reruns, failed_indexes(array_job, reruns))
