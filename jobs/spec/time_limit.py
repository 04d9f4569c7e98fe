"""The time limit of an attempt. What a submission says counts in place of what its definition says.

A `timeout` without a number says nothing, and is read everywhere as if it were not there: AWS's answers, skeletons
and programs write such empty members.
"""

from typing import Any

from jobs.spec.documents import Document, Kind, is_object, list_at, part
from jobs.spec.problems import Change, join

PATH = ("timeout", "attemptDurationSeconds")


def seconds_at(document: Document) -> Any:
    """What the document itself says, whatever it is; None if it says nothing."""
    return part(document, *PATH)


def is_empty(document: object) -> bool:
    """Whether the document has a timeout that says nothing: null, {} or one whose number is null."""
    if not is_object(document) or "timeout" not in document:
        return False
    return document["timeout"] in (None, {}, {"attemptDurationSeconds": None})


def without_empty(document: Document) -> Document:
    """The definition or submission without a timeout that says nothing; the one given stays as it is."""
    return {key: value for key, value in document.items() if key != "timeout"} if is_empty(document) else document


def read_empty_as_absent(document: Document, kind: Kind) -> tuple[Document, list[Change]]:
    """The document without timeouts that say nothing, and what was left out where."""
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
