"""Requests around the boundaries of AWS Batch: a sound base with a few members from lists of good and bad values."""

import copy
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from jobs.spec.documents import Document
from tests.aws_answers import QUEUES, base_document

ROLE = "arn:aws:iam::123456789012:role/Job"
PARAMETER = "arn:aws:ssm:us-west-2:123456789012:parameter/db"
Path = tuple[str | int, ...]

CONTAINERS: dict[str, Path] = {
    "ec2": ("containerProperties",),
    "fargate": ("containerProperties",),
    "ecs": ("ecsProperties", "taskProperties", 0, "containers", 0),
    "eks": ("eksProperties", "podProperties", "containers", 0),
    "nodes": ("nodeProperties", "nodeRangeProperties", 0, "container"),
}
TASKS: dict[str, Path] = {
    "ec2": CONTAINERS["ec2"],
    "fargate": CONTAINERS["fargate"],
    "ecs": ("ecsProperties", "taskProperties", 0),
    "eks": ("eksProperties", "podProperties"),
    "nodes": CONTAINERS["nodes"],
}


def _sizes(*pairs: tuple[str, str]) -> list[Document]:
    return [{"type": kind, "value": value} for kind, value in pairs]


def _tags(count: int) -> Document:
    return {f"key{number}": "value" for number in range(count)}


