"""Approvals of submissions.

Neither the requester nor anyone whose edit escalated the request may approve it, even if undone since. Every
transition locks the team row; a conditional UPDATE decides races.
"""

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from jobs import audit
from jobs.access import Member
from jobs.actions import rerun_requests
from jobs.actions.new_jobs import (
    JobDetails,
    approval_snapshot,
    batch_job_name,
    build_jobs,
    insert_jobs,
)
from jobs.actions.reruns import RunAgainError, add_jobs, job_entries
from jobs.actions.submission_estimate import SubmissionEstimate, compare_with_thresholds, estimate_submission
from jobs.actions.submit import submission_name, submission_notes
from jobs.actions.validate import RecoveryError, ValidationFailedError, ValidationResult, job_request, validate
from jobs.models import (
    Approval,
    ApprovalEdit,
    Decision,
    Job,
    JobDependency,
    JobTag,
    JobText,
    Membership,
    Rerun,
    StateChange,
    Submission,
    Team,
)
from jobs.models.database_generation import unknown_keys_window
from jobs.models.job import SIZE_FIELDS
from jobs.policy.approval import ApprovalReason, escalations
from jobs.pricing.estimate import CostEstimate
from jobs.pricing.run_statistics import RunHistory, run_statistics
from jobs.spec.diff import diff_documents
from jobs.spec.documents import DocumentKind, list_at
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.problems import Problem
from jobs.spec.rules.workflow import plan_workflow
from jobs.states import Delivery
from jobs.task_queue import enqueue_on_commit

MAX_COMMENT_LENGTH = 1000
# Positions are unique, so they change in two steps; the first adds this.
POSITION_OFFSET = 1_000_000
# Rows of one bulk UPDATE, which names each row in every field.
ROW_BATCH_SIZE = 200
DOCUMENT_FIELDS = (
    "queue",
    "revision",
    "definition",
    "position",
    "step",
    "name",
    "marker",
    "document",
    "tags",
    "array_size",
    *SIZE_FIELDS,
    "at_most_usd",
    "at_most_vcpu_hours",
    "delivery_note",
)


class StaleApprovalError(Exception):
    """Another decision or edit came first."""


def why_cannot_approve(approval: Approval, member: Member) -> str:
    if not member.can("approve"):
        return member.refusal_message("approve")
    if approval.requester_id == member.user.pk:
        return "You can't approve your own request."
    if approval.is_escalated_by(member.user):
        return "Your edit needs another approver. Another lead or an administrator must approve this request."
    return ""


def approve(approval: Approval, member: Member, version: int) -> None:
    """Raise PermissionDenied, StaleApprovalError or ValidationFailedError; the request then goes on waiting.

    For jobs that run again also RunAgainError, IndexRerunError or RecoveryError.
    """
    _deny_if(why_cannot_approve(approval, member))
    with transaction.atomic():
        approval = _lock(approval)
        _deny_if(why_cannot_approve(approval, member))
        if approval.rerun:
            _approve_rerun(approval, approval.rerun, member, version)
            return
        result = _check_requester(_revalidate(approval.submission, member, _requester_role(approval)), approval)
        if not result.is_valid:
            raise ValidationFailedError(result)
        _store_estimate(approval)
        _decide(approval, member, version, Decision.APPROVED)
        _release_jobs(approval, member, "Approved by")
        _record("approve", approval, member)


def _approve_rerun(approval: Approval, rerun: Rerun, member: Member, version: int) -> None:
    if not approval.is_waiting or approval.version != version:
        raise StaleApprovalError(_stale_message(approval))  # before what says that the jobs have changed
    if window := unknown_keys_window(approval.team):  # approved before a restore, the jobs may be in AWS
        raise RecoveryError(window[1])
    plan = rerun_requests.plan_rerun(rerun)
    before = {**job_entries(entry.job for entry in plan.repeated)}
    result = _check_requester(rerun_requests.validate_rerun(approval, member, rerun.text), approval)
    if not result.is_valid or result.estimate is None:
        raise ValidationFailedError(result)
    Approval.objects.filter(pk=approval.pk).update(forecast=result.estimate.cost.as_json())
    _decide(approval, member, version, Decision.APPROVED)
    note = f"{plan.note(approval.requester.display_name)} Approved by {member.user.display_name}."
    jobs = add_jobs(plan, result, rerun, note.strip())
    _record("approve", approval, member, before=before, after={**job_entries(jobs)})


