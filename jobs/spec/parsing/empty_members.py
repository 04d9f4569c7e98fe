"""Removal of null, {} and [], which AWS Batch takes for absent.

Those of `KEPT` stay for validation, and those that AWS requires or whose own members it requires (botocore's service
model).
"""

from collections.abc import Mapping
from typing import Any

from jobs.spec.documents import Document, DocumentKind, is_object
from jobs.spec.parsing.key_case import RewrittenDocument
from jobs.spec.problems import DocumentChange, escape_pointer, join_words, split_pointer
from jobs.spec.schema import botocore_schema

KEPT: Mapping[tuple[str, str], str] = {
    ("RegisterJobDefinitionRequest", "retryStrategy"): "refused: “RetryAttempts must be provided with retry "
    "strategy”, acceptance tests of terraform-provider-aws",
    ("SubmitJobRequest", "retryStrategy"): "refused: “RetryAttempts must be provided with retry strategy”, "
    "acceptance tests of terraform-provider-aws",
    ("Volume", "host"): "a volume on a path that Docker assigns: Host, AWS Batch API reference",
    ("EksVolume", "emptyDir"): "a volume on the node's disk without a limit: EksEmptyDir, AWS Batch API reference",
    ("EksVolume", "hostPath"): "refused: Kubernetes requires the path of a hostPath volume",
    ("EksPodProperties", "containers"): "refused: Kubernetes requires a container in a pod",
}
"""Empty {} and [] that AWS refuses or that mean something, with reason and source."""


def drop_empty_members(document: Document, kind: DocumentKind) -> RewrittenDocument | None:
    """Leave the argument unmodified; None if it has no empty members."""
    if not _has_empty_members(document):
        return None
    schema = botocore_schema.json_schema(kind)
    pruner = _EmptyMemberPruner(schema["$defs"])
    result = pruner.prune(document, schema, "")
    return RewrittenDocument(result, [pruner.change()]) if pruner.pointers else None


def _has_empty_members(value: Any) -> bool:
    """Return whether there is any, also of those that stay."""
    for member in value.values() if type(value) is dict else value:
        if not member and (member is None or member in ({}, [], "")):
            return True
        if type(member) in (dict, list) and _has_empty_members(member):
            return True
    return False


class _EmptyMemberPruner:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.pointers: list[str] = []

    def prune(self, value: Any, shape: Any, here: str) -> Any:
        shape = self._resolve_ref(shape)
        if isinstance(value, list) and "items" in shape:
            return [self.prune(entry, shape["items"], f"{here}/{number}") for number, entry in enumerate(value)]
        return self._prune_object(value, shape, here) if is_object(value) and "properties" in shape else value

    def _prune_object(self, value: Document, shape: Mapping[str, Any], here: str) -> Document:
        result: Document = {}
        for key, member in value.items():
            pointer = f"{here}/{escape_pointer(key)}"
            inner = shape["properties"].get(key)
            outside = len(self.pointers)
            pruned = member if inner is None else self.prune(member, inner, pointer)
            if self._is_absent(key, pruned, shape):
                self.pointers[outside:] = [pointer]
            else:
                result[key] = pruned
        return result

    def _is_absent(self, key: str, member: Any, shape: Mapping[str, Any]) -> bool:
        if member is None:
            return True
        if key not in shape["properties"]:
            return member in ({}, [], "")
        inner = self._resolve_ref(shape["properties"][key])
        if member != {"object": {}, "array": []}.get(inner.get("type", "")):
            return False
        is_required = key in shape.get("required", ()) or inner.get("required")
        return not is_required and (shape.get("title", ""), key) not in KEPT

    def change(self) -> DocumentChange:
        pointer = self.pointers[0] if len(self.pointers) == 1 else ""
        names = list(dict.fromkeys(split_pointer(pointer)[-1] for pointer in self.pointers))
        verbs = ("is", "was") if len(names) == 1 else ("are", "were")
        return DocumentChange(pointer, f"{join_words(names)} {verbs[0]} empty and {verbs[1]} left out.")

    def _resolve_ref(self, shape: Any) -> Mapping[str, Any]:
        if not isinstance(shape, Mapping):
            return {}
        return self.definitions[shape["$ref"].removeprefix("#/$defs/")] if "$ref" in shape else shape
