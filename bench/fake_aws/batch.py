"""Jobs and operations of the fake AWS Batch."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

REGION_PREFIX = "arn:aws:batch:us-west-2:123456789012"
QUEUE = "bench-queue"
START_SECONDS = 0.1  # from when a job may start until it runs
RUN_SECONDS = (0.3, 0.7)
GOLDEN_RATIO = 0.618033988749895
MAX_JOBS_PER_DESCRIBE, MAX_JOBS_PER_LIST = 100, 100
# Fields of SubmitJob that DescribeJobs returns
SUBMITTED_FIELDS = ("jobName", "jobQueue", "jobDefinition", "dependsOn", "parameters", "tags", "timeout")
QUEUE_FIELDS = {"priority": 1, "state": "ENABLED", "status": "VALID", "computeEnvironmentOrder": []}
CLUSTER = "arn:aws:ecs:us-west-2:123456789012"
# As much as AWS returns for each job: clients spend time on it.
CONTAINER: dict[str, Any] = {
    "image": "123456789012.dkr.ecr.us-west-2.amazonaws.com/nothing:latest",
    "command": ["nothing"],
    "executionRoleArn": "arn:aws:iam::123456789012:role/batch-execution",
    "volumes": [],
    "environment": [{"name": f"SETTING_{number}", "value": "value"} for number in range(5)],
    "mountPoints": [],
    "ulimits": [],
    "networkInterfaces": [{"attachmentId": "eni-attach-00000000000000000", "privateIpv4Address": "10.0.0.1"}],
    "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
    "logConfiguration": {"logDriver": "awslogs", "options": {}, "secretOptions": []},
    "secrets": [],
    "taskArn": f"{CLUSTER}:task/bench/00000000000000000000000000000000",
    "containerInstanceArn": f"{CLUSTER}:container-instance/bench/00000000000000000000000000000000",
}

Answer = dict[str, Any]


class ClientError(Exception):
    """Batch's ClientException."""


@dataclass
class FakeJob:
    id: str
    request: Mapping[str, Any]
    created_at: float
    ready_at: float  # when its last parent ends
    ended_at: float
    is_terminated: bool = False

    @property
    def log_stream(self) -> str:
        return f"bench/default/{self.id}"

    def status(self, now: float) -> str:
        if now >= self.ended_at:
            return "FAILED" if self.is_terminated else "SUCCEEDED"
        if now < self.ready_at:
            return "PENDING"
        return "RUNNING" if now >= self.ready_at + START_SECONDS else "RUNNABLE"

    def description(self, now: float) -> Answer:
        status, started_at = self.status(now), _milliseconds(self.ready_at + START_SECONDS)
        answer: Answer = {name: self.request[name] for name in SUBMITTED_FIELDS if name in self.request}
        answer |= {"jobId": self.id, "status": status, "createdAt": _milliseconds(self.created_at), "attempts": []}
        if self.is_terminated:
            return answer | {"isTerminated": True, "stoppedAt": _milliseconds(self.ended_at)}
        if status in ("RUNNING", "SUCCEEDED"):
            answer |= {"startedAt": started_at, "container": CONTAINER | {"logStreamName": self.log_stream}}
        if status == "SUCCEEDED":
            stopped_at = _milliseconds(self.ended_at)
            container = answer["container"] | {"exitCode": 0}
            ran = {"exitCode": 0, "logStreamName": self.log_stream, "taskArn": CONTAINER["taskArn"]}
            attempt = {"startedAt": started_at, "stoppedAt": stopped_at, "container": ran}
            answer |= {"stoppedAt": stopped_at, "container": container, "attempts": [attempt]}
        return answer


