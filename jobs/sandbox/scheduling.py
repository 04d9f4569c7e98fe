"""Capacity of compute environments, and its allocation to jobs.

The numbers are nominal: a job that requests 4 vCPU runs as one process on whatever machine this is.
"""

import json
from dataclasses import dataclass

from jobs.sandbox.context import Document
from jobs.sandbox.groups import job_groups
from jobs.sandbox.store import Store

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
class Capacity:
    vcpus: float = 0
    memory: int = 0
    gpus: int = 0

    def __add__(self, other: "Capacity") -> "Capacity":
        return Capacity(self.vcpus + other.vcpus, self.memory + other.memory, self.gpus + other.gpus)

    def __sub__(self, other: "Capacity") -> "Capacity":
        return Capacity(self.vcpus - other.vcpus, self.memory - other.memory, self.gpus - other.gpus)

    def fits_in(self, available: "Capacity") -> bool:
        return self.vcpus <= available.vcpus and self.memory <= available.memory and self.gpus <= available.gpus


def job_capacity(spec: Document) -> Capacity:
    return sum((_capacity(sizes) for group in job_groups(spec) for sizes in group.sizes), Capacity())


def _capacity(sizes: dict[str, str]) -> Capacity:
    return Capacity(float(sizes.get("VCPU", 1)), int(sizes.get("MEMORY", 0)), int(sizes.get("GPU", 0)))


def environment_capacity(environment: Document) -> Capacity:
    resources = environment.get("computeResources") or {}
    vcpus = resources.get("maxvCpus", 256)
    gpu = any(str(kind).startswith(GPU_FAMILIES) for kind in resources.get("instanceTypes", ()))
    return Capacity(vcpus, vcpus * MEMORY_PER_VCPU, vcpus // VCPUS_PER_GPU if gpu else 0)


@dataclass(frozen=True)
class ComputeEnvironment:
    arn: str
    name: str
    size: Capacity


@dataclass(frozen=True)
class SchedulingQueue:
    priority: int
    environments: tuple[ComputeEnvironment, ...]

    def why_unplaceable(self, capacity: Capacity) -> str | None:
        """Return why a job of this size can never start; None if it can."""
        if any(capacity.fits_in(environment.size) for environment in self.environments):
            return None
        gpus = max((environment.size.gpus for environment in self.environments), default=0)
        return NO_INSTANCE_FITS if capacity.gpus and not gpus else TOO_LARGE


class SlotAllocator:
    def __init__(self, store: Store, processes: int) -> None:
        self._store = store
        self._processes = processes
        self._queues: dict[str, SchedulingQueue] = {}
        self._used_capacity: dict[str, Capacity] = {}
        self._allocations: dict[str, tuple[str, Capacity]] = {}

    def forget_queues(self) -> None:
        """Read queues and environments again when they are next needed."""
        self._queues.clear()

    def queue(self, queue: str) -> SchedulingQueue:
        if queue not in self._queues:
            self._queues[queue] = self._read_queue(queue)
        return self._queues[queue]

    def _read_queue(self, queue: str) -> SchedulingQueue:
        body = self._read_resource(queue)
        order = sorted(body["computeEnvironmentOrder"], key=lambda entry: int(entry["order"]))
        bodies = [self._read_resource(entry["computeEnvironment"]) for entry in order]
        return SchedulingQueue(
            body["priority"],
            tuple(
                ComputeEnvironment(
                    environment["computeEnvironmentArn"],
                    environment["computeEnvironmentName"],
                    environment_capacity(environment),
                )
                for environment in bodies
                if environment["state"] == "ENABLED"
            ),
        )

    def _read_resource(self, arn: str) -> Document:
        row = self._store.fetch_one("SELECT body FROM resource WHERE arn = ?", arn)
        if row is None:
            raise LookupError(arn)
        document: Document = json.loads(row["body"])
        return document

    @property
    def is_full(self) -> bool:
        """Whether the process limit is reached: this machine is real, whatever the environments' capacity."""
        return len(self._allocations) >= self._processes

    def allocate(self, job: str, queue: str, capacity: Capacity) -> str | None:
        """Allocate capacity in the first environment that has enough. Return its name, or None."""
        for environment in self.queue(queue).environments:
            used = self._used_capacity.get(environment.arn, Capacity())
            if capacity.fits_in(environment.size - used):
                self._used_capacity[environment.arn] = used + capacity
                self._allocations[job] = (environment.arn, capacity)
                return environment.name
        return None

    def release(self, job: str) -> None:
        if allocation := self._allocations.pop(job, None):
            environment, capacity = allocation
            self._used_capacity[environment] = self._used_capacity[environment] - capacity
