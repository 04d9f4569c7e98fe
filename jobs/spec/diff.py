"""The differences between two documents, each in a sentence."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.spec.documents import Document, Path, is_object, list_at, text_at
from jobs.spec.problems import MAX_QUOTE_LENGTH, describe, join_pointer, quote, truncate
from jobs.spec.redaction import MASK, redact_member

_NAME_KEYS = {
    "environment": "name", "env": "name", "secrets": "name", "secretOptions": "name", "ulimits": "name",
    "volumes": "name", "containers": "name", "initContainers": "name", "jobs": "jobName",
    "resourceRequirements": "type", "mountPoints": "sourceVolume", "volumeMounts": "name",
    "consumableResourceList": "consumableResource", "nodeRangeProperties": "targetNodes",
}  # fmt: skip
"""Lists whose entries have a key, so that their order makes no difference."""


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class DocumentDifference:
    """Secrets in its sentence are masked."""

    pointer: str
    location: str
    kind: ChangeKind
    before: Any
    after: Any
    sentence: str
    is_newly_masked: bool = False
    """A secret became the mask: the author never saw the secret, and did not change it."""


def diff_documents(before: Document, after: Document) -> list[DocumentDifference]:
    """Compare literally: equivalent spellings differ."""
    return list(_diff_objects(before, after, (), ()))


def diff_steps(before: Document, after: Document) -> list[tuple[str, list[DocumentDifference]]]:
    """Return the differences within each step of a workflow with its name, behind all others with an empty one."""
    steps_before, steps_after = _steps_by_name(before), _steps_by_name(after)
    names = [name for name in steps_after if name in steps_before]
    others = diff_documents(_without_steps(before, names), _without_steps(after, names))
    pairs = [("", others), *((name, diff_documents(steps_before[name], steps_after[name])) for name in names)]
    return [(name, differences) for name, differences in pairs if differences]


def _steps_by_name(document: Document) -> dict[str, Document]:
    steps = list_at(document, "jobs")
    return {step["jobName"]: step for step in steps} if _have_unique_names(steps, "jobName") else {}


def _without_steps(document: Document, names: Collection[str]) -> Document:
    if not names:
        return document
    return {**document, "jobs": [step for step in document["jobs"] if step["jobName"] not in names]}


def _diff_objects(
    before: Document, after: Document, path: Path, labels: tuple[str, ...]
) -> Iterator[DocumentDifference]:
    for key, value in after.items():
        here, name = (*path, key), (*labels, key)
        if key not in before:
            yield _difference(here, name, ChangeKind.ADDED, None, value)
        else:
            yield from _diff_values(before[key], value, here, name)
    for key, value in before.items():
        if key not in after:
            yield _difference((*path, key), (*labels, key), ChangeKind.REMOVED, value, None)


def _diff_values(before: Any, after: Any, path: Path, labels: tuple[str, ...]) -> Iterator[DocumentDifference]:
    if is_object(before) and is_object(after):
        if _is_variable(path) and before.get("name") == after.get("name"):
            before_value, after_value = before.get("value"), after.get("value")
            if not _equals(before_value, after_value):
                yield _difference(path, labels, ChangeKind.CHANGED, before, after)
            return
        yield from _diff_objects(before, after, path, labels)
    elif isinstance(before, list) and isinstance(after, list):
        key = _NAME_KEYS.get(str(path[-1])) if path else None
        by_name = key is not None and _have_unique_names(before, key) and _have_unique_names(after, key)
        yield from (_diff_named_lists if by_name else _diff_lists)(before, after, path, labels)
    elif not _equals(before, after):
        yield _difference(path, labels, ChangeKind.CHANGED, before, after)


def _diff_named_lists(
    before: list[Any], after: list[Any], path: Path, labels: tuple[str, ...]
) -> Iterator[DocumentDifference]:
    key = _NAME_KEYS[str(path[-1])]
    earlier = {entry[key]: (number, entry) for number, entry in enumerate(before)}
    for number, entry in enumerate(after):
        here, name = (*path, number), (*labels, entry[key])
        if entry[key] in earlier:
            yield from _diff_values(earlier[entry[key]][1], entry, here, name)
        else:
            yield _difference(here, name, ChangeKind.ADDED, None, entry)
    after_names = {entry[key] for entry in after}
    for name_of, (number, entry) in earlier.items():
        if name_of not in after_names:
            yield _difference((*path, number), (*labels, name_of), ChangeKind.REMOVED, entry, None)


def _diff_lists(
    before: list[Any], after: list[Any], path: Path, labels: tuple[str, ...]
) -> Iterator[DocumentDifference]:
    if not any(isinstance(entry, dict | list) for entry in (*before, *after)):
        if len(before) != len(after) or not all(map(_equals, before, after)):
            yield _difference(path, labels, ChangeKind.CHANGED, before, after)
        return
    for number in range(max(len(before), len(after))):
        here, name = (*path, number), (*labels, f"entry {number + 1}")
        if number >= len(before):
            yield _difference(here, name, ChangeKind.ADDED, None, after[number])
        elif number >= len(after):
            yield _difference(here, name, ChangeKind.REMOVED, before[number], None)
        else:
            yield from _diff_values(before[number], after[number], here, name)


def _difference(path: Path, labels: tuple[str, ...], kind: ChangeKind, before: Any, after: Any) -> DocumentDifference:
    what = " › ".join(truncate(label) for label in labels)
    name = labels[-1] if labels else ""
    masked_before, masked_again = redact_member(name, before), _has_mask(after)
    masked_again = masked_again and masked_before == redact_member(name, after)
    before, after = masked_before, redact_member(name, after)
    hides_the_change = kind is ChangeKind.CHANGED and _has_mask(after) and _equals(before, after)
    if hides_the_change:
        after = _mark_as_other(after)
    before_text, after_text = _describe_masked(before), _describe_masked(after)
    match kind:
        case ChangeKind.ADDED:
            sentence = f"{what} was added: {after_text}."
        case ChangeKind.REMOVED:
            sentence = f"{what} was removed; it was {before_text}."
        case _ if hides_the_change:
            sentence = f"{what} has a different value."
        case _:
            sentence = f"{what} changed from {before_text} to {after_text}."
    return DocumentDifference(join_pointer(*path), what, kind, before, after, sentence, masked_again)


def _has_mask(value: Any) -> bool:
    return MASK in repr(value)


def _mark_as_other(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(MASK, f"{MASK} (different value)")
    if isinstance(value, list):
        return [_mark_as_other(item) for item in value]
    return {key: _mark_as_other(item) for key, item in value.items()} if isinstance(value, dict) else value


def _describe_masked(value: Any) -> str:
    if is_object(value) and value.keys() <= {"name", "type", "value"} and isinstance(value.get("value"), str):
        value = value["value"]
    if isinstance(value, str) and value:
        return quote(value)
    if isinstance(value, dict | list) and (text := _short_text(value)):
        return text
    if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
        return f"the list {truncate(' '.join(value))}"
    return describe(value)


def _short_text(value: dict[str, Any] | list[Any]) -> str:
    """Return the members of objects without further ones, with their names; "" if the value is none or too long."""
    entries = value if isinstance(value, list) else [value]
    if not entries or not all(is_object(entry) and entry for entry in entries):
        return ""
    texts = [_member_text(entry) for entry in entries]
    text = ", ".join(texts)
    return truncate(text) if all(texts) and len(text) <= MAX_QUOTE_LENGTH else ""


def _member_text(entry: Mapping[str, Any]) -> str:
    """Return "MEMORY 4096" for an entry that has a name or type and a value, else "size 4, path /a"."""
    if any(isinstance(value, dict | list) for value in entry.values()):
        return ""
    texts = {key: _plain_text(value) for key, value in entry.items()}
    if entry.keys() in ({"name", "value"}, {"type", "value"}):
        return f"{texts.get('name') or texts.get('type')} {texts['value']}"
    return ", ".join(f"{key} {word}" for key, word in texts.items())


def _plain_text(value: Any) -> str:
    return value if isinstance(value, str) and value else describe(value).removeprefix("the number ")


def _is_variable(path: Path) -> bool:
    return len(path) > 1 and path[-2] in ("environment", "env")


def _have_unique_names(entries: list[Any], key: str) -> bool:
    names = [text_at(entry, key) for entry in entries]
    return all(names) and len(set(names)) == len(names)


def _equals(before: Any, after: Any) -> bool:
    """Compare as JSON: true is not 1, but 1 is 1.0."""
    return isinstance(before, bool) == isinstance(after, bool) and bool(before == after)
