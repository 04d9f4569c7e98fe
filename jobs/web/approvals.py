"""Approval requests and decisions."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import access, actions
from jobs.access import Member
from jobs.actions import ValidationResult
from jobs.models import Approval, ApprovalEdit
from jobs.policy.approval import ApprovalReason
from jobs.reports import approvals as reports
from jobs.spec import masked_source
from jobs.spec.diff import diff_documents
from jobs.spec.documents import DocumentKind
from jobs.spec.effective import EffectiveContainer
from jobs.spec.index_rerun import IndexRerunError
from jobs.spec.parsing.parser import DocumentParseError, parse
from jobs.spec.redaction import redact, redact_text
from jobs.web import schemas
from jobs.web.builder import feedback, preflight
from jobs.web.builder.feedback import Feedback
from jobs.web.builder.form_state import BuilderForm
from jobs.web.builder.job_sections import page_context, posted_job, preview_context
from jobs.web.jobs import effective_view
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.paging import page_at
from jobs.web.shell.text_input import drop_nul, posted_text

MAX_CHANGES = 50
"""The list is rendered at each pause in typing."""


@dataclass(frozen=True)
class ApprovalStepView:
    report: reports.RequestedJob
    environment: Sequence[tuple[str, str]]
    changes: Sequence[str]
    definition_changes: Sequence[str]
    containers: Sequence[tuple[EffectiveContainer, str]]
    """Each with its command line, quoted as for a shell, so that the limits of arguments are seen."""
    tags: Sequence[tuple[str, str]]
    retry_rules: Sequence[str]


@dataclass(frozen=True)
class ApprovalEditView:
    edit: ApprovalEdit
    before: str
    changes: Sequence[str]


@require_safe
@login_required
def team_approvals(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="approve")
    waiting = partial(reports.waiting_approvals, member.team, request.user)
    decided = partial(reports.decided_approvals, member.team)
    page = {
        "member": member,
        "team": member.team,
        "waiting_approvals": page_at(request, waiting, after=request.GET.get("after", "")),
        "decided_approvals": page_at(request, decided, before=request.GET.get("before", "")),
        "current_page": "approvals",
    }
    return render(request, "jobs/approvals/list.html", page)


@require_safe
@login_required
def all_approvals(request: SignedInRequest) -> HttpResponse:
    to_decide = partial(reports.approvals_to_decide, request.user)
    page = {
        "waiting_approvals": page_at(request, to_decide, after=request.GET.get("after", "")),
        "is_all_teams": True,
        "current_page": "approvals",
    }
    return render(request, "jobs/approvals/list.html", page)


@require_safe
@login_required
def approval(request: SignedInRequest, text_id: str) -> HttpResponse:
    approval, member = access.approval(request.user, text_id)
    return _approval_page(request, approval, member)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def approve(request: SignedInRequest, text_id: str) -> HttpResponse:
    approval, member = access.approval(request.user, text_id)
    if request.method != "POST":
        return redirect(approval)
    try:
        actions.approve(approval, member, _posted_version(request))
    except actions.StaleApprovalError as error:
        messages.warning(request, str(error))
    except (actions.RunAgainError, IndexRerunError, actions.RecoveryError) as error:
        messages.warning(request, f"Not approved. {error}")
    except actions.ValidationFailedError as error:
        return _approval_page(request, approval, member, rejection=error.verdict)
    else:
        messages.success(request, f"Approved {approval.submission.name}.")
    return redirect(approval)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def decline(request: SignedInRequest, text_id: str) -> HttpResponse:
    approval, member = access.approval(request.user, text_id)
    if request.method != "POST":
        return redirect(approval)
    try:
        actions.decline(approval, member, _posted_version(request), drop_nul(request.POST.get("why", "")))
    except actions.StaleApprovalError as error:
        messages.warning(request, str(error))
    except ValueError as error:
        return _approval_page(request, approval, member, comment_error=str(error))
    else:
        messages.success(request, f"Declined {approval.submission.name}.")
    return redirect(approval)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def withdraw(request: SignedInRequest, text_id: str) -> HttpResponse:
    approval, member = access.approval(request.user, text_id, permission="stop")
    submission = approval.submission
    if request.method != "POST":
        return redirect(submission)
    try:
        if approval.rerun or not approval.is_waiting:  # of one that is decided it says so
            actions.withdraw(approval, member)
        else:
            actions.stop_all(submission, member)
    except actions.StaleApprovalError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"Withdrew the request {submission.name}.")
    return redirect(submission)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Keep the old value of what is masked in the text."""
    approval, member = access.approval(request.user, text_id)
    _check_can_edit(approval, member)
    if request.method != "POST":
        text = _masked_text(approval)
        return _editor_page(request, approval, member, text)
    text = posted_text(request, "text")
    form = _posted_form(request, approval)
    if form and not form.parse_error:
        text = form.text
    if request.POST.get("do") == "check" or (form and form.form_problems):
        return _editor_page(request, approval, member, text, form=form, is_rejected=request.POST.get("do") != "check")
    try:
        unmasked = _unmasked_text(approval, text)
        approved = actions.edit_request(approval, member, _posted_version(request), unmasked)
    except actions.StaleApprovalError as error:
        messages.warning(request, str(error))
        return redirect(approval)
    except (actions.RunAgainError, IndexRerunError, actions.RecoveryError) as error:
        messages.warning(request, f"Not saved. {error}")
        return redirect(approval)
    except DocumentParseError as error:
        return _editor_page(request, approval, member, text, error=error, form=form, is_rejected=True)
    except actions.ValidationFailedError as error:
        return _editor_page(request, approval, member, text, verdict=error.verdict, form=form, is_rejected=True)
    if approved:
        messages.success(request, f"Edited and approved {approval.submission.name}.")
    else:
        messages.info(
            request,
            "Changes saved. Your edit needs another approver: another lead or an administrator must approve the "
            "request.",
        )
    return redirect(approval)


