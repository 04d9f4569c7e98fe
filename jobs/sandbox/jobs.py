"""Jobs of the sandbox: their rows, and their descriptions in AWS's shape."""

import json
import sqlite3
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from jobs.sandbox.context import AccountRegion, Document, drop_none, now_ms
from jobs.sandbox.store import Store

STATUSES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
FINAL_STATUSES = ("SUCCEEDED", "FAILED")
TASK_PLACE = ("taskArn", "containerInstanceArn")

# A child's spec is its parent's: ten thousand children share one document.
SELECT = (
    "SELECT job.*, coalesce(job.spec, array.spec) AS full_spec "
    "FROM job LEFT JOIN job AS array ON array.id = job.parent"
)
SELECT_BY_ID = SELECT + " WHERE job.id IN (SELECT value FROM json_each(?))"  # noqa: S608 - two constants


@dataclass(frozen=True)
class SandboxJob:
    """A row of the job table. `attempts` are the finished ones, `attempt` is the current one."""

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
    def container(self) -> Document:
        """The container that runs: the only one, or the first essential one of a task."""
        if "ecsProperties" not in self.spec:
            container: Document = self.spec["container"]
            return container
        (task,) = self.spec["ecsProperties"]["taskProperties"]
        return next(container for container in task["containers"] if container.get("essential", True))

    @property
    def start_failure(self) -> Document | None:
        """What keeps the job from starting, although it was accepted."""
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

    def blocking_ids(self) -> list[str]:
        """Return the ids of the jobs that must succeed first. A parent array depends through its children."""
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


def find_jobs(store: Store, ids: Iterable[str]) -> list[SandboxJob]:
    """Return the existing jobs of these ids, in the given order."""
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


def job_summary(store: Store, job: SandboxJob) -> Document:
    """Return an entry of ListJobs: no tags, queue or attempts."""
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
            "jobDefinition": job.definition,
            "shareIdentifier": job.spec.get("shareIdentifier"),
        }
    )


def job_detail(store: Store, job: SandboxJob) -> Document:
    """Return a job of DescribeJobs. `startedAt` is absent before the start, as in AWS's own examples."""
    spec = job.spec
    last = job.last_attempt
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
        "attempts": [_attempt_detail(job, attempt) for attempt in job.attempts],
        "arrayProperties": _array_properties(store, job),
        "tags": job.tags,
        "isCancelled": job.cancelled,
        "isTerminated": job.terminated,
        **{key: value for key, value in spec.items() if key not in {"container", "ecsProperties", "startFailure"}},
    }
    attempt_fields = _attempt_container(job, last) if last else {}
    if "ecsProperties" in spec:
        answer["ecsProperties"] = _task_properties(spec["ecsProperties"], job, attempt_fields)
    else:
        answer["container"] = job.container | attempt_fields
    return drop_none(answer)


def _attempt_container(job: SandboxJob, attempt: Document) -> Document:
    """Return the fields that an attempt adds to its container."""
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
    """Return the ARNs of the ECS task, and of its container instance where there is one. Fargate has none."""
    account_region, environment = job.account_region, attempt["environment"]
    prefix = f"arn:aws:ecs:{account_region.region}:{account_region.account}"
    place: Document = {"taskArn": f"{prefix}:task/{environment}_Batch/{attempt['taskId']}"}
    if "FARGATE" not in job.spec["platformCapabilities"]:
        instance = uuid.uuid5(uuid.NAMESPACE_URL, f"{prefix}:{environment}").hex
        place["containerInstanceArn"] = f"{prefix}:container-instance/{environment}_Batch/{instance}"
    return place


def _attempt_detail(job: SandboxJob, attempt: Document) -> Document:
    times = {key: attempt.get(key) for key in ("startedAt", "stoppedAt", "statusReason")}
    container_fields = _attempt_container(job, attempt)
    if "ecsProperties" not in job.spec:
        return drop_none({**times, "container": container_fields})
    place = {key: container_fields.pop(key) for key in TASK_PLACE if key in container_fields}
    container = {"name": job.container.get("name"), **container_fields}
    return drop_none({**times, "taskProperties": [{**place, "containers": [drop_none(container)]}]})


def _task_properties(properties: Document, job: SandboxJob, attempt_fields: Document) -> Document:
    """Return a task of several containers: only the one that runs here has an end."""
    (task,) = properties["taskProperties"]
    end_fields = {key: value for key, value in attempt_fields.items() if key not in TASK_PLACE}
    containers = [
        container | end_fields if container.get("name") == job.container.get("name") else container
        for container in task["containers"]
    ]
    return {
        "taskProperties": [
            {
                **task,
                "containers": containers,
                **{key: attempt_fields[key] for key in TASK_PLACE if key in attempt_fields},
            }
        ]
    }
