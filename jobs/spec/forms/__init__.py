"""Form fields over documents, which stay the truth."""

from collections.abc import Iterable, Mapping

from jobs.spec.documents import Document, is_object
from jobs.spec.forms.form_fields import (
    DEFINITION_FIELDS,
    IMPLIED_VALUES,
    JOB_FIELDS,
    PARAMETER_PREFIX,
    TAG_PREFIX,
    FormField,
    parameter_fields,
    with_tag_fields,
)
from jobs.spec.forms.lenses import MAX_ROWS
from jobs.spec.forms.value_types import FieldRow, FieldRows, FieldValue, Names
from jobs.spec.patch import copy_json
from jobs.spec.problems import join_pointer

__all__ = [
    "DEFINITION_FIELDS",
    "JOB_FIELDS",
    "MAX_ROWS",
    "PARAMETER_PREFIX",
    "TAG_PREFIX",
    "FieldIndex",
    "FieldRow",
    "FieldRows",
    "FieldValue",
    "FormField",
    "Names",
    "apply_changes",
    "changed_values",
    "parameter_fields",
    "read_values",
    "unmapped_pointers",
    "with_tag_fields",
]


def read_values(document: Document, fields: Iterable[FormField]) -> dict[str, FieldValue]:
    return {field.name: field.lens.read(document) for field in fields}


def changed_values(
    document: Document, fields: Iterable[FormField], form_values: Mapping[str, FieldValue]
) -> dict[str, FieldValue]:
    """Return values that differ. Browsers' line breaks make no difference."""
    return {
        field.name: form_values[field.name]
        for field in fields
        if field.name in form_values
        and field.lens.is_applicable(document)
        and _normalize(form_values[field.name], field) != _normalize(field.lens.read(document), field)
    }


def apply_changes(document: Document, fields: Iterable[FormField], changes: Mapping[str, FieldValue]) -> Document:
    result: Document = copy_json(document)
    for field in fields:
        if field.name in changes and field.lens.is_applicable(result):
            field.lens.write(result, changes[field.name])
    return result


def unmapped_pointers(document: Document, fields: Iterable[FormField]) -> list[str]:
    table = list(fields)
    mapped = {pointer for field in table for pointer in field.lens.pointers(document)}
    prefixes = {join_pointer(*pointer) for pointer in _path_prefixes(table)} | {
        _parent(pointer) for pointer in mapped
    }
    return list(_unmapped(document, "", mapped, prefixes))


class FieldIndex:
    """Built once for all problems of a document."""

    def __init__(self, document: Document, fields: Iterable[FormField]) -> None:
        self._owners: dict[str, FormField] = {}
        self._parents: dict[str, FormField] = {}
        self._homes: dict[str, FormField] = {}
        for field in fields:
            home = join_pointer(*field.lens.path)
            self._homes.setdefault(home, field)
            for own in field.lens.pointers(document):
                self._owners.setdefault(own, field)
                if own.startswith(home + "/"):
                    self._parents.setdefault(_parent(own), field)

    def field_at(self, pointer: str) -> FormField | None:
        above = pointer
        while above not in self._owners:
            if not above:
                return self._parents.get(pointer) or (self._homes.get(pointer) if pointer else None)
            above = _parent(above)
        return self._owners[above]


def _unmapped(value: object, pointer: str, mapped: set[str], prefixes: set[str]) -> Iterable[str]:
    if pointer in mapped or IMPLIED_VALUES.get(pointer, ...) == value:
        return
    if pointer in prefixes and is_object(value):
        for key, member in value.items():
            yield from _unmapped(member, pointer + join_pointer(key), mapped, prefixes)
    elif pointer in prefixes and isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _unmapped(entry, pointer + join_pointer(number), mapped, prefixes)
    else:
        yield pointer


def _path_prefixes(fields: Iterable[FormField]) -> Iterable[tuple[str | int, ...]]:
    for field in fields:
        path = field.lens.path
        yield from (path[:length] for length in range(len(path) + 1))


def _parent(pointer: str) -> str:
    return pointer.rpartition("/")[0]


def _normalize(value: FieldValue, field: FormField) -> object:
    if isinstance(value, str):
        return (_normalize_newlines(value) if field.kind == "command" else _join_lines(value)).strip()
    return [
        (row.origin, _join_lines(row.name), _normalize_newlines(row.value)) if isinstance(row, FieldRow) else row
        for row in value
        if not isinstance(row, FieldRow) or row.origin is not None or row.name or row.value
    ]


def _normalize_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _join_lines(text: str) -> str:
    return _normalize_newlines(text).replace("\n", "")
