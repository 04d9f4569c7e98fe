"""What may go wrong on purpose: a plan, as JSON, read once and judged before anything happens.

    manage.py sandbox --state s.sqlite3 --seed 7 --faults '{
        "faults": [
            {"does": "accept-drop", "chance": 0.1},
            {"does": "late", "chance": 0.05, "seconds": [1, 6]},
            {"does": "throttle", "operations": ["SubmitJob", "DescribeJobs"], "chance": 0.02, "burst": 5},
            {"does": "slow", "operations": ["ListJobs"], "after": 10, "count": 3, "seconds": 2}
        ],
        "list_lag_seconds": 2,
        "signature_seconds": 3,
        "outages": [{"after_seconds": 20, "for_seconds": 5, "how": "close"}]
    }'

A fault strikes requests of its `operations` (SubmitJob alone, if it names none; "*" is every operation): with a
`chance`, from the request `after` so many, at most `count` times an operation, and when it strikes, `burst` requests
in a row. The first fault of the list that strikes a request has it. What it does:

    drop            read, and the connection is reset: nothing happened
    fail            5xx (`status`): nothing happened
    throttle        429: nothing happened
    deny            403, as if no policy allowed it: nothing happened
    slow            held for `seconds`, then it happens and is answered, if anybody still listens
    late            the connection is reset at once; `seconds` later it happens (or its signature has expired)
    accept-drop     it happened, and the connection is reset
    accept-close    it happened, and the connection is closed in good order, without a word
    accept-fail     it happened, and the answer is 5xx
    accept-slow     it happened, and the answer takes `seconds`
    truncate        it happened, and the answer is a 200 that ends in the middle

Beside the faults are conditions, which hold for as long as the plan does:

    list_lag_seconds        ListJobs does not know younger jobs
    describe_lag_seconds    nor does DescribeJobs
    describe_omits          the chance with which DescribeJobs leaves out any one job of a call
    purge_seconds           jobs that ended so long ago are forgotten
    skew_seconds            how far Amazon's clock is ahead: in the Date header and where signatures are judged
    signature_seconds       how old a signature may be, instead of what the sandbox was started with. Whoever waits
                            out late requests waits for this long
    outages                 in seconds from the plan's start; `how` is "close" (as if nobody listened) or "503"

Chance is decided by the seed, the fault's place in the list, the operation, and the number of the request among those
of its operation. So a plan does the same to the same requests, however they interleave with other operations.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

EVERY = "*"
FOREVER = float("inf")
HOW_OUTAGES_LOOK = ("close", "503")


class PlanError(ValueError):
    """A plan that cannot be read, with the place that is wrong."""


class Does(StrEnum):
    """What a fault does to a request."""

    DROP = "drop"
    FAIL = "fail"
    THROTTLE = "throttle"
    DENY = "deny"
    SLOW = "slow"
    LATE = "late"
    ACCEPT_DROP = "accept-drop"
    ACCEPT_CLOSE = "accept-close"
    ACCEPT_FAIL = "accept-fail"
    ACCEPT_SLOW = "accept-slow"
    TRUNCATE = "truncate"


@dataclass(frozen=True)
class Fault:
    """One way in which requests go wrong, and how often."""

    does: Does
    operations: tuple[str, ...] = ("SubmitJob",)
    chance: float = 1.0
    after: int = 0
    count: float = FOREVER
    burst: int = 1
    seconds: tuple[float, float] = (0.0, 0.0)
    status: int = 500

    def concerns(self, operation: str) -> bool:
        return EVERY in self.operations or operation in self.operations

    @classmethod
    def read(cls, told: Any, where: str) -> Self:
        given = _object(told, cls, where)
        try:
            given["does"] = Does(given["does"])
        except (KeyError, ValueError):
            raise PlanError(f"{where}.does is one of {', '.join(Does)}") from None
        operations = given.get("operations", ["SubmitJob"])
        if not isinstance(operations, list) or not all(isinstance(name, str) for name in operations):
            raise PlanError(f"{where}.operations is a list of names")
        given["operations"] = tuple(operations)
        given["seconds"] = _span(given.get("seconds", 0), f"{where}.seconds")
        _chance(given, "chance", where)
        _whole(given, "after", where, least=0)
        _whole(given, "count", where, least=0)
        _whole(given, "burst", where, least=1)
        if not 500 <= _whole(given, "status", where, least=500) <= 599:
            raise PlanError(f"{where}.status is from 500 to 599")
        return cls(**given)


@dataclass(frozen=True)
class Outage:
    """A while in which nobody is there."""

    after_seconds: float = 0.0
    for_seconds: float = FOREVER
    how: str = "close"

    def at(self, age: float) -> bool:
        return self.after_seconds <= age < self.after_seconds + self.for_seconds

    @classmethod
    def read(cls, told: Any, where: str) -> Self:
        given = _object(told, cls, where)
        if given.get("how", "close") not in HOW_OUTAGES_LOOK:
            raise PlanError(f"{where}.how is one of {', '.join(HOW_OUTAGES_LOOK)}")
        for name in ("after_seconds", "for_seconds"):
            _seconds(given, name, where)
        return cls(**given)


@dataclass(frozen=True)
class Plan:
    """Everything that may go wrong. The empty plan is a world without faults."""

    seed: int = 0
    faults: tuple[Fault, ...] = ()
    outages: tuple[Outage, ...] = ()
    list_lag_seconds: float = 0.0
    describe_lag_seconds: float = 0.0
    describe_omits: float = 0.0
    purge_seconds: float = FOREVER
    skew_seconds: float = 0.0
    signature_seconds: float | None = None

    @classmethod
    def read(cls, told: Any) -> Self:
        """A plan from what JSON holds. Raises PlanError with the place of the mistake."""
        given = _object(told, cls, "plan")
        for name, kind in (("faults", Fault), ("outages", Outage)):
            listed = given.get(name, [])
            if not isinstance(listed, list):
                raise PlanError(f"plan.{name} is a list")
            given[name] = tuple(kind.read(one, f"plan.{name}[{place}]") for place, one in enumerate(listed))
        _whole(given, "seed", "plan")
        _chance(given, "describe_omits", "plan")
        for name in ("list_lag_seconds", "describe_lag_seconds", "purge_seconds", "signature_seconds"):
            _seconds(given, name, "plan")
        _number(given, "skew_seconds", "plan")
        return cls(**given)

    @classmethod
    def from_text(cls, text: str, *, seed: int | None = None) -> Self:
        """A plan from the command line: JSON, or the name of a file that holds it. `seed` outdoes the plan's own."""
        try:
            told = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text())
        except OSError as error:
            raise PlanError(f"The plan {text!r} is neither a JSON object nor a file: {error}") from error
        except ValueError as error:
            raise PlanError(f"The plan is not JSON: {error}") from error
        if seed is not None and isinstance(told, dict):
            told["seed"] = seed
        return cls.read(told)


