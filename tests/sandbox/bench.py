"""A person with boto3 in front of a sandbox: what the tests do again and again."""

import http.client
import itertools
import json
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.client import Config
from mypy_boto3_batch import BatchClient
from mypy_boto3_logs import CloudWatchLogsClient
from mypy_boto3_sts import STSClient

from tests.eventually import eventually

REGION = "us-west-2"
ENDS = {"SUCCEEDED", "FAILED"}

_numbers = itertools.count()


def unique_name() -> str:
    """A name that no other job has."""
    return f"job-{next(_numbers)}"


@cache
def _session() -> boto3.session.Session:
    """One for all: a session reads each service model once."""
    return boto3.session.Session()


class Bench:
    """Clients of one account in one region, and shorthands for definitions, jobs and waiting."""

    def __init__(
        self, url: str, *, region: str = REGION, key: str = "AKIDSANDBOX", retries: int = 1, read_timeout: float = 60
    ) -> None:
        settings: dict[str, Any] = {
            "endpoint_url": url,
            "region_name": region,
            "aws_access_key_id": key,
            "aws_secret_access_key": "anything",
            "config": Config(retries={"total_max_attempts": retries, "mode": "standard"}, read_timeout=read_timeout),
        }
        self.url = url
        session = _session()
        self.batch: BatchClient = session.client("batch", **settings)
        self.logs: CloudWatchLogsClient = session.client("logs", **settings)
        self.sts: STSClient = session.client("sts", **settings)

    def close(self) -> None:
        self.batch.close()
        self.logs.close()
        self.sts.close()

    def define(self, name: str = "job", *command: str, **more: Any) -> str:
        """Register a small job of plain tools; its ARN."""
        container: Any = {
            "image": "busybox",
            "command": list(command) or ["true"],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}],
            **more.pop("container", {}),
        }
        answer = self.batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=container, **more
        )
        return answer["jobDefinitionArn"]

    def create_eks_queue(self, name: str = "eks-queue") -> None:
        """Create a queue of an EKS cluster with 16 vCPU."""
        cluster = {"eksClusterArn": "arn:aws:eks:us-west-2:123456789012:cluster/pods", "kubernetesNamespace": "pods"}
        resources: Any = {"type": "EC2", "maxvCpus": 16, "subnets": ["subnet-1"], "instanceTypes": ["m5.large"]}
        self.batch.create_compute_environment(
            computeEnvironmentName=f"{name}-environment",
            type="MANAGED",
            eksConfiguration=cluster,  # type: ignore[arg-type]
            computeResources=resources,
        )
        order: Any = [{"order": 1, "computeEnvironment": f"{name}-environment"}]
        self.batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)

    def submit(self, definition: str = "job", **more: Any) -> str:
        request: Any = {"jobName": "a-job", "jobQueue": "cpu-job-queue", "jobDefinition": definition, **more}
        return self.batch.submit_job(**request)["jobId"]

    def run(self, *command: str, **more: Any) -> Any:
        """Define, submit and wait for a shell command; the described job."""
        self.define("job", "sh", "-c", *command)
        return self.wait(self.submit(**more))

    def describe(self, job_id: str) -> Any:
        (job,) = self.batch.describe_jobs(jobs=[job_id])["jobs"]
        return job

    def wait(self, job_id: str, until: Callable[[Any], object] | None = None, seconds: float = 60) -> Any:
        """The job as soon as it has ended, or as soon as it is as asked for."""
        job: Any = None

        def arrived() -> bool:
            nonlocal job
            job = self.describe(job_id)
            return bool(until(job) if until else job["status"] in ENDS)

        eventually(arrived, seconds, describe=lambda: f"Still {job['status']} ({job.get('statusReason')}).")
        return job

    def wait_for(self, job_id: str, status: str) -> Any:
        return self.wait(job_id, lambda job: job["status"] == status)

    def struck(self) -> list[Any]:
        """The requests that a fault has struck since the plan was made."""
        return list(self.control("GET", "faults")["struck"])

    def control(self, method: str, door: str, told: Any = None) -> Any:
        """What the tests' own door answers; an AssertionError with its message if it refuses."""
        connection = http.client.HTTPConnection(urlsplit(self.batch.meta.endpoint_url).netloc, timeout=10)
        try:
            connection.request(method, f"/_sandbox/{door}", None if told is None else json.dumps(told))
            reply = connection.getresponse()
            answer = json.loads(reply.read())
        finally:
            connection.close()
        assert reply.status == 200, answer
        return answer

    def plan(self, *faults: Any, **conditions: Any) -> None:
        """From now on the sandbox misbehaves in this way."""
        self.control("PUT", "faults", {"faults": list(faults), **conditions})

    def ledger(self, name: str | None = None) -> list[Any]:
        """What was really accepted, by the name it was asked for."""
        accepted = self.control("GET", "ledger")["accepted"]
        return [one for one in accepted if name in (None, one["name"])]

    def accepted(self, name: str) -> list[str]:
        """The ids of the jobs that were really accepted under a name."""
        return [one["accepted"] for one in self.ledger(name)]

    def listed(self, name: str) -> list[str]:
        """The ids of the jobs that ListJobs has under a name."""
        pages = self.batch.get_paginator("list_jobs").paginate(
            jobQueue="cpu-job-queue", filters=[{"name": "JOB_NAME", "values": [name]}]
        )
        return [job["jobId"] for page in pages for job in page["jobSummaryList"]]

    def output(self, job: Any) -> list[str]:
        """What the last attempt of a job has said so far."""
        return self.lines(job["container"]["logStreamName"])

    def lines(self, stream: str) -> list[str]:
        """What a stream has so far."""
        page = self.logs.get_log_events(logGroupName="/aws/batch/job", logStreamName=stream, startFromHead=True)
        return [event["message"] for event in page["events"]]