def decline(approval: Approval, member: Member, version: int, reason: str) -> None:
    """Raise PermissionDenied, StaleApprovalError or ValueError."""
    reason = " ".join(reason.split())[:MAX_COMMENT_LENGTH]
    if not reason:
        raise ValueError("Enter a reason, so that the requester can change the request.")
    member.require("approve")
    if approval.requester_id == member.user.pk:
        raise PermissionDenied("You can't decline your own request. Withdraw it instead.")
    with transaction.atomic():
        approval = _lock(approval)
        _decide(approval, member, version, Decision.DECLINED, comment=reason)
        note = f"Declined by {member.user.display_name}: {reason}"
        jobs = list(approval.submission.jobs.filter(delivery=Delivery.AWAITING))
        approval.submission.jobs.filter(delivery=Delivery.AWAITING).update(
            delivery=Delivery.DECLINED, delivery_note=note, ended_at=now()
        )
        _record_changes(jobs, Delivery.DECLINED, note)
        _record("decline", approval, member, after={"why": reason})


def withdraw(approval: Approval, member: Member) -> None:
    """Withdraw a request for jobs to run again. Raise PermissionDenied or StaleApprovalError."""
    member.require("stop")
    with transaction.atomic():
        approval = _lock(approval)
        _decide(approval, member, approval.version, Decision.WITHDRAWN)
        _record("withdraw", approval, member)


def preview_edit(approval: Approval, member: Member, text: str) -> tuple[ValidationResult, list[ApprovalReason]]:
    """Return also why its author could not approve it. Raise DocumentParseError."""
    result = _validate_edit(approval, member, text)
    if not result.is_valid or result.estimate is None:
        return result, []
    before = _estimate_request(approval, member, result)
    # The other jobs of today count of the person of the submission, not of the editor.
    after = compare_with_thresholds(result.estimate, approval.team, approval.submission.person)
    return replace(result, estimate=after), escalations(before.summary, after.summary)


def _validate_edit(approval: Approval, member: Member, text: str) -> ValidationResult:
    if approval.rerun is None:
        result = validate(text, member, approval.submission.account)
        if result.parse_result.kind is DocumentKind.DEFINITION:
            raise DocumentParseError("This is a job definition, but the request is for a job or a workflow.")
        return result
    if approval.rerun.array_job:
        raise DocumentParseError("A request for child jobs can't be edited. Decline it instead.")
    try:
        return rerun_requests.validate_rerun(approval, member, text)
    except RunAgainError as error:
        raise DocumentParseError(str(error)) from None


def _estimate_request(approval: Approval, member: Member, edited: ValidationResult) -> SubmissionEstimate:
    """Estimate the request before an edit. One that isn't valid any more is worth nothing, so any edit escalates."""
    if approval.rerun is None:
        return _estimate_jobs(approval.submission, edited.statistics.history)
    before = rerun_requests.validate_rerun(approval, member, approval.rerun.text)
    return before.estimate or estimate_submission((), approval.submission.account, approval.team, RunHistory())


def current_estimate(approval: Approval) -> CostEstimate | None:
    """Estimate a waiting submission at today's rates and run times, as an edit of it does. None if nothing waits."""
    if not approval.is_waiting or approval.rerun_id:
        return None
    estimate = _estimate_jobs(approval.submission)
    return estimate.cost if estimate.summary.requests else None


def estimate_totals(submission: Submission, approval: Approval | None) -> dict[str, Any]:
    """Return the expected and maximum cost as pages show them: while the request waits, those of now."""
    cost = current_estimate(approval) if approval else None
    return cost.totals_as_json() if cost else submission.estimate


