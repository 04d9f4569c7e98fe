"""The values of each index of a sweep, with the state of its job."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from jobs.models import Job, Submission
from jobs.models.array_reruns import index_reruns
from jobs.reports.submissions import ordered_counts
from jobs.spec.redaction import redact
from jobs.spec.sweep import SweepTable, table_of
from jobs.states import FINAL_STATES, STATUSES, State, Status, status_of

INDEX, STATUS = "index", "status"
_FIELDS = ("submission", "public_id", "name", "step", "delivery", "state", "array_size", "superseded")


@dataclass(frozen=True)
class SweepJob:
    """The last run of an index."""

    index: int
    job: Job
    status: Status
    child_index: int | None = None
    """That of a child of the array `job`, which was read."""
    run_number: int = 1


@dataclass(frozen=True)
class SweepRow:
    sweep_job: SweepJob
    values: tuple[str, ...]

    @property
    def index(self) -> int:
        return self.sweep_job.index


def sweep_table(submission: Submission) -> SweepTable | None:
    """Return the values with secrets masked, or None if the submission is no sweep."""
    return table_of(redact(submission.document))


def sweep_jobs(submission: Submission) -> list[SweepJob]:
    """Return the last run of each index in order, in up to four queries."""
    jobs = list(submission.jobs.filter(array_index=None).order_by("position").only(*_FIELDS))
    run_numbers = Counter(job.step for job in jobs)
    current = {job.step: job for job in jobs if not job.superseded}
    array_job = current.get(0)
    if array_job is not None and array_job.array_size:
        return _array_jobs(array_job)
    return [SweepJob(step, job, job.status, None, run_numbers[step]) for step, job in sorted(current.items())]


def _array_jobs(array_job: Job) -> list[SweepJob]:
    states = dict(array_job.children.order_by().values_list("index", "state"))
    has_failures = any(state in FINAL_STATES and state != State.SUCCEEDED for state in states.values())
    reruns = index_reruns(array_job) if has_failures else {}
    sweep_jobs = []
    for index in range(array_job.array_size or 0):
        if rerun := reruns.get(index):
            child_index = rerun.child_index if rerun.is_child_loaded else None
            sweep_jobs.append(SweepJob(index, rerun.job, rerun.status, child_index, rerun.run_number))
        elif index in states:
            status = status_of("SENT", states[index] or State.SUBMITTED)
            sweep_jobs.append(SweepJob(index, array_job, status, index))
        else:
            sweep_jobs.append(SweepJob(index, array_job, array_job.status))
    return sweep_jobs


def sweep_rows(sweep_jobs: Sequence[SweepJob], table: SweepTable) -> list[SweepRow]:
    """Return a row for each index whose job exists."""
    return [
        SweepRow(sweep_job, table.rows[sweep_job.index])
        for sweep_job in sweep_jobs
        if sweep_job.index < len(table.rows)
    ]


def sweep_counts(sweep_jobs: Iterable[SweepJob]) -> list[tuple[Status, int]]:
    return ordered_counts(Counter(sweep_job.status.name for sweep_job in sweep_jobs))


def sort_rows(rows: Iterable[SweepRow], names: tuple[str, ...], sort: str) -> list[SweepRow]:
    """Sort by the name of a value, "index" or "status"; with a leading "-" in reverse. Numbers come before texts."""
    name, is_reverse = sort.removeprefix("-"), sort.startswith("-")
    if name in names:
        column = names.index(name)
        return sorted(rows, key=lambda row: _natural_key(row.values[column]), reverse=is_reverse)
    if name == STATUS:
        order = {status: place for place, status in enumerate(STATUSES)}
        return sorted(rows, key=lambda row: order.get(row.sweep_job.status.name, len(order)), reverse=is_reverse)
    return sorted(rows, key=lambda row: row.index, reverse=is_reverse)


def _natural_key(text: str) -> tuple[int, Decimal, str]:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return (1, Decimal(0), text)
    return (0, number, "") if number.is_finite() else (1, Decimal(0), text)
