"""Whether a submission waits for someone's word before it is sent, and whether an edit of one needs another's.

Pure functions, as the rules are. What they yield stops nothing: it says who else has to agree.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from jobs.models import Feature, Team
from jobs.policy.asks import JobAsk
from jobs.policy.fields import IMAGE, ROLE, UNNAMED
from jobs.spec.problems import cut, listed, quoted


@dataclass(frozen=True)
class Thresholds:
    """Above how much a team's submissions wait; None: that is not asked."""

    usd: Decimal | None = None
    vcpu_hours: int | None = None
    gpus: int | None = None
    array_size: int | None = None

    @classmethod
    def of(cls, team: Team) -> Self:
        return cls(team.approval_usd, team.approval_vcpu_hours, team.approval_gpus, team.approval_array_size)


@dataclass(frozen=True)
class Request:
    """A whole submission as plain values: its jobs by name, and what they are thought to cost and to take.

    No price: there is something in it whose price nobody knows.
    """

    team: str
    asks: Mapping[str, JobAsk]
    usd: Decimal | None
    vcpu_hours: Decimal

    @property
    def gpus(self) -> int:
        return sum(ask.size.gpus * ask.runs for ask in self.asks.values())

    @property
    def unsized(self) -> list[str]:
        """Jobs of whose size something cannot be told: it may be any."""
        return [name for name, ask in self.asks.items() if ask.size.unknown]


@dataclass(frozen=True)
class Reason:
    """Why someone has to agree."""

    rule: str
    message: str


# -- Whether it waits


def price_is_asked_about(request: Request, thresholds: Thresholds) -> Iterator[Reason]:
    """A price that nobody knows may be any."""
    most = thresholds.usd
    if most is None:
        return
    if request.usd is None or request.unsized:
        message = f"Its price cannot be estimated, and {request.team} asks for approval above ${most:,.2f}."
        yield Reason("approval.price-unknown", message)
    elif request.usd > most:
        message = f"Its estimate is ${request.usd:,.2f}; {request.team} asks for approval above ${most:,.2f}."
        yield Reason("approval.price", message)


def hours_are_asked_about(request: Request, thresholds: Thresholds) -> Iterator[Reason]:
    most = thresholds.vcpu_hours
    if most is not None and request.vcpu_hours > most:
        message = (
            f"It takes about {request.vcpu_hours:,.1f} vCPU-hours; {request.team} asks for approval above {most:,}."
        )
        yield Reason("approval.vcpu-hours", message)


def gpus_are_asked_about(request: Request, thresholds: Thresholds) -> Iterator[Reason]:
    most = thresholds.gpus
    if most is not None and request.gpus > most:
        message = f"Its jobs use {request.gpus:,} GPUs together; {request.team} asks for approval above {most:,}."
        yield Reason("approval.gpus", message)


def arrays_are_asked_about(request: Request, thresholds: Thresholds) -> Iterator[Reason]:
    most = thresholds.array_size
    largest = max((ask.array_size for ask in request.asks.values()), default=0)
    if most is not None and largest > most:
        message = f"It has an array of {largest:,} jobs; {request.team} asks for approval above {most:,}."
        yield Reason("approval.array-size", message)


def sizes_are_known(request: Request, thresholds: Thresholds) -> Iterator[Reason]:
    """Where sizes are asked about, a job whose size the portal cannot tell is not let through for that."""
    if request.unsized and (thresholds.vcpu_hours, thresholds.gpus) != (None, None):
        which = listed((quoted(name) for name in request.unsized), most=3)
        reason = request.asks[request.unsized[0]].size.unknown[0].reason
        message = (
            f"The portal can't tell how large {which} is, because {reason}; "
            f"{request.team} asks for approval of large jobs."
        )
        yield Reason("approval.size-unknown", message)


WaitingRule = Callable[[Request, Thresholds], Iterator[Reason]]
WAITING: tuple[WaitingRule, ...] = (
    price_is_asked_about,
    hours_are_asked_about,
    gpus_are_asked_about,
    arrays_are_asked_about,
    sizes_are_known,
)


def reasons_to_wait(request: Request, thresholds: Thresholds) -> list[Reason]:
    """Why the submission is not sent before someone agrees; empty if it needs nobody."""
    return [reason for rule in WAITING for reason in rule(request, thresholds)]


# -- Whether an edit makes it more than it was


@dataclass(frozen=True)
class Edit:
    """A request before and after someone changed it, weighed at the same moment by the same rates."""

    before: Request
    after: Request

    @property
    def kept(self) -> Iterator[tuple[str, JobAsk, JobAsk]]:
        """Jobs that are in both."""
        for name, ask in self.after.asks.items():
            if name in self.before.asks:
                yield name, self.before.asks[name], ask


