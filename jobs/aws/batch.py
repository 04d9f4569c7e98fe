"""AWS Batch: what the portal asks of it, and what it reads from the answers."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from jobs.aws.answers import Answer, call, pages
from jobs.aws.errors import MalformedAnswerError

log = structlog.get_logger(__name__)

DESCRIBE_AT_ONCE = 100  # DescribeJobs refuses more ids
# How long the texts may be that are kept in columns.
LONGEST_ID = 60
LONGEST_NAME = 128
LONGEST_STATE = 20
LONGEST_LOG_NAME = 512
LONGEST_TASK_ARN = 200
# Calls that look for one unreadable job: enough for one among a hundred, and few when no answer can be read at all.
SPLIT_CALLS_AT_MOST = 24
SPLIT_CALLS_IN_VAIN = 7


@dataclass(frozen=True)
class Submitted:
    """AWS has the job."""

    batch_id: str
    request_id: str


@dataclass(frozen=True)
class Registered:
    """AWS has the definition."""

    arn: str
    revision: int


@dataclass(frozen=True)
class Attempt:
    """One finished attempt of a job."""

    started_at: datetime | None
    stopped_at: datetime | None
    exit_code: int | None
    reason: str
    status_reason: str
    log_stream: str
    task_arn: str = ""


@dataclass(frozen=True)
class Observation:
    """What AWS told of a job at a moment."""

    batch_id: str
    state: str
    finished_attempts: int = 0
    status_reason: str = ""
    container_reason: str = ""
    exit_code: int | None = None
    log_group: str = ""
    log_stream: str = ""
    task_arn: str = ""
    stopped_by_request: bool = False
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    array_summary: Mapping[str, int] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)


def submit(client: Any, request: Mapping[str, Any]) -> Submitted:
    """SubmitJob, once. Raises one of `jobs.aws.errors`; NobodyKnowsError when the job may exist all the same."""
    answer = call(client.submit_job, **request)
    return Submitted(answer.required_text("jobId", at_most=LONGEST_ID), answer.request_id)


def register(client: Any, document: Mapping[str, Any]) -> Registered:
    """RegisterJobDefinition, once. Raises one of `jobs.aws.errors`."""
    answer = call(client.register_job_definition, **document)
    return Registered(answer.required_text("jobDefinitionArn", at_most=300), answer.required_number("revision"))


def deregister(client: Any, arn: str) -> None:
    """DeregisterJobDefinition: no new job may have the revision; those that have it run on. To repeat it is safe."""
    call(client.deregister_job_definition, jobDefinition=arn)


@dataclass(frozen=True)
class DescribedRevision:
    """A registered revision as AWS describes it."""

    arn: str
    revision: int
    raw: Mapping[str, Any]


def definitions_named(client: Any, name: str) -> list[DescribedRevision]:
    """Every active revision of a name that can be read, newest first."""
    revisions = []
    for page in pages(client.describe_job_definitions, jobDefinitionName=name, status="ACTIVE"):
        for entry in page.required_entries("jobDefinitions"):
            arn, number = entry.text("jobDefinitionArn", at_most=300), entry.number("revision")
            if arn and number is not None:
                revisions.append(DescribedRevision(arn, number, entry.storable()))
            else:
                log.warning("answer_malformed", call="DescribeJobDefinitions", definition=name)
    return sorted(revisions, key=lambda revision: revision.revision, reverse=True)


def ids_named(client: Any, queue: str, name: str) -> list[str]:
    """The ids of all jobs in a queue that have exactly this name, oldest first, whatever their state.

    The filter of ListJobs takes no notice of case, so names are compared again here. Raises MalformedAnswerError if
    any part of the list cannot be read: from such a list nobody may conclude that there is no job.
    """
    entries = pages(client.list_jobs, jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [name]}])
    jobs = [Listed.of(entry) for page in entries for entry in page.required_entries("jobSummaryList")]
    matches = [job for job in jobs if job.name == name]
    return [job.batch_id for job in sorted(matches, key=lambda job: (job.created_at, job.batch_id))]


@dataclass(frozen=True)
class Listed:
    """A job in AWS's list of a queue: little is told of it there."""

    batch_id: str
    name: str
    created_at: int  # milliseconds since 1970; 0 if AWS does not say

    @classmethod
    def of(cls, entry: Answer) -> "Listed":
        """Raises MalformedAnswerError without an id or a name."""
        batch_id = entry.required_text("jobId", at_most=LONGEST_ID)
        created_at = entry.moment("createdAt")
        milliseconds = round(created_at.timestamp() * 1000) if created_at else 0
        return cls(batch_id, entry.required_text("jobName", at_most=LONGEST_NAME), milliseconds)


def created_since(client: Any, queue: str, since: datetime) -> Iterator[list[Listed]]:
    """A queue's jobs of every state that were created later than that, newest first, page by page.

    Raises MalformedAnswerError at the end if a job of the list could not be read: then the list was not whole.
    """
    after = {"name": "AFTER_CREATED_AT", "values": [str(int(since.timestamp() * 1000))]}
    malformed: MalformedAnswerError | None = None
    for page in pages(client.list_jobs, jobQueue=queue, filters=[after]):
        jobs = []
        for entry in page.required_entries("jobSummaryList"):
            try:
                jobs.append(Listed.of(entry))
            except MalformedAnswerError as error:
                malformed = error
        yield jobs
    if malformed:
        raise malformed


