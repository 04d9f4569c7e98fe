"""The page on which steps of a workflow run again."""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from jobs import access, actions
from jobs.access import Member
from jobs.actions import RerunOutcome, ValidationResult
from jobs.actions.run_again import ALL_STEPS, FROM_FAILED, RunAgainPlan
from jobs.models import Job, Revision, Submission
from jobs.models.ids import new_id, to_text
from jobs.reports import submissions as reports
from jobs.reports.approvals import DocumentChanges, document_changes
from jobs.spec.documents import Document, DocumentKind, is_object, list_at
from jobs.spec.normalize import normalize
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.redaction import redact
from jobs.spec.step_conditions import Condition
from jobs.web import schemas
from jobs.web.builder import feedback, prefill
from jobs.web.builder.job_sections import page_context, preview_context
from jobs.web.builder.workflow_views import Sections, WorkflowForm, builder_context
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import drop_nul, posted_text

TEMPLATE = "jobs/submissions/run_again.html"
MAX_KEY_LENGTH = 64
MAX_KEPT_STEPS = 20
MAX_CHANGES = 30
MAX_CHOICES = 500
"""Steps offered as a start. The page of every step has a link of its own."""


@dataclass(frozen=True)
class RepeatedStep:
    job: Job
    revision: Revision | None
    """The one that runs now; None if the definition can't be found."""
    conditions: tuple[str, ...] = ()
    """When the portal submits it, if that is not after the success of others."""

    @property
    def has_other_revision(self) -> bool:
        return self.revision is not None and self.revision.pk != self.job.revision_id


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def submission_run_again(request: SignedInRequest, text_id: str) -> HttpResponse:
    submission, member = access.submission(request.user, text_id, permission="submit")
    if request.method != "POST":
        return _page(request, submission, member, request.GET.get("start", FROM_FAILED)[:MAX_KEY_LENGTH])
    start, form = _posted_start(request), _posted_form(request)
    if request.POST.get("do") == "check":
        return _page(request, submission, member, start, form)
    try:
        outcome = actions.run_again(
            submission,
            member,
            start,
            text=_edited_text(request, form),
            version=request.POST.get("version", "")[:MAX_KEY_LENGTH],
            request_key=drop_nul(request.POST.get("request_key", ""))[:MAX_KEY_LENGTH] or None,
        )
    except (DocumentParseError, actions.ValidationFailedError):
        return _page(request, submission, member, start, form, is_rejected=True)
    except (actions.RunAgainError, actions.IdempotencyConflictError, actions.RecoveryError) as error:
        return _page(request, submission, member, start, form, error=str(error), is_rejected=True)
    _add_message(request, submission, outcome)
    return redirect(submission)


@require_POST
@login_required
def run_again_preview(request: SignedInRequest, text_id: str) -> HttpResponse:
    submission, member = access.submission(request.user, text_id, permission="submit")
    form = _posted_form(request) or WorkflowForm.from_text("")
    try:
        plan = actions.plan_run_again(submission, _posted_start(request))
    except actions.RunAgainError as error:
        steps_feedback = feedback.from_parse_error(DocumentParseError(str(error)))
        context = builder_context(request, member, form, steps_feedback, preview_context)
    else:
        context = _context(request, member, plan, form, preview_context)
    return render(request, f"{TEMPLATE}#preview", context)


def _add_message(request: SignedInRequest, submission: Submission, outcome: RerunOutcome) -> None:
    count = len(outcome.jobs)
    if outcome.approval:
        messages.success(request, f"Requested approval to run steps of {submission.name} again.")
    elif count:
        messages.success(request, f"Running {count} step{'s' * (count != 1)} of {submission.name} again.")
    else:
        messages.info(
            request, f"The steps of {submission.name} were already submitted again. Nothing was submitted twice."
        )


def _posted_start(request: SignedInRequest) -> str:
    return drop_nul(request.POST.get("start", FROM_FAILED))[:MAX_KEY_LENGTH]


def _posted_form(request: SignedInRequest) -> WorkflowForm | None:
    """Return None if no document came: the steps run as they did."""
    text = posted_text(request, "text")
    if not text:
        return None
    post = request.POST.copy()
    post["document"] = text
    return WorkflowForm.from_post(post)


def _edited_text(request: SignedInRequest, form: WorkflowForm | None) -> str | None:
    """Return None for the text that the page was opened with: who may not see its masked values can run it too."""
    if form is None or ("base" in request.POST and form.source_text == form.base_text):
        return None
    return form.source_text


