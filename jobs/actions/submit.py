"""Creation of a submission."""

import copy
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from jobs import audit
from jobs.access import Member
from jobs.actions.resolution import ResolvedJob, referenced_job_ids, referenced_jobs
from jobs.actions.revalidate import revalidate
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
from jobs.models.submission import OnRefusal
from jobs.models.tag_secret import tag_digests
from jobs.policy.approval import ApprovalReason
from jobs.policy.requests import propagates_tags
from jobs.pricing.estimate import JobEstimate, stored_amount
from jobs.spec import effective
from jobs.spec.documents import Document
from jobs.spec.job_size import requested_size
from jobs.spec.masked_source import mask_mentions
from jobs.spec.parsing.parser import ParseResult, parse
from jobs.spec.redaction import redact_value
from jobs.spec.rules.workflow import WorkflowPlan, WorkflowStep, plan_workflow
from jobs.spec.workflow_name import workflow_name
from jobs.states import Delivery
from jobs.task_queue import enqueue_on_commit

# AWS allows 128 characters: the job's own name, a dash, and the id.
MAX_SLUG_LENGTH = 128 - 1 - TEXT_LENGTH


def submit(
    source_text: str | ParseResult,
    member: Member,
    *,
    source: str,
    request_key: str | None = None,
    account: Account | None = None,
    on_refusal: str = OnRefusal.STOP,
) -> Submission:
    """Create a submission; the same `request_key` returns the same one. Delivery is enqueued after the commit.

    Raise DocumentParseError, ValidationFailedError, IdempotencyConflictError if the key came with another text, or
    RecoveryError while only AWS may know the key.
    """
    member.require("submit")
    text = source_text if isinstance(source_text, str) else source_text.text
    request = _IdempotentRequest(member.team, request_key, text) if request_key else None
    if request and (earlier := request.matching_submission()):
        return earlier
    reading = parse(source_text) if isinstance(source_text, str) else source_text
    try:
        return _submit(text, reading, member, source, request=request, account=account, on_refusal=on_refusal)
    except (ValidationFailedError, IntegrityError):
        # The same request may have been accepted meanwhile, which has the key now, and may have used up a quota.
        if request and (earlier := request.find_submission()):
            return earlier
        raise


def _submit(
    text: str,
    reading: ParseResult,
    member: Member,
    source: str,
    *,
    request: "_IdempotentRequest | None",
    account: Account | None,
    on_refusal: str,
) -> Submission:
    """Raise IntegrityError if another request with the key was first."""
    result = validate(reading, member, account)
    if not result.is_valid or result.account is None:
        raise ValidationFailedError(result)
    new = _NewSubmission(text, member, result, source, request)
    new.submission.on_refusal = on_refusal
    with transaction.atomic():
        # Serialize submissions of a team, so that the quotas checked below still hold at the commit.
        team = Team.objects.select_for_update().get(pk=member.team.pk)
        if request:
            request.check_not_in_doubt()
        current = revalidate(result, reading, replace(member, team=team), account)
        if not current.is_valid or current.account is None:
            raise ValidationFailedError(current)
        if current.resolved_jobs is not result.resolved_jobs:
            new = _NewSubmission(text, member, current, source, request)
            new.submission.on_refusal = on_refusal
        new.save(current.estimate)
        transaction.on_commit(partial(hit_failpoint, "accepted"))
        if not current.approval_reasons:
            enqueue_on_commit("deliver", current.account.pk, queue="deliver")
        audit.record(
            "run again" if source == Source.RERUN else "submit",
            person=member.user,
            team=team,
            target=new.submission,
            after=_audit_summary(new.submission, new.jobs, hashlib.sha256(text.encode()).hexdigest()),
        )
        hit_failpoint("accepting")
    return new.submission


class _IdempotentRequest:
    """Only the unique constraints say for certain that it is new."""

    def __init__(self, team: Team, key: str, text: str) -> None:
        self.team = team
        self.key = key
        self.text_hash = hashlib.sha256(text.encode()).hexdigest()
        self.key_digest, self.body_digest = tag_digests(team.pk, ("key", key), ("body", text))

    def find_submission(self) -> Submission | None:
        """Raise IdempotencyConflictError or RecoveryError."""
        submission = self.matching_submission()
        if submission is None:
            self.check_not_in_doubt()
        return submission

    def matching_submission(self) -> Submission | None:
        """Raise IdempotencyConflictError."""
        submission = self.team.submissions.filter(Q(request_key=self.key) | Q(key_digest=self.key_digest)).first()
        if submission is None:
            return None
        is_recovered = submission.request_key is None
        is_same = (
            submission.body_digest == self.body_digest if is_recovered else submission.request_hash == self.text_hash
        )
        if not is_same:
            raise IdempotencyConflictError(
                "This idempotency key was already used for another document. Use a new key for each new request."
            )
        if is_recovered:
            Submission.objects.filter(pk=submission.pk).update(**self.fields())
            submission.refresh_from_db()
        submission.is_repeat = True
        return submission

    def fields(self) -> dict[str, str]:
        return {
            "request_key": self.key,
            "request_hash": self.text_hash,
            "key_digest": self.key_digest,
            "body_digest": self.body_digest,
        }

    def check_not_in_doubt(self) -> None:
        """Raise RecoveryError if a lost submission may have this key."""
        window = unknown_keys_window(self.team)
        if window:
            since, until = window
            if not _is_newer(self.key, since):
                raise RecoveryError(until)


