"""The page of one definition: its revisions with their changes, how its jobs went, and who used it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from jobs import access
from jobs.access import Member
from jobs.models import Definition, Registration, Revision, User
from jobs.models.ids import from_text
from jobs.reports import catalog
from jobs.spec import cli_writer
from jobs.spec.diff import DocumentDifference, diff_documents
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.normalize import normalize
from jobs.spec.redaction import redact
from jobs.web.definitions.summary import Size
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, signed_in

REVISIONS = 12
COMPARED = 200
"""The newest revisions that can be selected for a comparison."""
TOLD = 3
"""Differences to the revision before that the page shows; all of them are on a page of their own."""
AWS_IS_TOLD_WITHIN = timedelta(minutes=1)
"""After that something else is wrong, and the page stops polling."""


@dataclass(frozen=True)
class Leaf:
    """A revision on the definition's page, with its changes to the one before."""

    revision: Revision
    size: Size
    document: Document
    command: str
    hides: bool
    before: Revision | None
    changes: list[DocumentDifference]

    @property
    def told(self) -> list[DocumentDifference]:
        return self.changes[:TOLD]

    @property
    def untold(self) -> int:
        return len(self.changes) - len(self.told)


@require_safe
@signed_in
def definition(request: SignedInRequest, text_id: str) -> HttpResponse:
    definition, owner = access.definition(request.user, text_id)
    revisions, older = _revisions(definition, request.GET.get("before", ""))
    shown_revisions = revisions[:REVISIONS]
    is_pending = any(map(_in_between, shown_revisions))
    mark = polling.mark([_facts(revision) for revision in shown_revisions])
    if polling.asked(request) and polling.seen(request, mark):
        return HttpResponse(status=204)
    member = frame_of(request.user, owner)
    page: dict[str, Any] = {
        "member": member,
        "team": member.team if member else None,
        "owner": owner,
        "definition": definition,
        "leaves": _leaves(definition, shown_revisions, revisions),
        "runnable": definition.revisions.runnable().exists(),
        "older": older,
        "before": request.GET.get("before", ""),
        "live": is_pending,
        "mark": mark,
        "here": "definitions",
    }
    if polling.asked(request):
        return render(request, "jobs/definitions/detail.html#live", page)
    page["use"] = catalog.definition_usage(definition, request.user)
    page["counted"] = catalog.SAMPLE_SIZE
    return render(request, "jobs/definitions/detail.html", page)


@require_safe
@signed_in
def difference(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Compare any two revisions; by default the newest with the one before."""
    definition, owner = access.definition(request.user, text_id)
    revisions = list(definition.revisions.defer("document")[:COMPARED])
    previous = revisions[1:2] or revisions[:1]
    before = _named(definition, request.GET.get("from", "")) or next(iter(previous), None)
    after = _named(definition, request.GET.get("to", "")) or next(iter(revisions), None)
    for revision in revisions:
        revision.definition = definition
    member = frame_of(request.user, owner)
    page = {
        "member": member,
        "team": member.team if member else None,
        "definition": definition,
        "every": revisions,
        "from": before,
        "to": after,
        "changes": _changes(before, after) if before and after else [],
        "here": "definitions",
    }
    return render(request, "jobs/definitions/diff.html", page)


def frame_of(user: User, owner: Member) -> Member | None:
    """Return the member in whose team the person views it: the owner's if it is theirs, else one of their own."""
    if owner.role or user.is_staff:
        return owner
    team = access.visible_teams(user).first()
    return access.member_of(user, team) if team else None


def _revisions(definition: Definition, before: str) -> tuple[list[Revision], str]:
    """Return one page and one revision more, to compare the last with, and the id to continue from, if any."""
    query = definition.revisions.select_related("registered_by", "deactivated_by").order_by("-pk")
    if before and (cursor := _named(definition, before)):
        query = query.filter(pk__lt=cursor.pk)
    revisions = list(query[: REVISIONS + 1])
    for revision in revisions:
        revision.definition = definition
    return revisions, revisions[REVISIONS - 1].text_id if len(revisions) > REVISIONS else ""


def _leaves(definition: Definition, shown_revisions: Sequence[Revision], revisions: Sequence[Revision]) -> list[Leaf]:
    rows = []
    for place, revision in enumerate(shown_revisions):
        document = redact(revision.document)
        older = (other for other in revisions[place + 1 :] if other.registration != Registration.REFUSED)
        before = next(older, None)
        rows.append(
            Leaf(
                revision,
                Size.of(revision.document),
                document,
                cli_writer.write_cli_command(document, DocumentKind.DEFINITION, definition.account.region),
                hides=document != revision.document,
                before=before,
                changes=_changes(before, revision) if before else [],
            )
        )
    return rows


def _changes(before: Revision, after: Revision) -> list[DocumentDifference]:
    """Return what a revision changes; equivalent values are left out and secrets are masked."""
    earlier, later = (normalize(revision.document, DocumentKind.DEFINITION) for revision in (before, after))
    return diff_documents(earlier, later)


def _named(definition: Definition, text_id: str) -> Revision | None:
    """Return the revision with that id; None for an empty id. Raise Http404 if there is none."""
    if not text_id:
        return None
    try:
        revision = definition.revisions.filter(public_id=from_text(text_id)).first()
    except ValueError:
        revision = None
    if revision is None:
        raise Http404("There is no such revision of this definition.")
    revision.definition = definition
    return revision


def _in_between(revision: Revision) -> bool:
    """Return whether a request to AWS about the revision is under way."""
    if revision.registration == Registration.ACCEPTED:
        return True
    deactivated_at = revision.deactivated_at
    return bool(deactivated_at and not revision.deregistered_at and now() - deactivated_at < AWS_IS_TOLD_WITHIN)


def _facts(revision: Revision) -> tuple[object, ...]:
    is_deregistered = bool(revision.deregistered_at)
    return (revision.pk, revision.registration, revision.active, is_deregistered, revision.refusal, revision.why)
