"""The next sensible size of a job that had too little, or that asked for too much."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from jobs.spec.fargate import LARGEST_FARGATE_SIZE, next_fargate_size
from jobs.spec.job_size import RunSize
from jobs.spec.placement import EnvironmentFacts, PlacementVerdict, check_placement

MAX_HALVINGS = 8
MIN_MEMORY_MIB = 512


@dataclass(frozen=True)
class NextSize:
    """A RunSize that a form can be opened with."""

    platform: str
    vcpus: Decimal
    memory_mib: int
    gpus: int = 0
    architecture: str = "X86_64"
    ephemeral_gib: int = 0


def larger_memory(size: RunSize, environments: Sequence[EnvironmentFacts]) -> NextSize | None:
    """Return twice the memory, on Fargate with the vCPU that it needs; None if it fits nowhere."""
    if not size.memory_mib:
        return None
    candidate = _valid_size(size, size.vcpus, size.memory_mib * 2)
    if candidate is None and size.memory_mib < LARGEST_FARGATE_SIZE[1]:
        candidate = _with(size, *LARGEST_FARGATE_SIZE)
    if candidate is None or check_placement(candidate, environments).verdict is PlacementVerdict.NO:
        return None
    return candidate


def largest_fitting(size: RunSize, environments: Sequence[EnvironmentFacts]) -> NextSize | None:
    """Return the size with as few halvings as possible of its vCPU, then of its memory, that fits; None if none."""
    for candidate in _smaller_sizes(size):
        if check_placement(candidate, environments).verdict is PlacementVerdict.YES:
            return candidate
    return None


def _smaller_sizes(size: RunSize) -> Iterator[NextSize]:
    for total in range(1, 2 * MAX_HALVINGS + 1):
        for of_memory in range(total + 1):
            vcpus = size.vcpus / 2 ** (total - of_memory)
            if size.platform != "FARGATE":
                vcpus = max(Decimal(1), vcpus.to_integral_value())
            candidate = _valid_size(size, vcpus, max(MIN_MEMORY_MIB, size.memory_mib // 2**of_memory))
            if candidate:
                yield candidate


def _valid_size(size: RunSize, vcpus: Decimal, memory_mib: int) -> NextSize | None:
    if size.platform != "FARGATE":
        return _with(size, vcpus, memory_mib)
    pair = next_fargate_size(vcpus, memory_mib)
    return _with(size, *pair) if pair else None


def _with(size: RunSize, vcpus: Decimal, memory_mib: int) -> NextSize:
    return NextSize(size.platform, vcpus, memory_mib, size.gpus, size.architecture, size.ephemeral_gib)
