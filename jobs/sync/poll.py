"""Polling of jobs that have not ended: DescribeJobs for 100 of them a call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from django.db.models import F
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.errors import AwsError, TooFastError
from jobs.aws.session import Purpose, client_for, clock_skew
from jobs.models import Account, Job
from jobs.sync.apply import apply_all, lose
from jobs.sync.poll_interval import next_look

log = structlog.get_logger(__name__)

CALLS_AT_MOST = 20
FIRST_QUIET, LONGEST_QUIET = 2, 120  # seconds
AFTER_TROUBLE = timedelta(seconds=10)
AFTER_UNREADABLE = timedelta(seconds=60)  # finding such a job among others takes a dozen calls
NOTHING = batch.Described(())
# AWS may not know a job yet just after accepting it, and may leave one out once; both pass.
VISIBLE_WITHIN = timedelta(hours=1)
MISSED_FOR = timedelta(minutes=5)


@dataclass
class Polled:
    """The result of a poll."""

    looked_at: int = 0
    changed: list[int] = field(default_factory=list)
    trouble: str = ""
    too_fast: bool = False


def poll(account: Account) -> Polled:
    """Poll every job of the account that is due, the longest overdue first."""
    result = Polled()
    if account.quiet_until and account.quiet_until > now():
        return result
    client = client_for(account, "batch", Purpose.READ)
    for _ in range(CALLS_AT_MOST):
        due = Job.objects.filter(account=account).due_for_a_look().select_related("account").defer("document")
        jobs = list(due.order_by("next_poll_at", "pk")[: batch.DESCRIBE_AT_ONCE])
        try:
            descriptions = batch.describe(client, [job.batch_id or "" for job in jobs]) if jobs else NOTHING
        except AwsError as error:
            log.warning("poll_failed", account=account.name, error=error.message)
            _postpone(jobs, AFTER_TROUBLE)
            result.trouble = error.message
            result.too_fast = isinstance(error, TooFastError)
            break
        _take_in(jobs, descriptions, result)
        if len(jobs) < batch.DESCRIBE_AT_ONCE:
            break
    _remember(account, result)
    return result


def _take_in(jobs: Sequence[Job], descriptions: batch.Described, result: Polled) -> None:
    by_batch_id = {observation.batch_id: observation for observation in descriptions.observations}
    unreadable = [job for job in jobs if job.batch_id in descriptions.unreadable]
    jobs = [job for job in jobs if job.batch_id not in descriptions.unreadable]
    _postpone(unreadable, AFTER_UNREADABLE)
    pairs = [(job, by_batch_id[job.batch_id]) for job in jobs if job.batch_id in by_batch_id]
    changed = apply_all(pairs, source="poll")
    changed += [job for job in jobs if job.batch_id not in by_batch_id and _missed(job)]
    result.changed += [job.pk for job in changed]
    result.looked_at += len(jobs) + len(unreadable)


def _missed(job: Job) -> bool:
    """Mark a job that DescribeJobs left out as missing, and as lost after a while. True if it is lost."""
    current_time = now()
    since = job.missing_since or current_time
    is_young = current_time - (job.submitted_at or job.accepted_at) < VISIBLE_WITHIN
    if is_young or current_time - since < MISSED_FOR:
        Job.objects.filter(pk=job.pk).update(missing_since=since, next_poll_at=next_look(job, current_time))
        return False
    return lose(job, source="poll")


def _postpone(jobs: Sequence[Job], pause: timedelta) -> None:
    """Poll jobs again after a pause: nothing was learnt about them, so they are neither missing nor changed."""
    if jobs:
        Job.objects.filter(pk__in=[job.pk for job in jobs]).update(next_poll_at=now() + pause)


def _remember(account: Account, result: Polled) -> None:
    fields: dict[str, object] = {"trouble": result.trouble}
    skew = clock_skew(account)
    if skew is not None:
        fields["clock_skew_seconds"] = skew
    if not result.trouble:
        fields |= {"polled_at": now(), "quiet_until": None, "quiet_seconds": 0}
    elif result.too_fast:
        # Back off exponentially: the account's other users need AWS's capacity too.
        pause = min(LONGEST_QUIET, max(FIRST_QUIET, account.quiet_seconds * 2))
        fields |= {"quiet_until": now() + timedelta(seconds=pause), "quiet_seconds": pause}
        fields |= {"throttles": F("throttles") + 1, "throttled_at": now()}
    Account.objects.filter(pk=account.pk).update(**fields)
