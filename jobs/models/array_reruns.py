"""Indexes of an array that run again, as single jobs or in an array of their own."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db.models import Case, F, JSONField, Q, QuerySet, When

from jobs.models.array_child import ArrayChild
from jobs.models.job import Job
from jobs.models.rerun_summary import RerunSummary, summarize_reruns
from jobs.spec.index_rerun import indexes_of
from jobs.states import FAILURE_STATES, FINAL_STATES, STATUSES, State, Status, status_of

_FIELDS = (
    *("public_id", "name", "array_index", "array_size", "delivery", "state", "position", "viewed_at", "superseded"),
    *("array_summary", "children_read_at", "ended_at", "repeats"),
)
_ARRAY_FIELDS = ("submission", "delivery", "state", "superseded", "array_summary")
_STATES_WITH_FAILURES = (State.FAILED, State.STOPPED)


@dataclass(frozen=True)
class IndexRerun:
    index: int
    job: Job
    status: Status
    child_index: int | None = None
    """The child of `job` that runs it, if `job` is an array."""
    is_child_loaded: bool = False
    is_outcome_unknown: bool = False
    """Whether `job` is an array that failed or was stopped, with unread children: `status` is the array's."""
    run_number: int = 2
    """The child of the original array is run 1."""


@dataclass(frozen=True)
class RerunFamily:
    """An array and the jobs that run its indexes again."""

    array_job: Job
    jobs: list[Job]
    summary: RerunSummary

    @property
    def obsolete_failures(self) -> list[Job]:
        """Return its jobs that ended without success, once all indexes have succeeded."""
        if not self.summary.has_recovered:
            return []
        ended = [job for job in (self.array_job, *self.jobs) if job.status.is_final and not job.superseded]
        return [job for job in ended if not job.status.is_success]

    @property
    def completion(self) -> Job | None:
        """Return the last job of its indexes, once all have succeeded."""
        if not self.summary.has_recovered:
            return None
        return next((job for job in reversed(self.jobs) if job.status.is_success), None)


def index_reruns(array_job: Job) -> dict[int, IndexRerun]:
    """Return the last rerun of each index, in two queries if arrays ran some again."""
    jobs = list(_rerun_jobs(repeats=array_job))
    arrays = [job for job in jobs if job.array_size]
    return _last_reruns(jobs, _child_states(Q(job__in=arrays)) if arrays else {})


def failed_children(array_job: Job) -> dict[int, str]:
    """Return the state of those that ended without success, by index in order."""
    children = array_job.children.filter(state__in=FAILURE_STATES).order_by("index")
    return dict(children.values_list("index", "state"))


def runnable_indexes(failed_indexes: Iterable[int], reruns: Mapping[int, IndexRerun]) -> list[int]:
    """Return those whose last rerun, if any, ended without success too, with the array that it is in."""
    return [index for index in failed_indexes if index not in reruns or _has_failed(reruns[index])]


def rerun_summary(
    array_job: Job, failed_indexes: Collection[int], reruns: Mapping[int, IndexRerun]
) -> RerunSummary | None:
    """Return None if no child ran again."""
    if not reruns:
        return None
    statuses = {index: rerun.status for index, rerun in reruns.items()}
    return summarize_reruns(failed_indexes, int(array_job.array_summary.get(State.FAILED, 0)), statuses)


def supersede_reruns(array_job: Job, public_id: UUID, indexes: Sequence[int]) -> int | None:
    """Make room for a job with this id that runs these indexes again. Call it with the team locked.

    Return the first index of which it is the last run, or None if later jobs run all of them. The others keep theirs,
    or are superseded.
    """
    jobs = {job.public_id: job for job in _rerun_jobs(repeats=array_job)}
    all_indexes = {job.public_id: _indexes_of(job) for job in jobs.values()} | {public_id: tuple(indexes)}
    later_indexes: set[int] = set()
    result, replaced_ids, first_indexes = None, [], {}
    for other_id in sorted(all_indexes, reverse=True):
        first = next((index for index in all_indexes[other_id] if index not in later_indexes), None)
        later_indexes.update(all_indexes[other_id])
        job = jobs.get(other_id)
        if job is None:
            result = first
        elif first is None:
            replaced_ids.append(job.pk)
        elif first != job.array_index and not job.superseded:
            first_indexes[job.pk] = first
    Job.objects.current().filter(pk__in=replaced_ids).update(superseded=True)
    for pk, first in reversed(first_indexes.items()):  # the oldest leave an index before others take it
        Job.objects.filter(pk=pk).update(array_index=first)
    return result