def children_listed(client: Any, batch_id: str, status: str) -> list[int]:
    """The indexes of an array's children in one status, as far as their ids can be read."""
    indexes = []
    for page in pages(client.list_jobs, arrayJobId=batch_id, jobStatus=status):
        for entry in page.required_entries("jobSummaryList"):
            index = child_index(entry.text("jobId", at_most=LONGEST_ID))
            if index is None:
                log.warning("answer_malformed", call="ListJobs", array=batch_id)
            else:
                indexes.append(index)
    return sorted(indexes)


def child_index(batch_id: str) -> int | None:
    """The number of an array's child in its id, `…:7`."""
    index = batch_id.rpartition(":")[2]
    return int(index) if index.isascii() and index.isdecimal() and len(index) <= 6 else None


@dataclass(frozen=True)
class Described:
    """What DescribeJobs told of some jobs."""

    observations: tuple[Observation, ...]
    unreadable: frozenset[str] = frozenset()
    """Ids that were asked about, and of which nothing may be concluded: part of the answer could not be read."""


def describe(client: Any, batch_ids: Sequence[str]) -> Described:
    """What AWS knows of up to 100 jobs. It leaves out, without a word, those it does not know.

    One job whose description cannot be read may spoil the whole answer, because botocore gives up on it. Then the
    jobs are asked about in halves until it is alone. Raises one of `jobs.aws.errors` when nothing at all was read.
    """
    waiting = deque([list(batch_ids)])
    observations: list[Observation] = []
    unreadable: set[str] = set()
    calls = answers = 0
    while waiting:
        ids = waiting.popleft()
        calls += 1
        try:
            entries = call(client.describe_jobs, jobs=ids).required_entries("jobs")
        except MalformedAnswerError as error:
            if not answers and ((not waiting and len(ids) == 1) or calls >= SPLIT_CALLS_IN_VAIN):
                raise
            if len(ids) == 1 or calls + len(waiting) >= SPLIT_CALLS_AT_MOST:
                log.warning(
                    "answer_malformed", call="DescribeJobs", jobs=ids[:3], count=len(ids), error=error.message
                )
                unreadable.update(ids)
            else:
                middle = len(ids) // 2
                waiting += [ids[:middle], ids[middle:]]
            continue
        answers += 1
        readable, unread_ids = _observations(ids, entries)
        observations += readable
        unreadable |= unread_ids
    return Described(tuple(observations), frozenset(unreadable))


def _observations(ids: Sequence[str], entries: Iterable[Answer]) -> tuple[list[Observation], set[str]]:
    """What can be read of an answer, and the ids that the rest may be about."""
    readable: list[Observation] = []
    malformed: list[str] = []
    for entry in entries:
        try:
            readable.append(observed(entry))
        except MalformedAnswerError as error:
            malformed.append(entry.text("jobId", at_most=LONGEST_ID))
            log.warning("answer_malformed", call="DescribeJobs", job=malformed[-1], error=error.message)
    readable_ids = {observation.batch_id for observation in readable}
    missing_ids = {batch_id for batch_id in ids if batch_id not in readable_ids}
    return readable, missing_ids if set(malformed) - set(ids) else missing_ids & set(malformed)


def terminate(client: Any, batch_id: str, reason: str) -> None:
    """Ask for a job to end, in whatever state it is. Repeating it does no harm."""
    call(client.terminate_job, jobId=batch_id, reason=reason[:1024])


def observed(job: Answer) -> Observation:
    """An observation from one job of a DescribeJobs answer.

    Raises MalformedAnswerError without an id, a status, or attempts that can be counted: these order the news.
    """
    attempts = tuple(map(_attempt, job.required_entries("attempts") if "attempts" in job else ()))
    container = job.within("container")
    last = attempts[-1] if attempts else None
    exit_code = container.number("exitCode")
    options = container.within("logConfiguration").within("options")
    return Observation(
        batch_id=job.required_text("jobId", at_most=LONGEST_ID),
        state=job.required_text("status", at_most=LONGEST_STATE),
        finished_attempts=len(attempts),
        status_reason=job.text("statusReason"),
        container_reason=container.text("reason") or (last.reason if last else ""),
        exit_code=exit_code if exit_code is not None else (last.exit_code if last else None),
        log_group=options.text("awslogs-group", at_most=LONGEST_LOG_NAME),
        log_stream=container.text("logStreamName", at_most=LONGEST_LOG_NAME) or (last.log_stream if last else ""),
        task_arn=container.text("taskArn", at_most=LONGEST_TASK_ARN) or (last.task_arn if last else ""),
        stopped_by_request=job.flag("isCancelled") or job.flag("isTerminated"),
        submitted_at=job.moment("createdAt"),
        started_at=job.moment("startedAt"),
        stopped_at=job.moment("stoppedAt"),
        attempts=attempts,
        array_summary=job.within("arrayProperties").number_map("statusSummary"),
        raw=job.storable(),
    )


def _attempt(attempt: Answer) -> Attempt:
    container = attempt.within("container")
    return Attempt(
        started_at=attempt.moment("startedAt"),
        stopped_at=attempt.moment("stoppedAt"),
        exit_code=container.number("exitCode"),
        reason=container.text("reason"),
        status_reason=attempt.text("statusReason"),
        log_stream=container.text("logStreamName", at_most=LONGEST_LOG_NAME),
        task_arn=container.text("taskArn", at_most=LONGEST_TASK_ARN),
    )
