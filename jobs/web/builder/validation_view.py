"""The view of a validation result: what the document is, its problems by line, and the label of the button."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from jobs.actions import ValidationResult
from jobs.spec.documents import Document, DocumentKind, list_at, text_at
from jobs.spec.parsing.parser import DocumentParseError, ParseResult
from jobs.spec.problems import DocumentChange, Fix, Problem, Severity, join_words, truncate
from jobs.templatetags.money import rounded, rounded_up

WAIT_MS = 120
"""Delay after the last keystroke before a page asks for validation."""

MOST_FINDINGS = 100
"""A page must not grow with a mistake that repeats."""


@dataclass(frozen=True)
class Finding:
    """A problem at its place in the text."""

    severity: str
    message: str
    line: int
    column: int
    pointer: str = ""
    fix: str = ""
    patch: str = ""
    """The fix as JSON Patch, for the page's script to apply to the text."""

    @property
    def is_error(self) -> bool:
        return self.severity == Severity.ERROR


@dataclass(frozen=True)
class Mark:
    """A problem as the editor marks it: at a pointer if the text has it, else at a line; with its fix."""

    pointer: str
    line: int
    column: int
    severity: str
    message: str
    fix: Fix = ()
    fix_in_words: str = ""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "fix": list(self.fix)}


@dataclass(frozen=True)
class Opinion:
    """Everything the panel beside the editor shows."""

    headline: str
    icon: str
    button: str
    ok: bool
    kind: str = ""
    findings: tuple[Finding, ...] = ()
    changes: tuple[DocumentChange, ...] = ()
    marks: tuple[Mark, ...] = ()
    left_off: int = 0
    approval: tuple[str, ...] = ()
    """Why it would need approval."""
    cost: str = ""
    """Expected and maximum cost."""

    @property
    def marks_as_json(self) -> list[dict[str, Any]]:
        return [mark.as_json() for mark in self.marks]

    @property
    def errors(self) -> int:
        return sum(finding.is_error for finding in self.findings)

    @property
    def warnings(self) -> int:
        return len(self.findings) - self.errors


NOTHING_YET = Opinion("Nothing here yet", "file-code", "Check and submit", ok=True)

_ICONS = {
    DocumentKind.DEFINITION: "template",
    DocumentKind.SUBMISSION: "player-play",
    DocumentKind.WORKFLOW: "sitemap",
}


def of_verdict(result: ValidationResult) -> Opinion:
    reading = result.parse_result
    findings = tuple(_finding(problem, reading) for problem in result.problems[:MOST_FINDINGS])
    return Opinion(
        headline=headline(reading.kind, reading.document),
        icon=_ICONS[reading.kind],
        kind=reading.kind,
        button=sentence(result) if result.is_valid else _to_solve(result.problems),
        ok=result.is_valid,
        findings=findings,
        changes=tuple(reading.changes),
        marks=marks(result.problems[:MOST_FINDINGS], reading),
        left_off=max(0, len(result.problems) - MOST_FINDINGS),
        approval=waits_because(result),
        cost=cost_in_words(result),
    )


def waits_because(result: ValidationResult) -> tuple[str, ...]:
    """Return why it would need approval, one sentence for each reason."""
    return tuple(reason.message for reason in result.approval_reasons)


def sentence(result: ValidationResult) -> str:
    """Return what the button does with a valid document, and its cost."""
    does = button(result.parse_result.kind, result.parse_result.document, cost_in_words(result))
    return f"{does}, for approval" if result.approval_reasons else does


def cost_in_words(result: ValidationResult) -> str:
    """Return the cost: expected $0.50, at most $3.30. The expected cost never stands alone."""
    if result.estimate is None:
        return ""
    expected, at_most = result.estimate.cost.expected.usd, result.estimate.cost.at_most.usd
    maximum = f"at most {'unknown' if at_most is None else rounded_up(at_most)}"
    return maximum if expected is None else f"expected {rounded(expected)}, {maximum}"