def price_goes_up(edit: Edit) -> Iterator[Reason]:
    before, after = edit.before.usd, edit.after.usd
    if after is None and before is not None:
        yield Reason("edit.price", "Its price cannot be estimated any more.")
    elif after is not None and before is not None and after > before:
        yield Reason("edit.price", f"The estimate goes up from ${before:,.2f} to ${after:,.2f}.")


def takes_longer(edit: Edit) -> Iterator[Reason]:
    """The estimate takes the usual time of one attempt; a limit that is lifted may make it dearer all the same."""
    for name, before, after in edit.kept:
        if before.run_seconds and (not after.run_seconds or after.run_seconds > before.run_seconds):
            limit = f"{after.run_seconds:,} s" if after.run_seconds else "none"
            yield Reason(
                "edit.time-limit", f"The time limit of {quoted(name)} was {before.run_seconds:,} s and is {limit}."
            )
        if after.attempts > before.attempts:
            yield Reason(
                "edit.attempts", f"{quoted(name)} had {before.attempts} attempts at most and has {after.attempts}."
            )


def size_goes_up(edit: Edit) -> Iterator[Reason]:
    """A size that cannot be told after an edit may be any, whether or not it could be told before."""
    for name, before, after in edit.kept:
        if after.size.unknown:
            reason = after.size.unknown[0].reason
            yield Reason("edit.size", f"The portal can't tell how large {quoted(name)} is, because {reason}.")
        sizes = (
            ("vCPU", before.size.vcpus, after.size.vcpus),
            ("MiB of memory", before.size.memory_mib, after.size.memory_mib),
            ("GPU", before.size.gpus, after.size.gpus),
            ("GiB of disk", before.size.ephemeral_gib, after.size.ephemeral_gib),
        )
        for what, was, now in sizes:
            if now > was:
                yield Reason("edit.size", f"{quoted(name)} asked for {was} {what} and asks for {now}.")


def count_goes_up(edit: Edit) -> Iterator[Reason]:
    new = [quoted(name) for name in edit.after.asks if name not in edit.before.asks]
    if new:
        yield Reason("edit.count", f"{listed(new, most=3)} {'is' if len(new) == 1 else 'are'} new.")
    for name, before, after in edit.kept:
        if after.runs > before.runs:
            yield Reason("edit.count", f"{quoted(name)} ran {before.runs:,} times and runs {after.runs:,} times.")


def queue_is_another(edit: Edit) -> Iterator[Reason]:
    for name, before, after in edit.kept:
        if after.queue_id != before.queue_id:
            message = f"{quoted(name)} was for queue {before.queue_name} and is for {after.queue_name}."
            yield Reason("edit.queue", message)


def image_is_another(edit: Edit) -> Iterator[Reason]:
    yield from _others(edit, IMAGE, "edit.image", "image")


def role_is_another(edit: Edit) -> Iterator[Reason]:
    yield from _others(edit, ROLE, "edit.role", "role")


def power_is_new(edit: Edit) -> Iterator[Reason]:
    """What is dangerous and was not asked for at first."""
    for name, before, after in edit.kept:
        had = {_marked(use.power, use.value) for use in before.uses}
        for use in after.uses:
            named = use.power in Feature.values or use.power == UNNAMED
            if named and _marked(use.power, use.value) not in had:
                yield Reason("edit.power", f"{quoted(name)} makes use of {cut(use.name)}, as it did not before.")


EditRule = Callable[[Edit], Iterator[Reason]]
RAISING: tuple[EditRule, ...] = (
    price_goes_up,
    takes_longer,
    size_goes_up,
    count_goes_up,
    queue_is_another,
    image_is_another,
    role_is_another,
    power_is_new,
)


def raised(before: Request, after: Request) -> list[Reason]:
    """Why whoever edited a request leaves it to somebody else to approve; empty if they need not."""
    edit = Edit(before, after)
    return [reason for rule in RAISING for reason in rule(edit)]


def _others(edit: Edit, power: str, rule: str, word: str) -> Iterator[Reason]:
    for name, before, after in edit.kept:
        was, now = _values(before, power), _values(after, power)
        if was != now:
            message = f"The {word} of {quoted(name)} was {_in_words(was)} and is {_in_words(now)}."
            yield Reason(rule, message)


def _values(ask: JobAsk, power: str) -> Sequence[str]:
    """Which ones, in their order: two containers that swap their images are not the same job."""
    return [str(use.value) for use in ask.uses if use.power == power]


def _in_words(values: Sequence[str]) -> str:
    return listed((quoted(value) for value in values), most=3) if values else "none"


def _marked(power: str, value: object) -> str:
    return f"{power} {json.dumps(value, sort_keys=True, default=str)}"