# Members of a container of Amazon ECS, with values that AWS accepts and values that it refuses.
ECS_CONTAINER: dict[str, list[Any]] = {
    "image": ["busybox", "repository/image:1.2", "", "docker://busybox", "a b", "<image>"],
    "command": [[], ["true"], ["echo", "Ref::word"], ["in Ref::word"]],
    "user": ["1000", "1000:1000", "root", "$(id -u)", "Root", "a" * 40, "a:b:c"],
    "environment": [
        [{"name": "A", "value": "1"}],
        [{"name": "A", "value": ""}],
        [{"name": "AWS_BATCH_X", "value": "1"}],
        [{"name": "", "value": "1"}],
        [{"value": "1"}],
        [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}],
    ],
    "secrets": [[{"name": "A", "valueFrom": PARAMETER}], [{"name": "A", "valueFrom": "/prod/db"}]],
    "resourceRequirements": [
        _sizes(("VCPU", "1"), ("MEMORY", "2048")),
        _sizes(("VCPU", "0.5"), ("MEMORY", "1024")),
        _sizes(("VCPU", "2"), ("MEMORY", "4096"), ("GPU", "1")),
        _sizes(("VCPU", "1"), ("MEMORY", "3")),
        _sizes(("VCPU", "1"), ("MEMORY", "4")),
        _sizes(("VCPU", "0"), ("MEMORY", "128")),
        _sizes(("VCPU", "two"), ("MEMORY", "128")),
        _sizes(("VCPU", "1"), ("VCPU", "2"), ("MEMORY", "128")),
        _sizes(("VCPU", "16"), ("MEMORY", "122880")),
        _sizes(("VCPU", "32"), ("MEMORY", "61440")),
        _sizes(("VCPU", "32"), ("MEMORY", "65536")),
        _sizes(("VCPU", "1"), ("MEMORY", "128"), ("GPU", "0.5")),
        _sizes(("VCPU", "1")),
        _sizes(("MEMORY", "128")),
    ],
    "readonlyRootFilesystem": [True, False],
    "privileged": [True, False],
    "ulimits": [
        [{"name": "nofile", "softLimit": 10, "hardLimit": 10}],
        [{"name": "nofile", "softLimit": 11, "hardLimit": 10}],
        [{"name": "files", "softLimit": 1, "hardLimit": 10}],
    ],
    "linuxParameters": [
        {"initProcessEnabled": True},
        {"sharedMemorySize": 64},
        {"tmpfs": [{"containerPath": "/x", "size": 64, "mountOptions": ["rw", "noexec"]}]},
        {"tmpfs": [{"containerPath": "/x", "size": 64, "mountOptions": ["fast"]}]},
        {"devices": [{"hostPath": "/dev/fuse", "permissions": ["READ"]}]},
    ],
    "logConfiguration": [{"logDriver": "awslogs"}, {"logDriver": "splunk"}, {"logDriver": "syslog"}],
}
CONTAINER_PROPERTIES: dict[str, list[Any]] = {
    "vcpus": [1],
    "memory": [128],
    "jobRoleArn": [ROLE, "batch-role", "arn:aws:iam::<account-id>:role/Job"],
    "executionRoleArn": [ROLE, "batch-role", "arn:aws:iam::{{ account }}:role/Job"],
    "networkConfiguration": [{"assignPublicIp": "ENABLED"}],
    "fargatePlatformConfiguration": [{"platformVersion": "LATEST"}, {"platformVersion": "1.3.0"}],
    "volumes": [
        [],
        [{"name": "data", "host": {"sourcePath": "/data"}}],
        [{"name": "data", "host": {"sourcePath": "/data"}}, {"name": "data", "host": {"sourcePath": "/other"}}],
        [{"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
        [
            {
                "name": "data",
                "efsVolumeConfiguration": {
                    "fileSystemId": "fs-1",
                    "transitEncryption": "ENABLED",
                    "authorizationConfig": {"iam": "ENABLED"},
                },
            }
        ],
        [
            {
                "name": "data",
                "efsVolumeConfiguration": {"fileSystemId": "fs-1", "authorizationConfig": {"iam": "ENABLED"}},
            }
        ],
        [
            {
                "name": "data",
                "efsVolumeConfiguration": {
                    "fileSystemId": "fs-1",
                    "transitEncryption": "DISABLED",
                    "authorizationConfig": {"accessPointId": "fsap-1"},
                },
            }
        ],
        [
            {
                "name": "data",
                "efsVolumeConfiguration": {
                    "fileSystemId": "fs-1",
                    "rootDirectory": "/x",
                    "transitEncryption": "ENABLED",
                    "authorizationConfig": {"accessPointId": "fsap-1"},
                },
            }
        ],
    ],
    "mountPoints": [
        [],
        [{"sourceVolume": "data", "containerPath": "/data"}],
        [{"sourceVolume": "none", "containerPath": "/data"}],
    ],
    "ephemeralStorage": [{"sizeInGiB": size} for size in (20, 21, 200, 201)],
    "runtimePlatform": [
        {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
        {"operatingSystemFamily": "linux"},
        {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "X86_64"},
    ],
}
ECS_TASK: dict[str, list[Any]] = {
    "taskRoleArn": [ROLE, "batch-role"],
    "executionRoleArn": [ROLE, "batch-role"],
    "runtimePlatform": CONTAINER_PROPERTIES["runtimePlatform"],
    "networkConfiguration": [{"assignPublicIp": "ENABLED"}],
    "platformVersion": ["LATEST"],
}
POD_CONTAINER: dict[str, list[Any]] = {
    "image": ECS_CONTAINER["image"],
    "command": [["true"], ["echo", "Ref::word"]],
    "resources": [
        {"limits": {"cpu": "0.25", "memory": "128Mi"}},
        {"limits": {"cpu": "1", "memory": "1Gi"}},
        {"limits": {"cpu": "0.3", "memory": "128Mi"}},
        {"limits": {"cpu": "1", "memory": "128Mi", "nvidia.com/gpu": "1"}},
        {"limits": {"cpu": "1", "memory": "128Mi", "nvidia.com/gpu": "0.5"}},
        {"limits": {"cpu": "1", "memory": "128Mi"}, "requests": {"cpu": "2", "memory": "128Mi"}},
        {"limits": {"cpu": "1", "memory": "128Mi"}, "requests": {"memory": "64Mi"}},
    ],
}
POD: dict[str, list[Any]] = {
    "hostNetwork": [True, False],
    "dnsPolicy": ["ClusterFirst"],
    "serviceAccountName": ["batch"],
}
DEFINITION: dict[str, list[Any]] = {
    "jobDefinitionName": ["other-definition", "a b", "x" * 128, "x" * 129],
    # Without ["EC2", "FARGATE"]: what AWS answers is not known.
    "platformCapabilities": [["EC2"], ["FARGATE"], ["MANAGED_INSTANCES"]],
    "retryStrategy": [
        {},
        {"attempts": 1},
        {"attempts": 10},
        {"attempts": 11},
        {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "retry"}]},
        {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "STOP"}]},
        {"attempts": 2, "evaluateOnExit": [{"action": "EXIT"}]},
        {"attempts": 0},
        {"attempts": 2, "evaluateOnExit": [{"onReason": "a?", "action": "EXIT"}]},
        {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1x", "action": "EXIT"}]},
        {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "EXIT"}] * 6},
        {"evaluateOnExit": [{"onExitCode": "1", "action": "EXIT"}]},
    ],
    "timeout": [{"attemptDurationSeconds": 59}, {"attemptDurationSeconds": 60}],
    "schedulingPriority": [-1, 0, 9999, 10_000],
    "tags": [{"a": "b"}, _tags(50), _tags(51), {"a": "x#"}, {"a#": "x"}, {"k" * 129: "x"}, {"k": "x" * 257},
             {"aws:x": "y"}],
    "parameters": [{"word": "hello"}, {"other": "x"}],
    "propagateTags": [True, False],
    "type": ["container", "multinode", "Container"],
}  # fmt: skip
NODES: dict[str, list[Any]] = {
    "numNodes": [0, 1, 2, 3, 1000],
    "mainNode": [-1, 0, 1, 2],
}
OVERRIDE: dict[str, list[Any]] = {
    "command": [["true"], ["Ref::word"], ["x", ""]],
    "environment": ECS_CONTAINER["environment"],
    "resourceRequirements": ECS_CONTAINER["resourceRequirements"],
    "vcpus": [2],
    "memory": [256],
    "instanceType": ["m5.large"],
}
SUBMISSION: dict[str, list[Any]] = {
    "jobName": ["other-job", "no spaces", "x" * 128, "x" * 129],
    "arrayProperties": [{"size": size} for size in (1, 2, 10_000, 10_001)],
    "dependsOn": [[{"type": "SEQUENTIAL"}], [{}], [{"type": "N_TO_N"}]],
    "retryStrategy": DEFINITION["retryStrategy"],
    "timeout": DEFINITION["timeout"],
    "shareIdentifier": ["teamA"],
    "schedulingPriorityOverride": DEFINITION["schedulingPriority"],
    "tags": DEFINITION["tags"],
    "parameters": DEFINITION["parameters"],
    "propagateTags": [True, False],
}
PLACES: dict[str, dict[str, list[Any]]] = {
    "ec2": ECS_CONTAINER | CONTAINER_PROPERTIES,
    "fargate": ECS_CONTAINER | CONTAINER_PROPERTIES,
    "nodes": ECS_CONTAINER | CONTAINER_PROPERTIES,
    "ecs": ECS_CONTAINER,
    "eks": POD_CONTAINER,
}


