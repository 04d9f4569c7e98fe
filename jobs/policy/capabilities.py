"""Capabilities of the fields of RegisterJobDefinition and SubmitJob: harmless, or to be granted by name.

This is an allow-list. A field in no table below, because AWS has just added it or it was overlooked, may not be used
until it is listed: here, or by an admin among a team's further fields.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jobs.models import Feature
from jobs.spec.documents import DocumentKind, Path
from jobs.spec.problems import join_pointer

# Capabilities besides the features.
IMAGE: Final = "image"
ROLE: Final = "role"
UNNAMED: Final = "unnamed"


@dataclass(frozen=True)
class Field:
    """Effect of a field: it uses a capability, has a shape, or both.

    Any value uses the capability unless it is `harmless`; with `off_is_power`, only the value false does. A shape is
    that of an object, or of the objects in a list.
    """

    power: str = ""
    of: str = ""
    harmless: tuple[Any, ...] = ()
    off_is_power: bool = False

    def gives_power(self, value: object) -> bool:
        if self.off_is_power:
            return value is False
        return bool(self.power) and not _says_nothing(value) and value not in self.harmless


@dataclass(frozen=True)
class Use:
    """A use of a capability in a document."""

    power: str
    pointer: str
    name: str  # of the field, without list indexes: containerProperties.user
    value: Any


BATCH_LOG_GROUP = "/aws/batch/job"

_PLAIN = Field()


def _plain(names: str) -> dict[str, Field]:
    return dict.fromkeys(names.split(), _PLAIN)


def _may(power: str, of: str = "", *harmless: Any) -> Field:
    return Field(power, of, harmless)


_TAGS_REACH_THE_BILL = Field(Feature.UNTAGGED_COSTS, off_is_power=True)

_TASK_CONTAINER: Mapping[str, Field] = {
    **_plain("command environment mountPoints readonlyRootFilesystem resourceRequirements ulimits"),
    "image": _may(IMAGE),
    "linuxParameters": Field(of="linux"),
    "logConfiguration": Field(of="log"),
    "privileged": _may(Feature.PRIVILEGED),
    "repositoryCredentials": _may(Feature.REGISTRY_CREDENTIALS),
    "secrets": _may(Feature.SECRETS),
    "user": _may(Feature.USER),
}

SHAPES: Mapping[str, Mapping[str, Field]] = {
    "definition": {
        **_plain("jobDefinitionName type parameters retryStrategy timeout tags platformCapabilities"),
        "propagateTags": _TAGS_REACH_THE_BILL,
        "schedulingPriority": _may(Feature.PRIORITY),
        "containerProperties": Field(of="container"),
        "ecsProperties": Field(of="ecs"),
        "eksProperties": _may(Feature.EKS, "eks"),
        "nodeProperties": _may(Feature.NODES, "nodes"),
        "consumableResourceProperties": _may(Feature.CONSUMABLES),
    },
    "submission": {
        **_plain("jobName jobQueue jobDefinition dependsOn parameters arrayProperties"),
        **_plain("retryStrategy timeout tags"),
        "propagateTags": _TAGS_REACH_THE_BILL,
        "shareIdentifier": _may(Feature.PRIORITY),
        "schedulingPriorityOverride": _may(Feature.PRIORITY),
        "containerOverrides": Field(of="containerOverrides"),
        "ecsPropertiesOverride": Field(of="ecsOverride"),
        "eksPropertiesOverride": _may(Feature.EKS, "eksOverride"),
        "nodeOverrides": _may(Feature.NODES, "nodeOverrides"),
        "consumableResourcePropertiesOverride": _may(Feature.CONSUMABLES),
    },
    # -- Containers on EC2 and Fargate
    "container": {
        **_TASK_CONTAINER,
        **_plain("vcpus memory fargatePlatformConfiguration ephemeralStorage runtimePlatform"),
        "jobRoleArn": _may(ROLE),
        "executionRoleArn": _may(ROLE),
        "volumes": Field(of="volume"),
        "networkConfiguration": Field(of="network"),
        "enableExecuteCommand": _may(Feature.EXEC),
        "instanceType": _may(Feature.NODES),  # multi-node jobs only, according to the API reference
    },
    "containerOverrides": {
        **_plain("vcpus memory command environment resourceRequirements"),
        "instanceType": _may(Feature.NODES),
    },
    "volume": {
        **_plain("name"),
        "host": _may(Feature.HOST_VOLUMES, "hostVolume"),
        "efsVolumeConfiguration": _may(Feature.FILE_SYSTEMS),
        "s3filesVolumeConfiguration": _may(Feature.FILE_SYSTEMS),
    },
    "hostVolume": _plain("sourcePath"),
    "network": {"assignPublicIp": _may(Feature.PUBLIC_IP, "", "DISABLED")},
    "linux": {
        **_plain("initProcessEnabled sharedMemorySize tmpfs maxSwap swappiness"),
        "devices": _may(Feature.DEVICES),
    },
    "log": {
        "logDriver": _may(Feature.LOGS, "", "awslogs"),
        "options": Field(of="logOptions"),
        "secretOptions": _may(Feature.SECRETS),
    },
    "logOptions": {
        **_plain("awslogs-stream-prefix awslogs-datetime-format awslogs-multiline-pattern mode max-buffer-size"),
        "awslogs-group": _may(Feature.LOGS, "", BATCH_LOG_GROUP),
        "*": _may(Feature.LOGS),
    },
    # -- Tasks of several containers
    "ecs": {"taskProperties": Field(of="task")},
    "task": {
        **_plain("ephemeralStorage platformVersion runtimePlatform"),
        "containers": Field(of="taskContainer"),
        "taskRoleArn": _may(ROLE),
        "executionRoleArn": _may(ROLE),
        "volumes": Field(of="volume"),
        "networkConfiguration": Field(of="network"),
        "enableExecuteCommand": _may(Feature.EXEC),
        "ipcMode": _may(Feature.HOST_NAMESPACES, "", "none"),
        "pidMode": _may(Feature.HOST_NAMESPACES),
        "networkMode": _may(Feature.HOST_NAMESPACES, "", "awsvpc", "none"),
    },
    "taskContainer": {
        **_TASK_CONTAINER,
        **_plain("name dependsOn essential startTimeout stopTimeout"),
        "firelensConfiguration": _may(Feature.LOGS),
    },
    "ecsOverride": {"taskProperties": Field(of="taskOverride")},
    "taskOverride": {"containers": Field(of="taskContainerOverride")},
    "taskContainerOverride": {
        **_plain("name command environment"),
        "resourceRequirements": _may(Feature.TASK_SIZES),
    },
    # -- Several nodes
    "nodes": {**_plain("numNodes mainNode"), "nodeRangeProperties": Field(of="nodeRange")},
    "nodeRange": {
        **_plain("targetNodes instanceTypes"),
        "container": Field(of="container"),
        "ecsProperties": Field(of="ecs"),
        "eksProperties": _may(Feature.EKS, "eks"),
        "consumableResourceProperties": _may(Feature.CONSUMABLES),
    },
    "nodeOverrides": {**_plain("numNodes"), "nodePropertyOverrides": Field(of="nodeOverride")},
    "nodeOverride": {
        **_plain("targetNodes instanceTypes"),
        "containerOverrides": Field(of="containerOverrides"),
        "ecsPropertiesOverride": Field(of="ecsOverride"),
        "eksPropertiesOverride": _may(Feature.EKS, "eksOverride"),
        "consumableResourcePropertiesOverride": _may(Feature.CONSUMABLES),
    },
    # -- Pods
    "eks": {"podProperties": Field(of="pod")},
    "pod": {
        **_plain("dnsPolicy"),
        "serviceAccountName": _may(Feature.SERVICE_ACCOUNT),
        "hostNetwork": _may(Feature.HOST_NAMESPACES),
        "shareProcessNamespace": _may(Feature.HOST_NAMESPACES),
        "imagePullSecrets": _may(Feature.REGISTRY_CREDENTIALS),
        "containers": Field(of="podContainer"),
        "initContainers": Field(of="podContainer"),
        "volumes": Field(of="podVolume"),
        "metadata": Field(of="podMetadata"),
        "securityContext": Field(of="podSecurity"),
    },
    "podContainer": {
        **_plain("name imagePullPolicy command args env resources volumeMounts"),
        "image": _may(IMAGE),
        "securityContext": Field(of="podSecurity"),
    },
    "podVolume": {
        **_plain("name emptyDir"),
        "hostPath": _may(Feature.HOST_VOLUMES),
        "secret": _may(Feature.SECRETS),
        "persistentVolumeClaim": _may(Feature.FILE_SYSTEMS),
    },
    "podMetadata": {**_plain("labels annotations"), "namespace": _may(Feature.SERVICE_ACCOUNT)},
    "podSecurity": {
        **_plain("readOnlyRootFilesystem runAsNonRoot"),
        "privileged": _may(Feature.PRIVILEGED),
        "allowPrivilegeEscalation": _may(Feature.PRIVILEGED),
        "capabilities": Field(of="podCapabilities"),
        "seccompProfile": Field(of="seccomp"),
        "runAsUser": _may(Feature.USER),
        "runAsGroup": _may(Feature.USER),
        "fsGroup": _may(Feature.USER),
    },
    "podCapabilities": {**_plain("drop"), "add": _may(Feature.CAPABILITIES)},
    "seccomp": {
        "type": _may(Feature.PRIVILEGED, "", "RuntimeDefault"),
        "localhostProfile": _may(Feature.PRIVILEGED),
    },
    "eksOverride": {"podProperties": Field(of="podOverride")},
    "podOverride": {
        "containers": Field(of="podContainer"),
        "initContainers": Field(of="podContainer"),
        "metadata": Field(of="podMetadata"),
    },
}


def uses(document: object, kind: DocumentKind) -> tuple[Use, ...]:
    """Return every use of a capability in a definition or a submission, in the document's order."""
    return tuple(_uses(document, "definition" if kind is DocumentKind.DEFINITION else "submission", ()))


def _uses(value: object, shape: str, path: Path) -> Iterator[Use]:
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _uses(entry, shape, (*path, number))
    if not isinstance(value, dict):
        return
    fields = SHAPES[shape]
    for key, member in value.items():
        member_path = (*path, key)
        field = fields.get(key) or fields.get("*")
        if field is None:
            yield _use(UNNAMED, member_path, member)
            continue
        if field.gives_power(member):
            yield _use(field.power, member_path, member)
        if field.of:
            yield from _uses(member, field.of, member_path)


def _use(power: str, path: Path, value: Any) -> Use:
    return Use(power, join_pointer(*path), ".".join(step for step in path if isinstance(step, str)), value)


def _says_nothing(value: object) -> bool:
    """Return whether a value has no effect. 0 has one: runAsUser 0 is root."""
    return value is None or value is False or value in ("", [], {})
