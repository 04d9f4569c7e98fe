"""Approval requests: the lists, one request with what a decision needs, and the decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import access, actions
from jobs.access import Member
from jobs.actions import ValidationResult
from jobs.models import Approval, RequestEdit
from jobs.policy.approval import ApprovalReason
from jobs.reports import approvals as reports
from jobs.spec import masked_source
from jobs.spec.effective import EffectiveContainer
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.redaction import redact
from jobs.web.builder import validation_view
from jobs.web.builder.validation_view import Opinion
from jobs.web.jobs.effective_view import environment
from jobs.web.shell.auth import SignedInRequest, signed_in


@dataclass(frozen=True)
class Step:
    """A job of a request as the page shows it, with secrets masked."""

    of: reports.RequestedJob
    environment: Sequence[tuple[str, str]]
    changes: Sequence[str]
    of_definition: Sequence[str]
    containers: Sequence[tuple[EffectiveContainer, Sequence[str]]]
    tags: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Edited:
    """An edit of a request, described in sentences without secrets."""

    of: RequestEdit
    before: str
    changes: Sequence[str]


@require_safe
@signed_in
def team_approvals(request: SignedInRequest, slug: str) -> HttpResponse:
    """List the team's requests, for those who may decide on them."""
    member = access.membership(request.user, slug, permission="approve")
    page = {
        "member": member,
        "team": member.team,
        "waiting": reports.waiting_approvals(member.team, request.user),
        "decided": reports.decided_approvals(member.team),
        "here": "approvals",
    }
    return render(request, "jobs/approvals/list.html", page)


@require_safe
@signed_in
def approvals_of_all(request: SignedInRequest) -> HttpResponse:
    """List the requests that this person may decide on, in all teams."""
    page = {"waiting": reports.approvals_to_decide(request.user), "everywhere": True, "here": "approvals"}
    return render(request, "jobs/approvals/list.html", page)


@require_safe
@signed_in
def approval(request: SignedInRequest, text_id: str) -> HttpResponse:
    approval, member = access.approval(request.user, text_id)
    return _page(request, approval, member)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def approve(request: SignedInRequest, text_id: str) -> HttpResponse:
    approval, member = access.approval(request.user, text_id)
    if request.method != "POST":
        return redirect(approval)
    try:
        actions.approve(approval, member, _version(request))
    except actions.StaleApprovalError as error:
        messages.warning(request, str(error))
    except actions.ValidationFailedError as error:
        return _page(request, approval, member, rejection=error.verdict)
    else:
        messages.success(request, f"Approved {approval.submission.name}. It is on its way.")
    return redirect(approval)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def decline(request: SignedInRequest, text_id: str) -> HttpResponse:
    approval, member = access.approval(request.user, text_id)
    if request.method != "POST":
        return redirect(approval)
    try:
        actions.decline(approval, member, _version(request), request.POST.get("why", "").replace("\0", ""))
    except actions.StaleApprovalError as error:
        messages.warning(request, str(error))
    except ValueError as error:
        return _page(request, approval, member, comment_error=str(error))
    else:
        messages.success(request, f"Declined {approval.submission.name}. Nothing of it is sent.")
    return redirect(approval)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Change the document of a request. Values that are masked in the text keep their old value."""
    approval, member = access.approval(request.user, text_id)
    _must_edit(approval, member)
    if request.method != "POST":
        text = _for_editor(approval)
        return _editor(request, approval, member, text, _weighed(approval, member, text))
    text = _text(request)
    try:
        unmasked = _whole(approval, text)
        approved = actions.edit_request(approval, member, _version(request), unmasked)
    except actions.StaleApprovalError as error:
        messages.warning(request, str(error))
        return redirect(approval)
    except DocumentParseError as error:
        return _editor(request, approval, member, text, (validation_view.of_no_document(error), ()), is_rejected=True)
    except actions.ValidationFailedError as error:
        return _editor(
            request, approval, member, text, (validation_view.of_verdict(error.verdict), ()), is_rejected=True
        )
    if approved:
        messages.success(request, f"Changed and approved {approval.submission.name}. It is on its way.")
    else:
        messages.info(request, "Changed. Someone who never made it larger has to approve it.")
    return redirect(approval)


@require_POST
@signed_in
def judge(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Render the panel beside the editor for the text that was posted."""
    approval, member = access.approval(request.user, text_id)
    _must_edit(approval, member)
    view, raises = _weighed(approval, member, _text(request))
    return render(request, "jobs/approvals/edit.html#verdict", _panel(approval, member, view, raises))


