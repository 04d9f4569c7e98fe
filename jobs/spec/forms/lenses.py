"""Lenses: how a field's value is read, written and deleted in a document.

Writing creates missing objects, deleting removes those that become empty.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jobs.spec.documents import Document, Path, is_integer, is_object, list_at, text_at, value_at
from jobs.spec.forms.json_paths import can_create, delete_value, exists, prune, set_value
from jobs.spec.forms.units import WHOLE_NUMBER
from jobs.spec.forms.value_types import TEXT, FieldRow, FieldRows, FieldValue, Names, ValueType
from jobs.spec.problems import join_pointer
from jobs.spec.rules.dependencies import JOB_ID
from jobs.spec.rules.retries import RETRY_CONDITIONS

MAX_ROWS = 200
"""More are no use to people, and browsers limit the fields of a form."""

_EXIT_CODE = re.compile(r"[^ ,\t\r\n]+")
_NAME_REVISION = re.compile(r"(?P<name>[^:]+):(?P<revision>\d{1,9})")


class Lens(Protocol):
    @property
    def path(self) -> Path: ...

    def read(self, document: Document) -> FieldValue: ...

    def write(self, document: Document, value: FieldValue) -> None:
        """Change the document in place. Call it only with a changed value."""

    def pointers(self, document: Document) -> Iterator[str]:
        """Yield the pointers of what it shows."""

    def is_applicable(self, document: Document) -> bool:
        """Return whether the path fits the document's shapes."""


@dataclass(frozen=True)
class ValueLens:
    """A plain value, with the siblings that give it a meaning."""

    path: Path
    value_type: ValueType = TEXT
    siblings: tuple[tuple[Path, str], ...] = ()

    def read(self, document: Document) -> str:
        return self.value_type.to_text(value_at(document, *self.path)) if exists(document, self.path) else ""

    def write(self, document: Document, value: FieldValue) -> None:
        text = _text(value)
        if not text.strip():
            delete_value(document, self.path)
            return
        set_value(document, self.path, self.value_type.parse(text))
        for path, sibling_value in self.siblings:
            if not exists(document, path):
                set_value(document, path, sibling_value)

    def pointers(self, document: Document) -> Iterator[str]:
        if exists(document, self.path):
            yield join_pointer(*self.path)
        for path, sibling_value in self.siblings:
            if value_at(document, *path) == sibling_value:
                yield join_pointer(*path)

    def is_applicable(self, document: Document) -> bool:
        return can_create(document, self.path[:-1])


@dataclass(frozen=True)
class RequirementLens:
    """The resource requirement of one type, or an older document's legacy number."""

    container: Path
    type: str
    value_type: ValueType = TEXT
    legacy: str = ""

    @property
    def path(self) -> Path:
        return (*self.container, "resourceRequirements")

    def read(self, document: Document) -> str:
        entry = self._entry(document)
        if entry is not None:
            return self.value_type.to_text(entry[1]["value"]) if "value" in entry[1] else ""
        if self._has_legacy(document):
            old = value_at(document, *self.container, self.legacy)
            return self.value_type.to_text(str(old)) if is_integer(old) else TEXT.to_text(old)
        return ""

    def write(self, document: Document, value: FieldValue) -> None:
        text = _text(value).strip()
        entry, new_value = self._entry(document), self.value_type.parse(text)
        if not text:
            if entry is not None:
                list_at(document, *self.path).pop(entry[0])
                prune(document, self.path)
            if self.legacy:
                delete_value(document, (*self.container, self.legacy))
        elif entry is not None:
            entry[1]["value"] = new_value
        elif self._has_legacy(document) and WHOLE_NUMBER.fullmatch(new_value):
            value_at(document, *self.container)[self.legacy] = int(new_value)
        else:
            if self._has_legacy(document):
                del value_at(document, *self.container)[self.legacy]
            if not exists(document, self.path):
                set_value(document, self.path, [])
            value_at(document, *self.path).append({"type": self.type, "value": new_value})

    def pointers(self, document: Document) -> Iterator[str]:
        entry = self._entry(document)
        if entry is not None:
            yield from (join_pointer(*self.path, entry[0], key) for key in ("type", "value") if key in entry[1])
        elif self._has_legacy(document):
            yield join_pointer(*self.container, self.legacy)

    def is_applicable(self, document: Document) -> bool:
        value = value_at(document, *self.path)
        return can_create(document, self.container) and (value is None or isinstance(value, list))

    def _entry(self, document: Document) -> tuple[int, Document] | None:
        entries = enumerate(list_at(document, *self.path))
        return next(((number, entry) for number, entry in entries if text_at(entry, "type") == self.type), None)

    def _has_legacy(self, document: Document) -> bool:
        return bool(self.legacy) and exists(document, (*self.container, self.legacy))


