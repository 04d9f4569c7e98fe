"""The size of a job: the resources that definition and submission request together, in every shape of AWS Batch.

A container on ECS requests resourceRequirements (or the legacy vcpus and memory), a pod's container resources.limits
and resources.requests, a node group its containers and its instance type. The containers of a task add up, as do the
nodes of a multi-node job. An amount that can't be determined is `UnknownAmount`, never a zero that would pass a
limit; a size in a place that this module does not read makes the whole size unknown.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from jobs.spec.containers import Container, Task, is_eks, is_fargate, overrides, tasks
from jobs.spec.documents import Document, Path, is_object, is_whole_number, list_at, object_at, text_at
from jobs.spec.instance_types import machine
from jobs.spec.problems import quoted
from jobs.spec.rules.multinode_ecs_eks import GROUPS, node_range
from jobs.spec.rules.sizes import LEGACY

VCPU, MEMORY, GPU = "VCPU", "MEMORY", "GPU"
RESOURCE_NAMES: Final[Mapping[str, str]] = {VCPU: "vCPU", MEMORY: "memory", GPU: "GPUs"}

SIZE_MEMBERS = frozenset(["resourceRequirements", "resources", "vcpus", "memory", "ephemeralStorage"]) | frozenset(
    ["numNodes", "instanceType", "instanceTypes"]
)
"""The keys that state a size, at any depth."""

_FREE_TEXT = frozenset({"parameters", "tags", "options", "labels", "annotations", "limits", "requests"})
"""Maps whose keys are the author's own, or that are read together with their owner."""

_POD_RESOURCES = {"cpu": VCPU, "memory": MEMORY, "nvidia.com/gpu": GPU}
_AMOUNT_PATTERNS = {
    VCPU: re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?"),
    MEMORY: re.compile(r"[0-9]{1,9}"),
    GPU: re.compile(r"[0-9]{1,4}"),
}
_POD_MEMORY = re.compile(r"([0-9]{1,9})Mi")
_DEFAULT_POD_CONTAINER = "Default"  # EksContainer, AWS Batch API reference
MAX_NODES = 9999


class Unknown(NamedTuple):
    """A resource whose amount can't be determined. The reason continues a sentence after “because”."""

    resource: str  # VCPU, MEMORY or GPU
    reason: str


@dataclass(frozen=True)
class Amounts:
    """Resources of a container, task or node. For an unknown resource, the known part is counted."""

    vcpus: Decimal = Decimal(0)
    memory_mib: int = 0
    gpus: int = 0
    ephemeral_gib: int = 0
    unknown: tuple[Unknown, ...] = ()

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.vcpus + other.vcpus,
            self.memory_mib + other.memory_mib,
            self.gpus + other.gpus,
            self.ephemeral_gib + other.ephemeral_gib,
            _merge_unknown(self.unknown, other.unknown),
        )

    def times(self, count: int) -> "Amounts":
        return Amounts(
            self.vcpus * count, self.memory_mib * count, self.gpus * count, self.ephemeral_gib * count, self.unknown
        )

    def at_least(self, other: "Amounts") -> "Amounts":
        """Return the larger amount of each resource."""
        return Amounts(
            max(self.vcpus, other.vcpus),
            max(self.memory_mib, other.memory_mib),
            max(self.gpus, other.gpus),
            max(self.ephemeral_gib, other.ephemeral_gib),
            _merge_unknown(self.unknown, other.unknown),
        )


@dataclass(frozen=True)
class Size:
    """Resources of one run of a job, over all its nodes. Zero where the amount is in `unknown`."""

    platform: str  # EC2, FARGATE or EKS
    vcpus: Decimal
    memory_mib: int
    gpus: int
    ephemeral_gib: int
    architecture: str  # for pricing: X86_64, ARM64, or WINDOWS on Fargate, which includes a licence
    system: str  # LINUX, or a Windows version as AWS names it
    nodes: int = 1
    unknown: tuple[Unknown, ...] = ()

    def why_unknown(self, resource: str) -> str:
        """Return why the amount of a resource is unknown, or ""."""
        return next((amount.reason for amount in self.unknown if amount.resource == resource), "")


