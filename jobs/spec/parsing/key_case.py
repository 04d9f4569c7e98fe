"""Corrections of keys and values that other tools spell differently.

Keys of free maps (parameters, tags, log options, labels) are never changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.problems import DocumentChange, escape_pointer, truncate
from jobs.spec.schema import botocore_schema
from jobs.spec.schema.messages import convert_value
from jobs.spec.suggestions import fold_name

MAX_VALUE_CHANGES = 20
"""Converted values reported one by one."""
MAX_INDEX_DIGITS = 9

_MAX_NAMED_KEYS = 8
_SCALARS = {"string": str, "integer": int, "boolean": bool}


@dataclass
class RewrittenDocument:
    document: Document
    changes: list[DocumentChange] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)  # pointer in the document to pointer in the source


def fix_keys_and_types(document: Document, kind: DocumentKind) -> RewrittenDocument:
    """Leave the argument unmodified."""
    fixer = _KeyFixer(botocore_schema.json_schema(kind)["$defs"])
    return fixer.run(document, botocore_schema.json_schema(kind))


class _KeyFixer:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.new_names: dict[str, str] = {}
        self.conversions: list[DocumentChange] = []
        self.more_conversions = 0
        self.origins: dict[str, str] = {}

    def run(self, document: Document, whole: Mapping[str, Any]) -> RewrittenDocument:
        result = self._fix_value(document, whole, "", "")
        return RewrittenDocument(result, [*self._key_changes(), *self._value_changes()], self.origins)

    def _fix_value(self, value: Any, shape: Mapping[str, Any], here: str, source: str) -> Any:
        if "$ref" in shape:
            shape = self.definitions[shape["$ref"].removeprefix("#/$defs/")]
        type_name = shape.get("type")
        if isinstance(value, dict) and type_name == "object":
            return value if self._is_proper(value, shape) else self._fix_object(value, shape, here, source)
        if isinstance(value, list) and type_name == "array" and "items" in shape:
            entries = [
                self._fix_value(entry, shape["items"], f"{here}/{number}", f"{source}/{number}")
                for number, entry in enumerate(value)
            ]
            return entries if any(new is not old for new, old in zip(entries, value, strict=True)) else value
        if isinstance(value, str | int | float) and type_name in _SCALARS:
            return self._fix_scalar(value, str(type_name), here)
        return value

    def _is_proper(self, value: Any, shape: Mapping[str, Any]) -> bool:
        """Return whether there is nothing to fix, as in most objects."""
        if "$ref" in shape:
            shape = self.definitions[shape["$ref"].removeprefix("#/$defs/")]
        type_name = shape.get("type", "")
        if type(value) is dict and type_name == "object":
            properties, others = shape.get("properties"), shape.get("additionalProperties")
            for key, member in value.items():
                if properties is not None and key not in properties:
                    return False
                inner = others if properties is None else properties[key]
                if isinstance(inner, dict) and not self._is_proper(member, inner):
                    return False
            return True
        if type(value) is list and type_name == "array" and "items" in shape:
            items = shape["items"]
            return all(self._is_proper(entry, items) for entry in value)
        return (
            type_name not in _SCALARS
            or type(value) is _SCALARS[type_name]
            or not isinstance(value, str | int | float)
        )

    def _fix_object(self, value: Document, shape: Mapping[str, Any], here: str, source: str) -> Document:
        properties = shape.get("properties")
        others = shape.get("additionalProperties")
        is_changed = False
        result: Document = {}
        for key, member in value.items():
            name = key
            if properties is not None and key not in properties:
                proper_name = _names_by_fold(tuple(properties)).get(fold_name(key))
                if proper_name and proper_name not in value and proper_name not in result:
                    name = proper_name
            inner = properties.get(name) if properties is not None else others
            pointer, origin = f"{here}/{escape_pointer(name)}", f"{source}/{escape_pointer(key)}"
            result[name] = self._fix_value(member, inner, pointer, origin) if isinstance(inner, Mapping) else member
            if name != key:
                self.new_names[key] = name
                self.origins[pointer] = origin
            is_changed = is_changed or name != key or result[name] is not member
        return result if is_changed else value

    def _fix_scalar(self, value: Any, type_name: str, here: str) -> Any:
        expected_type = _SCALARS[type_name]
        if isinstance(value, expected_type) and not (type_name == "integer" and isinstance(value, bool)):
            return value
        new_value = convert_value(value, type_name)
        if new_value is None:
            return value
        if len(self.conversions) == MAX_VALUE_CHANGES:
            self.more_conversions += 1
            return new_value
        last = here.rpartition("/")[2]
        is_entry = last.isdecimal() and len(last) <= MAX_INDEX_DIGITS  # a name can have more than `int` reads
        what = f"Entry {int(last) + 1} of a list" if is_entry else truncate(last.replace("~1", "/"))
        # The value is not quoted: it may be a secret.
        if type_name == "string":
            message = f"{what} was not in quotes; it is read as a string, as AWS Batch expects."
        elif type_name == "integer":
            message = f"{what} is read as a whole number, as AWS Batch expects."
        else:
            message = f"{what} was in quotes; it is read as true or false, as AWS Batch expects."
        self.conversions.append(DocumentChange(here, message))
        return new_value

    def _key_changes(self) -> list[DocumentChange]:
        if not self.new_names:
            return []
        pairs = [f"{truncate(old)} as {new}" for old, new in list(self.new_names.items())[:_MAX_NAMED_KEYS]]
        more = len(self.new_names) - len(pairs)
        rest = f" and {more} more" if more else ""
        return [DocumentChange("", f"Keys are read in the spelling of AWS Batch: {', '.join(pairs)}{rest}.")]

    def _value_changes(self) -> list[DocumentChange]:
        if not self.more_conversions:
            return self.conversions
        more = f"{self.more_conversions:,} more values are read as the type that AWS Batch expects."
        return [*self.conversions, DocumentChange("", more)]


@cache
def _names_by_fold(names: tuple[str, ...]) -> Mapping[str, str]:
    return {fold_name(name): name for name in names}


def detect_kind_any_spelling(document: Document) -> DocumentKind | None:
    keys = {fold_name(key) for key in list(document)[:1000]}
    if "jobs" in keys:
        return DocumentKind.WORKFLOW
    if "jobdefinitionname" in keys:
        return DocumentKind.DEFINITION
    return DocumentKind.SUBMISSION if keys & {"jobdefinition", "jobqueue", "jobname"} else None
