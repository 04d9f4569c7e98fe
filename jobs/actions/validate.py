"""Validation of a document for a team."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.utils.timezone import now

from jobs.access import Member
from jobs.actions.resolution import Resolution, ResolvedJob, resolve, resolve_definition
from jobs.actions.submission_estimate import (
    SubmissionEstimate,
    charge_budgets,
    compare_with_thresholds,
    estimate_submission,
)
from jobs.actions.tag_defaults import apply_tag_defaults
from jobs.models import Account, Queue, Revision
from jobs.policy.approval import ApprovalReason
from jobs.policy.budgets import budget_violations, budget_warnings
from jobs.policy.grants import QueueUsage, TeamGrants, queue_usage, read_queue_grants
from jobs.policy.quotas import limited_queues, quota_violations
from jobs.policy.requests import JobRequest, build_definition_request, build_job_request
from jobs.policy.rules import Violation, definition_violations, free_submission_violations, job_violations
from jobs.pricing.run_statistics import RunStatistics, run_statistics
from jobs.spec.documents import Document, DocumentKind, is_object, list_at, text_at
from jobs.spec.parsing.parser import ParseResult, parse
from jobs.spec.problems import Problem, Severity, has_errors
from jobs.spec.rules import problem_limit
from jobs.spec.rules import validate as spec_rules
from jobs.spec.rules.queue import QueueFacts
from jobs.spec.rules.workflow import step_count_within_limit

MIN_RETRY_SECONDS = 30
"""Least `Retry-After`, for a recovery that takes longer than estimated."""


@dataclass(frozen=True)
class ValidationResult:
    parse_result: ParseResult
    account: Account | None
    problems: tuple[Problem, ...]
    resolved_jobs: tuple[ResolvedJob, ...] = ()
    grants: TeamGrants = field(default_factory=lambda: TeamGrants(""))
    """At the time of validation."""
    queue_usage: Mapping[int, QueueUsage] = field(default_factory=dict)
    """Of the queues that have a quota."""
    statistics: RunStatistics = field(default_factory=RunStatistics)
    """Wait times of the team's queues and run times of its definitions."""
    estimate: SubmissionEstimate | None = None
    """Once all queues and definitions are resolved; with reasons for approval if there are no errors."""
    revisions: Mapping[str, Sequence[Revision]] = field(default_factory=dict)
    """Of the definitions that the document names and the team can use, in any account; newest first."""
    is_form: bool = False
    """Whether a launch form made the document."""

    @property
    def approval_reasons(self) -> tuple[ApprovalReason, ...]:
        return self.estimate.reasons if self.estimate else ()

    @property
    def is_valid(self) -> bool:
        return not has_errors(self.problems)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity is Severity.ERROR]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity is Severity.WARNING]


class ValidationFailedError(Exception):
    """Nothing was stored."""

    def __init__(self, result: ValidationResult) -> None:
        super().__init__("; ".join(problem.message for problem in result.errors))
        self.verdict = result


class IdempotencyConflictError(Exception):
    """The request key came with another document."""


