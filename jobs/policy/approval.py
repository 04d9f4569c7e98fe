"""Approval rules: pure functions that yield the reasons why a submission, or an edit of one, needs approval.

A reason is not an error. It says why somebody else has to agree before the submission is sent.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Self

from jobs.models import Feature, Team
from jobs.policy.capabilities import IMAGE, ROLE, UNNAMED
from jobs.policy.requests import JobAsk
from jobs.spec.problems import join_words, quote, truncate


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of a team above which submissions need approval; None disables one."""

    usd: Decimal | None = None
    vcpu_hours: int | None = None
    gpus: int | None = None
    array_size: int | None = None

    @classmethod
    def of(cls, team: Team) -> Self:
        return cls(team.approval_usd, team.approval_vcpu_hours, team.approval_gpus, team.approval_array_size)


@dataclass(frozen=True)
class Usage:
    """Usage of a person's other submissions of the day, as it counts against their team's thresholds.

    `usd` and `vcpu_hours` are the upper bounds of jobs that have not ended plus what those that ended today really
    took; for as many jobs as the two `unknown…` fields say, the bound is unknown. `gpus`: of jobs that have not
    ended. `array_jobs`: children of arrays that have not ended or ended today. Approved submissions are excluded.
    """

    usd: Decimal = Decimal(0)
    vcpu_hours: Decimal = Decimal(0)
    unknown_usd: int = 0
    unknown_vcpu_hours: int = 0
    gpus: int = 0
    array_jobs: int = 0


@dataclass(frozen=True)
class Request:
    """A whole submission as plain values: its jobs by name, and upper bounds of its cost and vCPU-hours.

    None: the bound of some job is unknown. `today` is the other usage of `person` on the day (UTC).
    """

    team: str
    asks: Mapping[str, JobAsk]
    usd: Decimal | None
    vcpu_hours: Decimal | None
    person: str = ""
    today: Usage = Usage()

    @property
    def gpus(self) -> int:
        return sum(request.size.gpus * request.runs for request in self.asks.values())

    @property
    def array_jobs(self) -> int:
        return sum(request.array_size for request in self.asks.values())

    @property
    def unlimited(self) -> list[str]:
        """Names of jobs without a time limit."""
        return [name for name, request in self.asks.items() if not request.run_seconds]

    @property
    def unsized(self) -> list[str]:
        """Names of jobs whose size is partly unknown, and so may be any."""
        return [name for name, request in self.asks.items() if request.size.unknown]


@dataclass(frozen=True)
class Reason:
    """A reason why somebody has to approve."""

    rule: str
    message: str


_LARGEST_SHOWN = Decimal(10**15)


# -- Whether a submission needs approval. Each threshold is compared with the upper bound of the submission, and with
# its sum with the person's usage of the day: otherwise 100 small submissions would pass any limit.


def highest_cost_is_within(summary: Request, thresholds: Thresholds) -> Iterator[Reason]:
    """Compare the highest cost with the threshold; an unknown cost is above it."""
    limit = thresholds.usd
    if limit is None:
        return
    if summary.usd is None or summary.unsized:
        message = (
            f"What it costs at most is unknown: {_why_unknown(summary)} {_asks_above(summary, f'${limit:,.2f}')}"
        )
        yield Reason("approval.price-unknown", message)
    elif summary.usd > limit:
        message = f"It costs at most ${_up(summary.usd)}. {_asks_above(summary, f'${limit:,.2f}')}"
        yield Reason("approval.price", message)


def cost_of_the_day_is_within(summary: Request, thresholds: Thresholds) -> Iterator[Reason]:
    limit, usage = thresholds.usd, summary.today
    if limit is None or summary.usd is None or summary.usd > limit or summary.unsized:
        return
    above = _asks_above(summary, f"${limit:,.2f} per person and day")
    if usage.unknown_usd:
        others = _other_jobs(summary, usage.unknown_usd)
        yield Reason("approval.price-of-day", f"{others}, and what it costs at most is unknown. {above}")
    elif usage.usd + summary.usd > limit:
        total = f"${_up(usage.usd + summary.usd)} at most with {summary.person}'s other jobs of today"
        yield Reason("approval.price-of-day", f"It comes to {total} (${_up(usage.usd)}). {above}")


def highest_vcpu_hours_are_within(summary: Request, thresholds: Thresholds) -> Iterator[Reason]:
    limit = thresholds.vcpu_hours
    if limit is None:
        return
    above = _asks_above(summary, f"{limit:,} vCPU-hours")
    if summary.unsized:
        return  # `sizes_are_known` reports it
    if summary.vcpu_hours is None:
        message = f"How many vCPU-hours it takes at most is unknown: {_why_unknown(summary)} {above}"
        yield Reason("approval.vcpu-hours-unknown", message)
    elif summary.vcpu_hours > limit:
        yield Reason("approval.vcpu-hours", f"It takes at most {_up(summary.vcpu_hours)} vCPU-hours. {above}")


