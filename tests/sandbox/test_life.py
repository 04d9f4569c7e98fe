"""Jobs that really run: their states, environment, output, retries and ends."""

import os
import signal
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from jobs.sandbox import Sandbox
from tests.sandbox.bench import Bench

pytestmark = pytest.mark.process


def is_alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_job_walks_through_its_states_and_tells_what_became_of_it(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "state.sqlite3", delay=0.15) as slow:
        bench = Bench(slow.url)
        bench.define("job", "sh", "-c", "echo out; echo err >&2; exit 3")
        job_id = bench.submit(tags={"Project": "GenAI"})
        seen: list[str] = []
        while not seen or seen[-1] not in {"SUCCEEDED", "FAILED"}:
            job = bench.describe(job_id)
            if job["status"] not in seen:
                seen.append(job["status"])
            time.sleep(0.005)
        bench.close()

    assert [state for state in seen if state != "RUNNING"] == ["SUBMITTED", "RUNNABLE", "STARTING", "FAILED"]
    assert job["statusReason"] == "Essential container in task exited"
    assert job["container"]["exitCode"] == 3
    assert job["createdAt"] < job["startedAt"] <= job["stoppedAt"]
    assert job["tags"] == {"Project": "GenAI"}
    (attempt,) = job["attempts"]
    assert attempt["container"]["logStreamName"] == job["container"]["logStreamName"]
    assert attempt["container"]["taskArn"].startswith("arn:aws:ecs:us-west-2:123456789012:task/")
    instance = "arn:aws:ecs:us-west-2:123456789012:container-instance/ec2-general_Batch/"
    assert attempt["container"]["containerInstanceArn"].startswith(instance)
    assert job["container"]["containerInstanceArn"].startswith(instance)


def test_a_job_sees_its_own_environment_and_nothing_of_ours(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "ours")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    environment = [{"name": "EPOCHS", "value": "10"}]
    job = bench.run("env; pwd; ls -A; cat; which python", containerOverrides={"environment": environment})
    lines = bench.output(job)
    variables = dict(line.split("=", 1) for line in lines if "=" in line)

    assert "ours" not in variables.values()
    assert variables["EPOCHS"] == "10"
    assert variables["AWS_BATCH_JOB_ID"] == job["jobId"]
    assert variables["AWS_BATCH_JOB_ATTEMPT"] == "1"
    assert variables["AWS_BATCH_JQ_NAME"] == "cpu-job-queue"
    assert variables["AWS_BATCH_CE_NAME"] == "ec2-general"
    assert "AWS_BATCH_JOB_ARRAY_INDEX" not in variables
    assert variables["HOME"] in lines  # the working folder
    assert not Path(variables["HOME"]).exists()


def test_output_can_be_read_while_the_job_runs(bench: Bench) -> None:
    bench.define("job", "sh", "-c", "echo first; sleep 30")
    job_id = bench.submit()
    job = bench.wait(job_id, lambda job: job["status"] == "RUNNING" and bench.output(job))

    assert bench.output(job) == ["first"]
    bench.batch.terminate_job(jobId=job_id, reason="seen enough")
    bench.wait(job_id)


def test_a_failed_job_is_tried_again_with_a_stream_for_each_attempt(bench: Bench) -> None:
    command = "echo attempt $AWS_BATCH_JOB_ATTEMPT; test $AWS_BATCH_JOB_ATTEMPT = 3"
    job = bench.run(command, retryStrategy={"attempts": 5})
    streams = [attempt["container"]["logStreamName"] for attempt in job["attempts"]]

    assert job["status"] == "SUCCEEDED"
    assert [attempt["container"]["exitCode"] for attempt in job["attempts"]] == [1, 1, 0]
    assert len(set(streams)) == 3
    assert bench.output(job) == ["attempt 3"]


