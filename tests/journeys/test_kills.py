"""Whatever is killed while jobs run: every job reaches its true end in the portal.

The portal's waits are short here: a lease that lapses would cost a minute.
"""

import json
import os
import re
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from portal.quickstart.state_dir import find_free_port
from tests.eventually import eventually
from tests.http_client import Visitor
from tests.quickstart_process import Run, running

pytestmark = pytest.mark.process

SEEDS = Path(__file__).parents[1] / "seeds"
FAILS = {
    "jobName": "fails",
    "jobQueue": "cpu-job-queue",
    "jobDefinition": "data-preprocessing",
    "retryStrategy": {"attempts": 1},
    "containerOverrides": {"command": ["python", "-c", "import time, sys; time.sleep(12); sys.exit(3)"]},
}


def submit(visitor: Visitor, text: str) -> None:
    address, status, page = visitor.post("/teams/research/new/", text=text, request_key=str(time.time_ns()))
    assert (status, "/new/" in address) == (200, False), page


def jobs(run: Run) -> dict[str, tuple[str, str]]:
    """The portal's jobs: AWS id to (state, name)."""
    with closing(sqlite3.connect(run.state / "portal.sqlite3")) as database:
        found = database.execute("select coalesce(batch_id, name), state, delivery, name from jobs_job").fetchall()
    return {key: (state or delivery, name) for key, state, delivery, name in found}


def wait_until(run: Run, condition: Any, seconds: float = 180) -> None:
    eventually(lambda: condition(jobs(run)), seconds, describe=lambda: jobs(run))


def running_now(found: dict[str, tuple[str, str]]) -> bool:
    return any(state == "RUNNING" for state, _ in found.values())


def test_every_job_reaches_its_true_end_though_worker_web_and_sandbox_are_killed(tmp_path: Path):
    with running(tmp_path / "state", find_free_port([]), "tests.chaos.quickstart") as run:
        visitor = Visitor(run.url)
        visitor.sign_in("analyst")
        submit(visitor, (SEEDS / "workflow-jobs.json").read_text())
        submit(visitor, (SEEDS / "my-job-submission.json").read_text())
        os.kill(run.child("hasty worker"), signal.SIGKILL)
        submit(visitor, json.dumps(FAILS))
        wait_until(run, running_now)

        os.kill(run.child("hasty sandbox"), signal.SIGKILL)
        os.kill(run.child("gunicorn"), signal.SIGKILL)
        wait_until(run, running_now)
        os.kill(run.child("hasty worker"), signal.SIGKILL)

        ends = {"SUCCEEDED", "FAILED", "STOPPED", "LOST", "REFUSED", "WITHDRAWN"}
        wait_until(run, lambda found: all(state in ends for state, _ in found.values()))

        found = jobs(run)
        assert {state for state, name in found.values() if name == "fails"} == {"FAILED"}
        assert {state for state, name in found.values() if name != "fails"} == {"SUCCEEDED"}
        assert found.items() == sandbox_outcomes(run, found).items()

        _, status, page = visitor.get("/teams/research/")
        assert status == 200
        assert re.search("workflow|train-model", page)


def sandbox_outcomes(run: Run, known: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """What the sandbox itself says of every job it has: so a job that it has twice would show."""
    client = boto3.client(
        "batch",
        endpoint_url=run.endpoint("sandbox"),
        region_name="us-west-2",
        aws_access_key_id="AKIASANDBOX000000000",
        aws_secret_access_key="sandbox",
    )
    listed = [
        job["jobId"]
        for queue in client.describe_job_queues()["jobQueues"]
        for job in client.list_jobs(
            jobQueue=queue["jobQueueName"], filters=[{"name": "AFTER_CREATED_AT", "values": ["0"]}]
        )["jobSummaryList"]
    ]
    described = client.describe_jobs(jobs=listed)["jobs"]
    assert {job["jobName"]: job["attempts"] for job in described if len(job["attempts"]) != 1} == {}
    return {job["jobId"]: (job["status"], known[job["jobId"]][1]) for job in described}
