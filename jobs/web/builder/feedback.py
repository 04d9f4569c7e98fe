"""What is said of a draft: the judge's verdict and the form's own, each problem at its field, and the sentence on the
button."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jobs import actions
from jobs.access import Member
from jobs.actions import Verdict, masked_source
from jobs.models import Account
from jobs.spec.parsing.parser import NotADocument
from jobs.spec.problems import Problem, listed
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
    """What the page says. Before anyone judged, it says so."""

    headline: str
    sentence: str
    judged: bool = False
    findings: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    approval: tuple[str, ...] = ()
    rail: Rail | None = None
    verdict: Verdict | None = None
    """None when there was no document to judge."""
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
        """Findings by the names of their fields."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(finding.field, []).append(finding)
        return found

    @property
    def first_wrong(self) -> str:
        """The field of the first error."""
        return next((finding.field for finding in self.findings if finding.field and finding.is_error), "")


def not_yet(draft: Draft) -> Said:
    return Said(validation_view.headline(draft.kind, draft.document), "Check and submit")


def of_draft(draft: Draft, member: Member, account: Account | None = None, *, all_of_it: bool = False) -> Said:
    """The verdict on a draft. What is merely still to fill in is no error yet, unless `all_of_it` is asked for."""
    if draft.unread:
        return _of_no_document(draft.unread)
    try:
        return of_verdict(
            draft,
            actions.judge(masked_source.whole(draft.text, member, draft.again), member, account),
            member,
            all_of_it=all_of_it,
        )
    except NotADocument as no:
        return _of_no_document(no)


def of_verdict(draft: Draft, verdict: Verdict, member: Member, *, all_of_it: bool = False) -> Said:
    problems = draft.problems(verdict.problems)
    missing = [each.label.lower() for each in draft.missing]
    if not all_of_it:
        problems = [problem for problem in problems if problem.rule != "form.wanted"]
    by_field, rest = draft.at_fields(problems)
    findings = [Finding(problem) for problem in rest]
    for each in draft.table:
        findings += [Finding(problem, each.name, each.label) for problem in by_field.get(each.name, ())]
    findings = findings[:MOST_PROBLEMS]
    lines = preflight.of(verdict, member, findings, missing)
    errors = sum(finding.is_error for finding in findings)
    if errors:
        sentence = _to_solve(errors)
    elif missing:
        sentence = f"Still to fill in: {listed(missing)}"
    else:
        sentence = validation_view.sentence(verdict)
    waits = verdict.approval and not errors and not missing
    return Said(
        validation_view.headline(draft.kind, draft.document),
        sentence,
        judged=True,
        findings=tuple(findings),
        missing=tuple(missing),
        approval=validation_view.waits_because(verdict) if waits else (),
        marks=validation_view.marks(problems[:MOST_PROBLEMS], verdict.reading),
        rail=lines,
        verdict=verdict,
    )


def _of_no_document(no: NotADocument) -> Said:
    told = validation_view.of_no_document(no)
    finding = Finding(Problem("", no.message))
    return Said(told.headline, _to_solve(1), judged=True, findings=(finding,), marks=told.marks)


def _to_solve(errors: int) -> str:
    return f"{errors} problem{'s' * (errors != 1)} to solve first"
