"""Jobs added to a submission: all of a new one, or those that run steps or array indexes again."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now

from jobs.access import Member
from jobs.actions.resolution import ResolvedJob, referenced_job_ids, referenced_jobs
from jobs.actions.submission_estimate import SubmissionEstimate
from jobs.actions.validate import ValidationFailedError, ValidationResult
from jobs.failpoints import hit_failpoint
from jobs.models import Approval, Job, JobDependency, JobTag, Queue, Rerun, Revision, StateChange, Submission, Team
from jobs.models.array_reruns import supersede_reruns
from jobs.models.bulk_insert import bulk_insert, bulk_insert_instances
from jobs.models.ids import TEXT_LENGTH, new_id, to_text
from jobs.models.job_text import insert_texts
from jobs.policy.approval import ApprovalReason
from jobs.policy.requests import propagates_tags
from jobs.pricing.estimate import JobEstimate, stored_amount
from jobs.spec import effective
from jobs.spec.documents import Document
from jobs.spec.index_rerun import repeated_indexes
from jobs.spec.redaction import redact_value
from jobs.spec.rules.workflow import WorkflowStep, plan_workflow
from jobs.states import Delivery
from jobs.task_queue import enqueue_on_commit

# AWS allows 128 characters: the job's own name, a dash, and the id.
MAX_SLUG_LENGTH = 128 - 1 - TEXT_LENGTH

_EdgeRow = tuple[int, int | None, str, str, str]
"""Keys of the job and its parent, kind, condition and AWS job id."""


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
        steps = plan_workflow(result.parse_result.document).steps
        self.submission = submission
        self.jobs = build_jobs(submission, steps, result, rerun=rerun, delivery_note=note)
        self._repeated = repeated
        self._details = JobDetails(steps, result.resolved_jobs, submission.team)

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
        insert_jobs(submission, self.jobs)
        self._details.insert(self.jobs, kept_edges)
        insert_state_changes(self.jobs)
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
        indexes = [index for job in self.jobs for index in repeated_indexes(job.document)]
        supersede_reruns(self._repeated[0].job, self.jobs[-1].public_id, indexes)


def build_jobs(
    submission: Submission, steps: Sequence[WorkflowStep], result: ValidationResult, **fields: Any
) -> list[Job]:
    """Return a job for each step, unsaved. Raise ValidationFailedError without an estimate."""
    if result.estimate is None:
        raise ValidationFailedError(result)
    prototypes: dict[tuple[Queue | None, Revision | None], Job] = {}
    jobs: list[Job] = []
    for step, target, estimate in zip(steps, result.resolved_jobs, result.estimate.cost.jobs, strict=True):
        key = (target.queue, target.revision)
        if key not in prototypes:
            prototypes[key] = _prototype(submission, target, **fields)
        job = copy.copy(prototypes[key])  # a fifth of the time of a new instance
        job.public_id = new_id()
        _describe_step(job, step, target, estimate)
        jobs.append(job)
    return jobs


def _prototype(submission: Submission, target: ResolvedJob, **fields: Any) -> Job:
    return Job(
        submission=submission,
        team=submission.team,
        person_id=submission.person_id,
        account=submission.account,
        queue=target.queue,
        revision=target.revision,
        definition=target.revision.definition if target.revision else None,
        **fields,
    )


def _describe_step(job: Job, step: WorkflowStep, target: ResolvedJob, estimate: JobEstimate) -> None:
    size = estimate.job.size
    job.document = {key: value for key, value in step.document.items() if key != "tags"}
    if propagates_tags(target.definition, job.document) is None and size.platform != "EKS":
        job.document["propagateTags"] = True  # puts the tags on the bill; Batch allows it for ECS only
    job.tags = step.document.get("tags", {})
    job.position = job.step = step.index
    job.name, job.marker = step.name, batch_job_name(step.name, job.public_id)
    job.array_size = _array_size(job.document)
    for name, value in Job.size_fields(size).items():
        setattr(job, name, value)
    job.at_most_usd = stored_amount(estimate.at_most.usd)
    job.at_most_vcpu_hours = stored_amount(estimate.at_most.vcpu_hours)


def batch_job_name(name: str, public_id: UUID) -> str:
    return f"{name[:MAX_SLUG_LENGTH]}-{to_text(public_id)}"


def insert_jobs(submission: Submission, jobs: Sequence[Job]) -> None:
    """Create the rows, accepted now, with two statements at most for any number of jobs."""
    accepted_at = now()
    for job in jobs:
        job.submission, job.accepted_at = submission, accepted_at  # its key is new too
    if len(jobs) == 1:  # the commonest submission: the key comes with the insert
        Job.objects.bulk_create(jobs)
        return
    bulk_insert_instances(Job, jobs)
    positions = submission.jobs.filter(position__gte=min(job.position for job in jobs))
    keys = dict(positions.order_by().values_list("position", "pk"))
    for job in jobs:
        job.pk, job._state.adding = keys[job.position], False  # noqa: SLF001 - public in all but name


def insert_state_changes(jobs: Iterable[Job]) -> None:
    """Create the history of a person's change of these jobs."""
    changed_at = now()
    rows = ((job.pk, changed_at, job.delivery, job.state, job.delivery_note, "person", 0) for job in jobs)
    bulk_insert(StateChange, ("job", "at", "delivery", "state", "note", "source", "attempt"), rows)


class JobDetails:
    """The dependencies, tags and words of a document's jobs, in document order. Reads what they refer to."""

    def __init__(self, steps: Sequence[WorkflowStep], targets: Sequence[ResolvedJob], team: Team) -> None:
        self._steps, self._targets, self._team = steps, targets, team
        self._parents = referenced_jobs((step.document for step in steps), team)

    def insert(self, jobs: Sequence[Job], kept_edges: Iterable[JobDependency] = ()) -> None:
        """Create the rows. The jobs have theirs."""
        edges = chain(self._dependencies(jobs), map(_edge_row, kept_edges))
        bulk_insert(JobDependency, ("job", "parent", "kind", "condition", "batch_id"), edges)
        tags = [
            effective.merge_tags(target.definition, step.document)
            for step, target in zip(self._steps, self._targets, strict=True)
        ]
        bulk_insert(JobTag, ("job", "team", "key", "value"), self._tags(jobs, tags))
        insert_texts(zip(jobs, (target.definition for target in self._targets), tags, strict=True))

    def _dependencies(self, jobs: Sequence[Job]) -> Iterator[_EdgeRow]:
        for step in self._steps:
            for edge in step.dependencies:
                yield jobs[step.index].pk, jobs[edge.parent].pk, edge.type, edge.condition, ""
        for step in self._steps if self._parents else ():
            for job_id in referenced_job_ids(step.document):
                if job_id in self._parents:
                    yield jobs[step.index].pk, self._parents[job_id].pk, "", "", job_id

    def _tags(self, jobs: Sequence[Job], tags: Iterable[Mapping[str, str]]) -> Iterator[tuple[int, int, str, str]]:
        """Yield rows with secret values masked."""
        masked_value = cache(redact_value)
        for job, job_tags in zip(jobs, tags, strict=True):
            for key, value in job_tags.items():
                yield job.pk, self._team.pk, key, masked_value(key, value)


def _edge_row(edge: JobDependency) -> _EdgeRow:
    return edge.job.pk, edge.parent_id, edge.kind, edge.condition, edge.batch_id


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
