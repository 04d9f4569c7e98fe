"""The sandbox stops and dies, and goes on from where it was."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.sandbox import Sandbox
from jobs.sandbox.store import StateInUseError
from tests.sandbox.bench import Bench

ROOT = Path(__file__).parent.parent.parent
PATIENT = "echo started $$; sleep 1; echo finished"


class Child:
    """`manage.py sandbox` as a process of its own."""

    def __init__(self, state: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "sandbox", "--port", "0", "--state", state, "--delay", "0.05"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        match = re.fullmatch(r"Sandbox: (http://127\.0\.0\.1:\d+)\n", line)
        if match is None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            raise AssertionError(f"The sandbox did not start: {line!r}")
        self.bench = Bench(match[1])

    def end(self, number: signal.Signals) -> None:
        self.bench.close()
        self.process.send_signal(number)
        self.process.wait(timeout=60)  # only a bound: a busy machine takes its time
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def children(tmp_path: Path) -> Iterator[list[Child]]:
    """Children that the test starts; whoever is left is ended."""
    started: list[Child] = []
    yield started
    for child in started:
        if child.process.poll() is None:
            child.end(signal.SIGTERM)


def processes_of(job_id: str) -> list[int]:
    """Living processes that were started for a job."""
    mark = f"AWS_BATCH_JOB_ID={job_id}".encode()
    process_ids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if mark in environment.split(b"\0"):
                process_ids.append(int(entry.name))
    return process_ids


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_that_ran_when_the_sandbox_ended_starts_again_without_losing_an_attempt(
    tmp_path: Path, children: list[Child], number: signal.Signals
) -> None:
    children.append(Child(tmp_path / "state.sqlite3"))
    bench = children[0].bench
    bench.define("job", "sh", "-c", PATIENT)
    job_id = bench.submit()
    waiting = bench.submit(dependsOn=[{"jobId": job_id}])
    array = bench.submit(arrayProperties={"size": 3})
    before = bench.wait(job_id, lambda job: job["status"] == "RUNNING" and bench.output(job))
    children[0].end(number)
    assert bool(processes_of(job_id)) == (number == signal.SIGKILL)

    children.append(Child(tmp_path / "state.sqlite3"))
    bench = children[1].bench
    job = bench.wait(job_id)

    assert job["status"] == "SUCCEEDED"
    assert len(job["attempts"]) == 1
    assert job["container"]["logStreamName"] != before["container"]["logStreamName"]
    assert bench.output(job)[-1] == "finished"
    assert bench.wait(waiting)["status"] == "SUCCEEDED"
    assert bench.wait(array)["status"] == "SUCCEEDED"
    assert [processes_of(one) for one in (job_id, waiting, array)] == [[], [], []]


@pytest.mark.process
def test_the_orphans_of_a_killed_sandbox_are_ended_at_the_next_start(tmp_path: Path, children: list[Child]) -> None:
    children.append(Child(tmp_path / "state.sqlite3"))
    children[0].bench.define("job", "sh", "-c", "sleep 60 & sleep 60")
    job_id = children[0].bench.submit()
    children[0].bench.wait(job_id, lambda _: len(processes_of(job_id)) == 3)
    children[0].end(signal.SIGKILL)
    orphans = set(processes_of(job_id))

    with Sandbox(tmp_path / "state.sqlite3", delay=3600) as again:
        bench = Bench(again.url)
        assert not orphans & set(processes_of(job_id))
        assert bench.describe(job_id)["status"] in {"RUNNABLE", "STARTING"}
        bench.close()


@pytest.mark.process
def test_the_nodes_of_a_killed_sandbox_are_ended_too_and_start_again(tmp_path: Path, children: list[Child]) -> None:
    children.append(Child(tmp_path / "state.sqlite3"))
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]
    node = {"image": "busybox", "command": ["sleep", "60"], "resourceRequirements": sizes}
    ranges: Any = [{"targetNodes": "0:", "container": node}]
    children[0].bench.batch.register_job_definition(
        jobDefinitionName="nodes",
        type="multinode",
        nodeProperties={"numNodes": 2, "mainNode": 0, "nodeRangeProperties": ranges},
    )
    job_id = children[0].bench.submit("nodes")
    children[0].bench.wait_for(f"{job_id}#1", "RUNNING")
    children[0].end(signal.SIGKILL)
    orphans = {pid for index in range(2) for pid in processes_of(f"{job_id}#{index}")}
    assert len(orphans) == 2

    with Sandbox(tmp_path / "state.sqlite3", delay=0.02) as again:
        bench = Bench(again.url)
        bench.wait_for(f"{job_id}#1", "RUNNING")
        assert not orphans & {pid for index in range(2) for pid in processes_of(f"{job_id}#{index}")}
        assert bench.describe(job_id)["attempts"] == []
        bench.close()


@pytest.mark.process
def test_every_accepted_job_is_there_after_kill_9(tmp_path: Path, children: list[Child]) -> None:
    children.append(Child(tmp_path / "state.sqlite3"))
    children[0].bench.define("job", "true")
    accepted = [children[0].bench.submit() for _ in range(30)]
    os.kill(children[0].process.pid, signal.SIGKILL)
    children[0].end(signal.SIGKILL)

    with Sandbox(tmp_path / "state.sqlite3", delay=0) as again:
        bench = Bench(again.url)
        assert [bench.wait(job_id)["status"] for job_id in accepted] == ["SUCCEEDED"] * 30
        bench.close()


def test_a_job_whose_end_was_asked_for_does_not_start_again(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite3"
    with Sandbox(state, delay=3600) as first:
        bench = Bench(first.url)
        bench.define()
        job_id = bench.submit()
        bench.batch.terminate_job(jobId=job_id, reason="not needed")
        bench.close()

    with Sandbox(state, delay=0) as second:
        bench = Bench(second.url)
        assert bench.describe(job_id)["statusReason"] == "not needed"
        bench.close()


def test_two_sandboxes_cannot_share_a_state(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "state.sqlite3") as _, pytest.raises(StateInUseError, match="in use by another sandbox"):
        Sandbox(tmp_path / "state.sqlite3").start()


def test_the_world_can_be_left_out(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "state.sqlite3", with_seed=False) as empty:
        bench = Bench(empty.url)
        assert bench.batch.describe_job_queues()["jobQueues"] == []
        bench.batch.create_compute_environment(
            computeEnvironmentName="own",
            type="MANAGED",
            computeResources={"type": "EC2", "maxvCpus": 4, "subnets": ["subnet-1"], "instanceTypes": ["m5.large"]},
        )
        order = [{"order": 1, "computeEnvironment": "own"}]
        bench.batch.create_job_queue(jobQueueName="own-queue", priority=1, computeEnvironmentOrder=order)  # type: ignore[arg-type]
        bench.define()
        assert bench.submit(jobQueue="own-queue")
        bench.close()
