"""The pre-flight checks."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.timezone import now

from jobs.access import Member
from jobs.actions import ValidationResult
from jobs.actions.resolution import ResolvedJob
from jobs.actions.validate import queue_facts
from jobs.models import Queue
from jobs.policy.grants import QueueLimits
from jobs.pricing import rates
from jobs.pricing.estimate import CostEstimate, PlannedJob, estimate_cost
from jobs.pricing.receipt import PricedSize
from jobs.pricing.run_statistics import DurationStats, RunStatistics
from jobs.reports import options
from jobs.spec.documents import Document, DocumentKind, is_object, list_at, text_at
from jobs.spec.fargate import FARGATE_MEMORY
from jobs.spec.forms import units
from jobs.spec.job_size import JobSize, requested_size
from jobs.spec.placement import EnvironmentFacts, PlacementResult, PlacementVerdict, check_placement
from jobs.spec.problems import DocumentChange, Problem, join_words, quote, resolve_pointer, truncate
from jobs.spec.rules.workflow import plan_workflow
from jobs.templatetags.money import usd_text, usd_text_up
from jobs.templatetags.portal import format_duration
from jobs.web.builder.feedback import Feedback, ProblemView

MIN_SHARE_SAMPLE = 10
"""Jobs from which a share of nine in ten can be told."""
UNKNOWN_TEXT = "Not known yet"
NEEDS_APPROVAL = "Needs approval"
MAX_PLANNED_STEPS = 500
"""Steps up to which each keystroke plans a workflow."""
MIN_PATH_LENGTH = 2
MAX_PATH_NAMES = 6
"""Names of a path that are shown."""
_DEPENDENCY_POINTER = re.compile(r"(?:/jobs/[0-9]+)?/dependsOn(?:/.*)?", re.DOTALL)
_ICONS = {"good": "circle-check", "warn": "alert-triangle", "bad": "circle-x", "off": "help"}
_FIT_RULES = frozenset({"queue.platform", "queue.nothing-fits", "queue.service-jobs", "run.longer-than-limit"})
_INVALID_SIZE_RULES = frozenset({"fargate.pair", "fargate.gpu", "overrides.fargate-pair", "overrides.fargate-gpu"})
_LIMIT_RULES = frozenset(
    {
        "policy.too-many-vcpus",
        "policy.too-much-memory",
        "policy.too-many-gpus",
        "policy.size-unknown",
        "policy.array-too-large",
        "policy.runs-too-long",
        "policy.no-time-limit",
        "policy.no-room-for-jobs",
        "policy.no-room-for-vcpus",
        "policy.no-queue-takes-it",
    }
)


@dataclass(frozen=True)
class CheckResult:
    name: str
    label: str
    tone: str  # good, warn, bad, or off if unknown
    outcome: str
    reason: str = ""
    problems: tuple[ProblemView, ...] = ()

    @property
    def icon(self) -> str:
        return _ICONS[self.tone]

    @property
    def warning_count(self) -> int:
        if self.problems:
            return sum(not problem.is_error for problem in self.problems)
        return int(self.tone == "warn" and self.outcome != NEEDS_APPROVAL)


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


@dataclass(frozen=True)
class _CheckedJob:
    document: Document
    definition: Document
    target: ResolvedJob

    @property
    def size(self) -> JobSize:
        return requested_size(self.definition, self.document)


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
        _check_cost(result.estimate.cost, result.parse_result.changes, is_workflow=is_workflow)
        if result.estimate
        else _unknown_check("price", _NEEDS_CHOICES)
    )
    checks = [
        _check_valid(problems, missing),
        _check_allowed(problems, result, is_complete=bool(resolved_runs) and is_resolved),
        _check_fit(problems, _fits_in_queues(resolved_runs, is_workflow=is_workflow) if is_resolved else []),
        _check_tags(problems, result),
        _check_limits(problems, result, runs),
        price,
        _check_wait(problems, past, [run.target.queue for run in runs if run.target.queue]),
        _check_dependencies(problems, result.parse_result.document, is_workflow=is_workflow),
    ]
    if len(runs) == 1:
        checks.append(_check_run_time(problems, past, runs[0]))
    return Preflight(tuple(checks))


_NEEDS_CHOICES = "Choose a queue and a definition."


def _check_definition(
    result: ValidationResult, member: Member, problems: Sequence[ProblemView], missing: Sequence[str]
) -> Preflight:
    document = result.parse_result.document
    size = requested_size(document, {})
    queues = options.open_queues(member.team)
    lines = (
        _check_valid(problems, missing, others=("dependencies", "run")),
        _check_allowed(problems, result, is_complete=not missing),
        _check_fit(problems, [_fit_in_any_queue(size, queues)]),
        _check_tags(problems, result),
        _check(
            "ceilings", "Limits and approval", problems, "Within", "A queue of your team accepts jobs of this size."
        ),
        _check_hourly_cost(size, result.account.region if result.account else ""),
    )
    return Preflight(lines)


def _checked_job(document: Document, target: ResolvedJob) -> _CheckedJob:
    job_document = resolve_pointer(document, target.pointer)
    return _CheckedJob(
        job_document if is_object(job_document) else {}, target.revision.document if target.revision else {}, target
    )


# -- The check a problem belongs to


def check_for(problem: Problem) -> str:
    rule = problem.rule
    if rule in _FIT_RULES:
        return "run" if rule == "run.longer-than-limit" else "fits"
    if rule.startswith(("policy.tag", "form.tag")) or "tags" in problem.pointer.split("/"):
        return "tags"
    if rule in _LIMIT_RULES:
        return "ceilings"
    if rule.startswith("dependencies.") or _DEPENDENCY_POINTER.fullmatch(problem.pointer):
        return "dependencies"
    return "allowed" if rule.startswith(("policy.", "portal.")) else "valid"


def _check(
    name: str,
    label: str,
    problems: Iterable[ProblemView],
    outcome: str,
    reason: str,
    *,
    bad: str = "No",
    tone: str = "good",
    others: tuple[str, ...] = (),
) -> CheckResult:
    """Return the result of a check: the outcome, unless problems of this check or of `others` belong here."""
    matching = tuple(view for view in problems if check_for(view.problem) in (name, *others))
    if any(view.is_error for view in matching):
        return CheckResult(name, label, "bad", bad, "", matching)
    if matching:
        return CheckResult(name, label, "warn", "Warning", "", matching)
    return CheckResult(name, label, tone, outcome, reason)


def _unknown_check(name: str, reason: str) -> CheckResult:
    return CheckResult(name, _LABELS[name], "off", UNKNOWN_TEXT, reason)


_LABELS = {
    "fits": "Compute capacity",
    "price": "Maximum cost",
    "total": "Total cost",
    "wait": "Typical wait time",
    "run": "Typical run time",
}

_HOURLY_COST_LABEL = "Cost per hour"


# -- The checks


def _check_valid(
    problems: Sequence[ProblemView], missing: Sequence[str], others: tuple[str, ...] = ()
) -> CheckResult:
    if missing:
        reason = f"Required: {join_words(missing)}."
        return _check("valid", "Valid", problems, "Incomplete", reason, tone="off", others=others)
    return _check("valid", "Valid", problems, "Yes", "AWS Batch accepts this document.", others=others)


def _check_allowed(problems: Sequence[ProblemView], result: ValidationResult, *, is_complete: bool) -> CheckResult:
    team = result.grants.team
    is_definition = result.parse_result.kind is DocumentKind.DEFINITION
    if not is_complete:
        reason = "Fill in the required fields." if is_definition else _NEEDS_CHOICES
        return _check("allowed", "Allowed", problems, UNKNOWN_TEXT, reason, tone="off")
    subject = "this image and these roles" if is_definition else "this queue, definition, image and roles"
    return _check("allowed", "Allowed", problems, "Yes", f"{team} can use {subject}.")


def _fits_in_queues(runs: Sequence[_CheckedJob], *, is_workflow: bool) -> list[PlacementResult]:
    """Return where each job fits; for a workflow the reason names the job."""
    environments: dict[int, tuple[EnvironmentFacts, ...]] = {}
    fits = []
    for run in runs:
        queue = run.target.queue
        if queue is None or "nodeProperties" in run.definition:
            fit = PlacementResult(PlacementVerdict.UNKNOWN, "Can't be checked for multi-node jobs.")
        else:
            if queue.pk not in environments:
                environments[queue.pk] = queue_facts(queue).environments
            fit = check_placement(run.size, environments[queue.pk])
        if is_workflow and fit.verdict is not PlacementVerdict.YES:
            fit = PlacementResult(fit.verdict, f"{truncate(text_at(run.document, 'jobName'))}: {fit.reason}")
        fits.append(fit)
    return fits


def _check_fit(problems: Sequence[ProblemView], fits: Sequence[PlacementResult]) -> CheckResult:
    if not fits:
        return _check("fits", _LABELS["fits"], problems, UNKNOWN_TEXT, _NEEDS_CHOICES, tone="off")
    if any(view.is_error and view.problem.rule in _INVALID_SIZE_RULES for view in problems):
        return _check("fits", _LABELS["fits"], problems, UNKNOWN_TEXT, "Correct the size first.", tone="off")
    unsure = next((result for result in fits if result.verdict is not PlacementVerdict.YES), None)
    if unsure is None:
        reason = fits[0].reason if len(fits) == 1 else "Each job fits a compute environment of its queue."
        return _check("fits", _LABELS["fits"], problems, "Sufficient", reason)
    if unsure.verdict is PlacementVerdict.NO:
        return _check("fits", _LABELS["fits"], problems, "Insufficient", unsure.reason, tone="warn")
    return _check("fits", _LABELS["fits"], problems, UNKNOWN_TEXT, unsure.reason, tone="off")


def _fit_in_any_queue(size: JobSize, queues: Sequence[Queue]) -> PlacementResult:
    answers = [(check_placement(size, queue_facts(queue).environments), queue) for queue in queues]
    for outcome in (PlacementVerdict.YES, PlacementVerdict.UNKNOWN):
        for answer, queue in answers:
            if answer.verdict is outcome:
                reason = f"In {queue.name}: {answer.reason}" if outcome is PlacementVerdict.YES else answer.reason
                return PlacementResult(outcome, reason)
    return PlacementResult(PlacementVerdict.NO, "No compute environment of your team's queues can run it.")


def _check_tags(problems: Sequence[ProblemView], result: ValidationResult) -> CheckResult:
    keys = [demand.key for demand in result.grants.tags if demand.required]
    team = result.grants.team
    defaults = [
        f"{change.message}."
        for change in result.parse_result.changes
        if change.rule_owner and not _is_time_limit_change(change)
    ]
    if not keys:
        sentences = defaults or [f"{team} requires no tags."]
    elif result.parse_result.kind is DocumentKind.DEFINITION:
        sentences = ["Required tags are checked when jobs are submitted.", *defaults]
    else:
        sentences = [f"Required by {team} and set: {join_words(keys)}.", *defaults]
    return _check("tags", "Tags", problems, "Yes", " ".join(sentences), bad="Missing")


def _check_limits(
    problems: Sequence[ProblemView], result: ValidationResult, runs: Sequence[_CheckedJob]
) -> CheckResult:
    queues = {run.target.queue.pk: run.target.queue for run in runs if run.target.queue}
    if not queues:
        return _check("ceilings", "Limits and approval", problems, UNKNOWN_TEXT, _NEEDS_CHOICES, tone="off")
    if result.approval_reasons:
        reason_text = " ".join(reason.message for reason in result.approval_reasons)
        return _check("ceilings", "Limits and approval", problems, NEEDS_APPROVAL, reason_text, tone="warn")
    limits = [
        f"{queue.name}: {text}"
        for pk, queue in queues.items()
        if (text := limits_text(result.grants.queues.get(pk, QueueLimits()), result, pk))
    ]
    reason = (
        "; ".join(limits) or f"No limits for {result.grants.team} in {join_words(q.name for q in queues.values())}."
    )
    return _check("ceilings", "Limits and approval", problems, "Within limits", reason, bad="Above limits")


def limits_text(ceilings: QueueLimits, result: ValidationResult, queue: int) -> str:
    """Return “at most 16 vCPU, 64 GiB per job; using 3 of 10 jobs”."""
    usage = result.queue_usage.get(queue)
    job_limits = [
        f"{ceilings.vcpus} vCPU" if ceilings.vcpus is not None else "",
        units.format_mib(ceilings.memory_mib) if ceilings.memory_mib is not None else "",
        f"{ceilings.gpus} GPU" if ceilings.gpus is not None else "",
        f"{units.format_seconds(ceilings.run_seconds)} run time" if ceilings.run_seconds is not None else "",
        f"array size {ceilings.array_size}" if ceilings.array_size is not None else "",
    ]
    quotas = [
        f"{usage.jobs if usage else 0:,} of {ceilings.active_jobs:,} jobs"
        if ceilings.active_jobs is not None
        else "",
        f"{(usage.vcpus if usage else Decimal(0)).normalize():,f} of {ceilings.active_vcpus:,} vCPU"
        if ceilings.active_vcpus is not None
        else "",
    ]
    per_job, at_once = ", ".join(filter(None, job_limits)), " and ".join(filter(None, quotas))
    return "; ".join(
        filter(None, (f"at most {per_job} per job" if per_job else "", f"using {at_once}" if at_once else ""))
    )


def _is_time_limit_change(change: DocumentChange) -> bool:
    return change.pointer.endswith("/timeout/attemptDurationSeconds")


def _check_cost(estimated: CostEstimate, changes: Sequence[DocumentChange], *, is_workflow: bool) -> CheckResult:
    label = _LABELS["total" if is_workflow else "price"]
    expected, at_most = estimated.expected.usd, estimated.at_most.usd
    reasons = [f"{change.message}." for change in changes if change.rule_owner and _is_time_limit_change(change)]
    if expected is not None:
        runs = sum(job.earlier_runs for job in estimated.jobs)
        reasons.append(
            f"Expected {usd_text(expected)}, based on {'the last run' if runs == 1 else f'the last {runs} runs'}."
        )
    else:
        reasons.append("Expected cost unknown.")
    if at_most is None:
        return CheckResult(
            "price",
            label,
            "off",
            "Unknown",
            " ".join([*reasons, *_unknown_cost_reasons(estimated)]),
        )
    outcome = usd_text_up(at_most)
    if is_workflow:
        reasons.append(f"Maximum of all {len(estimated.jobs):,} jobs: time limit × attempts × runs.")
        if expected is not None and usd_text(expected) != outcome:
            outcome = f"{usd_text(expected)}–{outcome.removeprefix('$')}"
    else:
        reasons.append("Maximum: time limit × attempts × runs.")
    return CheckResult("price", label, "good", outcome, " ".join(reasons))


def _unknown_cost_reasons(estimated: CostEstimate) -> Iterator[str]:
    names = estimated.jobs_without_time_limit
    if names:
        subject = join_words(map(quote, names), limit=3) if len(estimated.jobs) > 1 else "The job"
        yield f"{subject} {'has' if len(names) == 1 else 'have'} no time limit."
    yield from estimated.unknown_reasons[:3]
    if estimated.hour.usd is not None:
        yield f"Cost per hour: {usd_text(estimated.hour.usd)}."


def _check_hourly_cost(size: JobSize, region: str) -> CheckResult:
    if size.unknown:
        reason = f"The resources are unknown. {size.unknown[0].reason}"
        return CheckResult("price", _HOURLY_COST_LABEL, "off", UNKNOWN_TEXT, reason)
    priced = PricedSize.of(size, region)
    estimated = estimate_cost([PlannedJob("", priced, 1, 1, 0, 0)], {}, rates.read_rates(), now())
    if estimated.hour.usd is None:
        return CheckResult("price", _HOURLY_COST_LABEL, "off", UNKNOWN_TEXT, " ".join(estimated.unknown_reasons))
    reason = "From the resources and the current rates."
    return CheckResult("price", _HOURLY_COST_LABEL, "good", usd_text(estimated.hour.usd), reason)


def _check_dependencies(problems: Sequence[ProblemView], document: Document, *, is_workflow: bool) -> CheckResult:
    if not is_workflow:
        count = len(list_at(document, "dependsOn"))
        outcome = _count(count, "job") if count else "None"
        reason = "Starts after all of them succeed." if count else ""
        return _check("dependencies", "Dependencies", problems, outcome, reason, bad="Invalid")
    steps = list_at(document, "jobs")
    count = sum(len(list_at(step, "dependsOn")) for step in steps)
    outcome = _count(count, "dependency", "dependencies") if count else "None"
    return _check("dependencies", "Dependencies", problems, outcome, _order_text(document), bad="Invalid")


def _order_text(document: Document) -> str:
    """Return how a workflow runs: in how many stages, and how many jobs at the same time. Empty if it can't tell."""
    if len(list_at(document, "jobs")) > MAX_PLANNED_STEPS:
        return ""
    try:
        plan = plan_workflow(document)
    except ValueError:
        return ""
    widest = max(map(len, plan.layers), default=0)
    order = f"Runs in {_count(len(plan.layers), 'stage')}, with up to {_count(widest, 'job')} at the same time."
    if len(plan.longest_path) < MIN_PATH_LENGTH:
        return order
    names = [truncate(plan.steps[number].name) for number in plan.longest_path]
    if len(names) > MAX_PATH_NAMES:
        names = [*names[: MAX_PATH_NAMES - 2], "…", names[-1]]
    return f"{order} Longest path: {' → '.join(names)}."


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def _check_wait(problems: Sequence[ProblemView], past: RunStatistics, queues: Sequence[Queue]) -> CheckResult:
    if not queues:
        return _unknown_check("wait", _NEEDS_CHOICES)
    spans = [(past.waits[queue.pk], queue) for queue in queues if queue.pk in past.waits]
    if not spans:
        return _unknown_check(
            "wait", f"No job of your team has started yet in {join_words(dict.fromkeys(q.name for q in queues))}."
        )
    span, queue = max(spans, key=lambda item: item[0].median)
    return _check(
        "wait",
        _LABELS["wait"],
        problems,
        f"About {format_duration(span.median)}",
        _statistics_text(span, "started", queue.name),
    )


