"""What Batch will run: a definition with a submission laid over it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from jobs.spec.documents import Document, list_at, object_at, part, text_at

_LEGACY = {"vcpus": "VCPU", "memory": "MEMORY"}


@dataclass(frozen=True)
class Size:
    """What one run of a job asks for. Zero where neither the definition nor the submission says."""

    platform: str  # EC2, FARGATE or EKS
    vcpus: Decimal
    memory_mib: int
    gpus: int
    ephemeral_gib: int
    architecture: str  # X86_64 or ARM64
    system: str  # LINUX, or a Windows version as AWS names it


def size(definition: Document, submission: Document) -> Size:
    """The effective size. An override of one type leaves the definition's others (SubmitJob, API reference)."""
    asked: dict[str, str] = {}
    for container in _containers(definition):
        for kind, value in _requirements(container).items():
            asked[kind] = str(_number(asked.get(kind)) + _number(value))
    asked |= _requirements(object_at(submission, "containerOverrides"))
    properties = object_at(definition, "containerProperties")
    runtime = object_at(properties, "runtimePlatform")
    return Size(
        platform=_platform(definition),
        vcpus=_number(asked.get("VCPU")),
        memory_mib=int(_number(asked.get("MEMORY"))),
        gpus=int(_number(asked.get("GPU"))),
        ephemeral_gib=int(_number(part(properties, "ephemeralStorage", "sizeInGiB"))),
        architecture=text_at(runtime, "cpuArchitecture") or "X86_64",
        system=text_at(runtime, "operatingSystemFamily") or "LINUX",
    )


def tags(definition: Document, submission: Document) -> dict[str, str]:
    """The tags by which a job is found and paid for: the submission's over the definition's."""
    both = {**object_at(definition, "tags"), **object_at(submission, "tags")}
    return {str(key): str(value) for key, value in both.items()}


def _platform(definition: Document) -> str:
    if "eksProperties" in definition:
        return "EKS"
    return "FARGATE" if "FARGATE" in list_at(definition, "platformCapabilities") else "EC2"


def _containers(definition: Document) -> Iterable[Any]:
    """Every container that runs at the same time, so that their sizes add up."""
    yield object_at(definition, "containerProperties")
    for task in list_at(definition, "ecsProperties", "taskProperties"):
        yield from list_at(task, "containers")


def _requirements(container: object) -> dict[str, str]:
    """Type to value; a legacy field counts only where no requirement of its type stands beside it."""
    legacy = {kind: part(container, key) for key, kind in _LEGACY.items()}
    asked = {kind: str(value) for kind, value in legacy.items() if value}
    listed = list_at(container, "resourceRequirements")
    return asked | {text_at(entry, "type"): text_at(entry, "value") for entry in listed}


def _number(value: object) -> Decimal:
    try:
        return Decimal(str(value)) if value else Decimal(0)
    except InvalidOperation:
        return Decimal(0)
