"""The pre-flight checks."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.access import Member
from jobs.actions import ValidationResult
from jobs.actions.resolution import ResolvedJob
from jobs.reports import options
from jobs.spec.documents import Document, DocumentKind, is_object
from jobs.spec.job_size import requested_size
from jobs.spec.problems import join_words, resolve_pointer
from jobs.web.builder.feedback import Feedback, ProblemView
from jobs.web.builder.preflight_capacity import check_fit, fit_in_any_queue, fits_in_queues
from jobs.web.builder.preflight_cost import check_cost, check_hourly_cost
from jobs.web.builder.preflight_policy import check_allowed, check_limits, check_tags
from jobs.web.builder.preflight_result import NEEDS_CHOICES, CheckedJob, CheckResult, check_result, unknown_check
from jobs.web.builder.preflight_schedule import check_dependencies, check_run_time, check_wait


@dataclass(frozen=True)
class Preflight:
    checks: tuple[CheckResult, ...]

    @property
    def first_problem(self) -> ProblemView | None:
        return next((problem for check in self.checks for problem in check.problems), None)

    @property
    def warning_count(self) -> int:
        """Count problems, and checks with a warning of their own; a need for approval is no warning."""
        return sum(check.warning_count for check in self.checks)

    @property
    def first_warning(self) -> str:
        return next((check.name for check in self.checks if check.warning_count), "")


def run_checks(feedback: Feedback, member: Member) -> Preflight | None:
    result = feedback.result
    if result is None:
        return None
    problems, missing = feedback.preflight_problems, feedback.missing
    if result.parse_result.kind is DocumentKind.DEFINITION:
        return _check_definition(result, member, problems, missing)
    runs = [_checked_job(result.parse_result.document, target) for target in result.resolved_jobs]
    resolved_runs = [run for run in runs if run.target.queue and run.target.revision]
    is_resolved = len(resolved_runs) == len(runs)
    past = result.statistics
    is_workflow = result.parse_result.kind is DocumentKind.WORKFLOW
    price = (
        check_cost(result.estimate.cost, result.parse_result.changes, is_workflow=is_workflow)
        if result.estimate
        else unknown_check("price", NEEDS_CHOICES)
    )
    checks = [
        check_valid(problems, missing),
        check_allowed(problems, result, is_complete=bool(resolved_runs) and is_resolved),
        check_fit(problems, fits_in_queues(resolved_runs, is_workflow=is_workflow) if is_resolved else []),
        check_tags(problems, result),
        check_limits(problems, result, runs),
        price,
        check_wait(problems, past, [run.target.queue for run in runs if run.target.queue]),
        check_dependencies(problems, result.parse_result.document, is_workflow=is_workflow),
    ]
    if len(runs) == 1:
        checks.append(check_run_time(problems, past, runs[0]))
    return Preflight(tuple(checks))


def _check_definition(
    result: ValidationResult, member: Member, problems: Sequence[ProblemView], missing: Sequence[str]
) -> Preflight:
    document = result.parse_result.document
    size = requested_size(document, {})
    queues = options.open_queues(member.team)
    lines = (
        check_valid(problems, missing, others=("dependencies", "run")),
        check_allowed(problems, result, is_complete=not missing),
        check_fit(problems, [fit_in_any_queue(size, queues)]),
        check_tags(problems, result),
        check_result(
            "ceilings", "Limits and approval", problems, "Within", "A queue of your team accepts jobs of this size."
        ),
        check_hourly_cost(size, result.account.region if result.account else ""),
    )
    return Preflight(lines)


def _checked_job(document: Document, target: ResolvedJob) -> CheckedJob:
    job_document = resolve_pointer(document, target.pointer)
    return CheckedJob(
        job_document if is_object(job_document) else {}, target.revision.document if target.revision else {}, target
    )


def check_valid(problems: Sequence[ProblemView], missing: Sequence[str], others: tuple[str, ...] = ()) -> CheckResult:
    if missing:
        reason = f"Required: {join_words(missing)}."
        return check_result("valid", "Valid", problems, "Incomplete", reason, tone="off", others=others)
    return check_result("valid", "Valid", problems, "Yes", "AWS Batch accepts this document.", others=others)
