"""What differs between two documents, told one thing after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.spec.documents import Document, Path, is_object, text_at
from jobs.spec.problems import cut, join, shown
from jobs.spec.secrets import what_secret

_NAMED_BY = {
    "environment": "name", "env": "name", "secrets": "name", "secretOptions": "name", "ulimits": "name",
    "volumes": "name", "containers": "name", "initContainers": "name", "jobs": "jobName",
    "resourceRequirements": "type", "mountPoints": "sourceVolume", "volumeMounts": "name",
    "consumableResourceList": "consumableResource", "nodeRangeProperties": "targetNodes",
}  # fmt: skip
"""Lists whose entries have names of their own, so that another order is no difference."""


class Sort(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Difference:
    """One thing that differs: where, in the newer document if it is there, and in a sentence."""

    pointer: str
    place: str
    kind: Sort
    before: Any
    after: Any
    sentence: str


def differences(before: Document, after: Document) -> list[Difference]:
    """What changed from one document to another, in the order of the newer one; what only the older has comes after.

    Documents are compared as they are: compare normal forms to leave out what means the same.
    """
    return list(_of_objects(before, after, (), ()))


def _of_objects(before: Document, after: Document, path: Path, words: tuple[str, ...]) -> Iterator[Difference]:
    for key, value in after.items():
        here, name = (*path, key), (*words, key)
        if key not in before:
            yield _told(here, name, Sort.ADDED, None, value)
        else:
            yield from _of_values(before[key], value, here, name)
    for key, value in before.items():
        if key not in after:
            yield _told((*path, key), (*words, key), Sort.REMOVED, value, None)


def _of_values(before: Any, after: Any, path: Path, words: tuple[str, ...]) -> Iterator[Difference]:
    if is_object(before) and is_object(after):
        if _is_variable(path) and before.get("name") == after.get("name"):
            before_value, after_value = before.get("value"), after.get("value")
            if not _same(before_value, after_value):
                yield _told(path, words, Sort.CHANGED, before, after)
            return
        yield from _of_objects(before, after, path, words)
    elif isinstance(before, list) and isinstance(after, list):
        key = _NAMED_BY.get(str(path[-1])) if path else None
        named = key is not None and _all_named(before, key) and _all_named(after, key)
        yield from (_of_named if named else _of_entries)(before, after, path, words)
    elif not _same(before, after):
        yield _told(path, words, Sort.CHANGED, before, after)


def _of_named(before: list[Any], after: list[Any], path: Path, words: tuple[str, ...]) -> Iterator[Difference]:
    """Lists whose entries are known by their names."""
    key = _NAMED_BY[str(path[-1])]
    earlier = {entry[key]: (number, entry) for number, entry in enumerate(before)}
    for number, entry in enumerate(after):
        here, name = (*path, number), (*words, entry[key])
        if entry[key] in earlier:
            yield from _of_values(earlier[entry[key]][1], entry, here, name)
        else:
            yield _told(here, name, Sort.ADDED, None, entry)
    kept = {entry[key] for entry in after}
    for name_of, (number, entry) in earlier.items():
        if name_of not in kept:
            yield _told((*path, number), (*words, name_of), Sort.REMOVED, entry, None)


def _of_entries(before: list[Any], after: list[Any], path: Path, words: tuple[str, ...]) -> Iterator[Difference]:
    """Lists whose entries are known by their places. A list of single values is one thing, such as a command."""
    if not any(isinstance(entry, dict | list) for entry in (*before, *after)):
        if len(before) != len(after) or not all(map(_same, before, after)):
            yield _told(path, words, Sort.CHANGED, before, after)
        return
    for number in range(max(len(before), len(after))):
        here, name = (*path, number), (*words, f"entry {number + 1}")
        if number >= len(before):
            yield _told(here, name, Sort.ADDED, None, after[number])
        elif number >= len(after):
            yield _told(here, name, Sort.REMOVED, before[number], None)
        else:
            yield from _of_values(before[number], after[number], here, name)


def _told(path: Path, words: tuple[str, ...], kind: Sort, before: Any, after: Any) -> Difference:
    what = " › ".join(cut(word) for word in words)
    match kind:
        case Sort.ADDED:
            sentence = f"{what} is new: {_shown(after)}."
        case Sort.REMOVED:
            sentence = f"{what} is gone; it was {_shown(before)}."
        case _ if _shown(before) == _shown(after):
            sentence = f"{what} has changed, from {_shown(before)} to another."
        case _:
            sentence = f"{what} was {_shown(before)} and is {_shown(after)}."
    return Difference(join(*path), what, kind, before, after, sentence)


def _shown(value: Any) -> str:
    """A value in a sentence; the value of a variable or requirement stands for its entry, and a secret for nobody."""
    if is_object(value) and value.keys() <= {"name", "type", "value"} and isinstance(value.get("value"), str):
        secret = what_secret(text_at(value, "name"), value["value"])
        return "a value that looks secret" if secret else shown(value["value"])
    if isinstance(value, str):
        return "a value that looks secret" if what_secret("", value) else shown(value)
    if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
        line = " ".join(value)
        return "a list that looks secret" if what_secret("", line) else f"the list {cut(line)}"
    return shown(value)


def _is_variable(path: Path) -> bool:
    return len(path) > 1 and path[-2] in ("environment", "env")


def _all_named(entries: list[Any], key: str) -> bool:
    names = [text_at(entry, key) for entry in entries]
    return all(names) and len(set(names)) == len(names)


def _same(before: Any, after: Any) -> bool:
    """Equality as JSON has it, where true is not 1 and 1 is 1.0."""
    return isinstance(before, bool) == isinstance(after, bool) and bool(before == after)
