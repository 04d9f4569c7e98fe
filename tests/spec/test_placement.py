"""Whether a queue's compute environments can run a job: what is certain is said, what is not is not guessed."""

from decimal import Decimal

import pytest

from jobs.spec.instance_types import machine
from jobs.spec.job_size import Size
from jobs.spec.placement import EnvironmentFacts, Fits, fit
from jobs.spec.rules.queue import QueueFacts, some_environment_runs_it


def size(vcpus: str = "1", memory_gib: float = 1, gpus: int = 0, platform: str = "EC2") -> Size:
    return Size(platform, Decimal(vcpus), int(memory_gib * 1024), gpus, 0, "X86_64", "LINUX")


def ec2(*types: str, most: int | None = 64, **fields: str) -> EnvironmentFacts:
    return EnvironmentFacts("ce", "EC2", "ENABLED", "VALID", max_vcpus=most, instance_types=types, **fields)


FARGATE = EnvironmentFacts("fg", "FARGATE_SPOT", "ENABLED", "VALID", max_vcpus=8)


@pytest.mark.parametrize(
    ("asked", "environment", "fits", "because"),
    [
        (size("4", 14), ec2("m5.xlarge"), Fits.YES, "ce can run it"),
        (size("4", 16), ec2("m5.xlarge"), Fits.NO, "16 GiB at most, and keep some"),
        (size("4", 15.5), ec2("m5.xlarge"), Fits.UNKNOWN, "keeps some of its memory"),
        (size("8", 8), ec2("m5.xlarge", "c5.large"), Fits.NO, "4 vCPU at most"),
        (size("4", 30), ec2("c5.2xlarge", "r5.large", "m5.large"), Fits.NO, "16 GiB at most"),
        (size("8", 16), ec2("c5.2xlarge", "r5.xlarge"), Fits.NO, "none has as much of all"),
        (size("1", 1, 1), ec2("m5.xlarge"), Fits.NO, "0 GPU at most"),
        (size("4", 8, 1), ec2("g4dn.xlarge"), Fits.YES, ""),
        (size("1", 1, 2), ec2("g4dn.4xlarge", "p3.2xlarge"), Fits.NO, "1 GPU at most"),
        (size("2", 4), ec2("optimal"), Fits.UNKNOWN, "optimal"),
        (size("4", 4), ec2("optimal", "m5.large"), Fits.UNKNOWN, "optimal"),
        (size("2", 4), ec2("optimal", "m5.xlarge"), Fits.YES, ""),
        (size("2", 4), ec2(), Fits.UNKNOWN, "of its machines is, is not known"),
        (size("65", 4), ec2("optimal"), Fits.NO, "65 vCPU, and ce has 64 in all"),
        (size("65", 4), ec2("optimal", most=None), Fits.UNKNOWN, ""),
        (size(platform="FARGATE"), ec2("optimal"), Fits.NO, "of EC2, and this is one of Fargate"),
        (size(platform="EKS"), ec2("optimal"), Fits.NO, ""),
        (size(), ec2("m5.xlarge", orchestration="EKS"), Fits.NO, "of EKS"),
        (size("8", 16, platform="FARGATE"), FARGATE, Fits.YES, ""),
        (size("16", 32, platform="FARGATE"), FARGATE, Fits.NO, "8 in all"),
        (size("4", 121, platform="FARGATE"), FARGATE, Fits.NO, "120 GiB at most"),
        (size("1", 2, 1, platform="FARGATE"), FARGATE, Fits.NO, "no GPUs"),
        (size("0"), ec2("m5.xlarge"), Fits.UNKNOWN, "how large the job is"),
    ],
)
def test_what_fits_what_does_not_and_what_nobody_knows(
    asked: Size, environment: EnvironmentFacts, fits: Fits, because: str
) -> None:
    answer = fit(asked, [environment])

    assert (answer.fits, because in answer.reason) == (fits, True), answer


@pytest.mark.parametrize(("state", "status"), [("DISABLED", "VALID"), ("ENABLED", "INVALID")])
def test_an_environment_that_takes_nothing_fits_nothing(state: str, status: str) -> None:
    closed = EnvironmentFacts("ce", "EC2", state, status, 64, ("m5.xlarge",))

    assert fit(size(), [closed]).fits is Fits.NO
    assert fit(size(), [closed, ec2("m5.xlarge")]).fits is Fits.YES
    assert fit(size(), [closed, ec2("optimal")]).fits is Fits.UNKNOWN


def test_of_several_that_do_not_fit_each_says_why() -> None:
    answer = fit(size("8", 4), [ec2("m5.xlarge"), FARGATE])

    assert answer.fits is Fits.NO
    assert "4 vCPU at most" in answer.reason
    assert "fg runs jobs of Fargate" in answer.reason


def test_before_aws_was_asked_nothing_is_claimed() -> None:
    assert fit(size(), []).fits is Fits.UNKNOWN


def test_an_environment_is_read_from_the_words_of_aws() -> None:
    told = {
        "computeEnvironmentName": "ce",
        "state": "ENABLED",
        "status": "VALID",
        "containerOrchestrationType": "ECS",
        "computeResources": {"type": "SPOT", "maxvCpus": 16, "instanceTypes": ["m5.large"]},
    }
    read = EnvironmentFacts.of(told)

    assert (read.platform, read.max_vcpus, read.instance_types) == ("EC2", 16, ("m5.large",))
    assert EnvironmentFacts.of({"computeEnvironmentName": "unmanaged", "type": "UNMANAGED"}).platform == ""


@pytest.mark.parametrize(
    ("name", "vcpus", "gib", "gpus"),
    [("m5.large", 2, 8, 0), ("c5.9xlarge", 36, 72, 0), ("r6i.24xlarge", 96, 768, 0), ("g5.48xlarge", 192, 768, 8)],
)
def test_machines_are_as_large_as_amazon_says(name: str, vcpus: int, gib: int, gpus: int) -> None:
    assert machine(name) == (vcpus, gib * 1024, gpus)


@pytest.mark.parametrize("name", ["m5", "optimal", "m5.metal", "t3.large", "g5.7xlarge", "x9.large", ""])
def test_of_machines_that_are_not_known_nothing_is_said(name: str) -> None:
    assert machine(name) is None


def test_a_job_that_no_environment_can_run_is_warned_of() -> None:
    definition = {
        "containerProperties": {
            "resourceRequirements": [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "2048"}]
        }
    }
    larger = {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "96"}]}}
    queue = QueueFacts(environments=(ec2("optimal"),))

    [problem] = some_environment_runs_it(definition, larger, queue)
    assert (problem.rule, problem.severity, problem.pointer) == ("queue.nothing-fits", "warning", "/jobQueue")
    assert list(some_environment_runs_it(definition, {}, queue)) == []
    assert list(some_environment_runs_it(definition, larger, QueueFacts())) == []
