"""A problem as the page tells it: at its field, with a button if there is a fix."""

from dataclasses import dataclass

from jobs.spec.problems import Problem, Severity
from jobs.web.builder import validation_view


@dataclass(frozen=True)
class Finding:
    """A problem, and the field it is told at, if there is one."""

    problem: Problem
    field: str = ""
    label: str = ""

    @property
    def is_error(self) -> bool:
        return self.problem.severity is Severity.ERROR

    @property
    def fix(self) -> str:
        """What its fix would do, in words; empty without one."""
        return validation_view.fix_in_words(self.problem.fix)

    @property
    def patch(self) -> str:
        """Its fix for a script that edits the text."""
        return validation_view.patch_of(self.problem.fix)

    @property
    def key(self) -> str:
        """By what its fix is asked for. Its number in the list would mean another one as soon as the text changes."""
        return f"{self.problem.rule}@{self.problem.pointer}"
