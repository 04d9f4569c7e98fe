"""Indexes of an array that run again, as single jobs or in an array of their own."""

from dataclasses import dataclass

from jobs.models.array_child import ArrayChild
from jobs.models.job import Job
from jobs.spec.index_rerun import indexes_of
from jobs.states import FINAL_STATES, State, Status, status_of

_FIELDS = ("public_id", "name", "array_index", "array_size", "delivery", "state", "position", "viewed_at", "document")


@dataclass(frozen=True)
class IndexRerun:
    index: int
    job: Job
    status: Status
    child_index: int | None = None
    """The child of `job` that runs it, if `job` is an array."""
    is_child_loaded: bool = False


def index_reruns(array_job: Job) -> dict[int, IndexRerun]:
    """Return the last rerun of each index, in two queries if there are any."""
    jobs = list(array_job.repeated_by.filter(array_index__isnull=False).order_by("position").only(*_FIELDS))
    states = _child_states([job for job in jobs if job.array_size])
    reruns: dict[int, IndexRerun] = {}
    for job in jobs:
        if not job.array_size:
            reruns[job.array_index or 0] = IndexRerun(job.array_index or 0, job, job.status)
            continue
        for child_index, index in enumerate(indexes_of(job.document)):
            state = states.get((job.pk, child_index))
            status = job.status if state is None else status_of("SENT", state or State.SUBMITTED)
            reruns[index] = IndexRerun(index, job, status, child_index, state is not None)
    return dict(sorted(reruns.items()))


def failed_indexes(array_job: Job, reruns: dict[int, IndexRerun]) -> list[int]:
    """Return those that ended without success and whose last rerun, if any, did too."""
    ended = FINAL_STATES - {State.SUCCEEDED}
    children = array_job.children.filter(state__in=ended).order_by("index").values_list("index", flat=True)
    return [index for index in children if index not in reruns or _has_failed(reruns[index].status)]


def _child_states(arrays: list[Job]) -> dict[tuple[int, int], str]:
    if not arrays:
        return {}
    rows = ArrayChild.objects.filter(job__in=arrays).order_by().values_list("job_id", "index", "state")
    return {(job, index): state for job, index, state in rows}


def _has_failed(status: Status) -> bool:
    return status.is_final and not status.is_success
