"""The limit on problems of one document."""

from collections.abc import Iterable, Iterator

from jobs.spec.problems import Problem, Severity
from jobs.spec.rules.registry import ERROR, register_rule

MAX_ERRORS = 500

MAX_PROBLEMS = 25_000
"""A workflow of 5,000 steps may have a few warnings per step."""

MORE_PROBLEMS = register_rule(
    "reading.more-problems", ERROR,
    "A document is checked up to 500 errors, or 25,000 errors and warnings. "
    "Source: the portal.",
)  # fmt: skip


def limit_problems(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Consume `problems` only up to the limit."""
    errors = 0
    for count, problem in enumerate(problems):
        if errors >= MAX_ERRORS or count >= MAX_PROBLEMS:
            what = f"{MAX_ERRORS:,} errors" if errors >= MAX_ERRORS else f"{MAX_PROBLEMS:,} errors and warnings"
            message = f"More than {what} were found, and the rest isn't checked. Fix these first."
            yield Problem("", message, rule=MORE_PROBLEMS)
            return
        errors += problem.severity is Severity.ERROR
        yield problem


def is_limited(problems: Iterable[Problem]) -> bool:
    return any(problem.rule == MORE_PROBLEMS for problem in problems)
