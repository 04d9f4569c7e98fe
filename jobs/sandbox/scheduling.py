"""Nominal capacity of compute environments, and its allocation."""

import json
from dataclasses import dataclass

from jobs.sandbox.capacity import Capacity
from jobs.sandbox.context import Document
from jobs.sandbox.groups import job_groups
from jobs.sandbox.machines import environment_machines
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
class JobDemand:
    """In total, and on each machine: a multi-node job has several."""

    total: Capacity
    machines: frozenset[Capacity]


def job_demand(spec: Document) -> JobDemand:
    groups = [sum((_capacity(sizes) for sizes in group.sizes), Capacity()) for group in job_groups(spec)]
    return JobDemand(sum(groups, Capacity()), frozenset(groups))


def _capacity(sizes: dict[str, str]) -> Capacity:
    return Capacity(float(sizes.get("VCPU", 1)), int(sizes.get("MEMORY", 0)), int(sizes.get("GPU", 0)))


@dataclass(frozen=True)
class ComputeEnvironment:
    arn: str
    name: str
    size: Capacity
    """What all its jobs can use at a time."""
    machines: tuple[Capacity, ...] | None
    """What each of its machines can hold. None: not known, and taken for large enough."""

    @classmethod
    def from_description(cls, environment: Document) -> "ComputeEnvironment":
        resources = environment.get("computeResources") or {}
        machines = environment_machines(resources)
        vcpus = resources.get("maxvCpus", 256)
        gpu = any(str(kind).startswith(GPU_FAMILIES) for kind in resources.get("instanceTypes", ()))
        # AWS starts an instance even if it has more than what is left of maxvCpus, so one always has room.
        memory = max([vcpus * MEMORY_PER_VCPU, *(machine.memory for machine in machines or ())])
        gpus = max([vcpus // VCPUS_PER_GPU if gpu else 0, *(machine.gpus for machine in machines or ())])
        return cls(
            environment["computeEnvironmentArn"],
            environment["computeEnvironmentName"],
            Capacity(vcpus, memory, gpus),
            machines,
        )

    def can_hold(self, demand: JobDemand) -> bool:
        return demand.total.fits_in(self.size) and (
            self.machines is None
            or all(any(need.fits_in(machine) for machine in self.machines) for need in demand.machines)
        )


@dataclass(frozen=True)
class SchedulingQueue:
    priority: int
    environments: tuple[ComputeEnvironment, ...]

    def why_unplaceable(self, demand: JobDemand) -> str | None:
        """Return None if no environment is enabled: AWS then gives no reason."""
        if not self.environments or any(environment.can_hold(demand) for environment in self.environments):
            return None
        most_vcpus = max(environment.size.vcpus for environment in self.environments)
        return NO_INSTANCE_FITS if demand.total.vcpus <= most_vcpus else TOO_LARGE


class SlotAllocator:
    def __init__(self, store: Store, processes: int) -> None:
        self._store = store
        self._processes = processes
        self._queues: dict[str, SchedulingQueue] = {}
        self._used_capacity: dict[str, Capacity] = {}
        self._allocations: dict[str, tuple[str, Capacity]] = {}

    def forget_queues(self) -> None:
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
                ComputeEnvironment.from_description(environment)
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
        return len(self._allocations) >= self._processes

    def allocate(self, job: str, queue: str, demand: JobDemand) -> str | None:
        for environment in self.queue(queue).environments:
            used = self._used_capacity.get(environment.arn, Capacity())
            if environment.can_hold(demand) and demand.total.fits_in(environment.size - used):
                self._used_capacity[environment.arn] = used + demand.total
                self._allocations[job] = (environment.arn, demand.total)
                return environment.name
        return None

    def release(self, job: str) -> None:
        if allocation := self._allocations.pop(job, None):
            environment, capacity = allocation
            self._used_capacity[environment] = self._used_capacity[environment] - capacity
