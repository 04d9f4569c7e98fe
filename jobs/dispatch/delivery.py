"""The delivery protocol, step by step from ACCEPTED to SENT."""

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.deadline import time_limit
from jobs.aws.errors import (
    AwsError,
    CredentialsError,
    OutcomeUnknownError,
    RejectedError,
    RetryableError,
    ThrottledError,
)
from jobs.aws.session import DualClock, Purpose, client_for, clock_skew, fence
from jobs.dispatch.claim import DATABASE_OUTAGE_ERRORS, claim_jobs, release_leases
from jobs.dispatch.delivery_log import Acceptance, DeliveryLog
from jobs.dispatch.rate_limit import RateLimiter, back_off, count_throttle
from jobs.dispatch.stop_request import lock_stoppable, request_stop, withdraw_unsent
from jobs.dispatch.submit_request import submit_request
from jobs.dispatch.worker_pool import WorkerPool, worker_pool
from jobs.failpoints import hit_failpoint
from jobs.models import Account, AccountStatus, DeliveryAttempt, Job, JobDependency
from jobs.models.database_generation import is_submission_paused
from jobs.models.quarantine import MAX_CLOCK_SKEW_SECONDS, SEND_DEADLINE_SECONDS
from jobs.models.submission import OnRefusal
from jobs.policy.grants import TeamGrants
from jobs.policy.requests import build_job_request
from jobs.policy.rules import job_violations_now
from jobs.spec.step_conditions import Condition
from jobs.states import Delivery
from jobs.task_queue import enqueue_on_commit

log = structlog.get_logger(__name__)

MAX_THREADS = 16
# Jobs that one claim takes, and that may wait for a thread: about a second of the account's rate.
MAX_CLAIMED_JOBS = 100
# How often to look for more while those are sent that were due.
CLAIM_INTERVAL_SECONDS = 0.1
# No job starts after this, so that the last responses (8 s and 30 s) arrive within the task's minute.
JOB_START_SECONDS = 20.0
# So long before that nothing is claimed, so that what was claimed is begun: otherwise each job would be searched for.
DRAIN_SECONDS = 2.0
LOOKUP_TIMEOUT_SECONDS = 8.0
# SubmitJob may not know a definition right after its registration.
REGISTRATION_LAG = timedelta(seconds=60)
# How long to send nothing to an account that throttles, is unreachable or gives no clear responses.
THROTTLE_BACKOFF_SECONDS = 1.0
OUTAGE_BACKOFF_SECONDS = 5.0
# Requests of one delivery with unknown outcome; each costs its job a quarantine.
MAX_UNKNOWN_OUTCOMES = 4

SOURCE = "dispatch"
FOUND_BEFORE_RETRY_NOTE = "The portal found the job in AWS by its AWS job name and didn't submit it again."


_stopping = threading.Event()


def stop_deliveries() -> None:
    """Let this process's deliveries end soon. What they have claimed and not begun is free then."""
    _stopping.set()


def deliver_due(account: Account, threads: int = 1) -> int:
    """Send what is due, and what becomes due meanwhile. Return the number of jobs that were begun."""
    delivery = _DeliveryRun(account, threads)
    try:
        with worker_pool(delivery.deliver, threads) as pool:
            delivery.feed(pool)
    finally:
        delivery.release_unfinished()
    return delivery.job_count


def _has_clock_skew(account: Account) -> bool:
    """Return whether to send nothing: with a wrong clock no repeat is safe."""
    account_skew = AccountStatus.objects.values_list("clock_skew_seconds", flat=True).get(pk=account.pk)
    # Another machine may have measured that one.
    skew = max(account_skew or 0.0, clock_skew(account) or 0.0, key=abs)
    if abs(skew) <= MAX_CLOCK_SKEW_SECONDS:
        return False
    log.error("clock_skew_exceeded", account=account.name, seconds=skew)
    return True


