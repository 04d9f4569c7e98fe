"""Jobs added to a submission: all of a new one, or those that run steps or array indexes again."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from jobs.access import Member
from jobs.actions.resolution import ResolvedJob, referenced_job_ids, referenced_jobs
from jobs.actions.submission_estimate import SubmissionEstimate
from jobs.actions.validate import ValidationResult
from jobs.failpoints import hit_failpoint
from jobs.models import Approval, Job, JobDependency, JobTag, Rerun, StateChange, Submission, Team
from jobs.models.ids import TEXT_LENGTH, to_text
from jobs.policy.approval import ApprovalReason
from jobs.policy.requests import propagates_tags
from jobs.pricing.estimate import JobEstimate, stored_amount
from jobs.spec import effective
from jobs.spec.documents import Document
from jobs.spec.job_size import requested_size
from jobs.spec.redaction import redact_value
from jobs.spec.rules.workflow import WorkflowPlan, WorkflowStep, plan_workflow
from jobs.states import Delivery
from jobs.task_queue import enqueue_on_commit

# AWS allows 128 characters: the job's own name, a dash, and the id.
MAX_SLUG_LENGTH = 128 - 1 - TEXT_LENGTH


@dataclass(frozen=True)
class RepeatedJob:
    """What a new job runs again: the step of an earlier job, or an index of an array."""

    job: Job
    array_index: int | None = None


def lock_team(member: Member) -> Member:
    """Return the member with the team of now. Call it in a transaction.

    What adds jobs waits for the lock, so that quotas and states that are checked under it still hold at the commit.
    """
    return replace(member, team=Team.objects.select_for_update().get(pk=member.team.pk))


class NewJobs:
    """The jobs of a document for a submission. `repeated` has one entry for each if they run again."""

    def __init__(
        self,
        submission: Submission,
        result: ValidationResult,
        repeated: Sequence[RepeatedJob] = (),
        *,
        rerun: Rerun | None = None,
        note: str = "",
    ) -> None:
        workflow = plan_workflow(result.parse_result.document)
        pairs = list(zip(workflow.steps, result.resolved_jobs, strict=True))
        self.submission = submission
        self.jobs = [
            build_job(submission, step, target, estimate, rerun=rerun, delivery_note=note)
            for (step, target), estimate in zip(pairs, job_estimates(result), strict=True)
        ]
        self._repeated = repeated
        self._dependencies = build_dependencies(self.jobs, workflow, submission.team)
        self._tags = build_tags(pairs, self.jobs)

    def save(self, estimate: SubmissionEstimate | None, kept_edges: Iterable[JobDependency] = ()) -> None:
        """Create the rows, and enqueue the delivery unless the jobs need approval.

        `kept_edges` are dependencies on earlier jobs. Call it in a transaction with the team locked.
        """
        submission = self.submission
        reasons = estimate.reasons if estimate else ()
        for job in self.jobs if reasons else ():
            job.delivery, job.delivery_note = Delivery.AWAITING, approval_note(reasons)
        if self._repeated:
            self._take_places()
        Job.objects.bulk_create(self.jobs)
        JobDependency.objects.bulk_create([*self._dependencies, *kept_edges])
        JobTag.objects.bulk_create(self._tags)
        StateChange.objects.bulk_create(
            StateChange(job=job, delivery=job.delivery, note=job.delivery_note, source="person") for job in self.jobs
        )
        transaction.on_commit(partial(hit_failpoint, "accepted"))
        if estimate and reasons:
            Approval.objects.create(
                submission=submission,
                team=submission.team,
                requester=submission.person,
                **approval_snapshot(estimate),
            )
        else:
            enqueue_on_commit("deliver", submission.account_id, queue="deliver")

    def _take_places(self) -> None:
        """Put the jobs behind the others, and in the place of those that they run again."""
        last = self.submission.jobs.aggregate(last=Max("position"))["last"] or 0
        for number, (job, repeated) in enumerate(zip(self.jobs, self._repeated, strict=True), start=1):
            job.repeats, job.array_index = repeated.job, repeated.array_index
            job.position, job.step = last + number, repeated.job.step
        steps = [repeated.job.step for repeated in self._repeated if repeated.array_index is None]
        if steps:
            self.submission.jobs.current().filter(step__in=steps).update(superseded=True)
            return
        # The last job of an index counts; see `models.array_reruns`.
        indexes = [repeated.array_index for repeated in self._repeated]
        self._repeated[0].job.repeated_by.filter(array_index__in=indexes).update(superseded=True)


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
        person_id=submission.person_id,
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


def job_estimates(result: ValidationResult) -> Sequence[JobEstimate | None]:
    return result.estimate.cost.jobs if result.estimate else [None] * len(result.resolved_jobs)


def approval_note(reasons: Iterable[ApprovalReason]) -> str:
    return " ".join(reason.message for reason in reasons)


def approval_snapshot(estimate: SubmissionEstimate) -> dict[str, Any]:
    return {
        "reasons": [{"rule": reason.rule, "message": reason.message} for reason in estimate.reasons],
        "forecast": estimate.cost.as_json(),
    }


def _array_size(document: Document) -> int | None:
    size: Any = document.get("arrayProperties", {}).get("size")
    return size if isinstance(size, int) else None
