"""Schema fields beyond the form's own."""

from dataclasses import dataclass
from http import HTTPStatus

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from jobs import access
from jobs.access import Member, TeamPermission
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.forms import schema_fields
from jobs.spec.forms.schema_fields import SchemaMatch
from jobs.spec.parsing.parser import DocumentParseError, parse
from jobs.spec.problems import join_pointer
from jobs.web.builder.bound_fields import SIZE_FIELDS
from jobs.web.builder.form_state import FIELDS_BY_KIND
from jobs.web.builder.workflow_steps import step_document
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import posted_text

MAX_STEP_DIGITS = 6
UNREADABLE_MESSAGE = "Invalid JSON. Fix it to continue editing the form."
MAX_DEFINITION_LABELS = 4
PERMISSIONS_BY_KIND: dict[DocumentKind, TeamPermission] = {
    DocumentKind.DEFINITION: "register",
    DocumentKind.SUBMISSION: "submit",
}


@dataclass(frozen=True)
class SearchResult:
    match: SchemaMatch
    field: str = ""

    @property
    def path_text(self) -> str:
        return " › ".join(self.match.labels[:-1])


@require_POST
@login_required
def search_fields(request: SignedInRequest, slug: str, kind: str) -> HttpResponse:
    form_kind, _ = _kind_and_member(request, slug, kind)
    text = request.POST.get("further_words", "")[:100]
    try:
        document = _posted_document(request, form_kind)
    except DocumentParseError:
        document = {}
    form_fields: dict[str, str] = {}
    for item in FIELDS_BY_KIND[form_kind]:
        # A field that isn't always shown can't be pointed at.
        if item.name not in SIZE_FIELDS or item.lens.read(document):
            form_fields.setdefault(join_pointer(*item.lens.path), item.name)
    matches = schema_fields.search_fields(form_kind, text, document)
    results = [SearchResult(item, form_fields.get(item.pointer, "")) for item in matches]
    page = {
        "results": results,
        "in_definitions": () if results or form_kind is DocumentKind.DEFINITION else _definition_labels(text),
        "search_text": text.strip(),
        "slug": slug,
        "kind": form_kind,
    }
    return render(request, "jobs/builder/schema/results.html", page)


@require_POST
@login_required
def show_part(request: SignedInRequest, slug: str, kind: str) -> HttpResponse:
    form_kind, member = _kind_and_member(request, slug, kind)
    try:
        document = _posted_document(request, form_kind)
    except DocumentParseError:
        return HttpResponse(
            UNREADABLE_MESSAGE, status=HTTPStatus.UNPROCESSABLE_ENTITY, content_type="text/plain; charset=utf-8"
        )
    pointer = request.POST.get("at", "")
    part = schema_fields.part_at(form_kind, pointer, document)
    if part is None:
        raise Http404("Unknown field, or the document has a different type of value there.")
    context = {"part": part, "team": member.team, "kind": form_kind, "is_nested": "within" in request.GET}
    return render(request, "jobs/builder/schema/part.html", context)


def _definition_labels(text: str) -> list[str]:
    """Return labels of fields that only a definition has."""
    document: Document = {"containerProperties": {}}
    matches = schema_fields.search_fields(DocumentKind.DEFINITION, text, document, limit=MAX_DEFINITION_LABELS)
    return [match.label for match in matches]


def _kind_and_member(request: SignedInRequest, slug: str, kind: str) -> tuple[DocumentKind, Member]:
    form_kind = next((item for item in PERMISSIONS_BY_KIND if item == kind), None)
    if form_kind is None:
        raise Http404("Unknown form.")
    return form_kind, access.membership(request.user, slug, permission=PERMISSIONS_BY_KIND[form_kind])


def _posted_document(request: SignedInRequest, kind: DocumentKind) -> Document:
    text = posted_text(request, "document")
    if not text.strip():
        return {}
    reading = parse(text)
    step = request.POST.get("step", "")
    if reading.kind is DocumentKind.WORKFLOW and kind is DocumentKind.SUBMISSION and step.isdecimal():
        return step_document(reading.document, int(step[:MAX_STEP_DIGITS])) or {}
    if reading.kind is not kind:
        raise DocumentParseError(f"This is a {reading.kind}, but the form is for a {kind}.")
    return reading.document
