"""Rules of vCPU, memory and GPUs, and of the request's size."""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from jobs.spec.containers import ContainerEntry, containers, overrides
from jobs.spec.documents import Document, is_integer, is_object, list_at, object_at, text_at
from jobs.spec.problems import Fix, Problem, describe, join_pointer
from jobs.spec.rules.registry import WARNING, rule

MAX_DEFINITION_BYTES = 24 * 1024  # bytes; AWS Batch User Guide, service quotas
MAX_SUBMISSION_BYTES = 30 * 1024
PORTAL_RESERVED_BYTES = 1024
"""For the portal's tags and the longer job name in a SubmitJob request."""
JOB_ID_LENGTH = 36
"""A UUID."""

LEGACY_SIZE_KEYS = {"vcpus": "VCPU", "memory": "MEMORY"}
RESOURCE_LABELS = {"VCPU": "vCPU", "MEMORY": "memory", "GPU": "GPU"}
_VALUE_PATTERNS = {
    "VCPU": (
        re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?"),
        'a number of vCPUs such as "2" (Fargate also "0.25" and "0.5")',
    ),
    "MEMORY": (re.compile(r"[0-9]{1,9}"), 'a whole number of MiB such as "2048"'),
    "GPU": (re.compile(r"[0-9]{1,4}"), 'a whole number of GPUs such as "1"'),
}
MIN_MEMORY_MIB = 4  # ContainerProperties, API reference: a hard limit of at least 4 MiB


def request_bytes(document: Document) -> int:
    """Serialise as botocore does (ASCII JSON with blanks after , and :)."""
    return len(json.dumps(document))


@rule("definition.too-large")
def definition_within_size_limit(document: Document) -> Iterator[Problem]:
    """RegisterJobDefinition accepts at most 24 KiB.

    Source: “Service quotas”, AWS Batch User Guide.
    """
    size = request_bytes(document)
    if size > MAX_DEFINITION_BYTES:
        yield Problem("", f"The definition is {_kib(size)}; AWS Batch accepts at most {_kib(MAX_DEFINITION_BYTES)}.")


@rule("submission.too-large")
def submission_within_size_limit(document: Document) -> Iterator[Problem]:
    """SubmitJob accepts at most 30 KiB, of which the portal needs 1 KiB for its own tags and names.

    Source: “Service quotas”, AWS Batch User Guide.
    """
    size = request_bytes(document) + _missing_id_bytes(document)
    if size > MAX_SUBMISSION_BYTES - PORTAL_RESERVED_BYTES:
        message = (
            f"The submission is {_kib(size)}; AWS Batch accepts at most {_kib(MAX_SUBMISSION_BYTES)}, "
            f"of which the portal needs {_kib(PORTAL_RESERVED_BYTES)} for its own tags."
        )
        yield Problem("", message)


def _missing_id_bytes(document: Document) -> int:
    names = (text_at(entry, "jobId") for entry in list_at(document, "dependsOn"))
    return sum(max(0, JOB_ID_LENGTH - len(name)) for name in names if name)


def _kib(size: int) -> str:
    return f"{size / 1024:.1f}".removesuffix(".0") + " KiB"


@rule("sizes.value")
def requirement_values_are_valid(document: Document) -> Iterator[Problem]:
    """The value of a resource requirement is a number in quotes: vCPUs, MiB of memory (4 at least), or GPUs.

    Source: ResourceRequirement, AWS Batch API reference.
    """
    for container in containers(document):
        for number, entry in enumerate(list_at(container.value, "resourceRequirements")):
            kind, value = text_at(entry, "type"), text_at(entry, "value")
            if kind not in _VALUE_PATTERNS or not isinstance(object_at(entry).get("value"), str):
                continue
            pattern, expected = _VALUE_PATTERNS[kind]
            here = join_pointer(*container.path, "resourceRequirements", number, "value")
            if not pattern.fullmatch(value):
                yield Problem(here, f"{RESOURCE_LABELS[kind]} must be {expected}; found {describe(value)}.")
            elif kind in ("VCPU", "GPU") and float(value) == 0:
                yield Problem(
                    here, f"{RESOURCE_LABELS[kind]} must be more than 0; change it or remove the requirement."
                )
            elif kind == "MEMORY" and int(value) < MIN_MEMORY_MIB:
                yield Problem(here, f"A job needs at least {MIN_MEMORY_MIB} MiB of memory; found {describe(value)}.")