def _page(
    request: SignedInRequest,
    approval: Approval,
    member: Member,
    *,
    rejection: ValidationResult | None = None,
    comment_error: str = "",
) -> HttpResponse:
    submission = approval.submission
    steps = [_told(step) for step in reports.requested_jobs(submission)]
    page = {
        "member": member,
        "team": approval.team,
        "approval": approval,
        "submission": submission,
        "cost": reports.request_cost(approval),
        "steps": steps,
        "more_steps": submission.job_count - len(steps),
        "edits": [_edited(edit) for edit in reports.request_edits(approval)],
        "deciders": reports.possible_approvers(approval) if approval.waits else [],
        "hindrance": actions.why_cannot_approve(approval, member),
        "own": submission.person_id == member.user.pk,
        "refused": validation_view.of_verdict(rejection).findings if rejection else (),
        "wordless": comment_error,
        "text": masked_source.mask_source(submission.text, submission.document),
        "here": "approvals",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if rejection or comment_error else HTTPStatus.OK
    return render(request, "jobs/approvals/detail.html", page, status=status)


def _editor(
    request: SignedInRequest,
    approval: Approval,
    member: Member,
    text: str,
    preview: tuple[Opinion, Sequence[ApprovalReason]],
    *,
    is_rejected: bool = False,
) -> HttpResponse:
    page = {
        **_panel(approval, member, *preview),
        "member": member,
        "submission": approval.submission,
        "text": text,
        "refused": is_rejected,
        "here": "approvals",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    return render(request, "jobs/approvals/edit.html", page, status=status)


def _panel(approval: Approval, member: Member, view: Opinion, raises: Sequence[ApprovalReason]) -> dict[str, object]:
    barred = approval.is_escalated_by(member.user)
    return {"approval": approval, "team": approval.team, "said": view, "raises": raises, "barred": barred}


def _must_edit(approval: Approval, member: Member) -> None:
    if approval.submission.person_id == member.user.pk:
        raise PermissionDenied("You asked for it. To change it, stop it and ask anew.")


def _weighed(approval: Approval, member: Member, text: str) -> tuple[Opinion, Sequence[ApprovalReason]]:
    try:
        result, raises = actions.preview_edit(approval, member, _whole(approval, text))
    except DocumentParseError as error:
        return validation_view.of_no_document(error), ()
    return validation_view.of_verdict(result), raises


def _for_editor(approval: Approval) -> str:
    return masked_source.mask_source(approval.submission.text, approval.submission.document)


def _whole(approval: Approval, text: str) -> str:
    """Return the text with the masked values filled in again."""
    return masked_source.restore_secrets(text, approval.submission.document)


def _text(request: SignedInRequest) -> str:
    return request.POST.get("text", "").replace("\r\n", "\n").replace("\0", "")


def _version(request: SignedInRequest) -> int:
    """Return the version the form was rendered with; 0 if it is missing."""
    value = request.POST.get("version", "")
    return int(value) if value.isdecimal() and len(value) < 9 else 0


def _told(step: reports.RequestedJob) -> Step:
    commands = [
        redact([str(argument.value) for argument in container.command]) for container in step.will_run.containers
    ]
    return Step(
        step,
        environment(redact(step.job.document)),
        step.changes,
        step.of_definition,
        list(zip(step.will_run.containers, commands, strict=True)),
        [(key, str(value)) for key, value in redact(step.job.tags).items()],
    )


def _edited(edit: RequestEdit) -> Edited:
    before = masked_source.mask_source(edit.before, {})
    return Edited(edit, before, [masked_source.mask_mentions(sentence, {}) for sentence in edit.changes])
