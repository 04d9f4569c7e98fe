"""Feedback on a document, as pages show it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.contrib import messages

from jobs import actions
from jobs.access import Member
from jobs.actions import ValidationResult
from jobs.models import Account
from jobs.spec.documents import Document, DocumentKind, is_integer, is_object, list_at, object_at, text_at
from jobs.spec.forms import FormField, units
from jobs.spec.parsing.parser import (
    DocumentCandidate,
    DocumentParseError,
    ParseResult,
    SeveralDocumentsError,
    parse_problem,
)
from jobs.spec.patch import PatchError
from jobs.spec.problems import (
    DocumentChange,
    LocatedProblem,
    Problem,
    Severity,
    join_words,
    resolve_pointer,
    truncate,
)
from jobs.spec.redaction import MASK, redact
from jobs.spec.rules.overrides import parameter_names
from jobs.spec.time_limit import timeout_seconds
from jobs.templatetags.money import usd_range, usd_text_up
from jobs.templatetags.portal import format_duration
from jobs.web.builder.form_state import BuilderForm
from jobs.web.builder.form_words import FormWords
from jobs.web.jobs import effective_view
from jobs.web.jobs.effective_view import EffectiveSection, EffectiveStep
from jobs.web.shell.auth import SignedInRequest

PREVIEW_DELAY_MS = 120
"""After the last keystroke."""

MAX_TEXT_PROBLEMS = 100
MAX_FORM_PROBLEMS = 50
"""A page must not grow with a mistake that repeats."""

_STEP_POINTER = re.compile(r"/jobs/([0-9]{1,6})(?:/.*)?", re.DOTALL)

FIX_PREFIX = "fix:"
"""Prefix of the button's value; the problem's key follows."""
FIX_GONE_MESSAGE = "Nothing was changed: this is already fixed, or the form has changed."


@dataclass(frozen=True)
class ProblemView:
    """Its place is a field of the form, or a line of the text."""

    problem: Problem
    field: str = ""
    label: str = ""
    line: int = 0
    column: int = 0
    step: str = ""
    """The job of a workflow that it is about."""
    words: FormWords | None = None
    """Of the form that shows it."""
    form_field: FormField | None = None

    @property
    def is_error(self) -> bool:
        return self.problem.severity is Severity.ERROR

    @property
    def is_warning(self) -> bool:
        return self.problem.severity is Severity.WARNING

    @property
    def message(self) -> str:
        return self.words.message(self.problem, self.form_field) if self.words else self.problem.message

    @property
    def location(self) -> str:
        """What the form shows of it, if it has no field."""
        return self.words.location(self.problem.pointer) if self.words else ""

    @property
    def pointer(self) -> str:
        return self.problem.pointer

    @cached_property
    def fix(self) -> str:
        fix = self.problem.fix
        return self.words.fix(fix) if self.words and fix else describe_fix(fix)

    @property
    def patch(self) -> str:
        return json.dumps(list(self.problem.fix)) if self.problem.fix else ""

    @property
    def step_index(self) -> str:
        match = _STEP_POINTER.fullmatch(self.problem.pointer) if self.step else None
        return match[1] if match else ""

    @property
    def key(self) -> str:
        """Return a stable id; an index would shift when the text changes."""
        return f"{self.problem.rule}@{self.problem.pointer}"


@dataclass(frozen=True)
class EditorMarker:
    """At a pointer if the text has it, else at a line."""

    located: LocatedProblem

    def as_json(self) -> dict[str, Any]:
        return {**self.located.as_json(), "fix_in_words": describe_fix(self.located.problem.fix)}


@dataclass(frozen=True)
class Feedback:
    headline: str
    button_label: str
    result: ValidationResult | None = None
    """None if there was no document to validate."""
    is_validated: bool = False
    problems: tuple[ProblemView, ...] = ()
    omitted_count: int = 0
    missing: tuple[str, ...] = ()
    """Labels of the form's fields still to fill in."""
    approval: tuple[str, ...] = ()
    """Why it would need approval."""
    markers: tuple[EditorMarker, ...] = ()
    candidates: tuple[DocumentCandidate, ...] = ()
    """The documents of the text, if it has several."""
    words: FormWords | None = None
    """Of the form, if it is one's."""
    saves_template: bool = False
    """Whether its button saves a workflow template."""
    is_text: bool = False
    """Whether the problems are at lines of a text; else at fields of a form."""

    @property
    def errors(self) -> int:
        return sum(problem.is_error for problem in self.problems)

    @property
    def warnings(self) -> int:
        return sum(problem.is_warning for problem in self.problems)

    @property
    def is_valid(self) -> bool:
        return self.result.is_valid if self.result else not self.problems

    @property
    def kind(self) -> str:
        return self.result.parse_result.kind if self.result else ""

    @property
    def changes(self) -> tuple[DocumentChange, ...]:
        return self.result.parse_result.changes if self.result else ()

    @property
    def cost(self) -> str:
        return cost_text(self.result) if self.result else ""

    @property
    def markers_as_json(self) -> list[dict[str, Any]]:
        return [marker.as_json() for marker in self.markers]

    @cached_property
    def effective_sections(self) -> list[EffectiveSection]:
        return effective_view.result_sections(self.result)

    @property
    def problems_by_field(self) -> Mapping[str, list[ProblemView]]:
        by_field: dict[str, list[ProblemView]] = {}
        for problem in self.problems:
            by_field.setdefault(problem.field, []).append(problem)
        return by_field

    @property
    def first_error_field(self) -> str:
        return next((problem.field for problem in self.problems if problem.field and problem.is_error), "")

    @cached_property
    def effective_steps(self) -> list[EffectiveStep]:
        return effective_view.result_steps(self.result)

    @property
    def parsing_changes(self) -> list[DocumentChange]:
        """What the text was read as, without what the team's rules fill in: the pre-flight checks say that."""
        return [change for change in self.changes if not change.rule_owner]

    @cached_property
    def preflight_problems(self) -> tuple[ProblemView, ...]:
        """Add warnings from earlier jobs, which fields don't show."""
        if self.result is None or (problem := _time_limit_warning(self.result)) is None:
            return self.problems
        if self.is_text:
            return (*self.problems, _problem_in_text(self.result.parse_result.locate(problem)))
        return (*self.problems, ProblemView(problem, "time_limit", "Time limit", words=self.words))


