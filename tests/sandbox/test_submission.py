"""What SubmitJob accepts, refuses and makes of a definition."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.bench import Bench


@pytest.fixture(autouse=True)
def _definition(idle_sandbox: Bench) -> None:
    idle_sandbox.define("job", "echo", "Ref::word", "in Ref::word", parameters={"word": "default"})


def test_parameters_replace_whole_words_of_the_command(idle_sandbox: Bench) -> None:
    job = idle_sandbox.describe(idle_sandbox.submit(parameters={"word": "given"}))

    assert job["container"]["command"] == ["echo", "given", "in Ref::word"]
    assert job["parameters"] == {"word": "given"}


def test_overrides_replace_the_command_and_merge_environment_and_sizes(idle_sandbox: Bench) -> None:
    idle_sandbox.define(
        "base", "true", container={"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    )
    override = {
        "command": ["echo", "Ref::word"],
        "environment": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}],
        "resourceRequirements": [{"type": "MEMORY", "value": "256"}],
    }
    job = idle_sandbox.describe(idle_sandbox.submit("base", containerOverrides=override, parameters={"word": "x"}))
    container = job["container"]

    assert container["command"] == ["echo", "x"]
    assert {entry["name"]: entry["value"] for entry in container["environment"]} == {"A": "1", "B": "3", "C": "4"}
    assert {entry["type"]: entry["value"] for entry in container["resourceRequirements"]} == {
        "VCPU": "1",
        "MEMORY": "256",
    }


def test_old_style_sizes_cannot_override_resource_requirements(idle_sandbox: Bench) -> None:
    with pytest.raises(ClientError, match="deprecated key"):
        idle_sandbox.submit(containerOverrides={"memory": 512})

    old = {"resourceRequirements": [], "vcpus": 1, "memory": 128}
    idle_sandbox.define("old", container=old)
    job = idle_sandbox.describe(idle_sandbox.submit("old", containerOverrides={"memory": 512}))
    assert job["container"]["memory"] == 512


@pytest.mark.parametrize(
    ("problem", "change"),
    [
        ("JobQueue nowhere does not exist", {"jobQueue": "nowhere"}),
        ("JobDefinition nothing does not exist", {"jobDefinition": "nothing"}),
    ],
)
def test_submission_refuses_what_does_not_exist_in_aws_words(
    idle_sandbox: Bench, problem: str, change: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match=problem) as refusal:
        idle_sandbox.submit(**{"definition": change.pop("jobDefinition", "job"), **change})

    answer = refusal.value.response
    assert answer["Error"]["Code"] == "ClientException"
    assert answer["Error"]["Message"].startswith("Error executing request, Exception : ")
    assert answer["Error"]["Message"].endswith(f"RequestId: {answer['ResponseMetadata']['RequestId']}")


def test_a_disabled_queue_and_an_inactive_definition_take_no_jobs(idle_sandbox: Bench) -> None:
    idle_sandbox.batch.update_job_queue(jobQueue="ci-job-queue", state="DISABLED")
    with pytest.raises(ClientError, match="DISABLED"):
        idle_sandbox.submit(jobQueue="ci-job-queue")

    arn = idle_sandbox.define("retired")
    idle_sandbox.batch.deregister_job_definition(jobDefinition=arn)
    with pytest.raises(ClientError, match="INACTIVE"):
        idle_sandbox.submit("retired:1")


def test_one_to_one_dependencies_need_arrays_of_one_size(idle_sandbox: Bench) -> None:
    three = idle_sandbox.submit(arrayProperties={"size": 3})
    edge = [{"jobId": three, "type": "N_TO_N"}]
    others: list[dict[str, Any]] = [{}, {"arrayProperties": {"size": 2}}]
    for change in others:
        with pytest.raises(ClientError, match="same size"):
            idle_sandbox.submit(dependsOn=edge, **change)

    assert idle_sandbox.submit(dependsOn=edge, arrayProperties={"size": 3})


def test_tags_of_jobs_are_read_written_and_removed_and_children_have_none(idle_sandbox: Bench) -> None:
    job = idle_sandbox.describe(idle_sandbox.submit(tags={"Department": "Research"}, arrayProperties={"size": 2}))
    arn = job["jobArn"]
    idle_sandbox.batch.tag_resource(resourceArn=arn, tags={"Project": "GenAI"})
    idle_sandbox.batch.untag_resource(resourceArn=arn, tagKeys=["Department"])

    assert idle_sandbox.batch.list_tags_for_resource(resourceArn=arn)["tags"] == {"Project": "GenAI"}
    assert idle_sandbox.describe(f"{job['jobId']}:0")["tags"] == {}
    with pytest.raises(ClientError, match="cannot be tagged"):
        idle_sandbox.batch.tag_resource(resourceArn=f"{arn}:0", tags={"Project": "GenAI"})


@pytest.mark.long
def test_a_new_array_has_its_children_at_once_even_ten_thousand(idle_sandbox: Bench) -> None:
    job_id = idle_sandbox.submit(arrayProperties={"size": 10_000})
    job = idle_sandbox.describe(job_id)

    assert job["arrayProperties"]["size"] == 10_000
    assert job["arrayProperties"]["statusSummary"]["SUBMITTED"] == 10_000
    assert idle_sandbox.describe(f"{job_id}:9999")["arrayProperties"] == {"index": 9999}
