"""What the portal reads of a described job: of a container, a task of several, a pod, a multi-node job."""

from typing import Any

import pytest

from jobs.aws.batch import Observation, parse_observation
from jobs.aws.response_reader import ResponseReader

BASE = {"jobId": "j", "status": "FAILED", "attempts": []}
END = {"startedAt": 1000, "stoppedAt": 2000, "statusReason": "Essential container in task exited"}


def observe(**members: Any) -> Observation:
    return parse_observation(ResponseReader({**BASE, **members}))


def task_job(main: dict[str, Any], side: dict[str, Any], **of_side: Any) -> Observation:
    """A task whose attempt ended as given, with a side container."""
    containers = [
        {"name": "side", "essential": False, **of_side, **side},
        {"name": "main", "essential": True, **main},
    ]
    ends = [{"name": "side", **side}, {"name": "main", **main}]
    return observe(
        container={},
        ecsProperties={"taskProperties": [{"containers": containers, "taskArn": "arn:task"}]},
        attempts=[{**END, "taskProperties": [{"containers": ends, "taskArn": "arn:task"}]}],
    )


@pytest.mark.parametrize(
    ("main", "side", "exit_code"),
    [
        ({"exitCode": 0, "logStreamName": "main"}, {"exitCode": 143, "logStreamName": "side"}, 0),
        ({"exitCode": 3, "logStreamName": "main"}, {"exitCode": 0, "logStreamName": "side"}, 3),
    ],
)
def test_a_task_ends_as_its_essential_container(main: dict[str, Any], side: dict[str, Any], exit_code: int) -> None:
    job = task_job(main, side)
    (attempt,) = job.attempts

    assert (job.exit_code, job.log_stream, job.task_arn, job.finished_attempts) == (exit_code, "main", "arn:task", 1)
    assert (attempt.exit_code, attempt.log_stream, attempt.task_arn) == (exit_code, "main", "arn:task")


def test_the_essential_container_that_failed_is_the_one_that_is_shown() -> None:
    job = task_job({"exitCode": 0}, {"exitCode": 5, "reason": "out of memory"}, essential=True)

    assert (job.exit_code, job.container_reason) == (5, "out of memory")


def test_a_pod_has_its_attempts_and_exit_codes_from_its_containers() -> None:
    ends = {"initContainers": [{"name": "prepare", "exitCode": 0}], "containers": [{"name": "main", "exitCode": 3}]}
    job = observe(eksProperties={"podProperties": ends}, eksAttempts=[{**END, **ends}, {**END, **ends}])

    assert (job.exit_code, job.finished_attempts) == (3, 2)
    assert [(attempt.exit_code, attempt.log_stream) for attempt in job.attempts] == [(3, ""), (3, "")]
    assert job.attempts[0].stopped_at is not None


def test_a_failed_init_container_is_the_end_of_its_pod() -> None:
    ends = {"initContainers": [{"name": "prepare", "exitCode": 2}], "containers": [{"name": "main"}]}

    assert observe(eksProperties={"podProperties": ends}, eksAttempts=[{**END, **ends}]).exit_code == 2


def test_a_job_of_nodes_ends_as_its_main_node_did() -> None:
    job = observe(
        nodeProperties={"numNodes": 2}, attempts=[{**END, "container": {"exitCode": 4, "logStreamName": "main"}}]
    )

    assert (job.exit_code, job.log_stream, job.finished_attempts) == (4, "main", 1)


@pytest.mark.parametrize(
    "members",
    [
        {"ecsProperties": {"taskProperties": "none"}},
        {"ecsProperties": {"taskProperties": [{"containers": [3]}]}},
        {"eksProperties": {"podProperties": []}, "eksAttempts": [{"containers": {}}]},
    ],
)
def test_malformed_tasks_and_pods_are_read_as_empty(members: dict[str, Any]) -> None:
    job = observe(**members)

    assert (job.exit_code, job.log_stream) == (None, "")
