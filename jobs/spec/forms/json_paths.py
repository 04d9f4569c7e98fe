"""Paths in a document."""

from typing import Any

from jobs.spec.documents import Document, Path, is_object, value_at


def exists(document: Document, path: Path) -> bool:
    owner = value_at(document, *path[:-1])
    return is_object(owner) and path[-1] in owner


def can_create(document: Document, path: Path) -> bool:
    value: Any = document
    for step in path:
        if not is_object(value):
            return False
        if step not in value:
            return True
        value = value[step]
    return is_object(value)


def set_value(document: Document, path: Path, value: Any) -> None:
    owner: Any = document
    for step in path[:-1]:
        owner = owner.setdefault(step, {})
    owner[path[-1]] = value


def delete_value(document: Document, path: Path) -> None:
    if exists(document, path):
        del value_at(document, *path[:-1])[path[-1]]
        prune(document, path[:-1])


def prune(document: Document, path: Path) -> None:
    if path and value_at(document, *path) in ({}, []):
        delete_value(document, path)
