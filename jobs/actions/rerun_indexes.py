"""Single indexes of an array run again, in the submission of the array."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jobs import audit
from jobs.access import Member
from jobs.actions.new_jobs import RepeatedJob
from jobs.actions.reruns import RerunOutcome, start_rerun
from jobs.actions.revalidate import with_thresholds_of
from jobs.actions.validate import ValidationResult, validate
from jobs.models import Job, JobDependency, Rerun, Submission
from jobs.models.array_reruns import failed_children, index_reruns, runnable_indexes
from jobs.spec.documents import Document
from jobs.spec.index_rerun import (
    IndexRerunError,
    IndexRerunPlan,
    IndexStep,
    RerunKind,
    format_indexes,
    parse_indexes,
    rerun_steps,
)
from jobs.spec.parsing.errors import DocumentParseError
from jobs.spec.rules.workflow import plan_workflow


@dataclass(frozen=True)
class IndexRunAgainPlan:
    """Indexes of an array that run again in its submission. `text` is what was asked for."""

    array_job: Job
    text: str
    plan: IndexRerunPlan
    steps: Sequence[IndexStep]

    @property
    def submission(self) -> Submission:
        return self.array_job.submission

    @property
    def indexes(self) -> list[int]:
        return [index for step in self.steps for index in step.indexes]

    @property
    def repeated(self) -> list[RepeatedJob]:
        # An array stands at its first index.
        return [RepeatedJob(self.array_job, step.indexes[0]) for step in self.steps]

    def check_unchanged(self) -> None:
        self.array_job.refresh_from_db(fields=["superseded"])  # by a run of its step, which takes the same lock
        if _steps(self.array_job, self.text, self.plan) != self.steps:
            raise IndexRerunError(
                "The failed child jobs have changed since this page was opened. Check the indexes and try again."
            )

    def kept_edges(self, jobs: Sequence[Job]) -> Sequence[JobDependency]:  # noqa: ARG002 - none waits for another
        return ()

    def request(self) -> Rerun:
        return Rerun(
            array_job=self.array_job,
            indexes=format_indexes(self.indexes),
            run_as=self.plan.kind,
            index_by=self.plan.source,
        )

    def note(self, person: str) -> str:  # noqa: ARG002 - the array's page says who
        return ""

    def audit_before(self) -> dict[str, Any]:
        return {}

    def audit_after(self, result: ValidationResult, jobs: Sequence[Job]) -> dict[str, Any]:
        steps = plan_workflow(result.parse_result.document).steps
        names = [job.name for job in jobs] or [step.name for step in steps]
        return {
            "array": self.array_job.name,
            "as": self.plan.kind.value,
            "index by": self.plan.source.value,
            **audit.truncate_list("indexes", self.indexes),
            **audit.truncate_list("jobs", names),
        }


@dataclass(frozen=True)
class IndexRerunPreview:
    rerun: IndexRunAgainPlan
    result: ValidationResult

    @property
    def steps(self) -> Sequence[IndexStep]:
        return self.rerun.steps


def plan_index_rerun(array_job: Job, indexes: str, plan: IndexRerunPlan) -> IndexRunAgainPlan:
    """Raise IndexRerunError."""
    return IndexRunAgainPlan(array_job, indexes, plan, _steps(array_job, indexes, plan))


def preview_index_rerun(array_job: Job, member: Member, indexes: str, plan: IndexRerunPlan) -> IndexRerunPreview:
    """Raise IndexRerunError."""
    rerun = plan_index_rerun(array_job, indexes, plan)
    try:
        is_form = array_job.submission.form_version_id is not None
        result = validate(_text(array_job, rerun.steps), member, array_job.account, is_form=is_form)
    except DocumentParseError as error:
        advice = "Run them as one array job." if plan.kind is RerunKind.SINGLE else "Run the whole array again."
        raise IndexRerunError(f"The jobs can't be submitted together. {error.message} {advice}") from None
    return IndexRerunPreview(rerun, with_thresholds_of(array_job.submission, result, member.team))


def rerun_indexes(array_job: Job, member: Member, indexes: str, plan: IndexRerunPlan) -> RerunOutcome:
    """Create jobs for the indexes ("3, 17-20"; all that failed if empty), or request approval.

    An index whose last run has not failed is refused, so a request that comes twice runs nothing twice. Raise
    IndexRerunError, RunAgainError, ValidationFailedError or RecoveryError.
    """
    member.require("submit")
    preview = preview_index_rerun(array_job, member, indexes, plan)
    return start_rerun(preview.rerun, preview.result, member)


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