@rule("sizes.twice")
def requirements_are_unique(document: Document) -> Iterator[Problem]:
    """A resource requirement can occur only once for each type.

    Source: ResourceRequirement, AWS Batch API reference.
    """
    for container in containers(document):
        first: dict[str, object] = {}
        for number, entry in enumerate(list_at(container.value, "resourceRequirements")):
            kind = text_at(entry, "type")
            if kind and kind in first:
                here = join_pointer(*container.path, "resourceRequirements", number)
                message = f"resourceRequirements has {kind} twice; keep one of them."
                yield Problem(here, message, fix=({"op": "remove", "path": here},) if first[kind] == entry else ())
            first.setdefault(kind, entry)


@rule("sizes.legacy-beside-requirement", WARNING)
def no_legacy_size_beside_requirement(document: Document) -> Iterator[Problem]:
    """The deprecated vcpus and memory must not be set together with the resource requirement of the same type.

    Source: ContainerProperties, AWS Batch API reference.
    """
    for container in containers(document):
        types = requirement_types(container.value)
        for key, kind in LEGACY_SIZE_KEYS.items():
            if key in container.value and kind in types:
                here = join_pointer(*container.path, key)
                message = f"{RESOURCE_LABELS[kind]} is set twice, as {key} and in resourceRequirements; remove {key}."
                yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("sizes.legacy-override", WARNING)
def no_legacy_size_in_override(document: Document) -> Iterator[Problem]:
    """The deprecated vcpus and memory of an override do not override a definition that has resourceRequirements.

    Source: “Troubleshooting”, AWS Batch User Guide.
    """
    for container in overrides(document):
        for key in legacy_keys_in_use(container.value):
            message = (
                f"{key} in an override is deprecated and does not override a definition that "
                "has resourceRequirements; use resourceRequirements."
            )
            yield Problem(join_pointer(*container.path, key), message, fix=legacy_size_fix(container, (key,)))


REQUIREMENT_RULES = (requirement_values_are_valid, requirements_are_unique, no_legacy_size_beside_requirement)


def requirement_types(container: object) -> set[str]:
    return {text_at(entry, "type") for entry in list_at(container, "resourceRequirements")}


def missing_sizes(container: dict[str, Any]) -> list[str]:
    types = requirement_types(container)
    return [
        RESOURCE_LABELS[kind] for key, kind in LEGACY_SIZE_KEYS.items() if key not in container and kind not in types
    ]


def legacy_keys_in_use(container: Document) -> list[str]:
    if LEGACY_SIZE_KEYS.keys().isdisjoint(container):
        return []
    types = requirement_types(container)
    return [key for key, kind in LEGACY_SIZE_KEYS.items() if key in container and kind not in types]


def legacy_size_fix(container: ContainerEntry, keys: Iterable[str]) -> Fix:
    if not all(is_integer(container.value[key]) for key in keys):
        return ()
    here = join_pointer(*container.path)
    entries = [{"type": LEGACY_SIZE_KEYS[key], "value": str(container.value[key])} for key in keys]
    removals = [{"op": "remove", "path": f"{here}/{key}"} for key in keys]
    if not isinstance(container.value.get("resourceRequirements"), list):
        return (*removals, {"op": "add", "path": f"{here}/resourceRequirements", "value": entries})
    added = [{"op": "add", "path": f"{here}/resourceRequirements/-", "value": entry} for entry in entries]
    return (*removals, *added)


def requested_amounts(container: object) -> dict[str, str]:
    """Count a legacy key only without a requirement of its type."""
    owner = container if is_object(container) else {}
    old = {kind: str(owner[key]) for key, kind in LEGACY_SIZE_KEYS.items() if owner.get(key)}
    return old | {text_at(entry, "type"): text_at(entry, "value") for entry in list_at(owner, "resourceRequirements")}


def parse_amount(value: object) -> Decimal:
    try:
        amount = Decimal(str(value)) if value else Decimal(0)
    except InvalidOperation:
        return Decimal(0)
    return amount if amount.is_finite() else Decimal(0)