def rerun_families(submissions: Collection[int]) -> dict[int, RerunFamily]:
    """Return the current arrays of the submissions whose indexes ran again, by their keys, in two queries."""
    jobs_by_array: dict[int, list[Job]] = defaultdict(list)
    arrays: dict[int, Job] = {}
    array_fields = [f"repeats__{field}" for field in _ARRAY_FIELDS]
    rows = _rerun_jobs(submission__in=submissions, repeats__superseded=False).select_related("repeats")
    for job in rows.only(*_FIELDS, *array_fields):
        if job.repeats:
            arrays.setdefault(job.repeats.pk, job.repeats)
            jobs_by_array[job.repeats.pk].append(job)
    if not arrays:
        return {}
    rerun_arrays = [job for jobs in jobs_by_array.values() for job in jobs if job.array_size]
    states = _child_states(Q(job__in=rerun_arrays) | Q(job__in=list(arrays), state__in=FAILURE_STATES))
    families = {}
    for pk, array_job in arrays.items():
        failed = [index for index, state in states.get(pk, {}).items() if state in FAILURE_STATES]
        summary = rerun_summary(array_job, failed, _last_reruns(jobs_by_array[pk], states))
        if summary:
            families[pk] = RerunFamily(array_job, jobs_by_array[pk], summary)
    return families


def _rerun_jobs(**conditions: object) -> QuerySet[Job]:
    """Read the documents of arrays only: they say which indexes run.

    The order is by time and not by position: a job that is rebuilt after a restore comes last in its submission.
    """
    document = Case(When(array_size__isnull=False, then=F("document")), output_field=JSONField())
    jobs = Job.objects.filter(array_index__isnull=False, **conditions).annotate(array_document=document)
    return jobs.order_by("public_id").only(*_FIELDS)


def _last_reruns(jobs: Iterable[Job], states: Mapping[int, Mapping[int, str]]) -> dict[int, IndexRerun]:
    """`states` are those of the jobs' children that are loaded, by job and index."""
    reruns: dict[int, IndexRerun] = {}
    for job in jobs:
        for rerun in _reruns_of(job, states.get(job.pk, {})):
            earlier = reruns.get(rerun.index)
            reruns[rerun.index] = replace(rerun, run_number=earlier.run_number + 1) if earlier else rerun
    return dict(sorted(reruns.items()))


def _indexes_of(job: Job) -> tuple[int, ...]:
    return indexes_of(vars(job)["array_document"]) if job.array_size else (job.array_index or 0,)


def _reruns_of(job: Job, children: Mapping[int, str]) -> Iterator[IndexRerun]:
    if not job.array_size:
        yield IndexRerun(job.array_index or 0, job, job.status)
        return
    # Of an array that failed or was stopped, only children that failed are always read.
    has_failures = job.status.name in _STATES_WITH_FAILURES
    has_all_failures = has_failures and _has_all_failures(job, children)
    for child_index, index in enumerate(_indexes_of(job)):
        state = children.get(child_index)
        if state is not None and (state in FINAL_STATES or job.status.is_live):
            status = status_of("SENT", state or State.SUBMITTED)
            yield IndexRerun(index, job, status, child_index, is_child_loaded=True)
        elif has_all_failures:
            yield IndexRerun(index, job, STATUSES[State.SUCCEEDED], child_index)
        else:  # of a lost array, AWS can't tell any more: its children are lost too
            yield IndexRerun(index, job, job.status, child_index, is_outcome_unknown=has_failures)


def _child_states(children: Q) -> dict[int, dict[int, str]]:
    """Return the state by job and index."""
    states: dict[int, dict[int, str]] = {}
    rows = ArrayChild.objects.filter(children).order_by()
    for job, index, state in rows.values_list("job_id", "index", "state"):
        states.setdefault(job, {})[index] = state
    return states


def _has_all_failures(job: Job, children: Mapping[int, str]) -> bool:
    """Return whether all children that failed were read since the end of the array."""
    if job.children_read_at is None or job.ended_at is None or job.children_read_at < job.ended_at:
        return False
    # A read has its time from when it begins, so AWS's own count tells whether it has ended.
    count = sum(state in FAILURE_STATES for state in children.values())
    return count >= int(job.array_summary.get(State.FAILED, 0))


def _has_failed(rerun: IndexRerun) -> bool:
    if rerun.is_outcome_unknown or rerun.job.status.is_live:
        return False
    return rerun.status.is_final and not rerun.status.is_success
