"""Reruns: jobs that take the places of earlier ones in their submission, at once or once they are approved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from django.db import transaction

from jobs import audit
from jobs.access import Member
from jobs.actions.new_jobs import NewJobs, RepeatedJob, approval_snapshot, lock_team
from jobs.actions.revalidate import revalidate, with_thresholds_of
from jobs.actions.validate import RecoveryError, ValidationFailedError, ValidationResult
from jobs.failpoints import hit_failpoint
from jobs.models import Approval, Job, JobDependency, Rerun, Submission
from jobs.models.database_generation import unknown_keys_window


class RunAgainError(Exception):
    """The jobs can't run again in this submission; the text says what to do."""


class StaleRunAgainError(RunAgainError):
    """The jobs have run again, or been stopped, since they were shown."""


class RerunPlan(Protocol):
    """Which jobs of a submission run again."""

    @property
    def submission(self) -> Submission: ...

    @property
    def repeated(self) -> Sequence[RepeatedJob]:
        """What the jobs of the document run again, in its order."""

    def check_unchanged(self) -> None:
        """Raise RunAgainError or IndexRerunError. Call it with the team locked."""

    def kept_edges(self, jobs: Sequence[Job]) -> Iterable[JobDependency]:
        """Return the dependencies of the new jobs on jobs that don't run again."""

    def request(self) -> Rerun:
        """Return a row that `rerun_requests` reads as this plan."""

    def note(self, person: str) -> str:
        """Return the delivery note of the new jobs."""

    def audit_before(self) -> dict[str, Any]: ...

    def audit_after(self, result: ValidationResult, jobs: Sequence[Job]) -> dict[str, Any]: ...


class RequestKey(Protocol):
    def record(self) -> None:
        """Call it in the transaction that creates the jobs."""


@dataclass(frozen=True)
class RerunOutcome:
    """The new jobs, or a request for them; neither if the same request came before."""

    jobs: Sequence[Job] = ()
    approval: Approval | None = None


def start_rerun(
    plan: RerunPlan, result: ValidationResult, member: Member, request_key: RequestKey | None = None
) -> RerunOutcome:
    """Create the jobs and enqueue their delivery, or request approval.

    Raise ValidationFailedError, RecoveryError, and what `plan` raises if the jobs have changed since it was made.
    """
    if not result.is_valid:
        raise ValidationFailedError(result)
    with transaction.atomic():
        member = lock_team(member)
        if window := unknown_keys_window(member.team):
            raise RecoveryError(window[1])
        plan.check_unchanged()
        result = revalidate(result, result.parse_result, member, plan.submission.account)
        if not result.is_valid:
            raise ValidationFailedError(result)
        result = with_thresholds_of(plan.submission, result, member.team)
        if request_key:
            request_key.record()
        if result.approval_reasons:
            outcome = RerunOutcome(approval=_request_approval(plan, result, member))
        else:
            rerun = Rerun.objects.create(submission=plan.submission)
            outcome = RerunOutcome(add_jobs(plan, result, rerun, plan.note(member.user.display_name)))
        after = plan.audit_after(result, outcome.jobs)
        if outcome.approval:
            after["approval"] = "requested"
        audit.record(
            "run again",
            person=member.user,
            team=member.team,
            target=plan.submission,
            before=plan.audit_before(),
            after=after,
        )
        hit_failpoint("accepting")
    return outcome


def add_jobs(plan: RerunPlan, result: ValidationResult, rerun: Rerun, note: str) -> list[Job]:
    """Create the jobs of a rerun that needs no approval, or has it. Call it with the team locked."""
    new = NewJobs(plan.submission, result, plan.repeated, rerun=rerun, note=note)
    new.save(result.estimate and replace(result.estimate, reasons=()), plan.kept_edges(new.jobs))
    return new.jobs


def job_entries(jobs: Iterable[Job]) -> Mapping[str, Any]:
    """Return jobs as the audit log has them."""
    return audit.truncate_list(
        "jobs", [{"job": job.text_id, "name": job.name, "status": job.status.name} for job in jobs]
    )


def _request_approval(plan: RerunPlan, result: ValidationResult, member: Member) -> Approval:
    submission = plan.submission
    if result.estimate is None:
        raise ValidationFailedError(result)
    if Approval.objects.waiting().filter(submission=submission).exists():
        raise RunAgainError(
            "Jobs of this submission already wait for approval to run again. Wait for the decision, or withdraw that "
            "request."
        )
    rerun = plan.request()
    rerun.submission = submission
    rerun.text, rerun.document = result.parse_result.text, result.parse_result.document
    rerun.save(force_insert=True)
    return Approval.objects.create(
        submission=submission,
        team=submission.team,
        rerun=rerun,
        requester=member.user,
        **approval_snapshot(result.estimate),
    )
