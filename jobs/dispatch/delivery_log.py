"""Records of a delivery: intent and acceptance.

Rows are locked last steps first, as stopping a submission does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Case, CharField, Value, When
from django.utils.timezone import now

from jobs.aws.batch import SubmittedJob
from jobs.dispatch.claim import LEASE
from jobs.dispatch.group_commit import GroupCommit
from jobs.failpoints import hit_failpoint
from jobs.models import DeliveryAttempt, Job, StateChange
from jobs.models.job import adoption_fields
from jobs.states import Delivery, State

SOURCE = "dispatch"


@dataclass(frozen=True)
class Acceptance:
    job: Job
    intent: DeliveryAttempt
    submitted_job: SubmittedJob


class DeliveryLog:
    def __init__(self) -> None:
        self._commit: GroupCommit[Job | Acceptance, DeliveryAttempt | bool | None] = GroupCommit(_write_entries)

    def expect_threads(self, threads: int) -> None:
        self._commit.expected_threads = max(1, threads)

    def record_intent(self, job: Job) -> DeliveryAttempt | None:
        """Record that AWS may have the job. None if it was stopped or leased again."""
        result = self._commit(job)
        return result if isinstance(result, DeliveryAttempt) else None

    def record_acceptance(self, acceptance: Acceptance) -> bool:
        return bool(self._commit(acceptance))


def _write_entries(entries: Sequence[Job | Acceptance]) -> list[DeliveryAttempt | bool | None]:
    current_time = now()
    jobs = [_entry_job(entry) for entry in entries]
    with transaction.atomic():
        # One query in one order: a caller that also locks several of these rows can't deadlock with this one.
        rows = {row.pk: row for row in Job.objects.filter(pk__in=[job.pk for job in jobs]).order_by("-pk")
                .only("delivery", "epoch", "lease_until", "stop_requested_at").select_for_update()}  # fmt: skip
        owned_rows = {job.pk: rows[job.pk] for job in jobs if job.pk in rows and rows[job.pk].epoch == job.epoch}
        sent_ids = _write_acceptances(
            [entry for entry in entries if isinstance(entry, Acceptance)], owned_rows, current_time
        )
        intents = _write_intents([entry for entry in entries if isinstance(entry, Job)], owned_rows, current_time)
    return [intents.get(entry.pk) if isinstance(entry, Job) else entry.job.pk in sent_ids for entry in entries]


def _entry_job(entry: Job | Acceptance) -> Job:
    return entry if isinstance(entry, Job) else entry.job


def _write_intents(
    candidates: Sequence[Job], owned_rows: Mapping[int, Job], current_time: datetime
) -> dict[int, DeliveryAttempt]:
    jobs = [job for job in candidates if job.pk in owned_rows and _is_sendable(owned_rows[job.pk], current_time)]
    if not jobs:
        return {}
    fields = {
        "delivery": Delivery.SENDING,
        "delivery_note": "",
        "sent_at": current_time,
        "lease_until": current_time + LEASE,
    }
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(**fields)
    _add_state_changes(jobs, Delivery.SENDING, "", current_time)
    intents = DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(job=job, epoch=job.epoch, marked_at=current_time) for job in jobs
    )
    hit_failpoint("marking")
    for job in jobs:
        for name, value in fields.items():
            setattr(job, name, value)
    return {intent.job_id: intent for intent in intents}


def _is_sendable(row: Job, current_time: datetime) -> bool:
    is_leased = row.lease_until is not None and row.lease_until > current_time
    return is_leased and row.delivery == Delivery.ACCEPTED and row.stop_requested_at is None


def _write_acceptances(
    acceptances: Sequence[Acceptance], owned_rows: Mapping[int, Job], current_time: datetime
) -> set[int]:
    if not acceptances:
        return set()
    for acceptance in acceptances:
        acceptance.intent.outcome, acceptance.intent.request_id = "accepted", acceptance.submitted_job.request_id
    DeliveryAttempt.objects.bulk_create(  # the rows exist: one statement updates them all
        [acceptance.intent for acceptance in acceptances],
        update_conflicts=True,
        unique_fields=["job", "epoch"],
        update_fields=["outcome", "request_id"],
    )
    by_job_id = {acceptance.job.pk: acceptance for acceptance in acceptances if acceptance.job.pk in owned_rows}
    by_job_id = {
        pk: acceptance for pk, acceptance in by_job_id.items() if owned_rows[pk].delivery == Delivery.SENDING
    }
    if by_job_id:
        ids = [When(pk=pk, then=Value(acceptance.submitted_job.batch_id)) for pk, acceptance in by_job_id.items()]
        fields = {"delivery": Delivery.SENT, "delivery_note": "", **adoption_fields(current_time)}
        Job.objects.filter(pk__in=list(by_job_id)).update(batch_id=Case(*ids, output_field=CharField()), **fields)
        _add_state_changes(
            [acceptance.job for acceptance in by_job_id.values()], Delivery.SENT, State.SUBMITTED, current_time
        )
    hit_failpoint("settling")
    return set(by_job_id)


def _add_state_changes(jobs: Iterable[Job], delivery: Delivery, state: str, current_time: datetime) -> None:
    StateChange.objects.bulk_create(
        StateChange(job=job, at=current_time, delivery=delivery, state=state, source=SOURCE) for job in jobs
    )
