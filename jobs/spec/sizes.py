"""vCPU, memory and GPUs as a document names them, and the size of the document itself."""

import json
import re
from collections.abc import Iterator
from typing import Any

from jobs.spec.documents import Document, list_at, members_named, object_at, text_at
from jobs.spec.problems import Problem, Severity, join, listed, shown

LARGEST_DEFINITION = 24 * 1024  # bytes; AWS Batch User Guide, service quotas
LARGEST_SUBMISSION = 30 * 1024
PORTAL_SHARE = 1024
"""Bytes of a SubmitJob request that the portal keeps for its own tags, the longer name and the ids of parents."""

_LEGACY = {"vcpus": "VCPU", "memory": "MEMORY"}
_IN_WORDS = {"VCPU": "vCPU", "MEMORY": "memory", "GPU": "GPU"}
_VALUES = {
    "VCPU": (
        re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?"),
        'a number of vCPUs such as "2" (Fargate also "0.25" and "0.5")',
    ),
    "MEMORY": (re.compile(r"[0-9]{1,9}"), 'a whole number of MiB such as "2048"'),
    "GPU": (re.compile(r"[0-9]{1,4}"), 'a whole number of GPUs such as "1"'),
}
_LEAST_MEMORY_MIB = 4  # ContainerProperties, API reference: a hard limit of at least 4 MiB


def bytes_sent(document: Document) -> int:
    """The size of the request as botocore writes it (JSON in ASCII with blanks after , and :)."""
    return len(json.dumps(document))


def definition_fits(document: Document) -> Iterator[Problem]:
    """RegisterJobDefinition takes 24 KiB."""
    size = bytes_sent(document)
    if size > LARGEST_DEFINITION:
        message = f"The definition has {_kib(size)}; AWS Batch takes {_kib(LARGEST_DEFINITION)} at most."
        yield Problem("", message, rule="definition.too-large")


def submission_fits(document: Document) -> Iterator[Problem]:
    """SubmitJob takes 30 KiB, of which the portal needs a little itself."""
    size = bytes_sent(document)
    if size > LARGEST_SUBMISSION - PORTAL_SHARE:
        message = (
            f"The submission has {_kib(size)}; AWS Batch takes {_kib(LARGEST_SUBMISSION)} at most, "
            f"of which the portal needs {_kib(PORTAL_SHARE)} for its own tags."
        )
        yield Problem("", message, rule="submission.too-large")


def _kib(size: int) -> str:
    return f"{size / 1024:.1f}".removesuffix(".0") + " KiB"


def requirement_values(document: Document) -> Iterator[Problem]:
    """The value of a resource requirement is a number in quotes (ResourceRequirement, API reference)."""
    for path, entries in members_named(document, "resourceRequirements"):
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            kind, value = text_at(entry, "type"), text_at(entry, "value")
            if kind not in _VALUES or not isinstance(object_at(entry).get("value"), str):
                continue
            pattern, wanted = _VALUES[kind]
            here = join(*path, number, "value")
            if not pattern.fullmatch(value):
                yield Problem(here, f"{_IN_WORDS[kind]} must be {wanted}; found {shown(value)}.", rule="sizes.value")
            elif kind == "VCPU" and float(value) == 0:
                yield Problem(here, "A job needs more than 0 vCPU.", rule="sizes.value")
            elif kind == "MEMORY" and int(value) < _LEAST_MEMORY_MIB:
                message = f"A job needs at least {_LEAST_MEMORY_MIB} MiB of memory; found {shown(value)}."
                yield Problem(here, message, rule="sizes.value")


def requirement_twice(document: Document) -> Iterator[Problem]:
    """One requirement a type; which of two would count is nobody's guess."""
    for path, entries in members_named(document, "resourceRequirements"):
        seen: set[str] = set()
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            kind = text_at(entry, "type")
            if kind and kind in seen:
                here = join(*path, number)
                message = f"resourceRequirements has {kind} twice; keep one of them."
                yield Problem(here, message, rule="sizes.twice", fix=({"op": "remove", "path": here},))
            seen.add(kind)


def legacy_beside_requirement(document: Document) -> Iterator[Problem]:
    """The old `vcpus` and `memory` must not stand beside the requirement of the same type (ContainerProperties)."""
    for path, entries in members_named(document, "resourceRequirements"):
        owner: Any = document
        for step in path[:-1]:
            owner = owner[step]
        types = {text_at(entry, "type") for entry in (entries if isinstance(entries, list) else [])}
        for key, kind in _LEGACY.items():
            if isinstance(owner, dict) and key in owner and kind in types:
                here = join(*path[:-1], key)
                message = f"{_IN_WORDS[kind]} is given twice, as {key} and in resourceRequirements; take {key} away."
                fix = ({"op": "remove", "path": here},)
                yield Problem(here, message, Severity.WARNING, rule="sizes.legacy-beside-requirement", fix=fix)


def missing(container: dict[str, Any]) -> list[str]:
    """Which of vCPU and memory a container does not name, in words."""
    types = {text_at(entry, "type") for entry in list_at(container, "resourceRequirements")}
    return [_IN_WORDS[kind] for key, kind in _LEGACY.items() if key not in container and kind not in types]


def asks_later(document: Document) -> Iterator[Problem]:
    """Registering works without vCPU and memory; SubmitJob then wants them (“vCPU is not provided.”)."""
    if not isinstance(document.get("containerProperties"), dict):
        return
    lacking = missing(document["containerProperties"])
    if lacking:
        message = (
            f"Batch will ask for {listed(lacking)} at submit: the definition names no size, so every submission "
            "has to give it in containerOverrides.resourceRequirements."
        )
        yield Problem("/containerProperties", message, Severity.WARNING, rule="definition.no-size")
