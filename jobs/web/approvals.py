"""Approval requests and decisions."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import islice

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from jobs import access, actions
from jobs.access import Member
from jobs.actions import ValidationResult
from jobs.models import Approval, ApprovalEdit
from jobs.reports import approvals as reports
from jobs.spec import masked_source
from jobs.spec.effective import EffectiveContainer
from jobs.spec.index_rerun import IndexRerunError
from jobs.spec.redaction import redact, redact_text
from jobs.web.builder import feedback
from jobs.web.jobs import effective_view
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.paging import page_at
from jobs.web.shell.text_input import drop_nul, posted_number

MAX_WARNINGS = 5


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
        actions.approve(approval, member, posted_number(request, "version"))
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
        actions.decline(approval, member, posted_number(request, "version"), drop_nul(request.POST.get("why", "")))
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
        "warnings": _warnings(approval) if approval.is_waiting and not approval.rerun else (),
        "comment_error": comment_error,
        "text": _masked_text(approval),
        "current_page": "approvals",
    }
    is_refused = request.method == "POST" and (rejection or comment_error)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    return render(request, "jobs/approvals/detail.html", page, status=status)


def _warnings(approval: Approval) -> list[str]:
    """Return those of the submission, such as that no instance is large enough."""
    messages = (note["message"] for note in approval.submission.notes if note.get("severity") == "warning")
    return list(islice(dict.fromkeys(messages), MAX_WARNINGS))


def _masked_text(approval: Approval) -> str:
    return masked_source.mask_source(approval.request.text, approval.request.document)


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
