"""What differs between two documents, told one thing after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.spec.documents import Document, Path, is_object, text_at
from jobs.spec.problems import cut, join, shown
from jobs.spec.redaction import MASK, redact

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
    """One thing that differs: where, in the newer document if it is there, and in a sentence. Secrets are masked."""

    pointer: str
    place: str
    kind: Sort
    before: Any
    after: Any
    sentence: str
    masked_again: bool = False
    """Whether it only has the mask now where there was a secret: someone has not seen it, and not changed it."""


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
    name = words[-1] if words else ""
    hidden, masked_again = _redacted(before, name), _is_masked(after)
    masked_again = masked_again and hidden == _redacted(after, name)
    before, after = hidden, _redacted(after, name)
    hides_the_change = kind is Sort.CHANGED and _is_masked(after) and _same(before, after)
    if hides_the_change:
        after = _marked(after)
    was, is_now = _shown(before), _shown(after)
    match kind:
        case Sort.ADDED:
            sentence = f"{what} is new: {is_now}."
        case Sort.REMOVED:
            sentence = f"{what} is gone; it was {was}."
        case _ if hides_the_change:
            sentence = f"{what} has another value."
        case _:
            sentence = f"{what} was {was} and is {is_now}."
    return Difference(join(*path), what, kind, before, after, sentence, masked_again)


def _redacted(value: Any, name: str) -> Any:
    return redact({name: value}).get(name, value) if name else redact(value)


def _is_masked(value: Any) -> bool:
    return MASK in repr(value)


def _marked(value: Any) -> Any:
    """A masked value that differs from another masked one, so that both can be told apart."""
    if isinstance(value, str):
        return value.replace(MASK, f"{MASK} (another value)")
    if isinstance(value, list):
        return [_marked(each) for each in value]
    return {key: _marked(each) for key, each in value.items()} if isinstance(value, dict) else value


def _shown(value: Any) -> str:
    """A masked value in a sentence; the value of a variable or requirement stands for its entry."""
    if is_object(value) and value.keys() <= {"name", "type", "value"} and isinstance(value.get("value"), str):
        return shown(value["value"])
    if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
        return f"the list {cut(' '.join(value))}"
    return shown(value)


def _is_variable(path: Path) -> bool:
    return len(path) > 1 and path[-2] in ("environment", "env")


def _all_named(entries: list[Any], key: str) -> bool:
    names = [text_at(entry, key) for entry in entries]
    return all(names) and len(set(names)) == len(names)


def _same(before: Any, after: Any) -> bool:
    """Equality as JSON has it, where true is not 1 and 1 is 1.0."""
    return isinstance(before, bool) == isinstance(after, bool) and bool(before == after)
