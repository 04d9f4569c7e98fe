"""The time limit of an attempt; a submission's wins over its definition's.

A `timeout` without a number is treated as absent everywhere: AWS's responses, skeletons and programs write such empty
members.
"""

from typing import Any

from jobs.spec.documents import Document, Kind, is_object, list_at, value_at
from jobs.spec.problems import Change, join

PATH = ("timeout", "attemptDurationSeconds")


def seconds_at(document: Document) -> Any:
    """Return the document's value, of any type, or None."""
    return value_at(document, *PATH)


def is_empty(document: object) -> bool:
    """Return whether the document has an empty timeout: null, {} or one whose number is null."""
    if not is_object(document) or "timeout" not in document:
        return False
    return document["timeout"] in (None, {}, {"attemptDurationSeconds": None})


def without_empty(document: Document) -> Document:
    """Return a definition or submission without an empty timeout. The argument is not modified."""
    return {key: value for key, value in document.items() if key != "timeout"} if is_empty(document) else document


def read_empty_as_absent(document: Document, kind: Kind) -> tuple[Document, list[Change]]:
    """Return a document of any kind without empty timeouts, and the changes."""
    if kind is not Kind.WORKFLOW:
        return without_empty(document), _changes("", document)
    steps = list_at(document, "jobs")
    if not any(is_empty(step) for step in steps):
        return document, []
    changes = [change for number, step in enumerate(steps) for change in _changes(join("jobs", number), step)]
    return {**document, "jobs": [without_empty(step) if is_object(step) else step for step in steps]}, changes


def _changes(prefix: str, document: object) -> list[Change]:
    if not is_empty(document):
        return []
    return [Change(f"{prefix}/timeout", "The timeout says nothing and was left out.")]