@dataclass(frozen=True)
class ListLens:
    """Objects with name and value. Other entries stay as they are."""

    path: Path

    def read(self, document: Document) -> FieldRows:
        return tuple(
            FieldRow(entry["name"], entry.get("value", ""), number)
            for number, entry in enumerate(list_at(document, *self.path))
            if _is_entry(entry)
        )

    def write(self, document: Document, value: FieldValue) -> None:
        rows_by_number = _rows_by_origin(_rows(value), self.read(document))
        entries = list_at(document, *self.path)
        new_entries = []
        for number, entry in enumerate(entries):
            if not _is_entry(entry):
                new_entries.append(entry)
            elif number in rows_by_number:
                new_entries.append(_update_entry(entry, rows_by_number[number]))
        new_entries += [{"name": row.name, "value": row.value} for row in _rows(value) if _is_new(row)]
        if new_entries:
            set_value(document, self.path, new_entries)
        else:
            delete_value(document, self.path)

    def pointers(self, document: Document) -> Iterator[str]:
        for number, entry in enumerate(list_at(document, *self.path)):
            if _is_entry(entry):
                yield from (join_pointer(*self.path, number, key) for key in ("name", "value") if key in entry)

    def is_applicable(self, document: Document) -> bool:
        value = value_at(document, *self.path)
        is_small = value is None or (isinstance(value, list) and len(value) <= MAX_ROWS)
        return is_small and can_create(document, self.path[:-1])


@dataclass(frozen=True)
class MapLens:
    """An object with the author's own keys, whose order stays, as do keys that are left out."""

    path: Path
    excluded: Names = ()

    def read(self, document: Document) -> FieldRows:
        members = value_at(document, *self.path)
        return tuple(
            FieldRow(key, member, number)
            for number, (key, member) in enumerate(members.items() if is_object(members) else ())
            if self._is_row(key, member)
        )

    def write(self, document: Document, value: FieldValue) -> None:
        rows_by_number = _rows_by_origin(_rows(value), self.read(document))
        members = value_at(document, *self.path)
        new_members: dict[str, Any] = {}
        for number, (key, member) in enumerate(members.items() if is_object(members) else ()):
            if not self._is_row(key, member):
                new_members[key] = member
            elif number in rows_by_number:
                new_members[rows_by_number[number].name] = rows_by_number[number].value
        new_members |= {row.name: row.value for row in _rows(value) if _is_new(row)}
        if new_members:
            set_value(document, self.path, new_members)
        else:
            delete_value(document, self.path)

    def pointers(self, document: Document) -> Iterator[str]:
        yield from (join_pointer(*self.path, row.name) for row in self.read(document))

    def is_applicable(self, document: Document) -> bool:
        value = value_at(document, *self.path)
        is_small = value is None or (is_object(value) and len(value) <= MAX_ROWS)
        return is_small and can_create(document, self.path[:-1])

    def _is_row(self, key: str, member: object) -> bool:
        return isinstance(member, str) and key not in self.excluded


@dataclass(frozen=True)
class DependsOnLens:
    """Dependencies by Batch job id. Their type, and other entries, stay."""

    path: Path = ("dependsOn",)

    def read(self, document: Document) -> Names:
        return tuple(text_at(entry, "jobId") for entry in list_at(document, *self.path) if _is_wait(entry))

    def write(self, document: Document, value: FieldValue) -> None:
        job_ids = [job_id for job_id in value if isinstance(job_id, str)]
        current_ids = set(self.read(document))
        new_entries = [
            entry
            for entry in list_at(document, *self.path)
            if not _is_wait(entry) or text_at(entry, "jobId") in job_ids
        ]
        new_entries += [{"jobId": job_id} for job_id in dict.fromkeys(job_ids) if job_id not in current_ids]
        if new_entries:
            set_value(document, self.path, new_entries)
        else:
            delete_value(document, self.path)

    def pointers(self, document: Document) -> Iterator[str]:
        for number, entry in enumerate(list_at(document, *self.path)):
            if _is_wait(entry):
                yield join_pointer(*self.path, number, "jobId")

    def is_applicable(self, document: Document) -> bool:
        value = value_at(document, *self.path)
        return value is None or isinstance(value, list)


