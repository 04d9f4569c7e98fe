"""Attempts of a job, and one read of a log stream.

If AWS is slow, the page still loads and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from jobs.aws import logs as cloudwatch
from jobs.aws.deadline import time_limit
from jobs.aws.logs import FilteredEvents, LogEvents
from jobs.aws.session import Purpose, client_for
from jobs.log_rate_limit import wait_to_read, wait_to_search
from jobs.models import Account, Job
from jobs.reports.log_limits import LogReadLimiter

MAX_CONCURRENT_READS = 6  # of the eight threads of a web process
MAX_READS_PER_ACCOUNT = 2
READ_TIMEOUT_SECONDS = 3.0  # a whole read, with the wait for a slot and for a role
SLOT_TIMEOUT_SECONDS = 0.5

_limiter = LogReadLimiter(MAX_CONCURRENT_READS, MAX_READS_PER_ACCOUNT)


@dataclass(frozen=True)
class JobAttempt:
    number: int
    stream: str
    started_at: datetime | None
    stopped_at: datetime | None
    exit_code: int | None
    reason: str

    @property
    def finished(self) -> bool:
        return self.stopped_at is not None


def job_attempts(job: Job) -> list[JobAttempt]:
    finished = [
        JobAttempt(
            number=number,
            stream=attempt["log_stream"],
            started_at=_parse_time(attempt["started_at"]),
            stopped_at=_parse_time(attempt["stopped_at"]),
            exit_code=attempt["exit_code"],
            reason=attempt["status_reason"] or attempt["reason"],
        )
        for number, attempt in enumerate(job.attempts, start=1)
    ]
    if job.log_stream and job.log_stream not in {attempt.stream for attempt in finished}:
        finished.append(
            JobAttempt(len(finished) + 1, job.log_stream, job.started_at, job.stopped_at, job.exit_code, "")
        )
    return finished


def read_events(
    account: Account,
    group: str,
    stream: str,
    *,
    token: str = "",
    from_head: bool = False,
    limit: int,
    since_ms: int = 0,
) -> LogEvents:
    """Read one page, in the limits of the account and of this process. Raise AwsError or LogReadLimitError."""
    client = client_for(account, "logs", Purpose.INTERACTIVE)
    with (
        _limiter.acquire((account.pk, account.endpoint_url), SLOT_TIMEOUT_SECONDS),
        time_limit(READ_TIMEOUT_SECONDS - SLOT_TIMEOUT_SECONDS),
    ):
        wait_to_read(account.pk, SLOT_TIMEOUT_SECONDS)
        return cloudwatch.get_log_events(
            client, group, stream, token=token, limit=limit, from_head=from_head, since_ms=since_ms
        )


def filter_events(
    account: Account, group: str, streams: Sequence[str], pattern: str, token: str = ""
) -> FilteredEvents:
    """Read one page of the events of several streams. Raise AwsError or LogReadLimitError."""
    client = client_for(account, "logs", Purpose.INTERACTIVE)
    with (
        _limiter.acquire((account.pk, account.endpoint_url), SLOT_TIMEOUT_SECONDS),
        time_limit(READ_TIMEOUT_SECONDS - SLOT_TIMEOUT_SECONDS),
    ):
        wait_to_search(account.pk, SLOT_TIMEOUT_SECONDS)
        return cloudwatch.filter_log_events(client, group, streams, pattern, token=token)


def _parse_time(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