# -- Feedback on a text

EMPTY = Feedback("No document yet", "Check and submit")


def from_result(result: ValidationResult) -> Feedback:
    parsed = result.parse_result
    problems = result.problems[:MAX_TEXT_PROBLEMS]
    return Feedback(
        headline(parsed.kind, parsed.document),
        submit_label(result) if result.is_valid else problem_count_label(len(result.errors)),
        result,
        is_validated=True,
        problems=tuple(
            _problem_in_text(parsed.locate(problem), _step_name(parsed, problem.pointer)) for problem in problems
        ),
        omitted_count=len(result.problems) - len(problems),
        approval=approval_reasons(result),
        markers=_editor_markers(problems, parsed),
        is_text=True,
    )


def from_parse_error(error: DocumentParseError) -> Feedback:
    return Feedback(
        "Not a valid document",
        problem_count_label(1),
        is_validated=True,
        problems=(_problem_in_text(parse_problem(error)),),
        markers=(EditorMarker(parse_problem(error)),),
        candidates=error.candidates if isinstance(error, SeveralDocumentsError) else (),
    )


def with_reused_key_warning(feedback: Feedback) -> Feedback:
    message = "This page already submitted a different text, so nothing was sent. Submit again to send this one."
    warning = ProblemView(Problem("", message, Severity.WARNING), line=1, column=1)
    return replace(feedback, problems=(warning, *feedback.problems))


def _problem_in_text(located: LocatedProblem, step: str = "") -> ProblemView:
    return ProblemView(located.problem, line=located.line, column=located.column, step=step)


