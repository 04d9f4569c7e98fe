"""The values of each index of a sweep, with the state of its job."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from jobs.models import Job, Submission
from jobs.spec.redaction import redact
from jobs.spec.sweep import SweepTable, table_of
from jobs.states import STATUSES, State, Status, status_of

INDEX, STATUS = "index", "status"


@dataclass(frozen=True)
class SweepRow:
    index: int
    values: tuple[str, ...]
    job: Job
    status: Status
    is_child: bool = False
    """The index is that of a child of the array `job`, which was read."""


def sweep_table(submission: Submission) -> SweepTable | None:
    """Return the values with secrets masked, or None if the submission is no sweep."""
    return table_of(redact(submission.document))


def sweep_rows(submission: Submission, table: SweepTable) -> list[SweepRow]:
    """Return a row for each index whose job exists, in two queries."""
    jobs = {
        job.step: job
        for job in submission.jobs.current_steps().only(
            "public_id", "name", "step", "delivery", "state", "array_size"
        )
    }
    array_job = jobs.get(0)
    if array_job is None or not array_job.array_size:
        pairs = enumerate(table.rows)
        return [SweepRow(index, row, jobs[index], jobs[index].status) for index, row in pairs if index in jobs]
    states = dict(array_job.children.order_by().values_list("index", "state"))
    return [
        SweepRow(index, row, array_job, status_of("SENT", states[index] or State.SUBMITTED), is_child=True)
        if index in states
        else SweepRow(index, row, array_job, array_job.status)
        for index, row in enumerate(table.rows)
    ]


def sort_rows(rows: Iterable[SweepRow], names: tuple[str, ...], sort: str) -> list[SweepRow]:
    """Sort by the name of a value, "index" or "status"; with a leading "-" in reverse. Numbers come before texts."""
    name, is_reverse = sort.removeprefix("-"), sort.startswith("-")
    if name in names:
        column = names.index(name)
        return sorted(rows, key=lambda row: _natural_key(row.values[column]), reverse=is_reverse)
    if name == STATUS:
        order = list(STATUSES)
        return sorted(
            rows,
            key=lambda row: order.index(row.status.name) if row.status.name in order else len(order),
            reverse=is_reverse,
        )
    return sorted(rows, key=lambda row: row.index, reverse=is_reverse)


def _natural_key(text: str) -> tuple[int, Decimal, str]:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return (1, Decimal(0), text)
    return (0, number, "") if number.is_finite() else (1, Decimal(0), text)