def _check_run_time(problems: Sequence[ProblemView], past: RunStatistics, run: _CheckedJob) -> CheckResult:
    revision = run.target.revision
    if revision is None:
        return _unknown_check("run", "Choose a definition.")
    span = past.runs.get(revision.definition_id)
    if span is None:
        return _unknown_check("run", f"No job of {revision.definition.name} has succeeded yet.")
    reason = _statistics_text(span, "ended", revision.definition.name)
    return _check("run", _LABELS["run"], problems, f"About {format_duration(span.median)}", reason)


def _statistics_text(span: DurationStats, verb: str, name: str) -> str:
    basis = "the last job" if span.count == 1 else f"the last {span.count} jobs"
    if span.count == 1:
        return f"Based on {basis} of {name}."
    if span.count < MIN_SHARE_SAMPLE:
        return f"All {verb} within {format_duration(span.high)} ({basis} of {name})."
    return f"90% {verb} within {format_duration(span.high)} ({basis} of {name})."


# -- Notes at the fields


def queue_notes(result: ValidationResult | None) -> Mapping[str, str]:
    target = result.resolved_jobs[0] if result and result.resolved_jobs else None
    if result is None or target is None or target.queue is None:
        return {}
    queue = target.queue
    ceilings = result.grants.queues.get(queue.pk, QueueLimits())
    runs = f"Runs jobs on {queue.platform_name}" if queue.platform else ""
    text = "; ".join(filter(None, (runs, limits_text(ceilings, result, queue.pk))))
    notes = {"queue": f"{text[:1].upper()}{text[1:]}." if text else ""}
    if ceilings.vcpus is not None:
        notes["vcpus"] = f"At most {ceilings.vcpus} in {queue.name}."
    if ceilings.memory_mib is not None:
        notes["memory"] = f"At most {units.format_mib(ceilings.memory_mib)} in {queue.name}."
    if ceilings.gpus is not None:
        notes["gpus"] = f"At most {ceilings.gpus} in {queue.name}."
    if ceilings.run_seconds is not None:
        longest = units.format_seconds(ceilings.run_seconds)
        notes["time_limit"] = f"Required in {queue.name}, at most {longest}."
    if ceilings.array_size is not None:
        notes["array_size"] = f"At most {ceilings.array_size:,} in {queue.name}."
    if queue.platform == "ECS_FARGATE":
        notes |= _fargate_notes(result, notes)
    return {name: note for name, note in notes.items() if note}


def _fargate_notes(result: ValidationResult, notes: Mapping[str, str]) -> dict[str, str]:
    revision = result.resolved_jobs[0].revision
    vcpus = requested_size(revision.document if revision else {}, result.parse_result.document).vcpus
    memory = FARGATE_MEMORY.get(Decimal(vcpus), ())
    size_notes = {
        "vcpus": f"Fargate supports {', '.join(str(size) for size in FARGATE_MEMORY)}.",
        "gpus": "Not available on Fargate.",
    }
    if memory:
        sizes = [units.format_mib(size) for size in memory]
        sizes_text = join_words(sizes, conjunction="or") if len(sizes) <= 3 else f"{sizes[0]} to {sizes[-1]}"
        size_notes["memory"] = f"With {vcpus.normalize():f} vCPU, Fargate supports {sizes_text}."
    return {
        name: f"{note} {notes[name]}" if name in notes and name != "gpus" else note
        for name, note in size_notes.items()
    }
