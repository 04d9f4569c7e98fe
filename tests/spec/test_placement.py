"""Whether a queue's compute environments can run a job: what is certain is said, what is not is not guessed."""

from decimal import Decimal

import pytest

from jobs.spec.instance_types import instance_size
from jobs.spec.job_size import JobSize
from jobs.spec.placement import EnvironmentFacts, PlacementVerdict, check_placement
from jobs.spec.rules.queue import QueueFacts, environment_can_run_job


def size(vcpus: str = "1", memory_gib: float = 1, gpus: int = 0, platform: str = "EC2") -> JobSize:
    return JobSize(platform, Decimal(vcpus), int(memory_gib * 1024), gpus, 0, "X86_64", "LINUX")


def ec2(*types: str, most: int | None = 64, **fields: str) -> EnvironmentFacts:
    return EnvironmentFacts("ce", "EC2", "ENABLED", "VALID", max_vcpus=most, instance_types=types, **fields)


FARGATE = EnvironmentFacts("fg", "FARGATE_SPOT", "ENABLED", "VALID", max_vcpus=8)


@pytest.mark.parametrize(
    ("asked", "environment", "fits", "because"),
    [
        (size("4", 14), ec2("m5.xlarge"), PlacementVerdict.YES, "ce can run it"),
        (size("4", 16), ec2("m5.xlarge"), PlacementVerdict.NO, "the largest has 16 GiB, and reserves some"),
        (size("4", 15.5), ec2("m5.xlarge"), PlacementVerdict.UNKNOWN, "reserves some of its memory"),
        (size("8", 8), ec2("m5.xlarge", "c5.large"), PlacementVerdict.NO, "the largest has 4 vCPU"),
        (size("4", 30), ec2("c5.2xlarge", "r5.large", "m5.large"), PlacementVerdict.NO, "the largest has 16 GiB"),
        (size("8", 16), ec2("c5.2xlarge", "r5.xlarge"), PlacementVerdict.NO, "none has enough of everything"),
        (size("1", 1, 1), ec2("m5.xlarge"), PlacementVerdict.NO, "the largest has 0 GPU"),
        (size("4", 8, 1), ec2("g4dn.xlarge"), PlacementVerdict.YES, ""),
        (size("1", 1, 2), ec2("g4dn.4xlarge", "p3.2xlarge"), PlacementVerdict.NO, "the largest has 1 GPU"),
        (size("2", 4), ec2("optimal"), PlacementVerdict.UNKNOWN, "optimal"),
        (size("4", 4), ec2("optimal", "m5.large"), PlacementVerdict.UNKNOWN, "optimal"),
        (size("2", 4), ec2("optimal", "m5.xlarge"), PlacementVerdict.YES, ""),
        (size("2", 4), ec2(), PlacementVerdict.UNKNOWN, "doesn't know the size of its instance types"),
        (size("65", 4), ec2("optimal"), PlacementVerdict.NO, "65 vCPU, but ce has only 64"),
        (size("65", 4), ec2("optimal", most=None), PlacementVerdict.UNKNOWN, ""),
        (size(platform="FARGATE"), ec2("optimal"), PlacementVerdict.NO, "EC2 jobs, and this job is for Fargate"),
        (size(platform="EKS"), ec2("optimal"), PlacementVerdict.NO, ""),
        (size(), ec2("m5.xlarge", orchestration="EKS"), PlacementVerdict.NO, "runs EKS jobs"),
        (size("8", 16, platform="FARGATE"), FARGATE, PlacementVerdict.YES, ""),
        (size("16", 32, platform="FARGATE"), FARGATE, PlacementVerdict.NO, "fg has only 8"),
        (size("4", 245, platform="FARGATE"), FARGATE, PlacementVerdict.NO, "at most 32 vCPU and 244 GiB"),
        (size("4", 121, platform="FARGATE"), FARGATE, PlacementVerdict.NO, "32 vCPU, but fg has only 8"),
        (size("1", 2, 1, platform="FARGATE"), FARGATE, PlacementVerdict.NO, "no GPUs"),
        (size("0"), ec2("m5.xlarge"), PlacementVerdict.UNKNOWN, "The size of the job"),
    ],
)
def test_what_fits_what_does_not_and_what_nobody_knows(
    asked: JobSize, environment: EnvironmentFacts, fits: PlacementVerdict, because: str
) -> None:
    answer = check_placement(asked, [environment])

    assert (answer.verdict, because in answer.reason) == (fits, True), answer


@pytest.mark.parametrize(("state", "status"), [("DISABLED", "VALID"), ("ENABLED", "INVALID")])
def test_an_environment_that_takes_nothing_fits_nothing(state: str, status: str) -> None:
    closed = EnvironmentFacts("ce", "EC2", state, status, 64, ("m5.xlarge",))

    assert check_placement(size(), [closed]).verdict is PlacementVerdict.NO
    assert check_placement(size(), [closed, ec2("m5.xlarge")]).verdict is PlacementVerdict.YES
    assert check_placement(size(), [closed, ec2("optimal")]).verdict is PlacementVerdict.UNKNOWN


def test_of_several_that_do_not_fit_each_says_why() -> None:
    answer = check_placement(size("8", 4), [ec2("m5.xlarge"), FARGATE])

    assert answer.verdict is PlacementVerdict.NO
    assert "the largest has 4 vCPU" in answer.reason
    assert "fg runs Fargate jobs" in answer.reason


def test_before_aws_was_asked_nothing_is_claimed() -> None:
    assert check_placement(size(), []).verdict is PlacementVerdict.UNKNOWN


def test_an_environment_is_read_from_the_words_of_aws() -> None:
    told = {
        "computeEnvironmentName": "ce",
        "state": "ENABLED",
        "status": "VALID",
        "containerOrchestrationType": "ECS",
        "computeResources": {"type": "SPOT", "maxvCpus": 16, "instanceTypes": ["m5.large"]},
    }
    read = EnvironmentFacts.from_description(told)

    assert (read.platform, read.max_vcpus, read.instance_types) == ("EC2", 16, ("m5.large",))
    assert (
        EnvironmentFacts.from_description({"computeEnvironmentName": "unmanaged", "type": "UNMANAGED"}).platform == ""
    )


@pytest.mark.parametrize(
    ("name", "vcpus", "gib", "gpus"),
    [("m5.large", 2, 8, 0), ("c5.9xlarge", 36, 72, 0), ("r6i.24xlarge", 96, 768, 0), ("g5.48xlarge", 192, 768, 8)],
)
def test_machines_are_as_large_as_amazon_says(name: str, vcpus: int, gib: int, gpus: int) -> None:
    assert instance_size(name) == (vcpus, gib * 1024, gpus)


@pytest.mark.parametrize("name", ["m5", "optimal", "m5.metal", "t3.large", "g5.7xlarge", "x9.large", ""])
def test_of_machines_that_are_not_known_nothing_is_said(name: str) -> None:
    assert instance_size(name) is None


def test_a_job_that_no_environment_can_run_is_warned_of() -> None:
    definition = {
        "containerProperties": {
            "resourceRequirements": [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "2048"}]
        }
    }
    larger = {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "96"}]}}
    queue = QueueFacts(environments=(ec2("optimal"),))

    [problem] = environment_can_run_job(definition, larger, queue)
    assert (problem.rule, problem.severity, problem.pointer) == ("queue.nothing-fits", "warning", "/jobQueue")
    assert list(environment_can_run_job(definition, {}, queue)) == []
    assert list(environment_can_run_job(definition, larger, QueueFacts())) == []
