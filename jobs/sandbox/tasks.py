"""AWS's rules for ECS tasks of several containers.

https://docs.aws.amazon.com/batch/latest/APIReference/API_TaskContainerDependency.html
"""

from collections.abc import Iterator

from jobs.sandbox.containers import (
    check_container,
    check_container_on_fargate,
    check_runtime,
    check_storage,
    check_volumes,
)
from jobs.sandbox.context import Document
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.validation import check_role

MAX_CONTAINERS = 10
CONDITIONS = {"START", "COMPLETE", "SUCCESS"}
ENDING_CONDITIONS = {"COMPLETE", "SUCCESS"}
FARGATE_ONLY = ("networkConfiguration", "platformVersion")
TIMEOUTS = ("startTimeout", "stopTimeout")
MIN_TIMEOUT_SECONDS, MAX_FARGATE_TIMEOUT_SECONDS = 2, 120


def check_task(properties: Document, platform: str) -> None:
    tasks = properties["taskProperties"]
    if len(tasks) != 1:
        raise BatchClientError("ecsProperties must have exactly one element in taskProperties")
    (task,) = tasks
    containers = task["containers"]
    if not 1 <= len(containers) <= MAX_CONTAINERS:
        raise BatchClientError(f"taskProperties must have 1 to {MAX_CONTAINERS} containers")
    if not any(is_essential(container) for container in containers):
        raise BatchClientError("At least one container must be essential")
    for container in containers:
        # On Fargate the whole task must have a valid pair of sizes; a container may have any size.
        check_container(container, fargate=False)
        for field in TIMEOUTS:
            _check_timeout(field, container.get(field), platform)
    _check_order(containers)
    for field in ("taskRoleArn", "executionRoleArn"):
        check_role(field, task.get(field))
    check_runtime(task.get("runtimePlatform"), containers, task.get("volumes", ()))
    fargate = platform == "FARGATE"
    version = task.get("platformVersion")
    check_volumes(task.get("volumes", ()), task.get("taskRoleArn"), fargate=fargate, version=version)
    _check_platform(task, platform)


def _check_timeout(field: str, seconds: int | None, platform: str) -> None:
    # https://docs.aws.amazon.com/batch/latest/APIReference/API_TaskContainerProperties.html
    if seconds is None:
        return
    if seconds < MIN_TIMEOUT_SECONDS:
        raise BatchClientError(f"{field} must be at least {MIN_TIMEOUT_SECONDS} seconds")
    if platform == "FARGATE" and seconds > MAX_FARGATE_TIMEOUT_SECONDS:
        raise BatchClientError(f"{field} must be at most {MAX_FARGATE_TIMEOUT_SECONDS} seconds for Fargate")


def is_essential(container: Document) -> bool:
    return bool(container.get("essential", True))


def _check_platform(task: Document, platform: str) -> None:
    mode = task.get("networkMode")
    if mode and (platform != "MANAGED_INSTANCES" or mode != "host"):
        raise BatchClientError("networkMode can only be host, for jobs on MANAGED_INSTANCES")
    if platform == "FARGATE":
        if not task.get("executionRoleArn"):
            raise BatchClientError("executionRoleArn must be provided for Fargate jobs")
        if task.get("ipcMode"):
            raise BatchClientError("ipcMode is not applicable for Fargate.")
        check_storage(task.get("ephemeralStorage"))
        for container in task["containers"]:
            check_container_on_fargate(container)
        return
    for field in FARGATE_ONLY:
        if task.get(field):
            raise BatchClientError(f"{field} not applicable for {platform}.")
    family = (task.get("runtimePlatform") or {}).get("operatingSystemFamily") or "LINUX"
    if platform == "MANAGED_INSTANCES" and family != "LINUX":
        raise BatchClientError("operatingSystemFamily must be LINUX for MANAGED_INSTANCES")


def _check_order(containers: list[Document]) -> None:
    names = [container["name"] for container in containers if container.get("name")]
    if len(set(names)) < len(names):
        raise BatchClientError("Container names must be unique within a task")
    essential = {container["name"] for container in containers if container.get("name") and is_essential(container)}
    edges: dict[str, list[str]] = {}
    for container in containers:
        for name, condition in _dependencies(container):
            if name not in names:
                raise BatchClientError(f"dependsOn names the container '{name}', which is not in the task")
            if condition not in CONDITIONS:
                raise BatchClientError(f"dependsOn condition '{condition}' must be START, COMPLETE or SUCCESS")
            if condition in ENDING_CONDITIONS and name in essential:
                raise BatchClientError(
                    "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"
                )
            edges.setdefault(container.get("name") or "", []).append(name)
    _check_circles(edges)


def _dependencies(container: Document) -> Iterator[tuple[str, str]]:
    for dependency in container.get("dependsOn", ()):
        yield dependency.get("containerName") or "", dependency.get("condition") or "START"


def _check_circles(edges: dict[str, list[str]]) -> None:
    remaining = {name: set(targets) for name, targets in edges.items()}
    while remaining:
        blocked = {name for name, targets in remaining.items() if targets & remaining.keys()}
        if len(blocked) == len(remaining):
            raise BatchClientError(f"The containers {', '.join(sorted(remaining))} depend on each other in a circle")
        remaining = {name: remaining[name] for name in blocked}
