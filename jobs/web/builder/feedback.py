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
from jobs.web.builder.form_state import BuilderForm
from jobs.web.builder.preflight import Preflight
from jobs.web.builder.problem_view import ProblemView
from jobs.web.builder.validation_view import EditorMarker
from jobs.web.jobs import effective_view
from jobs.web.jobs.effective_view import EffectiveSection

MAX_PROBLEMS = 50


@dataclass(frozen=True)
class Feedback:
    """What the page shows about the form; also before it was validated."""

    headline: str
    button_label: str
    is_validated: bool = False
    problems: tuple[ProblemView, ...] = ()
    missing: tuple[str, ...] = ()
    approval: tuple[str, ...] = ()
    preflight: Preflight | None = None
    result: ValidationResult | None = None
    """None if there was no document to validate."""
    markers: tuple[EditorMarker, ...] = ()

    @property
    def markers_as_json(self) -> list[dict[str, Any]]:
        return [mark.as_json() for mark in self.markers]

    @cached_property
    def effective_sections(self) -> list[EffectiveSection]:
        return effective_view.result_sections(self.result)

    @property
    def errors(self) -> int:
        return sum(finding.is_error for finding in self.problems)

    @property
    def warnings(self) -> int:
        return len(self.problems) - self.errors

    @property
    def problems_by_field(self) -> Mapping[str, list[ProblemView]]:
        """Problems by field name."""
        by_field: dict[str, list[ProblemView]] = {}
        for finding in self.problems:
            by_field.setdefault(finding.field, []).append(finding)
        return by_field

    @property
    def first_error_field(self) -> str:
        """The field of the first error."""
        return next((finding.field for finding in self.problems if finding.field and finding.is_error), "")


def empty(form: BuilderForm) -> Feedback:
    return Feedback(validation_view.headline(form.kind, form.document), "Check and submit")


def build(
    form: BuilderForm, member: Member, account: Account | None = None, *, require_all: bool = False
) -> Feedback:
    """Validate a form. Missing input counts as an error only with `require_all`."""
    if form.parse_error:
        return _from_parse_error(form.parse_error)
    try:
        return from_result(
            form,
            actions.validate(masked_source.restore_masked(form.text, member, form.again), member, account),
            member,
            require_all=require_all,
        )
    except DocumentParseError as error:
        return _from_parse_error(error)


def from_result(
    form: BuilderForm, result: ValidationResult, member: Member, *, require_all: bool = False
) -> Feedback:
    problems = form.merge_problems(result.problems)
    missing = [field.label.lower() for field in form.missing]
    if not require_all:
        problems = [problem for problem in problems if problem.rule != "form.wanted"]
    by_field, unassigned = form.group_by_field(problems)
    findings = [ProblemView(problem) for problem in unassigned]
    for field in form.form_fields:
        findings += [ProblemView(problem, field.name, field.label) for problem in by_field.get(field.name, ())]
    findings = findings[:MAX_PROBLEMS]
    lines = preflight.run_checks(result, member, findings, missing)
    errors = sum(finding.is_error for finding in findings)
    if errors:
        sentence = _problem_count_label(errors)
    elif missing:
        sentence = f"Still to fill in: {join_words(missing)}"
    else:
        sentence = validation_view.submit_label(result)
    waits = result.approval_reasons and not errors and not missing
    return Feedback(
        validation_view.headline(form.kind, form.document),
        sentence,
        is_validated=True,
        problems=tuple(findings),
        missing=tuple(missing),
        approval=validation_view.approval_reasons(result) if waits else (),
        markers=validation_view.editor_markers(problems[:MAX_PROBLEMS], result.parse_result),
        preflight=lines,
        result=result,
    )


def _from_parse_error(error: DocumentParseError) -> Feedback:
    view = validation_view.from_parse_error(error)
    finding = ProblemView(Problem("", error.message))
    return Feedback(
        view.headline, _problem_count_label(1), is_validated=True, problems=(finding,), markers=view.markers
    )


def _problem_count_label(errors: int) -> str:
    return f"{errors} problem{'s' * (errors != 1)} to solve first"