@dataclass(frozen=True)
class PairsLens:
    """Which of the dependencies by Batch job id pair child jobs with child jobs: those of type N_TO_N."""

    path: Path = ("dependsOn",)

    def read(self, document: Document) -> Names:
        return tuple(text_at(entry, "jobId") for entry in list_at(document, *self.path) if _is_pair(entry))

    def write(self, document: Document, value: FieldValue) -> None:
        entries = [
            _as_pair(entry, is_pair=text_at(entry, "jobId") in value) if _is_wait(entry) else entry
            for entry in list_at(document, *self.path)
        ]
        if entries:
            set_value(document, self.path, entries)

    def pointers(self, document: Document) -> Iterator[str]:
        for number, entry in enumerate(list_at(document, *self.path)):
            if _is_pair(entry):
                yield join_pointer(*self.path, number, "type")

    def is_applicable(self, document: Document) -> bool:
        value = value_at(document, *self.path)
        return value is None or isinstance(value, list)


@dataclass(frozen=True)
class SequentialLens:
    """Whether the children of an array run one after another, by an entry without a job: "true" or ""."""

    path: Path = ("dependsOn",)

    def read(self, document: Document) -> str:
        return "true" if any(map(_is_sequential, list_at(document, *self.path))) else ""

    def write(self, document: Document, value: FieldValue) -> None:
        entries = [entry for entry in list_at(document, *self.path) if not _is_sequential(entry)]
        if _text(value).strip():
            entries.append({"type": "SEQUENTIAL"})
        if entries:
            set_value(document, self.path, entries)
        else:
            delete_value(document, self.path)

    def pointers(self, document: Document) -> Iterator[str]:
        for number, entry in enumerate(list_at(document, *self.path)):
            if _is_sequential(entry):
                yield join_pointer(*self.path, number, "type")

    def is_applicable(self, document: Document) -> bool:
        value = value_at(document, *self.path)
        return value is None or isinstance(value, list)


@dataclass(frozen=True)
class ExitRuleLens:
    """Whether a list of exit rules has a certain rule: "true" or "".

    A rule of any of the conditions counts; the first is written. Rules with other members are not this one.
    Rules are read in order, so a new one comes before the rule that matches everything.
    """

    path: Path
    conditions: Names
    pattern: str
    action: str

    def read(self, document: Document) -> str:
        return "true" if any(map(self._is_rule, list_at(document, *self.path))) else ""

    def write(self, document: Document, value: FieldValue) -> None:
        if _text(value).strip():
            _insert_rule(document, self.path, {self.conditions[0]: self.pattern, "action": self.action})
        else:
            _keep_rules(document, self.path, lambda entry: not self._is_rule(entry))
            prune(document, self.path)

    def pointers(self, document: Document) -> Iterator[str]:
        return _rule_pointers(document, self.path, self._is_rule)

    def is_applicable(self, document: Document) -> bool:
        return _has_room_for_rules(document, self.path)

    def _is_rule(self, entry: object) -> bool:
        return any(_rule_pattern(entry, condition, self.action) == self.pattern for condition in self.conditions)


@dataclass(frozen=True)
class ExitCodesLens:
    """Codes that rules of their own retry, with commas."""

    path: Path

    def read(self, document: Document) -> str:
        return ", ".join(filter(None, map(_retried_code, list_at(document, *self.path))))

    def write(self, document: Document, value: FieldValue) -> None:
        codes = list(dict.fromkeys(_EXIT_CODE.findall(_text(value))))

        def is_kept(entry: object) -> bool:
            code = _retried_code(entry)
            if code in codes:
                codes.remove(code)
                return True
            return not code

        _keep_rules(document, self.path, is_kept)
        for code in codes:
            _insert_rule(document, self.path, {"onExitCode": code, "action": "RETRY"})
        prune(document, self.path)

    def pointers(self, document: Document) -> Iterator[str]:
        return _rule_pointers(document, self.path, lambda entry: bool(_retried_code(entry)))

    def is_applicable(self, document: Document) -> bool:
        return _has_room_for_rules(document, self.path)