@pytest.mark.parametrize(
    ("exit_code", "attempts"),
    [(7, 3), (8, 1), (9, 1), (10, 3)],
    ids=["retried by rule", "ended by rule", "first rule wins", "no rule matches"],
)
def test_rules_on_exit_codes_decide_about_retries(bench: Bench, exit_code: int, attempts: int) -> None:
    rules: list[dict[str, str]] = [
        {"onExitCode": "7", "action": "retry"},
        {"onExitCode": "8", "onStatusReason": "essential container*", "action": "EXIT"},
        {"onExitCode": "9*", "action": "EXIT"},
        {"onExitCode": "9", "action": "RETRY"},
    ]
    job = bench.run(f"exit {exit_code}", retryStrategy={"attempts": 3, "evaluateOnExit": rules})

    assert (job["status"], len(job["attempts"])) == ("FAILED", attempts)


def test_a_missing_program_fails_to_start_and_leaves_no_log(bench: Bench) -> None:
    bench.define("job", "no-such-program")
    job = bench.wait(bench.submit())

    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert job["container"]["exitCode"] == 127
    assert job["container"]["reason"].startswith("CannotStartContainerError")
    assert "logStreamName" not in job["container"]
    assert "startedAt" not in job


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"image": "docker://busybox"}, "CannotPullContainerError: invalid reference format"),
        ({"image": "<account-id>.dkr.ecr.us-west-2.amazonaws.com/tool"}, "invalid reference format"),
        ({"image": "busybox latest"}, "invalid reference format"),
        (
            {"secrets": [{"name": "A", "valueFrom": "db"}], "executionRoleArn": "arn:aws:iam::123456789012:role/x"},
            "ResourceInitializationError: unable to pull secrets",
        ),
    ],
)
def test_a_container_that_cannot_start_fails_as_on_aws_and_is_tried_again(
    bench: Bench, container: dict[str, Any], reason: str
) -> None:
    bench.define("job", container=container)
    job = bench.wait(bench.submit(retryStrategy={"attempts": 2}))

    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert reason in job["container"]["reason"]
    assert [reason in attempt["container"]["reason"] for attempt in job["attempts"]] == [True, True]
    assert "exitCode" not in job["container"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"secrets": [{"name": "A", "valueFrom": "/prod/db"}]},
            "you must also specify a value for 'executionRoleArn'",
        ),
        ({"environment": [{"name": "A", "value": "x" * 9000}]}, ""),
    ],
)
def test_a_job_for_which_no_task_can_be_made_fails_without_an_attempt(
    bench: Bench, change: dict[str, Any], reason: str
) -> None:
    bench.define("job", container=change)
    override: dict[str, Any] = (
        {} if reason else {"containerOverrides": {"environment": [{"name": "B", "value": "x" * 8200}]}}
    )
    job = bench.wait(bench.submit(**override))

    assert job["status"] == "FAILED"
    assert (reason or "Container Overrides length must be at most 8192") in job["statusReason"]
    assert job["attempts"] == []


def test_terminating_ends_the_whole_process_group_even_children_that_ignore_sigterm(bench: Bench) -> None:
    bench.define("job", "sh", "-c", "sh -c 'trap \"\" TERM; echo child $$; sleep 60; sleep 60' & echo main $$; wait")
    job_id = bench.submit()
    job = bench.wait(job_id, lambda job: job["status"] == "RUNNING" and len(bench.output(job)) == 2)
    pids = [int(line.split()[1]) for line in bench.output(job)]
    assert all(is_alive(pid) for pid in pids)

    bench.batch.terminate_job(jobId=job_id, reason="changed my mind")
    job = bench.wait(job_id)

    assert (job["status"], job["statusReason"]) == ("FAILED", "changed my mind")
    assert job["isTerminated"]
    assert not job["isCancelled"]
    assert job["container"]["exitCode"] == 143
    assert not any(is_alive(pid) for pid in pids)


def test_a_job_has_not_ended_before_the_last_of_its_processes_is_gone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    killpg = os.killpg

    def slow(group: int, number: int) -> None:
        """A busy machine: the signal is taken at once, and carried out later."""
        killpg(group, 0)
        if number == signal.SIGKILL:
            threading.Timer(0.3, killpg, (group, number)).start()

    monkeypatch.setattr(os, "killpg", slow)
    job = bench.run("sleep 60 & echo $!")

    assert job["status"] == "SUCCEEDED"
    assert not is_alive(int(bench.output(job)[0]))


