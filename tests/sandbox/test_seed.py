"""What the portal says fits a compute environment is what the sandbox runs there."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.management.demo import TEAMS, documents
from jobs.sandbox.capacity import Capacity
from jobs.sandbox.context import Document
from jobs.sandbox.scheduling import ComputeEnvironment, JobDemand
from jobs.sandbox.seed import ENVIRONMENTS, QUEUES
from jobs.spec.documents import DocumentKind
from jobs.spec.job_size import JobSize
from jobs.spec.placement import EnvironmentFacts, PlacementVerdict, check_placement
from jobs.spec.rules.queue import QueueFacts
from jobs.spec.rules.validate import validate_document
from tests.examples import examples

SEEDS = Path(__file__).parent.parent / "seeds"
NOMINAL_VCPUS = 16
INSTANCE_TYPES = (
    "c5.large", "c5.4xlarge", "m5.large", "m5.2xlarge", "r5.large", "r5.2xlarge", "g4dn.2xlarge", "g4dn.12xlarge",
    "p3.2xlarge", "p3.8xlarge",
)  # fmt: skip


def environment(kind: str, instance_types: list[str], vcpus: int = NOMINAL_VCPUS) -> Document:
    resources = {"type": kind, "maxvCpus": vcpus, "instanceTypes": instance_types}
    return {
        "computeEnvironmentArn": "arn",
        "computeEnvironmentName": "ce",
        "state": "ENABLED",
        "status": "VALID",
        "computeResources": resources,
    }


def answers(described: Document, vcpus: Decimal, memory_mib: int, gpus: int) -> tuple[PlacementVerdict, bool]:
    """What the portal says, and whether the sandbox places the job."""
    facts = EnvironmentFacts.from_description(described)
    size = JobSize(facts.platform, vcpus, memory_mib, gpus, 0, "X86_64", "LINUX")
    need = Capacity(float(vcpus), memory_mib, gpus)
    places = ComputeEnvironment.from_description(described).can_hold(JobDemand(need, frozenset([need])))
    return check_placement(size, [facts]).verdict, places


@pytest.mark.parametrize("name", [name for name, (kind, _) in ENVIRONMENTS.items() if kind == "EC2"])
@pytest.mark.parametrize(
    ("vcpus", "memory_gib", "gpus"),
    [(1, 1, 0), (8, 32, 2), (8, 32, 0), (16, 120, 0), (16, 64, 4), (17, 64, 0), (8, 32, 5), (8, 200, 0)],
)
def test_the_portal_and_the_sandbox_agree_on_the_demo(name: str, vcpus: int, memory_gib: int, gpus: int) -> None:
    verdict, places = answers(environment(*ENVIRONMENTS[name]), Decimal(vcpus), memory_gib * 1024, gpus)

    assert verdict is (PlacementVerdict.YES if places else PlacementVerdict.NO)


def test_the_training_of_the_guide_fits_the_demos_environment_for_gpus() -> None:
    assert answers(environment(*ENVIRONMENTS["gpu-small"]), Decimal(8), 32_768, 2) == (PlacementVerdict.YES, True)


@examples(60, 5_000)
@given(
    types=st.lists(st.sampled_from(INSTANCE_TYPES), min_size=1, max_size=3, unique=True),
    most=st.sampled_from([1, 4, 16, 64, 256]),
    vcpus=st.integers(1, 50),
    memory_mib=st.one_of(
        st.integers(4, 260_000),
        st.sampled_from([4, 8, 16, 32, 61, 64, 192, 244]).flatmap(
            lambda gib: st.sampled_from([gib * 1024, gib * 1024 - 1, int(gib * 1024 * 0.95), int(gib * 973) + 1])
        ),
    ),
    gpus=st.integers(0, 5),
)
def test_what_fits_on_instances_is_what_the_sandbox_places(
    types: list[str], most: int, vcpus: int, memory_mib: int, gpus: int
) -> None:
    verdict, places = answers(environment("SPOT", types, most), Decimal(vcpus), memory_mib, gpus)

    assert (verdict is PlacementVerdict.YES) == places


@examples(40, 5_000)
@given(
    most=st.sampled_from([1, 4, 16, 64]),
    vcpus=st.sampled_from(["0.25", "0.5", "0.75", "1", "3", "4", "8", "15", "16", "20", "32", "33"]),
    memory_mib=st.integers(512, 260_000),
    gpus=st.integers(0, 1),
)
def test_what_fits_on_fargate_is_what_the_sandbox_places(most: int, vcpus: str, memory_mib: int, gpus: int) -> None:
    verdict, places = answers(environment("FARGATE_SPOT", [], most), Decimal(vcpus), memory_mib, gpus)

    assert (verdict is PlacementVerdict.YES) == places


def test_of_types_that_the_sandbox_does_not_know_it_places_what_the_portal_leaves_open() -> None:
    assert answers(environment("EC2", ["optimal"]), Decimal(8), 32_768, 0) == (PlacementVerdict.UNKNOWN, True)
    assert answers(environment("EC2", ["optimal"]), Decimal(17), 32_768, 0) == (PlacementVerdict.NO, False)


def test_the_workflow_of_the_guide_fits_the_demos_queues_without_a_warning() -> None:
    document = json.loads((SEEDS / "workflow-jobs.json").read_text())
    definitions = {name: json.loads(text) for name, text in documents("definitions", TEAMS[0])}
    queues = {
        name: QueueFacts(
            fair_share=False,
            platform="ECS_FARGATE" if ENVIRONMENTS[of][0] == "FARGATE" else "ECS",
            environments=(EnvironmentFacts.from_description(environment(*ENVIRONMENTS[of])),),
        )
        for name, (of, _) in QUEUES.items()
    }

    assert [step["jobQueue"] for step in document["jobs"]].count("gpu-job-queue") == 1
    problems = validate_document(DocumentKind.WORKFLOW, document, definitions, queues)
    assert {problem.rule for problem in problems} == {"workflow.sequential-is-plain"}