class _DeliveryRun:
    """One sender: this thread claims, and withdraws what can't run, while those of the pool send."""

    def __init__(self, account: Account, threads: int) -> None:
        self.account = account
        self.last_start_at = time.monotonic() + JOB_START_SECONDS
        self.last_claim_at = self.last_start_at - DRAIN_SECONDS
        self.max_waiting = min(MAX_CLAIMED_JOBS, max(threads, account.submits_per_second))
        self.rate_limiter = RateLimiter(account, self.last_start_at)
        self.delivery_log = DeliveryLog()
        self.grants: dict[int, TeamGrants] = {}
        self.client: Any = None
        self.unfinished_jobs: deque[Job] = deque()  # not begun, or the database was lost during their delivery
        self.job_count = 0
        self.unknown_outcomes = 0
        self.is_open = True
        self._counts = threading.Lock()
        self._sending_count = 0

    def feed(self, pool: WorkerPool) -> None:
        """Keep the pool supplied until nothing is due, the time is over, or the account has to rest."""
        try:
            while self.is_open and not _stopping.is_set() and time.monotonic() < self.last_claim_at:
                if is_submission_paused(self.account) or _has_clock_skew(self.account):
                    return
                was_idle = pool.is_idle  # before looking: what ends later may make others due
                self.release_unfinished()
                withdrawn_count = withdraw_blocked(self.account)
                limit = self.max_waiting - pool.waiting_count
                jobs = claim_jobs(self.account, limit, is_idle=was_idle)
                self._prepare(jobs)
                pool.add(jobs)
                if not jobs and was_idle and not withdrawn_count:
                    return
                if any(job.lost_workers for job in jobs):
                    pool.wait_until_idle()  # it may end this process too: alone
                pool.wait_for_room(self.max_waiting // 2)
                if len(jobs) < limit:
                    pool.wait_until_idle(CLAIM_INTERVAL_SECONDS)
            if not _stopping.is_set():
                pool.wait_for_room(0)
        finally:
            self.is_open = False

    def _prepare(self, jobs: Sequence[Job]) -> None:
        """Read what the jobs share. If that fails, none of them is to blame."""
        try:
            self.grants |= {team.pk: TeamGrants.for_team(team) for team in {job.team for job in jobs}}
            if jobs:
                self.client = client_for(self.account, "batch", Purpose.SUBMIT)
        except Exception:
            self.unfinished_jobs.extend(jobs)
            raise
        self.rate_limiter.expect_requests(len(jobs))
        self.job_count += len(jobs)

    def release_unfinished(self) -> None:
        release_leases([self.unfinished_jobs.popleft() for _ in range(len(self.unfinished_jobs))])

    def deliver(self, job: Job) -> None:
        """Deliver a job. Several threads may call this at once."""
        try:
            self._deliver(job)
        except DATABASE_OUTAGE_ERRORS:
            connection.close_if_unusable_or_obsolete()
            self.unfinished_jobs.append(job)
            raise

    @contextmanager
    def _sending(self) -> Iterator[None]:
        """Count the jobs whose records may share a commit."""
        self._count_sending(1)
        try:
            yield
        finally:
            self._count_sending(-1)

    def _count_sending(self, change: int) -> None:
        with self._counts:
            self._sending_count += change
            self.delivery_log.expect_threads(self._sending_count)

    def _deliver(self, job: Job) -> None:
        if not (self.is_open and self.rate_limiter.acquire()):
            self.is_open = False
            self.unfinished_jobs.append(job)
            return
        with self._sending():
            error = send(job, self.client, self.grants[job.team_id], self.delivery_log)
        if isinstance(error, ThrottledError):
            count_throttle(self.account)
            back_off(self.account, THROTTLE_BACKOFF_SECONDS)
            self.rate_limiter.discard_window()
        elif isinstance(error, OutcomeUnknownError):
            self.unknown_outcomes += 1
        if (
            isinstance(error, CredentialsError)
            or self.unknown_outcomes >= MAX_UNKNOWN_OUTCOMES
            or _is_unreachable(error)
        ):
            back_off(self.account, OUTAGE_BACKOFF_SECONDS)
            self.is_open = False


def _is_unreachable(error: AwsError | None) -> bool:
    return isinstance(error, RetryableError) and error.code in ("ConnectTimeoutError", "EndpointConnectionError")


def send(job: Job, client: Any, grants: TeamGrants, delivery_log: DeliveryLog) -> AwsError | None:
    """Send a claimed job. Return an error that says something about AWS's state."""
    if job.delivery != Delivery.ACCEPTED:
        return None  # another worker has the job in this state
    hit_failpoint("claimed")
    if job.epoch > 1:
        if _settle_earlier_attempt(job):
            return None
        hit_failpoint("looked")
    if _refuse_if_forbidden(job, grants):
        return None
    request = submit_request(job)
    since = DualClock()  # before the intent is written: a pause at any step after this counts
    intent = delivery_log.record_intent(job)
    if intent is None:
        return None
    hit_failpoint("marked")

    try:
        with fence.open_for(SEND_DEADLINE_SECONDS, since):
            submitted = batch.submit(client, request)
    except RejectedError as rejection:
        with transaction.atomic():
            _record_outcome(intent, "refused", rejection)
            _refuse_or_retry(job, rejection)
        hit_failpoint("refused")
    except (RetryableError, CredentialsError) as error:
        with transaction.atomic():
            _record_outcome(intent, "retry", error)
            job.requeue(error.message, source=SOURCE)
        return error
    except OutcomeUnknownError as unknown_outcome:
        # Left in SENDING, its lease given up, so that the reconciler looks for it at once. Never tried again here.
        with transaction.atomic():
            _record_outcome(intent, "unknown", unknown_outcome)
            Job.objects.filter(pk=job.pk, delivery=Delivery.SENDING, epoch=job.epoch).update(
                lease_until=now(), delivery_note=unknown_outcome.message
            )
        return unknown_outcome
    else:
        hit_failpoint("answered")
        delivery_log.record_acceptance(Acceptance(job, intent, submitted))
        log.info("job_sent", job=job.text_id, batch_id=submitted.batch_id, epoch=job.epoch)
    return None


def withdraw_blocked(account: Account) -> int:
    """Withdraw the jobs that can't run any more, or mark them as skipped if nothing failed. Return their number."""
    count = 0
    for job in Job.objects.filter(account=account).blocked().order_by("pk")[:MAX_CLAIMED_JOBS]:
        edges = job.dependencies.select_related("parent").order_by("pk")
        reasons = [(edge, note) for edge in edges if (note := _blocking_note(edge))]
        note = reasons[0][1] if reasons else "A job that it depends on did not succeed."
        is_skipped = bool(reasons) and all(_is_needless(edge) for edge, _ in reasons)
        delivery = Delivery.SKIPPED if is_skipped else Delivery.WITHDRAWN
        count += job.advance(delivery, source=SOURCE, note=note, ended_at=now())
        hit_failpoint("withdrawn")
    return count


def _is_needless(edge: JobDependency) -> bool:
    """Return True if the parent's end makes the step superfluous: it handles a failure, and there is none."""
    if edge.condition == Condition.FAILURE:
        return True
    return edge.parent is not None and edge.parent.delivery == Delivery.SKIPPED


def _blocking_note(edge: JobDependency) -> str:
    """Return why the job can't be submitted; "" if this dependency is no reason."""
    parent = edge.parent
    if parent is None or not parent.status.is_final or edge.condition == Condition.ALWAYS:
        return ""
    if edge.condition == Condition.FAILURE:
        name = parent.name
        if parent.delivery == Delivery.SKIPPED:
            return f"It runs only if {name} fails, and {name} was skipped."
        return f"It runs only if {name} fails, and {name} succeeded." if parent.status.is_success else ""
    return "" if parent.status.is_success else f"It depends on {parent.name}, which is {parent.status.label.lower()}."


def find_batch_ids(job: Job) -> list[str]:
    """Return AWS's jobs with this job's marker, oldest first. Raise AwsError."""
    reader = client_for(job.account, "batch", Purpose.READ)
    with time_limit(LOOKUP_TIMEOUT_SECONDS):
        return batch.find_job_ids(reader, job.queue.arn or job.queue.name, job.marker)


def _settle_earlier_attempt(job: Job) -> bool:
    try:
        batch_ids = find_batch_ids(job)
    except AwsError as error:
        note = f"The portal couldn't look up the job in AWS: {error.message}"
        job.requeue(note, source=SOURCE)
        return True
    if batch_ids:
        job.adopt(batch_ids[0], source=SOURCE, note=FOUND_BEFORE_RETRY_NOTE)
    return bool(batch_ids)


def _refuse_if_forbidden(job: Job, grants: TeamGrants) -> bool:
    job_request = build_job_request(
        job.document,
        job.revision.document,
        definition_name=job.revision.qualified_name,
        definition_shared=job.revision.definition.shared,
        queue_id=job.queue_id,
        queue_name=job.queue.name,
        queue_open=True,  # AWS tells that itself, and may have enabled it again
    )
    violations = job_violations_now(job_request, grants)
    if violations:
        reason = " ".join(f"{violation.message} ({violation.rule})" for violation in violations)
        with transaction.atomic():
            _refuse(job, reason, "the portal")
    return bool(violations)


def _refuse(job: Job, note: str, refuser: str) -> None:
    """Refuse a job and, unless its submission keeps them, stop the other steps. Call it in a transaction."""
    submission = job.submission
    others = Job.objects.none()
    is_index = job.array_index is not None  # the other indexes don't need it
    if submission.job_count > 1 and submission.on_refusal == OnRefusal.STOP and not is_index:
        # Only those that run again with it: others may have been at work for hours.
        others = submission.jobs.current_steps().filter(rerun=job.rerun_id, repeats__isnull=job.repeats_id is None)
    stoppable = lock_stoppable(others)
    if not job.advance(Delivery.REFUSED, source=SOURCE, note=note, lease_until=None, ended_at=now()):
        return
    reason = f"Stopped because {refuser} refused {job.name}."
    others = others.exclude(pk=job.pk)
    unsent_note = f"Withdrawn because {refuser} refused {job.name}."
    withdraw_unsent(others, [row for row in stoppable if row.pk != job.pk], unsent_note, user=None, source=SOURCE)
    request_stop(others, reason, user=None)
    hit_failpoint("refusing")
    if len(stoppable) > 1:
        enqueue_on_commit("stop", job.account_id, queue="ask")


def _record_outcome(intent: DeliveryAttempt, outcome: str, error: AwsError) -> None:
    DeliveryAttempt.objects.filter(pk=intent.pk).update(
        outcome=outcome, detail=error.message, request_id=error.request_id
    )


def _refuse_or_retry(job: Job, rejection: RejectedError) -> None:
    registered = job.revision.registered_at
    is_settling = registered is not None and now() - registered < REGISTRATION_LAG
    if is_settling and "not found" in rejection.message.lower():
        job.requeue(rejection.message, source=SOURCE)
        return
    _refuse(job, _rejection_text(rejection), "AWS Batch")


def _rejection_text(rejection: RejectedError) -> str:
    is_included = not rejection.request_id or rejection.request_id in rejection.message
    return rejection.message if is_included else f"{rejection.message} (request {rejection.request_id})"
