"""Lenses: how a field's value is read, written and deleted in a document.

A lens touches nothing but its own value. It creates missing objects on its path when it writes, and deletes those
that become empty when it deletes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jobs.spec.documents import Document, Path, is_object, is_whole_number, list_at, text_at, value_at
from jobs.spec.forms.json_paths import is_free, prune, put, take, there
from jobs.spec.forms.units import WHOLE
from jobs.spec.forms.value_types import TEXT, Names, Row, Rows, Sort, Value
from jobs.spec.problems import join
from jobs.spec.rules.dependencies import JOB_ID

MOST_ROWS = 200
"""Rows of a form field: more are no use to people, and browsers limit the fields of a form."""

_NAME_REVISION = re.compile(r"(?P<name>[^:]+):(?P<revision>\d{1,9})")


class Place(Protocol):
    """The interface of a lens."""

    @property
    def path(self) -> Path: ...

    def read(self, document: Document) -> Value: ...

    def write(self, document: Document, value: Value) -> None:
        """Change the document in place. Call it only with a changed value."""

    def owns(self, document: Document) -> Iterator[str]:
        """Yield the pointers of what it shows."""

    def fits(self, document: Document) -> bool:
        """Return whether the document has the shapes that the path needs."""


@dataclass(frozen=True)
class At:
    """A plain value at a path, with the siblings that it needs to have a meaning."""

    path: Path
    sort: Sort = TEXT
    beside: tuple[tuple[Path, str], ...] = ()

    def read(self, document: Document) -> str:
        return self.sort.shown(value_at(document, *self.path)) if there(document, self.path) else ""

    def write(self, document: Document, value: Value) -> None:
        text = _text(value)
        if not text.strip():
            take(document, self.path)
            return
        put(document, self.path, self.sort.mean(text))
        for path, sibling_value in self.beside:
            if not there(document, path):
                put(document, path, sibling_value)

    def owns(self, document: Document) -> Iterator[str]:
        if there(document, self.path):
            yield join(*self.path)
        for path, sibling_value in self.beside:
            if value_at(document, *path) == sibling_value:
                yield join(*path)

    def fits(self, document: Document) -> bool:
        return is_free(document, self.path[:-1])


@dataclass(frozen=True)
class Requirement:
    """The resource requirement of one type; in older documents a legacy number beside the list."""

    container: Path
    type: str
    sort: Sort = TEXT
    legacy: str = ""

    @property
    def path(self) -> Path:
        return (*self.container, "resourceRequirements")

    def read(self, document: Document) -> str:
        entry = self._entry(document)
        if entry is not None:
            return self.sort.shown(entry[1]["value"]) if "value" in entry[1] else ""
        if self._has_legacy(document):
            old = value_at(document, *self.container, self.legacy)
            return self.sort.shown(str(old)) if is_whole_number(old) else TEXT.shown(old)
        return ""

    def write(self, document: Document, value: Value) -> None:
        text = _text(value).strip()
        entry, new_value = self._entry(document), self.sort.mean(text)
        if not text:
            if entry is not None:
                list_at(document, *self.path).pop(entry[0])
                prune(document, self.path)
            if self.legacy:
                take(document, (*self.container, self.legacy))
        elif entry is not None:
            entry[1]["value"] = new_value
        elif self._has_legacy(document) and WHOLE.fullmatch(new_value):
            value_at(document, *self.container)[self.legacy] = int(new_value)
        else:
            if self._has_legacy(document):
                del value_at(document, *self.container)[self.legacy]
            if not there(document, self.path):
                put(document, self.path, [])
            value_at(document, *self.path).append({"type": self.type, "value": new_value})

    def owns(self, document: Document) -> Iterator[str]:
        entry = self._entry(document)
        if entry is not None:
            yield from (join(*self.path, entry[0], key) for key in ("type", "value") if key in entry[1])
        elif self._has_legacy(document):
            yield join(*self.container, self.legacy)

    def fits(self, document: Document) -> bool:
        value = value_at(document, *self.path)
        return is_free(document, self.container) and (value is None or isinstance(value, list))

    def _entry(self, document: Document) -> tuple[int, Document] | None:
        entries = enumerate(list_at(document, *self.path))
        return next(((number, entry) for number, entry in entries if text_at(entry, "type") == self.type), None)

    def _has_legacy(self, document: Document) -> bool:
        return bool(self.legacy) and there(document, (*self.container, self.legacy))


@dataclass(frozen=True)
class Entries:
    """A list of objects with name and value, such as an environment. Other entries stay as they are."""

    path: Path

    def read(self, document: Document) -> Rows:
        return tuple(
            Row(entry["name"], entry.get("value", ""), number)
            for number, entry in enumerate(list_at(document, *self.path))
            if _is_entry(entry)
        )

    def write(self, document: Document, value: Value) -> None:
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
            put(document, self.path, new_entries)
        else:
            take(document, self.path)

    def owns(self, document: Document) -> Iterator[str]:
        for number, entry in enumerate(list_at(document, *self.path)):
            if _is_entry(entry):
                yield from (join(*self.path, number, key) for key in ("name", "value") if key in entry)

    def fits(self, document: Document) -> bool:
        value = value_at(document, *self.path)
        is_small = value is None or (isinstance(value, list) and len(value) <= MOST_ROWS)
        return is_small and is_free(document, self.path[:-1])


@dataclass(frozen=True)
class Members:
    """An object with the author's own keys, such as tags. Their order stays."""

    path: Path

    def read(self, document: Document) -> Rows:
        members = value_at(document, *self.path)
        return tuple(
            Row(key, member, number)
            for number, (key, member) in enumerate(members.items() if is_object(members) else ())
            if isinstance(member, str)
        )

    def write(self, document: Document, value: Value) -> None:
        rows_by_number = _rows_by_origin(_rows(value), self.read(document))
        members = value_at(document, *self.path)
        new_members: dict[str, Any] = {}
        for number, (key, member) in enumerate(members.items() if is_object(members) else ()):
            if not isinstance(member, str):
                new_members[key] = member
            elif number in rows_by_number:
                new_members[rows_by_number[number].name] = rows_by_number[number].value
        new_members |= {row.name: row.value for row in _rows(value) if _is_new(row)}
        if new_members:
            put(document, self.path, new_members)
        else:
            take(document, self.path)

    def owns(self, document: Document) -> Iterator[str]:
        yield from (join(*self.path, row.name) for row in self.read(document))

    def fits(self, document: Document) -> bool:
        value = value_at(document, *self.path)
        is_small = value is None or (is_object(value) and len(value) <= MOST_ROWS)
        return is_small and is_free(document, self.path[:-1])