def of_no_document(error: DocumentParseError) -> Opinion:
    finding = Finding(Severity.ERROR, error.message, error.line, error.column)
    mark = Mark("", error.line, error.column, Severity.ERROR, error.message)
    return Opinion(
        "Not a document yet", "file-code", "1 problem to solve first", ok=False, findings=(finding,), marks=(mark,)
    )


def marks(problems: Iterable[Problem], reading: ParseResult) -> tuple[Mark, ...]:
    """Return the editor's markers. Some problems have a pointer that the text lacks; they are marked at a line."""
    return tuple(
        Mark(
            problem.pointer,
            (place := reading.position(problem.pointer)).line,
            place.column,
            problem.severity,
            problem.message,
            problem.fix,
            fix_in_words(problem.fix),
        )
        for problem in problems
    )


def of_reused_key(view: Opinion) -> Opinion:
    """Add a warning: the page's idempotency key was used for another text."""
    message = (
        "This page has submitted another text before, so nothing was sent. Press the button again to send this one."
    )
    return replace(view, findings=(Finding(Severity.WARNING, message, 1, 1), *view.findings))


def headline(kind: DocumentKind, document: Document) -> str:
    """Return what the document is: A workflow of 3 jobs."""
    if kind is DocumentKind.WORKFLOW:
        return f"A workflow of {_jobs(len(list_at(document, 'jobs')))}"
    name, noun = (
        (text_at(document, "jobDefinitionName"), "job definition")
        if kind is DocumentKind.DEFINITION
        else (text_at(document, "jobName"), "array of jobs" if "arrayProperties" in document else "job")
    )
    return (
        f"A{'n' * noun.startswith('a')} {noun}: {truncate(name)}" if name else f"A{'n' * noun.startswith('a')} {noun}"
    )


def button(kind: DocumentKind, document: Document, price: str = "") -> str:
    """Return what the button does, and the expected price."""
    if kind is DocumentKind.DEFINITION:
        return f"Register {truncate(text_at(document, 'jobDefinitionName'))}"
    jobs = list_at(document, "jobs") if kind is DocumentKind.WORKFLOW else [document]
    queues = dict.fromkeys(_last_part(text_at(job, "jobQueue")) for job in jobs)
    subject = _jobs(len(jobs)) if kind is DocumentKind.WORKFLOW else truncate(text_at(document, "jobName"))
    return f"Submit {subject} to {join_words(queues, limit=3)}{f', {price}' if price else ''}"


def _finding(problem: Problem, reading: ParseResult) -> Finding:
    place = reading.position(problem.pointer)
    return Finding(
        problem.severity,
        problem.message,
        place.line,
        place.column,
        problem.pointer,
        fix_in_words(problem.fix),
        patch_of(problem.fix),
    )


def patch_of(fix: Fix) -> str:
    return json.dumps(list(fix)) if fix else ""


def fix_in_words(operations: Iterable[Mapping[str, Any]]) -> str:
    return "; ".join(_step_in_words(operation) for operation in operations)


def _step_in_words(operation: Mapping[str, Any]) -> str:
    path = operation.get("path", "") or "the whole document"
    match operation.get("op"):
        case "remove":
            return f"take {path} away"
        case "add":
            return f"add {path} as {truncate(json.dumps(operation.get('value'), ensure_ascii=False))}"
        case "replace":
            return f"write {truncate(json.dumps(operation.get('value'), ensure_ascii=False))} at {path}"
        case "move":
            return f"move {operation.get('from', '')} to {path}"
        case other:
            return f"{other} {path}"


def _to_solve(problems: Iterable[Problem]) -> str:
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    return f"{errors} problem{'s' * (errors != 1)} to solve first"


def _jobs(count: int) -> str:
    return f"{count} job{'s' * (count != 1)}"


def _last_part(queue: str) -> str:
    """Return the name in a queue's ARN."""
    return queue.rsplit("/", 1)[-1]