@require_POST
@login_required
def preview_edit(request: SignedInRequest, text_id: str) -> HttpResponse:
    approval, member = access.approval(request.user, text_id)
    _check_can_edit(approval, member)
    text, form = posted_text(request, "text"), _posted_form(request, approval)
    if form is None:
        text_feedback, escalations = _preview(approval, member, text)
        context = _panel_context(approval, member, text_feedback, escalations) | {
            "preflight": preflight.run_checks(text_feedback, member),
            "is_oob": True,
        }
        return render(request, "jobs/approvals/edit.html#feedback", context)
    text_feedback, escalations = _form_preview(approval, member, text, form)
    context = preview_context(request, member, form, text_feedback)
    context |= _panel_context(approval, member, text_feedback, escalations)
    return render(request, "jobs/approvals/edit_form.html#preview", context)


def _approval_page(
    request: SignedInRequest,
    approval: Approval,
    member: Member,
    *,
    rejection: ValidationResult | None = None,
    comment_error: str = "",
) -> HttpResponse:
    submission = approval.submission
    requested_cost = reports.request_cost(approval.forecast)
    rerun = actions.preview_rerun(approval, member) if approval.rerun and approval.is_waiting else None
    if rerun:
        estimate = rerun.result.estimate.cost if rerun.result and rerun.result.estimate else None
        rejection = rejection or (rerun.result if rerun.result and not rerun.result.is_valid else None)
        requested = reports.rerun_jobs(rerun.jobs)
    else:
        estimate = actions.current_estimate(approval)
        requested = reports.requested_jobs(approval)
    steps = [_step_view(step) for step in requested]
    job_count = len(approval.rerun.job_names) if approval.rerun else submission.job_count
    page = {
        "member": member,
        "team": approval.team,
        "approval": approval,
        "submission": submission,
        "cost": reports.request_cost(estimate.as_json()) if estimate else requested_cost,
        "requested_cost": requested_cost,
        "steps": steps,
        "job_count": job_count,
        "more_step_count": job_count - len(steps) if steps else 0,
        "stale": rerun.obstacle if rerun else "",
        "edits": [_edit_view(edit) for edit in reports.request_edits(approval)],
        "approvers": reports.possible_approvers(approval) if approval.is_waiting else [],
        "obstacle": actions.why_cannot_approve(approval, member),
        "is_requester": approval.requester_id == member.user.pk,
        "problems": feedback.from_result(rejection).problems if rejection else (),
        "comment_error": comment_error,
        "text": _masked_text(approval),
        "current_page": "approvals",
    }
    is_refused = request.method == "POST" and (rejection or comment_error)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    return render(request, "jobs/approvals/detail.html", page, status=status)


def _editor_page(
    request: SignedInRequest,
    approval: Approval,
    member: Member,
    text: str,
    *,
    form: BuilderForm | None = None,
    verdict: ValidationResult | None = None,
    error: DocumentParseError | None = None,
    is_rejected: bool = False,
) -> HttpResponse:
    """Return the builder for a job, the JSON editor for anything else."""
    form = form or _form_of(approval, text)
    page: dict[str, object] = {
        "member": member,
        "submission": approval.submission,
        "text": text,
        "is_rejected": is_rejected,
        "schemas": [(kind.value, schemas.schema_url(kind)) for kind in DocumentKind],
        "wait_ms": feedback.PREVIEW_DELAY_MS,
    }
    if form:
        form = form.with_fields_in_text()
    if error:
        preview: tuple[Feedback, Sequence[ApprovalReason]] = feedback.from_parse_error(error), ()
    elif verdict:
        preview = (feedback.from_form(form, verdict, require_all=True) if form else feedback.from_result(verdict)), ()
    else:
        preview = _form_preview(approval, member, text, form) if form else _preview(approval, member, text)
    if form:
        page |= page_context(request, member, form, preview[0]) | {"document_field": "text"}
    else:
        page["preflight"] = preflight.run_checks(preview[0], member)
    page |= {**_panel_context(approval, member, *preview), "current_page": "approvals"}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    template = "jobs/approvals/edit_form.html" if form else "jobs/approvals/edit.html"
    return render(request, template, page, status=status)


