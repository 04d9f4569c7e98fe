"""Whether some compute environment of a queue can run a job of a size, as far as AWS's words about them tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from jobs.spec.documents import Document, is_whole_number, list_at, object_at, text_at
from jobs.spec.instances import Machine, machine
from jobs.spec.job_size import Size
from jobs.spec.problems import listed

FARGATE_VCPUS, FARGATE_MEMORY_MIB = Decimal(16), 120 * 1024
MOST_OF_IT = 0.95
"""A machine keeps some of its memory for itself, how much differs: above this share of it nobody can be sure."""


class Fits(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class EnvironmentFacts:
    """A compute environment as AWS describes it. None and empty texts: it does not say."""

    name: str
    kind: str = ""
    """EC2, SPOT, FARGATE or FARGATE_SPOT; empty for one that AWS does not manage."""
    state: str = ""
    status: str = ""
    max_vcpus: int | None = None
    instance_types: tuple[str, ...] = ()
    orchestration: str = ""

    @classmethod
    def of(cls, told: Document) -> "EnvironmentFacts":
        """From an answer of DescribeComputeEnvironments."""
        resources = object_at(told, "computeResources")
        most = resources.get("maxvCpus")
        return cls(
            name=text_at(told, "computeEnvironmentName"),
            kind=text_at(resources, "type"),
            state=text_at(told, "state"),
            status=text_at(told, "status"),
            max_vcpus=most if is_whole_number(most) else None,
            instance_types=tuple(str(each) for each in list_at(resources, "instanceTypes")),
            orchestration=text_at(told, "containerOrchestrationType"),
        )

    @property
    def platform(self) -> str:
        """EKS, FARGATE or EC2, as definitions are told apart; empty where nobody knows."""
        if self.orchestration == "EKS":
            return "EKS"
        return "FARGATE" if self.kind.startswith("FARGATE") else "EC2" if self.kind else ""


@dataclass(frozen=True)
class Fit:
    """The answer, and a sentence that says why."""

    fits: Fits
    reason: str


def fit(size: Size, environments: Sequence[EnvironmentFacts]) -> Fit:
    """Whether any of a queue's environments can run it. One that surely can, decides; else one that perhaps can."""
    if not environments:
        return Fit(Fits.UNKNOWN, "AWS was not asked yet about the compute environments of the queue.")
    if not size.vcpus or not size.memory_mib:
        return Fit(Fits.UNKNOWN, "It is not said yet how large the job is.")
    answers = [(_fit(size, each), each) for each in environments]
    for wanted in (Fits.YES, Fits.UNKNOWN):
        found = next((answer for answer, _ in answers if answer.fits is wanted), None)
        if found:
            return found
    if len(answers) == 1:
        return answers[0][0]
    return Fit(Fits.NO, "No compute environment of the queue can run it. " + " ".join(a.reason for a, _ in answers))


def _fit(size: Size, environment: EnvironmentFacts) -> Fit:
    name = environment.name
    if environment.state == "DISABLED":
        return Fit(Fits.NO, f"{name} is disabled.")
    if environment.status in ("INVALID", "DELETING", "DELETED"):
        return Fit(Fits.NO, f"{name} is {environment.status.lower()}.")
    if environment.platform and environment.platform != size.platform:
        runs, wants = _WORDS[environment.platform], _WORDS[size.platform]
        return Fit(Fits.NO, f"{name} runs jobs of {runs}, and this is one of {wants}.")
    most = environment.max_vcpus
    if most is not None and size.vcpus > most:
        return Fit(Fits.NO, f"The job asks for {size.vcpus:f} vCPU, and {name} has {most} in all.")
    if size.platform == "FARGATE":
        return _on_fargate(size, name)
    return _on_machines(size, environment)


_WORDS = {"EC2": "EC2", "FARGATE": "Fargate", "EKS": "EKS"}


def _on_fargate(size: Size, name: str) -> Fit:
    if size.gpus:
        return Fit(Fits.NO, f"{name} is of Fargate, which has no GPUs.")
    if size.vcpus > FARGATE_VCPUS or size.memory_mib > FARGATE_MEMORY_MIB:
        return Fit(
            Fits.NO, f"A task of Fargate has {FARGATE_VCPUS} vCPU and {FARGATE_MEMORY_MIB // 1024} GiB at most."
        )
    return Fit(Fits.YES, f"{name} can run it.")


def _on_machines(size: Size, environment: EnvironmentFacts) -> Fit:
    """Every type that might be chosen is compared: only if none is unknown, none that fits means no."""
    name = environment.name
    known = {each: machine(each) for each in environment.instance_types}
    strange = [each for each, found in known.items() if found is None]
    machines = [found for found in known.values() if found]
    if any(_holds(found, size, MOST_OF_IT) for found in machines):
        return Fit(Fits.YES, f"{name} can run it.")
    if strange or not known:
        which = f"of its machines ({listed(strange, most=3)})" if strange else "of its machines"
        return Fit(Fits.UNKNOWN, f"{name} may run it: how large the largest {which} is, is not known here.")
    if any(_holds(found, size, 1) for found in machines):
        return Fit(Fits.UNKNOWN, f"{name} may be too small: a machine keeps some of its memory for itself.")
    return Fit(Fits.NO, f"No machine of {name} ({listed(known, most=4)}) is large enough: {_most(machines, size)}.")


def _holds(found: Machine, size: Size, share: float) -> bool:
    """Strictly: a job that asks for all the memory of a machine never gets it."""
    return size.vcpus <= found.vcpus and size.gpus <= found.gpus and size.memory_mib < found.memory_mib * share


def _most(machines: Iterable[Machine], size: Size) -> str:
    """The first thing that is too much for all of them, or that no single one has everything."""
    every = list(machines)
    for asked, most, what in (
        (size.gpus, max(each.gpus for each in every), "GPU"),
        (size.vcpus, max(each.vcpus for each in every), "vCPU"),
    ):
        if asked > most:
            return f"they have {most} {what} at most"
    largest = max(each.memory_mib for each in every)
    if size.memory_mib >= largest:
        return f"they have {largest // 1024} GiB at most, and keep some of it for themselves"
    return "none has as much of all that it asks for"
