"""AWS's rules for multi-node parallel jobs.

https://docs.aws.amazon.com/batch/latest/APIReference/API_NodeProperties.html
"""

import re

from jobs.sandbox.containers import check_single
from jobs.sandbox.context import Document
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.pods import check_pod
from jobs.sandbox.tasks import check_task
from jobs.sandbox.validation import check_sizes_present, resource_requirements

MAX_GROUPS = 5
MAX_NODES = 1000
NODE_BLOCKS = ("container", "ecsProperties", "eksProperties")

_RANGE = re.compile(r"([0-9]{0,9}):([0-9]{0,9})")


def check_nodes(nodes: Document) -> None:
    count = nodes["numNodes"]
    if not 1 <= count <= MAX_NODES:
        raise BatchClientError(f"numNodes must be between 1 and {MAX_NODES}")
    if not 0 <= nodes["mainNode"] < count:
        raise BatchClientError("mainNode must be one of the nodes")
    groups = nodes["nodeRangeProperties"]
    if not 1 <= len(groups) <= MAX_GROUPS:
        raise BatchClientError(f"nodeRangeProperties must have 1 to {MAX_GROUPS} groups")
    for group in groups:
        blocks = [block for block in NODE_BLOCKS if group.get(block) is not None]
        if len(blocks) != 1:
            raise BatchClientError(f"A node range needs exactly one of {', '.join(NODE_BLOCKS)}")
        if len(group.get("instanceTypes", ())) > 1:
            raise BatchClientError("instanceTypes of a node range can have only one value")
        if "container" in blocks:
            check_single(group["container"], fargate=False)
        elif "ecsProperties" in blocks:
            check_task(group["ecsProperties"], "EC2")
        else:
            check_pod(group["eksProperties"])
    _check_same(groups)
    _check_cover(groups, count)
    _check_sizes(groups, count)


def _check_same(groups: list[Document]) -> None:
    """Check that all groups have one instance type, and all pods one namespace.

    https://docs.aws.amazon.com/batch/latest/userguide/multi-node-parallel-jobs.html
    https://docs.aws.amazon.com/batch/latest/APIReference/API_EksMetadata.html
    """
    types = {
        name
        for group in groups
        for name in (*group.get("instanceTypes", ()), (group.get("container") or {}).get("instanceType"))
        if name
    }
    if len(types) > 1:
        raise BatchClientError("All node ranges must use the same instance type")
    pods = [group["eksProperties"].get("podProperties") or {} for group in groups if group.get("eksProperties")]
    if len({(pod.get("metadata") or {}).get("namespace") for pod in pods}) > 1:
        raise BatchClientError("All node ranges must use the same namespace")


def _check_cover(groups: list[Document], count: int) -> None:
    covered: set[int] = set()
    for group in groups:
        nodes = target_nodes(group["targetNodes"], count)
        if not nodes or nodes.stop > count:
            raise BatchClientError(f"targetNodes '{group['targetNodes']}' is not within the {count} nodes")
        covered.update(nodes)
    if len(covered) < count:
        raise BatchClientError(f"Node ranges must account for all nodes (0:{count - 1})")


def _check_sizes(groups: list[Document], count: int) -> None:
    """Check that each node has its sizes from one of its ranges.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html (vcpus, memory)
    """
    for node in range(count):
        sizes: dict[str, str] = {}
        for group in groups:
            if node in target_nodes(group["targetNodes"], count):
                if "container" not in group:
                    break
                sizes |= resource_requirements(group["container"])
        else:
            check_sizes_present(sizes)


def target_nodes(text: str, count: int) -> range:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise BatchClientError(f"targetNodes '{text}' is not a range of nodes")
    return range(int(match[1] or 0), int(match[2] or count - 1) + 1)


def node_group(nodes: Document, index: int) -> Document:
    candidates = [
        (target, group)
        for group in nodes["nodeRangeProperties"]
        if index in (target := target_nodes(group["targetNodes"], nodes["numNodes"]))
    ]
    group: Document = min(candidates, key=lambda candidate: len(candidate[0]))[1]
    return group


def check_node_count(nodes: Document, count: int) -> None:
    starts = [group["targetNodes"] for group in nodes["nodeRangeProperties"] if group["targetNodes"].endswith(":")]
    if not starts:
        raise BatchClientError("numNodes can only be overridden if a node range has an open upper boundary")
    if count < 1 or count > MAX_NODES or nodes["mainNode"] >= count:
        raise BatchClientError("numNodes of the override must be greater than the index of the main node")
    for group in nodes["nodeRangeProperties"]:
        if target_nodes(group["targetNodes"], count).start >= count:
            raise BatchClientError(
                "The lower boundary of every node range must be less than numNodes of the override"
            )
