"""Capacity of compute environments, and its allocation to jobs.

The numbers are nominal: a job that requests 4 vCPU runs as one process on whatever machine this is.
"""

import json
from dataclasses import dataclass

from jobs.sandbox.context import Document
from jobs.sandbox.store import Store
from jobs.sandbox.validation import requirements

MEMORY_PER_VCPU = 8 * 1024  # MiB: the maximum of Fargate and of AWS's memory-optimised instances
VCPUS_PER_GPU = 4  # a g4dn.xlarge: 4 vCPU, one T4
GPU_FAMILIES = ("g4", "g5", "g6", "p2", "p3", "p4", "p5", "p6")

TOO_LARGE = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - The job's resource requirements are larger than the "
    "maximum of every compute environment of its queue."
)
NO_INSTANCE_FITS = (
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - No instance type of the queue's compute environments can meet "
    "the job's resource requirements."
)


@dataclass(frozen=True)
class Size:
    """The resources that a job needs, or that an environment has."""

    vcpus: float = 0
    memory: int = 0
    gpus: int = 0

    def __add__(self, other: "Size") -> "Size":
        return Size(self.vcpus + other.vcpus, self.memory + other.memory, self.gpus + other.gpus)

    def __sub__(self, other: "Size") -> "Size":
        return Size(self.vcpus - other.vcpus, self.memory - other.memory, self.gpus - other.gpus)

    def fits(self, available: "Size") -> bool:
        return self.vcpus <= available.vcpus and self.memory <= available.memory and self.gpus <= available.gpus


def container_size(container: Document) -> Size:
    needs = requirements(container)
    return Size(float(needs.get("VCPU", 1)), int(needs.get("MEMORY", 0)), int(needs.get("GPU", 0)))


def environment_size(environment: Document) -> Size:
    resources = environment.get("computeResources") or {}
    vcpus = resources.get("maxvCpus", 256)
    gpu = any(str(kind).startswith(GPU_FAMILIES) for kind in resources.get("instanceTypes", ()))
    return Size(vcpus, vcpus * MEMORY_PER_VCPU, vcpus // VCPUS_PER_GPU if gpu else 0)


@dataclass(frozen=True)
class Environment:
    """A compute environment as the scheduler sees it."""

    arn: str
    name: str
    size: Size


@dataclass(frozen=True)
class Lane:
    """A queue as the scheduler sees it."""

    priority: int
    environments: tuple[Environment, ...]

    def why_never(self, capacity: Size) -> str | None:
        """Return why a job of this size can never start; None if it can."""
        if any(capacity.fits(environment.size) for environment in self.environments):
            return None
        gpus = max((environment.size.gpus for environment in self.environments), default=0)
        return NO_INSTANCE_FITS if capacity.gpus and not gpus else TOO_LARGE


class Slots:
    """Allocations of capacity to jobs. Guarded by the scheduler's lock."""

    def __init__(self, store: Store, processes: int) -> None:
        self._store = store
        self._processes = processes
        self._lanes: dict[str, Lane] = {}
        self._used: dict[str, Size] = {}
        self._held: dict[str, tuple[str, Size]] = {}

    def forget_queues(self) -> None:
        """Read queues and environments again when they are next needed."""
        self._lanes.clear()

    def lane(self, queue: str) -> Lane:
        if queue not in self._lanes:
            self._lanes[queue] = self._read_lane(queue)
        return self._lanes[queue]

    def _read_lane(self, queue: str) -> Lane:
        body = self._body(queue)
        order = sorted(body["computeEnvironmentOrder"], key=lambda entry: int(entry["order"]))
        bodies = [self._body(entry["computeEnvironment"]) for entry in order]
        return Lane(
            body["priority"],
            tuple(
                Environment(
                    environment["computeEnvironmentArn"],
                    environment["computeEnvironmentName"],
                    environment_size(environment),
                )
                for environment in bodies
                if environment["state"] == "ENABLED"
            ),
        )

    def _body(self, arn: str) -> Document:
        row = self._store.row("SELECT body FROM resource WHERE arn = ?", arn)
        if row is None:
            raise LookupError(arn)
        document: Document = json.loads(row["body"])
        return document

    @property
    def full(self) -> bool:
        """Whether the process limit is reached: this machine is real, whatever the environments' capacity."""
        return len(self._held) >= self._processes

    def take(self, job: str, queue: str, capacity: Size) -> str | None:
        """Allocate capacity in the first environment that has enough. Return its name, or None."""
        for environment in self.lane(queue).environments:
            used = self._used.get(environment.arn, Size())
            if capacity.fits(environment.size - used):
                self._used[environment.arn] = used + capacity
                self._held[job] = (environment.arn, capacity)
                return environment.name
        return None

    def give_back(self, job: str) -> None:
        if allocation := self._held.pop(job, None):
            environment, capacity = allocation
            self._used[environment] = self._used[environment] - capacity
