"""The calls of AWS Batch, which raise `jobs.aws.errors`."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from jobs.aws.errors import MalformedResponseError
from jobs.aws.response_reader import ResponseReader, call, paginate

log = structlog.get_logger(__name__)

MAX_JOBS_PER_DESCRIBE = 100  # AWS's limit for DescribeJobs
MAX_ID_LENGTH = 60
MAX_NAME_LENGTH = 128
MAX_STATE_LENGTH = 20
MAX_LOG_NAME_LENGTH = 512
MAX_TASK_ARN_LENGTH = 200
# Limits of the search for one unreadable job: enough for one in a hundred, few calls if nothing can be read.
MAX_SPLIT_CALLS = 24
MAX_FAILED_SPLIT_CALLS = 7


@dataclass(frozen=True)
class SubmittedJob:
    batch_id: str
    request_id: str


@dataclass(frozen=True)
class RegisteredRevision:
    arn: str
    revision: int


@dataclass(frozen=True)
class AttemptObservation:
    started_at: datetime | None
    stopped_at: datetime | None
    exit_code: int | None
    reason: str
    status_reason: str
    log_stream: str
    task_arn: str = ""
    container_instance: str = ""


@dataclass(frozen=True)
class Observation:
    batch_id: str
    state: str
    finished_attempts: int = 0
    status_reason: str = ""
    container_reason: str = ""
    exit_code: int | None = None
    log_group: str = ""
    log_stream: str = ""
    task_arn: str = ""
    container_instance: str = ""
    stopped_by_request: bool = False
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    attempts: tuple[AttemptObservation, ...] = ()
    array_summary: Mapping[str, int] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)


def submit(client: Any, request: Mapping[str, Any]) -> SubmittedJob:
    """Make one call; after OutcomeUnknownError the job may exist."""
    answer = call(client.submit_job, **request)
    return SubmittedJob(answer.required_text("jobId", max_length=MAX_ID_LENGTH), answer.request_id)


def register(client: Any, document: Mapping[str, Any]) -> RegisteredRevision:
    answer = call(client.register_job_definition, **document)
    return RegisteredRevision(
        answer.required_text("jobDefinitionArn", max_length=300), answer.required_number("revision")
    )


def deregister(client: Any, arn: str) -> None:
    """Leave existing jobs running. A repeat is harmless."""
    call(client.deregister_job_definition, jobDefinition=arn)


@dataclass(frozen=True)
class DescribedRevision:
    arn: str
    revision: int
    raw: Mapping[str, Any]


def find_revisions(client: Any, name: str) -> list[DescribedRevision]:
    """Return active, readable revisions, newest first."""
    revisions = []
    for page in paginate(client.describe_job_definitions, jobDefinitionName=name, status="ACTIVE"):
        for entry in page.required_entries("jobDefinitions"):
            arn, number = entry.text("jobDefinitionArn", max_length=300), entry.number("revision")
            if arn and number is not None:
                revisions.append(DescribedRevision(arn, number, entry.to_json()))
            else:
                log.warning("answer_malformed", call="DescribeJobDefinitions", definition=name)
    return sorted(revisions, key=lambda revision: revision.revision, reverse=True)


def find_job_ids(client: Any, queue: str, name: str) -> list[str]:
    """Return jobs of exactly this name in any state, oldest first.

    ListJobs ignores case. Raise MalformedResponseError: an unreadable list proves no absence.
    """
    entries = paginate(client.list_jobs, jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [name]}])
    jobs = [JobSummary.parse(entry) for page in entries for entry in page.required_entries("jobSummaryList")]
    matches = [job for job in jobs if job.name == name]
    return [job.batch_id for job in sorted(matches, key=lambda job: (job.created_at, job.batch_id))]


@dataclass(frozen=True)
class JobSummary:
    batch_id: str
    name: str
    created_at: int  # milliseconds since 1970; 0 if unknown

    @classmethod
    def parse(cls, entry: ResponseReader) -> "JobSummary":
        """Raise MalformedResponseError."""
        batch_id = entry.required_text("jobId", max_length=MAX_ID_LENGTH)
        created_at = entry.timestamp("createdAt")
        milliseconds = round(created_at.timestamp() * 1000) if created_at else 0
        return cls(batch_id, entry.required_text("jobName", max_length=MAX_NAME_LENGTH), milliseconds)


def list_created_since(client: Any, queue: str, since: datetime) -> Iterator[list[JobSummary]]:
    """Yield jobs of any state, newest first. Raise MalformedResponseError at the end if one was unreadable."""
    after = {"name": "AFTER_CREATED_AT", "values": [str(int(since.timestamp() * 1000))]}
    malformed: MalformedResponseError | None = None
    for page in paginate(client.list_jobs, jobQueue=queue, filters=[after]):
        jobs = []
        for entry in page.required_entries("jobSummaryList"):
            try:
                jobs.append(JobSummary.parse(entry))
            except MalformedResponseError as error:
                malformed = error
        yield jobs
    if malformed:
        raise malformed


def list_child_indexes(client: Any, batch_id: str, status: str) -> list[int]:
    indexes = []
    for page in paginate(client.list_jobs, arrayJobId=batch_id, jobStatus=status):
        for entry in page.required_entries("jobSummaryList"):
            index = parse_child_index(entry.text("jobId", max_length=MAX_ID_LENGTH))
            if index is None:
                log.warning("answer_malformed", call="ListJobs", array=batch_id)
            else:
                indexes.append(index)
    return sorted(indexes)


def parse_child_index(batch_id: str) -> int | None:
    index = batch_id.rpartition(":")[2]
    return int(index) if index.isascii() and index.isdecimal() and len(index) <= 6 else None


@dataclass(frozen=True)
class DescribeResult:
    observations: tuple[Observation, ...]
    unreadable_ids: frozenset[str] = frozenset()
    """Requested ids about which nothing is known, because part of the response could not be read."""


def describe(client: Any, batch_ids: Sequence[str]) -> DescribeResult:
    waiting = deque([list(batch_ids)])
    observations: list[Observation] = []
    unreadable: set[str] = set()
    calls = answers = 0
    while waiting:
        ids = waiting.popleft()
        calls += 1
        try:
            entries = call(client.describe_jobs, jobs=ids).required_entries("jobs")
        except MalformedResponseError as error:
            if not answers and ((not waiting and len(ids) == 1) or calls >= MAX_FAILED_SPLIT_CALLS):
                raise
            if len(ids) == 1 or calls + len(waiting) >= MAX_SPLIT_CALLS:
                log.warning(
                    "answer_malformed", call="DescribeJobs", jobs=ids[:3], count=len(ids), error=error.message
                )
                unreadable.update(ids)
            else:
                middle = len(ids) // 2
                waiting += [ids[:middle], ids[middle:]]
            continue
        answers += 1
        readable, unread_ids = _parse_observations(ids, entries)
        observations += readable
        unreadable |= unread_ids
    return DescribeResult(tuple(observations), frozenset(unreadable))


def _parse_observations(ids: Sequence[str], entries: Iterable[ResponseReader]) -> tuple[list[Observation], set[str]]:
    readable: list[Observation] = []
    malformed: list[str] = []
    for entry in entries:
        try:
            readable.append(parse_observation(entry))
        except MalformedResponseError as error:
            malformed.append(entry.text("jobId", max_length=MAX_ID_LENGTH))
            log.warning("answer_malformed", call="DescribeJobs", job=malformed[-1], error=error.message)
    readable_ids = {observation.batch_id for observation in readable}
    missing_ids = {batch_id for batch_id in ids if batch_id not in readable_ids}
    return readable, missing_ids if set(malformed) - set(ids) else missing_ids & set(malformed)


def terminate(client: Any, batch_id: str, reason: str) -> None:
    """Terminate a job. A repeat is harmless."""
    call(client.terminate_job, jobId=batch_id, reason=reason[:1024])


def parse_observation(job: ResponseReader) -> Observation:
    """Raise MalformedResponseError without id, status or countable attempts, which order observations."""
    container, task = _deciding_container(job)
    essential_names = {entry.text("name") for entry in _task(job).entries("containers") if _is_essential(entry)}
    ecs_attempts = job.required_entries("attempts") if "attempts" in job else []
    attempts = tuple(
        _parse_attempt(attempt, *_container_of_attempt(attempt, essential_names))
        for attempt in ecs_attempts or job.entries("eksAttempts")
    )
    last = attempts[-1] if attempts else None
    exit_code = container.number("exitCode")
    options = container.nested("logConfiguration").nested("options")
    return Observation(
        batch_id=job.required_text("jobId", max_length=MAX_ID_LENGTH),
        state=job.required_text("status", max_length=MAX_STATE_LENGTH),
        finished_attempts=len(attempts),
        status_reason=job.text("statusReason"),
        container_reason=container.text("reason") or (last.reason if last else ""),
        exit_code=exit_code if exit_code is not None else (last.exit_code if last else None),
        log_group=options.text("awslogs-group", max_length=MAX_LOG_NAME_LENGTH),
        log_stream=container.text("logStreamName", max_length=MAX_LOG_NAME_LENGTH)
        or (last.log_stream if last else ""),
        task_arn=task.text("taskArn", max_length=MAX_TASK_ARN_LENGTH) or (last.task_arn if last else ""),
        container_instance=task.text("containerInstanceArn", max_length=MAX_TASK_ARN_LENGTH),
        stopped_by_request=job.flag("isCancelled") or job.flag("isTerminated"),
        submitted_at=job.timestamp("createdAt"),
        started_at=job.timestamp("startedAt"),
        stopped_at=job.timestamp("stoppedAt"),
        attempts=attempts,
        array_summary=job.nested("arrayProperties").number_map("statusSummary"),
        raw=job.to_json(),
    )


def current_instance(raw: Mapping[str, Any]) -> str:
    """Return the ARN of the container instance on which a described job runs, or ""."""
    return _deciding_container(ResponseReader(raw))[1].text("containerInstanceArn", max_length=MAX_TASK_ARN_LENGTH)


def node_count(raw: Mapping[str, Any]) -> int:
    """Return how many nodes a described job has, 1 if it is no multi-node job."""
    return max(1, ResponseReader(raw).nested("nodeProperties").number("numNodes") or 1)


def _task(job: ResponseReader) -> ResponseReader:
    return next(iter(job.nested("ecsProperties").entries("taskProperties")), ResponseReader({}))


def _is_essential(container: ResponseReader) -> bool:
    return container.flag("essential") or "essential" not in container


def _deciding_container(job: ResponseReader) -> tuple[ResponseReader, ResponseReader]:
    if "ecsProperties" in job:
        task = _task(job)
        return _first_failed([entry for entry in task.entries("containers") if _is_essential(entry)]), task
    if "eksProperties" in job:
        return _first_failed(_pod_containers(job.nested("eksProperties").nested("podProperties"))), ResponseReader({})
    return job.nested("container"), job.nested("container")


def _container_of_attempt(
    attempt: ResponseReader, essential_names: Collection[str]
) -> tuple[ResponseReader, ResponseReader]:
    if "container" in attempt:
        return attempt.nested("container"), attempt.nested("container")
    if "taskProperties" in attempt:
        task = next(iter(attempt.entries("taskProperties")), ResponseReader({}))
        return _first_failed(
            [entry for entry in task.entries("containers") if entry.text("name") in essential_names]
        ), task
    return _first_failed(_pod_containers(attempt)), ResponseReader({})


def _pod_containers(pod: ResponseReader) -> list[ResponseReader]:
    return [*pod.entries("initContainers"), *pod.entries("containers")]


def _first_failed(containers: Sequence[ResponseReader]) -> ResponseReader:
    """Return the first failed container, else the last: init containers come first."""
    failures = [entry for entry in containers if entry.number("exitCode") not in (None, 0) or entry.text("reason")]
    return (failures or [*reversed(containers)] or [ResponseReader({})])[0]


def _parse_attempt(attempt: ResponseReader, container: ResponseReader, task: ResponseReader) -> AttemptObservation:
    return AttemptObservation(
        started_at=attempt.timestamp("startedAt"),
        stopped_at=attempt.timestamp("stoppedAt"),
        exit_code=container.number("exitCode"),
        reason=container.text("reason"),
        status_reason=attempt.text("statusReason"),
        log_stream=container.text("logStreamName", max_length=MAX_LOG_NAME_LENGTH),
        task_arn=task.text("taskArn", max_length=MAX_TASK_ARN_LENGTH),
        container_instance=task.text("containerInstanceArn", max_length=MAX_TASK_ARN_LENGTH),
    )