def edit_request(approval: Approval, member: Member, version: int, text: str) -> bool:
    """Return False if the edit waits for someone else. Raise as `approve`, or DocumentParseError."""
    member.require("approve")
    if approval.requester_id == member.user.pk:
        raise PermissionDenied("You can't edit your own request. Withdraw it and submit it again.")
    with transaction.atomic():
        approval = _lock(approval)
        request = approval.request
        result, escalation_reasons = preview_edit(approval, member, text)
        result = _check_requester(result, approval)
        if not result.is_valid or result.estimate is None:
            raise ValidationFailedError(result)
        changes = [
            difference.sentence for difference in diff_documents(request.document, result.parse_result.document)
        ]
        fields: dict[str, Any] = {"version": F("version") + 1, **approval_snapshot(result.estimate)}
        if not Approval.objects.waiting().filter(pk=approval.pk, version=version).update(**fields):
            raise StaleApprovalError(_stale_message(approval))
        approval.version = version + 1
        ApprovalEdit.objects.create(
            approval=approval,
            editor=member.user,
            before=request.text,
            after=text,
            changes=changes,
            escalations=[reason.message for reason in escalation_reasons],
        )
        note = f"Changed by {member.user.display_name}. Waiting for approval by another lead or an administrator."
        before = {"document": request.document}
        _rewrite_request(request, text, result, note)
        _record("change", approval, member, before=before, after={"document": request.document})
        if why_cannot_approve(approval, member):
            awaiting_jobs = approval.submission.jobs.filter(delivery=Delivery.AWAITING)
            _record_changes(awaiting_jobs, Delivery.AWAITING, note)
            return False
        if approval.rerun:
            _approve_rerun(approval, approval.rerun, member, approval.version)
            return True
        _decide(approval, member, approval.version, Decision.APPROVED)
        _release_jobs(approval, member, "Edited and approved by")
        _record("approve", approval, member)
    return True


def _record(
    action: audit.AuditAction,
    approval: Approval,
    member: Member,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        action, person=member.user, team=approval.team, target=approval.submission, before=before, after=after
    )


def _deny_if(obstacle: str) -> None:
    if obstacle:
        raise PermissionDenied(obstacle)


def _lock(approval: Approval) -> Approval:
    Team.objects.select_for_update().get(pk=approval.team_id)
    return Approval.objects.with_request().get(pk=approval.pk)


def _decide(approval: Approval, member: Member, version: int, decision: Decision, *, comment: str = "") -> None:
    approvals = Approval.objects.waiting().filter(pk=approval.pk, version=version)
    if not approvals.update(decision=decision, decided_by=member.user, decided_at=now(), comment=comment):
        raise StaleApprovalError(_stale_message(approval))


def _stale_message(approval: Approval) -> str:
    if approval.is_waiting:
        return "The request has changed in the meantime. Review it again before you decide."
    decider = f" by {approval.decided_by.display_name}" if approval.decided_by else ""
    return f"The request was {approval.get_decision_display().lower()}{decider} in the meantime. Nothing was changed."


def _release_jobs(approval: Approval, member: Member, prefix: str) -> None:
    """Reset `accepted_at`: waiting for approval is no delivery latency."""
    note = f"{prefix} {member.user.display_name}."
    jobs = approval.submission.jobs.filter(delivery=Delivery.AWAITING)
    jobs.update(delivery=Delivery.ACCEPTED, delivery_note=note, accepted_at=now())
    # No other job of the submission was ACCEPTED before, and none leaves that state before the commit.
    _record_changes(approval.submission.jobs.filter(delivery=Delivery.ACCEPTED), Delivery.ACCEPTED, note)
    enqueue_on_commit("deliver", approval.submission.account_id, queue="deliver")


def _record_changes(jobs: Iterable[Job], delivery: Delivery, note: str) -> None:
    StateChange.objects.bulk_create(
        StateChange(job=job, delivery=delivery, note=note, source="person") for job in jobs
    )


# -- Validation and estimate


def _revalidate(submission: Submission, member: Member, role: str) -> ValidationResult:
    """`role`: that of the requester, whose submission it is."""
    document = copy.deepcopy(submission.document)
    steps = list_at(document, "jobs") if submission.kind == DocumentKind.WORKFLOW else [document]
    jobs = submission.jobs.select_related("queue", "revision__definition")
    for job in jobs:
        if job.step < len(steps):
            steps[job.step]["jobQueue"] = job.queue.arn or job.queue.name
            steps[job.step]["jobDefinition"] = job.revision.qualified_name
    member = replace(member, team=submission.team, role=role)
    is_form = submission.form_version_id is not None
    return validate(json.dumps(document), member, submission.account, is_form=is_form)


def _check_requester(result: ValidationResult, approval: Approval) -> ValidationResult:
    person, team = approval.requester, approval.team
    if person.is_active and Member(person, team, _requester_role(approval)).can("submit"):
        return result
    message = f"{person.display_name}, who made the request, can no longer submit for {team}."
    problem = Problem("", message, rule="policy.requester-may-not-submit")
    return replace(result, problems=(*result.problems, problem))


def _requester_role(approval: Approval) -> str:
    rows = Membership.objects.filter(user=approval.requester, team=approval.team)
    return rows.values_list("role", flat=True).first() or ""


