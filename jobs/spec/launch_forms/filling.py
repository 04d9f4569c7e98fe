"""The document of a form with values.

The value of an empty field takes its place out of the document, so that AWS Batch has its own default there:

- A string that is nothing but the reference goes with its key, or from its list. So does a list's entry that is an
  option such as `--note=${param.note}`.
- A pair such as `{"name": "NOTE", "value": "${param.note}"}` goes as a whole when its value goes.
- In a longer string the reference becomes an empty text.

Nothing else of the document differs from the form's own.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.problems import Problem
from jobs.spec.substitution import fill
from jobs.spec.template_parameters import REFERENCE, ParameterValue

_OPTION = re.compile(r"-[A-Za-z0-9_.-]*=")
_REMOVED = object()


def fill_document(document: Document, values: Mapping[str, ParameterValue], kind: DocumentKind) -> Document:
    """Return the document with the values. Raise TooLongError."""
    return fill_with_problems(document, values, kind)[0]


def fill_with_problems(
    document: Document, values: Mapping[str, ParameterValue], kind: DocumentKind
) -> tuple[Document, list[Problem]]:
    """Return also a problem at each reference to a field that isn't there. Raise TooLongError."""
    empty = {name for name, value in values.items() if not value.text}
    return fill(without_places(document, empty), values, kind) if empty else fill(document, values, kind)


def without_places(document: Document, names: Collection[str]) -> Document:
    """Return the document without the places of the fields of these names."""
    result: Document = {
        key: value
        for key, member in document.items()
        if (value := _without(member, names, in_list=False)) is not _REMOVED
    }
    return result


def _without(value: Any, names: Collection[str], *, in_list: bool) -> Any:
    if isinstance(value, dict):
        members = {
            key: part
            for key, member in value.items()
            if (part := _without(member, names, in_list=False)) is not _REMOVED
        }
        is_pair = in_list and len(value) == 2 and "value" in value
        return _REMOVED if is_pair and "value" not in members else members
    if isinstance(value, list):
        parts = [_without(entry, names, in_list=True) for entry in value]
        return [part for part in parts if part is not _REMOVED]
    return _REMOVED if isinstance(value, str) and _is_place(value, names, in_list=in_list) else value


def _is_place(text: str, names: Collection[str], *, in_list: bool) -> bool:
    start = text.find("${param.")
    match = REFERENCE.fullmatch(text[start:]) if start >= 0 else None
    if match is None or match[1] not in names:
        return False
    return not start or (in_list and _OPTION.fullmatch(text[:start]) is not None)
