"""Validation of a document for a team: parsing, schema and rules, name resolution, policy, cost."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain

from django.utils.timezone import now

from jobs.access import Member
from jobs.actions.resolution import Resolution, Target, resolve, resolve_definition
from jobs.actions.submission_estimate import Weight, compare_with_thresholds, weigh
from jobs.actions.tag_defaults import filled_in
from jobs.models import Account, Queue, Revision
from jobs.policy.approval import Reason
from jobs.policy.grants import Grants, Taken, taken_by
from jobs.policy.quotas import counted_queues, crowding
from jobs.policy.requests import JobAsk, definition_ask, job_ask
from jobs.policy.rules import Objection, objections, objections_to_definition
from jobs.pricing.run_statistics import RunStatistics, run_statistics
from jobs.spec.documents import Document, DocumentKind, is_object, list_at, text_at
from jobs.spec.parsing.parser import ParseResult, parse
from jobs.spec.placement import EnvironmentFacts
from jobs.spec.problems import Problem, Severity, has_errors, resolve_pointer
from jobs.spec.rules import problem_limit
from jobs.spec.rules import validate as spec_judge
from jobs.spec.rules.queue import QueueFacts
from jobs.spec.rules.workflow import step_count_within_limit

SOONEST_RETRY = 30
"""Least `Retry-After` in seconds, for a recovery that takes longer than estimated."""


@dataclass(frozen=True)
class Verdict:
    """Outcome of a validation, with what the names in the document resolve to."""

    reading: ParseResult
    account: Account | None
    problems: tuple[Problem, ...]
    targets: tuple[Target, ...] = ()
    grants: Grants = field(default_factory=lambda: Grants(""))
    """The team's grants at the time of validation."""
    taken: Mapping[int, Taken] = field(default_factory=dict)
    """The team's usage of the queues that have a quota."""
    statistics: RunStatistics = field(default_factory=RunStatistics)
    """Wait times of the team's queues and run times of its definitions."""
    weight: Weight | None = None
    """Cost, once all queues and definitions are resolved; with reasons for approval if there are no errors."""

    @property
    def approval(self) -> tuple[Reason, ...]:
        """Why it would wait for approval; empty if it would not. These are not problems of the document."""
        return self.weight.reasons if self.weight else ()

    @property
    def ok(self) -> bool:
        """Whether it would be accepted as it is."""
        return not has_errors(self.problems)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity is Severity.ERROR]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity is Severity.WARNING]


class Refused(Exception):  # noqa: N818 - a verdict, not a fault
    """The document has errors and nothing was stored. `verdict` has them."""

    def __init__(self, result: Verdict) -> None:
        super().__init__("; ".join(problem.message for problem in result.errors))
        self.verdict = result


class KeyReusedError(Exception):
    """The same request key came with another document."""