@dataclass(frozen=True)
class DefinitionNameLens:
    """The name in `name:revision`, or an ARN."""

    path: Path = ("jobDefinition",)

    def read(self, document: Document) -> str:
        return _name_and_revision(document, self.path)[0]

    def write(self, document: Document, value: FieldValue) -> None:
        name, revision = _text(value).strip(), _name_and_revision(document, self.path)[1]
        if name:
            set_value(document, self.path, f"{name}:{revision}" if revision else name)
        else:
            delete_value(document, self.path)

    def pointers(self, document: Document) -> Iterator[str]:
        return ValueLens(self.path).pointers(document)

    def is_applicable(self, document: Document) -> bool:
        return not exists(document, self.path) or isinstance(value_at(document, *self.path), str)


@dataclass(frozen=True)
class DefinitionRevisionLens(DefinitionNameLens):
    """The revision in `name:revision`; empty for the latest."""

    def read(self, document: Document) -> str:
        return _name_and_revision(document, self.path)[1]

    def write(self, document: Document, value: FieldValue) -> None:
        name, revision = _name_and_revision(document, self.path)[0], _text(value).strip()
        if name:
            set_value(document, self.path, f"{name}:{revision}" if revision else name)


def _name_and_revision(document: Document, path: Path) -> tuple[str, str]:
    text = text_at(document, *path)
    match = None if text.startswith("arn:") else _NAME_REVISION.fullmatch(text)
    return (match["name"], match["revision"]) if match else (text, "")


# -- Exit rules
def _rule_pattern(entry: object, condition: str, action: str) -> str:
    is_rule = is_object(entry) and entry.keys() == {condition, "action"}
    return text_at(entry, condition) if is_rule and text_at(entry, "action").upper() == action else ""


def _retried_code(entry: object) -> str:
    code = _rule_pattern(entry, "onExitCode", "RETRY")
    return code if _EXIT_CODE.fullmatch(code) else ""


def _matches_everything(entry: object) -> bool:
    patterns = [entry[condition] for condition in RETRY_CONDITIONS if condition in entry] if is_object(entry) else []
    return bool(patterns) and all(pattern == "*" for pattern in patterns)


def _insert_rule(document: Document, path: Path, new_entry: Document) -> None:
    if not exists(document, path):
        set_value(document, path, [])
    entries = value_at(document, *path)
    everything = (number for number, entry in enumerate(entries) if _matches_everything(entry))
    entries.insert(next(everything, len(entries)), new_entry)


def _keep_rules(document: Document, path: Path, is_kept: Callable[[object], bool]) -> None:
    if exists(document, path):
        set_value(document, path, [entry for entry in list_at(document, *path) if is_kept(entry)])


def _rule_pointers(document: Document, path: Path, is_rule: Callable[[object], bool]) -> Iterator[str]:
    for number, entry in enumerate(list_at(document, *path)):
        if is_rule(entry):
            yield from (join_pointer(*path, number, key) for key in entry)


def _has_room_for_rules(document: Document, path: Path) -> bool:
    value = value_at(document, *path)
    return (value is None or isinstance(value, list)) and can_create(document, path[:-1])


# -- Rows
def _is_entry(entry: object) -> bool:
    return is_object(entry) and isinstance(entry.get("name"), str) and isinstance(entry.get("value", ""), str)


def _is_wait(entry: object) -> bool:
    return JOB_ID.fullmatch(text_at(entry, "jobId")) is not None


def _is_pair(entry: object) -> bool:
    return _is_wait(entry) and text_at(entry, "type") == "N_TO_N"


def _as_pair(entry: Document, *, is_pair: bool) -> Document:
    if is_pair:
        return {**entry, "type": "N_TO_N"}
    return {key: value for key, value in entry.items() if not (key == "type" and _is_pair(entry))}


def _is_sequential(entry: object) -> bool:
    return is_object(entry) and entry == {"type": "SEQUENTIAL"}


def _is_filled(row: FieldRow) -> bool:
    return bool(row.name or row.value)


def _rows_by_origin(rows: Iterable[FieldRow], was: Iterable[FieldRow]) -> dict[int, FieldRow]:
    empty = {row.origin for row in was if not _is_filled(row)}
    return {row.origin: row for row in rows if row.origin is not None and (_is_filled(row) or row.origin in empty)}


def _is_new(row: FieldRow) -> bool:
    return row.origin is None and _is_filled(row)


def _update_entry(entry: Document, row: FieldRow) -> Document:
    changed = {**entry, "name": row.name}
    if "value" in entry or row.value:
        changed["value"] = row.value
    return changed


def _rows(value: FieldValue) -> Sequence[FieldRow]:
    return [row for row in value if isinstance(row, FieldRow)]


def _text(value: FieldValue) -> str:
    return value if isinstance(value, str) else ""
