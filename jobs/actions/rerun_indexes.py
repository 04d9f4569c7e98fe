"""Single indexes of an array run again, in the submission of the array."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Max

from jobs import audit
from jobs.access import Member
from jobs.actions.revalidate import revalidate, with_thresholds_of
from jobs.actions.submit import build_job, build_tags, job_estimates
from jobs.actions.validate import RecoveryError, ValidationFailedError, ValidationResult, validate
from jobs.models import Job, JobTag, StateChange, Team
from jobs.models.array_reruns import failed_indexes, index_reruns
from jobs.models.database_generation import unknown_keys_window
from jobs.spec.documents import Document
from jobs.spec.index_rerun import (
    IndexRerunError,
    IndexRerunPlan,
    IndexStep,
    RerunKind,
    parse_indexes,
    rerun_steps,
)
from jobs.spec.parsing.errors import DocumentParseError
from jobs.spec.rules.workflow import plan_workflow
from jobs.states import Delivery
from jobs.task_queue import enqueue_on_commit


@dataclass(frozen=True)
class IndexRerunPreview:
    steps: list[IndexStep]
    result: ValidationResult

    @property
    def approval_message(self) -> str:
        """Say why these jobs can't run in this submission; "" if they can."""
        reasons = " ".join(reason.message for reason in self.result.approval_reasons)
        advice = "Jobs added to a submission can't be approved. Run the whole array as a new submission."
        return f"{reasons} {advice}" if reasons else ""


def preview_index_rerun(array_job: Job, member: Member, indexes: str, plan: IndexRerunPlan) -> IndexRerunPreview:
    """Raise IndexRerunError."""
    steps = _steps(array_job, indexes, plan)
    try:
        result = validate(_text(array_job, steps), member, array_job.account)
    except DocumentParseError as error:
        advice = "Run them as one array job." if plan.kind is RerunKind.SINGLE else "Run the whole array again."
        raise IndexRerunError(f"The jobs can't be submitted together. {error.message} {advice}") from None
    return IndexRerunPreview(steps, with_thresholds_of(array_job.submission, result, member.team))


def rerun_indexes(array_job: Job, member: Member, indexes: str, plan: IndexRerunPlan) -> list[Job]:
    """Create jobs for the indexes ("3, 17-20"; all that failed if empty) and enqueue their delivery.

    An index whose last run has not failed is refused, so a request that comes twice runs nothing twice. Raise
    IndexRerunError, ValidationFailedError or RecoveryError.
    """
    member.require("submit")
    preview = preview_index_rerun(array_job, member, indexes, plan)
    reading = preview.result.parse_result
    if not preview.result.is_valid:
        raise ValidationFailedError(preview.result)
    with transaction.atomic():
        # Serialize with other submissions of the team, so that quotas and the states of the indexes still hold.
        team = Team.objects.select_for_update().get(pk=member.team.pk)
        if window := unknown_keys_window(team):
            raise RecoveryError(window[1])
        array_job.refresh_from_db(fields=["superseded"])  # by a run of its step, which takes the same lock
        if _steps(array_job, indexes, plan) != preview.steps:
            raise IndexRerunError(
                "The failed child jobs have changed since this page was opened. Check the indexes and try again."
            )
        result = revalidate(preview.result, reading, replace(member, team=team), array_job.account)
        if not result.is_valid or result.account is None:
            raise ValidationFailedError(result)
        result = with_thresholds_of(array_job.submission, result, team)
        if message := IndexRerunPreview(preview.steps, result).approval_message:
            raise IndexRerunError(message)
        jobs = _save(array_job, preview.steps, result)
        enqueue_on_commit("deliver", array_job.account_id, queue="deliver")
        audit.record(
            "run again",
            person=member.user,
            team=team,
            target=array_job.submission,
            after={
                "array": array_job.name,
                "as": plan.kind.value,
                "index by": plan.source.value,
                **audit.truncate_list("indexes", [index for step in preview.steps for index in step.indexes]),
                **audit.truncate_list("jobs", [job.name for job in jobs]),
            },
        )
    return jobs


def _steps(array_job: Job, text: str, plan: IndexRerunPlan) -> list[IndexStep]:
    """Raise IndexRerunError."""
    if not array_job.array_size or array_job.array_index is not None:
        raise IndexRerunError("Only child jobs of an array job can run again on their own.")
    if array_job.superseded:
        raise IndexRerunError("This array has run again as a whole. Choose its newest run.")
    reruns = index_reruns(array_job)
    runnable = failed_indexes(array_job, reruns)
    indexes: Sequence[int] = parse_indexes(text, array_job.array_size) if text.strip() else runnable
    unknown = {index for index, rerun in reruns.items() if rerun.is_outcome_unknown}
    if unknown.intersection(indexes) if text.strip() else unknown:
        raise IndexRerunError("The child jobs of the last run aren't read yet. Try again in a moment.")
    if not runnable:
        raise IndexRerunError("No failed child job is left to run again.")
    if excluded := [index for index in indexes if index not in set(runnable)]:
        raise IndexRerunError(
            f"Child job {excluded[0]} hasn't failed or is already running again. Remove it from the indexes."
        )
    return rerun_steps(_document(array_job), array_job.revision.document, indexes, plan)


def _document(array_job: Job) -> Document:
    """Return what was submitted, with the queue and the revision that it meant."""
    document = {
        **array_job.document,
        "jobQueue": array_job.queue.arn or array_job.queue.name,
        "jobDefinition": array_job.revision.qualified_name,
    }
    return {**document, "tags": array_job.tags} if array_job.tags else document


def _text(array_job: Job, steps: Sequence[IndexStep]) -> str:
    return json.dumps({"name": array_job.name, "jobs": [step.document for step in steps]})


def _save(array_job: Job, steps: Sequence[IndexStep], result: ValidationResult) -> list[Job]:
    workflow = plan_workflow(result.parse_result.document)
    pairs = list(zip(workflow.steps, result.resolved_jobs, strict=True))
    submission = array_job.submission
    position = (submission.jobs.aggregate(last=Max("position"))["last"] or 0) + 1
    jobs = []
    for (step, target), estimate, index_step in zip(pairs, job_estimates(result), steps, strict=True):
        fields: dict[str, Any] = {"repeats": array_job, "array_index": index_step.indexes[0]}
        job = build_job(submission, step, target, estimate, **fields)
        job.position, job.step = position + step.index, array_job.step
        jobs.append(job)
    first_indexes = [step.indexes[0] for step in steps]
    # An array stands at its first index. The last job of an index counts; see `models.array_reruns`.
    array_job.repeated_by.filter(array_index__in=first_indexes).update(superseded=True)
    Job.objects.bulk_create(jobs)
    JobTag.objects.bulk_create(build_tags(pairs, jobs))
    StateChange.objects.bulk_create(
        StateChange(job=job, delivery=Delivery.ACCEPTED, note="", source="person") for job in jobs
    )
    return jobs
