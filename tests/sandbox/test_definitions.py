"""Job definitions in the sandbox, and the limits AWS puts on them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.bench import Bench

FARGATE_SIZES = [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}]


def fargate(**container: Any) -> dict[str, Any]:
    """A valid definition for Fargate, with changes."""
    return {
        "platformCapabilities": ["FARGATE"],
        "container": {
            "executionRoleArn": "arn:aws:iam::123456789012:role/Execution",
            "resourceRequirements": FARGATE_SIZES,
            **container,
        },
    }


def test_each_registration_is_a_revision_and_a_bare_name_is_the_newest_active_one(idle_sandbox: Bench) -> None:
    first, second = idle_sandbox.define("numbered"), idle_sandbox.define("numbered")
    assert [first[-2:], second[-2:]] == [":1", ":2"]

    idle_sandbox.batch.deregister_job_definition(jobDefinition="numbered:2")
    job = idle_sandbox.describe(idle_sandbox.submit("numbered"))

    assert job["jobDefinition"] == first
    assert idle_sandbox.define("numbered").endswith(":3")


def test_definitions_are_found_by_name_revision_arn_and_status(idle_sandbox: Bench) -> None:
    arns = [idle_sandbox.define("found") for _ in range(3)]
    idle_sandbox.batch.deregister_job_definition(jobDefinition=arns[0])

    def revisions(**filters: Any) -> list[int]:
        definitions = idle_sandbox.batch.describe_job_definitions(**filters)["jobDefinitions"]
        return [definition["revision"] for definition in definitions]

    assert revisions(jobDefinitionName="found") == [1, 2, 3]
    assert revisions(jobDefinitionName="found", status="ACTIVE") == [2, 3]
    assert revisions(jobDefinitions=["found:2", arns[2], "nowhere:1"]) == [2, 3]
    assert revisions(jobDefinitionName="nowhere") == []


def test_definitions_come_in_pages(idle_sandbox: Bench) -> None:
    for _ in range(5):
        idle_sandbox.define("paged")
    pages = idle_sandbox.batch.get_paginator("describe_job_definitions").paginate(
        jobDefinitionName="paged", PaginationConfig={"PageSize": 2}
    )

    assert [len(page["jobDefinitions"]) for page in pages] == [2, 2, 1]


def test_the_guides_definition_without_sizes_is_refused(idle_sandbox: Bench) -> None:
    def register(*sizes: dict[str, str]) -> None:
        container: Any = {"image": "data-processor:latest", "resourceRequirements": list(sizes)}
        idle_sandbox.batch.register_job_definition(
            jobDefinitionName="s3-data-processor", type="container", containerProperties=container
        )

    vcpus, memory = {"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}
    with pytest.raises(ClientError, match=r"vCPU is not provided\."):
        register()
    with pytest.raises(ClientError, match=r"vCPU is not provided\."):
        register(memory)
    with pytest.raises(ClientError, match=r"Memory is not provided\."):
        register(vcpus)
    register(vcpus, memory)


def test_a_node_may_have_its_sizes_from_another_of_its_ranges(idle_sandbox: Bench) -> None:
    bare: Any = {"image": "busybox", "command": ["true"]}
    for outer, is_registered in ((sized(), True), (bare, False)):
        ranges: Any = [{"targetNodes": "0:3", "container": outer}, {"targetNodes": "1:2", "container": bare}]
        nodes: Any = {"numNodes": 4, "mainNode": 0, "nodeRangeProperties": ranges}
        if is_registered:
            idle_sandbox.batch.register_job_definition(
                jobDefinitionName="nested", type="multinode", nodeProperties=nodes
            )
            assert idle_sandbox.submit("nested")
            continue
        with pytest.raises(ClientError, match="vCPU is not provided"):
            idle_sandbox.batch.register_job_definition(
                jobDefinitionName="nested", type="multinode", nodeProperties=nodes
            )


def test_a_refusal_is_one_of_the_client_with_status_400(idle_sandbox: Bench) -> None:
    with pytest.raises(ClientError, match="enum value set") as refusal:
        idle_sandbox.define("wrong", container={"resourceRequirements": [{"type": "TPU", "value": "1"}]})

    assert refusal.value.response["Error"]["Code"] == "ClientException"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_fargate_definition_with_a_valid_pair_registers(idle_sandbox: Bench) -> None:
    idle_sandbox.define("fargate-ok", **fargate())
    (answer,) = idle_sandbox.batch.describe_job_definitions(jobDefinitionName="fargate-ok")["jobDefinitions"]

    assert answer["containerProperties"]["fargatePlatformConfiguration"] == {"platformVersion": "LATEST"}
    assert answer["containerProperties"]["networkConfiguration"] == {"assignPublicIp": "DISABLED"}


def sized(**container: Any) -> dict[str, Any]:
    """A container of a task."""
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]
    return {"image": "busybox", "resourceRequirements": sizes, **container}


def test_defaults_are_filled_in_as_aws_describes_them(idle_sandbox: Bench) -> None:
    rules: Any = [{"onExitCode": "1", "action": "EXIT"}]
    logs = {"logDriver": "awslogs"}
    idle_sandbox.define("plain", container={"logConfiguration": logs}, retryStrategy={"attempts": 2})
    sizes: Any = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]
    idle_sandbox.batch.register_job_definition(
        jobDefinitionName="task",
        type="container",
        ecsProperties={"taskProperties": [{"containers": [{"image": "busybox", "resourceRequirements": sizes}]}]},
        retryStrategy={"attempts": 2, "evaluateOnExit": rules},
    )
    plain, task = (
        idle_sandbox.batch.describe_job_definitions(jobDefinitionName=name)["jobDefinitions"][0]
        for name in ("plain", "task")
    )

    assert (plain["platformCapabilities"], plain["propagateTags"], plain["tags"]) == (["EC2"], False, {})
    assert plain["retryStrategy"] == {"attempts": 2, "evaluateOnExit": []}
    container = plain["containerProperties"]
    assert container["logConfiguration"] == {"logDriver": "awslogs", "options": {}, "secretOptions": []}
    assert [container[key] for key in ("volumes", "mountPoints", "secrets", "ulimits")] == [[], [], [], []]
    assert task["retryStrategy"]["evaluateOnExit"] == [{"onExitCode": "1", "action": "exit"}]
    (only,) = task["ecsProperties"]["taskProperties"]
    assert only["volumes"] == []
    assert (only["containers"][0]["essential"], only["containers"][0]["dependsOn"]) == (True, [])


def test_type_and_exactly_one_block_of_properties_are_needed(idle_sandbox: Bench) -> None:
    with pytest.raises(ClientError, match="Exactly one"):
        idle_sandbox.batch.register_job_definition(jobDefinitionName="empty", type="container")
    with pytest.raises(ClientError, match="enum value set"):
        idle_sandbox.batch.register_job_definition(
            jobDefinitionName="shouting",
            type="CONTAINER",  # type: ignore[arg-type]
            containerProperties={"image": "busybox"},
        )


def test_accounts_and_regions_do_not_see_each_others_definitions(idle_sandbox: Bench) -> None:
    idle_sandbox.define("mine")
    elsewhere = Bench(idle_sandbox.batch.meta.endpoint_url, region="eu-west-1")
    keys = idle_sandbox.sts.assume_role(RoleArn="arn:aws:iam::210987654321:role/Portal", RoleSessionName="portal")
    other = Bench(idle_sandbox.batch.meta.endpoint_url, key=keys["Credentials"]["AccessKeyId"])
    try:
        assert other.sts.get_caller_identity()["Account"] == "210987654321"
        for stranger in (elsewhere, other):
            assert not stranger.batch.describe_job_definitions(jobDefinitionName="mine")["jobDefinitions"]
            assert not stranger.batch.describe_job_queues()["jobQueues"]
    finally:
        elsewhere.close()
        other.close()
