"""The page on which steps of a workflow run again."""

import json
from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access, actions
from jobs.access import Member
from jobs.actions import ValidationResult
from jobs.actions.run_again import ALL_STEPS, FROM_FAILED, RunAgainPlan
from jobs.models import Job, Revision, Submission
from jobs.models.ids import new_id, to_text
from jobs.reports import submissions as reports
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.redaction import redact
from jobs.spec.step_conditions import Condition
from jobs.web.builder import feedback
from jobs.web.builder.feedback import Feedback
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import drop_nul, normalize_newlines

MAX_KEY_LENGTH = 64
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
    start = drop_nul(request.POST.get("start", FROM_FAILED))[:MAX_KEY_LENGTH]
    text = normalize_newlines(drop_nul(request.POST.get("text", ""))) or None
    if request.POST.get("do") == "check":
        return _page(request, submission, member, start, text)
    try:
        outcome = actions.run_again(
            submission,
            member,
            start,
            text=text,
            version=request.POST.get("version", "")[:MAX_KEY_LENGTH],
            request_key=drop_nul(request.POST.get("request_key", ""))[:MAX_KEY_LENGTH] or None,
        )
    except (DocumentParseError, actions.ValidationFailedError):
        return _page(request, submission, member, start, text, is_rejected=True)
    except (actions.RunAgainError, actions.IdempotencyConflictError, actions.RecoveryError) as error:
        return _page(request, submission, member, start, text, error=str(error), is_rejected=True)
    count = len(outcome.jobs)
    if outcome.approval:
        messages.success(request, f"Requested approval to run steps of {submission.name} again.")
    elif count:
        messages.success(request, f"Running {count} step{'s' * (count != 1)} of {submission.name} again.")
    else:
        messages.info(
            request, f"The steps of {submission.name} were already submitted again. Nothing was submitted twice."
        )
    return redirect(submission)


def _page(
    request: SignedInRequest,
    submission: Submission,
    member: Member,
    start: str,
    text: str | None = None,
    *,
    error: str = "",
    is_rejected: bool = False,
) -> HttpResponse:
    plan: RunAgainPlan | None = None
    result: ValidationResult | None = None
    steps_feedback: Feedback | None = None
    obstacle = ""
    try:
        plan = actions.plan_run_again(submission, start)
        result = actions.check_run_again(plan, member, text)
        steps_feedback = feedback.from_result(result)
    except DocumentParseError as parse_error:
        steps_feedback = feedback.from_parse_error(parse_error)
    except actions.RunAgainError as run_again_error:
        obstacle = str(run_again_error)
    page = {
        "member": member,
        "team": submission.team,
        "submission": submission,
        "start": start,
        "from_failed": FROM_FAILED,
        "all_steps": ALL_STEPS,
        "choices": reports.submission_steps(submission, MAX_CHOICES),
        "plan": plan,
        "steps": _repeated_steps(plan, result) if plan else [],
        "error": error or obstacle,
        "feedback": steps_feedback,
        "is_runnable": plan is not None and not obstacle,
        "text": _masked_text(plan) if text is None and plan else text or "",
        "is_edited": text is not None,
        "is_rejected": is_rejected,
        "request_key": to_text(new_id()),
        "current_page": "jobs",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    return render(request, "jobs/submissions/run_again.html", page, status=status)


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
    return json.dumps(redact(plan.document), indent=2, ensure_ascii=False) + "\n"
