"""The log of a job's attempt, by pages. It opens at the end and can be followed, or read backwards.

A page waits at most three seconds for CloudWatch, and only a few do at once, fewer of one account: if AWS is slow or
unreachable, the page still loads and says so. The stream is determined by the job, never by the request.
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
from jobs.reports.log_limits import LogTurns, NoTurnError

AT_ONCE = 6  # of the eight threads of a web process
AT_ONCE_OF_AN_ACCOUNT = 2
PAGE_SECONDS = 3.0  # a whole read, with the wait for a slot and for a role
WAIT_FOR_A_TURN = 0.5
LINES = 500
LINES_OF_A_FILE = 10_000  # the limit of GetLogEvents
PAGES_OF_A_FILE = 100

_turns = LogTurns(AT_ONCE, AT_ONCE_OF_AN_ACCOUNT)


@dataclass(frozen=True)
class Line:
    at: datetime
    text: str


@dataclass(frozen=True)
class LogPage:
    """Lines, oldest first, tokens for older and newer ones, empty at the ends, and why there is no log."""

    lines: tuple[Line, ...] = ()
    older: str = ""
    newer: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Attempt:
    """An attempt of a job, finished or active."""

    number: int
    stream: str
    started_at: datetime | None
    stopped_at: datetime | None
    exit_code: int | None
    reason: str

    @property
    def finished(self) -> bool:
        return self.stopped_at is not None


def attempts(job: Job) -> list[Attempt]:
    """Return the job's attempts, first to last. An active one has no end yet."""
    finished = [
        Attempt(
            number=number,
            stream=attempt["log_stream"],
            started_at=_moment(attempt["started_at"]),
            stopped_at=_moment(attempt["stopped_at"]),
            exit_code=attempt["exit_code"],
            reason=attempt["status_reason"] or attempt["reason"],
        )
        for number, attempt in enumerate(job.attempts, start=1)
    ]
    if job.log_stream and job.log_stream not in {attempt.stream for attempt in finished}:
        finished.append(Attempt(len(finished) + 1, job.log_stream, job.started_at, job.stopped_at, job.exit_code, ""))
    return finished


def tail(job: Job, attempt: int | None = None) -> LogPage:
    """Return the end of the log of an attempt, by default the last one."""
    return _page(job, attempt, token="")


def head(job: Job, attempt: int | None = None) -> LogPage:
    """Return the beginning of the log of an attempt, by default the last one."""
    return _page(job, attempt, token="", from_head=True)


def after(job: Job, token: str, attempt: int | None = None) -> LogPage:
    """Return the lines since the page that had this token as `newer`."""
    return _page(job, attempt, token)


def before(job: Job, token: str, attempt: int | None = None) -> LogPage:
    """Return the lines before the page that had this token as `older`."""
    return _page(job, attempt, token)


def of_child(job: Job, child: ArrayChild, token: str = "") -> LogPage:
    """Return the end of the log of an array's child, or the page of an earlier page's token."""
    if child.log_stream:
        return _read(job, child.log_stream, token, final=child.status.final)
    return LogPage(trouble=_no_stream(final=child.status.final))


def whole(job: Job, attempt: int | None = None) -> Iterator[LogPage]:
    """Yield the log of an attempt from its beginning to its current end, in few large pages.

    The last page is one with a problem, or the one after which AWS returns the token it was given. A log that grows
    faster than it is read ends after 100 pages.
    """
    page = _page(job, attempt, token="", from_head=True, limit=LINES_OF_A_FILE)
    for _ in range(PAGES_OF_A_FILE):
        yield page
        token = page.newer
        if page.trouble or not token:
            return
        page = _page(job, attempt, token, limit=LINES_OF_A_FILE)
        if page.newer == token and not page.lines and not page.trouble:
            return


def _page(job: Job, number: int | None, token: str, *, from_head: bool = False, limit: int = LINES) -> LogPage:
    stream = _stream(job, number)
    if not stream:
        return LogPage(trouble=_no_stream(final=job.status.final))
    return _read(job, stream, token, final=job.status.final, from_head=from_head, limit=limit)


def _read(job: Job, stream: str, token: str, *, final: bool, from_head: bool = False, limit: int = LINES) -> LogPage:
    account = job.account
    limit_key = (account.pk, account.endpoint_url)
    try:
        with _turns.take(limit_key, WAIT_FOR_A_TURN), time_limit(PAGE_SECONDS - WAIT_FOR_A_TURN):
            client = client_for(account, "logs", Purpose.INTERACTIVE)
            events = cloudwatch.get_log_events(
                client, job.log_group, stream, token=token, limit=limit, from_head=from_head
            )
    except NoTurnError as error:
        return LogPage(newer=token, trouble=str(error))
    except AwsError as error:
        return LogPage(newer=token, trouble=_no_log(error, final=final))
    # AWS returns the token it was given when there is nothing further in that direction.
    backward = "" if events.backward_token == token or not events.events else events.backward_token
    return LogPage(
        tuple(Line(event.at, event.text) for event in events.events), older=backward, newer=events.forward_token
    )


def _stream(job: Job, number: int | None) -> str:
    if number is None:
        return job.log_stream
    return next((attempt.stream for attempt in attempts(job) if attempt.number == number), "")


def _no_stream(*, final: bool) -> str:
    if final:
        return "It ended before it began to run, so there is no log."
    return "The log begins when the job runs."


def _no_log(error: AwsError, *, final: bool) -> str:
    if error.code == "ResourceNotFoundException":
        return "It wrote nothing." if final else "It has written nothing yet."
    return f"The log cannot be read at this moment: {error.message}"


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
