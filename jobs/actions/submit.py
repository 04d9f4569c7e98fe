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
from jobs.actions.resolution import Target, job_ids, jobs_named
from jobs.actions.submission_estimate import Weight
from jobs.actions.validate import KeyReusedError, RecoveryError, Refused, Verdict, judge
from jobs.failpoints import reached
from jobs.models import Account, Approval, Job, JobDependency, JobTag, Source, StateChange, Submission, Team
from jobs.models.database_generation import keys_unknown_until
from jobs.models.ids import TEXT_LENGTH, from_text, made_at, to_text
from jobs.models.tag_secret import tag_digest
from jobs.policy.requests import propagates_tags
from jobs.pricing.estimate import JobEstimate, kept
from jobs.spec import effective
from jobs.spec.documents import Document
from jobs.spec.job_size import requested_size
from jobs.spec.masked_source import mask_mentions
from jobs.spec.redaction import redact_value
from jobs.spec.rules.workflow import WorkflowPlan, WorkflowStep, plan_workflow
from jobs.states import Delivery
from jobs.task_queue import ring

# AWS allows 128 characters: the job's own name, a dash, and the id.
LONGEST_SLUG = 128 - 1 - TEXT_LENGTH


def accept(
    text: str, member: Member, *, source: str, request_key: str | None = None, account: Account | None = None
) -> Submission:
    """Create a submission and its jobs in one transaction, and ring for their delivery after the commit.

    The same `request_key` returns the same submission. Raises NotADocument, Refused with the result of the
    validation, KeyReusedError if the key came with another text before, or RecoveryError while only AWS may know the
    key.
    """
    member.must("submit")
    with transaction.atomic():
        # Serialize submissions of a team, so that the quotas checked below still hold at the commit.
        team = Team.objects.select_for_update().get(pk=member.team.pk)
        text_hash = hashlib.sha256(text.encode()).hexdigest()
        request = _Request(team, request_key, text) if request_key else None
        if request and (submission_before := request.answered()):
            return submission_before
        result = judge(text, replace(member, team=team), account)
        if not result.ok or result.account is None:
            raise Refused(result)
        submission, jobs = _keep(text, member, result, result.account, source)
        if request:
            request.answer_with(submission)
        transaction.on_commit(partial(reached, "accepted"))
        if not result.approval:
            ring("deliver", result.account.pk, bell="deliver")
        audit.record(
            "run again" if source == Source.RERUN else "submit",
            person=member.user,
            team=team,
            about=submission,
            after=_told(submission, jobs, text_hash),
        )
        reached("accepting")
    return submission


class _Request:
    """A request with an idempotency key. The caller holds the lock of the team's row."""

    def __init__(self, team: Team, key: str, text: str) -> None:
        self.team = team
        self.key = key
        self.text_hash = hashlib.sha256(text.encode()).hexdigest()
        self.key_digest = tag_digest("key", team.pk, key)
        self.body_digest = tag_digest("body", team.pk, text)

    def answered(self) -> Submission | None:
        """Return the submission that was created with the key. Raises KeyReusedError or RecoveryError."""
        submission = self.team.submissions.filter(Q(request_key=self.key) | Q(key_digest=self.key_digest)).first()
        if submission is None:
            self._must_be_new()
            return None
        is_recovered = submission.request_key is None
        is_same = (
            submission.body_digest == self.body_digest if is_recovered else submission.request_hash == self.text_hash
        )
        if not is_same:
            raise KeyReusedError("This request key was used for another document.")
        if is_recovered:
            self.answer_with(submission)
        return submission

    def answer_with(self, submission: Submission) -> None:
        """Store the key with the submission."""
        submission.key_digest, submission.body_digest = self.key_digest, self.body_digest
        submission.request_key, submission.request_hash = self.key, self.text_hash
        submission.save(update_fields=["request_key", "request_hash", "key_digest", "body_digest"])

    def _must_be_new(self) -> None:
        """Raise RecoveryError if a backup was restored and the lost submissions may include this key."""
        window = keys_unknown_until(self.team)
        if window:
            since, until = window
            if not _made_after(self.key, since):
                raise RecoveryError(until)


def _made_after(key: str, time: datetime) -> bool:
    """Return whether the portal's forms or GET /key generated the key after that time."""
    try:
        return made_at(from_text(key[-TEXT_LENGTH:])) > time
    except ValueError:
        return False


