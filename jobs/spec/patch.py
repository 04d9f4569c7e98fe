"""The operations of JSON Patch (RFC 6902) that fixes use."""

from collections.abc import Iterable, Mapping
from typing import Any

from jobs.spec.documents import Document
from jobs.spec.problems import resolve_pointer, split_pointer


class PatchError(ValueError):
    """The operations do not fit the document; most likely it has changed since."""


def apply_patch(document: Document, operations: Iterable[Mapping[str, Any]]) -> Document:
    """Return a patched copy of the document. Raise PatchError."""
    patched: Document = copy_json(document)
    for operation in operations:
        try:
            _apply(patched, operation)
        except (LookupError, ValueError, TypeError) as error:
            raise PatchError("The fix does not fit the document any more.") from error
    return patched


def copy_json(value: Any) -> Any:
    """Return a deep copy of plain JSON data."""
    if isinstance(value, dict):
        return {key: copy_json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [copy_json(entry) for entry in value]
    return value


def _apply(document: Document, operation: Mapping[str, Any]) -> None:
    match operation["op"]:
        case "add":
            _set(document, operation["path"], copy_json(operation["value"]), insert=True)
        case "replace":
            resolve_pointer(document, operation["path"])
            _set(document, operation["path"], copy_json(operation["value"]), insert=False)
        case "remove":
            _remove(document, operation["path"])
        case "move":
            _set(document, operation["path"], _remove(document, operation["from"]), insert=True)
        case unknown:
            raise ValueError(f"No fix uses the operation {unknown}.")


def _parent(document: Document, pointer: str) -> tuple[Any, str]:
    *parents, last = split_pointer(pointer)
    value: Any = document
    for key in parents:
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value, last


def _set(document: Document, pointer: str, value: Any, *, insert: bool) -> None:
    parent, last = _parent(document, pointer)
    if isinstance(parent, list):
        position = len(parent) if last == "-" else int(last)
        if not 0 <= position <= len(parent):
            raise LookupError(pointer)
        parent[position : position if insert else position + 1] = [value]
    else:
        parent[last] = value


def _remove(document: Document, pointer: str) -> Any:
    parent, last = _parent(document, pointer)
    return parent.pop(int(last)) if isinstance(parent, list) else parent.pop(last)
