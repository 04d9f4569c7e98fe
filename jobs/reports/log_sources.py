"""Sources of logs: the stream of an attempt, a container or a node, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.errors import AwsError
from jobs.aws.logs import DEFAULT_GROUP
from jobs.aws.session import Purpose, client_for
from jobs.models import Account, ArrayChild, Job
from jobs.reports.logs import JobAttempt, job_attempts
from jobs.spec.documents import is_object, list_at, object_at, text_at, value_at

ARRAY_LOGS = "Each child job of an array has its own log. Open it from the list of child jobs."
NOT_STARTED = "The log appears when the job starts."
NEVER_STARTED = "The job ended before it started, so there is no log."
NO_SUCH_LOG = "This job has no such attempt, container or node. Choose another one."
EKS_LOGS = (
    "AWS Batch keeps no log of pods on Amazon EKS. If your cluster collects container logs, look there{place}. "
    "Pods are deleted after they end."
)
OTHER_DRIVER = "This job's log driver is {driver}, so its log isn't in CloudWatch. Look where {driver} sends it."
OTHER_REGION = "This job's log is in CloudWatch Logs of {region}, which the portal doesn't read."
NODES_UNREAD = "Couldn't ask AWS for the log of this node: {message}"

MAX_NODES = 100  # that one DescribeJobs answers
LIVE_NODES_SECONDS, ENDED_NODES_SECONDS = 10, 7 * 24 * 3600


@dataclass(frozen=True)
class LogChoice:
    """By default the last attempt, the container that decides, and the main node."""

    attempt: int | None = None
    container: str = ""
    node: int | None = None

    def as_query(self) -> dict[str, str]:
        values = {"attempt": self.attempt, "container": self.container, "node": self.node}
        return {name: str(value) for name, value in values.items() if value not in (None, "")}


@dataclass(frozen=True)
class LogSource:
    """`problem` says why there is no stream. `ended_at` is None while more may be written.

    With `is_elsewhere` there may be a log that the portal can't read.
    """

    account: Account
    group: str = ""
    stream: str = ""
    ended_at: datetime | None = None
    problem: str = ""
    is_elsewhere: bool = False


@dataclass(frozen=True)
class LogOptions:
    """What there is to choose from. Each list is empty where there is no choice."""

    attempts: list[int] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    default_container: str = ""
    main_node: int = 0


def job_source(job: Job, choice: LogChoice) -> LogSource:
    if job.array_size and not job.log_stream:
        return LogSource(job.account, problem=ARRAY_LOGS)
    if node_count(job):
        return _node_source(job, choice)
    attempt = _attempt(job, choice)
    if attempt is None and choice.attempt is not None:
        return LogSource(job.account, problem=NO_SUCH_LOG)
    container = _container(job, choice)
    if choice.container and not container:
        return LogSource(job.account, problem=NO_SUCH_LOG)
    stream = attempt.stream if attempt else job.log_stream
    if choice.container:
        stream = _container_stream(job, attempt, choice.container)
    ended_at = attempt.stopped_at if attempt and attempt.number < len(job_attempts(job)) else _ended_at(job)
    return _source(job, container, stream, ended_at)


def child_source(job: Job, child: ArrayChild) -> LogSource:
    ended_at = (child.stopped_at or job.ended_at or now()) if child.status.is_final else None
    return _source(job, _deciding_container(job), child.log_stream, ended_at)


def log_options(job: Job) -> LogOptions:
    attempts, containers = len(job_attempts(job)), container_names(job)
    nodes = node_count(job)
    return LogOptions(
        attempts=list(range(1, attempts + 1)) if attempts > 1 and not nodes else [],
        containers=containers if len(containers) > 1 and not nodes else [],
        nodes=list(range(min(nodes, MAX_NODES))),
        default_container=text_at(_deciding_container(job), "name"),
        main_node=_main_node(job),
    )


def _source(job: Job, container: Mapping[str, Any], stream: str, ended_at: datetime | None) -> LogSource:
    if problem := _unreadable(job, container):
        return LogSource(job.account, problem=problem, is_elsewhere=True)
    if not stream:
        return LogSource(job.account, problem=NOT_STARTED if ended_at is None else NEVER_STARTED)
    group = text_at(container, "logConfiguration", "options", "awslogs-group") or job.log_group or DEFAULT_GROUP
    return LogSource(job.account, group, stream, ended_at)


def _unreadable(job: Job, container: Mapping[str, Any]) -> str:
    """Return why CloudWatch of the job's region has no log of it."""
    if "eksProperties" in job.raw:
        pod = object_at(job.raw, "eksProperties", "podProperties")
        name, node = text_at(pod, "podName"), text_at(pod, "nodeName")
        place = f" for pod {name}" if name else ""
        return EKS_LOGS.format(place=place + (f" on node {node}" if name and node else ""))
    driver = text_at(container, "logConfiguration", "logDriver")
    if driver not in ("", "awslogs"):
        return OTHER_DRIVER.format(driver=driver)
    region = text_at(container, "logConfiguration", "options", "awslogs-region")
    return OTHER_REGION.format(region=region) if region not in ("", job.account.region) else ""