def _estimate_jobs(submission: Submission, history: RunHistory | None = None) -> SubmissionEstimate:
    jobs = submission.jobs.filter(delivery=Delivery.AWAITING).select_related("queue", "revision__definition")
    requests = [
        (
            job.name,
            job_request({**job.document, "tags": job.tags}, job.queue, job.revision, job.revision.document),
            job.revision,
        )
        for job in jobs.order_by("position")
    ]
    if history is None:
        definitions = {revision.definition_id for _, _, revision in requests}
        history = run_statistics(submission.team, (), definitions, with_commands=True).history
    return estimate_submission(requests, submission.account, submission.team, history)


def _store_estimate(approval: Approval) -> None:
    """Keep the figures that the approver saw."""
    if cost := current_estimate(approval):
        Approval.objects.filter(pk=approval.pk).update(forecast=cost.as_json())
        Submission.objects.filter(pk=approval.submission_id).update(estimate=cost.totals_as_json())


# -- Rows


def _rewrite_request(request: Submission | Rerun, text: str, result: ValidationResult, note: str) -> None:
    if isinstance(request, Submission):
        _rewrite_submission(request, text, result, note)
        return
    request.text, request.document = text, result.parse_result.document
    request.save(update_fields=["text", "document"])


def _rewrite_submission(submission: Submission, text: str, result: ValidationResult, note: str) -> None:
    """Keep row and id of a job with the same name; withdrawn jobs stay withdrawn."""
    document = result.parse_result.document
    workflow = plan_workflow(document)
    if submission.name == submission_name(submission.document):  # not renamed
        submission.name = submission_name(document)
    submission.text, submission.document, submission.notes = text, document, submission_notes(result)
    submission.kind = result.parse_result.kind
    submission.estimate = result.estimate.cost.totals_as_json() if result.estimate else {}
    old_jobs = list(submission.jobs.order_by("-position"))
    jobs_by_name = {job.name: job for job in old_jobs}
    if len(jobs_by_name) == len(workflow.steps) == 1:
        jobs_by_name = dict(zip([workflow.steps[0].name], jobs_by_name.values(), strict=True))
    waiting_fields = {"delivery": Delivery.AWAITING, "delivery_note": note}
    submission.jobs.update(position=F("position") + POSITION_OFFSET, step=F("step") + POSITION_OFFSET)
    # By ids: with a condition on the submission, PostgreSQL may read both tables for each row.
    ids = [job.pk for job in old_jobs]
    JobDependency.objects.filter(job__in=ids).delete()
    JobTag.objects.filter(job__in=ids).delete()
    jobs = [
        _merge_row(jobs_by_name.pop(job.name, None), job)
        for job in build_jobs(submission, workflow.steps, result, **waiting_fields)
    ]
    _remove_jobs(list(jobs_by_name.values()), len(jobs))
    Job.objects.bulk_update([job for job in jobs if job.pk], DOCUMENT_FIELDS, batch_size=ROW_BATCH_SIZE)
    if new_jobs := [job for job in jobs if not job.pk]:
        insert_jobs(submission, new_jobs)
    JobText.objects.filter(job__in=[job.pk for job in jobs]).delete()
    JobDetails(workflow.steps, result.resolved_jobs, submission.team).insert(jobs)
    submission.job_count = submission.jobs.count()
    submission.save(update_fields=["text", "document", "notes", "kind", "name", "job_count", "estimate"])


def _merge_row(row: Job | None, new: Job) -> Job:
    if row is None:
        return new
    row.position, row.step = new.position, new.step
    if row.delivery == Delivery.AWAITING:
        new.marker = batch_job_name(new.name, row.public_id)
        for field in DOCUMENT_FIELDS:
            setattr(row, field, getattr(new, field))
    return row


def _remove_jobs(jobs: Sequence[Job], position: int) -> None:
    removed_jobs = [job for job in jobs if job.delivery == Delivery.AWAITING]
    Job.objects.filter(pk__in=[job.pk for job in removed_jobs], delivery=Delivery.AWAITING).delete()
    kept_jobs = [job for job in jobs if job.delivery != Delivery.AWAITING]
    for new_position, job in enumerate(kept_jobs, start=position):
        job.position = job.step = new_position
    Job.objects.bulk_update(kept_jobs, ["position", "step"], batch_size=ROW_BATCH_SIZE)
