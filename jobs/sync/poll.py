"""Polling of jobs that have not ended, 100 a call."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.deadline import iterate_within
from jobs.aws.errors import AwsError, ThrottledError
from jobs.aws.session import Purpose, client_for
from jobs.models import Account, AccountStatus, Job, JobDependency
from jobs.models.job import JobQuerySet
from jobs.sync.apply import apply_all, mark_lost
from jobs.sync.poll_interval import MIN_SECONDS, joins_poll
from jobs.sync.poll_schedule import plan_polls

log = structlog.get_logger(__name__)

MAX_CALLS = 20
MAX_RUN_SECONDS = 5.0  # no call begins later: one that the pass's end cuts off would count as a failure of AWS
MIN_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 2, 120  # seconds
ERROR_RETRY_INTERVAL = timedelta(seconds=10)
UNREADABLE_RETRY_INTERVAL = timedelta(seconds=60)  # finding such a job among others takes a dozen calls
# For this long no other process polls a job that one asks AWS about.
CLAIM = timedelta(seconds=20)
# AWS may not know a job yet just after accepting it, and may leave one out once; both pass.
MIN_AGE_TO_BE_LOST = timedelta(hours=1)
MISSING_TIMEOUT = timedelta(minutes=5)


@dataclass
class PollResult:
    job_count: int = 0
    changed_job_ids: list[int] = field(default_factory=list)
    error: str = ""
    is_throttled: bool = False


def poll(account: Account) -> PollResult:
    """Poll what is due. AWS is not asked if nothing is."""
    result = PollResult()
    if account.status.backoff_until and account.status.backoff_until > now():
        return result
    polled_ids: set[int] = set()
    candidates = account_jobs = Job.objects.filter(account=account)
    for _ in iterate_within(range(MAX_CALLS), MAX_RUN_SECONDS):
        due_jobs, other_jobs = _claim_due_jobs(candidates, polled_ids)
        if not due_jobs:
            break
        jobs = [*due_jobs, *other_jobs]
        polled_ids.update(job.pk for job in jobs)
        is_last_due = len(due_jobs) < batch.MAX_JOBS_PER_DESCRIBE
        try:
            client = client_for(account, "batch", Purpose.READ)
            descriptions = batch.describe(client, [job.batch_id or "" for job in jobs])
        except AwsError as error:
            log.warning("poll_failed", account=account.name, error=error.message)
            _postpone(jobs, ERROR_RETRY_INTERVAL)
            result.error = error.message
            result.is_throttled = isinstance(error, ThrottledError)
            break
        changed_ids = _apply_descriptions(jobs, descriptions, result)
        if is_last_due:
            # What became due meanwhile gathers for the next pass, except what these ends have set off.
            candidates = account_jobs.filter(
                pk__in=JobDependency.objects.filter(parent__in=changed_ids).values("job")
            )
        if is_last_due and not changed_ids:
            break
    if result.job_count or result.error:
        _save_result(account, result)
    return result


def _claim_due_jobs(candidates: JobQuerySet, polled_ids: Collection[int]) -> tuple[list[Job], list[Job]]:
    """Claim the jobs that are due for one call. Return also others that fill it and need no claim.

    What this pass has polled already waits for the next.
    """
    current_time = now()
    active = candidates.active().select_related("account").defer("document")
    rows = active.order_by("next_poll_at", "pk")[: batch.MAX_JOBS_PER_DESCRIBE]
    jobs = [job for job in rows if job.pk not in polled_ids]
    if not jobs or _seconds_until_due(jobs[0], current_time) > 0:
        return [], []
    due = [job for job in jobs if _seconds_until_due(job, current_time) <= MIN_SECONDS]
    others = [job for job in jobs[len(due) :] if _joins_poll(job, current_time)]
    # Unlike every other process's time, so that the rows say whose they are.
    claimed_until = current_time + CLAIM + timedelta(microseconds=random.randrange(10**6))
    unclaimed = Q(next_poll_at=None) | Q(next_poll_at__lte=current_time + timedelta(seconds=MIN_SECONDS))
    due_rows = Job.objects.filter(pk__in=[job.pk for job in due])
    if due_rows.filter(unclaimed).update_in_order(next_poll_at=claimed_until) < len(due):
        own_ids = set(due_rows.filter(next_poll_at=claimed_until).values_list("pk", flat=True))
        due = [job for job in due if job.pk in own_ids]
    for job in due:
        job.next_poll_at = claimed_until
    return due, others


def _seconds_until_due(job: Job, current_time: datetime) -> float:
    return (job.next_poll_at - current_time).total_seconds() if job.next_poll_at else 0.0


def _joins_poll(job: Job, current_time: datetime) -> bool:
    since_poll = (current_time - job.observed_at).total_seconds() if job.observed_at else None
    return joins_poll(_seconds_until_due(job, current_time), since_poll, job.account.poll_seconds)


def _apply_descriptions(jobs: Sequence[Job], descriptions: batch.DescribeResult, result: PollResult) -> list[int]:
    """Return the keys of the changed jobs."""
    by_batch_id = {observation.batch_id: observation for observation in descriptions.observations}
    unreadable = [job for job in jobs if job.batch_id in descriptions.unreadable_ids]
    jobs = [job for job in jobs if job.batch_id not in descriptions.unreadable_ids]
    _postpone(unreadable, UNREADABLE_RETRY_INTERVAL)
    pairs = [(job, by_batch_id[job.batch_id]) for job in jobs if job.batch_id in by_batch_id]
    changed = apply_all(pairs, source="poll")
    changed += [job for job in jobs if job.batch_id not in by_batch_id and _mark_missing_or_lost(job)]
    changed_ids = [job.pk for job in changed]
    result.changed_job_ids += changed_ids
    result.job_count += len(jobs) + len(unreadable)
    return changed_ids


def _mark_missing_or_lost(job: Job) -> bool:
    current_time = now()
    since = job.missing_since or current_time
    is_young = current_time - (job.submitted_at or job.accepted_at) < MIN_AGE_TO_BE_LOST
    if is_young or current_time - since < MISSING_TIMEOUT:
        poll_at = plan_polls([(job, None)], current_time)[job.pk]
        # Unless an event or a viewer made it due meanwhile: then the next poll finds it missing.
        Job.objects.filter(pk=job.pk, next_poll_at=job.next_poll_at).update(missing_since=since, next_poll_at=poll_at)
        return False
    return mark_lost(job, source="poll")


def _postpone(jobs: Sequence[Job], pause: timedelta) -> None:
    """Poll again later jobs about which nothing was learnt."""
    if jobs:
        Job.objects.filter(pk__in=[job.pk for job in jobs]).update_in_order(next_poll_at=now() + pause)


def _save_result(account: Account, result: PollResult) -> None:
    fields: dict[str, object] = {"last_error": result.error}
    if not result.error:
        fields |= {"polled_at": now(), "backoff_until": None, "backoff_seconds": 0}
    elif result.is_throttled:
        # Back off exponentially: the account's other users need AWS's capacity too.
        pause = min(MAX_BACKOFF_SECONDS, max(MIN_BACKOFF_SECONDS, account.status.backoff_seconds * 2))
        fields |= {"backoff_until": now() + timedelta(seconds=pause), "backoff_seconds": pause}
        fields |= {"throttles": F("throttles") + 1, "throttled_at": now()}
    AccountStatus.objects.filter(pk=account.pk).update(**fields)
