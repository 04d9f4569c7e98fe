"""The size of a job: the resources that definition and submission request together.

What can't be determined is `UnknownAmount`, never a zero that would pass a limit.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

from jobs.spec.containers import ContainerEntry, TaskEntry, is_eks, is_fargate, overrides, tasks
from jobs.spec.documents import Document, Path, is_integer, is_object, list_at, object_at, once_per_document, text_at
from jobs.spec.forms.units import format_mib
from jobs.spec.instance_types import instance_size
from jobs.spec.problems import join_words, quote
from jobs.spec.rules.multinode_ecs_eks import NODE_GROUPS_PATH, parse_node_range
from jobs.spec.rules.sizes import LEGACY_SIZE_KEYS

VCPU, MEMORY, GPU = "VCPU", "MEMORY", "GPU"
RESOURCE_NAMES: Final[Mapping[str, str]] = {VCPU: "vCPU", MEMORY: "memory", GPU: "GPUs"}

SIZE_KEYS = frozenset(["resourceRequirements", "resources", "vcpus", "memory", "ephemeralStorage"]) | frozenset(
    ["numNodes", "instanceType", "instanceTypes"]
)
"""The keys that state a size, at any depth."""

_FREE_TEXT = frozenset({"parameters", "tags", "options", "labels", "annotations", "limits", "requests"})
"""Maps with the author's own keys, or read together with their owner."""

_NAMED_OVERRIDES = ("ecsPropertiesOverride", "eksPropertiesOverride", "nodeOverrides")
"""Overrides that name the containers or nodes they are for."""

_POD_RESOURCES = {"cpu": VCPU, "memory": MEMORY, "nvidia.com/gpu": GPU}
_AMOUNT_PATTERNS = {
    VCPU: re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?"),
    MEMORY: re.compile(r"[0-9]{1,9}"),
    GPU: re.compile(r"[0-9]{1,4}"),
}
_POD_MEMORY = re.compile(r"([0-9]{1,9})Mi")
_DEFAULT_POD_CONTAINER = "Default"  # EksContainer, AWS Batch API reference
MAX_NODES = 9999


class UnknownAmount(NamedTuple):
    resource: str  # VCPU, MEMORY or GPU
    reason: str


@dataclass(frozen=True)
class ResourceAmounts:
    """Of an unknown resource, the known part is counted."""

    vcpus: Decimal = Decimal(0)
    memory_mib: int = 0
    gpus: int = 0
    ephemeral_gib: int = 0
    unknown: tuple[UnknownAmount, ...] = ()

    def __add__(self, other: "ResourceAmounts") -> "ResourceAmounts":
        return ResourceAmounts(
            self.vcpus + other.vcpus,
            self.memory_mib + other.memory_mib,
            self.gpus + other.gpus,
            self.ephemeral_gib + other.ephemeral_gib,
            _merge_unknown(self.unknown, other.unknown),
        )

    def scale(self, count: int) -> "ResourceAmounts":
        return ResourceAmounts(
            self.vcpus * count, self.memory_mib * count, self.gpus * count, self.ephemeral_gib * count, self.unknown
        )

    def elementwise_max(self, other: "ResourceAmounts") -> "ResourceAmounts":
        return ResourceAmounts(
            max(self.vcpus, other.vcpus),
            max(self.memory_mib, other.memory_mib),
            max(self.gpus, other.gpus),
            max(self.ephemeral_gib, other.ephemeral_gib),
            _merge_unknown(self.unknown, other.unknown),
        )


class RunSize(Protocol):
    """A JobSize, a size with a price, or a Job, whose columns have the same names."""

    @property
    def platform(self) -> str: ...
    @property
    def architecture(self) -> str: ...
    @property
    def vcpus(self) -> Decimal: ...
    @property
    def memory_mib(self) -> int: ...
    @property
    def gpus(self) -> int: ...
    @property
    def ephemeral_gib(self) -> int: ...


@dataclass(frozen=True)
class JobSize:
    """One run over all its nodes. Zero where the amount is in `unknown`."""

    platform: str  # EC2, FARGATE or EKS
    vcpus: Decimal
    memory_mib: int
    gpus: int
    ephemeral_gib: int
    architecture: str  # for pricing: X86_64, ARM64, or WINDOWS on Fargate, which includes a licence
    system: str  # LINUX, or a Windows version as AWS names it
    nodes: int = 1
    unknown: tuple[UnknownAmount, ...] = ()

    def why_unknown(self, resource: str) -> str:
        return next((amount.reason for amount in self.unknown if amount.resource == resource), "")


