"""Revisions of a definition, newest first."""

from jobs.models import Definition, Revision
from jobs.models.ids import from_text
from jobs.models.pagination import KeysetPage, key_of, paginate

PAGE_SIZE = 12
MAX_COMPARABLE_REVISIONS = 200


def revision_page(definition: Definition, *, before: str = "") -> KeysetPage[Revision]:
    """Raise InvalidPageCursorError."""
    page = paginate(
        definition.revisions.select_related("registered_by", "deactivated_by"),
        "-pk",
        size=PAGE_SIZE,
        cursor_of=lambda revision: revision.text_id,
        after=key_of(definition.revisions.all(), before, "-pk"),
    )
    for revision in [*page.rows, *([page.following] if page.following else [])]:
        revision.definition = definition
    return page


def comparable_revisions(definition: Definition) -> list[Revision]:
    revisions = list(definition.revisions.defer("document")[:MAX_COMPARABLE_REVISIONS])
    for revision in revisions:
        revision.definition = definition
    return revisions


def find_revision(definition: Definition, text_id: str) -> Revision | None:
    try:
        revision = definition.revisions.filter(public_id=from_text(text_id)).first()
    except ValueError:
        return None
    if revision:
        revision.definition = definition
    return revision


def newest_revision(definition: Definition) -> Revision | None:
    return definition.revisions.first()


def has_runnable_revision(definition: Definition) -> bool:
    return definition.revisions.runnable().exists()