def vcpu_hours_of_the_day_are_within(summary: Request, thresholds: Thresholds) -> Iterator[Reason]:
    limit, usage = thresholds.vcpu_hours, summary.today
    if limit is None or summary.vcpu_hours is None or summary.vcpu_hours > limit or summary.unsized:
        return
    above = _asks_above(summary, f"{limit:,} vCPU-hours per person and day")
    if usage.unknown_vcpu_hours:
        others = _other_jobs(summary, usage.unknown_vcpu_hours)
        yield Reason("approval.vcpu-hours-of-day", f"{others} whose vCPU-hours are unknown. {above}")
    elif usage.vcpu_hours + summary.vcpu_hours > limit:
        total = f"{_up(usage.vcpu_hours + summary.vcpu_hours)} vCPU-hours at most"
        message = (
            f"It comes to {total} with {summary.person}'s other jobs of today ({_up(usage.vcpu_hours)}). {above}"
        )
        yield Reason("approval.vcpu-hours-of-day", message)


def gpus_are_within(summary: Request, thresholds: Thresholds) -> Iterator[Reason]:
    limit = thresholds.gpus
    if limit is not None and summary.gpus > limit:
        message = f"Its jobs use {summary.gpus:,} GPUs together. {_asks_above(summary, f'{limit:,} GPUs')}"
        yield Reason("approval.gpus", message)


def gpus_at_once_are_within(summary: Request, thresholds: Thresholds) -> Iterator[Reason]:
    """Compare the GPUs of active jobs with the threshold.

    GPUs of jobs that have ended are free again. A submission without GPUs is always within it.
    """
    limit, active_gpus = thresholds.gpus, summary.today.gpus
    if limit is not None and 0 < summary.gpus <= limit < summary.gpus + active_gpus:
        message = (
            f"Its jobs use {summary.gpus + active_gpus:,} GPUs with {summary.person}'s other jobs "
            "that haven't ended. "
            f"{_asks_above(summary, f'{limit:,} GPUs per person')}"
        )
        yield Reason("approval.gpus-of-day", message)


def array_jobs_are_within(summary: Request, thresholds: Thresholds) -> Iterator[Reason]:
    limit = thresholds.array_size
    if limit is not None and summary.array_jobs > limit:
        message = f"It has {summary.array_jobs:,} array jobs. {_asks_above(summary, f'{limit:,}')}"
        yield Reason("approval.array-size", message)


def array_jobs_of_the_day_are_within(summary: Request, thresholds: Thresholds) -> Iterator[Reason]:
    limit, jobs_today = thresholds.array_size, summary.today.array_jobs
    if limit is not None and 0 < summary.array_jobs <= limit < summary.array_jobs + jobs_today:
        message = (
            f"It comes to {summary.array_jobs + jobs_today:,} array jobs with {summary.person}'s others of today. "
            f"{_asks_above(summary, f'{limit:,} per person and day')}"
        )
        yield Reason("approval.array-size-of-day", message)


def sizes_are_known(summary: Request, thresholds: Thresholds) -> Iterator[Reason]:
    """Require approval of jobs of unknown size if the team has a threshold on vCPU-hours or GPUs."""
    if summary.unsized and (thresholds.vcpu_hours, thresholds.gpus) != (None, None):
        names = join_words((quote(name) for name in summary.unsized), limit=3)
        reason = summary.asks[summary.unsized[0]].size.unknown[0].reason
        message = (
            f"The portal can't tell how large {names} is, because {reason}; "
            f"{summary.team} asks for approval of large jobs."
        )
        yield Reason("approval.size-unknown", message)


def _asks_above(summary: Request, threshold: str) -> str:
    return f"{summary.team} asks for approval above {threshold}."


def _why_unknown(summary: Request) -> str:
    if summary.unlimited:
        names = join_words((quote(name) for name in summary.unlimited), limit=3)
        return f"{names} {'has' if len(summary.unlimited) == 1 else 'have'} no time limit."
    if summary.unsized:
        return f"the size of {join_words((quote(name) for name in summary.unsized), limit=3)} isn't known."
    return "there is no rate for a job."


def _other_jobs(summary: Request, count: int) -> str:
    others = "another job" if count == 1 else f"{count:,} other jobs"
    return f"{summary.person} has {others} of today"


def _up(amount: Decimal) -> str:
    """Round up to the cent, so that an upper bound stays one."""
    return f"{min(amount, _LARGEST_SHOWN).quantize(Decimal('0.01'), ROUND_CEILING):,}"


WaitingRule = Callable[[Request, Thresholds], Iterator[Reason]]
WAITING: tuple[WaitingRule, ...] = (
    highest_cost_is_within,
    cost_of_the_day_is_within,
    highest_vcpu_hours_are_within,
    vcpu_hours_of_the_day_are_within,
    gpus_are_within,
    gpus_at_once_are_within,
    array_jobs_are_within,
    array_jobs_of_the_day_are_within,
    sizes_are_known,
)


