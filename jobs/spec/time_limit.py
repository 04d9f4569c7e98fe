"""The time limit of an attempt; a submission's wins over its definition's.

A `timeout` without a number is absent.
"""

from typing import Any

from jobs.spec.documents import Document, is_object, value_at

TIMEOUT_PATH = ("timeout", "attemptDurationSeconds")


def timeout_seconds(document: Document) -> Any:
    return value_at(document, *TIMEOUT_PATH)


def has_empty_timeout(document: object) -> bool:
    if not is_object(document) or "timeout" not in document:
        return False
    return document["timeout"] in (None, {}, {"attemptDurationSeconds": None})


def without_empty_timeout(document: Document) -> Document:
    """Leave the argument unmodified."""
    return (
        {key: value for key, value in document.items() if key != "timeout"}
        if has_empty_timeout(document)
        else document
    )