@dataclass
class FakeBatch:
    """Jobs that start when their parents have ended and then run for half a second, more or less.

    With `any_job`, an unknown job is described as one that runs, for databases whose jobs come from elsewhere.
    """

    any_job: bool = False
    queues: Sequence[str] = (QUEUE,)
    jobs: dict[str, FakeJob] = field(default_factory=dict)
    revisions: int = 0

    def operation(self, path: str) -> tuple[str, Callable[[Answer, float], Answer]] | None:
        return {
            "/v1/submitjob": ("SubmitJob", self.submit_job),
            "/v1/describejobs": ("DescribeJobs", self.describe_jobs),
            "/v1/listjobs": ("ListJobs", self.list_jobs),
            "/v1/terminatejob": ("TerminateJob", self.terminate_job),
            "/v1/registerjobdefinition": ("RegisterJobDefinition", self.register_job_definition),
            "/v1/describejobdefinitions": ("DescribeJobDefinitions", lambda _request, _now: {"jobDefinitions": []}),
            "/v1/describejobqueues": ("DescribeJobQueues", self.describe_job_queues),
        }.get(path)

    def submit_job(self, request: Answer, now: float) -> Answer:
        parents = [self.jobs.get(parent["jobId"]) for parent in request.get("dependsOn", ())]
        if None in parents:
            raise ClientError("Job dependency does not exist")
        job_id = str(uuid.uuid4())
        shortest, longest = RUN_SECONDS
        run_seconds = shortest + (longest - shortest) * (len(self.jobs) * GOLDEN_RATIO % 1)
        ready_at = max([now, *(parent.ended_at for parent in parents if parent)])
        self.jobs[job_id] = FakeJob(job_id, request, now, ready_at, ready_at + START_SECONDS + run_seconds)
        return {"jobId": job_id, "jobName": request["jobName"], "jobArn": f"{REGION_PREFIX}:job/{job_id}"}

    def describe_jobs(self, request: Answer, now: float) -> Answer:
        ids = request["jobs"]
        if len(ids) > MAX_JOBS_PER_DESCRIBE:
            raise ClientError(f"Maximum number of jobs supported is {MAX_JOBS_PER_DESCRIBE}")
        known = [self.jobs[job_id].description(now) for job_id in ids if job_id in self.jobs]
        if not self.any_job:
            return {"jobs": known}
        running = {"status": "RUNNING", "container": CONTAINER, "attempts": []}
        return {"jobs": known + [running | {"jobId": job_id} for job_id in ids if job_id not in self.jobs]}

    def list_jobs(self, request: Answer, now: float) -> Answer:
        """Support the two filters that the portal uses, newest first."""
        (condition,) = request.get("filters") or [{"name": "", "values": [""]}]
        text = condition["values"][0]
        matches: dict[str, Callable[[FakeJob], bool]] = {
            "JOB_NAME": lambda job: job.request["jobName"].lower() == text.lower(),
            "AFTER_CREATED_AT": lambda job: job.created_at * 1000 > int(text),
        }
        match = matches.get(condition["name"])
        if match is None:
            raise ClientError("The fake AWS lists jobs by JOB_NAME or AFTER_CREATED_AT only.")
        selection = [job for job in reversed(self.jobs.values()) if match(job)]
        start = int(request.get("nextToken") or 0)
        end = start + MAX_JOBS_PER_LIST
        summaries = [
            {"jobId": job.id, "jobName": job.request["jobName"], "status": job.status(now),
             "createdAt": _milliseconds(job.created_at)}
            for job in selection[start:end]
        ]  # fmt: skip
        return {"jobSummaryList": summaries} | ({"nextToken": str(end)} if end < len(selection) else {})

    def terminate_job(self, request: Answer, now: float) -> Answer:
        job = self.jobs.get(request["jobId"])
        if job and now < job.ended_at:
            job.ended_at, job.is_terminated = now, True
        return {}

    def register_job_definition(self, request: Answer, _now: float) -> Answer:
        self.revisions += 1
        names = _names("jobDefinition", "job-definition", request["jobDefinitionName"])
        return names | {
            "jobDefinitionArn": f"{names['jobDefinitionArn']}:{self.revisions}",
            "revision": self.revisions,
        }

    def describe_job_queues(self, _request: Answer, _now: float) -> Answer:
        return {"jobQueues": [{**QUEUE_FIELDS, **_names("jobQueue", "job-queue", queue)} for queue in self.queues]}


def _names(noun: str, kind: str, name: str) -> Answer:
    return {f"{noun}Name": name, f"{noun}Arn": f"{REGION_PREFIX}:{kind}/{name}"}


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
