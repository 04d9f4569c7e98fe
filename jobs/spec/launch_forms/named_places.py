"""Any place of a job or a workflow that a JSON pointer names, checked against the document and AWS Batch's schema."""

import re
from collections.abc import Sequence

from jobs.spec.documents import Document, DocumentKind, Path, is_object, value_at
from jobs.spec.forms.schema_fields import FieldGroup, SchemaControl, SchemaPart, key_label, part_at
from jobs.spec.launch_forms.fields import LaunchField, LaunchFieldType
from jobs.spec.launch_forms.places import FormPlace
from jobs.spec.problems import join_pointer, quote, split_pointer
from jobs.spec.redaction import MASK, redact
from jobs.spec.suggestions import nearest_name
from jobs.spec.template_parameters import iter_references, plain_text

EXAMPLE = "/containerOverrides/environment/0/value"
_TYPES = {
    "whole": LaunchFieldType.NUMBER,
    "number": LaunchFieldType.NUMBER,
    "boolean": LaunchFieldType.YES_NO,
}
_INDEX = re.compile(r"0|[1-9][0-9]{0,3}")
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_-]+")


class NamedPlaceError(Exception):
    """The pointer names no value that a form can ask for; the text says at which part."""


def named_place(document: Document, kind: DocumentKind, pointer: str) -> tuple[FormPlace, LaunchField]:
    """Return a place, also one that the document doesn't have yet, and the field for it. Raise NamedPlaceError."""
    try:
        parts = split_pointer(pointer)
    except ValueError:
        parts = []
    if not parts:
        raise NamedPlaceError(f"A JSON pointer begins with a slash, such as {EXAMPLE}.")
    path = _path(document, parts)
    value = value_at(document, *path)
    if any(iter_references(value, path)) and isinstance(value, str):
        raise NamedPlaceError(f"A field stands for {pointer} already.")
    control = _control(document, kind, path)
    if value_at(redact(document), *path) != value or MASK in (plain_text(value) or ""):
        raise NamedPlaceError(f"{pointer} is a secret, and everyone in your team could read it in a form.")
    name = next((key for key in reversed(path) if isinstance(key, str)), "")
    text = plain_text(value) or ""
    place = FormPlace(path, pointer, _field_name(name), text, _is_number(control), key_label(name))
    return place, _field(place, control, text)


def _path(document: Document, parts: Sequence[str]) -> Path:
    """Return the keys and positions. What isn't in the document has names only, so a list has no gaps."""
    path: Path = ()
    for part in parts:
        owner = value_at(document, *path)
        if isinstance(owner, list):
            if not _INDEX.fullmatch(part) or int(part) >= len(owner):
                place = join_pointer(*path)
                raise NamedPlaceError(f"{place} has {len(owner)} entries, counted from 0, and no {quote(part)}.")
            path = (*path, int(part))
        else:
            path = (*path, part)
    return path


def _control(document: Document, kind: DocumentKind, path: Path) -> SchemaControl | None:
    """Return the schema's control of a place; None for a text of a list or of an object of texts.

    Raise NamedPlaceError at the first part that isn't in the schema.
    """
    owner: SchemaPart | None = None
    for depth in range(1, len(path) + 1):
        pointer = join_pointer(*path[:depth])
        if kind is DocumentKind.WORKFLOW and path[0] == "jobs" and depth < 3:
            continue
        part = part_at(kind, pointer, document)
        if part is None:
            if isinstance(owner, SchemaControl) and owner.type in ("members", "lines") and depth == len(path):
                return None
            raise NamedPlaceError(_unknown(path, depth, owner))
        owner = part
    if isinstance(owner, SchemaControl) and owner.type in ("text", *_TYPES):
        return owner
    value = value_at(document, *path)
    keys = list(value) if is_object(value) else ["0"] if value else []
    advice = f" Name a value in it, such as {join_pointer(*path, keys[0])}." if keys else ""
    raise NamedPlaceError(f"{join_pointer(*path)} is no single value.{advice}")


def _unknown(path: Path, depth: int, owner: SchemaPart | None) -> str:
    key, place = str(path[depth - 1]), join_pointer(*path[: depth - 1]) or "/"
    names = tuple(_names(owner)) if isinstance(owner, FieldGroup) else ()
    nearest = nearest_name(key, names)
    advice = f" Did you mean {quote(nearest)}?" if nearest else f" Enter a JSON pointer such as {EXAMPLE}."
    return f"AWS Batch has no field {quote(key)} at {place}.{advice}"


def _names(group: FieldGroup) -> list[str]:
    pointers = [part.pointer for part in (*group.controls, *group.parts, *group.offers)]
    return [split_pointer(pointer)[-1] for pointer in pointers]


def _is_number(control: SchemaControl | None) -> bool:
    return control is not None and _TYPES.get(control.type) is LaunchFieldType.NUMBER


def _field(place: FormPlace, control: SchemaControl | None, text: str) -> LaunchField:
    default = text or None
    if control is not None and control.choices:
        choices = tuple(dict.fromkeys([*([text] if text else []), *control.choices]))
        return LaunchField(place.name, place.label, type=LaunchFieldType.CHOICE, choices=choices, default=default)
    kind = _TYPES.get(control.type, LaunchFieldType.TEXT) if control else LaunchFieldType.TEXT
    return LaunchField(place.name, place.label, type=kind, default=default)


def _field_name(key: str) -> str:
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", key).lower()
    name = _NOT_IN_NAME.sub("-", text).strip("-_")[:60]
    return name if name[:1].isalpha() and name.isascii() else f"value-{name}".rstrip("-")