def requested_size(definition: Document, submission: Document) -> Size:
    """Return the effective size. An override of one type keeps the definition's others (SubmitJob, API reference)."""
    counter = _SizeCounter(definition, submission)
    total, nodes = counter.total()
    total = total + counter.unread_sizes()
    unknown = {amount.resource for amount in total.unknown}
    runtimes = [object_at(task.value, "runtimePlatform") for task in tasks(definition)]
    architectures = {text_at(runtime, "cpuArchitecture") or "X86_64" for runtime in runtimes}
    systems = [text_at(runtime, "operatingSystemFamily") for runtime in runtimes]
    platform_name, system = platform(definition), next(filter(None, systems), "LINUX")
    architecture = architectures.pop() if len(architectures) == 1 else "X86_64"
    return Size(
        platform=platform_name,
        vcpus=Decimal(0) if VCPU in unknown else total.vcpus,
        memory_mib=0 if MEMORY in unknown else total.memory_mib,
        gpus=0 if GPU in unknown else total.gpus,
        ephemeral_gib=total.ephemeral_gib,
        architecture="WINDOWS" if platform_name == "FARGATE" and system.startswith("WINDOWS") else architecture,
        system=system,
        nodes=nodes,
        unknown=total.unknown,
    )


def platform(definition: Document) -> str:
    groups = list_at(definition, *GROUPS)
    if is_eks(definition) or any(is_object(group) and "eksProperties" in group for group in groups):
        return "EKS"
    return "FARGATE" if is_fargate(definition) else "EC2"


def resized_at(submission: Document) -> str:
    """Return the pointer at which a submission overrides the size, or ""."""
    if object_at(submission, "containerOverrides").get("resourceRequirements"):
        return "/containerOverrides/resourceRequirements"
    for key in ("containerOverrides", "ecsPropertiesOverride", "eksPropertiesOverride", "nodeOverrides"):
        if any(value for _, value in _size_members(object_at(submission, key))):
            return f"/{key}"
    return ""


@dataclass
class _SizeCounter:
    """Adds up a definition and its submission, and tracks which paths of both it has read."""

    definition: Document
    submission: Document
    _paths_read: dict[str, set[Path]] = field(default_factory=lambda: {"definition": set(), "submission": set()})

    def total(self) -> tuple[Amounts, int]:
        """Return the amounts of all nodes together, and the number of nodes."""
        all_tasks = tasks(self.definition)
        alone = [task for task in all_tasks if not task.in_group]
        amounts = Amounts()
        for task in alone:
            amounts += self._task_amounts(task, ())
        if "nodeProperties" not in self.definition:
            return (amounts if alone else _all_unknown("it describes no container")), 1
        of_nodes, count = self._all_nodes([task for task in all_tasks if task.in_group])
        return amounts + of_nodes, count

    def unread_sizes(self) -> Amounts:
        """Return no amounts if every size in both documents was read, else unknown ones."""
        for name, document in (("definition", self.definition), ("submission", self.submission)):
            for path, value in _size_members(document):
                is_read = path in self._paths_read[name] or path[:-1] in self._paths_read[name]
                if not is_read and value not in (None, [], {}):
                    return _all_unknown(f"the portal can't tell what {'.'.join(_keys_of(path))} is for")
        return Amounts()

    # -- One task or pod

    def _task_amounts(self, task: Task, group: Path) -> Amounts:
        """Return the amounts of a task or pod with overrides. `group` is the path of its node group's overrides."""
        self._paths_read["definition"].add((*task.path, "ephemeralStorage"))
        own_overrides = [override for override in overrides(self.submission) if _applies_to(override, task, group)]
        main, before = Amounts(), Amounts()
        for container in task.containers:
            amounts = self._container_amounts(container, own_overrides, task)
            if "initContainers" in container.path:
                before = before.at_least(amounts)  # init containers run one by one, before the others
            else:
                main += amounts
        if not task.containers:
            main = _all_unknown("it describes no container")
        gib = object_at(task.value, "ephemeralStorage").get("sizeInGiB")
        storage = Amounts(ephemeral_gib=gib if is_whole_number(gib) else 0)
        return main.at_least(before) + storage

    def _container_amounts(self, container: Container, candidates: Sequence[Container], task: Task) -> Amounts:
        matching = [override for override in candidates if _matches(override, container, task, candidates)]
        self._paths_read["definition"].add(container.path)
        for override in matching:
            self._paths_read["submission"].add(override.path)
        if len(matching) > 1:
            return _all_unknown(f"{_label(container)} is overridden twice")
        requests = _pod_requests if container.sort == "eks" else _container_requests
        label = _label(container)
        if not matching:
            return _parse_amounts(requests(container.value, {}), label)
        amounts = _parse_amounts(requests(container.value, matching[0].value), label)
        if not _has_name_of(matching[0], container):  # AWS may refuse, apply or ignore it
            amounts = amounts.at_least(_parse_amounts(requests(container.value, {}), label))
        return amounts

    # -- The nodes of a multi-node job

    def _all_nodes(self, inside: Sequence[Task]) -> tuple[Amounts, int]:
        block, override = object_at(self.definition, "nodeProperties"), object_at(self.submission, "nodeOverrides")
        self._paths_read["definition"].add(("nodeProperties", "numNodes"))
        self._paths_read["submission"].add(("nodeOverrides", "numNodes"))
        count = override.get("numNodes", block.get("numNodes"))
        if not is_whole_number(count) or not 0 < count <= MAX_NODES:
            return _all_unknown("it doesn't say how many nodes it has"), 1
        spans: list[tuple[range, Amounts]] = []
        for number, group in enumerate(list_at(block, "nodeRangeProperties")):
            span = node_range(text_at(group, "targetNodes"), count)
            if span is None:
                return _all_unknown(f"the range of node group {number + 1} can't be read"), count
            own = [task for task in inside if task.path[2] == number]
            spans.append((range(span.start, min(span.stop, count)), self._one_node(group, number, own)))
        return _sum_nodes(spans, count), count

    def _one_node(self, group: Document, number: int, inside: Sequence[Task]) -> Amounts:
        """Return the amounts of one node: its containers, and at least the instance, which it has to itself."""
        target = text_at(group, "targetNodes")
        entries = list_at(self.submission, "nodeOverrides", "nodePropertyOverrides")
        positions = [place for place, entry in enumerate(entries) if text_at(entry, "targetNodes") == target]
        self._paths_read["definition"].add((*GROUPS, number, "instanceTypes"))
        here = ("nodeOverrides", "nodePropertyOverrides", positions[0] if positions else -1)
        self._paths_read["submission"].add((*here, "instanceTypes"))
        if len(positions) > 1:
            return _all_unknown(f"nodes {target} are overridden twice")
        override = object_at(entries[positions[0]]) if positions else {}
        amounts = Amounts() if inside else _all_unknown(f"nodes {target} have no container")
        for task in inside:
            amounts += self._task_amounts(task, here)
        for name in _instance_types(override) or _instance_types(group):
            size = machine(name)
            if size is None:
                return amounts + _all_unknown(f"the portal doesn't know how large {quoted(name)} is")
            amounts = amounts.at_least(Amounts(Decimal(size.vcpus), size.memory_mib, size.gpus))
        return amounts


