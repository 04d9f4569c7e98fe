"""The defaults that AWS fills in when it describes a definition.

Source: the Terraform provider's internal/service/batch/{container,ecs,eks}_properties.go.
"""

from jobs.sandbox.containers import is_fargate
from jobs.sandbox.context import Document
from jobs.sandbox.validation import lower_case_actions

CONTAINER_LISTS = ("command", "environment", "mountPoints", "ulimits", "resourceRequirements", "secrets")
LATEST = "LATEST"


def described_definition(params: Document) -> Document:
    fargate = is_fargate(params)
    is_pod = params.get("eksProperties") is not None
    result: Document = {
        "parameters": {},
        "tags": {},
        **params,
        "containerOrchestrationType": "EKS" if is_pod else "ECS",
    }
    if not is_pod:
        result["platformCapabilities"] = params.get("platformCapabilities") or ["EC2"]
        result.setdefault("propagateTags", False)
    if (strategy := lower_case_actions(params.get("retryStrategy"))) is not None:
        result["retryStrategy"] = strategy
    if (nodes := params.get("nodeProperties")) is not None:
        groups = [_described_blocks(group, fargate=fargate) for group in nodes["nodeRangeProperties"]]
        result["nodeProperties"] = {**nodes, "nodeRangeProperties": groups}
    return _described_blocks(result, fargate=fargate)


def _described_blocks(document: Document, *, fargate: bool) -> Document:
    result = dict(document)
    for field in ("containerProperties", "container"):
        if (container := document.get(field)) is not None:
            result[field] = _described_single(container, fargate=fargate)
    if (task := document.get("ecsProperties")) is not None:
        tasks = [_described_task(entry, fargate=fargate) for entry in task["taskProperties"]]
        result["ecsProperties"] = {"taskProperties": tasks}
    if (pod := document.get("eksProperties")) is not None:
        result["eksProperties"] = {"podProperties": _described_pod(pod["podProperties"])}
    return result


def _described_single(container: Document, *, fargate: bool) -> Document:
    result = {"volumes": [], **_described_container(container)}
    if fargate:
        result.setdefault("fargatePlatformConfiguration", {"platformVersion": LATEST})
        result.setdefault("networkConfiguration", {"assignPublicIp": "DISABLED"})
    return result


def _described_container(container: Document) -> Document:
    result: Document = {name: [] for name in CONTAINER_LISTS} | container
    result["environment"] = [entry for entry in result["environment"] if entry.get("value")]
    if (logs := container.get("logConfiguration")) is not None:
        result["logConfiguration"] = {"options": {}, "secretOptions": [], **logs}
    if (linux := container.get("linuxParameters")) is not None:
        result["linuxParameters"] = {"devices": [], "tmpfs": [], **linux}
    return result


def _described_task(task: Document, *, fargate: bool) -> Document:
    containers = [
        {"dependsOn": [], "essential": True, **_described_container(container)} for container in task["containers"]
    ]
    result = {"volumes": [], **task, "containers": containers}
    if fargate:
        result.setdefault("platformVersion", LATEST)
        result.setdefault("networkConfiguration", {"assignPublicIp": "DISABLED"})
    return result


def _described_pod(pod: Document) -> Document:
    result: Document = {"imagePullSecrets": [], "volumes": [], **pod}
    for field in ("containers", "initContainers"):
        result[field] = [
            {"command": [], "args": [], "env": [], "volumeMounts": [], **container}
            for container in pod.get(field, ())
        ]
    return result
