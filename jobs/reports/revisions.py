"""Revisions of a definition, newest first."""

from jobs.models import Definition, Revision
from jobs.models.pagination import KeysetPage, key_of, paginate

PAGE_SIZE = 12


def revision_page(definition: Definition, *, before: str = "") -> KeysetPage[Revision]:
    """Return revisions older than that of the id `before`, or the newest. Raises InvalidPageCursorError."""
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
