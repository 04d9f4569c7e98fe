"""AWS Batch: what the portal asks of it, and what it reads from the answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jobs.aws.errors import NobodyKnowsError, translated

DESCRIBE_AT_ONCE = 100  # DescribeJobs refuses more ids


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
    with translated():
        answer = client.submit_job(**request)
    request_id = _request_id(answer)
    batch_id = answer.get("jobId")
    if not batch_id:
        raise NobodyKnowsError("AWS answered without a job id.", code="NoJobId", request_id=request_id)
    return Submitted(batch_id, request_id)


def register(client: Any, document: Mapping[str, Any]) -> Registered:
    """RegisterJobDefinition, once. Raises one of `jobs.aws.errors`."""
    with translated():
        answer = client.register_job_definition(**document)
    if not answer.get("jobDefinitionArn") or not answer.get("revision"):
        raise NobodyKnowsError("AWS answered without a revision.", code="NoRevision", request_id=_request_id(answer))
    return Registered(answer["jobDefinitionArn"], int(answer["revision"]))


def deregister(client: Any, arn: str) -> None:
    """DeregisterJobDefinition: no new job may have the revision; those that have it run on. To repeat it is safe."""
    with translated():
        client.deregister_job_definition(jobDefinition=arn)


def definitions_named(client: Any, name: str) -> list[dict[str, Any]]:
    """Every active revision of a name, as AWS describes it, newest first."""
    with translated():
        pages = client.get_paginator("describe_job_definitions").paginate(jobDefinitionName=name, status="ACTIVE")
        found = [definition for page in pages for definition in page["jobDefinitions"]]
    return sorted(found, key=lambda definition: int(definition["revision"]), reverse=True)


def ids_named(client: Any, queue: str, name: str) -> list[str]:
    """The ids of all jobs in a queue that have exactly this name, oldest first, whatever their state.

    The filter of ListJobs takes no notice of case, so names are compared again here.
    """
    with translated():
        pages = client.get_paginator("list_jobs").paginate(
            jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [name]}]
        )
        found = [job for page in pages for job in page["jobSummaryList"] if job["jobName"] == name]
    return [job["jobId"] for job in sorted(found, key=lambda job: (job.get("createdAt", 0), job["jobId"]))]


@dataclass(frozen=True)
class Listed:
    """A job in AWS's list of a queue: little is told of it there."""

    batch_id: str
    name: str
    created_at: int  # milliseconds since 1970


def created_since(client: Any, queue: str, since: datetime) -> Iterator[list[Listed]]:
    """A queue's jobs of every state that were created later than that, newest first, page by page."""
    token = ""
    request = {
        "jobQueue": queue,
        "filters": [{"name": "AFTER_CREATED_AT", "values": [str(int(since.timestamp() * 1000))]}],
    }
    while True:
        with translated():
            answer = client.list_jobs(**request, **({"nextToken": token} if token else {}))
        yield [Listed(job["jobId"], job["jobName"], job.get("createdAt", 0)) for job in answer["jobSummaryList"]]
        token = answer.get("nextToken") or ""
        if not token:
            return


def children_listed(client: Any, batch_id: str, status: str) -> list[int]:
    """The indexes of an array's children in one status."""
    with translated():
        pages = client.get_paginator("list_jobs").paginate(arrayJobId=batch_id, jobStatus=status)
        found = [job for page in pages for job in page["jobSummaryList"]]
    return sorted(int(job["jobId"].rpartition(":")[2]) for job in found)


def describe(client: Any, batch_ids: Sequence[str]) -> list[Observation]:
    """What AWS knows of up to 100 jobs. It leaves out, without a word, those it does not know."""
    with translated():
        answer = client.describe_jobs(jobs=list(batch_ids))
    return [observed(job) for job in answer.get("jobs", [])]


def terminate(client: Any, batch_id: str, reason: str) -> None:
    """Ask for a job to end, in whatever state it is. Repeating it does no harm."""
    with translated():
        client.terminate_job(jobId=batch_id, reason=reason[:1024])


def observed(job: Mapping[str, Any]) -> Observation:
    """An observation from one job of a DescribeJobs answer, or of an event, which has the same shape."""
    attempts = tuple(_attempts(job.get("attempts") or ()))
    container = job.get("container") or {}
    last = attempts[-1] if attempts else None
    options = (container.get("logConfiguration") or {}).get("options") or {}
    exit_code = container.get("exitCode")
    return Observation(
        batch_id=job["jobId"],
        state=job["status"],
        finished_attempts=len(attempts),
        status_reason=job.get("statusReason") or "",
        container_reason=container.get("reason") or (last.reason if last else ""),
        exit_code=exit_code if exit_code is not None else (last.exit_code if last else None),
        log_group=options.get("awslogs-group") or "",
        log_stream=container.get("logStreamName") or (last.log_stream if last else ""),
        task_arn=container.get("taskArn") or (last.task_arn if last else ""),
        stopped_by_request=bool(job.get("isCancelled") or job.get("isTerminated")),
        submitted_at=moment(job.get("createdAt")),
        started_at=moment(job.get("startedAt")),
        stopped_at=moment(job.get("stoppedAt")),
        attempts=attempts,
        array_summary=(job.get("arrayProperties") or {}).get("statusSummary") or {},
        raw=job,
    )


def moment(milliseconds: int | None) -> datetime | None:
    """Batch counts milliseconds since 1970; 0 and nothing both mean "not yet"."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None


def _attempts(told: Iterable[Mapping[str, Any]]) -> Iterator[Attempt]:
    for attempt in told:
        container = attempt.get("container") or {}
        yield Attempt(
            started_at=moment(attempt.get("startedAt")),
            stopped_at=moment(attempt.get("stoppedAt")),
            exit_code=container.get("exitCode"),
            reason=container.get("reason") or "",
            status_reason=attempt.get("statusReason") or "",
            log_stream=container.get("logStreamName") or "",
            task_arn=container.get("taskArn") or "",
        )


def _request_id(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
