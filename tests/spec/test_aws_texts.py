"""Lists that botocore has only in its descriptions: our tables are as new as the installed botocore."""

import re
from decimal import Decimal

from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape

from jobs.spec.fargate import FARGATE_MEMORY
from jobs.spec.schema.botocore_schema import html_to_text

BATCH = ServiceModel(Loader().load_service_model("batch", "service-2"), "batch")


def description(shape: str, member: str) -> str:
    """AWS's description of a member as plain text."""
    structure = BATCH.shape_for(shape)
    assert isinstance(structure, StructureShape)
    return html_to_text(structure.members[member].documentation)


def amounts(text: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?", text)


def fargate_pairs(text: str, first: str, second: str) -> set[tuple[str, str]]:
    """The pairs of “value = 1, or 2 VCPU = 4 or 8” as (first, second)."""
    entries = re.findall(rf"value = ([\d., or]+?) {second} = ([\d., or]+)", text)
    assert entries, f"botocore describes {first} in another way"
    return {(one, other) for ones, others in entries for one in amounts(ones) for other in amounts(others)}


def test_fargate_sizes_are_those_of_botocore() -> None:
    memory, vcpu = description("ResourceRequirement", "value").split('type="VCPU"')
    ours = {(f"{vcpus:f}", str(size)) for vcpus, sizes in FARGATE_MEMORY.items() for size in sizes}
    supported = re.search(r"The supported values are ([\d., and]+)", vcpu)

    assert fargate_pairs(vcpu, "VCPU", "MEMORY") == ours
    assert {(vcpus, size) for size, vcpus in fargate_pairs(memory, "MEMORY", "VCPU")} == ours
    assert supported
    assert [Decimal(amount) for amount in amounts(supported[1])] == list(FARGATE_MEMORY)