def _form_of(approval: Approval, text: str) -> BuilderForm | None:
    """Return the form of a text with one job; None for a workflow, which has no form."""
    if approval.submission.kind != DocumentKind.SUBMISSION:
        return None
    try:
        reading = parse(text)
    except DocumentParseError:
        return None
    if reading.kind is not DocumentKind.SUBMISSION:
        return None
    return BuilderForm.from_document(DocumentKind.SUBMISSION, reading.document, text=text)


def _posted_form(request: SignedInRequest, approval: Approval) -> BuilderForm | None:
    if approval.submission.kind != DocumentKind.SUBMISSION:
        return None
    post = request.POST.copy()
    post["document"] = posted_text(request, "text")
    return posted_job(post)


def _form_preview(
    approval: Approval, member: Member, text: str, form: BuilderForm
) -> tuple[Feedback, Sequence[ApprovalReason]]:
    """Validate what a form makes; a text that it can't show as it is."""
    try:
        unmasked = _unmasked_text(approval, text if form.parse_error else form.text)
        result, escalations = actions.preview_edit(approval, member, unmasked)
    except DocumentParseError as error:
        return feedback.from_parse_error(error), ()
    if form.parse_error:
        return feedback.from_result(result), escalations
    return feedback.from_form(form, result), escalations


def _panel_context(
    approval: Approval, member: Member, text_feedback: Feedback, escalations: Sequence[ApprovalReason]
) -> dict[str, object]:
    is_escalated = approval.is_escalated_by(member.user)
    return {
        "approval": approval,
        "team": approval.team,
        "feedback": text_feedback,
        "escalations": escalations,
        "is_escalated_by_user": is_escalated,
        "changes": _changes_to_request(approval, text_feedback),
    }


def _changes_to_request(approval: Approval, text_feedback: Feedback) -> list[str]:
    if text_feedback.result is None:
        return []
    before, after = approval.request.document, text_feedback.result.parse_result.document
    return [
        masked_source.mask_mentions(masked_source.mask_mentions(sentence, before), after)
        for sentence in reports.change_sentences(diff_documents(before, after), MAX_CHANGES)
    ]


def _check_can_edit(approval: Approval, member: Member) -> None:
    if approval.requester_id == member.user.pk:
        raise PermissionDenied("You can't edit your own request. Withdraw it and submit it again.")
    if approval.rerun and approval.rerun.array_job:
        raise PermissionDenied("A request for child jobs can't be edited. Decline it instead.")


def _preview(approval: Approval, member: Member, text: str) -> tuple[Feedback, Sequence[ApprovalReason]]:
    try:
        result, escalations = actions.preview_edit(approval, member, _unmasked_text(approval, text))
    except DocumentParseError as error:
        return feedback.from_parse_error(error), ()
    return feedback.from_result(result), escalations


def _masked_text(approval: Approval) -> str:
    return masked_source.mask_source(approval.request.text, approval.request.document)


def _unmasked_text(approval: Approval, text: str) -> str:
    return masked_source.restore_secrets(text, approval.request.document)


def _posted_version(request: SignedInRequest) -> int:
    value = request.POST.get("version", "")
    return int(value) if value.isdecimal() and len(value) < 9 else 0


def _step_view(step: reports.RequestedJob) -> ApprovalStepView:
    commands = [
        shlex.join(redact([str(argument.value) for argument in container.command]))
        for container in step.will_run.containers
    ]
    return ApprovalStepView(
        step,
        effective_view.environment_overrides(redact(step.job.document)),
        step.changes,
        step.definition_changes,
        list(zip(step.will_run.containers, commands, strict=True)),
        [(row.label, row.value) for row in effective_view.tag_rows(effective_view.job_view(step.job))],
        [redact_text(effective_view.describe_retry_rule(entry.value)) for entry in step.will_run.retry_rules],
    )


def _edit_view(edit: ApprovalEdit) -> ApprovalEditView:
    before = masked_source.mask_source(edit.before, {})
    return ApprovalEditView(edit, before, [masked_source.mask_mentions(sentence, {}) for sentence in edit.changes])
