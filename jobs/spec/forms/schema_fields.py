"""Controls for every place of the schema, with AWS's own help.

A place is named by the JSON pointer of its value.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jobs.spec.containers import is_fargate
from jobs.spec.documents import Document, DocumentKind, Path, is_integer, is_object, list_at, value_at
from jobs.spec.forms.everyday_words import FILLER_WORDS, KEYWORDS
from jobs.spec.problems import join_pointer, split_pointer
from jobs.spec.rules.platform import ONLY_EC2_POINTERS, ONLY_FARGATE_POINTERS
from jobs.spec.schema.botocore_schema import json_schema

MAX_MATCHES = 12
MAX_SEARCH_WORDS = 6
MIN_PREFIX_LENGTH = 3
MAX_ENTRIES = 50
"""Longer lists are edited as JSON."""

PROPERTY_BLOCKS = ("containerProperties", "ecsProperties", "eksProperties", "nodeProperties")
"""A definition has one of them."""

NEXT_ENTRY = "-"
"""In a pointer, the entry after the last of a list (RFC 6901)."""

_ACRONYMS = {
    "arn": "ARN", "aws": "AWS", "cpu": "CPU", "dns": "DNS", "ecs": "ECS", "efs": "EFS", "eks": "EKS", "gib": "GiB",
    "gpu": "GPU", "iam": "IAM", "id": "ID", "ip": "IP", "ipc": "IPC", "mib": "MiB", "pid": "PID", "tmpfs": "tmpfs",
}  # fmt: skip
_PROPER_NAMES = {
    "awslogs": "awslogs",
    "vcpus": "vCPUs",
    "fargate": "Fargate",
    "linux": "Linux",
    "s3files": "S3 Files",
    "firelens": "FireLens",
}


_ENTRY_LABELS = {"evaluateOnExit": "Retry rule"}
"""Labels of the entries of a list whose name is none."""
_CHOICES = {("evaluateOnExit", "action"): ("RETRY", "EXIT")}
"""Values that the schema has as text, because AWS takes them in any case: by list and member."""


@dataclass(frozen=True)
class SchemaControl:
    """`sort` is text, whole, number, boolean, lines (a list of strings), members (an object of strings) or json.

    `value` is as the control shows it; for members it is `rows`.
    """

    pointer: str
    label: str
    help: str
    type: str
    value: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    choices: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class OptionalField:
    pointer: str
    label: str
    help: str


@dataclass(frozen=True)
class FieldGroup:
    pointer: str
    label: str
    help: str
    controls: tuple[SchemaControl, ...]
    parts: "tuple[FieldGroup | GroupList, ...]" = ()
    offers: tuple[OptionalField, ...] = ()
    exists: bool = True


@dataclass(frozen=True)
class GroupList:
    """Objects, and the pointer of the next entry; "" if the list is full."""

    pointer: str
    label: str
    help: str
    entries: tuple[FieldGroup, ...]
    next_pointer: str = ""
    hidden_count: int = 0


SchemaPart = SchemaControl | FieldGroup | GroupList


@dataclass(frozen=True)
class SchemaMatch:
    pointer: str
    labels: tuple[str, ...]
    help: str

    @property
    def label(self) -> str:
        return self.labels[-1]


def property_block(definition: Document) -> str:
    return next((block for block in PROPERTY_BLOCKS[1:] if block in definition), "")


# -- Finding
def search_fields(
    kind: DocumentKind, query: str, document: Document, *, limit: int = MAX_MATCHES
) -> list[SchemaMatch]:
    """Return matches by name first, and none that the platform refuses."""
    all_terms = [word for word in re.split(r"[^a-z0-9]+", query.casefold()) if word]
    terms = ([word for word in all_terms if word not in FILLER_WORDS] or all_terms)[:MAX_SEARCH_WORDS]
    if not terms:
        return []
    own_blocks = [block for block in PROPERTY_BLOCKS if block in document]
    excluded = tuple(f"/{block}" for block in PROPERTY_BLOCKS if block not in own_blocks) if own_blocks else ()
    if kind is DocumentKind.DEFINITION:
        excluded += _refused_pointers(document)
    ranked = []
    for number, (match, names, text) in enumerate(_searchable_fields(kind)):
        if f"{match.pointer}/".startswith(tuple(f"{block}/" for block in excluded)):
            continue
        ranks = [_rank(word, names, text) for word in terms]
        if all(ranks):
            ranked.append((-sum(ranks), len(match.labels), number, match))
    label_matches = [place for place in ranked if -place[0] > len(terms)]
    best: dict[str, SchemaMatch] = {}
    for *_, match in sorted(label_matches or ranked):
        best.setdefault(match.pointer, match)
    return list(best.values())[:limit]


def _refused_pointers(document: Document) -> tuple[str, ...]:
    """Refuse nothing while a definition names no platform."""
    if is_fargate(document):
        return ONLY_EC2_POINTERS
    return ONLY_FARGATE_POINTERS if "EC2" in list_at(document, "platformCapabilities") else ()


def _rank(word: str, names: tuple[str, ...], text: str) -> int:
    own = names[-1]
    if own in (word, f"{word}s") or word in KEYWORDS.get(own, "").split():
        return 16
    if f" {own}".find(f" {word}") >= 0:
        return 8
    if word in own.replace(" ", ""):
        return 4
    if any(keyword.startswith(word) for keyword in KEYWORDS.get(own, "").split() if len(word) >= MIN_PREFIX_LENGTH):
        return 3
    if any(word in name.replace(" ", "") for name in names[:-1]):
        return 2
    return 1 if f" {word}" in text else 0


@cache
def _searchable_fields(kind: DocumentKind) -> tuple[tuple[SchemaMatch, tuple[str, ...], str], ...]:
    return tuple(
        (match, tuple(label.casefold() for label in match.labels), match.help.casefold())
        for match in _walk_schema(_SchemaShape.of(kind), (), ())
    )


def _walk_schema(
    shape: "_SchemaShape", path: Path, labels: tuple[str, ...], pointer: str | None = None
) -> Iterator[SchemaMatch]:
    for key, member in shape.members.items():
        here, own_labels = (*path, key), (*labels, key_label(key))
        place = join_pointer(*here) if pointer is None else pointer
        yield SchemaMatch(place, own_labels, member.help)
        if member.is_list_of_objects:
            yield from _walk_schema(member.items_shape, (*here, 0), own_labels, place)
        elif member.members:
            yield from _walk_schema(member, here, own_labels, pointer)


# -- Showing
def part_at(kind: DocumentKind, pointer: str, document: Document) -> SchemaPart | None:
    try:
        keys = split_pointer(pointer)
    except ValueError:
        return None
    shape, required = _SchemaShape.of(kind), False
    path: Path = ()
    for key in keys:
        step = _resolve_step(shape, key, value_at(document, *path))
        if step is None:
            return None
        name, shape, required = step
        path = (*path, name)
    if not path or not shape.matches_document(document, path):
        return None
    return _build_part(shape, path, document, required=required)


def empty_required_controls(part: SchemaPart) -> tuple[SchemaControl, ...]:
    """Return what is required of a part that is missing as a whole: no validation sees it."""
    if not isinstance(part, FieldGroup) or part.exists:
        return ()
    return tuple(control for control in part.controls if control.required and not control.value and not control.rows)


def _resolve_step(shape: "_SchemaShape", key: str, value: object) -> "tuple[str | int, _SchemaShape, bool] | None":
    if shape.is_list_of_objects:
        if value is not None and not isinstance(value, list):
            return None
        count = len(value or ())
        number = count if key == NEXT_ENTRY else int(key) if re.fullmatch("0|[1-9][0-9]{0,3}", key) else -1
        # An existing entry, or the next one if there is room: a list has no gaps.
        is_allowed = 0 <= number < count or number == count < shape.max_entries
        return (number, shape.items_shape, False) if is_allowed else None
    if value is not None and not is_object(value):
        return None
    return (key, shape.members[key], key in shape.required) if key in shape.members else None


def _build_part(shape: "_SchemaShape", path: Path, document: Document, *, required: bool = False) -> SchemaPart:
    if shape.is_list_of_objects:
        return _build_list(shape, path, document)
    if shape.members:
        return _build_group(shape, path, document)
    value = value_at(document, *path)
    is_shown = value is None or shape.can_show(value)
    return SchemaControl(
        join_pointer(*path),
        key_label(path[-1]),
        shape.help,
        shape.sort if is_shown else "json",
        _control_value(shape, value),
        tuple(value.items()) if is_shown and shape.sort == "members" and value else (),
        _choices(shape, path, value) if is_shown else (),
        required,
    )


def _choices(shape: "_SchemaShape", path: Path, value: object) -> tuple[str, ...]:
    values = _CHOICES.get((_list_name(path[:-1]), str(path[-1])), ())
    other = (value,) if values and isinstance(value, str) and value not in values else ()
    return shape.choices or (*values, *other)


def _build_group(shape: "_SchemaShape", path: Path, document: Document) -> FieldGroup:
    value = value_at(document, *path)
    members: Mapping[str, Any] = value if is_object(value) else {}
    controls: list[SchemaControl] = []
    parts: list[FieldGroup | GroupList] = []
    offers: list[OptionalField] = []
    for key, member in shape.members.items():
        here = (*path, key)
        if not member.is_compound:
            part = _build_part(member, here, document, required=key in shape.required)
            assert isinstance(part, SchemaControl)  # noqa: S101 - a plain value is a control
            controls.append(part)
        elif key in members and member.matches_document(document, here):
            part = _build_part(member, here, document)
            assert not isinstance(part, SchemaControl)  # noqa: S101
            parts.append(part)
        elif key not in members:
            offers.append(OptionalField(join_pointer(*here), key_label(key), member.help))
    controls.sort(key=lambda control: not control.required)
    name = path[-1]
    label = key_label(name) if isinstance(name, str) else entry_label(_list_name(path), name)
    return FieldGroup(
        join_pointer(*path), label, shape.help, tuple(controls), tuple(parts), tuple(offers), exists=value is not None
    )


def _build_list(shape: "_SchemaShape", path: Path, document: Document) -> GroupList:
    entries = value_at(document, *path) or []
    visible = entries[:MAX_ENTRIES]
    suited = [
        number for number in range(len(visible)) if shape.items_shape.matches_document(document, (*path, number))
    ]
    return GroupList(
        join_pointer(*path),
        key_label(path[-1]),
        shape.help,
        tuple(_build_group(shape.items_shape, (*path, number), document) for number in suited),
        join_pointer(*path, NEXT_ENTRY) if len(entries) < shape.max_entries else "",
        len(entries) - len(suited),
    )


def _control_value(shape: "_SchemaShape", value: object) -> str:
    if value is None:
        return ""
    if not shape.can_show(value):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    match shape.sort:
        case "lines":
            return "\n".join(str(one) for one in value) if isinstance(value, list) else ""
        case "members":
            return ""
        case "json":
            return json.dumps(value, indent=2, ensure_ascii=False)
    return str(value)


def _list_name(path: Path) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def entry_label(list_name: str, index: int) -> str:
    """Return “Retry rule 1” for the first entry of evaluateOnExit."""
    return f"{_ENTRY_LABELS.get(list_name, key_label(list_name))} {index + 1}"


def key_label(key: str | int) -> str:
    parts = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", str(key)) or [str(key)]
    labels = [
        _PROPER_NAMES.get(part.casefold()) or _ACRONYMS.get(part.casefold()) or part.casefold() for part in parts
    ]
    sentence = " ".join(labels).replace("gi b", "GiB").replace("mi b", "MiB")
    return sentence if labels[0] in _PROPER_NAMES.values() else sentence[:1].upper() + sentence[1:]


# -- The schema
@dataclass(frozen=True)
class _SchemaShape:
    raw: Mapping[str, Any]
    kind: DocumentKind

    @classmethod
    def of(cls, kind: DocumentKind) -> "_SchemaShape":
        return cls(json_schema(kind), kind)

    def _follow_ref(self, raw: Mapping[str, Any]) -> "_SchemaShape":
        if "$ref" not in raw:
            return _SchemaShape(raw, self.kind)
        target = json_schema(self.kind)["$defs"][str(raw["$ref"]).rpartition("/")[2]]
        return _SchemaShape({**target, **{key: value for key, value in raw.items() if key != "$ref"}}, self.kind)

    @property
    def members(self) -> "Mapping[str, _SchemaShape]":
        return {key: self._follow_ref(raw) for key, raw in self.raw.get("properties", {}).items()}

    @property
    def required(self) -> frozenset[str]:
        return frozenset(self.raw.get("required", ()))

    @property
    def help(self) -> str:
        return str(self.raw.get("description", ""))

    @property
    def items_shape(self) -> "_SchemaShape":
        return self._follow_ref(self.raw["items"])

    @property
    def is_list_of_objects(self) -> bool:
        return self.raw.get("type") == "array" and bool(self.items_shape.raw.get("properties"))

    @property
    def is_compound(self) -> bool:
        return self.is_list_of_objects or bool(self.raw.get("properties"))

    @property
    def max_entries(self) -> int:
        return min(int(self.raw.get("maxItems", MAX_ENTRIES)), MAX_ENTRIES)

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(self.raw.get("enum", ()))

    @property
    def sort(self) -> str:
        match self.raw.get("type"):
            case "string":
                return "text"
            case "integer":
                return "whole"
            case "number":
                return "number"
            case "boolean":
                return "boolean"
            case "array" if self.items_shape.raw.get("type") == "string":
                return "lines"
            case "object" if self.raw.get("additionalProperties", {}).get("type") == "string":
                return "members"
        return "json"

    def can_show(self, value: object) -> bool:
        match self.sort:
            case "text":
                return isinstance(value, str) and "\n" not in value and "\r" not in value
            case "whole":
                return is_integer(value)
            case "number":
                return isinstance(value, int | float) and not isinstance(value, bool)
            case "members":
                return is_object(value) and all(isinstance(one, str) for one in value.values())
            case "boolean":
                return isinstance(value, bool)
            case "lines":
                return isinstance(value, list) and all(isinstance(one, str) and _one_line(one) for one in value)
        return value is not None

    def matches_document(self, document: Document, path: Path) -> bool:
        value = value_at(document, *path)
        if value is None or not self.is_compound:
            return True
        return isinstance(value, list) if self.is_list_of_objects else is_object(value)


def _one_line(text: str) -> bool:
    return bool(text) and not re.search(r"[\r\n]", text)