def reasons_to_wait(summary: Request, thresholds: Thresholds) -> list[Reason]:
    """Return why the submission needs approval; empty if it does not."""
    return [reason for rule in WAITING for reason in rule(summary, thresholds)]


# -- Whether an edit makes a request larger


@dataclass(frozen=True)
class Edit:
    """A request before and after an edit, estimated at the same time by the same rates."""

    before: Request
    after: Request

    @property
    def kept(self) -> Iterator[tuple[str, JobAsk, JobAsk]]:
        """Jobs that are in both."""
        for name, request in self.after.asks.items():
            if name in self.before.asks:
                yield name, self.before.asks[name], request


def price_goes_up(edit: Edit) -> Iterator[Reason]:
    before, after = edit.before.usd, edit.after.usd
    if after is None and before is not None:
        yield Reason("edit.price", f"It cost at most ${_up(before)}; what it costs at most now is unknown.")
    elif after is not None and before is not None and after > before:
        yield Reason("edit.price", f"It cost at most ${_up(before)} and costs at most ${_up(after)}.")


def takes_longer(edit: Edit) -> Iterator[Reason]:
    """Compare time limits and attempts, also where there is no rate and so no cost to compare."""
    for name, before, after in edit.kept:
        if before.run_seconds and (not after.run_seconds or after.run_seconds > before.run_seconds):
            limit = f"{after.run_seconds:,} s" if after.run_seconds else "none"
            yield Reason(
                "edit.time-limit", f"The time limit of {quote(name)} was {before.run_seconds:,} s and is {limit}."
            )
        if after.attempts > before.attempts:
            yield Reason(
                "edit.attempts", f"{quote(name)} had {before.attempts} attempts at most and has {after.attempts}."
            )


def size_goes_up(edit: Edit) -> Iterator[Reason]:
    """Compare sizes. A size that is unknown after an edit counts as larger, known before or not."""
    for name, before, after in edit.kept:
        if after.size.unknown:
            reason = after.size.unknown[0].reason
            yield Reason("edit.size", f"The portal can't tell how large {quote(name)} is, because {reason}.")
        sizes = (
            ("vCPU", before.size.vcpus, after.size.vcpus),
            ("MiB of memory", before.size.memory_mib, after.size.memory_mib),
            ("GPU", before.size.gpus, after.size.gpus),
            ("GiB of disk", before.size.ephemeral_gib, after.size.ephemeral_gib),
        )
        for unit, old_amount, new_amount in sizes:
            if new_amount > old_amount:
                yield Reason("edit.size", f"{quote(name)} asked for {old_amount} {unit} and asks for {new_amount}.")


def count_goes_up(edit: Edit) -> Iterator[Reason]:
    new = [quote(name) for name in edit.after.asks if name not in edit.before.asks]
    if new:
        yield Reason("edit.count", f"{join_words(new, limit=3)} {'is' if len(new) == 1 else 'are'} new.")
    for name, before, after in edit.kept:
        if after.runs > before.runs:
            yield Reason("edit.count", f"{quote(name)} had {before.runs:,} runs and has {after.runs:,}.")


def queue_is_another(edit: Edit) -> Iterator[Reason]:
    for name, before, after in edit.kept:
        if after.queue_id != before.queue_id:
            message = f"{quote(name)} was for queue {before.queue_name} and is for {after.queue_name}."
            yield Reason("edit.queue", message)


def image_is_another(edit: Edit) -> Iterator[Reason]:
    yield from _others(edit, IMAGE, "edit.image", "image")


def role_is_another(edit: Edit) -> Iterator[Reason]:
    yield from _others(edit, ROLE, "edit.role", "role")


def power_is_new(edit: Edit) -> Iterator[Reason]:
    """Yield capabilities that need a grant and that the request did not use before."""
    for name, before, after in edit.kept:
        uses_before = {_marked(use.power, use.value) for use in before.uses}
        for use in after.uses:
            needs_grant = use.power in Feature.values or use.power == UNNAMED
            if needs_grant and _marked(use.power, use.value) not in uses_before:
                yield Reason("edit.power", f"{quote(name)} makes use of {truncate(use.name)}, as it did not before.")


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
    """Return why the author of an edit may not approve it; empty if they may."""
    edit = Edit(before, after)
    return [reason for rule in RAISING for reason in rule(edit)]


def _others(edit: Edit, power: str, rule: str, word: str) -> Iterator[Reason]:
    for name, before, after in edit.kept:
        old_values, new_values = _values(before, power), _values(after, power)
        if old_values != new_values:
            message = f"The {word} of {quote(name)} was {_in_words(old_values)} and is {_in_words(new_values)}."
            yield Reason(rule, message)


def _values(request: JobAsk, power: str) -> Sequence[str]:
    """Return the values in their order: two containers that swap images make another job."""
    return [str(use.value) for use in request.uses if use.power == power]


def _in_words(values: Sequence[str]) -> str:
    return join_words((quote(value) for value in values), limit=3) if values else "none"


def _marked(power: str, value: object) -> str:
    return f"{power} {json.dumps(value, sort_keys=True, default=str)}"
