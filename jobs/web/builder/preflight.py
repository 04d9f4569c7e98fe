"""The pre-flight checks: valid, allowed, fitting, tags and limits, and the expected cost, wait and run time.

Nothing is validated here: the checks sort a validation result and add statistics of the team's jobs. What is unknown
is shown as unknown.
"""

from collections.abc import Iterable, Iterator, Sequence
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
from jobs.spec.documents import Document, DocumentKind, is_integer, is_object
from jobs.spec.forms import units
from jobs.spec.job_size import JobSize, requested_size
from jobs.spec.placement import PlacementResult, PlacementVerdict, check_placement
from jobs.spec.problems import DocumentChange, Problem, Severity, join_words, quote, resolve_pointer
from jobs.spec.time_limit import timeout_seconds
from jobs.templatetags.money import rounded, rounded_up
from jobs.templatetags.portal import span_in_words
from jobs.web.builder.problem_view import Finding

NOT_KNOWN = "Not known yet"
_ICONS = {"good": "circle-check", "warn": "alert-triangle", "bad": "circle-x", "off": "help"}
_FITS = frozenset({"queue.platform", "queue.nothing-fits", "queue.service-jobs", "run.longer-than-limit"})
_CEILINGS = frozenset(
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
class Line:
    """One check: its tone, outcome and reason, and the problems against it."""

    name: str
    label: str
    tone: str  # good, warn, bad, or off if unknown
    word: str
    reason: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def icon(self) -> str:
        return _ICONS[self.tone]


@dataclass(frozen=True)
class Rail:
    """All checks, in display order."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class _Run:
    """One job of the document, as far as its queue and definition are known."""

    document: Document
    definition: Document
    target: ResolvedJob

    @property
    def size(self) -> JobSize:
        return requested_size(self.definition, self.document)

    @property
    def limit(self) -> int:
        """Seconds after which an attempt is ended; 0 for never."""
        job_limit = timeout_seconds(self.document)
        seconds = job_limit if job_limit is not None else timeout_seconds(self.definition)
        return seconds if is_integer(seconds) else 0


def of(result: ValidationResult, member: Member, findings: Sequence[Finding], missing: Sequence[str] = ()) -> Rail:
    """Run the checks on a document; `missing` are the labels of fields still to fill in."""
    if result.parse_result.kind is DocumentKind.DEFINITION:
        return _of_definition(result, member, findings, missing)
    runs = [_run(result.parse_result.document, target) for target in result.resolved_jobs]
    resolved_runs = [run for run in runs if run.target.queue and run.target.revision]
    past = result.statistics
    alone = runs[0] if len(runs) == 1 else None
    slow = _too_slow(alone, past) if alone else None
    findings = [*findings, slow] if slow else findings
    price = (
        _price(result.estimate.cost, result.parse_result.changes) if result.estimate else _unknown("price", _LATER)
    )
    lines = [
        _valid(findings, missing),
        _allowed(findings, result, is_complete=bool(resolved_runs) and len(resolved_runs) == len(runs)),
        _fitting(findings, [_fit_of(run) for run in resolved_runs] if len(resolved_runs) == len(runs) else []),
        _tags(findings, result),
        _ceilings(findings, result, runs),
        price,
        _wait(findings, past, [run.target.queue for run in runs if run.target.queue]),
    ]
    if alone:
        lines.append(_ran(findings, past, alone))
    return Rail(tuple(lines))


_LATER = "Once a queue and a definition are chosen."


def _of_definition(
    result: ValidationResult, member: Member, findings: Sequence[Finding], missing: Sequence[str]
) -> Rail:
    document = result.parse_result.document
    size = requested_size(document, {})
    queues = list(Queue.objects.granted_to(member.team).filter(vanished_at=None).select_related("account"))
    lines = (
        _valid(findings, missing),
        _allowed(findings, result, is_complete=True),
        _fitting(findings, [_somewhere(size, queues)]),
        _tags(findings, result),
        _line(
            "ceilings", "Ceilings and approval", findings, "Within", "Some queue of the team takes jobs of this size."
        ),
        _by_the_hour(size, result.account.region if result.account else ""),
    )
    return Rail(lines)


def _run(document: Document, target: ResolvedJob) -> _Run:
    job_document = resolve_pointer(document, target.pointer)
    return _Run(
        job_document if is_object(job_document) else {}, target.revision.document if target.revision else {}, target
    )


# -- The check a problem belongs to


def line_of(problem: Problem) -> str:
    """Return the name of the check that shows a problem."""
    rule = problem.rule
    if rule in _FITS:
        return "run" if rule == "run.longer-than-limit" else "fits"
    if rule.startswith(("policy.tag", "form.tag")) or "tags" in problem.pointer.split("/"):
        return "tags"
    if rule in _CEILINGS:
        return "ceilings"
    return "allowed" if rule.startswith(("policy.", "portal.")) else "valid"


def _line(
    name: str,
    label: str,
    findings: Iterable[Finding],
    outcome: str,
    reason: str,
    *,
    bad: str = "No",
    tone: str = "good",
) -> Line:
    """Build the check from the problems against it, or as passed without any."""
    matching = tuple(finding for finding in findings if line_of(finding.problem) == name)
    if any(finding.is_error for finding in matching):
        return Line(name, label, "bad", bad, "", matching)
    if matching:
        return Line(name, label, "warn", "Look", "", matching)
    return Line(name, label, tone, outcome, reason)


def _unknown(name: str, reason: str) -> Line:
    return Line(name, _LABELS[name], "off", NOT_KNOWN, reason)


_LABELS = {"price": "Cost", "wait": "Usual wait", "run": "Usual run"}


# -- The checks


def _valid(findings: Sequence[Finding], missing: Sequence[str]) -> Line:
    if missing:
        reason = f"Still to fill in: {join_words(missing)}."
        return _line("valid", "Valid", findings, "Not complete", reason, tone="off")
    return _line("valid", "Valid", findings, "Yes", "AWS Batch would take it as it is.")


def _allowed(findings: Sequence[Finding], result: ValidationResult, *, is_complete: bool) -> Line:
    team = result.grants.team
    if not is_complete:
        return _line("allowed", "Allowed", findings, NOT_KNOWN, _LATER, tone="off")
    subject = (
        "Image and roles"
        if result.parse_result.kind is DocumentKind.DEFINITION
        else "Queue, definition, image and roles"
    )
    return _line("allowed", "Allowed", findings, "Yes", f"{subject} are given to {team}.")


def _fit_of(run: _Run) -> PlacementResult:
    queue = run.target.queue
    if queue is None or "nodeProperties" in run.definition:
        return PlacementResult(PlacementVerdict.UNKNOWN, "Of a job of several nodes it is not told beforehand.")
    return check_placement(run.size, queue_facts(queue).environments)


def _fitting(findings: Sequence[Finding], fits: Sequence[PlacementResult]) -> Line:
    if not fits:
        return _line("fits", "Fits", findings, NOT_KNOWN, _LATER, tone="off")
    unsure = next((result for result in fits if result.verdict is not PlacementVerdict.YES), None)
    if unsure is None:
        reason = fits[0].reason if len(fits) == 1 else "Each step finds a compute environment that can run it."
        return _line("fits", "Fits", findings, "Yes", reason)
    if unsure.verdict is PlacementVerdict.NO:
        return _line("fits", "Fits", findings, "No", unsure.reason, tone="warn")
    return _line("fits", "Fits", findings, NOT_KNOWN, unsure.reason, tone="off")


def _somewhere(size: JobSize, queues: Sequence[Queue]) -> PlacementResult:
    """Return whether any queue of the team can run the size."""
    answers = [(check_placement(size, queue_facts(queue).environments), queue) for queue in queues]
    for outcome in (PlacementVerdict.YES, PlacementVerdict.UNKNOWN):
        for answer, queue in answers:
            if answer.verdict is outcome:
                reason = f"In {queue.name}: {answer.reason}" if outcome is PlacementVerdict.YES else answer.reason
                return PlacementResult(outcome, reason)
    return PlacementResult(PlacementVerdict.NO, "No compute environment behind the team's queues can run it.")


def _tags(findings: Sequence[Finding], result: ValidationResult) -> Line:
    keys = [demand.key for demand in result.grants.tags if demand.required]
    team = result.grants.team
    defaults = [
        f"{change.message}."
        for change in result.parse_result.changes
        if change.rule_owner and not _of_time_limit(change)
    ]
    if not keys:
        sentences = defaults or [f"{team} asks for none."]
    elif result.parse_result.kind is DocumentKind.DEFINITION:
        sentences = ["Jobs are asked for theirs when they are submitted.", *defaults]
    else:
        sentences = [f"{join_words(keys)}: there, as {team} asks.", *defaults]
    return _line("tags", "Tags", findings, "Yes", " ".join(sentences), bad="Missing")


def _ceilings(findings: Sequence[Finding], result: ValidationResult, runs: Sequence[_Run]) -> Line:
    queues = {run.target.queue.pk: run.target.queue for run in runs if run.target.queue}
    if not queues:
        return _line("ceilings", "Ceilings and approval", findings, NOT_KNOWN, _LATER, tone="off")
    if result.approval_reasons:
        reason_text = " ".join(reason.message for reason in result.approval_reasons)
        return _line("ceilings", "Ceilings and approval", findings, "Needs approval", reason_text, tone="warn")
    limits = [
        f"{queue.name}: {text}"
        for pk, queue in queues.items()
        if (text := in_words(result.grants.queues.get(pk, QueueLimits()), result, pk))
    ]
    reason = (
        "; ".join(limits)
        or f"There are none for {result.grants.team} in {join_words(q.name for q in queues.values())}."
    )
    return _line("ceilings", "Ceilings and approval", findings, "Within", reason, bad="Above")


def in_words(ceilings: QueueLimits, result: ValidationResult, queue: int) -> str:
    """Return the limits: at most 16 vCPU, 64 GiB a job; 3 of 10 jobs at once are taken."""
    usage = result.queue_usage.get(queue)
    job_limits = [
        f"{ceilings.vcpus} vCPU" if ceilings.vcpus is not None else "",
        units.format_mib(ceilings.memory_mib) if ceilings.memory_mib is not None else "",
        f"{ceilings.gpus} GPU" if ceilings.gpus is not None else "",
        f"{units.format_seconds(ceilings.run_seconds)} long" if ceilings.run_seconds is not None else "",
        f"arrays of {ceilings.array_size}" if ceilings.array_size is not None else "",
    ]
    quotas = [
        f"{usage.jobs if usage else 0} of {ceilings.active_jobs} jobs" if ceilings.active_jobs is not None else "",
        f"{(usage.vcpus if usage else Decimal(0)).normalize():f} of {ceilings.active_vcpus} vCPU"
        if ceilings.active_vcpus is not None
        else "",
    ]
    per_job, at_once = ", ".join(filter(None, job_limits)), " and ".join(filter(None, quotas))
    return "; ".join(
        filter(
            None, (f"at most {per_job} a job" if per_job else "", f"{at_once} at once are taken" if at_once else "")
        )
    )


def _of_time_limit(change: DocumentChange) -> bool:
    return change.pointer.endswith("/timeout/attemptDurationSeconds")


def _price(estimated: CostEstimate, changes: Sequence[DocumentChange]) -> Line:
    """Build the check of expected and maximum cost, with their reasons."""
    expected, at_most = estimated.expected.usd, estimated.at_most.usd
    reasons = [f"{change.message}." for change in changes if change.rule_owner and _of_time_limit(change)]
    if expected is not None:
        runs = sum(job.earlier_runs for job in estimated.jobs)
        reasons.append(
            f"Expected {rounded(expected)}, as {'the last run' if runs == 1 else f'the last {runs} runs'}."
        )
    else:
        reasons.append("Expected unknown.")
    if at_most is None:
        return Line(
            "price", _LABELS["price"], "off", "At most unknown", " ".join([*reasons, *_unknown_because(estimated)])
        )
    reasons.append("At most: time limit × attempts × runs.")
    return Line("price", _LABELS["price"], "good", f"At most {rounded_up(at_most)}", " ".join(reasons))


def _unknown_because(estimated: CostEstimate) -> Iterator[str]:
    """Yield why the maximum cost is unknown."""
    names = estimated.jobs_without_time_limit
    if names:
        subject = join_words(map(quote, names), limit=3) if len(estimated.jobs) > 1 else "It"
        yield f"{subject} {'has' if len(names) == 1 else 'have'} no time limit."
    yield from estimated.unknown_reasons[:3]
    if estimated.hour.usd is not None:
        yield f"An hour costs {rounded(estimated.hour.usd)}."


def _by_the_hour(size: JobSize, region: str) -> Line:
    """Build the check of a definition's hourly cost."""
    if size.unknown:
        return _unknown("price", f"How large it is can't be told, because {size.unknown[0].reason}.")
    priced = PricedSize(
        size.platform, size.architecture, region, size.vcpus, size.memory_mib, size.gpus, size.ephemeral_gib
    )
    estimated = estimate_cost([PlannedJob("", priced, 1, 1, 0, 0)], {}, rates.read_rates(), now())
    if estimated.hour.usd is None:
        return _unknown("price", " ".join(estimated.unknown_reasons))
    price = f"{rounded(estimated.hour.usd)} an hour"
    return Line("price", "Cost", "good", price, "From its size and the rates of today.")


def _wait(findings: Sequence[Finding], past: RunStatistics, queues: Sequence[Queue]) -> Line:
    if not queues:
        return _unknown("wait", _LATER)
    spans = [(past.waits[queue.pk], queue) for queue in queues if queue.pk in past.waits]
    if not spans:
        return _unknown(
            "wait", f"No job of the team has begun in {join_words(dict.fromkeys(q.name for q in queues))}."
        )
    span, queue = max(spans, key=lambda item: item[0].median)
    return _line(
        "wait", "Usual wait", findings, f"About {span_in_words(span.median)}", _told(span, "began", queue.name)
    )


def _ran(findings: Sequence[Finding], past: RunStatistics, run: _Run) -> Line:
    revision = run.target.revision
    if revision is None:
        return _unknown("run", "Once a definition is chosen.")
    span = past.runs.get(revision.definition_id)
    if span is None:
        return _unknown("run", f"No job of {revision.definition.name} has ended well yet.")
    reason = _told(span, "ended", revision.definition.name)
    return _line("run", "Usual run", findings, f"About {span_in_words(span.median)}", reason)


def _told(span: DurationStats, verb: str, name: str) -> str:
    basis = "the last job" if span.count == 1 else f"the last {span.count} jobs"
    if span.count == 1:
        return f"So it was with {basis} of {name}."
    return f"Nine of ten {verb} within {span_in_words(span.high)}: {basis} of {name}."


def _too_slow(run: _Run, past: RunStatistics) -> Finding | None:
    """Return a warning if the time limit would have ended most earlier runs of the definition."""
    span = past.runs.get(run.target.revision.definition_id) if run.target.revision else None
    if span is None or not run.limit or span.high <= run.limit:
        return None
    enough = max(60, -int(-span.high * 2 // 60) * 60)
    message = (
        f"It is ended after {units.format_seconds(run.limit)}, and such jobs have run for "
        f"{span_in_words(span.high)}; {units.format_seconds(enough)} would leave room."
    )
    fix = ({"op": "add", "path": "/timeout", "value": {"attemptDurationSeconds": enough}},)
    return Finding(
        Problem("/timeout", message, Severity.WARNING, "run.longer-than-limit", fix), "time_limit", "Time limit"
    )
