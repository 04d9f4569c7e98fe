"""Rules of node groups, ECS tasks and EKS pods."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from jobs.spec.containers import containers, is_eks, tasks
from jobs.spec.documents import Document, is_integer, is_object, list_at, object_at, text_at
from jobs.spec.problems import Problem, join_pointer, quote
from jobs.spec.rules.registry import rule
from jobs.spec.rules.sizes import MIN_MEMORY_MIB, parse_amount

NODE_GROUPS_PATH = ("nodeProperties", "nodeRangeProperties")
_RANGE = re.compile(r"([0-9]{1,4})?:([0-9]{1,4})?|([0-9]{1,4})")
_MEBIBYTES = re.compile(r"[0-9]{1,9}Mi")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,4}")
GPU_KEY = "nvidia.com/gpu"


@rule("nodes.range")
def node_ranges_are_valid(document: Document) -> Iterator[Problem]:
    """targetNodes must be a range of node numbers such as 0:3, 4: or :3.

    Source: NodeRangeProperty, AWS Batch API reference.
    """
    count = _node_count(document)
    for position, group in enumerate(list_at(document, *NODE_GROUPS_PATH)):
        text = text_at(group, "targetNodes")
        here = join_pointer(*NODE_GROUPS_PATH, position, "targetNodes")
        if not isinstance(object_at(group).get("targetNodes"), str):
            continue
        span = parse_node_range(text, count)
        if span is None:
            yield Problem(here, f"{quote(text)} is not a range of nodes; write it like 0:3, 4: or :3.")
        elif count and span.stop > count:
            yield Problem(here, f"{quote(text)} goes beyond node {count - 1}, the last of {count}.")


@rule("nodes.not-covered")
def node_ranges_cover_all_nodes(document: Document) -> Iterator[Problem]:
    """The groups of a multi-node job must cover every node.

    Source: NodeRangeProperty, AWS Batch API reference.
    """
    count = _node_count(document)
    spans = [parse_node_range(text_at(group, "targetNodes"), count) for group in list_at(document, *NODE_GROUPS_PATH)]
    if not count or not spans or None in spans:
        return
    next_node = 0
    for span in sorted((span for span in spans if span), key=lambda span: span.start):
        if span.start > next_node:
            break
        next_node = max(next_node, span.stop)
    if next_node < count:
        message = f"Node {next_node} is not in any group; the groups must cover nodes 0 to {count - 1}."
        yield Problem(join_pointer(*NODE_GROUPS_PATH), message)


@rule("nodes.main")
def main_node_exists(document: Document) -> Iterator[Problem]:
    """The main node must be one of the nodes.

    Source: NodeProperties, AWS Batch API reference.
    """
    count, main = _node_count(document), object_at(document, "nodeProperties").get("mainNode")
    if count and is_integer(main) and main >= count:
        message = f"mainNode is {main}, but the nodes are 0 to {count - 1}."
        fix = ({"op": "replace", "path": "/nodeProperties/mainNode", "value": 0},)
        yield Problem("/nodeProperties/mainNode", message, fix=fix)


@rule("nodes.properties")
def node_group_has_one_block(document: Document) -> Iterator[Problem]:
    """A node group must have exactly one of container, ecsProperties and eksProperties.

    Source: NodeRangeProperty, AWS Batch API reference.
    """
    blocks = ("container", "ecsProperties", "eksProperties")
    for position, group in enumerate(list_at(document, *NODE_GROUPS_PATH)):
        if not is_object(group):
            continue
        present = [key for key in blocks if key in group]
        here = join_pointer(*NODE_GROUPS_PATH, position)
        if not present:
            yield Problem(here, f"Group {position + 1} has no container; add one.")
        for key in present[1:]:
            message = f"{key} and {present[0]} exclude each other; keep one of them."
            fix = () if group[key] else ({"op": "remove", "path": f"{here}/{key}"},)
            yield Problem(f"{here}/{key}", message, fix=fix)


@rule("nodes.instance-types")
def node_groups_share_instance_type(document: Document) -> Iterator[Problem]:
    """All groups of a multi-node job must use the same instance type.

    Source: “Multi-node parallel jobs”, AWS Batch User Guide.
    """
    first = ""
    for position, group in enumerate(list_at(document, *NODE_GROUPS_PATH)):
        plain = text_at(group, "container", "instanceType")
        for name, path in ((plain, ("container", "instanceType")), *_instance_types(group)):
            first = first or name
            if name and name != first:
                message = (
                    f"All groups must use the same instance type; this one has {quote(name)}, another {quote(first)}."
                )
                here = join_pointer(*NODE_GROUPS_PATH, position, *path)
                yield Problem(here, message, fix=({"op": "replace", "path": here, "value": first},))


def _instance_types(group: Any) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    for position, name in enumerate(list_at(group, "instanceTypes")):
        if isinstance(name, str):
            yield name, ("instanceTypes", position)


@rule("ecs.essential")
def task_has_essential_container(document: Document) -> Iterator[Problem]:
    """At least one container of an ECS task must be essential: the job ends with it.

    Source: TaskContainerProperties, AWS Batch API reference.
    """
    for task in tasks(document):
        none_essential = all(container.value.get("essential") is False for container in task.containers)
        if task.type == "ecs" and task.containers and none_essential:
            here = join_pointer(*task.containers[0].path, "essential")
            message = "At least one container must be essential. The job ends when an essential container exits."
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("containers.same-name")
def container_names_are_unique(document: Document) -> Iterator[Problem]:
    """The containers of a task or pod must have different names.

    Source: TaskContainerProperties and EksContainer, AWS Batch API reference.
    """
    for task in tasks(document):
        names: set[str] = set()
        for container in task.containers:
            name = text_at(container.value, "name")
            if name and name in names and task.type != "container":
                yield Problem(
                    join_pointer(*container.path, "name"), f"Another container is already named {quote(name)}."
                )
            names.add(name)


@rule("eks.platform")
def eks_names_no_platform(document: Document) -> Iterator[Problem]:
    """EKS jobs do not accept platformCapabilities.

    Source: RegisterJobDefinition, AWS Batch API reference.
    """
    if is_eks(document) and "platformCapabilities" in document:
        message = "EKS jobs do not accept platformCapabilities; remove it."
        yield Problem("/platformCapabilities", message, fix=({"op": "remove", "path": "/platformCapabilities"},))


@rule("eks.propagate-tags")
def eks_propagates_no_tags(document: Document) -> Iterator[Problem]:
    """EKS jobs do not propagate tags.

    Source: RegisterJobDefinition, AWS Batch API reference.
    """
    if is_eks(document) and document.get("propagateTags") is True:
        message = "EKS jobs do not propagate tags; remove propagateTags."
        yield Problem("/propagateTags", message, fix=({"op": "remove", "path": "/propagateTags"},))


@rule("eks.memory")
def eks_memory(document: Document) -> Iterator[Problem]:
    """The memory of a pod's container must be in whole MiB such as 1024Mi, 4 at least, with equal request and limit.

    Source: EksContainerResourceRequirements, AWS Batch API reference.
    """
    for path, limits, requests in _pod_resources(document):
        for side, values in (("limits", limits), ("requests", requests)):
            text = values.get("memory")
            if not isinstance(text, str):
                continue
            here = join_pointer(*path, side, "memory")
            if not _MEBIBYTES.fullmatch(text):
                yield Problem(here, f"memory must be in whole MiB, such as 1024Mi; found {quote(text)}.")
            elif int(text.removesuffix("Mi")) < MIN_MEMORY_MIB:
                yield Problem(here, f"A job needs at least {MIN_MEMORY_MIB}Mi of memory; found {quote(text)}.")
        limit, request = limits.get("memory"), requests.get("memory")
        if isinstance(limit, str) and isinstance(request, str) and limit != request:
            here = join_pointer(*path, "requests", "memory")
            message = f"The memory request must equal the memory limit, {quote(limit)}."
            yield Problem(here, message, fix=({"op": "replace", "path": here, "value": limit},))


@rule("eks.cpu")
def eks_cpu(document: Document) -> Iterator[Problem]:
    """The CPU of a pod's container must be a multiple of 0.25, and its limit at least its request.

    Source: EksContainerResourceRequirements, AWS Batch API reference.
    """
    for path, limits, requests in _pod_resources(document):
        for side, values in (("limits", limits), ("requests", requests)):
            text = values.get("cpu")
            if isinstance(text, str) and (not parse_amount(text) or parse_amount(text) % Decimal("0.25")):
                yield Problem(
                    join_pointer(*path, side, "cpu"),
                    f"cpu must be a multiple of 0.25, such as 0.25 or 2; found {quote(text)}.",
                )
        limit, request = parse_amount(limits.get("cpu")), parse_amount(requests.get("cpu"))
        if limit and limit < request:
            here = join_pointer(*path, "limits", "cpu")
            message = f"The cpu limit must be at least the cpu request, {request}."
            yield Problem(here, message, fix=({"op": "replace", "path": here, "value": requests["cpu"]},))


@rule("eks.gpu")
def eks_gpu(document: Document) -> Iterator[Problem]:
    """The GPUs of a pod's container must be a whole number, with equal request and limit.

    Source: EksContainerResourceRequirements, AWS Batch API reference.
    """
    for path, limits, requests in _pod_resources(document):
        for side, values in (("limits", limits), ("requests", requests)):
            text = values.get(GPU_KEY)
            if isinstance(text, str) and not _WHOLE_NUMBER.fullmatch(text):
                message = f"{GPU_KEY} must be a whole number, such as 1; found {quote(text)}."
                yield Problem(join_pointer(*path, side, GPU_KEY), message)
        limit, request = limits.get(GPU_KEY), requests.get(GPU_KEY)
        if isinstance(limit, str) and isinstance(request, str) and limit != request:
            here = join_pointer(*path, "requests", GPU_KEY)
            message = f"The GPU request must equal the GPU limit, {quote(limit)}."
            yield Problem(here, message, fix=({"op": "replace", "path": here, "value": limit},))


@rule("eks.namespace")
def nodes_share_namespace(document: Document) -> Iterator[Problem]:
    """All groups of a multi-node job on EKS must use the same namespace.

    Source: EksMetadata, AWS Batch API reference.
    """
    groups = [task for task in tasks(document) if task.type == "eks" and task.is_in_node_group]
    for group in groups[1:]:
        first, name = (text_at(task.value, "metadata", "namespace") for task in (groups[0], group))
        if name != first:
            here = join_pointer(*group.path, *(("metadata", "namespace") if name else ()))
            message = f"All groups must use the same namespace; this one has {quote(name)}, another {quote(first)}."
            yield Problem(here, message)


@rule("eks.no-image")
def pod_has_container(document: Document) -> Iterator[Problem]:
    """A pod needs at least one container.

    Source: EksPodProperties, AWS Batch API reference.
    """
    for task in tasks(document):
        if task.type == "eks" and not task.containers:
            yield Problem(join_pointer(*task.path), "The pod has no container; add one in containers.")


RULES = (
    node_ranges_are_valid,
    node_ranges_cover_all_nodes,
    main_node_exists,
    node_group_has_one_block,
    node_groups_share_instance_type,
    task_has_essential_container,
    container_names_are_unique,
    eks_names_no_platform,
    eks_propagates_no_tags,
    eks_memory,
    eks_cpu,
    eks_gpu,
    nodes_share_namespace,
    pod_has_container,
)

OVERRIDE_RULES = (eks_memory, eks_cpu, eks_gpu)
"""Rules of resources, which a submission can override."""


def parse_node_range(text: str, count: int) -> range | None:
    match = _RANGE.fullmatch(text)
    if not match:
        return None
    if match[3]:
        return range(int(match[3]), int(match[3]) + 1)
    if not match[1] and not match[2]:
        return None
    first = int(match[1] or 0)
    last = int(match[2]) if match[2] else max(count - 1, first)
    return range(first, last + 1) if first <= last else None


def _node_count(document: Document) -> int:
    count = object_at(document, "nodeProperties").get("numNodes")
    return count if is_integer(count) and count > 0 else 0


def _pod_resources(document: Document) -> Iterator[tuple[tuple[str | int, ...], Document, Document]]:
    for container in containers(document):
        if container.type == "eks" and is_object(container.value.get("resources")):
            resources = container.value["resources"]
            yield (*container.path, "resources"), object_at(resources, "limits"), object_at(resources, "requests")
