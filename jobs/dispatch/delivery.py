"""From ACCEPTED to SENT: the protocol, step by step."""

import time
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.deadline import time_limit
from jobs.aws.errors import (
    AccessTroubleError,
    AwsError,
    NobodyKnowsError,
    RequestRefusedError,
    TooFastError,
    TryAgainError,
)
from jobs.aws.session import Moment, Purpose, client_for, fence
from jobs.dispatch.book import Acceptance, Book
from jobs.dispatch.crew import crew
from jobs.dispatch.pace import Pace, rest, throttled
from jobs.dispatch.requests import submit_request
from jobs.dispatch.taking import AWAY, give_back, let_go, take
from jobs.failpoints import reached
from jobs.models import Account, DeliveryAttempt, Job
from jobs.models.incarnation import held_back
from jobs.models.quarantine import SEND_WITHIN, SKEW_AT_MOST
from jobs.policy.asks import job_ask
from jobs.policy.grants import Grants
from jobs.policy.rules import withdrawn
from jobs.states import Delivery

log = structlog.get_logger(__name__)

AT_ONCE = 100  # jobs of a round
THREADS = 16
# A round more is begun for so long: other tasks have their turn too.
ROUNDS_WITHIN = 2.0
# No job is begun later than this, so that the last answers (8 s and 30 s) come within the task's minute.
BEGIN_WITHIN = 20.0
LOOK_UP_SECONDS = 8.0
# A definition is not always known to SubmitJob at once after it was registered.
SETTLING = timedelta(seconds=60)
# How long an account is left alone that is throttled, or that cannot be reached or gives no clear answers.
THROTTLED_SECONDS = 1.0
TROUBLED_SECONDS = 5.0
# So many requests of one delivery may end with nobody knowing; each costs its job a quarantine.
UNCLEAR_AT_MOST = 4

SOURCE = "dispatch"


def deliver_due(account: Account, threads: int = 1) -> int:
    """Send what can be sent now, for some seconds, parents before the jobs that wait for them. How many were tried.

    With more threads than one, jobs that do not wait for each other go side by side.
    """
    if held_back(account) or _clocks_differ(account):
        return 0
    drain = _Drain(account, threads)
    with crew(drain.carry, threads) as run:
        while drain.open and not drain.late:
            withdraw_bereft(account)
            jobs = take(account, min(AT_ONCE, max(threads, account.submits_per_second)))
            if not jobs:
                break
            try:
                drain.begin(jobs)
            except AWAY:
                let_go(jobs)
                raise
            run(jobs)
            let_go(drain.dropped)
            give_back(drain.left)
    return drain.tried


def _clocks_differ(account: Account) -> bool:
    """How long a request can be under way is known by its date: with a wrong clock nothing is safe to repeat."""
    skew = Account.objects.values_list("clock_skew_seconds", flat=True).get(pk=account.pk) or 0.0
    if abs(skew) <= SKEW_AT_MOST:
        return False
    log.error("clock_skew_exceeded", account=account.name, seconds=skew)
    return True


class _Drain:
    """One delivery of an account: its client, its pace, and whether AWS is well enough to go on."""

    def __init__(self, account: Account, threads: int) -> None:
        self.account = account
        self.threads = threads
        self.client = client_for(account, "batch", Purpose.SUBMIT)
        began = time.monotonic()
        self.enough_at = began + ROUNDS_WITHIN
        self.stop_at = began + BEGIN_WITHIN
        self.pace = Pace(account, self.stop_at)
        self.book = Book()
        self.grants: dict[int, Grants] = {}
        self.left: list[Job] = []
        self.dropped: list[Job] = []  # the database went away while they were carried
        self.tried = 0
        self.unclear = 0
        self.open = True

    @property
    def late(self) -> bool:
        return time.monotonic() > self.enough_at

    def begin(self, jobs: list[Job]) -> None:
        """A round: what the teams were given is read anew for each."""
        self.left, self.dropped = [], []
        self.pace.expect(len(jobs))
        self.book.expect(min(len(jobs), self.threads))
        self.grants = {team.pk: Grants.of(team) for team in {job.team for job in jobs}}
        self.tried += len(jobs)

    def carry(self, job: Job) -> None:
        """Called by several threads at once."""
        try:
            self._carry(job)
        except AWAY:
            self.dropped.append(job)
            raise

    def _carry(self, job: Job) -> None:
        if not (self.open and self.pace.wait()):
            self.open = False
            self.left.append(job)
            return
        trouble = send(job, self.client, self.grants[job.team_id], self.book)
        if isinstance(trouble, TooFastError):
            throttled(self.account)
            rest(self.account, THROTTLED_SECONDS)
            self.pace.pause()
        elif isinstance(trouble, NobodyKnowsError):
            self.unclear += 1
        if isinstance(trouble, AccessTroubleError) or self.unclear >= UNCLEAR_AT_MOST or _away(trouble):
            rest(self.account, TROUBLED_SECONDS)
            self.open = False


def _away(trouble: AwsError | None) -> bool:
    return isinstance(trouble, TryAgainError) and trouble.code in ("ConnectTimeoutError", "EndpointConnectionError")


def deliver(job: Job, client: Any) -> None:
    """Carry one job to AWS, unless another worker has it."""
    if job.claim():
        send(job, client, Grants.of(job.team), Book())


def send(job: Job, client: Any, grants: Grants, book: Book) -> AwsError | None:
    """Carry one job that was claimed to AWS. What AWS had against it, if that says something of AWS."""
    if job.delivery != Delivery.ACCEPTED:
        return None  # this copy shows somebody else's turn
    reached("claimed")
    if job.epoch > 1:
        if _found_or_unclear(job):
            return None
        reached("looked")
    if _forbidden(job, grants):
        return None
    request = submit_request(job)
    since = Moment()  # before the intent is written: a pause at any step after this counts
    intent = book.intend(job)
    if intent is None:
        return None
    reached("marked")

    try:
        with fence.open_for(SEND_WITHIN, since):
            submitted = batch.submit(client, request)
    except RequestRefusedError as refused:
        with transaction.atomic():
            _close(intent, "refused", refused)
            _refuse(job, refused)
    except (TryAgainError, AccessTroubleError) as trouble:
        with transaction.atomic():
            _close(intent, "try again", trouble)
            job.put_back(trouble.message, source=SOURCE)
        return trouble
    except NobodyKnowsError as unknown:
        # Left in SENDING, its lease given up, so that the reconciler looks for it at once. Never tried again here.
        with transaction.atomic():
            _close(intent, "nobody knows", unknown)
            Job.objects.filter(pk=job.pk, delivery=Delivery.SENDING, epoch=job.epoch).update(
                lease_until=now(), delivery_note=unknown.message
            )
        return unknown
    else:
        reached("answered")
        book.accept(Acceptance(job, intent, submitted))
        log.info("job_sent", job=job.text_id, batch_id=submitted.batch_id, epoch=job.epoch)
    return None


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
    with time_limit(LOOK_UP_SECONDS):
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


def _forbidden(job: Job, grants: Grants) -> bool:
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
    found = withdrawn(ask, grants)
    if found:
        why = " ".join(f"{objection.message} ({objection.rule})" for objection in found)
        job.advance(Delivery.REFUSED, source=SOURCE, note=why, lease_until=None, ended_at=now())
    return bool(found)


def _close(intent: DeliveryAttempt, outcome: str, error: AwsError) -> None:
    DeliveryAttempt.objects.filter(pk=intent.pk).update(
        outcome=outcome, detail=error.message, request_id=error.request_id
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
