"""Documents that the cases of the rules are made of."""

from typing import Any

from jobs.spec.documents import Document
from jobs.spec.rules.queue import QueueFacts
from tests.spec.samples import JOB_ID, definition, step, submission, workflow

JOB_IDS = [f"{JOB_ID[:-2]}{number:02d}" for number in range(21)]

ROLE = "arn:aws:iam::123456789012:role/Job"
PAIR = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
GPU = {"type": "GPU", "value": "1"}
FAIR = QueueFacts(fair_share=True)
FIRST_IN = QueueFacts(fair_share=False)


def fargate(container: Document | None = None, **more: Any) -> Document:
    properties = {"resourceRequirements": PAIR, "executionRoleArn": ROLE, **(container or {})}
    return definition(
        {key: value for key, value in properties.items() if value is not None},
        platformCapabilities=["FARGATE"],
        **more,
    )


def ecs(*containers: Document, **task: Any) -> Document:
    return {
        "jobDefinitionName": "greet",
        "type": "container",
        "ecsProperties": {"taskProperties": [{"containers": list(containers), **task}]},
    }


def eks(container: Document | None = None, pod: Document | None = None, **more: Any) -> Document:
    inside = {"image": "busybox", **(container or {})}
    properties = {"podProperties": {"containers": [inside], **(pod or {})}}
    return {"jobDefinitionName": "greet", "type": "container", "eksProperties": properties, **more}


def nodes(*groups: Document | str, count: int = 4, main: int = 0, **more: Any) -> Document:
    own = [group(entry) if isinstance(entry, str) else entry for entry in groups or ("0:",)]
    properties = {"numNodes": count, "mainNode": main, "nodeRangeProperties": own}
    return {"jobDefinitionName": "greet", "type": "multinode", "nodeProperties": properties, **more}


def group(targets: str, **more: Any) -> Document:
    return {"targetNodes": targets, "container": {"image": "busybox", "vcpus": 1, "memory": 512}, **more}


def efs(
    mounted: bool = True, root: str = "", role: bool = True, encrypted: str = "", **authorization: str
) -> Document:
    volume: Document = {"fileSystemId": "fs-1"}
    if authorization:
        volume["authorizationConfig"] = authorization
    if root:
        volume["rootDirectory"] = root
    if encrypted:
        volume["transitEncryption"] = encrypted
    container: Document = {"volumes": [{"name": "data", "efsVolumeConfiguration": volume}]}
    if mounted:
        container["mountPoints"] = [{"sourceVolume": "data", "containerPath": "/data"}]
    if role:
        container["jobRoleArn"] = ROLE
    return container


def retrying(*rules: Document, attempts: int = 3) -> Document:
    return definition(retryStrategy={"attempts": attempts, "evaluateOnExit": list(rules)})


def override(container: Document, **more: Any) -> Document:
    return submission(containerOverrides=container, **more)


def variable(name: str, value: str) -> Document:
    return {"environment": [{"name": name, "value": value}]}


def size(**sizes: str) -> Document:
    return {"resourceRequirements": [{"type": kind, "value": value} for kind, value in sizes.items()]}


CONDITION = {"job": "b", "after": "a", "when": "failure"}
CONDITIONS = {**workflow(step("a"), step("b")), "conditions": [CONDITION]}
VOLUME = {"name": "data", "host": {"sourcePath": "/data"}}
MOUNT = {"sourceVolume": "data", "containerPath": "/data"}
LAST = {"onReason": "*", "action": "EXIT"}
SPOT = {"onStatusReason": "Host EC2*", "action": "RETRY"}
EFS = "/containerProperties/volumes/0/efsVolumeConfiguration"
MANY = {f"own{number}": "x" for number in range(30)}
OTHERS = {f"other{number}": "x" for number in range(20)}
NAMED = ecs({"image": "busybox", "name": "main"}, {"image": "busybox", "name": "side"})


def task_override(name: str, *command: str) -> Document:
    container = {"name": name, "command": list(command or ("x",))}
    return submission(ecsPropertiesOverride={"taskProperties": [{"containers": [container]}]})


def node_override(**overrides: Any) -> Document:
    return submission(nodeOverrides=overrides)


def group_override(container: Document) -> Document:
    return node_override(nodePropertyOverrides=[{"targetNodes": "0:", "containerOverrides": container}])


def node_task_override(name: str) -> Document:
    task = {"ecsPropertiesOverride": task_override(name)["ecsPropertiesOverride"]}
    return node_override(nodePropertyOverrides=[{"targetNodes": "0:", **task}])


def pod_override(resources: Document, metadata: Document | None = None, **container: Any) -> Document:
    pod: Document = {"containers": [{"name": "main", "resources": resources, **container}]}
    if metadata:
        pod["metadata"] = metadata
    return submission(eksPropertiesOverride={"podProperties": pod})


def pods(targets: str, namespace: str) -> Document:
    return {"targetNodes": targets, "eksProperties": eks(pod={"metadata": {"namespace": namespace}})["eksProperties"]}


def waiting(condition: str | None, on: str = "prep", *, essential: bool = False) -> Document:
    """A task of two containers, of which the first waits for another."""
    dependency = {"containerName": on, **({"condition": condition} if condition else {})}
    main = {"image": "x", "name": "main", "dependsOn": [dependency]}
    return ecs(main, {"image": "x", "name": "prep", "essential": essential})


def windows(container: Document) -> Document:
    return fargate({"runtimePlatform": WINDOWS, **container})


def ulimit(soft: int, hard: int, name: str = "nofile") -> Document:
    return {"ulimits": [{"name": name, "softLimit": soft, "hardLimit": hard}]}


def tmpfs(*options: str) -> Document:
    return {"linuxParameters": {"tmpfs": [{"containerPath": "/x", "size": 1, "mountOptions": list(options)}]}}


TASK = "/ecsProperties/taskProperties/0"
WINDOWS = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
WINDOWS_REFUSES = {
    "readonlyRootFilesystem": False, "privileged": False, "user": "nobody",
    "linuxParameters": {"initProcessEnabled": True}, "ulimits": ulimit(1, 1)["ulimits"],
}  # fmt: skip
SECRET = {"name": "A", "valueFrom": "/prod/db"}
BAD_IMAGES = (
    "docker://busybox", "https://hub.docker.com/r/library/busybox", " busybox", "a b", "<account-id>.dkr.ecr/x",
    "${IMAGE}", "{{ image }}", "$IMAGE", "Busybox/Tool", "busybox:",
)  # fmt: skip
