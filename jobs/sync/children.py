"""The children of an array become rows when someone looks at them, or when they failed.

Ten thousand children are a hundred calls of DescribeJobs, so they are asked about once, after that only those that
had not ended, and nothing is asked while nobody looks. The parent's own progress comes with every poll.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import structlog
from django.db.models import F, Q
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.deadline import while_time
from jobs.aws.errors import AwsError
from jobs.aws.session import Purpose, client_for
from jobs.models import Account, ArrayChild, Job
from jobs.spec.redaction import redact_text
from jobs.states import FINAL_STATES, State, rank_of

log = structlog.get_logger(__name__)

# How long what was read of a hundred children is good enough for whoever goes on looking.
FRESH_SECONDS_A_CALL = 1.0
FRESH_SECONDS = 5.0
SECONDS_AT_ONCE = 20.0
FIELDS = ("state", "exit_code", "reason", "log_stream", "started_at", "stopped_at", "attempts")


def read_children(job: Job) -> int:
    """Ask about the children that may have changed since they were last read. How many calls that took."""
    if not job.batch_id or not job.array_size:
        return 0
    ended = set(job.children.filter(state__in=FINAL_STATES).values_list("index", flat=True))
    asked = [index for index in range(job.array_size) if index not in ended]
    fresh = timedelta(seconds=FRESH_SECONDS + FRESH_SECONDS_A_CALL * len(asked) / batch.DESCRIBE_AT_ONCE)
    if not asked or not _mine(job, fresh):
        return 0
    return _describe(job, asked)


def read_failed(job: Job) -> int:
    """Ask which children failed, and all about those. How many were asked about."""
    reader = client_for(job.account, "batch", Purpose.READ)
    moment = now()
    try:
        failed = batch.children_listed(reader, job.batch_id or "", State.FAILED)
        _describe(job, failed)
    except AwsError as error:
        log.warning("array_children_failed", job=job.text_id, error=error.message)
        return 0
    Job.objects.filter(pk=job.pk).update(children_read_at=moment)
    return len(failed)


def read_failed_due(account: Account) -> int:
    """The failed children of every array that ended badly and was not asked about since. How many arrays."""
    arrays = list(Job.objects.filter(account=account).with_failures_to_read().select_related("account")[:20])
    for job in while_time(arrays, SECONDS_AT_ONCE):
        read_failed(job)
    return len(arrays)


def _mine(job: Job, fresh: timedelta) -> bool:
    """Whether it is time to read, and nobody else is doing so. A parent's end makes it time at once."""
    moment = now()
    stale = Q(children_read_at=None) | Q(children_read_at__lt=moment - fresh) | Q(children_read_at__lt=F("ended_at"))
    return bool(Job.objects.filter(stale, pk=job.pk).update(children_read_at=moment))


def _describe(job: Job, indexes: Sequence[int]) -> int:
    reader = client_for(job.account, "batch", Purpose.READ)
    calls = 0
    for start in range(0, len(indexes), batch.DESCRIBE_AT_ONCE):
        ids = [f"{job.batch_id}:{index}" for index in indexes[start : start + batch.DESCRIBE_AT_ONCE]]
        _keep(job, batch.describe(reader, ids).observations)
        calls += 1
    return calls


def _keep(job: Job, seen: Iterable[batch.Observation]) -> None:
    """Write what was seen; what is known to be later stays."""
    numbered = [(batch.child_index(each.batch_id), each) for each in seen]
    told = {index: each for index, each in numbered if index is not None}
    known = {
        child.index: (child.attempts, rank_of(child.state)) for child in job.children.filter(index__in=list(told))
    }
    news = [
        _child(job, index, each)
        for index, each in told.items()
        if (each.finished_attempts, rank_of(each.state)) >= known.get(index, (0, -1))
    ]
    ArrayChild.objects.bulk_create(
        news, update_conflicts=True, unique_fields=["job", "index"], update_fields=list(FIELDS)
    )


def _child(job: Job, index: int, seen: batch.Observation) -> ArrayChild:
    fields: dict[str, Any] = {
        "state": State.STOPPED if seen.state == State.FAILED and seen.stopped_by_request else seen.state,
        "exit_code": seen.exit_code,
        "reason": redact_text(seen.container_reason or seen.status_reason),
        "log_stream": seen.log_stream,
        "started_at": seen.started_at,
        "stopped_at": seen.stopped_at,
        "attempts": seen.finished_attempts,
    }
    return ArrayChild(job=job, index=index, **fields)
