"""The register of rules: what each is called, how serious it is, what it says, and where that is written.

A rule is a small function that yields problems. `rule` gives it its id and puts its docstring into the register,
from which `docs/rules.md` is written: the first sentence says the rule to people, and what stands after “Source:”
says who made it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from inspect import cleandoc
from typing import ParamSpec

from jobs.spec.problems import Problem, Severity

P = ParamSpec("P")

ERROR, WARNING = Severity.ERROR, Severity.WARNING


@dataclass(frozen=True)
class Rule:
    """One line of the register."""

    id: str
    severity: Severity
    says: str
    source: str


KNOWN: dict[str, Rule] = {}
"""All rules by their ids, once the modules that have them are imported (`jobs.spec.judge` imports them all)."""


def rule(
    name: str, severity: Severity = ERROR
) -> Callable[[Callable[P, Iterator[Problem]]], Callable[P, Iterator[Problem]]]:
    """Register a function as the rule of a name. What it yields gets the name and the severity."""

    def register(check: Callable[P, Iterator[Problem]]) -> Callable[P, Iterator[Problem]]:
        note(name, severity, check.__doc__ or "")

        @wraps(check)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> Iterator[Problem]:
            for problem in check(*args, **kwargs):
                yield replace(problem, rule=name, severity=severity)

        return wrapper

    return register


def note(name: str, severity: Severity, text: str) -> str:
    """Register a rule whose check is part of something larger. Raises ValueError if its text names no source."""
    one_line = " ".join(cleandoc(text).split())
    says, colon, source = one_line.partition("Source: ")
    if not (colon and says and source):
        raise ValueError(f"The rule {name} does not say what it says, or not where that is written.")
    if name in KNOWN:
        raise ValueError(f"There are two rules {name}.")
    KNOWN[name] = Rule(name, severity, says.strip(), source.strip())
    return name
