"""Feedback on a form: the validation result and the form's own problems by field, and the label of the button."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jobs import actions
from jobs.access import Member
from jobs.actions import ValidationResult, masked_source
from jobs.models import Account
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.problems import Problem, join_words
from jobs.web.builder import preflight, validation_view
from jobs.web.builder.form_state import Draft
from jobs.web.builder.preflight import Rail
from jobs.web.builder.problem_view import Finding
from jobs.web.builder.validation_view import Mark
from jobs.web.jobs import effective_view
from jobs.web.jobs.effective_view import Part

MOST_PROBLEMS = 50


@dataclass(frozen=True)
class Said:
    """What the page shows about the form; also before it was validated."""

    headline: str
    sentence: str
    judged: bool = False
    findings: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    approval: tuple[str, ...] = ()
    rail: Rail | None = None
    verdict: ValidationResult | None = None
    """None if there was no document to validate."""
    marks: tuple[Mark, ...] = ()

    @property
    def marks_as_json(self) -> list[dict[str, Any]]:
        return [mark.as_json() for mark in self.marks]

    @cached_property
    def resolved(self) -> list[Part]:
        return effective_view.of_verdict(self.verdict)

    @property
    def errors(self) -> int:
        return sum(finding.is_error for finding in self.findings)

    @property
    def warnings(self) -> int:
        return len(self.findings) - self.errors

    @property
    def at(self) -> Mapping[str, list[Finding]]:
        """Problems by field name."""
        by_field: dict[str, list[Finding]] = {}
        for finding in self.findings:
            by_field.setdefault(finding.field, []).append(finding)
        return by_field

    @property
    def first_wrong(self) -> str:
        """The field of the first error."""
        return next((finding.field for finding in self.findings if finding.field and finding.is_error), "")


def not_yet(form: Draft) -> Said:
    return Said(validation_view.headline(form.kind, form.document), "Check and submit")


def of_draft(form: Draft, member: Member, account: Account | None = None, *, require_all: bool = False) -> Said:
    """Validate a form. Missing input counts as an error only with `require_all`."""
    if form.unread:
        return _of_no_document(form.unread)
    try:
        return of_verdict(
            form,
            actions.validate(masked_source.restore_masked(form.text, member, form.again), member, account),
            member,
            require_all=require_all,
        )
    except DocumentParseError as error:
        return _of_no_document(error)


def of_verdict(form: Draft, result: ValidationResult, member: Member, *, require_all: bool = False) -> Said:
    problems = form.problems(result.problems)
    missing = [field.label.lower() for field in form.missing]
    if not require_all:
        problems = [problem for problem in problems if problem.rule != "form.wanted"]
    by_field, unassigned = form.at_fields(problems)
    findings = [Finding(problem) for problem in unassigned]
    for field in form.table:
        findings += [Finding(problem, field.name, field.label) for problem in by_field.get(field.name, ())]
    findings = findings[:MOST_PROBLEMS]
    lines = preflight.of(result, member, findings, missing)
    errors = sum(finding.is_error for finding in findings)
    if errors:
        sentence = _to_solve(errors)
    elif missing:
        sentence = f"Still to fill in: {join_words(missing)}"
    else:
        sentence = validation_view.sentence(result)
    waits = result.approval_reasons and not errors and not missing
    return Said(
        validation_view.headline(form.kind, form.document),
        sentence,
        judged=True,
        findings=tuple(findings),
        missing=tuple(missing),
        approval=validation_view.waits_because(result) if waits else (),
        marks=validation_view.marks(problems[:MOST_PROBLEMS], result.parse_result),
        rail=lines,
        verdict=result,
    )


def _of_no_document(error: DocumentParseError) -> Said:
    view = validation_view.of_no_document(error)
    finding = Finding(Problem("", error.message))
    return Said(view.headline, _to_solve(1), judged=True, findings=(finding,), marks=view.marks)


def _to_solve(errors: int) -> str:
    return f"{errors} problem{'s' * (errors != 1)} to solve first"
