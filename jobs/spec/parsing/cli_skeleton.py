"""Removal of the empty parts of `aws batch … --generate-cli-skeleton`.

A skeleton has "" and 0, true for every switch and a random value for every enum (botocore's ArgumentGenerator): only
a string or number proves an edit.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.spec.documents import Document, DocumentKind, is_object, list_at
from jobs.spec.parsing.key_case import RewrittenDocument
from jobs.spec.problems import DocumentChange, escape_pointer, join_words
from jobs.spec.schema import botocore_schema

SKELETON_KEY = "KeyName"
"""The key that a skeleton puts into every free map."""

_BLOCKS = (
    ("containerProperties", "nodeProperties", "eksProperties"),
    ("containerOverrides", "nodeOverrides", "eksPropertiesOverride"),
)
"""Blocks that exclude each other: only a skeleton has all of them."""

_ALL_BLOCKS = frozenset((*_BLOCKS[0], *_BLOCKS[1], "ecsProperties", "ecsPropertiesOverride"))
_TYPES = {"multinode": "nodeProperties"}
_PLATFORM_KEYS = {"FARGATE": "executionRoleArn", "MANAGED_INSTANCES": "ecsProperties"}
"""What a platform needs, and a skeleton can't have by chance."""


def strip_skeleton(document: Document, kind: DocumentKind) -> RewrittenDocument | None:
    if kind is DocumentKind.WORKFLOW or not _is_skeleton(document):
        return None
    pruner = _SkeletonPruner(botocore_schema.json_schema(kind)["$defs"])
    result = pruner.prune_object(document, botocore_schema.json_schema(kind), "", "")
    if kind is DocumentKind.DEFINITION:
        pruner.drop_random_choices(result)
    changes = [DocumentChange("", "The empty parts of the skeleton were left out.")]
    if pruner.switches:
        names = join_words(pruner.switches)
        message = f"Settings that the skeleton sets to true were left out ({names}); add them again if you want them."
        changes.append(DocumentChange("", message))
    if pruner.choices:
        names = join_words(dict.fromkeys(pruner.choices))
        message = f"Values that the skeleton chooses were left out ({names}); add them again if you want them."
        changes.append(DocumentChange("", message))
    return RewrittenDocument(result, changes, pruner.origins)


def _is_skeleton(document: Document) -> bool:
    if any(all(block in document for block in blocks) for blocks in _BLOCKS):
        return True
    return _has_skeleton_map(document)


def _has_skeleton_map(value: Any) -> bool:
    if is_object(value):
        return value.get(SKELETON_KEY) == "" or any(_has_skeleton_map(member) for member in value.values())
    return isinstance(value, list) and any(_has_skeleton_map(entry) for entry in value)


class _SkeletonPruner:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.origins: dict[str, str] = {}
        self.switches: list[str] = []
        self.choices: list[str] = []

    def drop_random_choices(self, definition: Document) -> None:
        platforms = list_at(definition, "platformCapabilities")
        if any(not _has_key(definition, key) for platform, key in _PLATFORM_KEYS.items() if platform in platforms):
            del definition["platformCapabilities"]
            self.choices.append("platformCapabilities")
        blocks = _ALL_BLOCKS & definition.keys()
        type_block = _TYPES.get(str(definition.get("type")))
        if blocks and (type_block not in blocks if type_block else "nodeProperties" in blocks):
            del definition["type"]

    def prune_object(self, value: Document, shape: Mapping[str, Any], here: str, source: str) -> Document:
        properties = shape.get("properties", {})
        result: Document = {}
        for key, member in value.items():
            inner = self._resolve_ref(properties.get(key, shape.get("additionalProperties")))
            if key == SKELETON_KEY and member in ("", None):
                continue
            if member is True:
                self.switches.append(key)
                continue
            new_member = self._prune_value(
                member, inner, f"{here}/{escape_pointer(key)}", f"{source}/{escape_pointer(key)}"
            )
            if new_member is not None:
                result[key] = new_member
            elif here or key not in _ALL_BLOCKS:
                self.choices += self._choices_in(key, member, inner)
        return result

    def _choices_in(self, name: str, value: Any, shape: Mapping[str, Any]) -> Iterator[str]:
        if is_object(value):
            for key, member in value.items():
                yield from self._choices_in(key, member, self._resolve_ref(shape.get("properties", {}).get(key)))
        elif isinstance(value, list):
            for entry in value:
                yield from self._choices_in(name, entry, self._resolve_ref(shape.get("items")))
        elif value and isinstance(value, str) and botocore_schema.is_enumeration(shape):
            yield name

    def _prune_value(self, value: Any, shape: Mapping[str, Any], here: str, source: str) -> Any:
        if is_object(value):
            return self.prune_object(value, shape, here, source) if self._has_content(value, shape) else None
        if isinstance(value, list):
            return self._prune_list(value, shape, here, source) or None
        return None if value in ("", None) or (value == 0 and not isinstance(value, bool)) else value

    def _prune_list(self, value: list[Any], shape: Mapping[str, Any], here: str, source: str) -> list[Any]:
        entries = self._resolve_ref(shape.get("items"))
        result: list[Any] = []
        for number, entry in enumerate(value):
            new, old = f"{here}/{len(result)}", f"{source}/{number}"
            is_enum_word = isinstance(entry, str) and botocore_schema.is_enumeration(entries)
            new_entry = (
                self._prune_value(entry, entries, new, old)
                if is_enum_word or self._has_content(entry, entries)
                else None
            )
            if new_entry is not None:
                self.origins[new] = old
                result.append(new_entry)
        return result

    def _has_content(self, value: Any, shape: Mapping[str, Any]) -> bool:
        if is_object(value):
            properties = shape.get("properties", {})
            others = shape.get("additionalProperties")
            return any(
                self._has_content(member, self._resolve_ref(properties.get(key, others)))
                for key, member in value.items()
                if key != SKELETON_KEY or member
            )
        if isinstance(value, list):
            return any(self._has_content(entry, self._resolve_ref(shape.get("items"))) for entry in value)
        if isinstance(value, str):
            return bool(value) and not botocore_schema.is_enumeration(shape)
        return not isinstance(value, bool) and value not in (0, None)

    def _resolve_ref(self, shape: Any) -> Mapping[str, Any]:
        if not isinstance(shape, Mapping):
            return {}
        return self.definitions[shape["$ref"].removeprefix("#/$defs/")] if "$ref" in shape else shape


def _has_key(value: Any, key: str) -> bool:
    if is_object(value):
        return key in value or any(_has_key(member, key) for member in value.values())
    return isinstance(value, list) and any(_has_key(entry, key) for entry in value)
