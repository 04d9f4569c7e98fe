"""Indexes of an array that run again, as single jobs or in an array of their own."""

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.models.array_child import ArrayChild
from jobs.models.job import Job
from jobs.spec.index_rerun import indexes_of
from jobs.states import FINAL_STATES, STATUSES, State, Status, status_of

_FIELDS = (
    *("public_id", "name", "array_index", "array_size", "delivery", "state", "position", "viewed_at", "document"),
    *("array_summary", "children_read_at", "ended_at"),
)
_FAILURES = FINAL_STATES - {State.SUCCEEDED}


@dataclass(frozen=True)
class IndexRerun:
    index: int
    job: Job
    status: Status
    child_index: int | None = None
    """The child of `job` that runs it, if `job` is an array."""
    is_child_loaded: bool = False
    is_outcome_unknown: bool = False
    """Whether `job` is an array that failed, and its children aren't read yet: `status` is the array's."""


def index_reruns(array_job: Job) -> dict[int, IndexRerun]:
    """Return the last rerun of each index, in two queries if there are any."""
    jobs = list(array_job.repeated_by.filter(array_index__isnull=False).order_by("position").only(*_FIELDS))
    states = _child_states([job for job in jobs if job.array_size])
    reruns: dict[int, IndexRerun] = {}
    for job in jobs:
        if not job.array_size:
            reruns[job.array_index or 0] = IndexRerun(job.array_index or 0, job, job.status)
            continue
        children = states.get(job.pk, {})
        # Of an array that failed, only children that failed are always read.
        has_failed = job.status.name == State.FAILED
        has_all_failures = has_failed and _has_all_failures(job, children)
        for child_index, index in enumerate(indexes_of(job.document)):
            state = children.get(child_index)
            if state is not None:
                status = status_of("SENT", state or State.SUBMITTED)
                reruns[index] = IndexRerun(index, job, status, child_index, is_child_loaded=True)
            elif has_all_failures:
                reruns[index] = IndexRerun(index, job, STATUSES[State.SUCCEEDED], child_index)
            else:
                reruns[index] = IndexRerun(index, job, job.status, child_index, is_outcome_unknown=has_failed)
    return dict(sorted(reruns.items()))


def failed_indexes(array_job: Job, reruns: dict[int, IndexRerun]) -> list[int]:
    """Return those that ended without success and whose last rerun, if any, did too, with the array that it is in."""
    children = array_job.children.filter(state__in=_FAILURES).order_by("index").values_list("index", flat=True)
    return [index for index in children if index not in reruns or _has_failed(reruns[index])]


def _child_states(arrays: list[Job]) -> dict[int, dict[int, str]]:
    """Return the state by job and index."""
    states: dict[int, dict[int, str]] = {}
    rows = ArrayChild.objects.filter(job__in=arrays).order_by() if arrays else ArrayChild.objects.none()
    for job, index, state in rows.values_list("job_id", "index", "state"):
        states.setdefault(job, {})[index] = state
    return states


def _has_all_failures(job: Job, children: Mapping[int, str]) -> bool:
    """Return whether all children that failed were read since the end of the array."""
    if job.children_read_at is None or job.ended_at is None or job.children_read_at < job.ended_at:
        return False
    # A read has its time from when it begins, so AWS's own count tells whether it has ended.
    count = sum(state in _FAILURES for state in children.values())
    return count >= int(job.array_summary.get(State.FAILED, 0))


def _has_failed(rerun: IndexRerun) -> bool:
    if rerun.is_outcome_unknown or rerun.job.status.is_live:
        return False
    return rerun.status.is_final and not rerun.status.is_success
