"""Fixes as JSON Patch (RFC 6902)."""

from collections.abc import Iterable, Mapping
from typing import Any

import jsonpatch
from jsonpointer import JsonPointerException

from jobs.spec.documents import Document


class PatchError(ValueError):
    """The operations do not fit the document."""


def apply_patch(document: Document, operations: Iterable[Mapping[str, Any]]) -> Document:
    """Leave the argument unmodified. Raise PatchError."""
    patched: Document = copy_json(document)
    try:
        patched = jsonpatch.apply_patch(
            patched, [copy_json(dict(operation)) for operation in operations], in_place=True
        )
    except (jsonpatch.JsonPatchException, JsonPointerException, LookupError, TypeError, ValueError) as error:
        raise PatchError("The document has changed, so the fix no longer applies.") from error
    return patched


def copy_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: copy_json(member) for key, member in value.items()}
    if isinstance(value, list):
        return [copy_json(entry) for entry in value]
    return value