class RecoveryError(Exception):
    """Until `until` only AWS may know whether the request key was used."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(
            "The portal was restored from a backup and is comparing its jobs with AWS. It can't tell yet whether "
            f"this was submitted before. Try again after {until.astimezone(UTC):%H:%M} UTC."
        )

    @property
    def retry_after(self) -> int:
        return max(MIN_RETRY_SECONDS, math.ceil((self.until - now()).total_seconds()))


def validate(
    source: str | bytes | ParseResult, member: Member, account: Account | None = None, *, is_form: bool = False
) -> ValidationResult:
    """Raise DocumentParseError. Without `account` the queues determine it.

    `is_form`: a launch form made the document.
    """
    return replace(_validate(source, member, account, "" if is_form else member.role), is_form=is_form)


def _validate(
    source: str | bytes | ParseResult, member: Member, account: Account | None, free_role: str
) -> ValidationResult:
    """`free_role`: the role of a person whose document no launch form has made."""
    reading = source if isinstance(source, ParseResult) else parse(source)
    if reading.kind is DocumentKind.WORKFLOW and (oversized := tuple(step_count_within_limit(reading.document))):
        return ValidationResult(reading, account, oversized)  # before any query for each of its steps
    # Before the queues, so that a change in between is one since the grants, which a re-check sees.
    grants = TeamGrants.for_team(member.team)
    if reading.kind is DocumentKind.DEFINITION:
        resolution = resolve_definition(reading.document, member.team, account)
    else:
        granted = [grant.queue for grant in read_queue_grants(member.team)]
        resolution = resolve(reading.document, reading.kind, member.team, account, granted)
    reading = apply_tag_defaults(reading, resolution.resolved_jobs, grants)
    spec_problems = spec_rules.validate_document(
        reading.kind, reading.document, *_definitions_and_queues(reading, resolution.resolved_jobs)
    )
    problems_so_far = [*reading.problems, *spec_problems]
    if not problem_limit.is_limited(problems_so_far):
        problems_so_far = list(problem_limit.limit_problems(chain(problems_so_far, resolution.problems)))
    if problem_limit.is_limited(problems_so_far):
        problems = spec_rules.sort_by_position(reading.document, problems_so_far)
        return ValidationResult(
            reading,
            resolution.account,
            tuple(problems),
            resolution.resolved_jobs,
            grants,
            revisions=resolution.revisions,
        )
    requests = list(_job_requests(reading, resolution))
    queue_ids = limited_queues([request for _, request in requests], grants)
    usage = queue_usage(member.team, queue_ids) if queue_ids else {}
    problems_so_far = list(
        problem_limit.limit_problems(
            chain(
                problems_so_far,
                _drop_reported_fields(_policy_problems(reading, requests, grants, usage, free_role), problems_so_far),
            )
        )
    )
    problems = spec_rules.sort_by_position(reading.document, problems_so_far)
    result = ValidationResult(
        reading,
        resolution.account,
        tuple(problems),
        resolution.resolved_jobs,
        grants,
        usage,
        revisions=resolution.revisions,
    )
    if reading.kind is DocumentKind.DEFINITION:
        return result
    return _with_estimate(result, [request for _, request in requests], member)


def _with_estimate(result: ValidationResult, requests: Sequence[JobRequest], member: Member) -> ValidationResult:
    queues = {target.queue.pk for target in result.resolved_jobs if target.queue}
    revisions = [target.revision for target in result.resolved_jobs if target.queue and target.revision]
    definitions = {revision.definition_id for revision in revisions}
    statistics = run_statistics(member.team, queues, definitions, with_commands=True)
    result = replace(result, statistics=statistics)
    if result.account is None or not len(revisions) == len(requests) == len(result.resolved_jobs) > 0:
        return result
    names = [text_at(step, "jobName") for step in _steps(result.parse_result)]
    jobs = zip(names, requests, revisions, strict=True)
    estimate = estimate_submission(jobs, result.account, member.team, statistics.history)
    estimate = charge_budgets(estimate, member.team, result.grants.budgets)
    result = _with_budget_problems(result, estimate)
    if result.is_valid:
        estimate = compare_with_thresholds(estimate, member.team, member.user)
    return replace(result, estimate=estimate)


def _with_budget_problems(result: ValidationResult, estimate: SubmissionEstimate) -> ValidationResult:
    if not estimate.charges:
        return result
    violations = (*budget_violations(estimate.charges), *budget_warnings(estimate.charges))
    problems = [_locate(violation, result.resolved_jobs[number].pointer) for number, violation in violations]
    sorted_problems = spec_rules.sort_by_position(result.parse_result.document, [*result.problems, *problems])
    return replace(result, problems=tuple(sorted_problems))


def _locate(violation: Violation, prefix: str) -> Problem:
    problem = Problem("", violation.message, violation.severity, violation.rule, violation.fix)
    return replace(problem, pointer=violation.pointer).with_prefix(prefix) if violation.pointer else problem


def _definitions_and_queues(
    reading: ParseResult, targets: Sequence[ResolvedJob]
) -> tuple[dict[str, Document], dict[str, QueueFacts]]:
    definitions: dict[str, Document] = {}
    queues: dict[str, Queue] = {}
    for step, target in zip(_steps(reading), targets, strict=False):
        if target.revision:
            definitions[text_at(step, "jobDefinition")] = target.definition
        if target.queue:
            queues[text_at(step, "jobQueue")] = target.queue
    return definitions, {name: queue_facts(queue) for name, queue in queues.items()}


def _steps(reading: ParseResult) -> Sequence[Any]:
    return list_at(reading.document, "jobs") if reading.kind is DocumentKind.WORKFLOW else [reading.document]


def queue_facts(queue: Queue) -> QueueFacts:
    is_fair_share = bool(queue.raw.get("schedulingPolicyArn")) if queue.raw else None
    return QueueFacts(fair_share=is_fair_share, platform=queue.platform, environments=queue.environment_facts)


def _drop_reported_fields(violations: Iterable[Problem], problems: Sequence[Problem]) -> Iterator[Problem]:
    pointers = {problem.pointer for problem in problems if problem.severity is Severity.ERROR}
    return (
        violation
        for violation in violations
        if not (violation.rule == "policy.field-unknown" and violation.pointer in pointers)
    )


def _job_requests(reading: ParseResult, resolution: Resolution) -> Iterator[tuple[str, JobRequest]]:
    for document, target in zip(_steps(reading), resolution.resolved_jobs, strict=False):
        if target.queue is not None:
            yield target.pointer, job_request(document, target.queue, target.revision, target.definition)


def _policy_problems(
    reading: ParseResult,
    requests: Sequence[tuple[str, JobRequest]],
    grants: TeamGrants,
    usage: Mapping[int, QueueUsage],
    free_role: str,
) -> Iterator[Problem]:
    keys: set[tuple[str, str, str]] = set()
    for prefix, violation in _violations(reading, requests, grants, usage, free_role):
        located = _locate(violation, prefix)
        if (key := (located.rule, located.pointer, located.message)) not in keys:
            keys.add(key)
            yield located


def _violations(
    reading: ParseResult,
    requests: Sequence[tuple[str, JobRequest]],
    grants: TeamGrants,
    usage: Mapping[int, QueueUsage],
    free_role: str,
) -> Iterator[tuple[str, Violation]]:
    if reading.kind is DocumentKind.DEFINITION:
        for violation in definition_violations(build_definition_request(reading.document), grants):
            yield "", violation
    earlier: JobRequest | None = None
    violations: Sequence[Violation] = ()
    for pointer, request in requests:
        if request != earlier:  # most steps of a large workflow request the same
            earlier = request
            violations = [
                *job_violations(request, grants),
                *free_submission_violations(request, grants, free_role),
            ]
        for violation in violations:
            yield pointer, violation
    for number, violation in quota_violations([request for _, request in requests], grants, usage):
        yield requests[number][0], violation


def job_request(document: Document, queue: Queue, revision: Revision | None, definition: Document) -> JobRequest:
    return build_job_request(
        document if is_object(document) else {},
        definition,
        definition_name=revision.qualified_name if revision else "",
        definition_shared=revision.definition.shared if revision else True,
        queue_id=queue.pk,
        queue_name=queue.name,
        queue_open=queue.is_open,
        environments=queue.environment_facts,
    )
