"""Feedback on a document that values make: of a workflow template, and of a launch form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jobs import actions
from jobs.access import Member
from jobs.spec.documents import Document
from jobs.spec.parsing.parser import parse
from jobs.spec.problems import Problem
from jobs.spec.substitution import parameters_at
from jobs.web.builder import feedback, preflight
from jobs.web.builder.feedback import Feedback, ProblemView
from jobs.web.builder.preflight import Preflight

PREFIX = "value-"
"""Of the names of fields on pages, so that a parameter can have any name."""


@dataclass(frozen=True)
class MadeDocument:
    """The document as it is stored, and what values make of it."""

    source: Document
    text: str
    problems: Sequence[Problem]
    """Of the values. With any, there is no text."""
    titles: Mapping[str, str]
    """Of the fields, by their names."""
    is_form: bool = False
    """Whether a launch form makes it."""


def values_feedback(document: MadeDocument, member: Member, headline: str) -> Feedback:
    """Return the feedback with problems at the fields whose values they may be about."""
    if document.problems:
        problems = [_at_field(document, problem) for problem in document.problems]
        label = feedback.problem_count_label(len(problems))
        return Feedback(headline, label, is_validated=True, problems=tuple(problems))
    whole = feedback.from_result(actions.validate(parse(document.text), member, is_form=document.is_form))
    problems = [
        replace(_at_field(document, view.problem), step=view.step, line=0, column=0) for view in whole.problems
    ]
    return replace(whole, problems=tuple(problems), is_text=False)


def values_preflight(values_result: Feedback, member: Member) -> Preflight | None:
    """Return the checks without fixes, and without links to fields that only the builder has."""
    checks = preflight.run_checks(values_result, member)
    if checks is None:
        return None
    return Preflight(
        tuple(
            replace(check, problems=tuple(map(_without_builder, check.problems))) if check.problems else check
            for check in checks.checks
        )
    )


def _without_builder(view: ProblemView) -> ProblemView:
    view = replace(view, problem=replace(view.problem, fix=()))
    return view if view.field.startswith(PREFIX) else replace(view, field="", label="")


def _at_field(document: MadeDocument, problem: Problem) -> ProblemView:
    is_value = problem.pointer.startswith("/values/")
    names = (
        [problem.pointer.removeprefix("/values/")] if is_value else parameters_at(document.source, problem.pointer)
    )
    name = next((name for name in names if name in document.titles), "")
    return ProblemView(replace(problem, fix=()), f"{PREFIX}{name}" if name else "", document.titles.get(name, ""))


def one_of_each_rule(problems: Sequence[ProblemView]) -> tuple[ProblemView, ...]:
    """Leave out what several steps have in common: the field says it once, the checks say it of each step."""
    return tuple({view.problem.rule: view for view in reversed(problems)}.values())[::-1]


def without_empty(start_feedback: Feedback, values: Mapping[str, str]) -> Feedback:
    """Name fields that are still to be filled in, instead of calling them mistakes."""
    if start_feedback.result:
        return start_feedback
    empty = {f"{PREFIX}{name}" for name, text in values.items() if not text}
    problems = tuple(problem for problem in start_feedback.problems if problem.field not in empty)
    missing = tuple(problem.label for problem in start_feedback.problems if problem.field in empty)
    label = start_feedback.button_label if problems else f"Required: {', '.join(missing)}"
    return replace(start_feedback, problems=problems, missing=missing, button_label=label)