def test_a_process_that_ignores_sigterm_is_killed_after_three_seconds(bench: Bench) -> None:
    bench.define(
        *("job", "python", "-u", "-c"),
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf'); time.sleep(60)",
    )
    job_id = bench.submit(retryStrategy={"attempts": 2})
    bench.wait(job_id, lambda job: job["status"] == "RUNNING" and bench.output(job))
    bench.batch.terminate_job(jobId=job_id, reason="stop")
    job = bench.wait(job_id)

    assert job["container"]["exitCode"] == 137
    assert len(job["attempts"]) == 1


def test_a_job_that_takes_too_long_is_ended_and_not_tried_again(bench: Bench) -> None:
    job = bench.run("sleep 60", timeout={"attemptDurationSeconds": 1}, retryStrategy={"attempts": 3})

    assert (job["status"], job["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")
    assert len(job["attempts"]) == 1


def test_cancelling_does_nothing_to_a_running_job_and_ends_a_waiting_one(bench: Bench) -> None:
    bench.define("job", "sleep", "3")
    running = bench.submit()
    waiting = bench.submit(dependsOn=[{"jobId": running}])
    bench.wait_for(running, "RUNNING")
    for job_id in (running, waiting):
        bench.batch.cancel_job(jobId=job_id, reason="no longer needed")
    cancelled, ran = bench.wait(waiting), bench.wait(running)

    assert (ran["status"], ran["isCancelled"]) == ("SUCCEEDED", False)
    assert (cancelled["status"], cancelled["statusReason"]) == ("FAILED", "no longer needed")
    assert cancelled["isCancelled"]
    assert cancelled["attempts"] == []


def test_a_failure_takes_a_long_chain_of_dependents_with_it(bench: Bench) -> None:
    bench.define("job", "sh", "-c", "sleep 0.6; exit 1")
    ids = [bench.submit()]
    for number in range(150):
        # As the guide writes it: SEQUENTIAL with a job id, which means no more than the id alone.
        ids.append(bench.submit(jobName=f"link-{number}", dependsOn=[{"jobId": ids[-1], "type": "SEQUENTIAL"}]))
    last = bench.wait(ids[-1])

    assert (last["status"], last["statusReason"]) == ("FAILED", "Dependent Job failed")
    assert last["attempts"] == []
    assert "startedAt" not in last


def test_an_array_runs_a_child_for_each_index_and_one_failure_fails_it(bench: Bench) -> None:
    bench.define("job", "sh", "-c", "echo index $AWS_BATCH_JOB_ARRAY_INDEX; test $AWS_BATCH_JOB_ARRAY_INDEX != 2")
    job_id = bench.submit(arrayProperties={"size": 4})
    states: set[str] = set()
    while not states & {"SUCCEEDED", "FAILED"}:
        parent = bench.describe(job_id)
        states.add(parent["status"])
    children = [bench.describe(f"{job_id}:{place}") for place in range(4)]

    assert states <= {"SUBMITTED", "PENDING", "FAILED"}
    assert parent["statusReason"] == "Array Child Job failed"
    assert Counter(child["status"] for child in children) == {"SUCCEEDED": 3, "FAILED": 1}
    assert parent["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 3
    assert [bench.output(child) for child in children] == [[f"index {place}"] for place in range(4)]


def test_children_of_a_sequential_array_run_one_after_the_other(bench: Bench) -> None:
    bench.define("job", "sleep", "0.1")
    job_id = bench.submit(arrayProperties={"size": 3}, dependsOn=[{"type": "SEQUENTIAL"}])
    assert bench.wait(job_id)["status"] == "SUCCEEDED"
    children = [bench.describe(f"{job_id}:{place}") for place in range(3)]

    for earlier, later in pairwise(children):
        assert earlier["stoppedAt"] <= later["startedAt"]


def test_children_of_two_arrays_wait_for_each_other_one_to_one(bench: Bench) -> None:
    bench.define("first", "sh", "-c", "sleep 0.$AWS_BATCH_JOB_ARRAY_INDEX; test $AWS_BATCH_JOB_ARRAY_INDEX != 3")
    bench.define("second", "true")
    first = bench.submit("first", arrayProperties={"size": 4})
    second = bench.submit("second", arrayProperties={"size": 4}, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
    bench.wait(first)
    parent = bench.wait(second)

    assert parent["status"] == "FAILED"
    for place in range(3):
        assert bench.describe(f"{second}:{place}")["startedAt"] >= bench.describe(f"{first}:{place}")["stoppedAt"]
    assert bench.describe(f"{second}:3")["statusReason"] == "Dependent Job failed"


def test_terminating_an_array_ends_all_its_children(bench: Bench) -> None:
    bench.define("job", "sleep", "60")
    job_id = bench.submit(arrayProperties={"size": 20})
    bench.wait_for(f"{job_id}:0", "RUNNING")
    bench.batch.terminate_job(jobId=job_id, reason="enough")
    parent = bench.wait(job_id)

    assert (parent["status"], parent["statusReason"], parent["isTerminated"]) == ("FAILED", "enough", True)
    assert parent["arrayProperties"]["statusSummary"]["FAILED"] == 20
    assert bench.describe(f"{job_id}:19")["statusReason"] == "enough"


def test_a_job_waits_for_room_in_its_environment_in_order(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "state.sqlite3", delay=0.02, vcpus=2) as small:
        bench = Bench(small.url)
        bench.define("job", "sleep", "3", container={"vcpus": 2, "memory": 128, "resourceRequirements": []})
        first, second = bench.submit(), bench.submit()
        bench.wait_for(first, "RUNNING")
        assert bench.describe(second)["status"] in {"SUBMITTED", "RUNNABLE"}
        snapshot = bench.wait(second, lambda _: bool(_front(bench)))
        assert snapshot["jobArn"] in _front(bench)
        assert bench.wait(second)["startedAt"] >= bench.wait(first)["stoppedAt"]
        bench.close()


def _front(bench: Bench) -> list[str]:
    front = bench.batch.get_job_queue_snapshot(jobQueue="cpu-job-queue")["frontOfQueue"]["jobs"]
    return [job["jobArn"] for job in front]


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        ({"VCPU": "17", "MEMORY": "128"}, "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - "),
        ({"VCPU": "1", "MEMORY": "128", "GPU": "1"}, "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - "),
        ({"VCPU": "4", "MEMORY": "126000"}, "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - "),
    ],
)
def test_a_job_that_can_never_start_says_why_and_lets_others_pass(
    bench: Bench, needs: dict[str, str], reason: str
) -> None:
    sizes = [{"type": kind, "value": value} for kind, value in needs.items()]
    bench.define("large", "true", container={"resourceRequirements": sizes})
    bench.define("small", "true")
    large = bench.submit("large")
    job = bench.wait(large, lambda job: bool(job.get("statusReason")))

    assert job["status"] == "RUNNABLE"
    assert job["statusReason"].startswith(reason)
    assert bench.wait(bench.submit("small"))["status"] == "SUCCEEDED"
    bench.batch.terminate_job(jobId=large, reason="too large")
    assert bench.wait(large)["statusReason"] == "too large"


def test_what_a_job_leaves_behind_ends_with_it(bench: Bench) -> None:
    job = bench.run("sleep 60 & echo $!")
    (pid,) = bench.output(job)

    assert job["status"] == "SUCCEEDED"
    assert not is_alive(int(pid))


def test_jobs_run_at_the_same_time_but_no_more_than_the_machine_is_told_to_bear(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "state.sqlite3", delay=0, processes=3) as narrow:
        bench = Bench(narrow.url)
        bench.define("job", "sleep", "1")
        job_id = bench.submit(arrayProperties={"size": 9})
        bench.wait(job_id)
        spans = [bench.describe(f"{job_id}:{place}") for place in range(9)]
        bench.close()

    at_once = [
        sum(1 for other in spans if other["startedAt"] <= job["startedAt"] < other["stoppedAt"]) for job in spans
    ]
    assert max(at_once) == 3


def test_a_long_array_ends_without_recursion(bench: Bench) -> None:
    bench.define("job", "false")
    job_id = bench.submit(arrayProperties={"size": 3000}, dependsOn=[{"type": "SEQUENTIAL"}])
    parent = bench.wait(job_id)

    assert parent["arrayProperties"]["statusSummary"]["FAILED"] == 3000