def _keep(text: str, member: Member, result: Verdict, account: Account, source: str) -> tuple[Submission, list[Job]]:
    workflow = plan_workflow(result.reading.document)
    submission = Submission.objects.create(
        team=member.team,
        account=account,
        person=member.user,
        name=name_of(workflow),
        kind=result.reading.kind,
        source=source,
        text=text,
        document=result.reading.document,
        notes=notes_of(result),
        job_count=len(workflow.steps),
        estimate=result.weight.estimate.totals_as_json() if result.weight else {},
    )
    pairs = list(zip(workflow.steps, result.targets, strict=True))
    estimates = estimates_of(result)
    waiting_fields = {"delivery": Delivery.AWAITING, "delivery_note": waiting_note(result)} if result.approval else {}
    jobs = Job.objects.bulk_create(
        [
            job_of(submission, step, target, estimate, **waiting_fields)
            for (step, target), estimate in zip(pairs, estimates, strict=True)
        ]
    )
    JobDependency.objects.bulk_create(edges_of(jobs, workflow, member.team))
    JobTag.objects.bulk_create(tag_rows_of(pairs, jobs))
    StateChange.objects.bulk_create(
        StateChange(job=job, delivery=job.delivery, note=job.delivery_note, source="person") for job in jobs
    )
    if result.approval and result.weight:
        Approval.objects.create(submission=submission, team=member.team, **kept_of(result.weight))
    return submission, jobs


def _told(submission: Submission, jobs: list[Job], text_hash: str) -> dict[str, Any]:
    """Describe the submission for the audit log. The hash identifies the stored text."""
    return {
        "account": str(submission.account),
        "kind": submission.kind,
        "written as": submission.source,
        **audit.listed(
            "jobs",
            [{"name": job.name, "queue": job.queue.name, "definition": job.revision.pinned} for job in jobs],
        ),
        "sha256 of the text": text_hash,
    }


def waiting_note(result: Verdict) -> str:
    """Return the delivery note of jobs that wait for approval."""
    return " ".join(["It waits for approval.", *(reason.message for reason in result.approval)])


def kept_of(estimate: Weight) -> dict[str, Any]:
    """Return what an approval stores of the estimate: the reasons and the cost."""
    return {
        "reasons": [{"rule": reason.rule, "message": reason.message} for reason in estimate.reasons],
        "forecast": estimate.estimate.as_json(),
    }


def estimates_of(result: Verdict) -> Sequence[JobEstimate | None]:
    """Return one estimate for each job, in the order of the targets; None where there is none."""
    return result.weight.estimate.jobs if result.weight else [None] * len(result.targets)


def job_of(
    submission: Submission, step: WorkflowStep, target: Target, estimate: JobEstimate | None, **fields: Any
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
        at_most_usd=kept(estimate.at_most.usd) if estimate else None,
        at_most_vcpu_hours=kept(estimate.at_most.vcpu_hours) if estimate else None,
        **fields,
    )
    job.marker = marker_of(step.name, job.public_id)
    return job


def marker_of(name: str, public_id: UUID) -> str:
    """Return the job's name in AWS."""
    return f"{name[:LONGEST_SLUG]}-{to_text(public_id)}"


def edges_of(jobs: list[Job], workflow: WorkflowPlan, team: Team) -> list[JobDependency]:
    """Build the dependencies: on other steps, and on jobs named by their ids in AWS."""
    edges = [
        JobDependency(job=jobs[step.index], parent=jobs[edge.parent], kind=edge.type)
        for step in workflow.steps
        for edge in step.dependencies
    ]
    parents = jobs_named([step.document for step in workflow.steps], team)
    edges += [
        JobDependency(job=jobs[step.index], parent=parents[job_id], batch_id=job_id)
        for step in workflow.steps
        for job_id in job_ids(step.document)
        if job_id in parents
    ]
    return edges


def tag_rows_of(pairs: list[tuple[WorkflowStep, Target]], jobs: list[Job]) -> list[JobTag]:
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


def name_of(workflow: WorkflowPlan) -> str:
    first = workflow.steps[0].name
    rest = len(workflow.steps) - 1
    return f"{first[:100]} and {rest} more" if rest else first


def notes_of(result: Verdict) -> list[dict[str, str]]:
    """Return parser changes and warnings, to be stored with the submission."""
    document = result.reading.document
    changes = [
        {
            "pointer": change.pointer,
            "message": mask_mentions(change.message, document),
            "severity": "change",
            **({"by": change.rule_owner} if change.rule_owner else {}),
        }
        for change in result.reading.changes
    ]
    warnings = [
        {"pointer": problem.pointer, "message": problem.message, "severity": "warning"} for problem in result.warnings
    ]
    return [{**note, "message": mask_mentions(note["message"], document)} for note in (*changes, *warnings)]