def _text_unless_same(form: WorkflowForm, plan: RunAgainPlan) -> str | None:
    return None if form.source_text.strip() == _masked_text(plan).strip() else form.source_text


def _page(
    request: SignedInRequest,
    submission: Submission,
    member: Member,
    start: str,
    form: WorkflowForm | None = None,
    *,
    error: str = "",
    is_rejected: bool = False,
) -> HttpResponse:
    page: dict[str, Any] = {"member": member, "team": submission.team}
    try:
        plan = actions.plan_run_again(submission, start)
    except actions.RunAgainError as obstacle:
        error = error or str(obstacle)
    else:
        form = form or _opened_form(request, plan)
        page |= _context(request, member, plan, form, page_context)
        page |= {"schema": schemas.schema_url(DocumentKind.WORKFLOW), "document_field": "text"}
    page |= {
        "submission": submission,
        "start": start,
        "from_failed": FROM_FAILED,
        "all_steps": ALL_STEPS,
        "choices": reports.submission_steps(submission, MAX_CHOICES),
        "error": error,
        "is_rejected": is_rejected,
        "request_key": to_text(new_id()),
        "current_page": "jobs",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    return render(request, TEMPLATE, page, status=status)


def _opened_form(request: SignedInRequest, plan: RunAgainPlan) -> WorkflowForm:
    """Return the workflow as it ran, with the link's values in the step that it starts from."""
    form = WorkflowForm.from_text(_masked_text(plan))
    places = [place for place, number in enumerate(plan.numbers) if plan.jobs[number].text_id == plan.start]
    if not places or not prefill.link_values(request.GET):
        return form
    document = redact(plan.document)
    steps = [*list_at(document, "jobs")]
    steps[places[0]] = prefill.prefill(steps[places[0]], request.GET)
    return replace(form, source_text=_to_text({**document, "jobs": steps}))


def _context(
    request: SignedInRequest, member: Member, plan: RunAgainPlan, form: WorkflowForm, sections: Sections
) -> dict[str, Any]:
    result: ValidationResult | None = None
    try:
        result = actions.check_run_again(plan, member, _text_unless_same(form, plan))
        steps_feedback = feedback.from_result(result)
    except DocumentParseError as error:
        steps_feedback = feedback.from_parse_error(error)
    except actions.RunAgainError as error:
        steps_feedback = feedback.from_parse_error(DocumentParseError(str(error)))
    return builder_context(request, member, form, steps_feedback, sections) | {
        "has_fixed_steps": True,
        "rerun_plan": plan,
        "steps": _repeated_steps(plan, result),
        "kept_steps": plan.kept_jobs[:MAX_KEPT_STEPS],
        "omitted_kept_count": max(0, len(plan.kept_jobs) - MAX_KEPT_STEPS),
        "changes": _changes(plan, result) if result else [],
    }


def _changes(plan: RunAgainPlan, result: ValidationResult) -> list[DocumentChanges]:
    """Return what differs from the last run of the steps."""
    return document_changes(_normalized(plan.document), _normalized(result.parse_result.document), MAX_CHANGES)


def _normalized(document: Document) -> Document:
    steps = [normalize(step, DocumentKind.SUBMISSION) for step in list_at(document, "jobs") if is_object(step)]
    return {"jobs": steps}


def _repeated_steps(plan: RunAgainPlan, result: ValidationResult | None) -> list[RepeatedStep]:
    revisions: list[Revision | None] = [target.revision for target in result.resolved_jobs] if result else []
    if len(revisions) != len(plan.numbers):
        revisions = [None] * len(plan.numbers)
    return [
        RepeatedStep(plan.jobs[number], revision, _conditions(plan, number))
        for number, revision in zip(plan.numbers, revisions, strict=True)
    ]


def _conditions(plan: RunAgainPlan, number: int) -> tuple[str, ...]:
    texts = {Condition.FAILURE: "Only if {} fails", Condition.ALWAYS: "When {} ends"}
    return tuple(
        texts[Condition(edge.condition)].format(plan.workflow.steps[edge.parent].name)
        for edge in plan.workflow.steps[number].dependencies
        if edge.condition in texts
    )


def _masked_text(plan: RunAgainPlan) -> str:
    return _to_text(redact(plan.document))


def _to_text(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
