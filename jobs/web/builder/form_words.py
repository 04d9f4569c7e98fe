"""Problems and fixes in the words of a form: labels of fields instead of keys and pointers."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from jobs.spec import forms
from jobs.spec.documents import Document
from jobs.spec.forms import FieldValue, FormField
from jobs.spec.forms.schema_fields import entry_label, key_label
from jobs.spec.patch import PatchError, apply_patch
from jobs.spec.problems import Fix, Problem, quote, split_pointer

_GROUP_LABELS = {"evaluateOnExit": "retry rules", "retryStrategy": "retry strategy"}
"""Of keys whose members have fields."""
_KEY_OR_QUOTE = re.compile(r"“[^”]*”|\b[a-z]+[A-Z][A-Za-z]*\b")


_PLAIN_KINDS = ("number", "memory", "duration")


class FormWords:
    """`documents` are those that a fix may apply to, in this order."""

    def __init__(self, fields: Iterable[FormField], documents: Iterable[Document]) -> None:
        self._fields = tuple(fields)
        self._documents = tuple(documents)
        keys = {key: field.label for field in reversed(self._fields) if (key := _own_key(field)) != key.lower()}
        self._labels = {**keys, **_GROUP_LABELS}

    def message(self, problem: Problem, field: FormField | None) -> str:
        """Name the problem's own field, and others where the word can only be a key."""
        text = problem.message
        key = _own_key(field) if field else ""
        if field and text.startswith(f"{key} "):
            text = field.label + text.removeprefix(key)
        return _KEY_OR_QUOTE.sub(lambda match: self._labels.get(match[0], match[0]), text)

    def location(self, pointer: str) -> str:
        """Return “Retry rule 2” or “Container overrides › Instance type” for what has no field; may be empty."""
        keys = split_pointer(pointer)
        labels: list[str] = []
        for number, key in enumerate(keys):
            if key.isdecimal() and number:
                labels[-1] = entry_label(keys[number - 1], int(key))
            else:
                labels.append(key_label(key))
        return labels[-1] if keys[-1:] and keys[-1].isdecimal() else " › ".join(labels)

    def fix(self, operations: Fix) -> str:
        """Describe which fields change and how; where none does, what is done to the document."""
        for document in self._documents:
            try:
                after = forms.read_values(apply_patch(document, operations), self._fields)
            except PatchError:
                continue
            before = forms.read_values(document, self._fields)
            changed = [field for field in self._fields if before[field.name] != after[field.name]]
            if changed:
                return "; ".join(_describe_change(field, after[field.name]) for field in changed)
            break
        return "; ".join(self._describe_operation(operation) for operation in operations)

    def _describe_operation(self, operation: Mapping[str, Any]) -> str:
        place, value = self._place(operation["path"]), operation.get("value")
        match operation["op"]:
            case "remove":
                return f"remove {place}"
            case "move":
                return f"move {self._place(operation['from'])} to {place}"
            case other:
                verb = "change" if other == "replace" else "set"
                return (
                    f"{verb} {place}" if isinstance(value, dict | list) else f"{verb} {place} to {_value_text(value)}"
                )

    def _place(self, pointer: str) -> str:
        pointer = pointer.removesuffix("/-")
        is_entry = pointer.rpartition("/")[2].isdecimal()
        index = forms.FieldIndex(self._documents[0] if self._documents else {}, self._fields)
        field = None if is_entry else index.field_at(pointer)
        return field.label if field else _in_sentence(self.location(pointer)) or "the document"


def _describe_change(field: FormField, value: FieldValue) -> str:
    if field.kind == "check":
        return f"{'select' if value else 'clear'} {quote(field.label)}"
    if not value:
        return f"clear {field.label}"
    if not isinstance(value, str):
        return f"change {field.label}"
    return f"set {field.label} to {value if field.kind in _PLAIN_KINDS else quote(value)}"


def _value_text(value: object) -> str:
    return quote(value) if isinstance(value, str) else json.dumps(value)


def _own_key(field: FormField) -> str:
    return next((step for step in reversed(field.lens.path) if isinstance(step, str)), "")


def _in_sentence(label: str) -> str:
    return label[:1].lower() + label[1:] if label[1:2].islower() else label
