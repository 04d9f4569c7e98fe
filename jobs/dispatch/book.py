"""What a delivery writes down: that it is about to send a job, and under which id AWS has it.

Both are asked for by several threads at once, and written in one transaction: see `together`. Rows are locked in the
order in which stopping a submission locks them, last steps first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Case, CharField, Value, When
from django.utils.timezone import now

from jobs.aws.batch import Submitted
from jobs.dispatch.together import Together
from jobs.failpoints import reached
from jobs.models import DeliveryAttempt, Job, StateChange
from jobs.models.job import LEASE, adopted_at
from jobs.states import Delivery, State

SOURCE = "dispatch"


@dataclass(frozen=True)
class Acceptance:
    """AWS has a job whose intent was written."""

    job: Job
    intent: DeliveryAttempt
    answer: Submitted


class Book:
    """The two entries of a delivery, for all of its threads."""

    def __init__(self) -> None:
        self._write: Together[Job | Acceptance, DeliveryAttempt | bool | None] = Together(_write)

    def expect(self, threads: int) -> None:
        """How many write side by side: one alone waits for nobody."""
        self._write.threads = threads

    def intend(self, job: Job) -> DeliveryAttempt | None:
        """From here on AWS may have the job. None: it was stopped or taken meanwhile."""
        written = self._write(job)
        return written if isinstance(written, DeliveryAttempt) else None

    def accept(self, acceptance: Acceptance) -> bool:
        """AWS has the job, under this id. False: someone else has already said so."""
        return bool(self._write(acceptance))


def _write(entries: Sequence[Job | Acceptance]) -> list[DeliveryAttempt | bool | None]:
    moment = now()
    jobs = [_job_of(entry) for entry in entries]
    with transaction.atomic():
        # All at once and in one order, so that nobody who locks several of them too waits for this one in a ring.
        rows = {row.pk: row for row in Job.objects.filter(pk__in=[job.pk for job in jobs]).order_by("-pk")
                .only("delivery", "epoch", "lease_until", "stop_requested_at").select_for_update()}  # fmt: skip
        mine = {job.pk: rows[job.pk] for job in jobs if job.pk in rows and rows[job.pk].epoch == job.epoch}
        sent = _accept([entry for entry in entries if isinstance(entry, Acceptance)], mine, moment)
        intents = _intend([entry for entry in entries if isinstance(entry, Job)], mine, moment)
    return [intents.get(each.pk) if isinstance(each, Job) else each.job.pk in sent for each in entries]


def _job_of(entry: Job | Acceptance) -> Job:
    return entry if isinstance(entry, Job) else entry.job


def _intend(asked: Sequence[Job], mine: Mapping[int, Job], moment: datetime) -> dict[int, DeliveryAttempt]:
    """The intents of those jobs that were neither stopped nor taken meanwhile, by the job."""
    jobs = [job for job in asked if job.pk in mine and _may_go(mine[job.pk], moment)]
    if not jobs:
        return {}
    fields = {"delivery": Delivery.SENDING, "delivery_note": "", "sent_at": moment, "lease_until": moment + LEASE}
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(**fields)
    _tell(jobs, Delivery.SENDING, "", moment)
    intents = DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(job=job, epoch=job.epoch, marked_at=moment) for job in jobs
    )
    reached("marking")
    for job in jobs:
        for name, value in fields.items():
            setattr(job, name, value)
    return {intent.job_id: intent for intent in intents}


def _may_go(row: Job, moment: datetime) -> bool:
    held = row.lease_until is not None and row.lease_until > moment
    return held and row.delivery == Delivery.ACCEPTED and row.stop_requested_at is None


def _accept(acceptances: Sequence[Acceptance], mine: Mapping[int, Job], moment: datetime) -> set[int]:
    """The jobs that this made AWS's: not those of which somebody else has already said so."""
    if not acceptances:
        return set()
    for each in acceptances:
        each.intent.outcome, each.intent.request_id = "accepted", each.answer.request_id
    DeliveryAttempt.objects.bulk_create(  # they are there: one statement changes them all
        [each.intent for each in acceptances],
        update_conflicts=True,
        unique_fields=["job", "epoch"],
        update_fields=["outcome", "request_id"],
    )
    told = {each.job.pk: each for each in acceptances if each.job.pk in mine}
    told = {pk: each for pk, each in told.items() if mine[pk].delivery == Delivery.SENDING}
    if told:
        ids = [When(pk=pk, then=Value(each.answer.batch_id)) for pk, each in told.items()]
        sent = {"delivery": Delivery.SENT, "delivery_note": "", **adopted_at(moment)}
        Job.objects.filter(pk__in=list(told)).update(batch_id=Case(*ids, output_field=CharField()), **sent)
        _tell([each.job for each in told.values()], Delivery.SENT, State.SUBMITTED, moment)
    reached("settling")
    return set(told)


def _tell(jobs: Iterable[Job], delivery: Delivery, state: str, moment: datetime) -> None:
    StateChange.objects.bulk_create(
        StateChange(job=job, at=moment, delivery=delivery, state=state, source=SOURCE) for job in jobs
    )
