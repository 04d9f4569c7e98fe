"""The three kinds of document, and access that tolerates any shape."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, Self, TypeGuard, TypeVar

Document = dict[str, Any]
"""A document in AWS's own shape, as the AWS CLI takes it."""

Path = tuple[str | int, ...]
"""Object keys and list positions."""

T = TypeVar("T")


class FinalDocument(dict[str, Any]):
    """A document that is not changed any more, with what `once_per_document` functions return for it."""

    __slots__ = ("results",)

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.results: dict[object, Any] = {}

    @classmethod
    def of(cls, document: Document) -> Self:
        return document if isinstance(document, cls) else cls(document)


def once_per_document(compute: Callable[[Document], T]) -> Callable[[Document], T]:
    """Compute once for a FinalDocument. Leave the result unmodified."""

    @wraps(compute)
    def wrapper(document: Document) -> T:
        if type(document) is not FinalDocument:
            return compute(document)
        if compute not in document.results:
            document.results[compute] = compute(document)
        result: T = document.results[compute]
        return result

    return wrapper


class DocumentKind(StrEnum):
    DEFINITION = "definition"  # RegisterJobDefinition
    SUBMISSION = "submission"  # SubmitJob
    WORKFLOW = "workflow"  # {"jobs": [SubmitJob, …]} with ${jobName} between them


KIND_KEYS: dict[DocumentKind, tuple[str, ...]] = {
    DocumentKind.WORKFLOW: ("jobs",),
    DocumentKind.DEFINITION: ("jobDefinitionName",),
    DocumentKind.SUBMISSION: ("jobDefinition", "jobQueue", "jobName"),
}
"""The keys that identify each kind, in the order in which they are tried."""


def detect_kind(document: Document) -> DocumentKind | None:
    for kind, keys in KIND_KEYS.items():
        if any(key in document for key in keys):
            return kind
    return None


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def value_at(document: object, *path: str | int) -> Any:
    """Return None if the document has another shape."""
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
    value = value_at(document, *path)
    return value if isinstance(value, dict) else {}


def list_at(document: object, *path: str | int) -> list[Any]:
    value = value_at(document, *path)
    return value if isinstance(value, list) else []


def text_at(document: object, *path: str | int) -> str:
    value = value_at(document, *path)
    return value if isinstance(value, str) else ""
