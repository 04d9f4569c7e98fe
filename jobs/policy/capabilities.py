"""Capabilities of the fields of RegisterJobDefinition and SubmitJob: an allow-list."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jobs.models import Feature
from jobs.spec.documents import DocumentKind, Path
from jobs.spec.problems import join_pointer

# Capabilities besides the features.
IMAGE: Final = "image"
ROLE: Final = "role"
UNKNOWN_FIELD: Final = "unnamed"


@dataclass(frozen=True)
class FieldCapability:
    """Any value uses the capability unless it is `harmless`; with `granted_when_false`, only false does."""

    capability: str = ""
    shape: str = ""
    harmless: tuple[Any, ...] = ()
    granted_when_false: bool = False

    def is_used_by(self, value: object) -> bool:
        if self.granted_when_false:
            return value is False
        return bool(self.capability) and not _is_empty(value) and value not in self.harmless


@dataclass(frozen=True)
class CapabilityUse:
    capability: str
    pointer: str
    name: str  # of the field, without list indexes: containerProperties.user
    value: Any


BATCH_LOG_GROUP = "/aws/batch/job"

_HARMLESS = FieldCapability()


def _harmless(names: str) -> dict[str, FieldCapability]:
    return dict.fromkeys(names.split(), _HARMLESS)


def _needs(capability: str, shape: str = "", *harmless: Any) -> FieldCapability:
    return FieldCapability(capability, shape, harmless)


_PROPAGATE_TAGS = FieldCapability(Feature.UNTAGGED_COSTS, granted_when_false=True)

_TASK_CONTAINER: Mapping[str, FieldCapability] = {
    **_harmless("command environment mountPoints readonlyRootFilesystem resourceRequirements ulimits"),
    "image": _needs(IMAGE),
    "linuxParameters": FieldCapability(shape="linux"),
    "logConfiguration": FieldCapability(shape="log"),
    "privileged": _needs(Feature.PRIVILEGED),
    "repositoryCredentials": _needs(Feature.REGISTRY_CREDENTIALS),
    "secrets": _needs(Feature.SECRETS),
    "user": _needs(Feature.USER),
}

SHAPES: Mapping[str, Mapping[str, FieldCapability]] = {
    "definition": {
        **_harmless("jobDefinitionName type parameters retryStrategy timeout tags platformCapabilities"),
        "propagateTags": _PROPAGATE_TAGS,
        "schedulingPriority": _needs(Feature.PRIORITY),
        "containerProperties": FieldCapability(shape="container"),
        "ecsProperties": FieldCapability(shape="ecs"),
        "eksProperties": _needs(Feature.EKS, "eks"),
        "nodeProperties": _needs(Feature.NODES, "nodes"),
        "consumableResourceProperties": _needs(Feature.CONSUMABLES),
    },
    "submission": {
        **_harmless("jobName jobQueue jobDefinition dependsOn parameters arrayProperties"),
        **_harmless("retryStrategy timeout tags"),
        "propagateTags": _PROPAGATE_TAGS,
        "shareIdentifier": _needs(Feature.PRIORITY),
        "schedulingPriorityOverride": _needs(Feature.PRIORITY),
        "containerOverrides": FieldCapability(shape="containerOverrides"),
        "ecsPropertiesOverride": FieldCapability(shape="ecsOverride"),
        "eksPropertiesOverride": _needs(Feature.EKS, "eksOverride"),
        "nodeOverrides": _needs(Feature.NODES, "nodeOverrides"),
        "consumableResourcePropertiesOverride": _needs(Feature.CONSUMABLES),
    },
    # -- Containers on EC2 and Fargate
    "container": {
        **_TASK_CONTAINER,
        **_harmless("vcpus memory fargatePlatformConfiguration ephemeralStorage runtimePlatform"),
        "jobRoleArn": _needs(ROLE),
        "executionRoleArn": _needs(ROLE),
        "volumes": FieldCapability(shape="volume"),
        "networkConfiguration": FieldCapability(shape="network"),
        "enableExecuteCommand": _needs(Feature.EXEC),
        "instanceType": _needs(Feature.NODES),  # multi-node jobs only, according to the API reference
    },
    "containerOverrides": {
        **_harmless("vcpus memory command environment resourceRequirements"),
        "instanceType": _needs(Feature.NODES),
    },
    "volume": {
        **_harmless("name"),
        "host": _needs(Feature.HOST_VOLUMES, "hostVolume"),
        "efsVolumeConfiguration": _needs(Feature.FILE_SYSTEMS),
        "s3filesVolumeConfiguration": _needs(Feature.FILE_SYSTEMS),
    },
    "hostVolume": _harmless("sourcePath"),
    "network": {"assignPublicIp": _needs(Feature.PUBLIC_IP, "", "DISABLED")},
    "linux": {
        **_harmless("initProcessEnabled sharedMemorySize tmpfs maxSwap swappiness"),
        "devices": _needs(Feature.DEVICES),
    },
    "log": {
        "logDriver": _needs(Feature.LOGS, "", "awslogs"),
        "options": FieldCapability(shape="logOptions"),
        "secretOptions": _needs(Feature.SECRETS),
    },
    "logOptions": {
        **_harmless("awslogs-stream-prefix awslogs-datetime-format awslogs-multiline-pattern mode max-buffer-size"),
        "awslogs-group": _needs(Feature.LOGS, "", BATCH_LOG_GROUP),
        "*": _needs(Feature.LOGS),
    },
    # -- Tasks of several containers
    "ecs": {"taskProperties": FieldCapability(shape="task")},
    "task": {
        **_harmless("ephemeralStorage platformVersion runtimePlatform"),
        "containers": FieldCapability(shape="taskContainer"),
        "taskRoleArn": _needs(ROLE),
        "executionRoleArn": _needs(ROLE),
        "volumes": FieldCapability(shape="volume"),
        "networkConfiguration": FieldCapability(shape="network"),
        "enableExecuteCommand": _needs(Feature.EXEC),
        "ipcMode": _needs(Feature.HOST_NAMESPACES, "", "none"),
        "pidMode": _needs(Feature.HOST_NAMESPACES),
        "networkMode": _needs(Feature.HOST_NAMESPACES, "", "awsvpc", "none"),
    },
    "taskContainer": {
        **_TASK_CONTAINER,
        **_harmless("name dependsOn essential startTimeout stopTimeout"),
        "firelensConfiguration": _needs(Feature.LOGS),
    },
    "ecsOverride": {"taskProperties": FieldCapability(shape="taskOverride")},
    "taskOverride": {"containers": FieldCapability(shape="taskContainerOverride")},
    "taskContainerOverride": {
        **_harmless("name command environment"),
        "resourceRequirements": _needs(Feature.TASK_SIZES),
    },
    # -- Several nodes
    "nodes": {**_harmless("numNodes mainNode"), "nodeRangeProperties": FieldCapability(shape="nodeRange")},
    "nodeRange": {
        **_harmless("targetNodes instanceTypes"),
        "container": FieldCapability(shape="container"),
        "ecsProperties": FieldCapability(shape="ecs"),
        "eksProperties": _needs(Feature.EKS, "eks"),
        "consumableResourceProperties": _needs(Feature.CONSUMABLES),
    },
    "nodeOverrides": {**_harmless("numNodes"), "nodePropertyOverrides": FieldCapability(shape="nodeOverride")},
    "nodeOverride": {
        **_harmless("targetNodes instanceTypes"),
        "containerOverrides": FieldCapability(shape="containerOverrides"),
        "ecsPropertiesOverride": FieldCapability(shape="ecsOverride"),
        "eksPropertiesOverride": _needs(Feature.EKS, "eksOverride"),
        "consumableResourcePropertiesOverride": _needs(Feature.CONSUMABLES),
    },
    # -- Pods
    "eks": {"podProperties": FieldCapability(shape="pod")},
    "pod": {
        **_harmless("dnsPolicy"),
        "serviceAccountName": _needs(Feature.SERVICE_ACCOUNT),
        "hostNetwork": _needs(Feature.HOST_NAMESPACES),
        "shareProcessNamespace": _needs(Feature.HOST_NAMESPACES),
        "imagePullSecrets": _needs(Feature.REGISTRY_CREDENTIALS),
        "containers": FieldCapability(shape="podContainer"),
        "initContainers": FieldCapability(shape="podContainer"),
        "volumes": FieldCapability(shape="podVolume"),
        "metadata": FieldCapability(shape="podMetadata"),
        "securityContext": FieldCapability(shape="podSecurity"),
    },
    "podContainer": {
        **_harmless("name imagePullPolicy command args env resources volumeMounts"),
        "image": _needs(IMAGE),
        "securityContext": FieldCapability(shape="podSecurity"),
    },
    "podVolume": {
        **_harmless("name emptyDir"),
        "hostPath": _needs(Feature.HOST_VOLUMES),
        "secret": _needs(Feature.SECRETS),
        "persistentVolumeClaim": _needs(Feature.FILE_SYSTEMS),
    },
    "podMetadata": {**_harmless("labels annotations"), "namespace": _needs(Feature.SERVICE_ACCOUNT)},
    "podSecurity": {
        **_harmless("readOnlyRootFilesystem runAsNonRoot"),
        "privileged": _needs(Feature.PRIVILEGED),
        "allowPrivilegeEscalation": _needs(Feature.PRIVILEGED),
        "capabilities": FieldCapability(shape="podCapabilities"),
        "seccompProfile": FieldCapability(shape="seccomp"),
        "runAsUser": _needs(Feature.USER),
        "runAsGroup": _needs(Feature.USER),
        "fsGroup": _needs(Feature.USER),
    },
    "podCapabilities": {**_harmless("drop"), "add": _needs(Feature.CAPABILITIES)},
    "seccomp": {
        "type": _needs(Feature.PRIVILEGED, "", "RuntimeDefault"),
        "localhostProfile": _needs(Feature.PRIVILEGED),
    },
    "eksOverride": {"podProperties": FieldCapability(shape="podOverride")},
    "podOverride": {
        "containers": FieldCapability(shape="podContainer"),
        "initContainers": FieldCapability(shape="podContainer"),
        "metadata": FieldCapability(shape="podMetadata"),
    },
}


def capability_uses(document: object, kind: DocumentKind) -> tuple[CapabilityUse, ...]:
    return tuple(_find_uses(document, "definition" if kind is DocumentKind.DEFINITION else "submission", ()))


def _find_uses(value: object, shape: str, path: Path) -> Iterator[CapabilityUse]:
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _find_uses(entry, shape, (*path, number))
    if not isinstance(value, dict):
        return
    fields = SHAPES[shape]
    for key, member in value.items():
        member_path = (*path, key)
        field = fields.get(key) or fields.get("*")
        if field is None:
            yield _build_use(UNKNOWN_FIELD, member_path, member)
            continue
        if field.is_used_by(member):
            yield _build_use(field.capability, member_path, member)
        if field.shape:
            yield from _find_uses(member, field.shape, member_path)


def _build_use(capability: str, path: Path, value: Any) -> CapabilityUse:
    return CapabilityUse(
        capability, join_pointer(*path), ".".join(step for step in path if isinstance(step, str)), value
    )


def _is_empty(value: object) -> bool:
    """Return whether a value has no effect. 0 has one: runAsUser 0 is root."""
    return value is None or value is False or value in ("", [], {})
