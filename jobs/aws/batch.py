"""The calls of AWS Batch, and what the portal reads from the responses."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from jobs.aws.errors import MalformedAnswerError
from jobs.aws.response_reader import Answer, call, pages

log = structlog.get_logger(__name__)

DESCRIBE_AT_ONCE = 100  # AWS's limit for DescribeJobs
# Maximum lengths of texts that are stored in columns.
LONGEST_ID = 60
LONGEST_NAME = 128
LONGEST_STATE = 20
LONGEST_LOG_NAME = 512
LONGEST_TASK_ARN = 200
# Limits of the search for one unreadable job: enough for one in a hundred, and few calls if no response can be read.
SPLIT_CALLS_AT_MOST = 24
SPLIT_CALLS_IN_VAIN = 7


@dataclass(frozen=True)
class Submitted:
    """A job that AWS accepted."""

    batch_id: str
    request_id: str


@dataclass(frozen=True)
class Registered:
    """A revision that AWS registered."""

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
    """A job as AWS described it at one time."""

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
    """Make one SubmitJob call. Raise one of `jobs.aws.errors`; after NobodyKnowsError the job may exist."""
    answer = call(client.submit_job, **request)
    return Submitted(answer.required_text("jobId", max_length=LONGEST_ID), answer.request_id)


def register(client: Any, document: Mapping[str, Any]) -> Registered:
    """Make one RegisterJobDefinition call. Raise one of `jobs.aws.errors`."""
    answer = call(client.register_job_definition, **document)
    return Registered(answer.required_text("jobDefinitionArn", max_length=300), answer.required_number("revision"))


def deregister(client: Any, arn: str) -> None:
    """Deregister a revision: no new job may use it, existing ones continue. A repeat is harmless."""
    call(client.deregister_job_definition, jobDefinition=arn)


@dataclass(frozen=True)
class DescribedRevision:
    """A registered revision as AWS describes it."""

    arn: str
    revision: int
    raw: Mapping[str, Any]


def definitions_named(client: Any, name: str) -> list[DescribedRevision]:
    """Return every active revision of a name that can be read, newest first."""
    revisions = []
    for page in pages(client.describe_job_definitions, jobDefinitionName=name, status="ACTIVE"):
        for entry in page.required_entries("jobDefinitions"):
            arn, number = entry.text("jobDefinitionArn", max_length=300), entry.number("revision")
            if arn and number is not None:
                revisions.append(DescribedRevision(arn, number, entry.storable()))
            else:
                log.warning("answer_malformed", call="DescribeJobDefinitions", definition=name)
    return sorted(revisions, key=lambda revision: revision.revision, reverse=True)


def ids_named(client: Any, queue: str, name: str) -> list[str]:
    """Return the ids of all jobs in a queue with exactly this name, oldest first, whatever their state.

    ListJobs ignores case in its filter, so names are compared again. Raise MalformedAnswerError if any part of the
    list can't be read: such a list doesn't prove that there is no job.
    """
    entries = pages(client.list_jobs, jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [name]}])
    jobs = [Listed.of(entry) for page in entries for entry in page.required_entries("jobSummaryList")]
    matches = [job for job in jobs if job.name == name]
    return [job.batch_id for job in sorted(matches, key=lambda job: (job.created_at, job.batch_id))]


@dataclass(frozen=True)
class Listed:
    """A job in the response of ListJobs."""

    batch_id: str
    name: str
    created_at: int  # milliseconds since 1970; 0 if unknown

    @classmethod
    def of(cls, entry: Answer) -> "Listed":
        """Parse one entry. Raise MalformedAnswerError without an id or a name."""
        batch_id = entry.required_text("jobId", max_length=LONGEST_ID)
        created_at = entry.moment("createdAt")
        milliseconds = round(created_at.timestamp() * 1000) if created_at else 0
        return cls(batch_id, entry.required_text("jobName", max_length=LONGEST_NAME), milliseconds)


def created_since(client: Any, queue: str, since: datetime) -> Iterator[list[Listed]]:
    """Yield pages of a queue's jobs of every state created after that time, newest first.

    Raise MalformedAnswerError at the end if a job could not be read: the list was then incomplete.
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
    """Return the indexes of an array's children with that status, as far as their ids can be read."""
    indexes = []
    for page in pages(client.list_jobs, arrayJobId=batch_id, jobStatus=status):
        for entry in page.required_entries("jobSummaryList"):
            index = child_index(entry.text("jobId", max_length=LONGEST_ID))
            if index is None:
                log.warning("answer_malformed", call="ListJobs", array=batch_id)
            else:
                indexes.append(index)
    return sorted(indexes)


def child_index(batch_id: str) -> int | None:
    """Return the index in the id of an array's child, `…:7`."""
    index = batch_id.rpartition(":")[2]
    return int(index) if index.isascii() and index.isdecimal() and len(index) <= 6 else None


@dataclass(frozen=True)
class Described:
    """The result of a DescribeJobs call."""

    observations: tuple[Observation, ...]
    unreadable: frozenset[str] = frozenset()
    """Requested ids about which nothing is known, because part of the response could not be read."""


def describe(client: Any, batch_ids: Sequence[str]) -> Described:
    """Describe up to 100 jobs. AWS silently leaves out those it doesn't know.

    One unreadable job may spoil the whole response, because botocore then fails to parse it. The jobs are then
    described in halves until it is alone. Raise one of `jobs.aws.errors` if nothing could be read.
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
    """Return what can be read of a response, and the ids that the rest may be about."""
    readable: list[Observation] = []
    malformed: list[str] = []
    for entry in entries:
        try:
            readable.append(observed(entry))
        except MalformedAnswerError as error:
            malformed.append(entry.text("jobId", max_length=LONGEST_ID))
            log.warning("answer_malformed", call="DescribeJobs", job=malformed[-1], error=error.message)
    readable_ids = {observation.batch_id for observation in readable}
    missing_ids = {batch_id for batch_id in ids if batch_id not in readable_ids}
    return readable, missing_ids if set(malformed) - set(ids) else missing_ids & set(malformed)


def terminate(client: Any, batch_id: str, reason: str) -> None:
    """Terminate a job in any state. A repeat is harmless."""
    call(client.terminate_job, jobId=batch_id, reason=reason[:1024])


def observed(job: Answer) -> Observation:
    """Parse one job of a DescribeJobs response.

    Raise MalformedAnswerError without an id, a status or a countable list of attempts: these order the observations.
    """
    attempts = tuple(map(_attempt, job.required_entries("attempts") if "attempts" in job else ()))
    container = job.within("container")
    last = attempts[-1] if attempts else None
    exit_code = container.number("exitCode")
    options = container.within("logConfiguration").within("options")
    return Observation(
        batch_id=job.required_text("jobId", max_length=LONGEST_ID),
        state=job.required_text("status", max_length=LONGEST_STATE),
        finished_attempts=len(attempts),
        status_reason=job.text("statusReason"),
        container_reason=container.text("reason") or (last.reason if last else ""),
        exit_code=exit_code if exit_code is not None else (last.exit_code if last else None),
        log_group=options.text("awslogs-group", max_length=LONGEST_LOG_NAME),
        log_stream=container.text("logStreamName", max_length=LONGEST_LOG_NAME) or (last.log_stream if last else ""),
        task_arn=container.text("taskArn", max_length=LONGEST_TASK_ARN) or (last.task_arn if last else ""),
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
        log_stream=container.text("logStreamName", max_length=LONGEST_LOG_NAME),
        task_arn=container.text("taskArn", max_length=LONGEST_TASK_ARN),
    )
