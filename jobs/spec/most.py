"""How much is said of one document: a text of a megabyte can hold a hundred thousand mistakes, and telling one costs
more than finding it. Beyond the limit the rest is not looked at, and that is said.
"""

from collections.abc import Iterable, Iterator

from jobs.spec.problems import Problem, Severity
from jobs.spec.rules import ERROR, note

MAX_ERRORS = 500
"""Errors of one document that are told."""

MAX_PROBLEMS = 25_000
"""Errors and warnings of one document that are told: a workflow of 5,000 steps may have a few warnings in each."""

MORE_PROBLEMS = note(
    "reading.more-problems", ERROR,
    "A document with more than 500 errors, or 25,000 errors and warnings, is not checked to its end. "
    "Source: the portal.",
)  # fmt: skip


def first(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems up to the limit, then one that says so. What comes after is never computed, if `found` is lazy."""
    errors = 0
    for count, problem in enumerate(problems):
        if errors >= MAX_ERRORS or count >= MAX_PROBLEMS:
            what = f"{MAX_ERRORS:,} errors" if errors >= MAX_ERRORS else f"{MAX_PROBLEMS:,} errors and warnings"
            message = f"More than {what} were found, and the rest isn't checked. Fix these first."
            yield Problem("", message, rule=MORE_PROBLEMS)
            return
        errors += problem.severity is Severity.ERROR
        yield problem


def is_cut(problems: Iterable[Problem]) -> bool:
    """Whether more was wrong than these problems tell."""
    return any(problem.rule == MORE_PROBLEMS for problem in problems)
