"""The sizes that Fargate offers."""

from decimal import Decimal

FARGATE_MEMORY: dict[Decimal, tuple[int, ...]] = {
    Decimal("0.25"): (512, 1024, 2048),
    Decimal("0.5"): tuple(range(1024, 4096 + 1, 1024)),
    Decimal(1): tuple(range(2048, 8192 + 1, 1024)),
    Decimal(2): tuple(range(4096, 16384 + 1, 1024)),
    Decimal(4): tuple(range(8192, 30720 + 1, 1024)),
    Decimal(8): tuple(range(16384, 61440 + 1, 4096)),
    Decimal(16): tuple(range(32768, 122880 + 1, 8192)),
    Decimal(32): (61440, 122880, 249856),
}
"""vCPU to MiB, ascending; ResourceRequirement, AWS Batch API reference."""

LARGEST_FARGATE_SIZE = max((vcpus, sizes[-1]) for vcpus, sizes in FARGATE_MEMORY.items())
"""vCPU and MiB."""


def next_fargate_size(vcpus: Decimal, memory_mib: Decimal | int) -> tuple[Decimal, int] | None:
    return next(
        (
            (count, size)
            for count, sizes in FARGATE_MEMORY.items()
            if count >= vcpus
            for size in sizes
            if size >= memory_mib
        ),
        None,
    )