def format_amount(resource: str, amount: Decimal | int) -> str:
    if resource == MEMORY:
        return f"{format_mib(int(amount))} of memory"
    unit = "vCPU" if resource == VCPU else "GPU" if amount == 1 else "GPUs"
    return f"{Decimal(amount).normalize():,f} {unit}"


def requested_size(definition: Document, submission: Document) -> JobSize:
    """Keep the definition's types that no override names (SubmitJob, API reference)."""
    sizes, override = _sizes_by_override(definition), _size_override(submission)
    if override not in sizes:
        sizes[override] = _count_size(definition, submission)
    return sizes[override]


@once_per_document
def _sizes_by_override(_: Document) -> dict[tuple[str, ...], JobSize]:
    """Return what is filled while a definition's sizes are requested."""
    return {}


@once_per_document
def _size_override(submission: Document) -> tuple[str, ...]:
    """Return the text of all of a submission that has an effect on its size."""
    members = [f"{path}{value!r}" for path, value in _size_members(submission)]
    return (*members, *(repr(submission[key]) for key in _NAMED_OVERRIDES if key in submission))


def _count_size(definition: Document, submission: Document) -> JobSize:
    counter = _SizeCounter(definition, submission)
    total, nodes = counter.total()
    total = total + counter.unread_sizes()
    unknown = {amount.resource for amount in total.unknown}
    runtimes = [object_at(task.value, "runtimePlatform") for task in tasks(definition)]
    architectures = {text_at(runtime, "cpuArchitecture") or "X86_64" for runtime in runtimes}
    systems = [text_at(runtime, "operatingSystemFamily") for runtime in runtimes]
    platform_name, system = platform_of(definition), next(filter(None, systems), "LINUX")
    architecture = architectures.pop() if len(architectures) == 1 else "X86_64"
    return JobSize(
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


def platform_of(definition: Document) -> str:
    groups = list_at(definition, *NODE_GROUPS_PATH)
    if is_eks(definition) or any(is_object(group) and "eksProperties" in group for group in groups):
        return "EKS"
    return "FARGATE" if is_fargate(definition) else "EC2"


def size_override_pointer(submission: Document) -> str:
    if object_at(submission, "containerOverrides").get("resourceRequirements"):
        return "/containerOverrides/resourceRequirements"
    for key in ("containerOverrides", "ecsPropertiesOverride", "eksPropertiesOverride", "nodeOverrides"):
        if any(value for _, value in _size_members(object_at(submission, key))):
            return f"/{key}"
    return ""


@dataclass
class _SizeCounter:
    definition: Document
    submission: Document
    _paths_read: dict[str, set[Path]] = field(default_factory=lambda: {"definition": set(), "submission": set()})

    def total(self) -> tuple[ResourceAmounts, int]:
        all_tasks = tasks(self.definition)
        alone = [task for task in all_tasks if not task.is_in_node_group]
        amounts = ResourceAmounts()
        for task in alone:
            amounts += self._task_amounts(task, ())
        if "nodeProperties" not in self.definition:
            return (amounts if alone else _all_unknown("The definition has no container.")), 1
        of_nodes, count = self._all_nodes([task for task in all_tasks if task.is_in_node_group])
        return amounts + of_nodes, count

    def unread_sizes(self) -> ResourceAmounts:
        for name, document in (("definition", self.definition), ("submission", self.submission)):
            for path, value in _size_members(document):
                is_read = path in self._paths_read[name] or path[:-1] in self._paths_read[name]
                if not is_read and value not in (None, [], {}):
                    return _all_unknown(
                        f"The portal doesn't support resources in the field {'.'.join(_keys_of(path))}."
                    )
        return ResourceAmounts()

    # -- One task or pod

    def _task_amounts(self, task: TaskEntry, group: Path) -> ResourceAmounts:
        self._paths_read["definition"].add((*task.path, "ephemeralStorage"))
        own_overrides = [override for override in overrides(self.submission) if _applies_to(override, task, group)]
        main, before = ResourceAmounts(), ResourceAmounts()
        for container in task.containers:
            amounts = self._container_amounts(container, own_overrides, task)
            if "initContainers" in container.path:
                before = before.elementwise_max(amounts)  # init containers run one by one, before the others
            else:
                main += amounts
        if not task.containers:
            main = _all_unknown("The definition has no container.")
        gib = object_at(task.value, "ephemeralStorage").get("sizeInGiB")
        storage = ResourceAmounts(ephemeral_gib=gib if is_integer(gib) else 0)
        return main.elementwise_max(before) + storage

    def _container_amounts(
        self, container: ContainerEntry, candidates: Sequence[ContainerEntry], task: TaskEntry
    ) -> ResourceAmounts:
        matching = [override for override in candidates if _matches(override, container, task, candidates)]
        self._paths_read["definition"].add(container.path)
        for override in matching:
            self._paths_read["submission"].add(override.path)
        if len(matching) > 1:
            return _all_unknown(f"{_label(container)} has two overrides. Keep one.")
        requests = _pod_requests if container.type == "eks" else _container_requests
        label = _label(container)
        if not matching:
            return _parse_amounts(requests(container.value, {}), label)
        amounts = _parse_amounts(requests(container.value, matching[0].value), label)
        if not _has_name_of(matching[0], container):  # AWS may refuse, apply or ignore it
            amounts = amounts.elementwise_max(_parse_amounts(requests(container.value, {}), label))
        return amounts

    # -- The nodes of a multi-node job

    def _all_nodes(self, inside: Sequence[TaskEntry]) -> tuple[ResourceAmounts, int]:
        block, override = object_at(self.definition, "nodeProperties"), object_at(self.submission, "nodeOverrides")
        self._paths_read["definition"].add(("nodeProperties", "numNodes"))
        self._paths_read["submission"].add(("nodeOverrides", "numNodes"))
        count = override.get("numNodes", block.get("numNodes"))
        if not is_integer(count) or not 0 < count <= MAX_NODES:
            return _all_unknown(f"numNodes isn't a number from 1 to {MAX_NODES:,}."), 1
        spans: list[tuple[range, ResourceAmounts]] = []
        for number, group in enumerate(list_at(block, "nodeRangeProperties")):
            span = parse_node_range(text_at(group, "targetNodes"), count)
            if span is None:
                return _all_unknown(
                    f"targetNodes of node group {number + 1} isn't a range of nodes, such as 0:3."
                ), count
            own = [task for task in inside if task.path[2] == number]
            spans.append((range(span.start, min(span.stop, count)), self._one_node(group, number, own)))
        return _sum_nodes(spans, count), count

    def _one_node(self, group: Document, number: int, inside: Sequence[TaskEntry]) -> ResourceAmounts:
        """Return at least the instance, which a node has to itself."""
        target = text_at(group, "targetNodes")
        entries = list_at(self.submission, "nodeOverrides", "nodePropertyOverrides")
        positions = [place for place, entry in enumerate(entries) if text_at(entry, "targetNodes") == target]
        self._paths_read["definition"].add((*NODE_GROUPS_PATH, number, "instanceTypes"))
        here = ("nodeOverrides", "nodePropertyOverrides", positions[0] if positions else -1)
        self._paths_read["submission"].add((*here, "instanceTypes"))
        if len(positions) > 1:
            return _all_unknown(f"Node group {target} has two overrides. Keep one.")
        override = object_at(entries[positions[0]]) if positions else {}
        amounts = ResourceAmounts() if inside else _all_unknown(f"Node group {target} has no container.")
        for task in inside:
            amounts += self._task_amounts(task, here)
        for name in _instance_types(override) or _instance_types(group):
            size = instance_size(name)
            if size is None:
                return amounts + _all_unknown(f"Unknown instance type {quote(name)}.")
            amounts = amounts.elementwise_max(ResourceAmounts(Decimal(size.vcpus), size.memory_mib, size.gpus))
        return amounts


def _applies_to(override: ContainerEntry, task: TaskEntry, group: Path) -> bool:
    if override.type != task.type or override.path[: len(group)] != group:
        return False
    if not group and override.path[0] == "nodeOverrides":
        return False
    # …, "taskProperties", 0, "containers", 1 beside …, "taskProperties", 0
    return override.type != "ecs" or override.path[-3] == task.path[-1]


def _matches(
    override: ContainerEntry, container: ContainerEntry, task: TaskEntry, candidates: Sequence[ContainerEntry]
) -> bool:
    if override.type == "container":
        return True
    if override.path[-2] != container.path[-2]:  # containers or initContainers
        return False
    return _has_name_of(override, container) or len(task.containers) == len(candidates) == 1


def _has_name_of(override: ContainerEntry, container: ContainerEntry) -> bool:
    if override.type == "container":
        return True
    nameless = _DEFAULT_POD_CONTAINER if override.type == "eks" else ""
    return (text_at(override.value, "name") or nameless) == (text_at(container.value, "name") or nameless)


def _sum_nodes(spans: Sequence[tuple[range, ResourceAmounts]], count: int) -> ResourceAmounts:
    """Add up all nodes. Of nested groups the inner one counts (NodeRangeProperty, API reference)."""
    edges = sorted({0, count, *(edge for span, _ in spans for edge in (span.start, span.stop) if edge < count)})
    total = ResourceAmounts()
    for first, end in itertools.pairwise(edges):
        covering = [(span, amounts) for span, amounts in spans if first in span]
        inner = [
            amounts
            for span, amounts in covering
            if all(other.start <= span.start and span.stop <= other.stop for other, _ in covering)
        ]
        node = _all_unknown(f"Node {first} is not in any node group.") if not covering else ResourceAmounts()
        for amounts in inner or [amounts for _, amounts in covering]:
            node = node.elementwise_max(amounts)
        total += node.scale(end - first)
    return total


def _instance_types(group: Document) -> list[str]:
    names = [name for name in list_at(group, "instanceTypes") if isinstance(name, str) and name]
    alone = (text_at(group, key, "instanceType") for key in ("container", "containerOverrides"))
    return [*names, *filter(None, alone)]


def _size_members(document: Document) -> Iterator[tuple[Path, Any]]:
    stack: list[tuple[Path, Any]] = [((), document)]
    while stack:
        path, value = stack.pop()
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, member in inner:
            if key in SIZE_KEYS:
                yield (*path, key), member
            if isinstance(member, dict | list) and key not in _FREE_TEXT:
                stack.append(((*path, key), member))


# -- One container


def _container_requests(base: Document, override: Document) -> dict[str, str]:
    """Return amounts by type; of two side by side, the larger counts.

    An override's legacy fields don't win over a definition's resourceRequirements (ContainerOverrides, API
    reference).
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
    requirements = _requirements(container)
    return {kind: _larger(kind, requirements.get(kind), text) for kind, text in _legacy_amounts(container).items()}


def _requirements(container: Document) -> dict[str, str]:
    amounts: dict[str, str] = {}
    for entry in list_at(container, "resourceRequirements"):
        kind = text_at(entry, "type")
        amounts[kind] = _larger(kind, amounts.get(kind), text_at(entry, "value"))
    return amounts


def _legacy_amounts(container: Document) -> dict[str, str]:
    return {kind: str(container[key]) for key, kind in LEGACY_SIZE_KEYS.items() if container.get(key)}


def _pod_requests(base: Document, override: Document) -> dict[str, str]:
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
    """Let an invalid amount win, so that it gets reported."""
    pattern = _AMOUNT_PATTERNS.get(kind)
    if one is None or pattern is None or not pattern.fullmatch(other):
        return other
    if not pattern.fullmatch(one):
        return one
    return max(one, other, key=Decimal)


def _parse_amounts(requests: Mapping[str, str], label: str) -> ResourceAmounts:
    absent = [kind for kind in (VCPU, MEMORY) if kind not in requests]
    names = join_words((RESOURCE_NAMES[kind] for kind in absent), conjunction="or")
    absence = f"{label} has no {names}. Set vCPU and memory in the definition or the job."
    unknown = [UnknownAmount(kind, absence) for kind in absent]
    values: dict[str, Decimal] = {}
    for kind, text in requests.items():
        pattern = _AMOUNT_PATTERNS.get(kind)
        if pattern is None:
            unknown.append(UnknownAmount(GPU, f"{label} has a resource of unknown type {quote(kind)}."))
        elif not pattern.fullmatch(text) or (kind != GPU and not Decimal(text)):
            reason = f"{label} has the invalid value {quote(text)} for {RESOURCE_NAMES[kind]}."
            unknown.append(UnknownAmount(kind, reason))
        else:
            values[kind] = Decimal(text)
    return ResourceAmounts(
        values.get(VCPU, Decimal(0)), int(values.get(MEMORY, 0)), int(values.get(GPU, 0)), 0, tuple(unknown)
    )


def _label(container: ContainerEntry) -> str:
    name = text_at(container.value, "name")
    if name and container.type != "container":
        return f"Container {quote(name)}"
    group = container.path[2] if container.path[0] == "nodeProperties" else None
    return f"A container of node group {group + 1}" if isinstance(group, int) else "The container"


def _all_unknown(reason: str) -> ResourceAmounts:
    return ResourceAmounts(unknown=tuple(UnknownAmount(kind, reason) for kind in RESOURCE_NAMES))


def _merge_unknown(one: Iterable[UnknownAmount], other: Iterable[UnknownAmount]) -> tuple[UnknownAmount, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _keys_of(path: Path) -> Iterator[str]:
    return (step for step in path if isinstance(step, str))
