"""Every place of RegisterJobDefinition and SubmitJob where a size can be given, read from the installed botocore."""

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StringShape, StructureShape

from jobs.spec.documents import Document
from jobs.spec.schema.botocore_schema import _service_model

Place = tuple[str, ...]
"""Members from the request on; a list stands for its first entry, written as []."""

REQUESTS = {"definition": "RegisterJobDefinitionRequest", "submission": "SubmitJobRequest"}

OF_CONTAINERS = {
    ("ContainerOverrides", "memory"),
    ("ContainerOverrides", "resourceRequirements"),
    ("ContainerOverrides", "vcpus"),
    ("ContainerProperties", "memory"),
    ("ContainerProperties", "resourceRequirements"),
    ("ContainerProperties", "vcpus"),
    ("EksContainerResourceRequirements", "limits"),
    ("EksContainerResourceRequirements", "requests"),
    ("TaskContainerOverrides", "resourceRequirements"),
    ("TaskContainerProperties", "resourceRequirements"),
}

ONE, MORE = "1", "7"
NODES = 3


def members(request: str) -> Iterator[tuple[Place, str, Shape]]:
    """Every member that can be reached: its place, the structure it belongs to, and its shape."""
    yield from _members(_service_model().shape_for(request), ())


def _members(shape: Shape, place: Place) -> Iterator[tuple[Place, str, Shape]]:
    if isinstance(shape, ListShape):
        yield from _members(shape.member, (*place, "[]"))
    elif isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield (*place, name), shape.name, member
            yield from _members(member, (*place, name))


def is_amount(name: str, shape: Shape) -> bool:
    """Whether a member may say how much of something a job takes, by its type or by its name."""
    if shape.type_name in ("integer", "long", "float", "double"):
        return True
    words = (
        "resource",
        "request",
        "size",
        "quantity",
        "limit",
        "cpu",
        "memory",
        "gpu",
        "instancetype",
        "numnodes",
        "storage",
    )
    return any(word in name.lower() for word in words)


def amounts(kind: str, value: str) -> Any:
    """What a member of this name holds when it asks for so many vCPU (and 100 times as many MiB)."""
    every: dict[str, Any] = {
        "resourceRequirements": [{"type": "VCPU", "value": value}, {"type": "MEMORY", "value": f"{value}00"}],
        "vcpus": int(value),
        "memory": int(f"{value}00"),
        "limits": {"cpu": value, "memory": f"{value}00Mi"},
        "requests": {"cpu": value, "memory": f"{value}00Mi"},
    }
    return every[kind]


def _with_requirements(pod: bool) -> Document:
    if pod:
        return {"name": "main", "resources": {"limits": amounts("limits", ONE)}}
    return {"name": "main", "resourceRequirements": amounts("resourceRequirements", ONE)}


def _plain() -> Document:
    return {"image": "busybox", "resourceRequirements": amounts("resourceRequirements", ONE)}


def _block(key: str) -> Document:
    """A small block of a definition or of a node group, which asks for one vCPU."""
    if key in ("containerProperties", "container"):
        return _plain()
    if key == "ecsProperties":
        return {"taskProperties": [{"containers": [{"image": "busybox", **_with_requirements(pod=False)}]}]}
    pod = {"image": "busybox", **_with_requirements(pod=True)}
    before = {**copy.deepcopy(pod), "name": "before"}
    return {"podProperties": {"containers": [pod], "initContainers": [before]}}


_BLOCK_OF = {
    "containerOverrides": ("containerProperties", "container"),
    "ecsPropertiesOverride": ("ecsProperties", "ecsProperties"),
    "eksPropertiesOverride": ("eksProperties", "eksProperties"),
}


def definition_for(place: Place) -> Document:
    """A definition that asks for one vCPU (a node), of the sort that a place of either document belongs to."""
    if place[0] in ("nodeProperties", "nodeOverrides"):
        inner = next((key for key in place if key in _BLOCK_OF), "")
        key = (
            _BLOCK_OF[inner][1]
            if inner
            else next((key for key in place if key in ("container", "ecsProperties", "eksProperties")), "container")
        )
        group = {"targetNodes": "0:", key: _block(key)}
        nodes = {"numNodes": NODES, "mainNode": 0, "nodeRangeProperties": [group]}
        return {"jobDefinitionName": "sized", "type": "multinode", "nodeProperties": nodes}
    key = _BLOCK_OF[place[0]][0] if place[0] in _BLOCK_OF else place[0]
    if not key.endswith("Properties"):
        key = "containerProperties"
    return {"jobDefinitionName": "sized", "type": "container", key: _block(key)}


def with_value(document: Document, place: Place, value: Any) -> Document:
    """The document with a value at a place; what leads there is made where it is missing."""
    changed = copy.deepcopy(document)
    owner: Any = changed
    for step, following in itertools.pairwise(place):
        if step == "[]":
            if not owner:
                owner.append({})
            owner = owner[0]
        else:
            owner = owner.setdefault(step, [] if following == "[]" else {})
    owner[place[-1]] = value
    return changed


def resource_types() -> list[str]:
    """What a resource requirement may be of."""
    shape = _service_model().shape_for("ResourceType")
    assert isinstance(shape, StringShape)
    return list(shape.enum)


EVERY = [
    (kind, place, (owner, place[-1]))
    for kind, request in REQUESTS.items()
    for place, owner, shape in members(request)
    if is_amount(place[-1], shape)
]


def places(*shapes: set[tuple[str, str]], only_nodes: bool = False) -> list[Any]:
    return [
        pytest.param(kind, place, id=f"{kind}: {'.'.join(place)}")
        for kind, place, member in EVERY
        if any(member in each for each in shapes) and not (only_nodes and not place[0].startswith("node"))
    ]


def with_names(submission: Document, place: Place) -> Document:
    """The submission with the names of the node group and of the pod's container that a place is for."""
    if "nodePropertyOverrides" in place:
        submission = with_value(submission, ("nodeOverrides", "nodePropertyOverrides", "[]", "targetNodes"), "0:")
    if "podProperties" in place:
        name = "before" if "initContainers" in place else "main"
        submission = with_value(submission, (*place[: place.index("resources")], "name"), name)
    return submission
