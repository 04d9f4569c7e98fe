"""Placement: whether a queue can run a job of a size."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from jobs.spec.documents import Document, is_integer, list_at, object_at, text_at
from jobs.spec.fargate import LARGEST_FARGATE_SIZE, next_fargate_size
from jobs.spec.instance_types import InstanceSize, instance_size
from jobs.spec.job_size import RunSize
from jobs.spec.problems import join_words

SAGEMAKER_TRAINING = "SAGEMAKER_TRAINING"
PLATFORM_NAMES = {"ECS": "EC2", "ECS_FARGATE": "Fargate", "EKS": "EKS", SAGEMAKER_TRAINING: "SageMaker training"}
USABLE_MEMORY_SHARE = 0.95
"""Of an instance's memory; the system reserves a varying rest."""
UNUSABLE_STATUSES = ("INVALID", "DELETING", "DELETED")


class PlacementVerdict(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class EnvironmentFacts:
    """None and empty strings: not stated."""

    name: str
    kind: str = ""
    """EC2, SPOT, FARGATE or FARGATE_SPOT; empty for an unmanaged environment."""
    state: str = ""
    status: str = ""
    max_vcpus: int | None = None
    instance_types: tuple[str, ...] = ()
    orchestration: str = ""
    status_reason: str = ""

    @classmethod
    def from_description(cls, description: Document) -> "EnvironmentFacts":
        resources = object_at(description, "computeResources")
        max_vcpus = resources.get("maxvCpus")
        return cls(
            name=text_at(description, "computeEnvironmentName"),
            kind=text_at(resources, "type"),
            state=text_at(description, "state"),
            status=text_at(description, "status"),
            status_reason=text_at(description, "statusReason"),
            max_vcpus=max_vcpus if is_integer(max_vcpus) else None,
            instance_types=tuple(str(instance_type) for instance_type in list_at(resources, "instanceTypes")),
            orchestration=text_at(description, "containerOrchestrationType"),
        )

    @property
    def is_usable(self) -> bool:
        return self.state != "DISABLED" and self.status not in UNUSABLE_STATUSES

    @property
    def has_gpus(self) -> bool:
        """Whether all its instance types that the portal knows have GPUs."""
        sizes = [instance_size(name) for name in self.instance_types]
        return any(sizes) and all(size.gpus for size in sizes if size)

    @property
    def repaired(self) -> "EnvironmentFacts":
        """Return it as it would be if it were enabled and valid."""
        return replace(self, state="ENABLED", status="VALID")

    @property
    def is_spot(self) -> bool:
        return "SPOT" in self.kind

    @property
    def platform(self) -> str:
        if self.orchestration == "EKS":
            return "EKS"
        return "FARGATE" if self.kind.startswith("FARGATE") else "EC2" if self.kind else ""


@dataclass(frozen=True)
class PlacementResult:
    verdict: PlacementVerdict
    reason: str
    may_change: bool = False
    """Of a NO: whether it can become a YES, as if a compute environment that could run it is disabled or invalid."""


def check_placement(size: RunSize, environments: Sequence[EnvironmentFacts]) -> PlacementResult:
    result = _check_environments(size, environments)
    if result.verdict is not PlacementVerdict.NO or all(environment.is_usable for environment in environments):
        return result
    if_repaired = _check_environments(size, [environment.repaired for environment in environments])
    return replace(result, may_change=if_repaired.verdict is not PlacementVerdict.NO)


def _check_environments(size: RunSize, environments: Sequence[EnvironmentFacts]) -> PlacementResult:
    if not environments:
        return PlacementResult(
            PlacementVerdict.UNKNOWN, "The compute environments of the queue have not been read from AWS yet."
        )
    if not size.vcpus or not size.memory_mib:
        return PlacementResult(PlacementVerdict.UNKNOWN, "The size of the job is not known yet.")
    answers = [(_check_environment(size, environment), environment) for environment in environments]
    for verdict in (PlacementVerdict.YES, PlacementVerdict.UNKNOWN):
        result = next((answer for answer, _ in answers if answer.verdict is verdict), None)
        if result:
            return result
    if len(answers) == 1:
        return answers[0][0]
    return PlacementResult(
        PlacementVerdict.NO,
        "No compute environment of the queue can run the job. " + " ".join(a.reason for a, _ in answers),
    )


def _check_environment(size: RunSize, environment: EnvironmentFacts) -> PlacementResult:
    name = environment.name
    if environment.state == "DISABLED":
        return PlacementResult(PlacementVerdict.NO, f"{name} is disabled.")
    if environment.status in UNUSABLE_STATUSES:
        return PlacementResult(PlacementVerdict.NO, f"{name} is {environment.status.lower()}.")
    if environment.platform and environment.platform != size.platform:
        available, required = _PLATFORM_LABELS[environment.platform], _PLATFORM_LABELS[size.platform]
        return PlacementResult(PlacementVerdict.NO, f"{name} runs {available} jobs, and this job is for {required}.")
    max_vcpus = environment.max_vcpus
    if max_vcpus is not None and size.vcpus > max_vcpus:
        return PlacementResult(
            PlacementVerdict.NO, f"The job asks for {size.vcpus.normalize():f} vCPU, but {name} has only {max_vcpus}."
        )
    if size.platform == "FARGATE":
        return _check_fargate(size, environment)
    return _check_instances(size, environment)


_PLATFORM_LABELS = {"EC2": "EC2", "FARGATE": "Fargate", "EKS": "EKS"}


def _check_fargate(size: RunSize, environment: EnvironmentFacts) -> PlacementResult:
    name, max_vcpus = environment.name, environment.max_vcpus
    if size.gpus:
        return PlacementResult(PlacementVerdict.NO, f"{name} is on Fargate, which has no GPUs.")
    fargate_size = next_fargate_size(size.vcpus, size.memory_mib)
    if not fargate_size:
        vcpus, memory_mib = LARGEST_FARGATE_SIZE
        return PlacementResult(
            PlacementVerdict.NO, f"A Fargate task can have at most {vcpus} vCPU and {memory_mib // 1024} GiB."
        )
    if max_vcpus is not None and fargate_size[0] > max_vcpus:
        return PlacementResult(
            PlacementVerdict.NO,
            f"The smallest Fargate size for the job has {fargate_size[0]} vCPU, but {name} has only {max_vcpus}.",
        )
    return PlacementResult(PlacementVerdict.YES, f"{name} can run it.")


def _check_instances(size: RunSize, environment: EnvironmentFacts) -> PlacementResult:
    name = environment.name
    sizes = {type_name: instance_size(type_name) for type_name in environment.instance_types}
    unknown_types = [type_name for type_name, instance in sizes.items() if instance is None]
    instances = [instance for instance in sizes.values() if instance]
    if any(_can_hold(instance, size, USABLE_MEMORY_SHARE) for instance in instances):
        return PlacementResult(PlacementVerdict.YES, f"{name} can run it.")
    if unknown_types or not sizes:
        which = (
            f"of its instance types ({join_words(unknown_types, limit=3)})"
            if unknown_types
            else "of its instance types"
        )
        return PlacementResult(
            PlacementVerdict.UNKNOWN, f"{name} may run it: the portal doesn't know the size {which}."
        )
    if any(_can_hold(instance, size, 1) for instance in instances):
        return PlacementResult(
            PlacementVerdict.UNKNOWN, f"{name} may be too small: an instance reserves some of its memory."
        )
    return PlacementResult(
        PlacementVerdict.NO,
        f"No instance type of {name} ({join_words(sizes, limit=4)}) is large enough: "
        f"{_limiting_resource(instances, size)}.",
    )


def _can_hold(instance: InstanceSize, size: RunSize, share: float) -> bool:
    """Compare strictly: a job never gets all memory of an instance."""
    return (
        size.vcpus <= instance.vcpus and size.gpus <= instance.gpus and size.memory_mib < instance.memory_mib * share
    )


def _limiting_resource(instances: Iterable[InstanceSize], size: RunSize) -> str:
    all_instances = list(instances)
    for amount, available, what in (
        (size.gpus, max(instance.gpus for instance in all_instances), "GPU"),
        (size.vcpus, max(instance.vcpus for instance in all_instances), "vCPU"),
    ):
        if amount > available:
            return f"the largest has {available} {what}"
    largest = max(instance.memory_mib for instance in all_instances)
    if size.memory_mib >= largest:
        return f"the largest has {largest // 1024} GiB, and reserves some of it"
    return "none has enough of everything the job asks for"
