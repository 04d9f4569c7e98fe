"""The page of one definition: its revisions and what each changed, how its jobs went, who used it."""

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
from jobs.spec.diff import Difference, differences
from jobs.spec.documents import Document, Kind
from jobs.spec.normalize import normalise
from jobs.spec.redaction import redact
from jobs.web.definitions.summary import Size
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, signed_in

REVISIONS = 12
COMPARED = 200
"""So many of the newest revisions can be chosen from."""
TOLD = 3
"""So many differences to the revision before are told on the page; the others on a page of their own."""
AWS_IS_TOLD_WITHIN = timedelta(minutes=1)
"""After that, something else stands in the way, and the page need not go on asking."""


@dataclass(frozen=True)
class Leaf:
    """A revision on the page of its definition, with what it changed of the one before."""

    revision: Revision
    size: Size
    document: Document
    command: str
    hides: bool
    before: Revision | None
    changes: list[Difference]

    @property
    def told(self) -> list[Difference]:
        return self.changes[:TOLD]

    @property
    def untold(self) -> int:
        return len(self.changes) - len(self.told)


@require_safe
@signed_in
def definition(request: SignedInRequest, text_id: str) -> HttpResponse:
    found, owner = access.definition(request.user, text_id)
    revisions, older = _revisions(found, request.GET.get("before", ""))
    shown = revisions[:REVISIONS]
    waiting = any(map(_in_between, shown))
    mark = polling.mark([_facts(revision) for revision in shown])
    if polling.asked(request) and polling.seen(request, mark):
        return HttpResponse(status=204)
    member = frame_of(request.user, owner)
    page: dict[str, Any] = {
        "member": member,
        "team": member.team if member else None,
        "owner": owner,
        "definition": found,
        "leaves": _leaves(found, shown, revisions),
        "runnable": found.revisions.runnable().exists(),
        "older": older,
        "before": request.GET.get("before", ""),
        "live": waiting,
        "mark": mark,
        "here": "definitions",
    }
    if polling.asked(request):
        return render(request, "jobs/definitions/detail.html#live", page)
    page["use"] = catalog.use(found, request.user)
    page["counted"] = catalog.COUNTED
    return render(request, "jobs/definitions/detail.html", page)


@require_safe
@signed_in
def difference(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Any two revisions beside each other; the newest and the one before it, unless others are named."""
    found, owner = access.definition(request.user, text_id)
    every = list(found.revisions.defer("document")[:COMPARED])
    last = every[1:2] or every[:1]
    before = _named(found, request.GET.get("from", "")) or next(iter(last), None)
    after = _named(found, request.GET.get("to", "")) or next(iter(every), None)
    for revision in every:
        revision.definition = found
    member = frame_of(request.user, owner)
    page = {
        "member": member,
        "team": member.team if member else None,
        "definition": found,
        "every": every,
        "from": before,
        "to": after,
        "changes": _changes(before, after) if before and after else [],
        "here": "definitions",
    }
    return render(request, "jobs/definitions/diff.html", page)


def frame_of(user: User, owner: Member) -> Member | None:
    """In which team someone looks at a definition: its owner's, if that is theirs; else one that may use it."""
    if owner.role or user.is_staff:
        return owner
    own = access.teams(user).first()
    return access.member_of(user, own) if own else None


def _revisions(definition: Definition, before: str) -> tuple[list[Revision], str]:
    """One page and one more, to compare its last with; and the id to go on from, if there are older ones."""
    found = definition.revisions.select_related("registered_by", "deactivated_by").order_by("-pk")
    if before and (cursor := _named(definition, before)):
        found = found.filter(pk__lt=cursor.pk)
    revisions = list(found[: REVISIONS + 1])
    for revision in revisions:
        revision.definition = definition
    return revisions, revisions[REVISIONS - 1].text_id if len(revisions) > REVISIONS else ""


def _leaves(definition: Definition, shown: Sequence[Revision], revisions: Sequence[Revision]) -> list[Leaf]:
    leaves = []
    for place, revision in enumerate(shown):
        document = redact(revision.document)
        older = (each for each in revisions[place + 1 :] if each.registration != Registration.REFUSED)
        before = next(older, None)
        leaves.append(
            Leaf(
                revision,
                Size.of(revision.document),
                document,
                cli_writer.command(document, Kind.DEFINITION, definition.account.region),
                hides=document != revision.document,
                before=before,
                changes=_changes(before, revision) if before else [],
            )
        )
    return leaves


def _changes(before: Revision, after: Revision) -> list[Difference]:
    """What another revision asks for otherwise; what means the same is left out, and secrets are masked."""
    earlier, later = (normalise(revision.document, Kind.DEFINITION) for revision in (before, after))
    return differences(earlier, later)


def _named(definition: Definition, text_id: str) -> Revision | None:
    """A revision of the definition by its id. Raises Http404 for what is none."""
    if not text_id:
        return None
    try:
        found = definition.revisions.filter(public_id=from_text(text_id)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404("There is no such revision of this definition.")
    found.definition = definition
    return found


def _in_between(revision: Revision) -> bool:
    """Whether AWS is just being asked or told something of it."""
    if revision.registration == Registration.ACCEPTED:
        return True
    gone = revision.deactivated_at
    return bool(gone and not revision.deregistered_at and now() - gone < AWS_IS_TOLD_WITHIN)


def _facts(revision: Revision) -> tuple[object, ...]:
    told = bool(revision.deregistered_at)
    return (revision.pk, revision.registration, revision.active, told, revision.refusal, revision.why)
