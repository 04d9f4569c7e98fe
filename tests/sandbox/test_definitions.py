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


EFS = {"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}


def windows(architecture: str = "X86_64", **container: Any) -> dict[str, Any]:
    """A definition for Windows on Fargate, with changes."""
    runtime = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": architecture}
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    return fargate(runtimePlatform=runtime, resourceRequirements=sizes, **container)


def iam_file_system() -> dict[str, Any]:
    """IAM authorization without a job role."""
    authorization = {"authorizationConfig": {"iam": "ENABLED"}, "transitEncryption": "ENABLED"}
    return {"efsVolumeConfiguration": {"fileSystemId": "fs-1", **authorization}}


def access_point_file_system() -> dict[str, Any]:
    """An access point without encryption."""
    return {"efsVolumeConfiguration": {"fileSystemId": "fs-1", "authorizationConfig": {"accessPointId": "fsap-1"}}}


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

    def revisions(**wanted: Any) -> list[int]:
        found = idle_sandbox.batch.describe_job_definitions(**wanted)["jobDefinitions"]
        return [definition["revision"] for definition in found]

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


@pytest.mark.parametrize(
    ("problem", "change"),
    [
        ("valid pattern", {"name": "a b"}),
        ("image", {"container": {"image": ""}}),
        ("AWS_BATCH", {"container": {"environment": [{"name": "AWS_BATCH_X", "value": "1"}]}}),
        ("vcpus is not applicable for Fargate", fargate(vcpus=1)),
        ("whole number", {"container": {"resourceRequirements": [{"type": "VCPU", "value": "0.5"}]}}),
        ("enum value set", {"container": {"resourceRequirements": [{"type": "TPU", "value": "1"}]}}),
        ("enum value set", {"platformCapabilities": ["fargate"]}),
        ("not applicable for EC2", {"container": {"networkConfiguration": {"assignPublicIp": "ENABLED"}}}),
        ("between 1 and 10", {"retryStrategy": {"attempts": 11}}),
        ("must be provided", {"retryStrategy": {"evaluateOnExit": [{"action": "EXIT", "onExitCode": "1"}]}}),
        ("RETRY or EXIT", {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"action": "STOP"}]}}),
        ("at least 60", {"timeout": {"attemptDurationSeconds": 59}}),
        ("at most 50 tags", {"tags": {f"k{number}": "v" for number in range(51)}}),
        ("prefix aws:", {"tags": {"AWS:team": "x"}}),
        ("1 to 128", {"tags": {"k" * 129: "x"}}),
        ("at most 256", {"tags": {"k": "x" * 257}}),
        ("size must be less than 24 KiB, got 25 KiB", {"container": {"command": ["x" * 25_000]}}),
        (r"jobRoleArn batch-exec is not an iam role arn", {"container": {"jobRoleArn": "batch-exec"}}),
        ("is not an iam role arn", {"container": {"executionRoleArn": "arn:aws:iam::<account-id>:role/BatchRole"}}),
        ("is not an iam role arn", fargate(jobRoleArn="arn:aws:iam::123456789012:user/BatchRole")),
        (r"User '\$\(id -u\):\$\(id -g\)' does not match regex", {"container": {"user": "$(id -u):$(id -g)"}}),
        ("does not match regex", {"container": {"user": "Root"}}),
        ("does not match regex", {"container": {"user": "a:b:c"}}),
        ("RetryAttempts must be provided", {"retryStrategy": {}}),
        ("Ulimit name 'files'", {"container": {"ulimits": [{"name": "files", "softLimit": 1, "hardLimit": 1}]}}),
        ("at most the hard", {"container": {"ulimits": [{"name": "nofile", "softLimit": 2, "hardLimit": 1}]}}),
        ("at most the hard", {"container": {"ulimits": [{"name": "nofile", "softLimit": -1, "hardLimit": 1}]}}),
        (
            "mount option 'fast'",
            {
                "container": {
                    "linuxParameters": {"tmpfs": [{"containerPath": "/t", "size": 1, "mountOptions": ["fast"]}]}
                }
            },
        ),
        ("ReadonlyRootFilesystem parameter is not supported for Windows", windows(readonlyRootFilesystem=False)),
        ("LinuxParameters parameter is not", windows(linuxParameters={"initProcessEnabled": True})),
        ("Privileged parameter is not", windows(privileged=False)),
        ("User parameter is not", windows(user="me")),
        ("EfsVolumeConfiguration parameter is not", windows(volumes=[EFS])),
        ("must be X86_64", windows(architecture="ARM64")),
        ("operatingSystemFamily 'linux'", fargate(runtimePlatform={"operatingSystemFamily": "linux"})),
        ("must use ecsProperties", {"platformCapabilities": ["MANAGED_INSTANCES"]}),
        ("requires transitEncryption", {"container": {"volumes": [{"name": "v", **iam_file_system()}]}}),
        ("access point requires", {"container": {"volumes": [{"name": "v", **access_point_file_system()}]}}),
        ("executionRoleArn", fargate(executionRoleArn="")),
        ("GPU", fargate(resourceRequirements=[*FARGATE_SIZES, {"type": "GPU", "value": "1"}])),
        ("privileged", fargate(privileged=True)),
        ("vCPU is not provided", fargate(resourceRequirements=[])),
        (
            r"0\.25 vCPU, 4096 MiB",
            fargate(resourceRequirements=[FARGATE_SIZES[0], {"type": "MEMORY", "value": "4096"}]),
        ),
    ],
)
def test_registration_refuses_what_aws_refuses(idle_sandbox: Bench, problem: str, change: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=problem) as refusal:
        idle_sandbox.define(**{"name": "wrong", **change})

    assert refusal.value.response["Error"]["Code"] == "ClientException"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_fargate_definition_with_a_valid_pair_registers(idle_sandbox: Bench) -> None:
    idle_sandbox.define("fargate-ok", **fargate())
    (found,) = idle_sandbox.batch.describe_job_definitions(jobDefinitionName="fargate-ok")["jobDefinitions"]

    assert found["containerProperties"]["fargatePlatformConfiguration"] == {"platformVersion": "LATEST"}
    assert found["containerProperties"]["networkConfiguration"] == {"assignPublicIp": "DISABLED"}


