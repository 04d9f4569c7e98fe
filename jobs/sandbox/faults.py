"""The plan of faults to inject, in JSON.

A fault hits requests of its `operations` (SubmitJob by default; "*" is every operation): with a `chance`, after the
first `after` requests, at most `count` times per operation, and each time `burst` requests in a row. The first one
that hits applies. `does` is its effect:

    drop            the connection is reset: nothing happened
    fail            5xx (`status`): nothing happened
    throttle        429: nothing happened
    deny            403: nothing happened
    slow            processed after `seconds`, if the client still waits
    late            the connection is reset; processed `seconds` later
    accept-drop     processed, and the connection is reset
    accept-close    processed, and the connection is closed
    accept-fail     processed, and the response is 5xx
    accept-slow     processed, and the response takes `seconds`
    truncate        processed, and the response is a 200 that ends in the middle

Jobs fail whose image matches the pattern `image` ("*" by default) of an entry of `jobs`. The first one applies:

    image-not-found, image-denied, image-unreachable, network-broken, log-group-missing, secret-denied, role-denied
                    the container can't start
    out-of-memory, host-terminated, spot-interrupted
                    it is killed `after_seconds`

Queues whose name matches the pattern `queue` of an entry of `queues` start no job; their first one has the `reason`.

Conditions:

    list_lag_seconds        ListJobs does not know younger jobs
    describe_lag_seconds    nor does DescribeJobs
    describe_omits          the chance with which DescribeJobs leaves out a job
    purge_seconds           jobs that ended so long ago are forgotten
    skew_seconds            how far Amazon's clock is ahead
    signature_seconds       the maximum age of a signature; no late request happens after it
    outages                 in seconds from the plan's start; `how` is "close" or "503"

Chance depends on the seed, the fault's index, the operation, and the request's number in it only.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self

ALL_OPERATIONS = "*"
FOREVER = float("inf")
OUTAGE_KINDS = ("close", "503")


class FaultPlanError(ValueError):
    """The message has the path of the error."""


class FaultEffect(StrEnum):
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
    does: FaultEffect
    operations: tuple[str, ...] = ("SubmitJob",)
    chance: float = 1.0
    after: int = 0
    count: float = FOREVER
    burst: int = 1
    seconds: tuple[float, float] = (0.0, 0.0)
    status: int = 500

    def applies_to(self, operation: str) -> bool:
        return ALL_OPERATIONS in self.operations or operation in self.operations

    @classmethod
    def parse(cls, document: Any, path: str) -> Self:
        options = _parse_object(document, cls, path)
        try:
            options["does"] = FaultEffect(options["does"])
        except (KeyError, ValueError):
            raise FaultPlanError(f"{path}.does is one of {', '.join(FaultEffect)}") from None
        operations = options.get("operations", ["SubmitJob"])
        if not isinstance(operations, list) or not all(isinstance(name, str) for name in operations):
            raise FaultPlanError(f"{path}.operations is a list of names")
        options["operations"] = tuple(operations)
        options["seconds"] = _parse_seconds_range(options.get("seconds", 0), f"{path}.seconds")
        _check_chance(options, "chance", path)
        _check_integer(options, "after", path, minimum=0)
        _check_integer(options, "count", path, minimum=0)
        _check_integer(options, "burst", path, minimum=1)
        if not 500 <= _check_integer(options, "status", path, minimum=500) <= 599:
            raise FaultPlanError(f"{path}.status is from 500 to 599")
        return cls(**options)


class JobFaultEffect(StrEnum):
    IMAGE_NOT_FOUND = "image-not-found"
    IMAGE_DENIED = "image-denied"
    IMAGE_UNREACHABLE = "image-unreachable"
    NETWORK_BROKEN = "network-broken"
    LOG_GROUP_MISSING = "log-group-missing"
    SECRET_DENIED = "secret-denied"  # noqa: S105 - an effect
    ROLE_DENIED = "role-denied"
    OUT_OF_MEMORY = "out-of-memory"
    HOST_TERMINATED = "host-terminated"
    SPOT_INTERRUPTED = "spot-interrupted"


@dataclass(frozen=True)
class JobFault:
    does: JobFaultEffect
    image: str = "*"
    after_seconds: float = 0.0

    def applies_to(self, image: str) -> bool:
        return fnmatchcase(image, self.image)

    @classmethod
    def parse(cls, document: Any, path: str) -> Self:
        options = _parse_object(document, cls, path)
        try:
            options["does"] = JobFaultEffect(options["does"])
        except (KeyError, ValueError):
            raise FaultPlanError(f"{path}.does is one of {', '.join(JobFaultEffect)}") from None
        _check_text(options, "image", path)
        _check_seconds(options, "after_seconds", path)
        return cls(**options)


@dataclass(frozen=True)
class QueueFault:
    reason: str
    queue: str = "*"

    def applies_to(self, queue: str) -> bool:
        return fnmatchcase(queue, self.queue)

    @classmethod
    def parse(cls, document: Any, path: str) -> Self:
        options = _parse_object(document, cls, path)
        if not options.get("reason"):
            raise FaultPlanError(f"{path}.reason is the text that AWS Batch gives")
        _check_text(options, "reason", path)
        _check_text(options, "queue", path)
        return cls(**options)


@dataclass(frozen=True)
class Outage:
    after_seconds: float = 0.0
    for_seconds: float = FOREVER
    how: str = "close"

    def is_active(self, age: float) -> bool:
        return self.after_seconds <= age < self.after_seconds + self.for_seconds

    @classmethod
    def parse(cls, document: Any, path: str) -> Self:
        options = _parse_object(document, cls, path)
        if options.get("how", "close") not in OUTAGE_KINDS:
            raise FaultPlanError(f"{path}.how is one of {', '.join(OUTAGE_KINDS)}")
        for name in ("after_seconds", "for_seconds"):
            _check_seconds(options, name, path)
        return cls(**options)


@dataclass(frozen=True)
class FaultPlan:
    seed: int = 0
    faults: tuple[Fault, ...] = ()
    outages: tuple[Outage, ...] = ()
    jobs: tuple[JobFault, ...] = ()
    queues: tuple[QueueFault, ...] = ()
    list_lag_seconds: float = 0.0
    describe_lag_seconds: float = 0.0
    describe_omits: float = 0.0
    purge_seconds: float = FOREVER
    skew_seconds: float = 0.0
    signature_seconds: float | None = None

    @classmethod
    def parse(cls, document: Any) -> Self:
        options = _parse_object(document, cls, "plan")
        parsers: dict[str, Callable[[Any, str], Any]] = {
            "faults": Fault.parse,
            "outages": Outage.parse,
            "jobs": JobFault.parse,
            "queues": QueueFault.parse,
        }
        for name, parse in parsers.items():
            entries = options.get(name, [])
            if not isinstance(entries, list):
                raise FaultPlanError(f"plan.{name} is a list")
            options[name] = tuple(parse(entry, f"plan.{name}[{index}]") for index, entry in enumerate(entries))
        _check_integer(options, "seed", "plan")
        _check_chance(options, "describe_omits", "plan")
        for name in ("list_lag_seconds", "describe_lag_seconds", "purge_seconds", "signature_seconds"):
            _check_seconds(options, name, "plan")
        _check_number(options, "skew_seconds", "plan")
        return cls(**options)

    @classmethod
    def from_text(cls, text: str, *, seed: int | None = None) -> Self:
        """Parse JSON, or the file of that name."""
        try:
            document = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text())
        except OSError as error:
            raise FaultPlanError(f"The plan {text!r} is neither a JSON object nor a file: {error}") from error
        except ValueError as error:
            raise FaultPlanError(f"The plan is not JSON: {error}") from error
        if seed is not None and isinstance(document, dict):
            document["seed"] = seed
        return cls.parse(document)


def _parse_object(value: Any, cls: type[Any], path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise FaultPlanError(f"{path} is a JSON object")
    field_names = {field.name for field in fields(cls)}
    if unknown := sorted(set(value) - field_names):
        raise FaultPlanError(f"{path} has no {unknown[0]!r}; it may have {', '.join(sorted(field_names))}")
    return dict(value)


def _check_number(options: Mapping[str, Any], name: str, path: str) -> float:
    value = options.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FaultPlanError(f"{path}.{name} is a number")
    return float(value)


def _check_text(options: Mapping[str, Any], name: str, path: str) -> None:
    if not isinstance(options.get(name, ""), str):
        raise FaultPlanError(f"{path}.{name} is a text")


def _check_seconds(options: Mapping[str, Any], name: str, path: str) -> float:
    if (value := _check_number(options, name, path)) < 0:
        raise FaultPlanError(f"{path}.{name} is not below 0")
    return value


def _check_integer(options: Mapping[str, Any], name: str, path: str, *, minimum: float = -FOREVER) -> int:
    value = options.get(name, max(minimum, 0))
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < minimum:
        raise FaultPlanError(
            f"{path}.{name} is a whole number{'' if minimum == -FOREVER else f', at least {minimum:g}'}"
        )
    return int(value)


def _check_chance(options: Mapping[str, Any], name: str, path: str) -> None:
    if not 0 <= _check_number(options, name, path) <= 1:
        raise FaultPlanError(f"{path}.{name} is from 0 to 1")


def _parse_seconds_range(span: Any, path: str) -> tuple[float, float]:
    pair = span if isinstance(span, list) else [span, span]
    numbers = [value for value in pair if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(pair) != 2 or len(numbers) != 2 or not 0 <= pair[0] <= pair[1]:
        raise FaultPlanError(f"{path} is a number of seconds, or a pair of them, the smaller first")
    return float(pair[0]), float(pair[1])
