"""The registry of validation rules.

`docs/rules.md` is generated from their docstrings: the text after “Source:” names the source.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from inspect import cleandoc
from typing import ParamSpec

from jobs.spec.problems import Problem, Severity

P = ParamSpec("P")

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@dataclass(frozen=True)
class ValidationRule:
    id: str
    severity: Severity
    statement: str
    source: str


REGISTRY: dict[str, ValidationRule] = {}
"""All rules by id, complete once `jobs.spec.rules.validate` and `jobs.spec.parsing.parser` are imported."""


def rule(
    name: str, severity: Severity = ERROR
) -> Callable[[Callable[P, Iterator[Problem]]], Callable[P, Iterator[Problem]]]:
    """Register a function as a rule, which gives its problems id and severity."""

    def register(check: Callable[P, Iterator[Problem]]) -> Callable[P, Iterator[Problem]]:
        register_rule(name, severity, check.__doc__ or "")

        def identify(problem: Problem) -> Problem:
            return replace(problem, rule=name, severity=severity)

        @wraps(check)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> Iterator[Problem]:
            return map(identify, check(*args, **kwargs))

        return wrapper

    return register


def register_rule(name: str, severity: Severity, text: str) -> str:
    """Register a rule without a function. Raise ValueError without a source."""
    one_line = " ".join(cleandoc(text).split())
    statement, colon, source = one_line.partition("Source: ")
    if not (colon and statement and source):
        raise ValueError(f"The rule {name} has no description or no source.")
    if name in REGISTRY:
        raise ValueError(f"Rule {name} is registered twice.")
    REGISTRY[name] = ValidationRule(name, severity, statement.strip(), source.strip())
    return name
