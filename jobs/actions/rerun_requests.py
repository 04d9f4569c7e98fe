"""Requests for jobs to run again that wait for approval: read and validated as of now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jobs.access import Member
from jobs.actions import rerun_indexes, run_again
from jobs.actions.new_jobs import NewJobs
from jobs.actions.reruns import RerunPlan, RunAgainError, StaleRunAgainError
from jobs.actions.validate import ValidationResult, validate
from jobs.models import Approval, Job, Rerun
from jobs.spec.index_rerun import IndexRerunError, IndexRerunPlan, IndexSource, RerunKind
from jobs.spec.parsing.parser import DocumentParseError


@dataclass(frozen=True)
class RequestedRerun:
    """What a waiting request would run now."""

    jobs: Sequence[tuple[Job, Job]]
    """Each new job, unsaved, with the one that it runs again."""
    result: ValidationResult | None
    obstacle: str
    """Why it can't run any more; "" if it can."""


def preview_rerun(approval: Approval, member: Member) -> RequestedRerun:
    """Show a waiting request as it would run now."""
    rerun = _rerun(approval)
    try:
        plan = plan_rerun(rerun)
        result = validate_rerun(approval, member, rerun.text)
    except (RunAgainError, IndexRerunError, DocumentParseError) as error:
        return RequestedRerun((), None, str(error))
    if not result.is_valid:
        return RequestedRerun((), result, "")
    jobs = NewJobs(rerun.submission, result, plan.repeated).jobs
    return RequestedRerun(
        [(job, repeated.job) for job, repeated in zip(jobs, plan.repeated, strict=True)], result, ""
    )


def plan_rerun(rerun: Rerun) -> RerunPlan:
    """Raise RunAgainError or IndexRerunError if the jobs can't run again, or are others by now."""
    if rerun.array_job:
        index_plan = IndexRerunPlan(RerunKind(rerun.run_as), IndexSource(rerun.index_by))
        return rerun_indexes.plan_index_rerun(rerun.array_job, rerun.indexes, index_plan)
    plan = run_again.plan_run_again(rerun.submission, rerun.start)
    if plan.version != rerun.version:
        raise StaleRunAgainError("Steps of this workflow have failed or run again since approval was requested.")
    return plan


def validate_rerun(approval: Approval, member: Member, text: str) -> ValidationResult:
    """Validate a document of the request for the team. Raise DocumentParseError, or RunAgainError for other steps."""
    rerun = _rerun(approval)
    is_form = approval.submission.form_version_id is not None and text == rerun.text
    result = validate(text, replace(member, team=approval.team), approval.submission.account, is_form=is_form)
    run_again.check_same_steps(result, rerun.document)
    return result


def _rerun(approval: Approval) -> Rerun:
    if approval.rerun is None:
        raise ValueError("The request is for a submission.")
    return approval.rerun
