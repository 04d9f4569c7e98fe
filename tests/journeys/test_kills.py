"""Whatever is killed while jobs run: every job reaches its true end in the portal, and a step that failed runs again.

The portal's waits are short here: a lease that lapses would cost a minute.
"""

import json
import os
import re
import signal
import sqlite3
import time
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
import pytest

from jobs.models.ids import to_text
from portal.quickstart.state_dir import find_free_port
from tests.eventually import eventually
from tests.http_client import Visitor
from tests.quickstart_process import Run, rows, running

# `make test` kills workers in tests/chaos/test_failpoints.py, the sandbox in tests/sandbox/test_restart.py, and the
# processes of a quick start in tests/quickstart/test_run.py.
pytestmark = [pytest.mark.process, pytest.mark.only_in("chaos")]

ENDS = {"SUCCEEDED", "FAILED", "STOPPED", "LOST", "REFUSED", "WITHDRAWN"}
CHAIN_NAMES = ("load", "train", "report")
SEEDS = Path(__file__).parents[1] / "seeds"
FAILS = {
    "jobName": "fails",
    "jobQueue": "cpu-job-queue",
    "jobDefinition": "data-preprocessing",
    "retryStrategy": {"attempts": 1},
    "containerOverrides": {"command": ["python", "-c", "import time, sys; time.sleep(12); sys.exit(3)"]},
}
TRAIN = "import os, sys; sys.exit(int(os.environ['ROWS']) > 100)"
CHAIN = {
    "name": "chain",
    "jobs": [
        {"jobName": "load", "jobQueue": "cpu-job-queue", "jobDefinition": "data-preprocessing"},
        {
            "jobName": "train",
            "jobQueue": "cpu-job-queue",
            "jobDefinition": "data-preprocessing",
            "dependsOn": [{"jobId": "${load}"}],
            "retryStrategy": {"attempts": 1},
            "containerOverrides": {
                "command": ["python", "-c", TRAIN],
                "environment": [{"name": "ROWS", "value": "1000"}],
                "resourceRequirements": [{"type": "MEMORY", "value": "4096"}],
            },
        },
        {
            "jobName": "report",
            "jobQueue": "cpu-job-queue",
            "jobDefinition": "data-preprocessing",
            "dependsOn": [{"jobId": "${train}"}],
        },
    ],
}


def submit(visitor: Visitor, text: str) -> None:
    address, status, page = visitor.post("/teams/research/new/", text=text, request_key=str(time.time_ns()))
    assert (status, "/new/" in address) == (200, False), page


def jobs(run: Run) -> dict[str, tuple[str, str]]:
    """The portal's jobs: AWS id to (state, name)."""
    with closing(sqlite3.connect(run.state / "portal.sqlite3")) as database:
        outcomes = database.execute("select coalesce(batch_id, name), state, delivery, name from jobs_job").fetchall()
    return {key: (state or delivery, name) for key, state, delivery, name in outcomes}


def wait_until(run: Run, condition: Any, seconds: float = 180) -> None:
    eventually(lambda: condition(jobs(run)), seconds, describe=lambda: jobs(run))


def running_now(outcomes: dict[str, tuple[str, str]]) -> bool:
    return any(state == "RUNNING" for state, _ in outcomes.values())


def test_every_job_reaches_its_true_end_though_worker_web_and_sandbox_are_killed(tmp_path: Path):
    with running(tmp_path / "state", find_free_port([]), "tests.chaos.quickstart") as run:
        visitor = Visitor(run.url)
        visitor.sign_in("analyst")
        submit(visitor, (SEEDS / "workflow-jobs.json").read_text())
        submit(visitor, (SEEDS / "my-job-submission.json").read_text())
        os.kill(run.child("hasty worker"), signal.SIGKILL)
        submit(visitor, json.dumps(FAILS))
        submit(visitor, json.dumps(CHAIN))
        wait_until(run, running_now)

        os.kill(run.child("hasty sandbox"), signal.SIGKILL)
        os.kill(run.child("gunicorn"), signal.SIGKILL)
        wait_until(run, running_now)
        wait_until(
            run, lambda outcomes: all(state in ENDS for state, name in outcomes.values() if name in CHAIN_NAMES)
        )
        assert chain(run) == [("load", "SUCCEEDED"), ("train", "FAILED"), ("report", "FAILED")]
        run_chain_again(run, visitor)
        os.kill(run.child("gunicorn"), signal.SIGKILL)
        os.kill(run.child("hasty worker"), signal.SIGKILL)
        wait_until(run, lambda outcomes: all(state in ENDS for state, _ in outcomes.values()))

        assert chain(run) == [
            *(("load", "SUCCEEDED"), ("train", "FAILED"), ("report", "FAILED")),
            *(("train", "SUCCEEDED"), ("report", "SUCCEEDED")),
        ]
        outcomes = jobs(run)
        assert {state for state, name in outcomes.values() if name == "fails"} == {"FAILED"}
        others = {state for state, name in outcomes.values() if name != "fails" and name not in CHAIN_NAMES}
        assert others == {"SUCCEEDED"}
        assert outcomes.items() == sandbox_outcomes(run, outcomes).items()

        _, status, page = visitor.get("/teams/research/")
        assert status == 200
        assert re.search("workflow|train-model", page)


def chain(run: Run) -> list[tuple[str, str]]:
    """Every job of the chain, in the order in which they were accepted."""
    outcomes = rows(run.state, "SELECT name, state FROM jobs_job ORDER BY id")
    return [(name, state) for name, state in outcomes if name in CHAIN_NAMES]


def run_chain_again(run: Run, visitor: Visitor) -> None:
    """See on the page why the last step never ran, and run the failed one again with another size."""
    [[submission, report]] = rows(
        run.state, "SELECT submission_id, public_id FROM jobs_job WHERE name = 'report' ORDER BY id LIMIT 1"
    )
    [[chain_id]] = rows(run.state, f"SELECT public_id FROM jobs_submission WHERE id = {submission}")  # noqa: S608
    _, _, page = visitor.get(f"/jobs/{to_text(UUID(report))}/")
    assert "Nothing ran: it depends on train, which failed." in page

    path = f"/submissions/{to_text(UUID(chain_id))}/run-again/"
    _, _, page = visitor.get(path)
    fields = dict(re.findall(r'name="(start|version|request_key)" value="([^"]*)"', page))
    document = json.loads(unescape(re.search(r"<textarea[^>]*name=\"text\"[^>]*>([^<]*)</textarea>", page)[1]))  # type: ignore[index]
    assert [job["jobName"] for job in document["jobs"]] == ["train", "report"]
    overrides = document["jobs"][0]["containerOverrides"]
    overrides["environment"][0]["value"] = "10"
    overrides["resourceRequirements"][0]["value"] = "8192"
    address, status, page = visitor.post(path, **fields, text=json.dumps(document))
    assert (status, "run-again" in address) == (200, False), page
    assert "Running 2 steps of chain again." in page


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
    surplus = [job["jobName"].rpartition("-")[0] for job in described if len(job["attempts"]) != 1]
    assert surplus == ["report"]  # which never ran the first time
    return {job["jobId"]: (job["status"], known[job["jobId"]][1]) for job in described}
