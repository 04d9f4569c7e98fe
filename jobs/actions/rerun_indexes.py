"""Single indexes of an array run again, in the submission of the array."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from jobs import audit
from jobs.access import Member
from jobs.actions.new_jobs import NewJobs, RepeatedJob, approval_note, lock_team
from jobs.actions.revalidate import revalidate, with_thresholds_of
from jobs.actions.validate import RecoveryError, ValidationFailedError, ValidationResult, validate
from jobs.models import Job
from jobs.models.array_reruns import failed_children, index_reruns, runnable_indexes
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


@dataclass(frozen=True)
class IndexRerunPreview:
    steps: list[IndexStep]
    result: ValidationResult

    @property
    def approval_message(self) -> str:
        """Say why these jobs can't run in this submission; "" if they can."""
        reasons = approval_note(self.result.approval_reasons)
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
        member = lock_team(member)
        if window := unknown_keys_window(member.team):
            raise RecoveryError(window[1])
        array_job.refresh_from_db(fields=["superseded"])  # by a run of its step, which takes the same lock
        if _steps(array_job, indexes, plan) != preview.steps:
            raise IndexRerunError(
                "The failed child jobs have changed since this page was opened. Check the indexes and try again."
            )
        result = revalidate(preview.result, reading, member, array_job.account)
        if not result.is_valid or result.account is None:
            raise ValidationFailedError(result)
        result = with_thresholds_of(array_job.submission, result, member.team)
        if message := IndexRerunPreview(preview.steps, result).approval_message:
            raise IndexRerunError(message)
        # An array stands at its first index.
        repeated = [RepeatedJob(array_job, step.indexes[0]) for step in preview.steps]
        new = NewJobs(array_job.submission, result, repeated)
        new.save(result.estimate)
        audit.record(
            "run again",
            person=member.user,
            team=member.team,
            target=array_job.submission,
            after={
                "array": array_job.name,
                "as": plan.kind.value,
                "index by": plan.source.value,
                **audit.truncate_list("indexes", [index for step in preview.steps for index in step.indexes]),
                **audit.truncate_list("jobs", [job.name for job in new.jobs]),
            },
        )
    return new.jobs


def _steps(array_job: Job, text: str, plan: IndexRerunPlan) -> list[IndexStep]:
    """Raise IndexRerunError."""
    if not array_job.array_size or array_job.array_index is not None:
        raise IndexRerunError("Only child jobs of an array job can run again on their own.")
    if array_job.superseded:
        raise IndexRerunError("This array has run again as a whole. Choose its newest run.")
    reruns = index_reruns(array_job)
    runnable = runnable_indexes(failed_children(array_job), reruns)
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
