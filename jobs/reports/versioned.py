"""Versions of templates and launch forms."""

from typing import Any, TypeVar

from django.db.models import Manager, OuterRef, QuerySet, Subquery

from jobs.models.ids import from_text
from jobs.models.versioned import ItemVersion

MAX_VERSIONS_SHOWN = 200

Version = TypeVar("Version", bound=ItemVersion)


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


def with_newest(items: QuerySet[Any], versions: QuerySet[Any], field: str) -> QuerySet[Any]:
    """Annotate each item with the key of its `newest` version. `field`: what its versions name it."""
    newest = versions.filter(**{field: OuterRef("pk")}).order_by("-number").values("pk")
    annotated: QuerySet[Any] = items.select_related("owner", "successor").annotate(newest=Subquery(newest[:1]))
    return annotated