def _ended_at(job: Job) -> datetime | None:
    return (job.ended_at or now()) if job.status.is_final else None


def _attempt(job: Job, choice: LogChoice) -> JobAttempt | None:
    attempts = job_attempts(job)
    if choice.attempt is None:
        return attempts[-1] if attempts else None
    return next((attempt for attempt in attempts if attempt.number == choice.attempt), None)


# -- Containers of a task


def _containers(description: object) -> dict[str, dict[str, Any]]:
    entries = list_at(description, "ecsProperties", "taskProperties", 0, "containers")
    return {text_at(entry, "name"): entry for entry in entries if is_object(entry)}


def container_names(job: Job) -> list[str]:
    return [name for name in _containers(job.raw) if name]


def _container(job: Job, choice: LogChoice) -> dict[str, Any]:
    return _containers(job.raw).get(choice.container, {}) if choice.container else _deciding_container(job)


def _deciding_container(job: Job) -> dict[str, Any]:
    """Return the container whose log the portal opens."""
    containers = _containers(job.raw)
    of_stream = (entry for entry in containers.values() if text_at(entry, "logStreamName") == job.log_stream)
    return next(of_stream, next(iter(containers.values()), object_at(job.raw, "container")))


def _container_stream(job: Job, attempt: JobAttempt | None, name: str) -> str:
    if attempt:
        entries = list_at(job.raw, "attempts", attempt.number - 1, "taskProperties", 0, "containers")
        for entry in entries:
            if text_at(entry, "name") == name:
                return text_at(entry, "logStreamName")
    return text_at(_containers(job.raw).get(name), "logStreamName")


# -- Nodes of a multi-node parallel job


def node_count(job: Job) -> int:
    """Return how many nodes a multi-node parallel job has; 0 for others."""
    count = value_at(job.raw, "nodeProperties", "numNodes")
    return count if isinstance(count, int) and count > 0 else 0


def _main_node(job: Job) -> int:
    node = value_at(job.raw, "nodeProperties", "mainNode")
    return node if isinstance(node, int) else 0


def _node_source(job: Job, choice: LogChoice) -> LogSource:
    node = choice.node if choice.node is not None else _main_node(job)
    if not 0 <= node < min(node_count(job), MAX_NODES):
        return LogSource(job.account, problem=NO_SUCH_LOG)
    try:
        group, stream = _node_stream(job, node)
    except AwsError as error:
        return LogSource(job.account, problem=NODES_UNREAD.format(message=error.message), is_elsewhere=True)
    if not stream:
        return LogSource(job.account, problem=NEVER_STARTED if job.status.is_final else NOT_STARTED)
    return LogSource(job.account, group or DEFAULT_GROUP, stream, _ended_at(job))


def _node_stream(job: Job, node: int) -> tuple[str, str]:
    """Return group and stream. The job's own description has none: each node is described. Raise AwsError."""
    key = f"log-node:{job.pk}:{node}"
    place = cache.get(key)
    if place is None:
        client = client_for(job.account, "batch", Purpose.INTERACTIVE)
        nodes = list(batch.describe(client, [f"{job.batch_id}#{node}"]).observations)
        place = [nodes[0].log_group, nodes[0].log_stream] if nodes else ["", ""]
        is_over = job.ended_at is not None and now() - job.ended_at > timedelta(minutes=1)
        cache.set(key, place, ENDED_NODES_SECONDS if is_over else LIVE_NODES_SECONDS)
    group, stream = place
    return group, stream
