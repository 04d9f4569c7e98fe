"""What a delivery writes down: that it is about to send a job, and under which id AWS has it.

Both are asked for by several threads at once, and written in one transaction: see `together`. Rows are locked in the
order in which stopping a submission locks them, last steps first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Case, CharField, QuerySet, Value, When
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
    with transaction.atomic():
        sent = _accept([each for each in entries if isinstance(each, Acceptance)], moment)
        intents = _intend([each for each in entries if isinstance(each, Job)], moment)
    return [intents.get(each.pk) if isinstance(each, Job) else each.job.pk in sent for each in entries]


def _intend(jobs: Sequence[Job], moment: datetime) -> dict[int, DeliveryAttempt]:
    """The intents of those jobs that were neither stopped nor taken meanwhile, by the job."""
    mine = _locked(
        jobs, Job.objects.filter(delivery=Delivery.ACCEPTED, stop_requested_at=None, lease_until__gt=moment)
    )
    if not mine:
        return {}
    fields = {"delivery": Delivery.SENDING, "delivery_note": "", "sent_at": moment, "lease_until": moment + LEASE}
    Job.objects.filter(pk__in=mine).update(**fields)
    _tell(mine.values(), Delivery.SENDING, "", moment)
    intents = DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(job=job, epoch=job.epoch, marked_at=moment) for job in mine.values()
    )
    reached("marking")
    for job in mine.values():
        for name, value in fields.items():
            setattr(job, name, value)
    return {intent.job_id: intent for intent in intents}


def _accept(acceptances: Sequence[Acceptance], moment: datetime) -> dict[int, Job]:
    """The jobs that this made AWS's: not those of which somebody else has already said so."""
    if not acceptances:
        return {}
    for each in acceptances:
        each.intent.outcome, each.intent.request_id = "accepted", each.answer.request_id
    DeliveryAttempt.objects.bulk_create(  # they are there: one statement changes them all
        [each.intent for each in acceptances],
        update_conflicts=True,
        unique_fields=["job", "epoch"],
        update_fields=["outcome", "request_id"],
    )
    mine = _locked([each.job for each in acceptances], Job.objects.filter(delivery=Delivery.SENDING))
    if mine:
        ids = [When(pk=each.job.pk, then=Value(each.answer.batch_id)) for each in acceptances if each.job.pk in mine]
        sent = {"delivery": Delivery.SENT, "delivery_note": "", **adopted_at(moment)}
        Job.objects.filter(pk__in=mine).update(batch_id=Case(*ids, output_field=CharField()), **sent)
        _tell(mine.values(), Delivery.SENT, State.SUBMITTED, moment)
    reached("settling")
    return mine


def _locked(jobs: Sequence[Job], which: QuerySet[Job]) -> dict[int, Job]:
    """Those of the jobs that are still so, and still this worker's: nobody changes them before the commit."""
    rows = which.filter(pk__in=[job.pk for job in jobs]).order_by("-pk").select_for_update()
    epochs = dict(rows.values_list("pk", "epoch"))
    return {job.pk: job for job in jobs if epochs.get(job.pk) == job.epoch}


def _tell(jobs: Iterable[Job], delivery: Delivery, state: str, moment: datetime) -> None:
    StateChange.objects.bulk_create(
        StateChange(job=job, at=moment, delivery=delivery, state=state, source=SOURCE) for job in jobs
    )