@dataclass(frozen=True)
class WaitsFor:
    """Dependencies by Batch job id. Their type, and other entries, stay."""

    path: Path = ("dependsOn",)

    def read(self, document: Document) -> Names:
        return tuple(text_at(entry, "jobId") for entry in list_at(document, *self.path) if _is_wait(entry))

    def write(self, document: Document, value: Value) -> None:
        job_ids = [job_id for job_id in value if isinstance(job_id, str)]
        current_ids = set(self.read(document))
        new_entries = [
            entry
            for entry in list_at(document, *self.path)
            if not _is_wait(entry) or text_at(entry, "jobId") in job_ids
        ]
        new_entries += [{"jobId": job_id} for job_id in dict.fromkeys(job_ids) if job_id not in current_ids]
        if new_entries:
            put(document, self.path, new_entries)
        else:
            take(document, self.path)

    def owns(self, document: Document) -> Iterator[str]:
        for number, entry in enumerate(list_at(document, *self.path)):
            if _is_wait(entry):
                yield join(*self.path, number, "jobId")

    def fits(self, document: Document) -> bool:
        value = value_at(document, *self.path)
        return value is None or isinstance(value, list)


@dataclass(frozen=True)
class DefinitionName:
    """The name in `name:revision`. An ARN counts as a name."""

    path: Path = ("jobDefinition",)

    def read(self, document: Document) -> str:
        return _name_and_revision(document, self.path)[0]

    def write(self, document: Document, value: Value) -> None:
        name, revision = _text(value).strip(), _name_and_revision(document, self.path)[1]
        if name:
            put(document, self.path, f"{name}:{revision}" if revision else name)
        else:
            take(document, self.path)

    def owns(self, document: Document) -> Iterator[str]:
        return At(self.path).owns(document)

    def fits(self, document: Document) -> bool:
        return not there(document, self.path) or isinstance(value_at(document, *self.path), str)


@dataclass(frozen=True)
class DefinitionRevision(DefinitionName):
    """The revision in `name:revision`; empty for the latest."""

    def read(self, document: Document) -> str:
        return _name_and_revision(document, self.path)[1]

    def write(self, document: Document, value: Value) -> None:
        name, revision = _name_and_revision(document, self.path)[0], _text(value).strip()
        if name:
            put(document, self.path, f"{name}:{revision}" if revision else name)


def _name_and_revision(document: Document, path: Path) -> tuple[str, str]:
    text = text_at(document, *path)
    match = None if text.startswith("arn:") else _NAME_REVISION.fullmatch(text)
    return (match["name"], match["revision"]) if match else (text, "")


# -- Rows
def _is_entry(entry: object) -> bool:
    return is_object(entry) and isinstance(entry.get("name"), str) and isinstance(entry.get("value", ""), str)


def _is_wait(entry: object) -> bool:
    return JOB_ID.fullmatch(text_at(entry, "jobId")) is not None


def _is_filled(row: Row) -> bool:
    return bool(row.name or row.value)


def _rows_by_origin(rows: Iterable[Row], was: Iterable[Row]) -> dict[int, Row]:
    """Return existing rows by entry. Emptied rows are dropped; rows that were already empty stay."""
    empty = {row.origin for row in was if not _is_filled(row)}
    return {row.origin: row for row in rows if row.origin is not None and (_is_filled(row) or row.origin in empty)}


def _is_new(row: Row) -> bool:
    return row.origin is None and _is_filled(row)


def _update_entry(entry: Document, row: Row) -> Document:
    changed = {**entry, "name": row.name}
    if "value" in entry or row.value:
        changed["value"] = row.value
    return changed


def _rows(value: Value) -> Sequence[Row]:
    return [row for row in value if isinstance(row, Row)]


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""
