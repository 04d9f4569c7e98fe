"""The containers of a document."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from jobs.spec.documents import Document, Path, is_object, list_at, object_at, once_per_document, text_at

ContainerType = Literal["container", "ecs", "eks"]

_BLOCKS: dict[str, ContainerType] = {
    "containerProperties": "container",
    "ecsProperties": "ecs",
    "eksProperties": "eks",
}
_GROUP_BLOCKS: dict[str, ContainerType] = {"container": "container", "ecsProperties": "ecs", "eksProperties": "eks"}
_OVERRIDES: dict[str, ContainerType] = {
    "containerOverrides": "container", "ecsPropertiesOverride": "ecs", "eksPropertiesOverride": "eks",
}  # fmt: skip


class ContainerEntry(NamedTuple):
    type: ContainerType
    path: Path
    value: Document

    @property
    def environment_key(self) -> str:
        return "env" if self.type == "eks" else "environment"


class TaskEntry(NamedTuple):
    type: ContainerType
    path: Path
    value: Document
    containers: tuple[ContainerEntry, ...]

    @property
    def is_in_node_group(self) -> bool:
        return self.path[0] == "nodeProperties"

    @property
    def job_role_key(self) -> str:
        return "taskRoleArn" if self.type == "ecs" else "jobRoleArn"


@once_per_document
def tasks(definition: Document) -> list[TaskEntry]:
    groups = ("nodeProperties", "nodeRangeProperties")
    return [task for block in _blocks(definition, _BLOCKS, groups, _GROUP_BLOCKS) for task in _read_tasks(*block)]


@once_per_document
def overrides(submission: Document) -> list[ContainerEntry]:
    groups = ("nodeOverrides", "nodePropertyOverrides")
    blocks = _blocks(submission, _OVERRIDES, groups, _OVERRIDES)
    return [override for block in blocks for override in _read_overrides(*block)]


@once_per_document
def containers(document: Document) -> list[ContainerEntry]:
    return [container for task in tasks(document) for container in task.containers] + overrides(document)


def is_fargate(definition: Document) -> bool:
    return "FARGATE" in list_at(definition, "platformCapabilities")


def is_managed_instances(definition: Document) -> bool:
    return "MANAGED_INSTANCES" in list_at(definition, "platformCapabilities")


def is_eks(definition: Document) -> bool:
    return "eksProperties" in definition


def is_multinode(definition: Document) -> bool:
    return "nodeProperties" in definition


def container_label(container: ContainerEntry) -> str:
    name = text_at(container.value, "name")
    return f"container {name}" if name and container.type != "container" else "the container"


def _blocks(
    document: Document,
    types: Mapping[str, ContainerType],
    groups: tuple[str, str],
    group_types: Mapping[str, ContainerType],
) -> Iterator[tuple[ContainerType, Path, object]]:
    """Yield the blocks of containers of a document, then those of its node groups."""
    for key, container_type in types.items():
        if key in document:
            yield container_type, (key,), document[key]
    if groups[0] in document:
        for number, group in enumerate(list_at(document, *groups)):
            for key, container_type in group_types.items():
                if is_object(group) and key in group:
                    yield container_type, (*groups, number, key), group[key]


def _read_tasks(container_type: ContainerType, path: Path, block: object) -> Iterator[TaskEntry]:
    if not is_object(block):
        return
    if container_type == "container":
        yield TaskEntry(container_type, path, block, (ContainerEntry(container_type, path, block),))
    elif container_type == "ecs":
        for number, task in enumerate(list_at(block, "taskProperties")):
            if is_object(task):
                here = (*path, "taskProperties", number)
                yield TaskEntry(
                    container_type, here, task, tuple(_read_containers(container_type, here, task, "containers"))
                )
    elif is_object(pod := block.get("podProperties")):
        here = (*path, "podProperties")
        inside = (
            *_read_containers(container_type, here, pod, "containers"),
            *_read_containers(container_type, here, pod, "initContainers"),
        )
        yield TaskEntry(container_type, here, pod, inside)


def _read_overrides(container_type: ContainerType, path: Path, block: object) -> Iterator[ContainerEntry]:
    if container_type == "container":  # by far the most frequent, and read by many rules
        if is_object(block):
            yield ContainerEntry(container_type, path, block)
        return
    for task in _read_tasks(container_type, path, block):
        yield from task.containers


def _read_containers(
    container_type: ContainerType, path: Path, owner: Document, key: str
) -> Iterator[ContainerEntry]:
    for number, container in enumerate(list_at(owner, key)):
        if is_object(container):
            yield ContainerEntry(container_type, (*path, key, number), container)


def environment_entries(container: ContainerEntry) -> Iterator[tuple[Path, Document]]:
    key = container.environment_key
    for number, entry in enumerate(list_at(container.value, key)):
        if is_object(entry):
            yield (*container.path, key, number), entry


def secret_entries(container: ContainerEntry) -> Iterator[tuple[Path, Document]]:
    for number, entry in enumerate(list_at(container.value, "secrets")):
        if is_object(entry):
            yield (*container.path, "secrets", number), entry


def positions_by_name(entries: list[object]) -> dict[str, int]:
    positions: dict[str, int] = {}
    for number, entry in enumerate(entries):
        if name := text_at(object_at(entry), "name"):
            positions.setdefault(name, number)
    return positions
