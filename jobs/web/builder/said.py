"""What is said of a draft: the judge's verdict and the form's own, each problem at its field, and the sentence on the
button."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jobs import intake
from jobs.access import Member
from jobs.intake import Verdict
from jobs.models import Account
from jobs.spec.problems import Problem, listed
from jobs.spec.reading import NotADocument
from jobs.web import opinion
from jobs.web.builder import rail
from jobs.web.builder.draft import Draft
from jobs.web.builder.finding import Finding
from jobs.web.builder.rail import Rail

MOST_PROBLEMS = 50


@dataclass(frozen=True)
class Said:
    """What the page says. Before anyone judged, it says so."""

    headline: str
    sentence: str
    judged: bool = False
    findings: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    rail: Rail | None = None
    verdict: Verdict | None = None
    """None when there was no document to judge."""

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
    return Said(opinion.headline(draft.kind, draft.document), "Check and submit")


def of_draft(draft: Draft, member: Member, account: Account | None = None, *, all_of_it: bool = False) -> Said:
    """The verdict on a draft. What is merely still to fill in is no error yet, unless `all_of_it` is asked for."""
    try:
        return of_verdict(draft, intake.judge(draft.text, member, account), member, all_of_it=all_of_it)
    except NotADocument as no:
        return _said(draft, [Problem("", no.message)], None, member, all_of_it=all_of_it)


def of_verdict(draft: Draft, verdict: Verdict, member: Member, *, all_of_it: bool = False) -> Said:
    return _said(draft, verdict.problems, verdict, member, all_of_it=all_of_it)


def _said(
    draft: Draft, judged: Iterable[Problem], verdict: Verdict | None, member: Member, *, all_of_it: bool
) -> Said:
    problems = draft.problems(judged)
    missing = [each.label.lower() for each in draft.missing]
    if not all_of_it:
        problems = [problem for problem in problems if problem.rule != "form.wanted"]
    by_field, rest = draft.at_fields(problems)
    findings = [Finding(problem) for problem in rest]
    for each in draft.table:
        findings += [Finding(problem, each.name, each.label) for problem in by_field.get(each.name, ())]
    findings = findings[:MOST_PROBLEMS]
    lines = rail.of(verdict, member, findings, missing) if verdict else None
    errors = sum(finding.is_error for finding in findings)
    if errors:
        sentence = f"{errors} problem{'s' * (errors != 1)} to solve first"
    elif missing:
        sentence = f"Still to fill in: {listed(missing)}"
    else:
        sentence = opinion.button(draft.kind, draft.document, lines.price if lines else "")
    return Said(
        opinion.headline(draft.kind, draft.document),
        sentence,
        judged=True,
        findings=tuple(findings),
        missing=tuple(missing),
        rail=lines,
        verdict=verdict,
    )
