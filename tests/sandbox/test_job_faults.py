"""Jobs that fail or wait in the sandbox as in AWS, and what the portal makes of each."""

from collections.abc import Iterator
from typing import Any

import pytest

from jobs.aws.batch import parse_observation
from jobs.aws.response_reader import ResponseReader
from jobs.causes import Cause, FailureFacts, explain_failure
from jobs.sandbox import Sandbox
from jobs.sandbox.faults import FaultPlan, FaultPlanError
from tests.sandbox.bench import Bench

FAULTS = {
    "image-not-found": (Cause.IMAGE_NOT_FOUND, "The image couldn't be pulled: the registry has no such image."),
    "image-denied": (Cause.IMAGE_NOT_PERMITTED, "The image couldn't be pulled: the registry denied access."),
    "image-unreachable": (
        Cause.IMAGE_UNREACHABLE,
        "The image couldn't be pulled: the registry wasn't reachable from the job's subnet.",
    ),
    "network-broken": (
        Cause.IMAGE_UNREACHABLE,
        "The image couldn't be pulled: the registry wasn't reachable from the job's subnet.",
    ),
    "log-group-missing": (
        Cause.LOG_GROUP_MISSING,
        "The container couldn't start: its log group doesn't exist.",
    ),
    "secret-denied": (Cause.SECRET_UNAVAILABLE, "The container couldn't start: a secret couldn't be read."),
    "role-denied": (Cause.ROLE_NOT_ASSUMABLE, "AWS couldn't assume the role of the job definition."),
    "out-of-memory": (Cause.OUT_OF_MEMORY, "Out of memory: the container needed more than it requested."),
    "host-terminated": (Cause.HOST_TERMINATED, "The job's host was terminated."),
    "spot-interrupted": (Cause.SPOT_RECLAIMED, "AWS reclaimed the job's Spot capacity."),
}
OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any], Cause, str]] = {
    "exit-3": ({}, {"command": ["sh", "-c", "exit 3"]}, Cause.APPLICATION_ERROR,
               "Failed with exit code 3: application error."),
    "exit-127": ({}, {"command": ["sh", "-c", "no-such-tool"]}, Cause.COMMAND_NOT_FOUND,
                 "The command wasn't found in the image (exit code 127)."),
    "no-command": ({}, {"command": ["no-such-tool"]}, Cause.COMMAND_NOT_FOUND,
                   "The command wasn't found in the image (exit code 127)."),
    "not-executable": ({}, {"command": ["sh", "-c", "echo > f; ./f"]}, Cause.NOT_EXECUTABLE,
                       "The command isn't executable (exit code 126)."),
    "segfault": ({}, {"command": ["sh", "-c", "kill -SEGV $$"]}, Cause.SIGNAL,
                 "Failed with exit code 139: segmentation fault (SIGSEGV)."),
    "killed": ({}, {"command": ["sh", "-c", "kill -KILL $$"]}, Cause.OUT_OF_MEMORY,
               "Killed with exit code 137, probably because the container needed more than it requested."),
    "timeout": ({"timeout": {"attemptDurationSeconds": 1}}, {"command": ["sleep", "60"]}, Cause.TIME_LIMIT,
                "The job was stopped at its time limit."),
    "bad-image": ({}, {"image": "Bad Image"}, Cause.IMAGE_NAME_INVALID,
                  "The image couldn't be pulled: its name is invalid."),
    "long-overrides": ({}, {}, Cause.OVERRIDES_TOO_LONG,
                       "The job's command and environment variables are too long."),
}  # fmt: skip


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    state = tmp_path_factory.mktemp("faulty") / "state.sqlite3"
    with Sandbox(state, delay=0.02, min_timeout_seconds=1, faults_api=True) as running:
        bench = Bench(running.url)
        yield bench
        bench.close()


@pytest.fixture(scope="module")
def failures(faulty: Bench) -> dict[str, Any]:
    """One job for each way to fail; all run side by side."""
    faulty.plan(jobs=[{"does": name, "image": f"{name}:*"} for name in FAULTS])
    for name in FAULTS:
        faulty.define(name, "sleep", "60", container={"image": f"{name}:1"})
    for name, (fields, container, _, _) in OTHERS.items():
        faulty.define(name, container=container, **fields)
    long_value = {"environment": [{"name": "TEXT", "value": "x" * 9000}]}
    more: dict[str, Any] = {"long-overrides": {"containerOverrides": long_value}}
    ids = {name: faulty.submit(name, **more.get(name, {})) for name in (*FAULTS, *OTHERS)}
    return {name: faulty.wait(job_id) for name, job_id in ids.items()}


EXPECTED = FAULTS | {name: (cause, sentence) for name, (_, _, cause, sentence) in OTHERS.items()}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_failure_of_the_sandbox_has_the_cause_that_aws_would_give_it(failures: dict[str, Any], name: str) -> None:
    observation = parse_observation(ResponseReader(failures[name]))
    facts = FailureFacts(
        exit_code=observation.exit_code,
        status_reason=observation.status_reason,
        container_reason=observation.container_reason,
    )
    explanation = explain_failure(facts)

    assert failures[name]["status"] == "FAILED"
    assert (explanation.cause, explanation.sentence) == EXPECTED[name]


def test_a_blocked_queue_starts_no_job_and_gives_its_first_one_the_reason(faulty: Bench) -> None:
    reason = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested."
    faulty.plan(queues=[{"queue": "cpu-*", "reason": reason}])
    faulty.define("quick", "true")
    first, second = faulty.submit("quick"), faulty.submit("quick")
    blocked = faulty.wait(first, lambda job: job.get("statusReason"))

    assert (blocked["status"], blocked["statusReason"]) == ("RUNNABLE", reason)
    assert "statusReason" not in faulty.wait_for(second, "RUNNABLE")
    front = faulty.batch.get_job_queue_snapshot(jobQueue="cpu-job-queue")["frontOfQueue"]["jobs"]
    assert [job["jobArn"].rpartition("/")[2] for job in front] == [first, second]

    faulty.plan()
    assert {faulty.wait(job)["status"] for job in (first, second)} == {"SUCCEEDED"}


def test_a_queue_without_an_enabled_environment_starts_no_job_and_gives_no_reason(faulty: Bench) -> None:
    queue = faulty.batch.describe_job_queues(jobQueues=["cpu-job-queue"])["jobQueues"][0]
    (entry,) = queue["computeEnvironmentOrder"]
    faulty.batch.update_compute_environment(computeEnvironment=entry["computeEnvironment"], state="DISABLED")
    faulty.define("quick", "true")
    job_id = faulty.submit("quick")
    faulty.wait(
        job_id, lambda _: faulty.batch.get_job_queue_snapshot(jobQueue="cpu-job-queue")["frontOfQueue"]["jobs"]
    )

    assert "statusReason" not in faulty.describe(job_id)
    faulty.batch.update_compute_environment(computeEnvironment=entry["computeEnvironment"], state="ENABLED")
    assert faulty.wait(job_id)["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"jobs": [{"does": "sulk"}]}, "plan.jobs[0].does is one of image-not-found"),
        ({"jobs": [{"does": "out-of-memory", "image": 5}]}, "plan.jobs[0].image is a text"),
        ({"queues": [{}]}, "plan.queues[0].reason is the text that AWS Batch gives"),
        ({"queues": {}}, "plan.queues is a list"),
    ],
)
def test_a_plan_that_can_not_be_read_says_where(plan: dict[str, Any], message: str) -> None:
    with pytest.raises(FaultPlanError, match=message.replace("[", r"\[").replace("]", r"\]")):
        FaultPlan.parse(plan)