class RecoveryError(Exception):
    """The database was restored, and until `until` only AWS may know whether the request key was used."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(
            "The portal was restored from a backup and is comparing its jobs with AWS. It can't tell yet whether "
            f"this was submitted before. Try again after {until.astimezone(UTC):%H:%M} UTC."
        )

    @property
    def retry_after(self) -> int:
        """Seconds."""
        return max(SOONEST_RETRY, math.ceil((self.until - now()).total_seconds()))


def judge(text: str | bytes, member: Member, account: Account | None = None) -> Verdict:
    """Validate a text for the member's team. Raises NotADocument if it cannot be parsed as one.

    `account` is for teams with several; without it the queues determine the account.
    """
    reading = parse(text)
    if reading.kind is DocumentKind.WORKFLOW and (oversized := tuple(step_count_within_limit(reading.document))):
        return Verdict(reading, account, oversized)  # before any query for each of its steps
    if reading.kind is DocumentKind.DEFINITION:
        resolution = resolve_definition(reading.document, member.team, account)
    else:
        resolution = resolve(reading.document, reading.kind, member.team, account)
    grants = Grants.of(member.team)
    reading = filled_in(reading, resolution.targets, grants)
    spec_problems = spec_judge.validate_document(
        reading.kind, reading.document, *_around(reading, resolution.targets)
    )
    problems_so_far = [*reading.problems, *spec_problems]
    if not problem_limit.is_limited(problems_so_far):
        problems_so_far = list(problem_limit.limit_problems(chain(problems_so_far, resolution.problems)))
    if problem_limit.is_limited(problems_so_far):
        problems = spec_judge.sort_by_position(reading.document, problems_so_far)
        return Verdict(reading, resolution.account, tuple(problems), resolution.targets, grants)
    requests = list(_asks(reading, resolution))
    queue_ids = counted_queues([request for _, request in requests], grants)
    usage = taken_by(member.team, queue_ids) if queue_ids else {}
    problems_so_far = list(
        problem_limit.limit_problems(
            chain(problems_so_far, _unsaid(_objections(reading, requests, grants, usage), problems_so_far))
        )
    )
    problems = spec_judge.sort_by_position(reading.document, problems_so_far)
    result = Verdict(reading, resolution.account, tuple(problems), resolution.targets, grants, usage)
    if reading.kind is DocumentKind.DEFINITION:
        return result
    return _weighed(result, [request for _, request in requests], member)


def _weighed(result: Verdict, requests: Sequence[JobAsk], member: Member) -> Verdict:
    """Add statistics and cost. `requests` are those of the targets with a queue."""
    queues = {target.queue.pk for target in result.targets if target.queue}
    revisions = [target.revision for target in result.targets if target.queue and target.revision]
    statistics = run_statistics(member.team, queues, {revision.definition_id for revision in revisions})
    result = replace(result, statistics=statistics)
    if result.account is None or not len(revisions) == len(requests) == len(result.targets) > 0:
        return result
    names = [
        text_at(resolve_pointer(result.reading.document, target.pointer), "jobName") for target in result.targets
    ]
    jobs = zip(names, requests, revisions, strict=True)
    estimate = weigh(jobs, result.account, member.team, statistics.runs)
    if result.ok:
        estimate = compare_with_thresholds(estimate, member.team, member.user)
    return replace(result, weight=estimate)


def _around(reading: ParseResult, targets: Sequence[Target]) -> tuple[dict[str, Document], dict[str, QueueFacts]]:
    """Return the resolved definitions and queues by the names that the document has for them."""
    steps = list_at(reading.document, "jobs") if reading.kind is DocumentKind.WORKFLOW else [reading.document]
    definitions: dict[str, Document] = {}
    queues: dict[str, QueueFacts] = {}
    for step, target in zip(steps, targets, strict=False):
        if target.revision:
            definitions[text_at(step, "jobDefinition")] = target.revision.document
        if target.queue:
            queues[text_at(step, "jobQueue")] = facts(target.queue)
    return definitions, queues


def facts(queue: Queue) -> QueueFacts:
    """Return what the rules need of a queue. Fair share is None while AWS's description is missing."""
    is_fair_share = bool(queue.raw.get("schedulingPolicyArn")) if queue.raw else None
    environments = tuple(EnvironmentFacts.from_description(environment) for environment in queue.environments)
    return QueueFacts(fair_share=is_fair_share, platform=queue.platform, environments=environments)


def _unsaid(violations: Iterable[Problem], problems: Sequence[Problem]) -> Iterator[Problem]:
    """Drop `policy.field-unknown` where the schema already reported the field."""
    pointers = {problem.pointer for problem in problems if problem.severity is Severity.ERROR}
    return (
        violation
        for violation in violations
        if not (violation.rule == "policy.field-unknown" and violation.pointer in pointers)
    )


def _asks(reading: ParseResult, resolution: Resolution) -> Iterator[tuple[str, JobAsk]]:
    """Yield the request of each job with its pointer, for jobs whose queue is resolved."""
    for target in resolution.targets:
        if target.queue is not None:
            document = resolve_pointer(reading.document, target.pointer)
            yield target.pointer, ask_of(document, target.queue, target.revision)


def _objections(
    reading: ParseResult, requests: Sequence[tuple[str, JobAsk]], grants: Grants, usage: Mapping[int, Taken]
) -> Iterator[Problem]:
    """Yield the violations as problems: those of a job at its pointer, those of the whole team once."""
    keys: set[tuple[str, str, str]] = set()
    for prefix, violation in _each(reading, requests, grants, usage):
        problem = Problem("", violation.message, violation.severity, violation.rule, violation.fix)
        located = replace(problem, pointer=violation.pointer).with_prefix(prefix) if violation.pointer else problem
        if (key := (located.rule, located.pointer, located.message)) not in keys:
            keys.add(key)
            yield located


def _each(
    reading: ParseResult, requests: Sequence[tuple[str, JobAsk]], grants: Grants, usage: Mapping[int, Taken]
) -> Iterator[tuple[str, Objection]]:
    if reading.kind is DocumentKind.DEFINITION:
        for violation in objections_to_definition(definition_ask(reading.document), grants):
            yield "", violation
    for pointer, request in requests:
        for violation in objections(request, grants):
            yield pointer, violation
    for number, violation in crowding([request for _, request in requests], grants, usage):
        yield requests[number][0], violation


def ask_of(document: Document, queue: Queue, revision: Revision | None) -> JobAsk:
    """Build the request of a job, as far as its names are resolved."""
    return job_ask(
        document if is_object(document) else {},
        revision.document if revision else {},
        definition_name=revision.pinned if revision else "",
        definition_shared=revision.definition.shared if revision else True,
        queue_id=queue.pk,
        queue_name=queue.name,
        queue_open=queue.open,
    )