@pytest.mark.parametrize(
    "change",
    [
        windows(),
        fargate(resourceRequirements=[{"type": "VCPU", "value": "2.0"}, {"type": "MEMORY", "value": "4096"}]),
        fargate(resourceRequirements=[{"type": "VCPU", "value": "32"}, {"type": "MEMORY", "value": "249856"}]),
        {"container": {"jobRoleArn": "arn:aws-cn:iam::123456789012:role/service-role/BatchRole"}},
        {"container": {"jobRoleArn": ""}},
        {"container": {"user": "1000:staff"}},
        {"container": {"ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": -1}]}},
        {
            "container": {
                "linuxParameters": {"tmpfs": [{"containerPath": "/t", "size": 1, "mountOptions": ["mode=1777"]}]}
            }
        },
        {"container": {"networkConfiguration": {}, "ulimits": [], "linuxParameters": {}}},
        {"tags": {}, "platformCapabilities": []},
    ],
)
def test_registration_accepts_what_aws_accepts(idle_sandbox: Bench, change: dict[str, Any]) -> None:
    assert idle_sandbox.define(**{"name": "right", **change})


def test_tags_with_illegal_characters_are_refused_with_their_own_code(idle_sandbox: Bench) -> None:
    with pytest.raises(ClientError, match="'a&b' is not a valid value for TagKey - it contains illegal") as refusal:
        idle_sandbox.define("wrong", tags={"a&b": "x"})

    assert refusal.value.response["Error"]["Code"] == "BadRequestException"


def sized(**container: Any) -> dict[str, Any]:
    """A container of a task."""
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]
    return {"image": "busybox", "resourceRequirements": sizes, **container}


def after(name: str, condition: str = "START") -> list[dict[str, str]]:
    return [{"containerName": name, "condition": condition}]