def _object(told: Any, kind: type[Any], where: str) -> dict[str, Any]:
    if not isinstance(told, Mapping):
        raise PlanError(f"{where} is a JSON object")
    known = {field.name for field in fields(kind)}
    if unknown := sorted(set(told) - known):
        raise PlanError(f"{where} has no {unknown[0]!r}; it may have {', '.join(sorted(known))}")
    return dict(told)


def _number(given: Mapping[str, Any], name: str, where: str) -> float:
    value = given.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PlanError(f"{where}.{name} is a number")
    return float(value)


def _seconds(given: Mapping[str, Any], name: str, where: str) -> float:
    if (value := _number(given, name, where)) < 0:
        raise PlanError(f"{where}.{name} is not below 0")
    return value


def _whole(given: Mapping[str, Any], name: str, where: str, *, least: float = -FOREVER) -> int:
    value = given.get(name, max(least, 0))
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < least:
        raise PlanError(f"{where}.{name} is a whole number{'' if least == -FOREVER else f', at least {least:g}'}")
    return int(value)


def _chance(given: Mapping[str, Any], name: str, where: str) -> None:
    if not 0 <= _number(given, name, where) <= 1:
        raise PlanError(f"{where}.{name} is from 0 to 1")


def _span(told: Any, where: str) -> tuple[float, float]:
    """Seconds: a number, or a pair between which chance decides."""
    pair = told if isinstance(told, list) else [told, told]
    numbers = [value for value in pair if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(pair) != 2 or len(numbers) != 2 or not 0 <= pair[0] <= pair[1]:
        raise PlanError(f"{where} is a number of seconds, or a pair of them, the smaller first")
    return float(pair[0]), float(pair[1])