@dataclass(frozen=True)
class AwsRequest:
    """A job, its definition and the kind of its queue."""

    definition: Document
    submission: Document
    queue: str


@st.composite
def aws_definitions(draw: st.DrawFn) -> Document:
    """A definition of any type with up to three members from the lists."""
    base = draw(st.sampled_from(sorted(CONTAINERS)))
    document = base_document(base)
    places = [((*CONTAINERS[base], key), values) for key, values in PLACES[base].items()]
    if base in ("ecs", "eks"):
        task = ECS_TASK if base == "ecs" else POD
        places += [((*TASKS[base], key), values) for key, values in task.items()]
    if base == "nodes":
        places += [(("nodeProperties", key), values) for key, values in NODES.items()]
        places.append(
            (("nodeProperties", "nodeRangeProperties", 0, "targetNodes"), ["0:", "0:1", "0", "1:", "0:5", "x"])
        )
    places += [((key,), values) for key, values in DEFINITION.items()]
    for place, values in draw(st.lists(st.sampled_from(places), max_size=3, unique_by=lambda entry: str(entry[0]))):
        _set(document, place, copy.deepcopy(draw(st.sampled_from(values))))
    return document


@st.composite
def aws_requests(draw: st.DrawFn) -> AwsRequest:
    """A submission with up to three members from the lists, of a definition of one container."""
    base = draw(st.sampled_from(["ec2", "fargate"]))
    definition = base_document(base)
    extras: list[Document] = [{}, {"schedulingPriority": 1}, {"parameters": {"word": "hello"}}]
    definition |= draw(st.sampled_from(extras))
    if draw(st.booleans()):
        definition["containerProperties"]["command"] = ["echo", "Ref::word"]
    queue = "fargate" if base == "fargate" else draw(st.sampled_from(["fifo", "fair-share"]))
    document: Document = {"jobName": "a-job", "jobQueue": QUEUES[queue], "jobDefinition": "a-definition"}
    places: list[tuple[Path, list[Any]]] = [((key,), values) for key, values in SUBMISSION.items()]
    places += [(("containerOverrides", key), values) for key, values in OVERRIDE.items()]
    for place, values in draw(st.lists(st.sampled_from(places), max_size=3, unique_by=lambda entry: str(entry[0]))):
        _set(document, place, copy.deepcopy(draw(st.sampled_from(values))))
    return AwsRequest(definition, document, queue)


def _set(document: Any, place: Path, value: Any) -> None:
    for key in place[:-1]:
        document = document.setdefault(key, {}) if isinstance(document, dict) else document[key]
    document[place[-1]] = value