def _step_name(parsed: ParseResult, pointer: str) -> str:
    """Return the name of the step that a pointer into a workflow is in; empty if it is in none."""
    match = _STEP_POINTER.fullmatch(pointer)
    if match is None or parsed.kind is not DocumentKind.WORKFLOW:
        return ""
    number = int(match[1])
    return truncate(text_at(parsed.document, "jobs", number, "jobName")) or f"job {number + 1}"


def _editor_markers(problems: Iterable[Problem], parsed: ParseResult) -> tuple[EditorMarker, ...]:
    return tuple(EditorMarker(parsed.locate(problem)) for problem in problems)


# -- Feedback on a form


def empty(form: BuilderForm) -> Feedback:
    return Feedback(headline(form.kind, form.document), "Check and submit")


def build(
    form: BuilderForm, member: Member, account: Account | None = None, *, require_all: bool = False
) -> Feedback:
    """Report missing input only with `require_all`."""
    if form.parse_error:
        return from_parse_error(form.parse_error)
    try:
        result = actions.validate(form.source(member), member, account)
    except DocumentParseError as error:
        return from_parse_error(error)
    return from_form(form, result, require_all=require_all)


def from_form(form: BuilderForm, result: ValidationResult, *, require_all: bool = False) -> Feedback:
    form = form.with_parameters(_parameter_names(form, result))
    problems = form.merge_problems(result.problems)
    missing = form.missing_labels
    if not require_all:
        problems = [problem for problem in problems if problem.rule != "form.wanted"]
    form_words = FormWords(form.form_fields, (form.document, result.parse_result.document))
    problem_views = _problems_at_fields(form, problems, form_words)[:MAX_FORM_PROBLEMS]
    errors = sum(problem.is_error for problem in problem_views)
    if errors:
        label = problem_count_label(errors)
    elif missing:
        label = f"Required: {join_words(missing)}"
    else:
        label = submit_label(result)
    needs_approval = result.approval_reasons and not errors and not missing
    return Feedback(
        headline(form.kind, form.document),
        label,
        result,
        is_validated=True,
        problems=tuple(problem_views),
        missing=tuple(missing),
        approval=approval_reasons(result) if needs_approval else (),
        markers=_editor_markers(problems[:MAX_FORM_PROBLEMS], result.parse_result),
        words=form_words,
    )


def _parameter_names(form: BuilderForm, result: ValidationResult) -> list[str]:
    revisions = [target.revision for target in result.resolved_jobs if target.revision]
    return parameter_names(revisions[0].document, form.document) if revisions else []


def _problems_at_fields(form: BuilderForm, problems: Iterable[Problem], form_words: FormWords) -> list[ProblemView]:
    by_field, unassigned = form.group_by_field(problems)
    problem_views = [ProblemView(problem, words=form_words) for problem in unassigned]
    for field in form.form_fields:
        problem_views += [
            ProblemView(problem, field.name, field.label, words=form_words, form_field=field)
            for problem in by_field.get(field.name, ())
        ]
    return problem_views


