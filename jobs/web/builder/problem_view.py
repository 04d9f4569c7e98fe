"""A problem as the form shows it: at its field, with a button if it has a fix."""

from dataclasses import dataclass

from jobs.spec.problems import Problem, Severity
from jobs.web.builder import validation_view


@dataclass(frozen=True)
class ProblemView:
    """A problem, and its field if it has one."""

    problem: Problem
    field: str = ""
    label: str = ""

    @property
    def is_error(self) -> bool:
        return self.problem.severity is Severity.ERROR

    @property
    def fix(self) -> str:
        """What the fix would do, in words; empty without one."""
        return validation_view.describe_fix(self.problem.fix)

    @property
    def patch(self) -> str:
        """The fix for the script that edits the text."""
        return validation_view.fix_as_patch(self.problem.fix)

    @property
    def key(self) -> str:
        """Stable id of the fix; a list index would shift when the text changes."""
        return f"{self.problem.rule}@{self.problem.pointer}"
