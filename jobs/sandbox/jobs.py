"""Jobs of the sandbox: rows, and descriptions in AWS's shape."""

import json
import sqlite3
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from jobs.sandbox.context import AccountRegion, Document, drop_none, now_ms
from jobs.sandbox.nodes import node_group
from jobs.sandbox.store import Store

STATUSES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
FINAL_STATUSES = ("SUCCEEDED", "FAILED")
BLOCKS = ("container", "ecsProperties", "eksProperties", "nodeProperties")
ENVIRONMENT = "compute-environment"
DEFAULT_NAMESPACE = "batch"

# A child's spec is its parent's: ten thousand children share one document.
SELECT = (
    "SELECT job.*, coalesce(job.spec, array.spec) AS full_spec "
    "FROM job LEFT JOIN job AS array ON array.id = job.parent"
)
SELECT_BY_ID = SELECT + " WHERE job.id IN (SELECT value FROM json_each(?))"  # noqa: S608 - two constants


@dataclass(frozen=True)
class SandboxJob:
    number: int
    id: str
    account_region: AccountRegion
    queue: str
    name: str
    definition: str
    parent: str | None
    array_index: int | None
    array_size: int | None
    status: str
    status_reason: str | None
    created_at: int
    started_at: int | None
    stopped_at: int | None
    cancelled: bool
    terminated: bool
    stop_reason: str | None
    attempts: list[Document]
    attempt: Document | None
    spec: Document
    tags: dict[str, str]

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> "SandboxJob":
        return cls(
            number=row["number"],
            id=row["id"],
            account_region=AccountRegion.from_key(row["home"]),
            queue=row["queue"],
            name=row["name"],
            definition=row["definition"],
            parent=row["parent"],
            array_index=row["place"],
            array_size=row["size"],
            status=row["status"],
            status_reason=row["status_reason"],
            created_at=row["created_at"],
            started_at=row["started_at"],
            stopped_at=row["stopped_at"],
            cancelled=bool(row["cancelled"]),
            terminated=bool(row["terminated"]),
            stop_reason=row["stop_reason"],
            attempts=json.loads(row["attempts"]),
            attempt=json.loads(row["attempt"]) if row["attempt"] else None,
            spec=json.loads(row["full_spec"]),
            tags=json.loads(row["tags"]),
        )

    @property
    def start_failure(self) -> Document | None:
        failure: Document | None = self.spec.get("startFailure")
        return failure

    @property
    def last_attempt(self) -> Document | None:
        return self.attempt or (self.attempts[-1] if self.attempts else None)

    @property
    def allowed_attempts(self) -> int:
        return int((self.spec.get("retryStrategy") or {}).get("attempts", 1))

    @property
    def timeout_seconds(self) -> int | None:
        seconds: int | None = (self.spec.get("timeout") or {}).get("attemptDurationSeconds")
        return seconds

    def node_ids(self) -> list[str]:
        count = (self.spec.get("nodeProperties") or {}).get("numNodes", 0)
        return [node_id(self.id, index) for index in range(count)]

    def node(self, index: int) -> "SandboxJob":
        rest = {key: value for key, value in self.spec.items() if key not in BLOCKS}
        group = node_group(self.spec["nodeProperties"], index)
        blocks = {key: group[key] for key in BLOCKS if key in group}
        attempts = [_node_attempt(attempt, index) for attempt in self.attempts]
        attempt = _node_attempt(self.attempt, index) if self.attempt else None
        last = attempt or (attempts[-1] if attempts else {})
        return replace(
            self,
            id=node_id(self.id, index),
            parent=self.id,
            spec=rest | blocks,
            tags={},
            attempts=[entry for entry in attempts if "startedAt" in entry or "exitCode" in entry],
            attempt=attempt,
            status=self._node_status(last),
            started_at=last.get("startedAt"),
            stopped_at=last.get("stoppedAt"),
        )

    def _node_status(self, attempt: Document) -> str:
        if self.status not in {"RUNNING", *FINAL_STATUSES}:
            return self.status
        if "stoppedAt" in attempt:
            return "SUCCEEDED" if attempt.get("exitCode") == 0 else "FAILED"
        if self.status in FINAL_STATUSES:
            return "FAILED"
        return "RUNNING" if "startedAt" in attempt else "STARTING"

    def blocking_ids(self) -> list[str]:
        ids = []
        for dependency in self.spec.get("dependsOn", ()):
            other, kind = dependency.get("jobId"), dependency.get("type")
            if other is None:
                if self.array_index:
                    ids.append(f"{self.parent}:{self.array_index - 1}")
            elif kind == "N_TO_N" and self.array_index is not None:
                ids.append(f"{other}:{self.array_index}")
            else:
                ids.append(other)
        return ids


def node_id(job_id: str, index: int) -> str:
    return f"{job_id}#{index}"