def _time_limit_warning(result: ValidationResult) -> Problem | None:
    revision = result.resolved_jobs[0].revision if len(result.resolved_jobs) == 1 else None
    durations = result.statistics.runs.get(revision.definition_id) if revision else None
    if revision is None or durations is None:
        return None
    document = resolve_pointer(result.parse_result.document, result.resolved_jobs[0].pointer)
    job_limit = timeout_seconds(document) if is_object(document) else None
    limit = job_limit if job_limit is not None else timeout_seconds(revision.document)
    if not is_integer(limit) or not limit or durations.high <= limit:
        return None
    enough = max(60, -int(-durations.high * 2 // 60) * 60)
    message = (
        f"The job is stopped after {units.format_seconds(limit)}, but earlier jobs ran for "
        f"{format_duration(durations.high)}. Set the time limit to {units.format_seconds(enough)}."
    )
    pointer = f"{result.resolved_jobs[0].pointer}/timeout"
    fix = ({"op": "add", "path": pointer, "value": {"attemptDurationSeconds": enough}},)
    return Problem(pointer, message, Severity.WARNING, "run.longer-than-limit", fix)


# -- Fixes


def apply_fix(
    request: SignedInRequest, member: Member, form: BuilderForm, key: str, account: Account | None = None
) -> tuple[BuilderForm, Feedback]:
    feedback = build(form, member, account)
    view = next((item for item in feedback.preflight_problems if item.problem.fix and item.key == key), None)
    if view is None or feedback.result is None:
        messages.info(request, FIX_GONE_MESSAGE)
        return form, feedback
    document = feedback.result.parse_result.document
    try:
        form = form.with_fix(view.problem.fix, redact(document) if MASK in form.text else document)
    except PatchError:
        messages.info(request, FIX_GONE_MESSAGE)
        return form, feedback
    messages.success(request, f"Fixed: {view.fix}.")
    return form, build(form, member, account)


def describe_fix(operations: Iterable[Mapping[str, Any]]) -> str:
    return "; ".join(_describe_operation(operation) for operation in operations)


def _describe_operation(operation: Mapping[str, Any]) -> str:
    path = operation.get("path", "") or "the document"
    match operation.get("op"):
        case "remove":
            return f"remove {path}"
        case "add":
            return f"set {path} to {truncate(json.dumps(operation.get('value'), ensure_ascii=False))}"
        case "replace":
            return f"change {path} to {truncate(json.dumps(operation.get('value'), ensure_ascii=False))}"
        case "move":
            return f"move {operation.get('from', '')} to {path}"
        case other:
            return f"{other} {path}"


# -- Labels


def headline(kind: DocumentKind, document: Document) -> str:
    """Return “Workflow of 3 jobs”."""
    if kind is DocumentKind.WORKFLOW:
        return f"Workflow of {_job_count(len(list_at(document, 'jobs')))}"
    name, noun = (
        (text_at(document, "jobDefinitionName"), "Job definition")
        if kind is DocumentKind.DEFINITION
        else (text_at(document, "jobName"), "Array job" if "arrayProperties" in document else "Job")
    )
    return f"{noun} {truncate(name)}" if name else noun


def button_label(kind: DocumentKind, document: Document, price: str = "") -> str:
    if kind is DocumentKind.DEFINITION:
        return f"Register {truncate(text_at(document, 'jobDefinitionName'))}"
    jobs = list_at(document, "jobs") if kind is DocumentKind.WORKFLOW else [document]
    queues = dict.fromkeys(_queue_name(text_at(job, "jobQueue")) for job in jobs)
    subject = _job_count(len(jobs)) if kind is DocumentKind.WORKFLOW else _array_name(document)
    return f"Submit {subject} to {join_words(queues, limit=3)}{f', {price}' if price else ''}"


def submit_label(result: ValidationResult) -> str:
    is_known = result.estimate and (result.estimate.cost.expected.usd, result.estimate.cost.at_most.usd) != (
        None,
        None,
    )
    price = cost_text(result) if is_known else ""
    does = button_label(result.parse_result.kind, result.parse_result.document, price)
    return f"{does}, for approval" if result.approval_reasons else does


def problem_count_label(errors: int) -> str:
    return f"Fix {errors} error{'s' * (errors != 1)} to continue"


def cost_text(result: ValidationResult) -> str:
    """Return “expected $0.50–0.80, at most $3.30”."""
    if result.estimate is None:
        return ""
    cost = result.estimate.cost
    expected, at_most = cost.expected.usd, cost.at_most.usd
    maximum = "maximum cost unknown" if at_most is None else f"at most {usd_text_up(at_most)}"
    return maximum if expected is None else f"expected {usd_range(expected, cost.expected_high.usd)}, {maximum}"


def approval_reasons(result: ValidationResult) -> tuple[str, ...]:
    return tuple(reason.message for reason in result.approval_reasons)


def _job_count(count: int) -> str:
    return f"{count:,} job{'s' * (count != 1)}"


def _array_name(job: Document) -> str:
    name, size = truncate(text_at(job, "jobName")), object_at(job, "arrayProperties").get("size")
    return f"{name} ({size:,} jobs)" if is_integer(size) else name


def _queue_name(queue: str) -> str:
    return queue.rsplit("/", 1)[-1]
