"""The pre-flight rail: is it valid, allowed and fitting, what of tags and ceilings, and what is to be expected.

Each line has a word, a reason, and what was found against it. What is not known is said to be so. Nothing is judged
here: the verdict is the judge's, and this only sorts it and adds what the team's own past tells.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.timezone import now

from jobs.access import Member
from jobs.intake import Verdict
from jobs.intake.resolution import Target
from jobs.intake.verdict import facts
from jobs.models import Queue
from jobs.policy.grants import Ceilings
from jobs.pricing import estimate, rates
from jobs.pricing.rates import Rates
from jobs.pricing.supposed import Supposed, supposed, total
from jobs.reports.usual import Span, Usual, usual
from jobs.spec.documents import Document, Kind, is_object, is_whole_number, part
from jobs.spec.fields import units
from jobs.spec.fitting import Fit, Fits, fit
from jobs.spec.job_size import Size, requested_size
from jobs.spec.problems import Problem, Severity, listed
from jobs.spec.problems import resolve as resolve_pointer
from jobs.templatetags.money import rounded
from jobs.templatetags.portal import span_in_words
from jobs.web.builder.finding import Finding

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
    """A line of the rail: how it looks, its word and why, and the problems that are told under it."""

    name: str
    label: str
    tone: str  # good, warn, bad, or off where nothing is known
    word: str
    reason: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def icon(self) -> str:
        return _ICONS[self.tone]


@dataclass(frozen=True)
class Rail:
    """All lines, and what it would cost in the words of the button."""

    lines: tuple[Line, ...]
    price: str = ""


@dataclass(frozen=True)
class _Run:
    """One job of the verdict, as far as its names are known."""

    document: Document
    definition: Document
    target: Target

    @property
    def size(self) -> Size:
        return requested_size(self.definition, self.document)

    @property
    def times(self) -> int:
        size = part(self.document, "arrayProperties", "size")
        return size if is_whole_number(size) and size > 0 else 1

    @property
    def limit(self) -> int:
        """Seconds after which an attempt is ended; 0: never."""
        own = part(self.document, "timeout", "attemptDurationSeconds")
        base = part(self.definition, "timeout", "attemptDurationSeconds")
        found = own if own is not None else base
        return found if is_whole_number(found) else 0


def of(verdict: Verdict, member: Member, findings: Sequence[Finding], missing: Sequence[str] = ()) -> Rail:
    """The rail of a document. `missing` are the names of fields that are still to be filled in."""
    if verdict.reading.kind is Kind.DEFINITION:
        return _of_definition(verdict, member, findings, missing)
    runs = [_run(verdict.reading.document, target) for target in verdict.targets]
    known = [run for run in runs if run.target.queue and run.target.revision]
    queues = {run.target.queue.pk for run in runs if run.target.queue}
    definitions = {run.target.revision.definition_id for run in runs if run.target.revision}
    past = usual(member.team, queues, definitions)
    alone = runs[0] if len(runs) == 1 else None
    slow = _too_slow(alone, past) if alone else None
    findings = [*findings, slow] if slow else findings
    price, words = _price(known, past) if known and len(known) == len(runs) else (_unknown("price", _LATER), "")
    lines = [
        _valid(findings, missing),
        _allowed(findings, verdict, whole=bool(known) and len(known) == len(runs)),
        _fitting(findings, [_fit_of(run) for run in known] if len(known) == len(runs) else []),
        _tags(findings, verdict),
        _ceilings(findings, verdict, runs),
        price,
        _wait(findings, past, [run.target.queue for run in runs if run.target.queue]),
    ]
    if alone:
        lines.append(_ran(findings, past, alone))
    return Rail(tuple(lines), words)


_LATER = "Once a queue and a definition are chosen."


def _of_definition(verdict: Verdict, member: Member, findings: Sequence[Finding], missing: Sequence[str]) -> Rail:
    document = verdict.reading.document
    size = requested_size(document, {})
    queues = list(Queue.objects.granted_to(member.team).filter(vanished_at=None).select_related("account"))
    lines = (
        _valid(findings, missing),
        _allowed(findings, verdict, whole=True),
        _fitting(findings, [_somewhere(size, queues)]),
        _tags(findings, verdict),
        _line(
            "ceilings", "Ceilings and approval", findings, "Within", "Some queue of the team takes jobs of this size."
        ),
        _by_the_hour(size, verdict.account.region if verdict.account else "", rates.read(), now()),
    )
    return Rail(lines)


def _run(document: Document, target: Target) -> _Run:
    own = resolve_pointer(document, target.pointer)
    return _Run(own if is_object(own) else {}, target.revision.document if target.revision else {}, target)


# -- Which line tells a problem


def line_of(problem: Problem) -> str:
    """The line under which a problem is told."""
    rule = problem.rule
    if rule in _FITS:
        return "run" if rule == "run.longer-than-limit" else "fits"
    if rule.startswith(("policy.tag", "form.tag")) or "tags" in problem.pointer.split("/"):
        return "tags"
    if rule in _CEILINGS:
        return "ceilings"
    return "allowed" if rule.startswith(("policy.", "portal.")) else "valid"


def _line(
    name: str, label: str, findings: Iterable[Finding], word: str, reason: str, *, bad: str = "No", tone: str = "good"
) -> Line:
    """The line as it is when nothing is against it, or what is."""
    mine = tuple(each for each in findings if line_of(each.problem) == name)
    if any(each.is_error for each in mine):
        return Line(name, label, "bad", bad, "", mine)
    if mine:
        return Line(name, label, "warn", "Look", "", mine)
    return Line(name, label, tone, word, reason)


def _unknown(name: str, reason: str) -> Line:
    return Line(name, _LABELS[name], "off", NOT_KNOWN, reason)


_LABELS = {"price": "Estimate", "wait": "Usual wait", "run": "Usual run"}


# -- The lines


def _valid(findings: Sequence[Finding], missing: Sequence[str]) -> Line:
    if missing:
        told = f"Still to fill in: {listed(missing)}."
        return _line("valid", "Valid", findings, "Not complete", told, tone="off")
    return _line("valid", "Valid", findings, "Yes", "AWS Batch would take it as it is.")


def _allowed(findings: Sequence[Finding], verdict: Verdict, *, whole: bool) -> Line:
    team = verdict.grants.team
    if not whole:
        return _line("allowed", "Allowed", findings, NOT_KNOWN, _LATER, tone="off")
    what = "Image and roles" if verdict.reading.kind is Kind.DEFINITION else "Queue, definition, image and roles"
    return _line("allowed", "Allowed", findings, "Yes", f"{what} are given to {team}.")


def _fit_of(run: _Run) -> Fit:
    queue = run.target.queue
    if queue is None or "nodeProperties" in run.definition:
        return Fit(Fits.UNKNOWN, "Of a job of several nodes it is not told beforehand.")
    return fit(run.size, facts(queue).environments)


def _fitting(findings: Sequence[Finding], fits: Sequence[Fit]) -> Line:
    if not fits:
        return _line("fits", "Fits", findings, NOT_KNOWN, _LATER, tone="off")
    unsure = next((each for each in fits if each.fits is not Fits.YES), None)
    if unsure is None:
        reason = fits[0].reason if len(fits) == 1 else "Each step finds a compute environment that can run it."
        return _line("fits", "Fits", findings, "Yes", reason)
    if unsure.fits is Fits.NO:
        return _line("fits", "Fits", findings, "No", unsure.reason, tone="warn")
    return _line("fits", "Fits", findings, NOT_KNOWN, unsure.reason, tone="off")


def _somewhere(size: Size, queues: Sequence[Queue]) -> Fit:
    """Whether any queue of the team can run it."""
    answers = [(fit(size, facts(queue).environments), queue) for queue in queues]
    for wanted in (Fits.YES, Fits.UNKNOWN):
        for answer, queue in answers:
            if answer.fits is wanted:
                words = f"In {queue.name}: {answer.reason}" if wanted is Fits.YES else answer.reason
                return Fit(wanted, words)
    return Fit(Fits.NO, "No compute environment behind the team's queues can run it.")


def _tags(findings: Sequence[Finding], verdict: Verdict) -> Line:
    asked = [demand.key for demand in verdict.grants.tags if demand.required]
    team = verdict.grants.team
    filled = [f"{change.message}." for change in verdict.reading.changes if change.by]
    if not asked:
        told = filled or [f"{team} asks for none."]
    elif verdict.reading.kind is Kind.DEFINITION:
        told = ["Jobs are asked for theirs when they are submitted.", *filled]
    else:
        told = [f"{listed(asked)}: there, as {team} asks.", *filled]
    return _line("tags", "Tags", findings, "Yes", " ".join(told), bad="Missing")


def _ceilings(findings: Sequence[Finding], verdict: Verdict, runs: Sequence[_Run]) -> Line:
    queues = {run.target.queue.pk: run.target.queue for run in runs if run.target.queue}
    if not queues:
        return _line("ceilings", "Ceilings and approval", findings, NOT_KNOWN, _LATER, tone="off")
    if verdict.approval:
        told = " ".join(reason.message for reason in verdict.approval)
        return _line("ceilings", "Ceilings and approval", findings, "Needs approval", told, tone="warn")
    each = [
        f"{queue.name}: {words}"
        for pk, queue in queues.items()
        if (words := in_words(verdict.grants.queues.get(pk, Ceilings()), verdict, pk))
    ]
    reason = (
        "; ".join(each) or f"There are none for {verdict.grants.team} in {listed(q.name for q in queues.values())}."
    )
    return _line("ceilings", "Ceilings and approval", findings, "Within", reason, bad="Above")


def in_words(ceilings: Ceilings, verdict: Verdict, queue: int) -> str:
    """at most 16 vCPU, 64 GiB a job; 3 of 10 jobs at once are taken"""
    taken = verdict.taken.get(queue)
    each = [
        f"{ceilings.vcpus} vCPU" if ceilings.vcpus is not None else "",
        units.mib_in_words(ceilings.memory_mib) if ceilings.memory_mib is not None else "",
        f"{ceilings.gpus} GPU" if ceilings.gpus is not None else "",
        f"{units.seconds_in_words(ceilings.run_seconds)} long" if ceilings.run_seconds is not None else "",
        f"arrays of {ceilings.array_size}" if ceilings.array_size is not None else "",
    ]
    held = [
        f"{taken.jobs if taken else 0} of {ceilings.active_jobs} jobs" if ceilings.active_jobs is not None else "",
        f"{(taken.vcpus if taken else Decimal(0)).normalize():f} of {ceilings.active_vcpus} vCPU"
        if ceilings.active_vcpus is not None
        else "",
    ]
    one, all_of_it = ", ".join(filter(None, each)), " and ".join(filter(None, held))
    return "; ".join(
        filter(None, (f"at most {one} a job" if one else "", f"{all_of_it} at once are taken" if all_of_it else ""))
    )


def _price(runs: Sequence[_Run], past: Usual) -> tuple[Line, str]:
    """What it would cost, from the usual run time or, where nobody knows that, from the time limit."""
    book, at = rates.read(), now()
    spans = [past.runs.get(run.target.revision.definition_id) for run in runs if run.target.revision]
    if all(spans):
        low = total([_cost(run, span.least, book, at) for run, span in zip(runs, spans, strict=True) if span])
        high = total([_cost(run, span.most, book, at) for run, span in zip(runs, spans, strict=True) if span])
        if low.usd is None or high.usd is None:
            return _unknown("price", " ".join(high.reasons)), ""
        words = _range(low.usd, high.usd)
        count = sum(span.count for span in spans if span)
        told = f"From its size and how long {'the last job' if count == 1 else f'the last {count}'} ran."
        return Line("price", "Estimate", "good", _capital(words), " ".join([told, *high.reasons])), words
    if all(run.limit for run in runs):
        most = total([_cost(run, run.limit, book, at) for run in runs])
        if most.usd is not None:
            words = f"at most {rounded(most.usd)}"
            told = "If an attempt runs for its whole time limit; how long it usually runs is not known yet."
            return Line("price", "Estimate", "good", _capital(words), told), words
    hour = total([_cost(run, 3600, book, at) for run in runs])
    told = "How long it runs is not known yet."
    if hour.usd is None:
        return _unknown("price", " ".join([told, *hour.reasons])), ""
    return _unknown("price", f"{told} It costs {rounded(hour.usd)} an hour."), ""


def _cost(run: _Run, seconds: float, book: Rates, at: datetime) -> Supposed:
    region = run.target.queue.account.region if run.target.queue else ""
    if run.size.unknown:
        return Supposed(None, (_unsized(run.size),))
    return supposed(_priced(run.size, region), seconds, book, at, run.times)


def _by_the_hour(size: Size, region: str, book: Rates, at: datetime) -> Line:
    if size.unknown:
        return _unknown("price", _unsized(size))
    hour = supposed(_priced(size, region), 3600, book, at)
    if hour.usd is None:
        return _unknown("price", " ".join(hour.reasons))
    return Line("price", "Estimate", "good", f"{rounded(hour.usd)} an hour", "From its size and the rates of today.")


def _unsized(size: Size) -> str:
    return f"How large it is can't be told, because {size.unknown[0].reason}."


def _priced(size: Size, region: str) -> estimate.Size:
    return estimate.Size(
        size.platform, size.architecture, region, size.vcpus, size.memory_mib, size.gpus, size.ephemeral_gib
    )


def _range(low: Decimal, high: Decimal) -> str:
    """about $0.40–1.10, about $2.00, or less than $0.01"""
    least, most = rounded(low), rounded(high)
    if most.startswith("<") or not high:
        return "less than $0.01"
    if least in ("$0.00", most) or least.startswith("<"):
        return f"about {most}" if least == most else f"up to {most}"
    return f"about {least}–{most.removeprefix('$')}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _wait(findings: Sequence[Finding], past: Usual, queues: Sequence[Queue]) -> Line:
    if not queues:
        return _unknown("wait", _LATER)
    spans = [(past.waits[queue.pk], queue) for queue in queues if queue.pk in past.waits]
    if not spans:
        return _unknown("wait", f"No job of the team has begun in {listed(dict.fromkeys(q.name for q in queues))}.")
    span, queue = max(spans, key=lambda each: each[0].half)
    return _line(
        "wait", "Usual wait", findings, f"About {span_in_words(span.half)}", _told(span, "began", queue.name)
    )


def _ran(findings: Sequence[Finding], past: Usual, run: _Run) -> Line:
    revision = run.target.revision
    if revision is None:
        return _unknown("run", "Once a definition is chosen.")
    span = past.runs.get(revision.definition_id)
    if span is None:
        return _unknown("run", f"No job of {revision.definition.name} has ended well yet.")
    told = _told(span, "ended", revision.definition.name)
    return _line("run", "Usual run", findings, f"About {span_in_words(span.half)}", told)


def _told(span: Span, did: str, where: str) -> str:
    what = "the last job" if span.count == 1 else f"the last {span.count} jobs"
    if span.count == 1:
        return f"So it was with {what} of {where}."
    return f"Nine of ten {did} within {span_in_words(span.most)}: {what} of {where}."


def _too_slow(run: _Run, past: Usual) -> Finding | None:
    """A time limit that most jobs of the definition would not have kept to."""
    span = past.runs.get(run.target.revision.definition_id) if run.target.revision else None
    if span is None or not run.limit or span.most <= run.limit:
        return None
    enough = max(60, -int(-span.most * 2 // 60) * 60)
    message = (
        f"It is ended after {units.seconds_in_words(run.limit)}, and such jobs have run for "
        f"{span_in_words(span.most)}; {units.seconds_in_words(enough)} would leave room."
    )
    fix = ({"op": "add", "path": "/timeout", "value": {"attemptDurationSeconds": enough}},)
    return Finding(
        Problem("/timeout", message, Severity.WARNING, "run.longer-than-limit", fix), "time_limit", "Time limit"
    )
