"""The plain loop: threads that submit as fast as the rate allows, and beside them polls of a hundred jobs."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from bench.delivery.turn import Pace, Turn, turn_of
from bench.delivery.workload import DEFINITION, Workflow
from bench.environment import BenchEnvironment
from bench.fake_aws.batch import MAX_JOBS_PER_DESCRIBE, QUEUE

THREADS = 16
FINAL_STATUSES = ("SUCCEEDED", "FAILED")


class Loop:
    def __init__(self, url: str, pace: Pace, poll_seconds: float) -> None:
        self._pace, self._poll_seconds = pace, poll_seconds
        self._ids: dict[str, str] = {}
        self._known_at: dict[str, float] = {}
        self._client: Any = boto3.client(
            "batch",
            endpoint_url=url,
            region_name="us-west-2",
            aws_access_key_id="bench",
            aws_secret_access_key="bench",  # noqa: S106 - the fake AWS checks no secret
            config=Config(max_pool_connections=THREADS + 1, retries={"total_max_attempts": 1}),
        )

    def run(self, workflow: Workflow) -> dict[str, float]:
        """Return when each job id was known to have ended."""
        poller = threading.Thread(target=self._poll, args=(len(workflow.jobs),))
        poller.start()
        self._submit(workflow)
        poller.join()
        return self._known_at

    def _submit(self, workflow: Workflow) -> None:
        next_at = time.monotonic() - self._pace.burst_seconds
        sends: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(THREADS) as threads:
            for name, parents in workflow.jobs.items():
                for parent in parents:
                    sends[parent].result()
                next_at = max(next_at, time.monotonic() - self._pace.burst_seconds)
                time.sleep(max(0.0, next_at - time.monotonic()))
                next_at += 1 / self._pace.rate
                sends[name] = threads.submit(self._send, name, parents)
        for send in sends.values():
            send.result()

    def _send(self, name: str, parents: tuple[str, ...]) -> None:
        dependencies = [{"jobId": self._ids[parent]} for parent in parents]
        self._ids[name] = self._client.submit_job(
            jobName=name, jobQueue=QUEUE, jobDefinition=DEFINITION, dependsOn=dependencies
        )["jobId"]

    def _poll(self, count: int) -> None:
        while len(self._known_at) < count:
            time.sleep(self._poll_seconds)
            open_ids = [job_id for job_id in list(self._ids.values()) if job_id not in self._known_at]
            for start in range(0, len(open_ids), MAX_JOBS_PER_DESCRIBE):
                self._describe(open_ids[start : start + MAX_JOBS_PER_DESCRIBE])

    def _describe(self, ids: list[str]) -> None:
        descriptions = self._client.describe_jobs(jobs=ids)["jobs"]
        ended = [job["jobId"] for job in descriptions if job["status"] in FINAL_STATUSES]
        self._known_at |= dict.fromkeys(ended, time.time())


def run(workflow: Workflow, environment: BenchEnvironment, pace: Pace, poll_seconds: float) -> Turn:
    environment.reset_aws_record()
    loop = Loop(environment.aws_url, pace, poll_seconds)
    started_at, cpu = time.time(), time.process_time()
    known_at = loop.run(workflow)
    return turn_of(
        environment.aws_record(),
        known_at,
        jobs=len(workflow.jobs),
        started_at=started_at,
        accepted_at=started_at,
        pace=pace,
        cpu={"loop": time.process_time() - cpu},
    )
