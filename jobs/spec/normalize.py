"""The normal form of a document: for comparison, never for submission."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from jobs.spec.documents import Document, DocumentKind, is_integer, is_object
from jobs.spec.rules.reserved_names import PORTAL_TAG_PREFIX

RESPONSE_ONLY_KEYS = ("jobDefinitionArn", "revision", "status", "containerOrchestrationType")
"""Keys of DescribeJobDefinitions that RegisterJobDefinition does not take."""

_FREE_MAPS = frozenset({"parameters", "tags", "options", "labels", "annotations", "limits", "requests"})
"""Maps with the author's own keys; even an empty value in them has a meaning."""

_MEANINGFUL_EMPTY = frozenset({"emptyDir"})
"""Objects that have a meaning even when empty."""

_DEFAULTS: dict[str, tuple[Any, ...]] = {
    "privileged": (False,),
    "readonlyRootFilesystem": (False,),
    "enableExecuteCommand": (False,),
    "initProcessEnabled": (False,),
    "readOnly": (False,),
    "essential": (True,),
    "platformVersion": ("LATEST",),
    "assignPublicIp": ("DISABLED",),
    "transitEncryption": ("DISABLED",),
    "rootDirectory": ("/",),
    "operatingSystemFamily": ("LINUX",),
    "cpuArchitecture": ("X86_64",),
}
"""Values equal to the default of their key (API reference), at any depth."""

_DEFINITION_DEFAULTS: dict[str, Any] = {
    "propagateTags": False,
    "platformCapabilities": ["EC2"],
    "retryStrategy": {"attempts": 1},
}

_LEGACY = {"vcpus": "VCPU", "memory": "MEMORY"}


def fingerprint(document: Document) -> str:
    """Return 64 hexadecimal digits, equal for equivalent definitions."""
    normal = json.dumps(normalize(document, DocumentKind.DEFINITION), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(normal.encode()).hexdigest()


def normalize(document: Document, kind: DocumentKind) -> Document:
    """Leave the argument unmodified."""
    if kind is DocumentKind.WORKFLOW:
        steps = document.get("jobs")
        if not isinstance(steps, list):
            return _normalize_object(document)
        return {
            **_normalize_object(document),
            "jobs": [_normalize_object(step) if is_object(step) else step for step in steps],
        }
    normal = _normalize_object(document)
    if kind is DocumentKind.DEFINITION:
        _strip_definition_defaults(normal)
    return normal


def _strip_definition_defaults(normal: Document) -> None:
    for key in RESPONSE_ONLY_KEYS:
        normal.pop(key, None)
    tags = normal.pop("tags", None)
    if is_object(tags):
        own = {key: value for key, value in tags.items() if not key.startswith(PORTAL_TAG_PREFIX)}
        if own:
            normal["tags"] = own
    for key, default in _DEFINITION_DEFAULTS.items():
        if key in normal and _equals(normal[key], default):
            del normal[key]


def _equals(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _normalize_object(value: dict[str, Any]) -> dict[str, Any]:
    normal: dict[str, Any] = {}
    for key, member in value.items():
        normal_member = member if key in _FREE_MAPS else _normalize_member(key, member)
        if normal_member is None or (normal_member in ({}, []) and key not in _MEANINGFUL_EMPTY):
            continue
        if any(_equals(normal_member, default) for default in _DEFAULTS.get(key, ())):
            continue
        normal[key] = normal_member
    _merge_legacy(normal)
    return normal


def _normalize_member(key: str, value: Any) -> Any:
    if is_object(value):
        return _normalize_object(value)
    if isinstance(value, list):
        entries = [_normalize_object(entry) if is_object(entry) else entry for entry in value]
        arrange = _LIST_NORMALIZERS.get(key)
        return arrange(entries) if arrange else entries
    return value


def _normalize_variables(entries: list[Any]) -> list[Any]:
    """Drop empty ones, as AWS does, and sort: AWS does not keep their order."""
    return _sort_by("name", [entry for entry in entries if not is_object(entry) or entry.get("value") != ""])


def _sort_by(key: str, entries: list[Any]) -> list[Any]:
    return sorted(entries, key=lambda entry: str(entry.get(key, "")) if is_object(entry) else "")


def _normalize_requirements(entries: list[Any]) -> list[Any]:
    plain = [
        {**entry, "value": _normalize_number(entry["value"])} if is_object(entry) and "value" in entry else entry
        for entry in entries
    ]
    return _sort_by("type", plain)


def _normalize_number(text: Any) -> Any:
    if isinstance(text, str) and text.endswith(".0"):
        return text.removesuffix(".0")
    return text


def _normalize_retry_rules(entries: list[Any]) -> list[Any]:
    """Write actions in upper case: AWS accepts any case, and responds in lower."""
    return [
        {**entry, "action": entry["action"].upper()}
        if is_object(entry) and isinstance(entry.get("action"), str)
        else entry
        for entry in entries
    ]


_LIST_NORMALIZERS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "environment": _normalize_variables,
    "env": _normalize_variables,
    "resourceRequirements": _normalize_requirements,
    "evaluateOnExit": _normalize_retry_rules,
    "secrets": lambda entries: _sort_by("name", entries),
    "secretOptions": lambda entries: _sort_by("name", entries),
    "ulimits": lambda entries: _sort_by("name", entries),
}


def _merge_legacy(normal: dict[str, Any]) -> None:
    if not is_integer(normal.get("vcpus")) and not is_integer(normal.get("memory")):
        return
    entries = normal.get("resourceRequirements", [])
    if not isinstance(entries, list):
        return
    types = {entry.get("type") for entry in entries if is_object(entry)}
    for key, kind in _LEGACY.items():
        value = normal.get(key)
        if is_integer(value):
            del normal[key]
            if kind not in types and value > 0:
                entries = [*entries, {"type": kind, "value": str(value)}]
    if entries:
        normal["resourceRequirements"] = _sort_by("type", entries)