@pytest.mark.parametrize(
    ("problem", "containers", "task"),
    [
        ("'gone', which is not in the task", [sized(name="a", dependsOn=after("gone"))], {}),
        ("circle", [sized(name="a", dependsOn=after("b")), sized(name="b", dependsOn=after("a"))], {}),
        ("circle", [sized(name="a", dependsOn=after("a"))], {}),
        ("START, COMPLETE or SUCCESS", [sized(name="a", dependsOn=after("b", "READY")), sized(name="b")], {}),
        ("cannot be an essential", [sized(name="a", dependsOn=after("b", "SUCCESS")), sized(name="b")], {}),
        ("must be unique", [sized(name="a"), sized(name="a")], {}),
        ("1 to 10 containers", [sized(name=f"c{number}") for number in range(11)], {}),
        ("must be essential", [sized(name="a", essential=False)], {}),
        ("not an iam role arn", [sized(name="a")], {"taskRoleArn": "me"}),
        ("not applicable for EC2", [sized(name="a")], {"networkConfiguration": {"assignPublicIp": "ENABLED"}}),
        ("networkMode", [sized(name="a")], {"networkMode": "host"}),
        ("startTimeout must be at least 2", [sized(name="a", startTimeout=1)], {}),
    ],
)
def test_registration_refuses_tasks_that_aws_refuses(
    idle_sandbox: Bench, problem: str, containers: list[Any], task: Any
) -> None:
    properties: Any = {"taskProperties": [{"containers": containers, **task}]}
    with pytest.raises(ClientError, match=problem):
        idle_sandbox.batch.register_job_definition(
            jobDefinitionName="wrong", type="container", ecsProperties=properties
        )


@pytest.mark.parametrize(
    ("problem", "pod"),
    [
        ("whole integer", {"containers": [{"resources": {"limits": {"nvidia.com/gpu": "0.5"}}}]}),
        ("multiple of 0.25", {"containers": [{"resources": {"requests": {"cpu": "0.3"}}}]}),
        ("suffix Mi", {"containers": [{"resources": {"limits": {"memory": "1Gi"}}}]}),
        ("suffix Mi", {"containers": [{"resources": {"limits": {"memory": "3Mi"}}}]}),
        (
            "equal to the request",
            {"containers": [{"resources": {"limits": {"memory": "8Mi"}, "requests": {"memory": "4Mi"}}}]},
        ),
        ("at least the request", {"containers": [{"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}]}),
        ("at most 10 containers", {"containers": [{"name": f"c{number}"} for number in range(11)]}),
        ("at least one container", {"containers": []}),
        ("must be unique", {"containers": [{"name": "a"}], "initContainers": [{"name": "a"}]}),
        ("Namespace 'default'", {"containers": [{}], "metadata": {"namespace": "default"}}),
        ("Namespace 'kube-x'", {"containers": [{}], "metadata": {"namespace": "kube-x"}}),
        ("Namespace ''", {"containers": [{}], "metadata": {"namespace": ""}}),
        ("Namespace 'A'", {"containers": [{}], "metadata": {"namespace": "A"}}),
        ("imagePullPolicy", {"containers": [{"imagePullPolicy": "always"}]}),
        ("AWS_BATCH", {"containers": [{"env": [{"name": "AWS_BATCH_X", "value": "1"}]}]}),
    ],
)
def test_registration_refuses_pods_that_aws_refuses(idle_sandbox: Bench, problem: str, pod: Any) -> None:
    containers = [{"image": "busybox", **container} for container in pod["containers"]]
    init_containers = [{"image": "busybox", **container} for container in pod.get("initContainers", ())]
    properties: Any = {"podProperties": {**pod, "containers": containers, "initContainers": init_containers}}
    with pytest.raises(ClientError, match=problem):
        idle_sandbox.batch.register_job_definition(
            jobDefinitionName="wrong", type="container", eksProperties=properties
        )


@pytest.mark.parametrize(
    ("problem", "ranges", "nodes"),
    [
        ("must account for all", ["0:1"], {}),
        ("not within the 4 nodes", ["0:4"], {}),
        ("not within", ["0:3", "3:2"], {}),
        ("not a range", ["all"], {}),
        ("1 to 5 groups", [], {}),
        ("1 to 5 groups", [":", "0:0", "1:1", "2:2", "3:3", "0:1"], {}),
        ("mainNode", [":"], {"mainNode": 4}),
        ("numNodes", [":"], {"numNodes": 1001}),
    ],
)
def test_registration_refuses_nodes_that_aws_refuses(
    idle_sandbox: Bench, problem: str, ranges: list[str], nodes: Any
) -> None:
    groups: list[Any] = [{"targetNodes": target, "container": sized()} for target in ranges]
    with pytest.raises(ClientError, match=problem):
        idle_sandbox.batch.register_job_definition(
            jobDefinitionName="wrong",
            type="multinode",
            nodeProperties={"numNodes": 4, "mainNode": 0, "nodeRangeProperties": groups, **nodes},
        )


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
