"""Amounts of vCPU, memory and GPUs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Capacity:
    """Memory is in MiB."""

    vcpus: float = 0
    memory: int = 0
    gpus: int = 0

    def __add__(self, other: "Capacity") -> "Capacity":
        return Capacity(self.vcpus + other.vcpus, self.memory + other.memory, self.gpus + other.gpus)

    def __sub__(self, other: "Capacity") -> "Capacity":
        return Capacity(self.vcpus - other.vcpus, self.memory - other.memory, self.gpus - other.gpus)

    def fits_in(self, available: "Capacity") -> bool:
        return self.vcpus <= available.vcpus and self.memory <= available.memory and self.gpus <= available.gpus
