"""The view of a validation result: what the document is, its problems by line, and the label of the button."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from jobs.actions import ValidationResult
from jobs.spec.documents import Document, DocumentKind, list_at, text_at
from jobs.spec.parsing.parser import DocumentParseError, ParseResult
from jobs.spec.problems import DocumentChange, Fix, Problem, Severity, join_words, truncate
from jobs.templatetags.money import usd_text, usd_text_up

PREVIEW_DELAY_MS = 120
"""Delay after the last keystroke before a page asks for validation."""

MAX_PROBLEMS = 100
"""A page must not grow with a mistake that repeats."""


@dataclass(frozen=True)
class LocatedProblem:
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
class EditorMarker:
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
class ValidationView:
    """Everything the panel beside the editor shows."""

    headline: str
    icon: str
    button_label: str
    ok: bool
    kind: str = ""
    problems: tuple[LocatedProblem, ...] = ()
    changes: tuple[DocumentChange, ...] = ()
    markers: tuple[EditorMarker, ...] = ()
    omitted_count: int = 0
    approval: tuple[str, ...] = ()
    """Why it would need approval."""
    cost: str = ""
    """Expected and maximum cost."""

    @property
    def markers_as_json(self) -> list[dict[str, Any]]:
        return [mark.as_json() for mark in self.markers]

    @property
    def errors(self) -> int:
        return sum(finding.is_error for finding in self.problems)

    @property
    def warnings(self) -> int:
        return len(self.problems) - self.errors


EMPTY_VIEW = ValidationView("Nothing here yet", "file-code", "Check and submit", ok=True)

_ICONS = {
    DocumentKind.DEFINITION: "template",
    DocumentKind.SUBMISSION: "player-play",
    DocumentKind.WORKFLOW: "sitemap",
}


def from_result(result: ValidationResult) -> ValidationView:
    reading = result.parse_result
    findings = tuple(_located_problem(problem, reading) for problem in result.problems[:MAX_PROBLEMS])
    return ValidationView(
        headline=headline(reading.kind, reading.document),
        icon=_ICONS[reading.kind],
        kind=reading.kind,
        button_label=submit_label(result) if result.is_valid else _problem_count_label(result.problems),
        ok=result.is_valid,
        problems=findings,
        changes=tuple(reading.changes),
        markers=editor_markers(result.problems[:MAX_PROBLEMS], reading),
        omitted_count=max(0, len(result.problems) - MAX_PROBLEMS),
        approval=approval_reasons(result),
        cost=cost_text(result),
    )


def approval_reasons(result: ValidationResult) -> tuple[str, ...]:
    """Return why it would need approval, one sentence for each reason."""
    return tuple(reason.message for reason in result.approval_reasons)


def submit_label(result: ValidationResult) -> str:
    """Return what the button does with a valid document, and its cost."""
    does = button_label(result.parse_result.kind, result.parse_result.document, cost_text(result))
    return f"{does}, for approval" if result.approval_reasons else does


def cost_text(result: ValidationResult) -> str:
    """Return the cost: expected $0.50, at most $3.30. The expected cost never stands alone."""
    if result.estimate is None:
        return ""
    expected, at_most = result.estimate.cost.expected.usd, result.estimate.cost.at_most.usd
    maximum = f"at most {'unknown' if at_most is None else usd_text_up(at_most)}"
    return maximum if expected is None else f"expected {usd_text(expected)}, {maximum}"


def from_parse_error(error: DocumentParseError) -> ValidationView:
    finding = LocatedProblem(Severity.ERROR, error.message, error.line, error.column)
    mark = EditorMarker("", error.line, error.column, Severity.ERROR, error.message)
    return ValidationView(
        "Not a document yet", "file-code", "1 problem to solve first", ok=False, problems=(finding,), markers=(mark,)
    )


def editor_markers(problems: Iterable[Problem], reading: ParseResult) -> tuple[EditorMarker, ...]:
    """Return the editor's markers. Some problems have a pointer that the text lacks; they are marked at a line."""
    return tuple(
        EditorMarker(
            problem.pointer,
            (place := reading.position(problem.pointer)).line,
            place.column,
            problem.severity,
            problem.message,
            problem.fix,
            describe_fix(problem.fix),
        )
        for problem in problems
    )


def with_reused_key_warning(view: ValidationView) -> ValidationView:
    """Add a warning: the page's idempotency key was used for another text."""
    message = (
        "This page has submitted another text before, so nothing was sent. Press the button again to send this one."
    )
    return replace(view, problems=(LocatedProblem(Severity.WARNING, message, 1, 1), *view.problems))


def headline(kind: DocumentKind, document: Document) -> str:
    """Return what the document is: A workflow of 3 jobs."""
    if kind is DocumentKind.WORKFLOW:
        return f"A workflow of {_job_count(len(list_at(document, 'jobs')))}"
    name, noun = (
        (text_at(document, "jobDefinitionName"), "job definition")
        if kind is DocumentKind.DEFINITION
        else (text_at(document, "jobName"), "array of jobs" if "arrayProperties" in document else "job")
    )
    return (
        f"A{'n' * noun.startswith('a')} {noun}: {truncate(name)}" if name else f"A{'n' * noun.startswith('a')} {noun}"
    )


def button_label(kind: DocumentKind, document: Document, price: str = "") -> str:
    """Return what the button does, and the expected price."""
    if kind is DocumentKind.DEFINITION:
        return f"Register {truncate(text_at(document, 'jobDefinitionName'))}"
    jobs = list_at(document, "jobs") if kind is DocumentKind.WORKFLOW else [document]
    queues = dict.fromkeys(_queue_name(text_at(job, "jobQueue")) for job in jobs)
    subject = _job_count(len(jobs)) if kind is DocumentKind.WORKFLOW else truncate(text_at(document, "jobName"))
    return f"Submit {subject} to {join_words(queues, limit=3)}{f', {price}' if price else ''}"


def _located_problem(problem: Problem, reading: ParseResult) -> LocatedProblem:
    place = reading.position(problem.pointer)
    return LocatedProblem(
        problem.severity,
        problem.message,
        place.line,
        place.column,
        problem.pointer,
        describe_fix(problem.fix),
        fix_as_patch(problem.fix),
    )


def fix_as_patch(fix: Fix) -> str:
    return json.dumps(list(fix)) if fix else ""


def describe_fix(operations: Iterable[Mapping[str, Any]]) -> str:
    return "; ".join(_describe_operation(operation) for operation in operations)


def _describe_operation(operation: Mapping[str, Any]) -> str:
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


def _problem_count_label(problems: Iterable[Problem]) -> str:
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    return f"{errors} problem{'s' * (errors != 1)} to solve first"


def _job_count(count: int) -> str:
    return f"{count} job{'s' * (count != 1)}"


def _queue_name(queue: str) -> str:
    """Return the name in a queue's ARN."""
    return queue.rsplit("/", 1)[-1]
