"""Search in the logs of the jobs that a search finds, a few jobs at a time.

Complete copies are searched in the database, other logs by FilterLogEvents. Text is found as it is written.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from jobs.aws.errors import AwsError
from jobs.aws.logs import MAX_FILTERED_STREAMS
from jobs.log_rate_limit import LogReadLimitError
from jobs.logs.search import LineFilter
from jobs.models import Job, LogCopy
from jobs.reports import log_copy_search, logs
from jobs.reports.job_search import Scope, search_page
from jobs.reports.log_copies import LogState, read_scattered_lines
from jobs.reports.log_sources import LogChoice, LogSource, job_source, node_count
from jobs.reports.logs import job_attempts
from jobs.search import Search

JOBS_PER_STEP = 20
STEP_SECONDS = 2.0  # then no further request is sent
MAX_LINES_PER_LOG = 5
UNFINISHED = "Too long to search here. Open the log and search there."
BUSY = "Not searched, because the portal reads many logs right now. Search again in a moment."


@dataclass(frozen=True)
class AttemptLog:
    """`attempt` is 0 if the job has had one only."""

    job: Job
    attempt: int
    source: LogSource


@dataclass(frozen=True)
class LogMatch:
    """`number` is from 1; 0 for a log that the portal has no copy of."""

    job: Job
    attempt: int
    text: str
    number: int = 0


@dataclass
class LogSearchStep:
    """`next` is a cursor, empty after the last job."""

    lines: list[LogMatch] = field(default_factory=list)
    problems: dict[Job, str] = field(default_factory=dict)
    """Jobs whose logs could not be searched to their ends, or at all."""
    job_count: int = 0
    next: str = ""


def search_logs(scope: Scope, search: Search, text: str, cursor: str = "") -> LogSearchStep:
    """Search the logs of all attempts of the next jobs, newest first. Raise InvalidPageCursorError."""
    deadline = time.monotonic() + STEP_SECONDS
    page = search_page(scope, search, before=cursor, rows=JOBS_PER_STEP)
    keys = [row.job.pk for row in page.rows]
    jobs = sorted(Job.objects.filter(pk__in=keys).select_related("account"), key=lambda job: keys.index(job.pk))
    step = LogSearchStep(job_count=len(jobs), next=page.next)
    job_logs = [log for job in jobs for log in _logs_of(job, deadline, step)]
    copies, others = _complete_copies(job_logs), []
    for log in job_logs:
        if copy := copies.get(_copy_key(log.source)):
            _search_copy(log, copy, text, deadline, step)
        else:
            others.append(log)
    for group in _groups(others):
        _search_group(group, text, deadline, step)
    order = {pk: position for position, pk in enumerate(keys)}
    step.lines.sort(key=lambda line: (order[line.job.pk], line.attempt))
    return step


def _logs_of(job: Job, deadline: float, step: LogSearchStep) -> Iterator[AttemptLog]:
    attempts = job_attempts(job)
    if node_count(job):
        # One log for all attempts, that of the main node, which AWS must be asked for.
        if time.monotonic() > deadline:
            step.problems[job] = UNFINISHED
        elif attempts:
            yield from _searched_log(job, 0, job_source(job, LogChoice()), step)
        return
    if not attempts and job.started_at:
        yield from _searched_log(job, 0, job_source(job, LogChoice()), step)
    for attempt in attempts:
        source = job_source(job, LogChoice(attempt=attempt.number))
        yield from _searched_log(job, attempt.number if len(attempts) > 1 else 0, source, step)


def _searched_log(job: Job, attempt: int, source: LogSource, step: LogSearchStep) -> Iterator[AttemptLog]:
    if source.stream:
        yield AttemptLog(job, attempt, source)
    elif source.is_elsewhere:
        step.problems[job] = source.problem


def _copy_key(source: LogSource) -> tuple[int, str, str]:
    return source.account.pk, source.group, source.stream


def _complete_copies(job_logs: Sequence[AttemptLog]) -> dict[tuple[int, str, str], LogCopy]:
    sources = [log.source for log in job_logs]
    rows = LogCopy.objects.filter(
        account__in={source.account.pk for source in sources},
        log_group__in={source.group for source in sources},
        stream__in={source.stream for source in sources},
        is_complete=True,
    )
    return {(row.account_id, row.log_group, row.stream): row for row in rows}


def _search_copy(log: AttemptLog, copy: LogCopy, text: str, deadline: float, step: LogSearchStep) -> None:
    state, line_filter = LogState(copy), LineFilter(text, is_exact=True)
    numbers: list[int] = []
    start = 0
    while start < copy.line_count and len(numbers) < MAX_LINES_PER_LOG:
        if time.monotonic() > deadline:
            step.problems[log.job] = UNFINISHED
            break
        part = log_copy_search.search(state, line_filter, start)
        numbers += part.lines
        start = part.next_line
    lines = read_scattered_lines(state, numbers[:MAX_LINES_PER_LOG])
    step.lines += [LogMatch(log.job, log.attempt, line.text, number + 1) for number, line in lines]


def _groups(job_logs: Iterable[AttemptLog]) -> Iterator[list[AttemptLog]]:
    """Yield logs that one request can search."""
    groups: dict[tuple[int, str], list[AttemptLog]] = {}
    for log in job_logs:
        groups.setdefault((log.source.account.pk, log.source.group), []).append(log)
    for group in groups.values():
        for start in range(0, len(group), MAX_FILTERED_STREAMS):
            yield group[start : start + MAX_FILTERED_STREAMS]


def _search_group(group: Sequence[AttemptLog], text: str, deadline: float, step: LogSearchStep) -> None:
    by_stream = {log.source.stream: log for log in group}
    counts = dict.fromkeys(by_stream, 0)
    source, token, problem = group[0].source, "", UNFINISHED
    while time.monotonic() < deadline:
        try:
            page = logs.filter_events(source.account, source.group, list(by_stream), filter_pattern(text), token)
        except LogReadLimitError:
            problem = BUSY
            break
        except AwsError as error:
            is_missing = error.code == "ResourceNotFoundException"
            if is_missing and len(group) > 1:
                # One of the streams was never written, and AWS doesn't say which.
                middle = len(group) // 2
                _search_group(group[:middle], text, deadline, step)
                _search_group(group[middle:], text, deadline, step)
                return
            problem = "" if is_missing else f"Couldn't search these logs: {error.message}"
            break
        for stream, event in page.events:
            log = by_stream.get(stream)
            if log and text in event.text and counts[stream] < MAX_LINES_PER_LOG:
                counts[stream] += 1
                line = next(line for line in event.text.split("\n") if text in line or "\n" in text)
                step.lines.append(LogMatch(log.job, log.attempt, line))
        token = page.token
        if not token:
            return
    if problem:
        step.problems |= {log.job: problem for log in group if counts[log.source.stream] < MAX_LINES_PER_LOG}


def filter_pattern(text: str) -> str:
    """Return a term that each event with the text has: its longest part without quotes and backslashes."""
    part = max(text.replace("\\", '"').split('"'), key=len).strip()
    return f'"{part}"' if part else ""
