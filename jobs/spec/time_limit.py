"""The time limit of an attempt; a submission's wins over its definition's.

A `timeout` without a number is treated as absent everywhere: AWS's responses, skeletons and programs write such empty
members.
"""

from typing import Any

from jobs.spec.documents import Document, DocumentKind, is_object, list_at, value_at
from jobs.spec.problems import DocumentChange, join_pointer

TIMEOUT_PATH = ("timeout", "attemptDurationSeconds")


def timeout_seconds(document: Document) -> Any:
    """Return the document's value, of any type, or None."""
    return value_at(document, *TIMEOUT_PATH)


def has_empty_timeout(document: object) -> bool:
    """Return whether the document has an empty timeout: null, {} or one whose number is null."""
    if not is_object(document) or "timeout" not in document:
        return False
    return document["timeout"] in (None, {}, {"attemptDurationSeconds": None})


def without_empty_timeout(document: Document) -> Document:
    """Return a definition or submission without an empty timeout. The argument is not modified."""
    return (
        {key: value for key, value in document.items() if key != "timeout"}
        if has_empty_timeout(document)
        else document
    )


def drop_empty_timeouts(document: Document, kind: DocumentKind) -> tuple[Document, list[DocumentChange]]:
    """Return a document of any kind without empty timeouts, and the changes."""
    if kind is not DocumentKind.WORKFLOW:
        return without_empty_timeout(document), _changes("", document)
    steps = list_at(document, "jobs")
    if not any(has_empty_timeout(step) for step in steps):
        return document, []
    changes = [change for number, step in enumerate(steps) for change in _changes(join_pointer("jobs", number), step)]
    return {**document, "jobs": [without_empty_timeout(step) if is_object(step) else step for step in steps]}, changes


def _changes(prefix: str, document: object) -> list[DocumentChange]:
    if not has_empty_timeout(document):
        return []
    return [DocumentChange(f"{prefix}/timeout", "The timeout is empty and was left out.")]