def _applies_to(override: Container, task: Task, group: Path) -> bool:
    """Return whether an override has the type and place of this task."""
    if override.sort != task.sort or override.path[: len(group)] != group:
        return False
    if not group and override.path[0] == "nodeOverrides":
        return False
    # …, "taskProperties", 0, "containers", 1 beside …, "taskProperties", 0
    return override.sort != "ecs" or override.path[-3] == task.path[-1]


def _matches(override: Container, container: Container, task: Task, candidates: Sequence[Container]) -> bool:
    if override.sort == "container":
        return True
    if override.path[-2] != container.path[-2]:  # containers or initContainers
        return False
    return _has_name_of(override, container) or len(task.containers) == len(candidates) == 1


def _has_name_of(override: Container, container: Container) -> bool:
    """Return whether an override has the container's name."""
    if override.sort == "container":
        return True
    nameless = _DEFAULT_POD_CONTAINER if override.sort == "eks" else ""
    return (text_at(override.value, "name") or nameless) == (text_at(container.value, "name") or nameless)


def _sum_nodes(spans: Sequence[tuple[range, Amounts]], count: int) -> Amounts:
    """Add up all nodes. Of nested groups the inner one counts (NodeRangeProperty, AWS Batch API reference)."""
    edges = sorted({0, count, *(edge for span, _ in spans for edge in (span.start, span.stop) if edge < count)})
    total = Amounts()
    for first, end in itertools.pairwise(edges):
        covering = [(span, amounts) for span, amounts in spans if first in span]
        inner = [
            amounts
            for span, amounts in covering
            if all(other.start <= span.start and span.stop <= other.stop for other, _ in covering)
        ]
        node = _all_unknown(f"node {first} is in no group") if not covering else Amounts()
        for amounts in inner or [amounts for _, amounts in covering]:
            node = node.at_least(amounts)
        total += node.times(end - first)
    return total


def _instance_types(group: Document) -> list[str]:
    """Return the instance types that a node group or its override names."""
    names = [name for name in list_at(group, "instanceTypes") if isinstance(name, str) and name]
    alone = (text_at(group, key, "instanceType") for key in ("container", "containerOverrides"))
    return [*names, *filter(None, alone)]