def _node_attempt(attempt: Document, index: int) -> Document:
    common: Document = {key: attempt[key] for key in ("environment", "statusReason", "taskId") if key in attempt}
    nodes: dict[int, Document] = {node["node"]: node for node in attempt.get("nodes", ())}
    return common | nodes.get(index, {})


def pod_name(task_id: str) -> str:
    return f"aws-batch.{uuid.UUID(task_id)}"


def find_jobs(store: Store, ids: Iterable[str]) -> list[SandboxJob]:
    ordered_ids = list(ids)
    rows = store.fetch_all(SELECT_BY_ID, json.dumps(ordered_ids))
    jobs_by_id = {row["id"]: SandboxJob.from_row(row) for row in rows}
    return [jobs_by_id[job_id] for job_id in ordered_ids if job_id in jobs_by_id]


def find_job(store: Store, job_id: str) -> SandboxJob | None:
    row = store.fetch_one(f"{SELECT} WHERE job.id = ?", job_id)
    return SandboxJob.from_row(row) if row else None


def job_arn(job: SandboxJob) -> str:
    return job.account_region.arn("job", job.id)


def _array_properties(store: Store, job: SandboxJob) -> Document | None:
    if job.array_index is not None:
        return {"index": job.array_index}
    if job.array_size is None:
        return None
    counts = store.fetch_all("SELECT status, count(*) AS jobs FROM job WHERE parent = ? GROUP BY status", job.id)
    summary = dict.fromkeys(STATUSES, 0) | {row["status"]: row["jobs"] for row in counts}
    return {"size": job.array_size, "statusSummary": summary, "statusSummaryLastUpdatedAt": now_ms()}


def find_node(store: Store, name: str) -> SandboxJob | None:
    job_id, _, index = name.partition("#")
    job = find_job(store, job_id)
    if job is None or name not in job.node_ids():
        return None
    return job.node(int(index))


def job_summary(store: Store, job: SandboxJob) -> Document:
    last = job.last_attempt or {}
    end_fields = drop_none({"exitCode": last.get("exitCode"), "reason": last.get("reason")})
    return drop_none(
        {
            "jobArn": job_arn(job),
            "jobId": job.id,
            "jobName": job.name,
            "createdAt": job.created_at,
            "status": job.status,
            "statusReason": job.status_reason,
            "startedAt": job.started_at,
            "stoppedAt": job.stopped_at,
            "container": end_fields or None,
            "arrayProperties": _array_properties(store, job),
            "nodeProperties": _node_summary(job),
            "jobDefinition": job.definition,
            "shareIdentifier": job.spec.get("shareIdentifier"),
        }
    )


def _node_summary(job: SandboxJob) -> Document | None:
    if (nodes := job.spec.get("nodeProperties")) is not None:
        return {"numNodes": nodes["numNodes"]}
    return None


def node_summary(store: Store, job: SandboxJob, index: int) -> Document:
    nodes = job.spec["nodeProperties"]
    properties = {"isMainNode": index == nodes["mainNode"], "numNodes": nodes["numNodes"], "nodeIndex": index}
    return {**job_summary(store, job.node(index)), "nodeProperties": properties}


def node_detail(store: Store, name: str) -> Document:
    job_id, _, index = name.partition("#")
    job = find_job(store, job_id)
    if job is None:
        raise LookupError(name)
    details = {"nodeIndex": int(index), "isMainNode": int(index) == job.spec["nodeProperties"]["mainNode"]}
    return {**job_detail(store, job.node(int(index))), "nodeDetails": details}


def job_detail(store: Store, job: SandboxJob) -> Document:
    """Leave out `startedAt` before the start, as AWS's examples."""
    spec = job.spec
    is_pod = "eksProperties" in spec
    answer = {
        "jobArn": job_arn(job),
        "jobId": job.id,
        "jobName": job.name,
        "jobQueue": job.queue,
        "jobDefinition": job.definition,
        "status": job.status,
        "statusReason": job.status_reason,
        "createdAt": job.created_at,
        "startedAt": job.started_at,
        "stoppedAt": job.stopped_at,
        "attempts": [] if is_pod else [_attempt_detail(job, attempt) for attempt in job.attempts],
        "arrayProperties": _array_properties(store, job),
        "tags": job.tags,
        "isCancelled": job.cancelled,
        "isTerminated": job.terminated,
        **{key: value for key, value in spec.items() if key not in {*BLOCKS, "startFailure"}},
        "eksAttempts": [_pod_attempt(store, job, attempt) for attempt in job.attempts] if is_pod else [],
    }
    last = job.last_attempt
    if "ecsProperties" in spec:
        answer["ecsProperties"] = _task_properties(spec["ecsProperties"], job, last)
        answer["container"] = {}
    elif is_pod:
        answer["eksProperties"] = _pod_properties(spec["eksProperties"], job, last)
    elif "nodeProperties" in spec:
        answer["nodeProperties"] = spec["nodeProperties"]
    else:
        answer["container"] = spec["container"] | (_attempt_container(job, last) if last else {})
    return drop_none(answer)