def _is_newer(key: str, time: datetime) -> bool:
    try:
        return timestamp_of(from_text(key[-TEXT_LENGTH:])) > time
    except ValueError:
        return False


class _NewSubmission:
    def __init__(
        self,
        text: str,
        member: Member,
        result: ValidationResult,
        source: str,
        request: _IdempotentRequest | None,
    ) -> None:
        workflow = plan_workflow(result.parse_result.document)
        pairs = list(zip(workflow.steps, result.resolved_jobs, strict=True))
        self.submission = Submission(
            team=member.team,
            account=result.account,
            person=member.user,
            name=submission_name(result.parse_result.document, workflow),
            kind=result.parse_result.kind,
            source=source,
            text=text,
            document=result.parse_result.document,
            notes=submission_notes(result),
            job_count=len(workflow.steps),
            estimate=result.estimate.cost.totals_as_json() if result.estimate else {},
            **(request.fields() if request else {}),
        )
        self.jobs = [
            build_job(self.submission, step, target, estimate)
            for (step, target), estimate in zip(pairs, job_estimates(result), strict=True)
        ]
        self._dependencies = build_dependencies(self.jobs, workflow, member.team)
        self._tags = build_tags(pairs, self.jobs)

    def save(self, estimate: SubmissionEstimate | None) -> None:
        if reasons := estimate.reasons if estimate else ():
            for job in self.jobs:
                job.delivery, job.delivery_note = Delivery.AWAITING, approval_note(reasons)
        self.submission.save(force_insert=True)
        Job.objects.bulk_create(self.jobs)
        JobDependency.objects.bulk_create(self._dependencies)
        JobTag.objects.bulk_create(self._tags)
        StateChange.objects.bulk_create(
            StateChange(job=job, delivery=job.delivery, note=job.delivery_note, source="person") for job in self.jobs
        )
        if estimate and reasons:
            Approval.objects.create(
                submission=self.submission, team=self.submission.team, **approval_snapshot(estimate)
            )


def _audit_summary(submission: Submission, jobs: list[Job], text_hash: str) -> dict[str, Any]:
    return {
        "account": str(submission.account),
        "kind": submission.kind,
        "source": submission.source,
        **audit.truncate_list(
            "jobs",
            [{"name": job.name, "queue": job.queue.name, "definition": job.revision.qualified_name} for job in jobs],
        ),
        "document SHA-256": text_hash,
    }


def approval_note(reasons: Iterable[ApprovalReason]) -> str:
    return " ".join(reason.message for reason in reasons)


def approval_snapshot(estimate: SubmissionEstimate) -> dict[str, Any]:
    return {
        "reasons": [{"rule": reason.rule, "message": reason.message} for reason in estimate.reasons],
        "forecast": estimate.cost.as_json(),
    }


def job_estimates(result: ValidationResult) -> Sequence[JobEstimate | None]:
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
        step=step.index,
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
    return f"{name[:MAX_SLUG_LENGTH]}-{to_text(public_id)}"


def build_dependencies(jobs: list[Job], workflow: WorkflowPlan, team: Team) -> list[JobDependency]:
    edges = [
        JobDependency(job=jobs[step.index], parent=jobs[edge.parent], kind=edge.type, condition=edge.condition)
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
    """Build rows with secret values masked."""
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


def submission_name(document: Document, workflow: WorkflowPlan) -> str:
    return workflow_name(document, [step.name for step in workflow.steps])


def submission_notes(result: ValidationResult) -> list[dict[str, str]]:
    document = result.parse_result.document
    changes = [
        {**change.as_json(), "severity": "change", **({"by": change.rule_owner} if change.rule_owner else {})}
        for change in result.parse_result.changes
    ]
    # A fix may quote a secret, so none is stored.
    warnings = [
        {key: value for key, value in problem.as_json().items() if key != "fix"} for problem in result.warnings
    ]
    return [{**note, "message": mask_mentions(note["message"], document)} for note in (*changes, *warnings)]
