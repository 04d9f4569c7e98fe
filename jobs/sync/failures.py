"""Causes of failures from what is stored, then the last error lines of the log.

The log is read in the background, which leaves more than half of the account's limit to people who look at logs. One
that isn't there is tried again a few times, then given up.
"""

import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from jobs.aws import logs
from jobs.aws.errors import AwsError, ThrottledError, is_outage
from jobs.aws.session import Purpose, client_for
from jobs.causes import Cause, FailureFacts, failure_cause
from jobs.log_rate_limit import LogReadLimitError, wait_to_read
from jobs.logs.error_lines import error_lines, normalize_line
from jobs.models import Account, Job, JobFailure, LeaseKeeper
from jobs.models.child_causes import child_causes
from jobs.models.job_failure import LOG_DELAY, family_key
from jobs.spec.redaction import redact_text

log = structlog.get_logger(__name__)

CAUSE_BATCH_SIZE = 50
"""An array takes several queries, and may have 10,000 children that failed."""
MAX_RUN_SECONDS = 20.0
LEASE_DURATION = timedelta(seconds=60)  # the time limit of a task
MAX_LOGS = 50
READ_INTERVAL_SECONDS = 0.3
TURN_TIMEOUT_SECONDS = 2.0
READ_LINES = 100
RETRY_DELAYS = (timedelta(seconds=15), timedelta(minutes=2), timedelta(minutes=15))
PAUSE = timedelta(seconds=30)
MAX_LOG_AGE = timedelta(days=1)
"""The log of a job that ended earlier isn't read: it may no longer exist."""
CHILDREN_INTERVAL = timedelta(seconds=10)
CHILDREN_TIMEOUT = timedelta(minutes=15)
"""Longer than the portal tries to read the children of an array that has failed."""
MAX_CHILD_CAUSES = 20

CAUSES_IN_LOG = frozenset({Cause.APPLICATION_ERROR, Cause.COMMAND_NOT_FOUND, Cause.NOT_EXECUTABLE})
"""Where the program ended by itself. Otherwise its last line is what it happened to print, and the reason counts."""


def record_due_failures(account: Account) -> None:
    """Go on for some seconds; one task of an account at a time."""
    lease = LeaseKeeper(f"failures of account {account.pk}", secrets.token_hex(8), LEASE_DURATION)
    if not lease.keep():
        return
    deadline = time.monotonic() + MAX_RUN_SECONDS
    try:
        while _record_causes(account) == CAUSE_BATCH_SIZE and time.monotonic() < deadline:
            continue
        _read_due_logs(account, deadline)
    finally:
        lease.release()


# -- Causes


def _record_causes(account: Account) -> int:
    """Return how many rows were due."""
    rows = list(_due_rows(account).filter(cause="")[:CAUSE_BATCH_SIZE])
    child_rows: list[JobFailure] = []
    unread_arrays = _unread_arrays(rows)
    for row in rows:
        if row.job_id in unread_arrays:
            row.due_at = now() + CHILDREN_INTERVAL
            continue
        own_child_rows = list(_child_rows(row)) if row.job.array_size else []
        child_rows += own_child_rows
        _record_cause(row, has_child_rows=bool(own_child_rows))
    with transaction.atomic():
        JobFailure.objects.bulk_create(child_rows, ignore_conflicts=True)
        JobFailure.objects.bulk_update(rows, ["cause", "exit_code", "last_line", "family", "due_at"])
    return len(rows)


def _due_rows(account: Account) -> QuerySet[JobFailure]:
    rows = JobFailure.objects.filter(account=account).due(now()).select_related("job__queue")
    return rows.defer("job__document", "job__raw", "job__tags", "job__queue__raw", "job__queue__scheduling_policy")


def _record_cause(row: JobFailure, *, has_child_rows: bool) -> None:
    job = row.job
    row.cause = failure_cause(replace(job.failure_facts, uses_spot=job.queue.is_spot))
    row.exit_code = job.exit_code
    reason = job.reasons[0] if job.reasons else job.delivery_note
    row.last_line = normalize_line(redact_text(reason))
    row.family = "" if has_child_rows else family_key(row.cause, row.exit_code, row.last_line)
    row.due_at = _first_read_at(row.ended_at, job.log_stream)


