"""The guide's documents, accepted by the sandbox and by moto: what both answer has the same shape.

Moto is another's reading of the same service. It ignores most filters, knows no throttling and runs no image, so it
is asked only what both should agree on.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.sandbox.bench import Bench

SEEDS = Path(__file__).parent.parent / "seeds"
REGION = "us-west-2"
QUEUES = ("ml-training-queue", "gpu-job-queue", "cpu-job-queue", "ci-job-queue", "finance-team-queue")


def seed(name: str) -> Any:
    return json.loads(re.sub(r"\s#.*", "", (SEEDS / name).read_text()))


def definitions() -> list[Any]:
    """The guide's own, with what it forgot, and plain ones for the names that its submissions use."""
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]
    processor = {"type": "container", **seed("s3-data-processor.json")}
    processor["containerProperties"]["resourceRequirements"] = sizes
    plain = [
        {
            "jobDefinitionName": name,
            "type": "container",
            "containerProperties": {"image": "busybox", "command": ["true"], "resourceRequirements": sizes},
        }
        for name in ("data-preprocessing", "model-training", "model-evaluation", "ci-test-job", "risk-analysis")
    ]
    return [seed("my-job-definition.json"), processor, *plain]


def with_queues(batch: Any) -> Any:
    """Moto's Batch has nothing at first: the queues of the guide, on one environment."""
    iam: Any = boto3.client("iam", REGION)
    role = iam.create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    batch.create_compute_environment(computeEnvironmentName="general", type="UNMANAGED", serviceRole=role)
    for name in QUEUES:
        order = [{"order": 1, "computeEnvironment": "general"}]
        batch.create_job_queue(jobQueueName=name, state="ENABLED", priority=1, computeEnvironmentOrder=order)
    return batch


def submissions() -> list[Any]:
    return [seed(name) for name in ("my-job-submission.json", "ci-job-submission.json", "finance-team-job.json")]


def run_the_guide(batch: Any) -> dict[str, Any]:
    """Register, submit and describe all of it; the answers by what was asked."""
    answers: dict[str, Any] = {}
    for document in definitions():
        answers[f"register {document['jobDefinitionName']}"] = batch.register_job_definition(**document)
    for document in submissions():
        answers[f"submit {document['jobName']}"] = batch.submit_job(**document)
    ids: dict[str, str] = {}
    for document in seed("workflow-jobs.json")["jobs"]:
        document["dependsOn"] = [{"jobId": ids[edge["jobId"].strip("${}")]} for edge in document.get("dependsOn", ())]
        answer = batch.submit_job(**document)
        ids[document["jobName"]] = answer["jobId"]
        answers[f"submit {document['jobName']}"] = answer
    for what, answer in list(answers.items()):
        if what.startswith("submit"):
            (answers[f"describe{what.removeprefix('submit')}"],) = batch.describe_jobs(jobs=[answer["jobId"]])["jobs"]
    return answers


@pytest.fixture(scope="module")
def moto_answers() -> Iterator[dict[str, Any]]:
    with mock_aws(config={"batch": {"use_docker": False}}):
        yield run_the_guide(with_queues(boto3.client("batch", REGION)))


@pytest.fixture(scope="module")
def sandbox_answers(idle_sandbox: Bench) -> dict[str, Any]:
    return run_the_guide(idle_sandbox.batch)


@pytest.mark.long
def test_both_accept_the_guide_and_answer_in_the_same_shape(
    moto_answers: dict[str, Any], sandbox_answers: dict[str, Any]
) -> None:
    assert sandbox_answers.keys() == moto_answers.keys()
    for what, answer in sandbox_answers.items():
        named = ("jobDefinitionName", "revision") if what.startswith("register") else ("jobName",)
        assert [answer[key] for key in named] == [moto_answers[what][key] for key in named], what
        if not what.startswith("describe"):
            assert answer.keys() == moto_answers[what].keys(), what


@pytest.mark.long
def test_what_both_describe_of_a_job_is_of_the_same_kind(
    moto_answers: dict[str, Any], sandbox_answers: dict[str, Any]
) -> None:
    for what in (what for what in sandbox_answers if what.startswith("describe")):
        mine, other = sandbox_answers[what], moto_answers[what]
        shared = mine.keys() & other.keys()

        assert {"jobId", "jobName", "jobQueue", "jobDefinition", "status", "createdAt", "container"} <= shared, what
        assert [(key, type(mine[key])) for key in shared] == [(key, type(other[key])) for key in shared], what
        assert environment(mine) == environment(other), what
        assert arn_kind(mine["jobQueue"]) == arn_kind(other["jobQueue"]), what


def environment(job: Any) -> set[tuple[str, str]]:
    """What was asked for, without what moto adds."""
    given = {entry["name"]: entry["value"] for entry in job["container"]["environment"]}
    return {(name, value) for name, value in given.items() if not name.startswith("AWS_")}


def arn_kind(arn: str) -> tuple[str, ...]:
    """All of an ARN but its account."""
    parts = arn.split(":")
    return (*parts[:4], *parts[5:])
