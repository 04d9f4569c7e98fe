"""The journal of a job: what happened to it, who or what did it, and the request IDs of AWS."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from jobs.models import DeliveryAttempt, Job, StateChange
from jobs.states import Status

_UPDATED_BY: Mapping[str, str] = MappingProxyType(
    {
        "person": "User",
        "dispatch": "Portal, dispatch",
        "poll": "AWS Batch, poll",
        "event": "AWS Batch, event",
        "reconcile": "AWS Batch, reconciliation",
    }
)
"""By the source of a StateChange."""
_OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "": "No response recorded.",
        "accepted": "AWS Batch accepted the job.",
        "refused": "AWS Batch refused the job.",
        "retry": "AWS Batch didn't accept the job yet.",
        "unknown": "The response was lost.",
    }
)


@dataclass(frozen=True)
class JournalEntry:
    """`status` is that after a change of status; other entries have an `event`."""

    at: datetime
    by: str
    event: str = ""
    status: Status | None = None
    note: str = ""
    request_id: str = ""


def journal(job: Job, changes: Iterable[StateChange]) -> list[JournalEntry]:
    """Return the entries, oldest first. Use one query."""
    entries = [*_requests(job), *map(_call, job.deliveries.all()), *map(_change, changes)]
    return sorted(entries, key=lambda entry: entry.at)


def _requests(job: Job) -> Iterator[JournalEntry]:
    submission = job.submission
    is_first_run = job.rerun_id is None
    yield JournalEntry(
        submission.created_at if is_first_run else job.accepted_at,
        submission.person.display_name if is_first_run else _UPDATED_BY["person"],
        "Submitted" if is_first_run else "Run again",
        note=f"Source: {submission.get_source_display()}",
    )
    if job.stop_requested_at:
        by = job.stop_requested_by.display_name if job.stop_requested_by else _UPDATED_BY["dispatch"]
        yield JournalEntry(job.stop_requested_at, by, "Stop requested", note=job.stop_reason)
    if job.stop_sent_at:
        yield JournalEntry(job.stop_sent_at, _UPDATED_BY["dispatch"], "TerminateJob")


def _call(attempt: DeliveryAttempt) -> JournalEntry:
    outcome = _OUTCOMES.get(attempt.outcome, attempt.outcome)
    return JournalEntry(
        attempt.marked_at,
        _UPDATED_BY["dispatch"],
        "SubmitJob",
        note=f"{outcome} {attempt.detail}".rstrip(),
        request_id=attempt.request_id,
    )


def _change(change: StateChange) -> JournalEntry:
    return JournalEntry(
        change.at, _UPDATED_BY.get(change.source, change.source), status=change.status, note=change.note
    )
