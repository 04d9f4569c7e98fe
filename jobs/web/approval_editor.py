"""The editor of a request for approval: the form of its job or workflow beside its JSON."""

from collections.abc import Sequence
from http import HTTPStatus

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from jobs import access, actions
from jobs.access import Member
from jobs.actions import ValidationResult
from jobs.models import Approval
from jobs.policy.approval import ApprovalReason
from jobs.reports.approvals import DocumentChanges, document_changes
from jobs.spec.documents import DocumentKind
from jobs.spec.index_rerun import IndexRerunError
from jobs.spec.masked_source import mask_source, restore_secrets
from jobs.spec.parsing.parser import DocumentParseError, parse
from jobs.web import schemas
from jobs.web.builder import feedback
from jobs.web.builder.feedback import Feedback
from jobs.web.builder.form_state import BuilderForm
from jobs.web.builder.job_sections import page_context, posted_job, preview_context
from jobs.web.builder.workflow_views import Sections, WorkflowForm, builder_context
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import posted_number, posted_text

TEMPLATE = "jobs/approvals/edit.html"
MAX_CHANGES = 50
"""The list is rendered at each pause in typing."""

RequestForm = BuilderForm | WorkflowForm
Preview = tuple[Feedback, Sequence[ApprovalReason]]
"""Feedback on an edit, with why its author could not approve it."""


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Keep the old value of what is masked in the text."""
    approval, member = access.approval(request.user, text_id)
    _check_can_edit(approval, member)
    if request.method != "POST":
        return _page(request, approval, member, _first_form(approval)) if approval.is_waiting else redirect(approval)
    form, is_check = _posted_form(request, approval), request.POST.get("do") == "check"
    if is_check or (isinstance(form, BuilderForm) and form.form_problems):
        return _page(request, approval, member, form, is_rejected=not is_check)
    try:
        text = _unmasked_text(approval, form)
        approved = actions.edit_request(approval, member, posted_number(request, "version"), text)
    except actions.StaleApprovalError as error:
        return _stale_page(request, text_id, str(error))
    except (actions.RunAgainError, IndexRerunError, actions.RecoveryError) as error:
        messages.warning(request, f"Not saved. {error}")
        return redirect(approval)
    except DocumentParseError as error:
        return _page(request, approval, member, form, (feedback.from_parse_error(error), ()), is_rejected=True)
    except actions.ValidationFailedError as error:
        edit_feedback = _feedback(form, error.verdict, require_all=True)
        return _page(request, approval, member, form, (edit_feedback, ()), is_rejected=True)
    if approved:
        messages.success(request, f"Edited and approved {approval.submission.name}.")
    else:
        messages.info(
            request,
            "Changes saved. Your edit needs another approver: another lead or an administrator must approve the "
            "request.",
        )
    return redirect(approval)


def _stale_page(request: SignedInRequest, text_id: str, message: str) -> HttpResponse:
    """Keep the text after another approver's edit, compared with the request of now."""
    approval, member = access.approval(request.user, text_id)
    if not approval.is_waiting:
        messages.warning(request, message)
        return redirect(approval)
    messages.warning(
        request,
        "Another approver edited the request in the meantime. Your text is still here. Check the changes to the "
        "request, then save again.",
    )
    return _page(request, approval, member, _posted_form(request, approval), is_rejected=True)


@require_POST
@login_required
def preview_edit(request: SignedInRequest, text_id: str) -> HttpResponse:
    approval, member = access.approval(request.user, text_id)
    _check_can_edit(approval, member)
    form = _posted_form(request, approval)
    context = _context(request, approval, member, form, _preview(approval, member, form), sections=preview_context)
    return render(request, f"{TEMPLATE}#preview", context)


def _check_can_edit(approval: Approval, member: Member) -> None:
    if approval.requester_id == member.user.pk:
        raise PermissionDenied("You can't edit your own request. Withdraw it and submit it again.")
    if approval.rerun and approval.rerun.array_job:
        raise PermissionDenied("A request for child jobs can't be edited. Decline it instead.")


def _first_form(approval: Approval) -> RequestForm:
    text = mask_source(approval.request.text, approval.request.document)
    if approval.submission.kind == DocumentKind.WORKFLOW:
        return WorkflowForm.from_text(text)
    return BuilderForm.from_document(DocumentKind.SUBMISSION, parse(text).document, text=text)


def _posted_form(request: SignedInRequest, approval: Approval) -> RequestForm:
    post = request.POST.copy()
    post["document"] = posted_text(request, "text")
    return WorkflowForm.from_post(post) if approval.submission.kind == DocumentKind.WORKFLOW else posted_job(post)


def _unmasked_text(approval: Approval, form: RequestForm) -> str:
    """Return what the form makes, or a text that it can't show as it is. Raise DocumentParseError."""
    if isinstance(form, WorkflowForm) or form.parse_error:
        return restore_secrets(form.source_text, approval.request.document)
    return restore_secrets(form.text, approval.request.document)


def _preview(approval: Approval, member: Member, form: RequestForm) -> Preview:
    try:
        result, escalations = actions.preview_edit(approval, member, _unmasked_text(approval, form))
    except DocumentParseError as error:
        return feedback.from_parse_error(error), ()
    return _feedback(form, result), escalations


def _feedback(form: RequestForm, result: ValidationResult, *, require_all: bool = False) -> Feedback:
    if isinstance(form, WorkflowForm) or form.parse_error:
        return feedback.from_result(result)
    return feedback.from_form(form, result, require_all=require_all)


def _page(
    request: SignedInRequest,
    approval: Approval,
    member: Member,
    form: RequestForm,
    preview: Preview | None = None,
    *,
    is_rejected: bool = False,
) -> HttpResponse:
    if isinstance(form, BuilderForm):
        form = form.with_fields_in_text()
    preview = preview or _preview(approval, member, form)
    page = _context(request, approval, member, form, preview, sections=page_context) | {
        "submission": approval.submission,
        "schema": schemas.schema_url(DocumentKind(approval.submission.kind)),
        "document_field": "text",
        "is_rejected": is_rejected,
        "current_page": "approvals",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    return render(request, TEMPLATE, page, status=status)


def _context(
    request: SignedInRequest,
    approval: Approval,
    member: Member,
    form: RequestForm,
    preview: Preview,
    *,
    sections: Sections,
) -> dict[str, object]:
    edit_feedback, escalations = preview
    if isinstance(form, WorkflowForm):
        context = builder_context(request, member, form, edit_feedback, sections)
        context["has_fixed_steps"] = approval.rerun is not None
    else:
        context = sections(request, member, form, edit_feedback)
    return context | {
        "approval": approval,
        "team": approval.team,
        "feedback": edit_feedback,
        "escalations": escalations,
        "is_escalated_by_user": approval.is_escalated_by(member.user),
        "changes": _changes_to_request(approval, edit_feedback),
    }


def _changes_to_request(approval: Approval, edit_feedback: Feedback) -> list[DocumentChanges]:
    if edit_feedback.result is None:
        return []
    return document_changes(approval.request.document, edit_feedback.result.parse_result.document, MAX_CHANGES)