def _child_rows(row: JobFailure) -> Iterator[JobFailure]:
    """Yield one for each cause, with the first of its children as the example."""
    causes = child_causes(row.job)[:MAX_CHILD_CAUSES]
    streams = _child_streams(row.job, [cause.indexes[0] for cause in causes])
    for child_cause in causes:
        facts = FailureFacts(
            exit_code=child_cause.exit_code,
            container_reason=child_cause.reason,
            uses_spot=row.job.queue.is_spot,
        )
        cause, last_line, first_index = (
            failure_cause(facts),
            normalize_line(redact_text(child_cause.reason)),
            child_cause.indexes[0],
        )
        yield JobFailure(
            job=row.job,
            team_id=row.team_id,
            account_id=row.account_id,
            definition_id=row.definition_id,
            ended_at=row.ended_at,
            first_index=first_index,
            child_count=child_cause.count,
            cause=cause,
            exit_code=child_cause.exit_code,
            last_line=last_line,
            family=family_key(cause, child_cause.exit_code, last_line),
            due_at=_first_read_at(row.ended_at, streams.get(first_index, "")),
        )


def _unread_arrays(rows: Iterable[JobFailure]) -> set[int]:
    """Return those whose children are still to be read, until the portal gives that up."""
    arrays = [row.job_id for row in rows if row.job.array_size and now() - row.ended_at < CHILDREN_TIMEOUT]
    return (
        set(Job.objects.filter(pk__in=arrays).with_unread_failures().values_list("pk", flat=True))
        if arrays
        else set()
    )


def _child_streams(job: Job, indexes: list[int]) -> dict[int, str]:
    return dict(job.children.filter(index__in=indexes).values_list("index", "log_stream"))


def _first_read_at(ended_at: datetime, stream: str) -> datetime | None:
    is_worth_reading = stream and now() - ended_at < MAX_LOG_AGE
    return ended_at + LOG_DELAY if is_worth_reading else None


# -- Logs


def _read_due_logs(account: Account, deadline: float) -> None:
    rows = list(_due_rows(account).exclude(cause="")[:MAX_LOGS])
    for position, row in enumerate(rows):
        if time.monotonic() > deadline:
            return
        if position:
            time.sleep(READ_INTERVAL_SECONDS)
        try:
            wait_to_read(account.pk, TURN_TIMEOUT_SECONDS)
            _record_lines(row, _read_end(account, row))
        except LogReadLimitError:
            _postpone(rows[position:])
            return
        except AwsError as error:
            log.warning("failure_log_postponed", job=row.job.text_id, error=error.message)
            if isinstance(error, ThrottledError) or is_outage(error):
                _postpone(rows[position:])
                return
            _retry_later(row)


def _read_end(account: Account, row: JobFailure) -> tuple[str, ...]:
    """Return the error lines at the end of the log. Raise AwsError."""
    job = row.job
    stream = job.log_stream
    if row.first_index is not None:
        stream = _child_streams(job, [row.first_index]).get(row.first_index, "")
    reader = client_for(account, "logs", Purpose.READ)
    events = logs.get_log_events(reader, job.log_group, stream, limit=READ_LINES).events
    return tuple(redact_text(line) for line in error_lines(event.text for event in events))


def _record_lines(row: JobFailure, lines: tuple[str, ...]) -> None:
    if not lines:
        _retry_later(row)
        return
    last_line = row.last_line
    if row.cause in CAUSES_IN_LOG:
        last_line = normalize_line(lines[-1]) or last_line
    family = family_key(row.cause, row.exit_code, last_line) if row.family else ""
    JobFailure.objects.filter(pk=row.pk).update(lines=list(lines), last_line=last_line, family=family, due_at=None)


def _retry_later(row: JobFailure) -> None:
    """Give up after the last of RETRY_DELAYS."""
    due_at = now() + RETRY_DELAYS[row.tries] if row.tries < len(RETRY_DELAYS) else None
    JobFailure.objects.filter(pk=row.pk).update(due_at=due_at, tries=row.tries + 1)


def _postpone(rows: Iterable[JobFailure]) -> None:
    JobFailure.objects.filter(pk__in=[row.pk for row in rows]).update(due_at=now() + PAUSE)
