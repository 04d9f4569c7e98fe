"""Search in the logs of the jobs that a search finds, a few jobs at a time.

Complete copies are searched in the database, other logs by FilterLogEvents. Text is found as it is written.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from jobs.aws.errors import AwsError
from jobs.aws.logs import MAX_FILTERED_STREAMS
from jobs.logs.search import LineFilter
from jobs.models import Job, LogCopy
from jobs.reports import log_search, logs
from jobs.reports.job_search import Scope, search_page
from jobs.reports.log_copies import LogState, read_scattered_lines
from jobs.reports.log_limits import LogReadLimitError
from jobs.reports.log_sources import LogChoice, LogSource, job_source
from jobs.reports.logs import job_attempts
from jobs.search import Search

JOBS_PER_STEP = 20
STEP_SECONDS = 2.0  # then no further request is sent
MAX_LINES_PER_LOG = 5
UNFINISHED = "Too long to search here. Open the log and search there."


@dataclass(frozen=True)
class SearchedLog:
    """`attempt` is 0 if the job has had one only."""

    job: Job
    attempt: int
    source: LogSource


@dataclass(frozen=True)
class FoundLine:
    """`number` is from 1; 0 for a log that the portal has no copy of."""

    job: Job
    attempt: int
    text: str
    number: int = 0


@dataclass
class LogSearchStep:
    """`next` is a cursor, empty after the last job."""

    lines: list[FoundLine] = field(default_factory=list)
    problems: dict[Job, str] = field(default_factory=dict)
    """Jobs whose logs could not be searched to their ends."""
    job_count: int = 0
    next: str = ""


def search_logs(scope: Scope, search: Search, text: str, cursor: str = "") -> LogSearchStep:
    """Search the logs of all attempts of the next jobs, newest first. Raise InvalidPageCursorError."""
    page = search_page(scope, search, before=cursor, rows=JOBS_PER_STEP)
    keys = [row.job.pk for row in page.rows]
    jobs = sorted(Job.objects.filter(pk__in=keys).select_related("account"), key=lambda job: keys.index(job.pk))
    step = LogSearchStep(job_count=len(jobs), next=page.next)
    others = [log for job in jobs for log in _logs_of(job) if not _search_copy(log, text, step)]
    deadline = time.monotonic() + STEP_SECONDS
    for group in _groups(others):
        _search_group(group, text, deadline, step)
    order = {pk: position for position, pk in enumerate(keys)}
    step.lines.sort(key=lambda line: (order[line.job.pk], line.attempt))
    return step


def _logs_of(job: Job) -> Iterator[SearchedLog]:
    attempts = job_attempts(job)
    for attempt in attempts:
        source = job_source(job, LogChoice(attempt=attempt.number))
        if source.stream:
            yield SearchedLog(job, attempt.number if len(attempts) > 1 else 0, source)


def _search_copy(log: SearchedLog, text: str, step: LogSearchStep) -> bool:
    """Return whether there is a complete copy."""
    source = log.source
    streams = LogCopy.objects.filter(account=source.account, log_group=source.group, stream=source.stream)
    copy = streams.filter(is_complete=True).first()
    if copy is None:
        return False
    numbers = log_search.search(LogState(copy), LineFilter(text), 0).lines
    lines = [(number, line) for number, line in read_scattered_lines(LogState(copy), numbers) if text in line.text]
    step.lines += [
        FoundLine(log.job, log.attempt, line.text, number + 1) for number, line in lines[:MAX_LINES_PER_LOG]
    ]
    return True


def _groups(job_logs: Iterable[SearchedLog]) -> Iterator[list[SearchedLog]]:
    """Yield logs that one request can search."""
    groups: dict[tuple[int, str], list[SearchedLog]] = {}
    for log in job_logs:
        groups.setdefault((log.source.account.pk, log.source.group), []).append(log)
    for group in groups.values():
        for start in range(0, len(group), MAX_FILTERED_STREAMS):
            yield group[start : start + MAX_FILTERED_STREAMS]


def _search_group(group: Sequence[SearchedLog], text: str, deadline: float, step: LogSearchStep) -> None:
    by_stream = {log.source.stream: log for log in group}
    counts = dict.fromkeys(by_stream, 0)
    source, token, problem = group[0].source, "", UNFINISHED
    while time.monotonic() < deadline:
        try:
            page = logs.filter_events(source.account, source.group, list(by_stream), filter_pattern(text), token)
        except (AwsError, LogReadLimitError) as error:
            if isinstance(error, AwsError) and error.code == "ResourceNotFoundException" and len(group) > 1:
                # One of the streams was never written, and AWS doesn't say which.
                middle = len(group) // 2
                _search_group(group[:middle], text, deadline, step)
                _search_group(group[middle:], text, deadline, step)
                return
            problem = "" if getattr(error, "code", "") == "ResourceNotFoundException" else str(error)
            break
        for stream, event in page.events:
            log = by_stream.get(stream)
            if log and text in event.text and counts[stream] < MAX_LINES_PER_LOG:
                counts[stream] += 1
                line = next(line for line in event.text.split("\n") if text in line or "\n" in text)
                step.lines.append(FoundLine(log.job, log.attempt, line))
        token = page.token
        if not token:
            return
    if problem:
        step.problems |= {log.job: problem for log in group if counts[log.source.stream] < MAX_LINES_PER_LOG}


def filter_pattern(text: str) -> str:
    """Return a term that each event with the text has: its longest part without quotes and backslashes."""
    part = max(text.replace("\\", '"').split('"'), key=len).strip()
    return f'"{part}"' if part else ""
