"""The containers of a job in groups: an ECS task or an EKS pod, one per node."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.sandbox.context import Document
from jobs.sandbox.images import environment_variables
from jobs.sandbox.nodes import NODE_BLOCKS, node_group
from jobs.sandbox.pods import container_name, pod_sizes
from jobs.sandbox.tasks import is_essential
from jobs.sandbox.validation import resource_requirements

DEFAULT_CONTAINER = "default"

# Kubernetes' reference to a variable, and its escape.
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")


@dataclass(frozen=True)
class GroupContainer:
    name: str
    image: str
    command: list[str]
    environment: dict[str, str]
    logs: Document
    is_essential: bool = True
    is_init: bool = False
    conditions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ContainerGroup:
    block: str
    properties: Document
    containers: tuple[GroupContainer, ...]
    sizes: tuple[dict[str, str], ...]
    node: int | None = None

    @property
    def is_pod(self) -> bool:
        return self.block == "eksProperties"


def job_groups(spec: Document) -> list[ContainerGroup]:
    if (nodes := spec.get("nodeProperties")) is None:
        return [_group(spec, None)]
    main: int = nodes["mainNode"]
    indexes = [main, *(index for index in range(nodes["numNodes"]) if index != main)]
    return [_group(node_group(nodes, index), index) for index in indexes]


def _group(document: Document, node: int | None) -> ContainerGroup:
    block = next(name for name in NODE_BLOCKS if document.get(name) is not None)
    properties: Document = document[block]
    if block == "container":
        single = _container(properties, name=DEFAULT_CONTAINER)
        return ContainerGroup(block, properties, (single,), (resource_requirements(properties),), node)
    if block == "ecsProperties":
        (task,) = properties["taskProperties"]
        containers = tuple(
            _container(container, name=container.get("name") or f"{DEFAULT_CONTAINER}-{position}")
            for position, container in enumerate(task["containers"])
        )
        sizes = tuple(resource_requirements(container) for container in task["containers"])
        return ContainerGroup(block, properties, containers, sizes, node)
    pod = properties["podProperties"]
    return ContainerGroup(block, properties, _pod_containers(pod), (pod_sizes(pod),), node)


def _container(container: Document, *, name: str) -> GroupContainer:
    return GroupContainer(
        name=name,
        image=container["image"],
        command=container["command"],
        environment=environment_variables(container.get("environment", ())),
        logs=container.get("logConfiguration") or {},
        is_essential=is_essential(container),
        conditions=tuple(
            (dependency["containerName"], dependency.get("condition") or "START")
            for dependency in container.get("dependsOn", ())
        ),
    )


def _pod_containers(pod: Document) -> tuple[GroupContainer, ...]:
    result: list[GroupContainer] = []
    last_init: tuple[tuple[str, str], ...] = ()
    for field in ("initContainers", "containers"):
        for container in pod.get(field) or ():
            variables = environment_variables(container.get("env", ()))
            argv = [*(container.get("command") or ()), *(container.get("args") or ())]
            name = container_name(container)
            result.append(
                GroupContainer(
                    name=name,
                    image=container["image"],
                    command=[expand_references(word, variables) for word in argv],
                    environment=variables,
                    logs={},
                    is_essential=False,
                    is_init=field == "initContainers",
                    conditions=last_init,
                )
            )
            if field == "initContainers":
                last_init = ((name, "SUCCESS"),)
    return tuple(result)


def expand_references(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)` as Kubernetes does: unknown names remain, and `$$` is a `$`."""
    return _REFERENCE.sub(
        lambda match: "$" if match[1] is None else variables.get(match[1], match[0]),
        text,
    )
