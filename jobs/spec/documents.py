"""The three kinds of document, and access to their parts that no odd shape can break."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, TypeGuard

Document = dict[str, Any]
"""A document in AWS's own shape, as the JSON a person could hand to the AWS CLI."""

Path = tuple[str | int, ...]
"""Where a value stands in a document: keys of objects and numbers of list entries."""


class Kind(StrEnum):
    """What a document asks for."""

    DEFINITION = "definition"  # RegisterJobDefinition
    SUBMISSION = "submission"  # SubmitJob
    WORKFLOW = "workflow"  # {"jobs": [SubmitJob, …]} with ${jobName} between them


TELLTALE_KEYS: dict[Kind, tuple[str, ...]] = {
    Kind.WORKFLOW: ("jobs",),
    Kind.DEFINITION: ("jobDefinitionName",),
    Kind.SUBMISSION: ("jobDefinition", "jobQueue", "jobName"),
}
"""The keys by which a document tells its kind, in the order in which they are looked for."""


def kind_of(document: Document) -> Kind | None:
    """The kind a document's own keys speak of, or None."""
    for kind, keys in TELLTALE_KEYS.items():
        if any(key in document for key in keys):
            return kind
    return None


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_whole_number(value: object) -> TypeGuard[int]:
    """JSON's true and false are numbers in Python, but not to a person."""
    return isinstance(value, int) and not isinstance(value, bool)


def part(document: object, *path: str | int) -> Any:
    """The value at a path, or None where the document has another shape."""
    value: Any = document
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def object_at(document: object, *path: str | int) -> dict[str, Any]:
    """The object at a path, or an empty one."""
    value = part(document, *path)
    return value if isinstance(value, dict) else {}


def list_at(document: object, *path: str | int) -> list[Any]:
    """The list at a path, or an empty one."""
    value = part(document, *path)
    return value if isinstance(value, list) else []


def text_at(document: object, *path: str | int) -> str:
    """The text at a path, or an empty one."""
    value = part(document, *path)
    return value if isinstance(value, str) else ""


def members_named(document: Document, *names: str) -> Iterator[tuple[Path, Any]]:
    """Every member of these names, wherever it stands, in the order of the document."""
    stack: list[tuple[Path, Any]] = [((), document)]
    while stack:
        path, value = stack.pop()
        if path and path[-1] in names:
            yield path, value
        if isinstance(value, dict):
            inner = [((*path, key), member) for key, member in value.items()]
        elif isinstance(value, list):
            inner = [((*path, number), entry) for number, entry in enumerate(value)]
        else:
            continue
        stack.extend(child for child in reversed(inner) if isinstance(child[1], dict | list))
