"""The page of one definition."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from jobs import access
from jobs.access import Member
from jobs.models import Definition, Registration, Revision, User
from jobs.models.pagination import KeysetPage
from jobs.reports import catalog
from jobs.reports import revisions as reports
from jobs.search import Search, Term
from jobs.spec.copy_formats import CopyTarget, DocumentCopy, copies
from jobs.spec.diff import DocumentDifference, diff_documents
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.normalize import normalize
from jobs.spec.redaction import redact
from jobs.web.definitions.summary import DefinitionSize
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.paging import page_at

MAX_CHANGES_SHOWN = 3
"""All differences are on a page of their own."""
DEREGISTRATION_TIMEOUT = timedelta(minutes=1)
"""After that something else is wrong, and the page stops polling."""


@dataclass(frozen=True)
class RevisionRow:
    revision: Revision
    size: DefinitionSize
    document: Document
    copies: list[DocumentCopy]
    has_masked_values: bool
    before: Revision | None
    changes: list[DocumentDifference]

    @property
    def command(self) -> str:
        return next(copy.text for copy in self.copies if copy.name == "aws")

    @property
    def other_copies(self) -> list[DocumentCopy]:
        return [copy for copy in self.copies if copy.name not in ("json", "aws")]

    @property
    def first_changes(self) -> list[DocumentDifference]:
        return self.changes[:MAX_CHANGES_SHOWN]

    @property
    def omitted_count(self) -> int:
        return len(self.changes) - len(self.first_changes)


@require_safe
@login_required
def definition(request: SignedInRequest, text_id: str) -> HttpResponse:
    definition, owner = access.definition(request.user, text_id)
    before = request.GET.get("before", "")
    revisions = page_at(request, partial(reports.revision_page, definition), before=before)
    is_pending = any(map(_is_pending, revisions.rows))
    etag = polling.etag([_etag_fields(revision) for revision in revisions.rows])
    if polling.is_partial(request) and polling.is_current(request, etag):
        return HttpResponse(status=204)
    member = viewing_member(request.user, owner)
    page: dict[str, Any] = {
        "member": member,
        "team": member.team if member else None,
        "owner": owner,
        "definition": definition,
        "revision_rows": _revision_rows(definition, revisions, request.build_absolute_uri("/").rstrip("/")),
        "has_runnable_revision": reports.has_runnable_revision(definition),
        "older_cursor": revisions.next,
        "before": "" if revisions.is_first else before,
        "is_live": is_pending,
        "etag": etag,
        "current_page": "definitions",
    }
    if polling.is_partial(request):
        return render(request, "jobs/definitions/detail.html#live", page)
    page["definition_usage"] = catalog.definition_usage(definition, request.user)
    page["sample_size"] = catalog.SAMPLE_SIZE
    page["jobs_search"] = str(Search((Term("def", (definition.name,)),)))
    return render(request, "jobs/definitions/detail.html", page)


@require_safe
@login_required
def compare_revisions(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Default to the newest and the one before."""
    definition, owner = access.definition(request.user, text_id)
    revisions = reports.comparable_revisions(definition)
    previous = revisions[1:2] or revisions[:1]
    before = _revision_by_id(definition, request.GET.get("from", "")) or next(iter(previous), None)
    after = _revision_by_id(definition, request.GET.get("to", "")) or next(iter(revisions), None)
    member = viewing_member(request.user, owner)
    page = {
        "member": member,
        "team": member.team if member else None,
        "definition": definition,
        "revisions": revisions,
        "from_revision": before,
        "to_revision": after,
        "changes": _changes(before, after) if before and after else [],
        "current_page": "definitions",
    }
    return render(request, "jobs/definitions/diff.html", page)


def viewing_member(user: User, owner: Member) -> Member | None:
    """Return the owner's member, else one of the user's own teams."""
    if owner.role or user.is_staff:
        return owner
    return access.default_member(user)


def _revision_rows(definition: Definition, page: KeysetPage[Revision], portal_url: str) -> list[RevisionRow]:
    """Compare also with a revision on the next page."""
    rows = []
    target = CopyTarget(definition.account.region, portal_url)
    revisions = [*page.rows, *([page.following] if page.following else [])]
    for place, revision in enumerate(page.rows):
        document = redact(revision.document)
        older = (other for other in revisions[place + 1 :] if other.registration != Registration.REFUSED)
        before = next(older, None)
        rows.append(
            RevisionRow(
                revision,
                DefinitionSize.from_document(revision.document),
                document,
                copies(document, DocumentKind.DEFINITION, target),
                has_masked_values=document != revision.document,
                before=before,
                changes=_changes(before, revision) if before else [],
            )
        )
    return rows


def _changes(before: Revision, after: Revision) -> list[DocumentDifference]:
    earlier, later = (normalize(revision.document, DocumentKind.DEFINITION) for revision in (before, after))
    return diff_documents(earlier, later)


def _revision_by_id(definition: Definition, text_id: str) -> Revision | None:
    """Raise Http404."""
    if not text_id:
        return None
    revision = reports.find_revision(definition, text_id)
    if revision is None:
        raise Http404("There is no such revision of this definition.")
    return revision


def _is_pending(revision: Revision) -> bool:
    if revision.registration == Registration.ACCEPTED:
        return True
    deactivated_at = revision.deactivated_at
    return bool(deactivated_at and not revision.deregistered_at and now() - deactivated_at < DEREGISTRATION_TIMEOUT)


def _etag_fields(revision: Revision) -> tuple[object, ...]:
    is_deregistered = bool(revision.deregistered_at)
    return (revision.pk, revision.registration, revision.active, is_deregistered, revision.refusal, revision.note)
