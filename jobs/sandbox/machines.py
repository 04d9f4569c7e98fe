"""The machines of a compute environment.

A job never spreads over several instances, so a large environment can be too small for it.

https://aws.amazon.com/ec2/instance-types/ (vCPU, memory, GPUs)
https://docs.aws.amazon.com/batch/latest/userguide/memory-management.html (some memory of an instance is reserved)
"""

from jobs.sandbox.capacity import Capacity
from jobs.sandbox.context import Document
from jobs.sandbox.validation import FARGATE_MEMORY_MIB

RESERVED_PERCENT = 5
"""What the system and the container agent keep of an instance's memory; AWS states no figure."""

# vCPU, GiB, GPUs of the types of the demo and of others that examples use.
_INSTANCES = {
    "c5.large": (2, 4, 0),
    "c5.xlarge": (4, 8, 0),
    "c5.2xlarge": (8, 16, 0),
    "c5.4xlarge": (16, 32, 0),
    "m5.large": (2, 8, 0),
    "m5.xlarge": (4, 16, 0),
    "m5.2xlarge": (8, 32, 0),
    "m5.4xlarge": (16, 64, 0),
    "r5.large": (2, 16, 0),
    "r5.xlarge": (4, 32, 0),
    "r5.2xlarge": (8, 64, 0),
    "r5.4xlarge": (16, 128, 0),
    "g4dn.xlarge": (4, 16, 1),
    "g4dn.2xlarge": (8, 32, 1),
    "g4dn.4xlarge": (16, 64, 1),
    "g4dn.12xlarge": (48, 192, 4),
    "p3.2xlarge": (8, 61, 1),
    "p3.8xlarge": (32, 244, 4),
}


def environment_machines(resources: Document) -> tuple[Capacity, ...] | None:
    """Return None for `optimal` and families."""
    if str(resources.get("type", "")).startswith("FARGATE"):
        return tuple(
            Capacity(vcpus, max(sizes))
            for vcpus, sizes in FARGATE_MEMORY_MIB.items()
            if vcpus <= resources.get("maxvCpus", vcpus)
        )
    types = resources.get("instanceTypes") or ["optimal"]
    if not all(name in _INSTANCES for name in types):
        return None
    return tuple(_instance_capacity(*_INSTANCES[name]) for name in types)


def largest_instance(resources: Document) -> str:
    """Return the largest type that is named and known, or ""."""
    names = [name for name in resources.get("instanceTypes") or () if name in _INSTANCES]
    return max(names, key=lambda name: _INSTANCES[name], default="")


def _instance_capacity(vcpus: int, memory_gib: int, gpus: int) -> Capacity:
    return Capacity(vcpus, memory_gib * 1024 * (100 - RESERVED_PERCENT) // 100, gpus)
