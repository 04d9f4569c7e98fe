"""From ACCEPTED to SENT: the protocol, step by step."""

from datetime import timedelta
from typing import Any

import structlog
from django.db.models import Q
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.errors import (
    AccessTroubleError,
    AwsError,
    NobodyKnowsError,
    RequestRefusedError,
    TryAgainError,
)
from jobs.aws.session import Purpose, client_for, fence
from jobs.dispatch.requests import submit_request
from jobs.models import Account, DeliveryAttempt, Job
from jobs.policy.asks import job_ask
from jobs.policy.grants import Grants
from jobs.policy.rules import withdrawn
from jobs.states import Delivery

log = structlog.get_logger(__name__)

AT_ONCE = 100
# After the intent is written, a request leaves within so many seconds or not at all.
SEND_WITHIN = 10.0
# A definition is not always known to SubmitJob at once after it was registered.
SETTLING = timedelta(seconds=60)

SOURCE = "dispatch"


def deliver_due(account: Account) -> int:
    """Send what can be sent now, up to 100 jobs, parents before the jobs that wait for them. How many were tried."""
    client = client_for(account, "batch", Purpose.SUBMIT)
    tried = 0
    while tried < AT_ONCE:
        withdraw_bereft(account)
        ready = (
            Job.objects.filter(account=account)
            .deliverable()
            .select_related("queue", "team", "account", "revision__definition", "submission__person")
            .order_by("pk")[: AT_ONCE - tried]
        )
        batch_of_jobs = list(ready)
        if not batch_of_jobs:
            break
        for job in batch_of_jobs:
            deliver(job, client)
        tried += len(batch_of_jobs)
    return tried


def deliver(job: Job, client: Any) -> None:
    """Carry one job to AWS, unless another worker has it."""
    if not job.claim():
        return
    if job.epoch > 1 and _found_or_unclear(job):
        return
    if _forbidden(job):
        return
    request = submit_request(job)
    intent = _write_intent(job)
    if intent is None:
        return

    try:
        with fence.open_for(SEND_WITHIN):
            submitted = batch.submit(client, request)
    except RequestRefusedError as refused:
        _close(intent, "refused", refused)
        _refuse(job, refused)
    except (TryAgainError, AccessTroubleError) as trouble:
        _close(intent, "try again", trouble)
        job.put_back(trouble.message, source=SOURCE)
    except NobodyKnowsError as unknown:
        # Left in SENDING, its lease given up, so that the reconciler looks for it at once. Never tried again here.
        _close(intent, "nobody knows", unknown)
        Job.objects.filter(pk=job.pk, delivery=Delivery.SENDING, epoch=job.epoch).update(
            lease_until=now(), delivery_note=unknown.message
        )
    else:
        _close(intent, "accepted", request_id=submitted.request_id)
        job.adopt(submitted.batch_id, source=SOURCE)
        log.info("job_sent", job=job.text_id, batch_id=submitted.batch_id, epoch=job.epoch)


def withdraw_bereft(account: Account) -> int:
    """Jobs that wait for one which can no longer succeed are not sent; those after them follow in the next round."""
    withdrawn = 0
    for job in Job.objects.filter(account=account).bereft().order_by("pk")[:AT_ONCE]:
        edges = job.waits_for.select_related("parent").order_by("pk")
        lost = next(
            (e.parent for e in edges if e.parent and e.parent.status.final and not e.parent.status.good), None
        )
        note = f"It waits for {lost.name}, which is {lost.status.label.lower()}." if lost else "It waits in vain."
        withdrawn += job.advance(Delivery.WITHDRAWN, source=SOURCE, note=note, ended_at=now())
    return withdrawn


def look_up(job: Job) -> list[str]:
    """The ids under which AWS has jobs with this job's marker, oldest first. Raises AwsError if AWS cannot say."""
    reader = client_for(job.account, "batch", Purpose.READ)
    return batch.ids_named(reader, job.queue.arn or job.queue.name, job.marker)


def _found_or_unclear(job: Job) -> bool:
    """Before a second try: is it there after all? True ends this try."""
    try:
        found = look_up(job)
    except AwsError as error:
        job.put_back(error.message, source=SOURCE)
        return True
    if found:
        job.adopt(found[0], source=SOURCE, note="Found by its marker before a second try.")
    return bool(found)


def _forbidden(job: Job) -> bool:
    """Ask the rules again: what was allowed when it was accepted may have been withdrawn since."""
    ask = job_ask(
        job.document,
        job.revision.document,
        definition_name=job.revision.pinned,
        definition_shared=job.revision.definition.shared,
        queue_id=job.queue_id,
        queue_name=job.queue.name,
        queue_open=True,  # AWS says so itself, and may have opened it again
    )
    found = withdrawn(ask, Grants.of(job.team))
    if found:
        why = " ".join(f"{objection.message} ({objection.rule})" for objection in found)
        job.advance(Delivery.REFUSED, source=SOURCE, note=why, lease_until=None, ended_at=now())
    return bool(found)


def _write_intent(job: Job) -> DeliveryAttempt | None:
    """From here on AWS may have the job. None: it was stopped or taken meanwhile."""
    moment = now()
    marked = job.advance(
        Delivery.SENDING, source=SOURCE, only_if=Q(stop_requested_at=None, lease_until__gt=moment), sent_at=moment
    )
    return DeliveryAttempt.objects.create(job=job, epoch=job.epoch, marked_at=moment) if marked else None


def _close(intent: DeliveryAttempt, outcome: str, error: AwsError | None = None, request_id: str = "") -> None:
    DeliveryAttempt.objects.filter(pk=intent.pk).update(
        outcome=outcome,
        detail=error.message if error else "",
        request_id=error.request_id if error else request_id,
    )


def _refuse(job: Job, refused: RequestRefusedError) -> None:
    registered = job.revision.registered_at
    settling = registered is not None and now() - registered < SETTLING
    if settling and "not found" in refused.message.lower():
        job.put_back(refused.message, source=SOURCE)
        return
    job.advance(Delivery.REFUSED, source=SOURCE, note=_words(refused), lease_until=None, ended_at=now())


def _words(refused: RequestRefusedError) -> str:
    """AWS's own sentence, with the id its support asks for."""
    known = not refused.request_id or refused.request_id in refused.message
    return refused.message if known else f"{refused.message} (request {refused.request_id})"
