"""Creation of a submission: its rows, in one transaction.

A submission that needs approval becomes the same rows; no worker claims them before it is approved.
"""

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from jobs import audit
from jobs.access import Member
from jobs.actions.resolution import ResolvedJob, referenced_job_ids, referenced_jobs
from jobs.actions.submission_estimate import SubmissionEstimate
from jobs.actions.validate import (
    IdempotencyConflictError,
    RecoveryError,
    ValidationFailedError,
    ValidationResult,
    validate,
)
from jobs.failpoints import hit_failpoint
from jobs.models import Account, Approval, Job, JobDependency, JobTag, Source, StateChange, Submission, Team
from jobs.models.database_generation import unknown_keys_window
from jobs.models.ids import TEXT_LENGTH, from_text, timestamp_of, to_text
from jobs.models.tag_secret import tag_digest
from jobs.policy.requests import propagates_tags
from jobs.pricing.estimate import JobEstimate, stored_amount
from jobs.spec import effective
from jobs.spec.documents import Document
from jobs.spec.job_size import requested_size
from jobs.spec.masked_source import mask_mentions
from jobs.spec.redaction import redact_value
from jobs.spec.rules.workflow import WorkflowPlan, WorkflowStep, plan_workflow
from jobs.states import Delivery
from jobs.task_queue import enqueue_on_commit

# AWS allows 128 characters: the job's own name, a dash, and the id.
MAX_SLUG_LENGTH = 128 - 1 - TEXT_LENGTH


def submit(
    text: str, member: Member, *, source: str, request_key: str | None = None, account: Account | None = None
) -> Submission:
    """Create a submission and its jobs in one transaction, and enqueue their delivery after the commit.

    The same `request_key` returns the same submission. Raises DocumentParseError, ValidationFailedError with the
    result, IdempotencyConflictError if the key came with another text before, or RecoveryError while only AWS may
    know the key.
    """
    member.require("submit")
    with transaction.atomic():
        # Serialize submissions of a team, so that the quotas checked below still hold at the commit.
        team = Team.objects.select_for_update().get(pk=member.team.pk)
        text_hash = hashlib.sha256(text.encode()).hexdigest()
        request = _IdempotentRequest(team, request_key, text) if request_key else None
        if request and (submission_before := request.find_submission()):
            return submission_before
        result = validate(text, replace(member, team=team), account)
        if not result.is_valid or result.account is None:
            raise ValidationFailedError(result)
        submission, jobs = _create_rows(text, member, result, result.account, source)
        if request:
            request.attach(submission)
        transaction.on_commit(partial(hit_failpoint, "accepted"))
        if not result.approval_reasons:
            enqueue_on_commit("deliver", result.account.pk, queue="deliver")
        audit.record(
            "run again" if source == Source.RERUN else "submit",
            person=member.user,
            team=team,
            target=submission,
            after=_audit_summary(submission, jobs, text_hash),
        )
        hit_failpoint("accepting")
    return submission


class _IdempotentRequest:
    """A request with an idempotency key. The caller holds the lock of the team's row."""

    def __init__(self, team: Team, key: str, text: str) -> None:
        self.team = team
        self.key = key
        self.text_hash = hashlib.sha256(text.encode()).hexdigest()
        self.key_digest = tag_digest("key", team.pk, key)
        self.body_digest = tag_digest("body", team.pk, text)

    def find_submission(self) -> Submission | None:
        """Return the submission that was created with the key. Raises IdempotencyConflictError or RecoveryError."""
        submission = self.team.submissions.filter(Q(request_key=self.key) | Q(key_digest=self.key_digest)).first()
        if submission is None:
            self._check_not_in_doubt()
            return None
        is_recovered = submission.request_key is None
        is_same = (
            submission.body_digest == self.body_digest if is_recovered else submission.request_hash == self.text_hash
        )
        if not is_same:
            raise IdempotencyConflictError("This request key was used for another document.")
        if is_recovered:
            self.attach(submission)
        return submission

    def attach(self, submission: Submission) -> None:
        """Store the key with the submission."""
        submission.key_digest, submission.body_digest = self.key_digest, self.body_digest
        submission.request_key, submission.request_hash = self.key, self.text_hash
        submission.save(update_fields=["request_key", "request_hash", "key_digest", "body_digest"])

    def _check_not_in_doubt(self) -> None:
        """Raise RecoveryError if a backup was restored and the lost submissions may include this key."""
        window = unknown_keys_window(self.team)
        if window:
            since, until = window
            if not _is_newer(self.key, since):
                raise RecoveryError(until)


def _is_newer(key: str, time: datetime) -> bool:
    """Return whether the portal's forms or GET /key generated the key after that time."""
    try:
        return timestamp_of(from_text(key[-TEXT_LENGTH:])) > time
    except ValueError:
        return False


