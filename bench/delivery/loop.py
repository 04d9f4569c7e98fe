"""The plain loop: threads that submit, and a loop that describes a hundred jobs at a time."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from bench.delivery.comparison import BenchRun
from bench.delivery.workload import DEFINITION, QUEUE, Workflow

THREADS = 16
DESCRIBE_BATCH_SIZE = 100
POLL_INTERVAL_SECONDS = 1.0  # seconds between two polls, like the portal's account
FINAL_STATUSES = ("SUCCEEDED", "FAILED")


def run(workflow: Workflow, url: str) -> BenchRun:
    client = boto3.client(
        "batch",
        endpoint_url=url,
        region_name="us-west-2",
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106 - the sandbox checks no secret
        config=Config(max_pool_connections=THREADS),
    )
    started_at, cpu = time.time(), time.process_time()
    ids = _submit(workflow, client)
    sent = time.time()
    ends, poll_count = _follow(list(ids.values()), client)
    return BenchRun(
        wall=max(ends.values()) - started_at,
        cpu=time.process_time() - cpu,
        calls={"SubmitJob": len(ids), "DescribeJobs": poll_count},
        sent=sent - started_at,
    )


def _submit(workflow: Workflow, client: Any) -> dict[str, str]:
    ids: dict[str, str] = {}

    def submit(name: str) -> str:
        dependencies = [{"jobId": ids[parent]} for parent in workflow.jobs[name]]
        answer = client.submit_job(jobName=name, jobQueue=QUEUE, jobDefinition=DEFINITION, dependsOn=dependencies)
        return str(answer["jobId"])

    with ThreadPoolExecutor(THREADS) as threads:
        for layer in workflow.layers:
            ids |= dict(zip(layer, threads.map(submit, layer), strict=True))
    return ids


def _follow(ids: list[str], client: Any) -> tuple[dict[str, float], int]:
    """Return when each job was seen to have ended, and the number of calls."""
    ends: dict[str, float] = {}
    poll_count = 0
    while open_ids := [job_id for job_id in ids if job_id not in ends]:
        if poll_count:
            time.sleep(POLL_INTERVAL_SECONDS)
        for start in range(0, len(open_ids), DESCRIBE_BATCH_SIZE):
            descriptions = client.describe_jobs(jobs=open_ids[start : start + DESCRIBE_BATCH_SIZE])["jobs"]
            poll_count += 1
            ends |= {job["jobId"]: time.time() for job in descriptions if job["status"] in FINAL_STATUSES}
    return ends, poll_count
