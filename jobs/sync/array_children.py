"""Children of array jobs."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Case, F, Q, Value, When
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.deadline import iterate_within
from jobs.aws.errors import AwsError, RejectedError
from jobs.aws.session import Purpose, client_for
from jobs.models import Account, ArrayChild, Job
from jobs.spec.redaction import redact_text
from jobs.states import FAILURE_STATES, FINAL_STATES, State, state_rank

log = structlog.get_logger(__name__)

# A read counts as fresh for FRESH_SECONDS, and for so much longer with each call it takes.
FRESH_SECONDS_PER_CALL = 1.0
FRESH_SECONDS = 5.0
MAX_RUN_SECONDS = 20.0
# After that, children that AWS counts as failed and rejects or can't describe are given up.
MAX_RETRY_PERIOD = timedelta(minutes=10)
CHILD_FIELDS = ("state", "exit_code", "reason", "log_stream", "started_at", "stopped_at", "attempts")


def read_children(job: Job) -> int:
    """Read those that had not ended. Return the number of calls. Raise AwsError."""
    if not job.batch_id or not job.array_size:
        return 0
    indexes = _open_indexes(job)
    freshness = timedelta(seconds=FRESH_SECONDS + FRESH_SECONDS_PER_CALL * len(indexes) / batch.MAX_JOBS_PER_DESCRIBE)
    started_at = now()
    if not indexes or not _claim_read(job, freshness):
        return 0
    calls = _describe_children(job, indexes)
    _record_read(job, started_at)
    return calls


def read_failed_children(job: Job) -> int:
    """Read those of an array that has ended. Return how many AWS lists; 0 if it fails: the array then stays due.

    What AWS rejects, as an array that it has forgotten, is due for `MAX_RETRY_PERIOD` only.
    """
    reader = client_for(job.account, "batch", Purpose.READ)
    started_at = now()
    try:
        indexes = batch.list_child_indexes(reader, job.batch_id or "", State.FAILED)
        open_indexes = set(_open_indexes(job))
        _describe_children(job, [index for index in indexes if index in open_indexes])
        if not _has_all_failures(job):  # AWS's list may lag behind its count
            _describe_children(job, _open_indexes(job))
    except AwsError as error:
        log.warning("array_children_failed", job=job.text_id, error=error.message)
        if not isinstance(error, RejectedError):
            return 0
        indexes = []
    _record_read(job, started_at)
    return len(indexes)


def read_due_failed_children(account: Account) -> int:
    arrays = list(Job.objects.filter(account=account).with_unread_failures().select_related("account")[:20])
    for job in iterate_within(arrays, MAX_RUN_SECONDS):
        read_failed_children(job)
    return len(arrays)


def _claim_read(job: Job, freshness: timedelta) -> bool:
    """Return whether a read is due and no other process has begun it.

    After the array's end only a read that has finished counts, or one that AWS failed would pass for it.
    """
    current_time = now()
    stale = (
        Q(children_read_at=None)
        | Q(children_read_at__lt=current_time - freshness)
        | Q(children_read_at__lt=F("ended_at"))
    )
    claim = Case(When(ended_at=None, then=Value(current_time)), default=F("children_read_at"))
    return bool(Job.objects.filter(stale, pk=job.pk).update(children_read_at=claim))


def _record_read(job: Job, started_at: datetime) -> None:
    """Record a read that began after the array's end, unless failures that AWS counts are missing."""
    if job.ended_at is None or started_at < job.ended_at:
        return
    if _has_all_failures(job) or started_at > job.ended_at + MAX_RETRY_PERIOD:
        Job.objects.filter(pk=job.pk).update(children_read_at=started_at)


def _has_all_failures(job: Job) -> bool:
    count = job.children.filter(state__in=FAILURE_STATES).count()
    return count >= int(job.array_summary.get(State.FAILED, 0))


def _open_indexes(job: Job) -> list[int]:
    """Return the children that weren't seen to end."""
    final_indexes = set(job.children.filter(state__in=FINAL_STATES).values_list("index", flat=True))
    return [index for index in range(job.array_size or 0) if index not in final_indexes]


def _describe_children(job: Job, indexes: Sequence[int]) -> int:
    reader = client_for(job.account, "batch", Purpose.READ)
    calls = 0
    for start in range(0, len(indexes), batch.MAX_JOBS_PER_DESCRIBE):
        ids = [f"{job.batch_id}:{index}" for index in indexes[start : start + batch.MAX_JOBS_PER_DESCRIBE]]
        _save_children(job, batch.describe(reader, ids).observations)
        calls += 1
    return calls


def _save_children(job: Job, observations: Iterable[batch.Observation]) -> None:
    indexed = [(batch.parse_child_index(observation.batch_id), observation) for observation in observations]
    by_index = {index: observation for index, observation in indexed if index is not None}
    progress = {
        child.index: (child.attempts, state_rank(child.state))
        for child in job.children.filter(index__in=list(by_index))
    }
    rows = [
        _child_row(job, index, observation)
        for index, observation in by_index.items()
        if (observation.finished_attempts, state_rank(observation.state)) >= progress.get(index, (0, -1))
    ]
    ArrayChild.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["job", "index"], update_fields=list(CHILD_FIELDS)
    )


def _child_row(job: Job, index: int, observation: batch.Observation) -> ArrayChild:
    fields: dict[str, Any] = {
        "state": State.STOPPED
        if observation.state == State.FAILED and observation.stopped_by_request
        else observation.state,
        "exit_code": observation.exit_code,
        "reason": redact_text(observation.container_reason or observation.status_reason),
        "log_stream": observation.log_stream,
        "started_at": observation.started_at,
        "stopped_at": observation.stopped_at,
        "attempts": observation.finished_attempts,
    }
    return ArrayChild(job=job, index=index, **fields)