def _attempt_container(job: SandboxJob, attempt: Document) -> Document:
    return drop_none(
        {
            "exitCode": attempt.get("exitCode"),
            "reason": attempt.get("reason"),
            "logStreamName": attempt.get("stream"),
            **_task_place(job, attempt),
            "networkInterfaces": [],
        }
    )


def _task_place(job: SandboxJob, attempt: Document) -> Document:
    if "taskId" not in attempt:
        return {}
    account_region, environment = job.account_region, attempt["environment"]
    prefix = f"arn:aws:ecs:{account_region.region}:{account_region.account}"
    place: Document = {"taskArn": f"{prefix}:task/{environment}_Batch/{attempt['taskId']}"}
    if "FARGATE" not in job.spec["platformCapabilities"]:
        instance = uuid.uuid5(uuid.NAMESPACE_URL, f"{prefix}:{environment}").hex
        place["containerInstanceArn"] = f"{prefix}:container-instance/{environment}_Batch/{instance}"
    return place


def _attempt_detail(job: SandboxJob, attempt: Document) -> Document:
    times = {key: attempt.get(key) for key in ("startedAt", "stoppedAt", "statusReason")}
    if "ecsProperties" not in job.spec:
        return drop_none({**times, "container": _attempt_container(job, attempt)})
    (task,) = job.spec["ecsProperties"]["taskProperties"]
    containers = [
        drop_none({"name": container.get("name"), **fields})
        for container, fields in zip(task["containers"], _container_ends(task["containers"], attempt), strict=True)
    ]
    return drop_none({**times, "taskProperties": [{**_task_place(job, attempt), "containers": containers}]})


def _container_ends(containers: list[Document], attempt: Document | None, *, init: bool = False) -> list[Document]:
    if attempt is None:
        return [{} for _ in containers]
    ends = [end for end in attempt.get("containers", ()) if end.get("isInit", False) == init]
    if not ends:
        ends = [{"reason": attempt.get("reason")}, *({} for _ in containers)][: len(containers)]
    return [
        drop_none({"exitCode": end.get("exitCode"), "reason": end.get("reason"), "logStreamName": end.get("stream")})
        for end in ends
    ]


def _task_properties(properties: Document, job: SandboxJob, attempt: Document | None) -> Document:
    (task,) = properties["taskProperties"]
    containers = [
        container | end
        for container, end in zip(task["containers"], _container_ends(task["containers"], attempt), strict=True)
    ]
    place = _task_place(job, attempt) if attempt else {}
    return {"taskProperties": [{**task, "containers": containers, **place}]}


def _pod_properties(properties: Document, job: SandboxJob, attempt: Document | None) -> Document:
    pod: Document = properties["podProperties"]
    result = dict(pod)
    for field in ("containers", "initContainers"):
        ends = _container_ends(pod[field], attempt, init=field == "initContainers")
        result[field] = [container | _without_stream(end) for container, end in zip(pod[field], ends, strict=True)]
    if attempt:
        result |= {"podName": pod_name(attempt["taskId"]), "nodeName": _node_name(job)}
    return {"podProperties": result}


def _pod_attempt(store: Store, job: SandboxJob, attempt: Document) -> Document:
    pod = job.spec["eksProperties"]["podProperties"]
    environment = store.find_resource(
        ENVIRONMENT, job.account_region, job.account_region.arn(ENVIRONMENT, attempt["environment"])
    )
    cluster = (environment or {}).get("eksConfiguration") or {}
    namespace = (pod.get("metadata") or {}).get("namespace") or cluster.get("kubernetesNamespace", DEFAULT_NAMESPACE)
    containers = {
        field: [
            drop_none({"name": container.get("name"), **_without_stream(end)})
            for container, end in zip(
                pod[field], _container_ends(pod[field], attempt, init=field == "initContainers"), strict=True
            )
        ]
        for field in ("containers", "initContainers")
    }
    return drop_none(
        {
            **containers,
            "eksClusterArn": cluster.get("eksClusterArn"),
            "podName": pod_name(attempt["taskId"]),
            "podNamespace": namespace,
            "nodeName": _node_name(job),
            **{key: attempt.get(key) for key in ("startedAt", "stoppedAt", "statusReason")},
        }
    )


def _without_stream(end: Document) -> Document:
    return {key: value for key, value in end.items() if key != "logStreamName"}


def _node_name(job: SandboxJob) -> str:
    return f"ip-10-0-0-1.{job.account_region.region}.compute.internal"
