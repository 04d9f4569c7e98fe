"""vCPU and memory, which every container needs, and their default."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Self

from jobs.spec.containers import ContainerEntry, TaskEntry, is_fargate, tasks
from jobs.spec.documents import Document, list_at, object_at, text_at, value_at
from jobs.spec.fargate import next_fargate_size
from jobs.spec.forms import units
from jobs.spec.patch import apply_patch
from jobs.spec.problems import DocumentChange, Fix, Problem, join_pointer, join_words, quote
from jobs.spec.rules.multinode_ecs_eks import NODE_GROUPS_PATH, parse_node_range
from jobs.spec.rules.registry import rule
from jobs.spec.rules.sizes import (
    LEGACY_SIZE_KEYS,
    MIN_MEMORY_MIB,
    RESOURCE_LABELS,
    parse_amount,
    requested_amounts,
    requirement_types,
)

_CHANGE_LABELS = {"VCPU": "vCPU", "MEMORY": "Memory"}
_SIZE_TEXT = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,2})?),([0-9]{1,8})", re.ASCII)


@dataclass(frozen=True)
class DefaultSize:
    """vCPU, and memory in MiB."""

    vcpus: Decimal
    memory_mib: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse 1,2048. Raise ValueError."""
        match = _SIZE_TEXT.fullmatch(text.strip())
        size = cls(Decimal(match[1]), int(match[2])) if match else None
        if size is None or not size.vcpus or size.memory_mib < MIN_MEMORY_MIB:
            raise ValueError("A default size is vCPU and MiB, such as 1,2048.")
        return size


SUGGESTED_SIZE = DefaultSize(Decimal(1), 2048)
"""What the fix of a missing size proposes."""


@rule("definition.no-size")
def definition_names_size(document: Document) -> Iterator[Problem]:
    """A definition of a container must set vCPU and memory; one of several nodes at least once for each node.

    Source: the response of AWS Batch: “vCPU is not provided.” ContainerProperties, AWS Batch API reference.
    """
    if is_fargate(document):
        return  # with a rule of its own
    for container, kinds in _containers_without_size(document):
        names = join_words(RESOURCE_LABELS[kind] for kind in kinds)
        targets = text_at(value_at(document, *container.path[:-1]), "targetNodes")
        owner = f"The group of nodes {quote(targets)}" if len(container.path) > 1 else "The definition"
        message = f"{owner} does not set {names}, which AWS Batch requires; add resourceRequirements."
        yield Problem(
            join_pointer(*container.path), message, fix=_size_fix(document, container, kinds, SUGGESTED_SIZE)
        )


@rule("fargate.no-size")
def fargate_size_is_given(document: Document) -> Iterator[Problem]:
    """A Fargate definition must set vCPU and memory.

    Source: ResourceRequirement, AWS Batch API reference: Fargate takes certain pairs only.
    """
    if is_fargate(document):
        for container, kinds in _containers_without_size(document):
            message = f"A Fargate definition must set {join_words(RESOURCE_LABELS[kind] for kind in kinds)}."
            fix = _size_fix(document, container, kinds, SUGGESTED_SIZE)
            yield Problem(join_pointer(*container.path), message, fix=fix)


RULES = (definition_names_size, fargate_size_is_given)


def apply_default_size(document: Document, size: DefaultSize, source: str) -> tuple[Document, list[DocumentChange]]:
    """Return a change for each amount."""
    changes = []
    for container, kinds in _containers_without_size(document):
        document = apply_patch(document, _size_fix(document, container, kinds, size))
        here = (*container.path, "resourceRequirements")
        for number, entry in enumerate(list_at(document, *here)):
            if (kind := text_at(entry, "type")) in kinds:
                amount = units.format_mib(int(entry["value"])) if kind == "MEMORY" else entry["value"]
                message = f"{_CHANGE_LABELS[kind]} was set to {amount} by {source}"
                changes.append(DocumentChange(join_pointer(*here, number), message))
    return document, changes


def _containers_without_size(document: Document) -> Iterator[tuple[ContainerEntry, list[str]]]:
    """Yield what AWS requires of containerProperties and of each node; no source says so of ECS tasks and pods."""
    all_tasks = tasks(document)
    for task in all_tasks:
        if task.type != "container":
            continue
        kinds = _missing_kinds(task.value)
        if task.is_in_node_group:
            others = [other for other in all_tasks if other is not task and other.is_in_node_group]
            kinds = [kind for kind in kinds if not _is_set_elsewhere(kind, document, task, others)]
        if kinds:
            yield task.containers[0], kinds


def _missing_kinds(container: Document) -> list[str]:
    types = requirement_types(container)
    return [kind for key, kind in LEGACY_SIZE_KEYS.items() if key not in container and kind not in types]


def _is_set_elsewhere(kind: str, document: Document, task: TaskEntry, others: list[TaskEntry]) -> bool:
    count = object_at(document, "nodeProperties").get("numNodes")
    count = count if isinstance(count, int) else 0
    nodes = _nodes_of(document, task, count)
    covered: set[int] = set()
    for other in others:
        if other.type != "container" or kind not in _missing_kinds(other.value):
            covered |= _nodes_of(document, other, count)
    return bool(nodes) and nodes <= covered


def _nodes_of(document: Document, task: TaskEntry, count: int) -> set[int]:
    group = value_at(document, *NODE_GROUPS_PATH, task.path[len(NODE_GROUPS_PATH)])
    span = parse_node_range(text_at(group, "targetNodes"), count)
    return set(span) if span is not None and span.stop <= count else set()


def _size_fix(document: Document, container: ContainerEntry, kinds: list[str], size: DefaultSize) -> Fix:
    amounts = requested_amounts(container.value)
    vcpus = parse_amount(amounts.get("VCPU")) or size.vcpus
    memory: Decimal | int = parse_amount(amounts.get("MEMORY")) or size.memory_mib
    if is_fargate(document):
        pair = next_fargate_size(vcpus, memory)
        is_changed = pair and (
            ("VCPU" not in kinds and pair[0] != vcpus) or ("MEMORY" not in kinds and pair[1] != memory)
        )
        if pair is None or is_changed:
            return ()
        vcpus, memory = pair
    else:
        vcpus = Decimal(ceil(vcpus))
    values = {"VCPU": f"{vcpus.normalize():f}", "MEMORY": f"{int(memory)}"}
    entries = [{"type": kind, "value": values[kind]} for kind in kinds]
    here = join_pointer(*container.path, "resourceRequirements")
    if isinstance(container.value.get("resourceRequirements"), list):
        return tuple({"op": "add", "path": f"{here}/-", "value": entry} for entry in entries)
    return ({"op": "add", "path": here, "value": entries},)
