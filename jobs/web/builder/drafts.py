"""Drafts: saved with each preview, opened again, and listed."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from jobs import access
from jobs.access import Member
from jobs.actions import drafts as draft_actions
from jobs.actions.drafts import DraftSaveResult
from jobs.models import Draft, DraftKind
from jobs.models.ids import from_text, new_id, to_text
from jobs.spec.documents import Document, DocumentKind, text_at
from jobs.spec.parsing.parser import DocumentParseError, parse
from jobs.web.builder import feedback
from jobs.web.builder.form_state import BuilderForm
from jobs.web.shell.auth import SignedInRequest, login_required

VIEW_NAMES = {DraftKind.JOB: "job_form", DraftKind.DEFINITION: "definition_form", DraftKind.JSON: "write"}
ALREADY_SENT = {
    DraftKind.JOB: "You submitted this job already. Submitting it again creates another job.",
    DraftKind.DEFINITION: "You registered this already. Change it to register another revision.",
    DraftKind.JSON: "You sent this already. Submitting a job again creates another job.",
}
_DRAFT_KINDS = {DocumentKind.SUBMISSION: DraftKind.JOB, DocumentKind.DEFINITION: DraftKind.DEFINITION}
_NAME_KEYS = {DocumentKind.SUBMISSION: "jobName", DocumentKind.DEFINITION: "jobDefinitionName"}


def draft_id(request: SignedInRequest) -> str:
    text_id = request.POST.get("draft", "") or request.GET.get("draft", "")
    try:
        return to_text(from_text(text_id))
    except ValueError:
        return to_text(new_id())


def save_form(request: SignedInRequest, member: Member, form: BuilderForm) -> DraftSaveResult | None:
    begin = "begin" in request.POST or (request.POST.get("do") != "keep" and not _is_blank(form))
    return draft_actions.save_draft(
        member,
        draft_id(request),
        _DRAFT_KINDS[form.kind],
        form.text,
        name=text_at(form.document, _NAME_KEYS[form.kind]) or text_at(form.document, "jobDefinition"),
        source_id=form.source_id,
        create=begin,
        request_key=form.request_key,
        version=request.POST.get("draft_version", ""),
    )


def _is_blank(form: BuilderForm) -> bool:
    names = (*_NAME_KEYS.values(), "jobDefinition")
    is_named = any(text_at(form.document, name) for name in names)
    return form.text == form.base_text and not form.source_id and not is_named


def save_text(
    request: SignedInRequest, member: Member, text: str, request_key: str, source_id: str = ""
) -> DraftSaveResult | None:
    return draft_actions.save_draft(
        member,
        draft_id(request),
        DraftKind.JSON,
        text,
        name=_document_name(text),
        source_id=source_id,
        create="begin" in request.POST or request.POST.get("do") != "keep",
        request_key=request_key,
        version=request.POST.get("draft_version", ""),
    )


def draft_version(request: SignedInRequest, member: Member) -> str:
    if not (request.POST.get("draft") or request.GET.get("draft")):
        return ""
    saved_draft = draft_actions.unsent_draft(member, draft_id(request))
    return saved_draft.updated_at.isoformat() if saved_draft else ""


def _document_name(text: str) -> str:
    try:
        reading = parse(text)
    except DocumentParseError:
        return ""
    if reading.kind is DocumentKind.WORKFLOW:
        return text_at(reading.document, "name") or feedback.headline(reading.kind, reading.document)
    return text_at(reading.document, _NAME_KEYS[reading.kind])


def save_response(request: SignedInRequest, member: Member, result: DraftSaveResult | None) -> HttpResponse:
    return render(request, "jobs/builder/draft_status.html", {"save_result": result, "team": member.team})


def load_draft(request: SignedInRequest, member: Member) -> Draft | None:
    """Return also what was sent from it."""
    if text_id := _query_id(request, "sent"):
        saved_draft = draft_actions.sent_draft(member, text_id)
        if saved_draft:
            messages.info(request, ALREADY_SENT[DraftKind(saved_draft.kind)])
        return saved_draft
    text_id = _query_id(request, "draft")
    return draft_actions.unsent_draft(member, text_id) if text_id else None


def redirect_if_sent(request: SignedInRequest, member: Member) -> HttpResponse | None:
    """Redirect a sent draft to the same text as a new draft."""
    text_id = _query_id(request, "draft")
    if not text_id or draft_actions.sent_draft(member, text_id) is None:
        return None
    return redirect(f"{request.path}?{urlencode({'sent': text_id})}")


def _query_id(request: SignedInRequest, name: str) -> str:
    try:
        return to_text(from_text(request.GET.get(name, "")))
    except ValueError:
        return ""


def to_form(kind: DocumentKind, saved_draft: Draft, blank: Document) -> BuilderForm:
    """Allow a text that is no document yet."""
    post = QueryDict(mutable=True)
    post.update({"document": saved_draft.text, "again": saved_draft.again})
    return BuilderForm.from_post(kind, post, blank)


def draft_url(saved_draft: Draft) -> str:
    name = VIEW_NAMES[DraftKind(saved_draft.kind)]
    if saved_draft.kind == DraftKind.JSON and _is_workflow(saved_draft.text):
        name = "workflow_form"
    page = reverse(name, args=[saved_draft.team.slug])
    return f"{page}?{urlencode({'draft': saved_draft.text_id})}"


def _is_workflow(text: str) -> bool:
    try:
        return parse(text).kind is DocumentKind.WORKFLOW
    except DocumentParseError:
        return False


def mark_form_sent(request: SignedInRequest, member: Member, form: BuilderForm, answer: HttpResponse) -> HttpResponse:
    draft_actions.mark_sent(member, draft_id(request), _DRAFT_KINDS[form.kind], form.text, source_id=form.source_id)
    return answer


def mark_text_sent(
    request: SignedInRequest, member: Member, text: str, source_id: str, answer: HttpResponse
) -> HttpResponse:
    draft_actions.mark_sent(member, draft_id(request), DraftKind.JSON, text, source_id=source_id)
    return answer


# -- The page of drafts


@require_safe
@login_required
def list_drafts(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    page = {
        "member": member,
        "team": member.team,
        "drafts": draft_actions.recent_drafts(member, draft_actions.MAX_DRAFTS),
        "max_drafts": draft_actions.MAX_DRAFTS,
        "current_page": "write",
        "tab": "drafts",
    }
    return render(request, "jobs/builder/drafts.html", page)


@require_safe
@login_required
def open_draft(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    return redirect(draft_url(access.draft(member, text_id)))


@require_POST
@login_required
def discard_drafts(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    count = draft_actions.delete_drafts(member)
    messages.success(request, f"Deleted {count} draft{'' if count == 1 else 's'}.")
    return redirect("drafts", member.team.slug)


@require_POST
@login_required
def discard_draft(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    saved_draft = access.draft(member, text_id)
    draft_actions.delete_draft(member, saved_draft.text_id)
    messages.success(request, f"Deleted draft {saved_draft}.")
    return redirect("drafts", member.team.slug)