def _create_rows(
    text: str, member: Member, result: ValidationResult, account: Account, source: str
) -> tuple[Submission, list[Job]]:
    workflow = plan_workflow(result.parse_result.document)
    submission = Submission.objects.create(
        team=member.team,
        account=account,
        person=member.user,
        name=submission_name(workflow),
        kind=result.parse_result.kind,
        source=source,
        text=text,
        document=result.parse_result.document,
        notes=submission_notes(result),
        job_count=len(workflow.steps),
        estimate=result.estimate.cost.totals_as_json() if result.estimate else {},
    )
    pairs = list(zip(workflow.steps, result.resolved_jobs, strict=True))
    estimates = job_estimates(result)
    waiting_fields = (
        {"delivery": Delivery.AWAITING, "delivery_note": approval_note(result)} if result.approval_reasons else {}
    )
    jobs = Job.objects.bulk_create(
        [
            build_job(submission, step, target, estimate, **waiting_fields)
            for (step, target), estimate in zip(pairs, estimates, strict=True)
        ]
    )
    JobDependency.objects.bulk_create(build_dependencies(jobs, workflow, member.team))
    JobTag.objects.bulk_create(build_tags(pairs, jobs))
    StateChange.objects.bulk_create(
        StateChange(job=job, delivery=job.delivery, note=job.delivery_note, source="person") for job in jobs
    )
    if result.approval_reasons and result.estimate:
        Approval.objects.create(submission=submission, team=member.team, **approval_snapshot(result.estimate))
    return submission, jobs


def _audit_summary(submission: Submission, jobs: list[Job], text_hash: str) -> dict[str, Any]:
    """Describe the submission for the audit log. The hash identifies the stored text."""
    return {
        "account": str(submission.account),
        "kind": submission.kind,
        "written as": submission.source,
        **audit.truncate_list(
            "jobs",
            [{"name": job.name, "queue": job.queue.name, "definition": job.revision.qualified_name} for job in jobs],
        ),
        "sha256 of the text": text_hash,
    }


def approval_note(result: ValidationResult) -> str:
    """Return the delivery note of jobs that wait for approval."""
    return " ".join(["It waits for approval.", *(reason.message for reason in result.approval_reasons)])


def approval_snapshot(estimate: SubmissionEstimate) -> dict[str, Any]:
    """Return what an approval stores of the estimate: the reasons and the cost."""
    return {
        "reasons": [{"rule": reason.rule, "message": reason.message} for reason in estimate.reasons],
        "forecast": estimate.cost.as_json(),
    }


def job_estimates(result: ValidationResult) -> Sequence[JobEstimate | None]:
    """Return one estimate for each job, in the order of the targets; None where there is none."""
    return result.estimate.cost.jobs if result.estimate else [None] * len(result.resolved_jobs)


def build_job(
    submission: Submission, step: WorkflowStep, target: ResolvedJob, estimate: JobEstimate | None, **fields: Any
) -> Job:
    document = copy.deepcopy(step.document)
    tags = document.pop("tags", {})
    definition = target.revision.document if target.revision else {}
    size = requested_size(definition, document)
    if propagates_tags(definition, document) is None and size.platform != "EKS":
        document["propagateTags"] = True  # puts the tags on the bill; Batch allows it for ECS only
    job = Job(
        submission=submission,
        team=submission.team,
        account=submission.account,
        queue=target.queue,
        revision=target.revision,
        definition=target.revision.definition if target.revision else None,
        position=step.index,
        name=step.name,
        document=document,
        tags=tags,
        array_size=_array_size(document),
        **Job.size_fields(size),
        at_most_usd=stored_amount(estimate.at_most.usd) if estimate else None,
        at_most_vcpu_hours=stored_amount(estimate.at_most.vcpu_hours) if estimate else None,
        **fields,
    )
    job.marker = batch_job_name(step.name, job.public_id)
    return job


def batch_job_name(name: str, public_id: UUID) -> str:
    """Return the job's name in AWS."""
    return f"{name[:MAX_SLUG_LENGTH]}-{to_text(public_id)}"


def build_dependencies(jobs: list[Job], workflow: WorkflowPlan, team: Team) -> list[JobDependency]:
    """Build the dependencies: on other steps, and on jobs named by their ids in AWS."""
    edges = [
        JobDependency(job=jobs[step.index], parent=jobs[edge.parent], kind=edge.type)
        for step in workflow.steps
        for edge in step.dependencies
    ]
    parents = referenced_jobs([step.document for step in workflow.steps], team)
    edges += [
        JobDependency(job=jobs[step.index], parent=parents[job_id], batch_id=job_id)
        for step in workflow.steps
        for job_id in referenced_job_ids(step.document)
        if job_id in parents
    ]
    return edges


def build_tags(pairs: list[tuple[WorkflowStep, ResolvedJob]], jobs: list[Job]) -> list[JobTag]:
    """Build the rows by which jobs are searched, listed and summed. Secret values are masked."""
    return [
        JobTag(job=job, team=job.team, key=key, value=redact_value(key, value))
        for job, (step, target) in zip(jobs, pairs, strict=True)
        for key, value in effective.merge_tags(
            target.revision.document if target.revision else {}, step.document
        ).items()
    ]


def _array_size(document: Document) -> int | None:
    size: Any = document.get("arrayProperties", {}).get("size")
    return size if isinstance(size, int) else None


def submission_name(workflow: WorkflowPlan) -> str:
    first = workflow.steps[0].name
    rest = len(workflow.steps) - 1
    return f"{first[:100]} and {rest} more" if rest else first


def submission_notes(result: ValidationResult) -> list[dict[str, str]]:
    """Return parser changes and warnings, to be stored with the submission."""
    document = result.parse_result.document
    changes = [
        {
            "pointer": change.pointer,
            "message": mask_mentions(change.message, document),
            "severity": "change",
            **({"by": change.rule_owner} if change.rule_owner else {}),
        }
        for change in result.parse_result.changes
    ]
    warnings = [
        {"pointer": problem.pointer, "message": problem.message, "severity": "warning"} for problem in result.warnings
    ]
    return [{**note, "message": mask_mentions(note["message"], document)} for note in (*changes, *warnings)]
