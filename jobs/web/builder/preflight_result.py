"""A pre-flight check's result, and the problems that belong to it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from jobs.actions.resolution import ResolvedJob
from jobs.spec.documents import Document
from jobs.spec.job_size import JobSize, requested_size
from jobs.spec.problems import Problem
from jobs.web.builder.feedback import ProblemView

UNKNOWN_TEXT = "Not known yet"
NEEDS_APPROVAL = "Needs approval"
NEEDS_CHOICES = "Choose a queue and a definition."
LABELS = {
    "fits": "Compute capacity",
    "price": "Maximum cost",
    "total": "Total cost",
    "wait": "Typical wait time",
    "run": "Typical run time",
}
_DEPENDENCY_POINTER = re.compile(r"(?:/jobs/[0-9]+)?/dependsOn(?:/.*)?", re.DOTALL)
_ICONS = {"good": "circle-check", "warn": "alert-triangle", "bad": "circle-x", "off": "help"}
_FIT_RULES = frozenset({"queue.platform", "queue.nothing-fits", "queue.service-jobs", "run.longer-than-limit"})
_LIMIT_RULES = frozenset(
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
        "policy.budget-reached",
        "policy.budget-unknown",
        "policy.budget-warning",
    }
)


@dataclass(frozen=True)
class CheckResult:
    name: str
    label: str
    tone: str  # good, warn, bad, or off if unknown
    outcome: str
    reason: str = ""
    problems: tuple[ProblemView, ...] = ()

    @property
    def icon(self) -> str:
        return _ICONS[self.tone]

    @property
    def warning_count(self) -> int:
        if self.problems:
            return sum(problem.is_warning for problem in self.problems)
        return int(self.tone == "warn" and self.outcome != NEEDS_APPROVAL)


@dataclass(frozen=True)
class CheckedJob:
    document: Document
    definition: Document
    target: ResolvedJob

    @property
    def size(self) -> JobSize:
        return requested_size(self.definition, self.document)


def check_for(problem: Problem) -> str:
    rule = problem.rule
    if rule in _FIT_RULES:
        return "run" if rule == "run.longer-than-limit" else "fits"
    if rule in _LIMIT_RULES:  # also a budget's, at the tag that it is of
        return "ceilings"
    if rule.startswith(("policy.tag", "form.tag")) or "tags" in problem.pointer.split("/"):
        return "tags"
    if rule.startswith("dependencies.") or _DEPENDENCY_POINTER.fullmatch(problem.pointer):
        return "dependencies"
    return "allowed" if rule.startswith(("policy.", "portal.")) else "valid"


def check_result(
    name: str,
    label: str,
    problems: Iterable[ProblemView],
    outcome: str,
    reason: str,
    *,
    bad: str = "No",
    tone: str = "good",
    others: tuple[str, ...] = (),
) -> CheckResult:
    """Return the result of a check: the outcome, unless problems of this check or of `others` belong here."""
    matching = tuple(view for view in problems if check_for(view.problem) in (name, *others))
    if any(view.is_error for view in matching):
        return CheckResult(name, label, "bad", bad, "", matching)
    if any(view.is_warning for view in matching):
        return CheckResult(name, label, "warn", "Warning", "", matching)
    return CheckResult(name, label, tone, outcome, reason, matching)


def unknown_check(name: str, reason: str) -> CheckResult:
    return CheckResult(name, LABELS[name], "off", UNKNOWN_TEXT, reason)
