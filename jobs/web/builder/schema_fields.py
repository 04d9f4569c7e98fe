"""The fields that the form does not show of itself: found by words, and sent as controls when they are asked for."""

from dataclasses import dataclass
from http import HTTPStatus

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from jobs import access
from jobs.access import Act, Member
from jobs.spec.documents import Document, Kind
from jobs.spec.forms import schema_fields
from jobs.spec.forms.schema_fields import Found
from jobs.spec.parsing.parser import NotADocument, read
from jobs.spec.problems import join
from jobs.web.builder.form_state import TABLES
from jobs.web.shell.auth import SignedInRequest, signed_in

NOTHING_READ = "The JSON cannot be read at the moment. Put it right first; nothing of it is lost."
RIGHTS: dict[Kind, Act] = {Kind.DEFINITION: "register", Kind.SUBMISSION: "submit"}


@dataclass(frozen=True)
class Hit:
    """A place that was found; with the name of its field, where the form has one of its own."""

    found: Found
    field: str = ""

    @property
    def way(self) -> str:
        return " › ".join(self.found.way[:-1])


@require_POST
@signed_in
def further_fields(request: SignedInRequest, slug: str, kind: str) -> HttpResponse:
    """What answers to some words, wherever it stands in AWS's schema."""
    asked, _ = _asked(request, slug, kind)
    words = request.POST.get("further_words", "")[:100]
    try:
        document = _document(request, asked)
    except NotADocument:
        document = {}
    own = {join(*each.place.path): each.name for each in TABLES[asked]}
    found = schema_fields.search(asked, words, document)
    hits = [Hit(each, own.get(each.pointer, "")) for each in found]
    return render(
        request,
        "jobs/builder/schema/results.html",
        {"hits": hits, "words": words.strip(), "slug": slug, "kind": asked},
    )


@require_POST
@signed_in
def further_part(request: SignedInRequest, slug: str, kind: str) -> HttpResponse:
    """One place as controls, bound to the text by what they say of themselves."""
    asked, member = _asked(request, slug, kind)
    try:
        document = _document(request, asked)
    except NotADocument:
        return HttpResponse(
            NOTHING_READ, status=HTTPStatus.UNPROCESSABLE_ENTITY, content_type="text/plain; charset=utf-8"
        )
    pointer = request.POST.get("at", "")
    part = schema_fields.part_at(asked, pointer, document)
    if part is None:
        raise Http404("There is no such field, or the document has something else in its place.")
    shown = {"part": part, "team": member.team, "kind": asked, "within": "within" in request.GET}
    return render(request, "jobs/builder/schema/part.html", shown)


def _asked(request: SignedInRequest, slug: str, kind: str) -> tuple[Kind, Member]:
    found = next((each for each in RIGHTS if each == kind), None)
    if found is None:
        raise Http404("There is no form of this kind.")
    return found, access.membership(request.user, slug, may=RIGHTS[found])


def _document(request: SignedInRequest, kind: Kind) -> Document:
    text = request.POST.get("document", "").replace("\r\n", "\n").replace("\0", "")
    if not text.strip():
        return {}
    reading = read(text)
    if reading.kind is not kind:
        raise NotADocument(f"This is a {reading.kind}, and the form is that of a {kind}.")
    return reading.document
