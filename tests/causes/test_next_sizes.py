"""The size that the form opens with after a job had too little or asked for too much."""

from decimal import Decimal

import pytest

from jobs.causes.sizes import NextSize, larger_memory, largest_fitting
from jobs.spec.fargate import FARGATE_MEMORY
from jobs.spec.placement import EnvironmentFacts

EC2 = EnvironmentFacts("ce", "EC2", "ENABLED", "VALID", max_vcpus=16, instance_types=("m5.xlarge", "m5.4xlarge"))
FARGATE = EnvironmentFacts("fg", "FARGATE", "ENABLED", "VALID", max_vcpus=64)


def sizes(size: NextSize | None) -> tuple[object, int] | None:
    return (size.vcpus, size.memory_mib) if size else None


@pytest.mark.parametrize(
    ("vcpus", "memory", "expected"),
    [(2, 4096, (2, 8192)), (2, 3000, (2, 6000)), (2, 40_000, None), (2, 0, None)],
)
def test_memory_is_doubled_as_long_as_an_instance_has_it(
    vcpus: int, memory: int, expected: tuple[int, int] | None
) -> None:
    assert sizes(larger_memory(NextSize("EC2", Decimal(vcpus), memory), (EC2,))) == expected


@pytest.mark.parametrize(
    ("vcpus", "memory", "expected"),
    [
        ("0.25", 512, ("0.25", 1024)),
        ("0.25", 2048, ("0.5", 4096)),
        ("1", 8192, ("2", 16384)),
        ("16", 122880, ("32", 249856)),
        ("32", 249856, None),
    ],
)
def test_on_fargate_more_memory_is_a_pair_that_fargate_offers(
    vcpus: str, memory: int, expected: tuple[str, int] | None
) -> None:
    size = larger_memory(NextSize("FARGATE", Decimal(vcpus), memory), (FARGATE,))

    assert sizes(size) == (expected and (Decimal(expected[0]), expected[1]))
    assert size is None or size.memory_mib in FARGATE_MEMORY[size.vcpus]


@pytest.mark.parametrize(
    ("vcpus", "memory", "expected"),
    [(32, 4096, (16, 4096)), (4, 100_000, (4, 50_000)), (32, 100_000, (16, 50_000))],
)
def test_a_job_that_is_too_large_gets_the_largest_size_that_fits(
    vcpus: int, memory: int, expected: tuple[int, int]
) -> None:
    assert sizes(largest_fitting(NextSize("EC2", Decimal(vcpus), memory), (EC2,))) == expected


def test_a_job_that_fits_in_no_size_gets_none() -> None:
    assert largest_fitting(NextSize("EC2", Decimal(4), 4096, gpus=1), (EC2,)) is None
