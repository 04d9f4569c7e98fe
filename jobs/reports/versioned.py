"""Templates and launch forms with their versions, and the search in what they and definitions are called."""

from typing import Any, TypeVar

from django.db.models import Manager, Model, OuterRef, Q, QuerySet, Subquery

from jobs.models.ids import from_text
from jobs.models.pagination import KeysetPage, key_of, paginate
from jobs.models.versioned import ItemVersion

MAX_VERSIONS_SHOWN = 200

Version = TypeVar("Version", bound=ItemVersion)
Item = TypeVar("Item", bound=Model)


def list_versions(versions: "Manager[Version]") -> list[Version]:
    """Return the versions of an item without their documents, newest first."""
    return list(versions.defer("text", "document").select_related("created_by")[:MAX_VERSIONS_SHOWN])


def find_version(versions: "Manager[Version]", text_id: str) -> Version | None:
    """Return the version of an item with that id or number; the newest for an empty text."""
    rows = versions.select_related("created_by")
    if not text_id:
        return rows.first()
    if text_id.isascii() and text_id.isdecimal() and len(text_id) < 7:
        return rows.filter(number=int(text_id)).first()
    try:
        return rows.filter(public_id=from_text(text_id)).first()
    except ValueError:
        return None


def page_by_name(
    items: QuerySet[Any], versions: QuerySet[Any], field: str, *, text: str, after: str, size: int
) -> KeysetPage[Any]:
    """Return items that have the words of `text`, with their `newest` version. Raise InvalidPageCursorError."""
    items = with_words(items, text)
    return paginate(
        with_newest(items, versions, field),
        "name",
        "pk",
        size=size,
        cursor_of=lambda item: item.text_id,
        after=key_of(items, after, "name", "pk"),
    )


def with_words(items: "QuerySet[Item]", text: str) -> "QuerySet[Item]":
    """Return items whose name, description or labels have each word of `text`."""
    for word in text.split():
        items = items.filter(Q(name__icontains=word) | Q(description__icontains=word) | Q(labels__icontains=word))
    return items


def with_newest(items: QuerySet[Any], versions: QuerySet[Any], field: str) -> QuerySet[Any]:
    """Annotate each item with the key of its `newest` version. `field`: what its versions name it."""
    newest = versions.filter(**{field: OuterRef("pk")}).order_by("-number").values("pk")
    annotated: QuerySet[Any] = items.select_related("owner", "successor").annotate(newest=Subquery(newest[:1]))
    return annotated
