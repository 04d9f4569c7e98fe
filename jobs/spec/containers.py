"""The containers of a document: described by a definition, overridden by a submission."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from jobs.spec.documents import Document, Path, is_object, list_at, object_at, text_at

Sort = Literal["container", "ecs", "eks"]

_BLOCKS: dict[str, Sort] = {"containerProperties": "container", "ecsProperties": "ecs", "eksProperties": "eks"}
_GROUP_BLOCKS: dict[str, Sort] = {"container": "container", "ecsProperties": "ecs", "eksProperties": "eks"}
_OVERRIDES: dict[str, Sort] = {
    "containerOverrides": "container", "ecsPropertiesOverride": "ecs", "eksPropertiesOverride": "eks",
}  # fmt: skip


class Container(NamedTuple):
    """A container or its override, with its place and type."""

    sort: Sort
    path: Path
    value: Document

    @property
    def variables(self) -> str:
        """The key of its environment."""
        return "env" if self.sort == "eks" else "environment"


class Task(NamedTuple):
    """Containers that start together on one machine, and where their shared volumes and roles are named."""

    sort: Sort
    path: Path
    value: Document
    containers: tuple[Container, ...]

    @property
    def in_group(self) -> bool:
        """Whether it belongs to a node group of a multi-node job."""
        return self.path[0] == "nodeProperties"

    @property
    def job_role(self) -> str:
        """The key of the role that the program has."""
        return "taskRoleArn" if self.sort == "ecs" else "jobRoleArn"


def tasks(definition: Document) -> list[Task]:
    """Return every task of a definition, including those of node groups."""
    result = [
        task
        for key, container_type in _BLOCKS.items()
        if key in definition
        for task in _read_tasks(container_type, (key,), definition[key])
    ]
    if "nodeProperties" in definition:
        for number, group in enumerate(list_at(definition, "nodeProperties", "nodeRangeProperties")):
            for key, container_type in _GROUP_BLOCKS.items():
                if is_object(group) and key in group:
                    path = ("nodeProperties", "nodeRangeProperties", number, key)
                    result += _read_tasks(container_type, path, group[key])
    return result


def overrides(submission: Document) -> list[Container]:
    """Return every container override of a submission, including those of node groups."""
    result = [
        override
        for key, container_type in _OVERRIDES.items()
        if key in submission
        for override in _read_overrides(container_type, (key,), submission[key])
    ]
    if "nodeOverrides" in submission:
        for number, group in enumerate(list_at(submission, "nodeOverrides", "nodePropertyOverrides")):
            for key, container_type in _OVERRIDES.items():
                if is_object(group) and key in group:
                    path = ("nodeOverrides", "nodePropertyOverrides", number, key)
                    result += _read_overrides(container_type, path, group[key])
    return result


def containers(document: Document) -> list[Container]:
    """Return the containers of a definition, or the overrides of a submission."""
    return [container for task in tasks(document) for container in task.containers] + overrides(document)


def is_fargate(definition: Document) -> bool:
    return "FARGATE" in list_at(definition, "platformCapabilities")


def is_eks(definition: Document) -> bool:
    return "eksProperties" in definition


def is_multinode(definition: Document) -> bool:
    return "nodeProperties" in definition


def label(container: Container) -> str:
    """Name a container in a sentence."""
    name = text_at(container.value, "name")
    return f"container {name}" if name and container.sort != "container" else "the container"


def _read_tasks(container_type: Sort, path: Path, block: object) -> Iterator[Task]:
    if not is_object(block):
        return
    if container_type == "container":
        yield Task(container_type, path, block, (Container(container_type, path, block),))
    elif container_type == "ecs":
        for number, task in enumerate(list_at(block, "taskProperties")):
            if is_object(task):
                here = (*path, "taskProperties", number)
                yield Task(
                    container_type, here, task, tuple(_read_containers(container_type, here, task, "containers"))
                )
    elif is_object(pod := block.get("podProperties")):
        here = (*path, "podProperties")
        inside = (
            *_read_containers(container_type, here, pod, "containers"),
            *_read_containers(container_type, here, pod, "initContainers"),
        )
        yield Task(container_type, here, pod, inside)


def _read_overrides(container_type: Sort, path: Path, block: object) -> Iterator[Container]:
    """Yield the overrides in a block, which has the shape of the definition's block."""
    for task in _read_tasks(container_type, path, block):
        yield from task.containers


def _read_containers(container_type: Sort, path: Path, owner: Document, key: str) -> Iterator[Container]:
    for number, container in enumerate(list_at(owner, key)):
        if is_object(container):
            yield Container(container_type, (*path, key, number), container)


def variables(container: Container) -> Iterator[tuple[Path, Document]]:
    """Yield the environment variables of a container with their paths."""
    key = container.variables
    for number, entry in enumerate(list_at(container.value, key)):
        if is_object(entry):
            yield (*container.path, key, number), entry


def secret_variables(container: Container) -> Iterator[tuple[Path, Document]]:
    """Yield the secret references of a container with their paths."""
    for number, entry in enumerate(list_at(container.value, "secrets")):
        if is_object(entry):
            yield (*container.path, "secrets", number), entry


def named(entries: list[object]) -> dict[str, int]:
    """Return positions by the `name` of each entry; the first of a name counts."""
    positions: dict[str, int] = {}
    for number, entry in enumerate(entries):
        if name := text_at(object_at(entry), "name"):
            positions.setdefault(name, number)
    return positions
