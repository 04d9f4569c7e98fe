"""The log of a job's attempt, by pages.

If AWS is slow, the page still loads and says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from jobs.aws import logs as cloudwatch
from jobs.aws.deadline import time_limit
from jobs.aws.errors import AwsError
from jobs.aws.session import Purpose, client_for
from jobs.models import ArrayChild, Job
from jobs.reports.log_limits import LogReadLimiter, LogReadLimitError

MAX_CONCURRENT_READS = 6  # of the eight threads of a web process
MAX_READS_PER_ACCOUNT = 2
READ_TIMEOUT_SECONDS = 3.0  # a whole read, with the wait for a slot and for a role
SLOT_TIMEOUT_SECONDS = 0.5
PAGE_LINES = 500
DOWNLOAD_PAGE_LINES = 10_000  # the limit of GetLogEvents
MAX_DOWNLOAD_PAGES = 100

ARRAY_LOGS = "Each child job of an array has its own log. Open it from the list of child jobs."

_limiter = LogReadLimiter(MAX_CONCURRENT_READS, MAX_READS_PER_ACCOUNT)


@dataclass(frozen=True)
class LogLine:
    at: datetime
    text: str


@dataclass(frozen=True)
class LogPage:
    """Oldest line first; tokens are empty at the ends."""

    lines: tuple[LogLine, ...] = ()
    older: str = ""
    newer: str = ""
    problem: str = ""


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


def tail(job: Job, attempt: int | None = None) -> LogPage:
    return _page(job, attempt, token="")


def head(job: Job, attempt: int | None = None) -> LogPage:
    return _page(job, attempt, token="", from_head=True)


def after(job: Job, token: str, attempt: int | None = None) -> LogPage:
    """Return the lines since the page with this token as `newer`."""
    return _page(job, attempt, token)


def before(job: Job, token: str, attempt: int | None = None) -> LogPage:
    """Return the lines before the page with this token as `older`."""
    return _page(job, attempt, token)


def child_log(job: Job, child: ArrayChild, token: str = "") -> LogPage:
    if child.log_stream:
        return _read(job, child.log_stream, token, final=child.status.is_final)
    return LogPage(problem=_no_stream_message(final=child.status.is_final))


def full_log(job: Job, attempt: int | None = None) -> Iterator[LogPage]:
    page = _page(job, attempt, token="", from_head=True, limit=DOWNLOAD_PAGE_LINES)
    for _ in range(MAX_DOWNLOAD_PAGES):
        yield page
        token = page.newer
        if page.problem or not token:
            return
        page = _page(job, attempt, token, limit=DOWNLOAD_PAGE_LINES)
        if page.newer == token and not page.lines and not page.problem:
            return


def _page(job: Job, number: int | None, token: str, *, from_head: bool = False, limit: int = PAGE_LINES) -> LogPage:
    stream = _stream(job, number)
    if not stream:
        return LogPage(problem=ARRAY_LOGS if job.array_size else _no_stream_message(final=job.status.is_final))
    return _read(job, stream, token, final=job.status.is_final, from_head=from_head, limit=limit)


def _read(
    job: Job, stream: str, token: str, *, final: bool, from_head: bool = False, limit: int = PAGE_LINES
) -> LogPage:
    account = job.account
    limit_key = (account.pk, account.endpoint_url)
    try:
        with (
            _limiter.acquire(limit_key, SLOT_TIMEOUT_SECONDS),
            time_limit(READ_TIMEOUT_SECONDS - SLOT_TIMEOUT_SECONDS),
        ):
            client = client_for(account, "logs", Purpose.INTERACTIVE)
            events = cloudwatch.get_log_events(
                client, job.log_group, stream, token=token, limit=limit, from_head=from_head
            )
    except LogReadLimitError as error:
        return LogPage(newer=token, problem=str(error))
    except AwsError as error:
        return LogPage(newer=token, problem=_error_message(error, final=final))
    # AWS returns the token it was given when there is nothing further in that direction.
    backward = "" if events.backward_token == token or not events.events else events.backward_token
    return LogPage(
        tuple(LogLine(event.at, event.text) for event in events.events), older=backward, newer=events.forward_token
    )


def _stream(job: Job, number: int | None) -> str:
    if number is None:
        return job.log_stream
    return next((attempt.stream for attempt in job_attempts(job) if attempt.number == number), "")


def _no_stream_message(*, final: bool) -> str:
    if final:
        return "The job ended before it started, so there is no log."
    return "The log appears when the job starts."


def _error_message(error: AwsError, *, final: bool) -> str:
    if error.code == "ResourceNotFoundException":
        return "No log output." if final else "No log output yet."
    return f"Couldn't read the log: {error.message}"


def _parse_time(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