def _size_members(document: Document) -> Iterator[tuple[Path, Any]]:
    """Yield every member that may state a size, at any depth."""
    stack: list[tuple[Path, Any]] = [((), document)]
    while stack:
        path, value = stack.pop()
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, member in inner:
            if key in SIZE_MEMBERS:
                yield (*path, key), member
            if isinstance(member, dict | list) and key not in _FREE_TEXT:
                stack.append(((*path, key), member))


# -- One container


def _container_requests(base: Document, override: Document) -> dict[str, str]:
    """Return the amounts of a container on ECS by type.

    The legacy vcpus and memory of an override don't win over a definition's resourceRequirements (ContainerOverrides,
    AWS Batch API reference). Of two amounts side by side, the larger one counts.
    """
    requirements, legacy = _requirements(override), _legacy_amounts(override)
    inherited = {
        kind: text
        for kind, text in (_requirements(base) | _legacy_amounts_or_larger(base)).items()
        if kind not in requirements
    }
    for kind, text in legacy.items():
        stays = kind in requirements or kind in _requirements(base)
        target = requirements if kind in requirements else inherited
        target[kind] = _larger(kind, target.get(kind), text) if stays else text
    return inherited | requirements


def _legacy_amounts_or_larger(container: Document) -> dict[str, str]:
    """Return legacy amounts, or the requirement of the same type if that is larger."""
    requirements = _requirements(container)
    return {kind: _larger(kind, requirements.get(kind), text) for kind, text in _legacy_amounts(container).items()}


def _requirements(container: Document) -> dict[str, str]:
    amounts: dict[str, str] = {}
    for entry in list_at(container, "resourceRequirements"):
        kind = text_at(entry, "type")
        amounts[kind] = _larger(kind, amounts.get(kind), text_at(entry, "value"))
    return amounts


def _legacy_amounts(container: Document) -> dict[str, str]:
    return {kind: str(container[key]) for key, kind in LEGACY.items() if container.get(key)}


def _pod_requests(base: Document, override: Document) -> dict[str, str]:
    """Return the amounts of a pod's container by type: the larger of limit and request."""
    result: dict[str, str] = {}
    for side in ("limits", "requests"):
        amounts = {**object_at(base, "resources", side), **object_at(override, "resources", side)}
        for name, value in amounts.items():
            kind = _POD_RESOURCES.get(name, name)
            text = str(value)
            if kind == MEMORY:
                memory = _POD_MEMORY.fullmatch(text)
                text = memory[1] if memory else f"{text} bytes" if text.isdecimal() else text
            result[kind] = _larger(kind, result.get(kind), text)
    return result


def _larger(kind: str, one: str | None, other: str) -> str:
    """Return the larger of two amounts; an invalid one wins, so that it gets reported."""
    pattern = _AMOUNT_PATTERNS.get(kind)
    if one is None or pattern is None or not pattern.fullmatch(other):
        return other
    if not pattern.fullmatch(one):
        return one
    return max(one, other, key=Decimal)


def _parse_amounts(requests: Mapping[str, str], label: str) -> Amounts:
    unknown = [
        Unknown(kind, f"{label} doesn't say how much it needs") for kind in (VCPU, MEMORY) if kind not in requests
    ]
    values: dict[str, Decimal] = {}
    for kind, text in requests.items():
        pattern = _AMOUNT_PATTERNS.get(kind)
        if pattern is None:
            unknown.append(Unknown(GPU, f"{label} asks for {quoted(kind)}, which the portal doesn't know"))
        elif not pattern.fullmatch(text) or (kind != GPU and not Decimal(text)):
            unknown.append(Unknown(kind, f"{label} asks for {quoted(text)}, which is no amount"))
        else:
            values[kind] = Decimal(text)
    return Amounts(
        values.get(VCPU, Decimal(0)), int(values.get(MEMORY, 0)), int(values.get(GPU, 0)), 0, tuple(unknown)
    )


def _label(container: Container) -> str:
    name = text_at(container.value, "name")
    if name and container.sort != "container":
        return f"container {quoted(name)}"
    group = container.path[2] if container.path[0] == "nodeProperties" else None
    return f"a container of node group {group + 1}" if isinstance(group, int) else "its container"


def _all_unknown(reason: str) -> Amounts:
    return Amounts(unknown=tuple(Unknown(kind, reason) for kind in RESOURCE_NAMES))


def _merge_unknown(one: Iterable[Unknown], other: Iterable[Unknown]) -> tuple[Unknown, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _keys_of(path: Path) -> Iterator[str]:
    return (step for step in path if isinstance(step, str))
