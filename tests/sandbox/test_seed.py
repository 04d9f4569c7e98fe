"""The demo's compute environments: what the portal says fits is what the sandbox runs."""

from decimal import Decimal

import pytest

from jobs.sandbox.context import Document
from jobs.sandbox.scheduling import Capacity, environment_capacity
from jobs.sandbox.seed import ENVIRONMENTS
from jobs.spec.job_size import JobSize
from jobs.spec.placement import EnvironmentFacts, PlacementVerdict, check_placement

NOMINAL_VCPUS = 16


def environment(name: str) -> Document:
    kind, instance_types = ENVIRONMENTS[name]
    resources = {"type": kind, "maxvCpus": NOMINAL_VCPUS, "instanceTypes": instance_types}
    return {"computeEnvironmentName": name, "state": "ENABLED", "status": "VALID", "computeResources": resources}


@pytest.mark.parametrize("name", [name for name, (kind, _) in ENVIRONMENTS.items() if kind == "EC2"])
@pytest.mark.parametrize(
    ("vcpus", "memory_gib", "gpus"),
    [
        (1, 1, 0),
        (8, 32, 2),  # the guide's training
        (8, 32, 0),
        (16, 120, 0),
        (16, 64, 4),
        (17, 64, 0),
        (8, 32, 5),
        (8, 200, 0),
    ],
)
def test_the_portal_and_the_sandbox_agree_on_what_fits(name: str, vcpus: int, memory_gib: int, gpus: int) -> None:
    described = environment(name)
    size = JobSize("EC2", Decimal(vcpus), memory_gib * 1024, gpus, 0, "X86_64", "LINUX")
    verdict = check_placement(size, [EnvironmentFacts.from_description(described)]).verdict
    runs = Capacity(vcpus, memory_gib * 1024, gpus).fits_in(environment_capacity(described))

    assert verdict is (PlacementVerdict.YES if runs else PlacementVerdict.NO)
