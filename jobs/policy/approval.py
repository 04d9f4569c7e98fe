"""Approval rules: pure functions that yield why a submission needs approval."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Self

from jobs.models import Feature, Team
from jobs.policy.capabilities import IMAGE, ROLE, UNKNOWN_FIELD
from jobs.policy.requests import JobRequest
from jobs.spec.forms.units import format_seconds
from jobs.spec.job_size import GPU, MEMORY, VCPU, format_amount
from jobs.spec.problems import join_words, quote, truncate


@dataclass(frozen=True)
class ApprovalThresholds:
    usd: Decimal | None = None
    vcpu_hours: int | None = None
    gpus: int | None = None
    array_size: int | None = None

    @classmethod
    def for_team(cls, team: Team) -> Self:
        return cls(team.approval_usd, team.approval_vcpu_hours, team.approval_gpus, team.approval_array_size)


@dataclass(frozen=True)
class DailyUsage:
    """A person's other submissions of the day without approved ones.

    `usd` and `vcpu_hours`: bounds of active jobs plus use of ended ones; `unknown…` counts jobs without a bound.
    `gpus`: of active jobs. `array_jobs`: children.
    """

    usd: Decimal = Decimal(0)
    vcpu_hours: Decimal = Decimal(0)
    unknown_usd: int = 0
    unknown_vcpu_hours: int = 0
    gpus: int = 0
    array_jobs: int = 0


@dataclass(frozen=True)
class SubmissionSummary:
    """Upper bounds of cost and vCPU-hours (None: unknown), and the other usage of `person` on the day (UTC)."""

    team: str
    requests: Mapping[str, JobRequest]
    usd: Decimal | None
    vcpu_hours: Decimal | None
    person: str = ""
    today: DailyUsage = DailyUsage()

    @property
    def gpus(self) -> int:
        return sum(request.size.gpus * request.runs for request in self.requests.values())

    @property
    def array_jobs(self) -> int:
        return sum(request.array_size for request in self.requests.values())

    @property
    def jobs_without_time_limit(self) -> list[str]:
        return [name for name, request in self.requests.items() if not request.run_seconds]

    @property
    def jobs_of_unknown_size(self) -> list[str]:
        return [name for name, request in self.requests.items() if request.size.unknown]


@dataclass(frozen=True)
class ApprovalReason:
    rule: str
    message: str


_MAX_SHOWN_AMOUNT = Decimal(10**15)


# -- Whether a submission needs approval. Each threshold is also compared with the sum of the day: otherwise 100 small
# submissions would pass any limit.


def cost_is_within_threshold(summary: SubmissionSummary, thresholds: ApprovalThresholds) -> Iterator[ApprovalReason]:
    """Treat an unknown cost as above the threshold."""
    limit = thresholds.usd
    if limit is None:
        return
    if summary.usd is None or summary.jobs_of_unknown_size:
        message = (
            f"The maximum cost is unknown: {_why_unknown(summary)} {_threshold_sentence(summary, f'${limit:,.2f}')}"
        )
        yield ApprovalReason("approval.price-unknown", message)
    elif summary.usd > limit:
        message = f"The maximum cost is ${_round_up(summary.usd)}. {_threshold_sentence(summary, f'${limit:,.2f}')}"
        yield ApprovalReason("approval.price", message)


def daily_cost_is_within_threshold(
    summary: SubmissionSummary, thresholds: ApprovalThresholds
) -> Iterator[ApprovalReason]:
    limit, usage = thresholds.usd, summary.today
    if limit is None or summary.usd is None or summary.usd > limit or summary.jobs_of_unknown_size:
        return
    above = _threshold_sentence(summary, f"${limit:,.2f} per person and day")
    if usage.unknown_usd:
        others = _other_jobs(summary, usage.unknown_usd)
        yield ApprovalReason("approval.price-of-day", f"{others} with an unknown maximum cost. {above}")
    elif usage.usd + summary.usd > limit:
        message = (
            f"With {summary.person}'s other jobs today (${_round_up(usage.usd)}), the maximum cost is "
            f"${_round_up(usage.usd + summary.usd)}. {above}"
        )
        yield ApprovalReason("approval.price-of-day", message)


def vcpu_hours_are_within_threshold(
    summary: SubmissionSummary, thresholds: ApprovalThresholds
) -> Iterator[ApprovalReason]:
    limit = thresholds.vcpu_hours
    if limit is None:
        return
    above = _threshold_sentence(summary, f"{limit:,} vCPU-hours")
    if summary.jobs_of_unknown_size:
        return  # `sizes_are_known` reports it
    if summary.vcpu_hours is None:
        message = f"The maximum vCPU-hours are unknown: {_why_unknown(summary)} {above}"
        yield ApprovalReason("approval.vcpu-hours-unknown", message)
    elif summary.vcpu_hours > limit:
        yield ApprovalReason(
            "approval.vcpu-hours", f"The maximum is {_round_up(summary.vcpu_hours)} vCPU-hours. {above}"
        )


def daily_vcpu_hours_are_within_threshold(
    summary: SubmissionSummary, thresholds: ApprovalThresholds
) -> Iterator[ApprovalReason]:
    limit, usage = thresholds.vcpu_hours, summary.today
    if limit is None or summary.vcpu_hours is None or summary.vcpu_hours > limit or summary.jobs_of_unknown_size:
        return
    above = _threshold_sentence(summary, f"{limit:,} vCPU-hours per person and day")
    if usage.unknown_vcpu_hours:
        others = _other_jobs(summary, usage.unknown_vcpu_hours)
        yield ApprovalReason("approval.vcpu-hours-of-day", f"{others} with unknown vCPU-hours. {above}")
    elif usage.vcpu_hours + summary.vcpu_hours > limit:
        message = (
            f"With {summary.person}'s other jobs today ({_round_up(usage.vcpu_hours)}), the maximum is "
            f"{_round_up(usage.vcpu_hours + summary.vcpu_hours)} vCPU-hours. {above}"
        )
        yield ApprovalReason("approval.vcpu-hours-of-day", message)


def gpus_are_within_threshold(summary: SubmissionSummary, thresholds: ApprovalThresholds) -> Iterator[ApprovalReason]:
    limit = thresholds.gpus
    if limit is not None and summary.gpus > limit:
        message = f"The jobs use {summary.gpus:,} GPUs in total. {_threshold_sentence(summary, f'{limit:,} GPUs')}"
        yield ApprovalReason("approval.gpus", message)


def active_gpus_are_within_threshold(
    summary: SubmissionSummary, thresholds: ApprovalThresholds
) -> Iterator[ApprovalReason]:
    limit, active_gpus = thresholds.gpus, summary.today.gpus
    if limit is not None and 0 < summary.gpus <= limit < summary.gpus + active_gpus:
        message = (
            f"With {summary.person}'s other active jobs, the jobs use {summary.gpus + active_gpus:,} GPUs. "
            f"{_threshold_sentence(summary, f'{limit:,} GPUs per person')}"
        )
        yield ApprovalReason("approval.gpus-of-day", message)


def array_jobs_are_within_threshold(
    summary: SubmissionSummary, thresholds: ApprovalThresholds
) -> Iterator[ApprovalReason]:
    limit = thresholds.array_size
    if limit is not None and summary.array_jobs > limit:
        above = _threshold_sentence(summary, f"{limit:,}")
        message = f"The submission has {summary.array_jobs:,} array child jobs. {above}"
        yield ApprovalReason("approval.array-size", message)


def daily_array_jobs_are_within_threshold(
    summary: SubmissionSummary, thresholds: ApprovalThresholds
) -> Iterator[ApprovalReason]:
    limit, jobs_today = thresholds.array_size, summary.today.array_jobs
    if limit is not None and 0 < summary.array_jobs <= limit < summary.array_jobs + jobs_today:
        message = (
            f"With {summary.person}'s other jobs today, there are {summary.array_jobs + jobs_today:,} array child "
            f"jobs. {_threshold_sentence(summary, f'{limit:,} per person and day')}"
        )
        yield ApprovalReason("approval.array-size-of-day", message)


def sizes_are_known(summary: SubmissionSummary, thresholds: ApprovalThresholds) -> Iterator[ApprovalReason]:
    if summary.jobs_of_unknown_size and (thresholds.vcpu_hours, thresholds.gpus) != (None, None):
        names = join_words((quote(name) for name in summary.jobs_of_unknown_size), limit=3)
        reason = summary.requests[summary.jobs_of_unknown_size[0]].size.unknown[0].reason
        message = f"The resources of {names} are unknown. {reason} {summary.team} requires approval of large jobs."
        yield ApprovalReason("approval.size-unknown", message)


def _threshold_sentence(summary: SubmissionSummary, threshold: str) -> str:
    return f"{summary.team} requires approval above {threshold}."


def _why_unknown(summary: SubmissionSummary) -> str:
    if summary.jobs_without_time_limit:
        names = join_words((quote(name) for name in summary.jobs_without_time_limit), limit=3)
        return f"{names} {'has' if len(summary.jobs_without_time_limit) == 1 else 'have'} no time limit."
    if summary.jobs_of_unknown_size:
        names = join_words((quote(name) for name in summary.jobs_of_unknown_size), limit=3)
        return f"the resources of {names} are unknown."
    return "there is no rate for a job."


def _other_jobs(summary: SubmissionSummary, count: int) -> str:
    others = "another job" if count == 1 else f"{count:,} other jobs"
    return f"{summary.person} has {others} today"


def _round_up(amount: Decimal) -> str:
    """Round to the cent, so that an upper bound stays one."""
    return f"{min(amount, _MAX_SHOWN_AMOUNT).quantize(Decimal('0.01'), ROUND_CEILING):,}"


ApprovalRule = Callable[[SubmissionSummary, ApprovalThresholds], Iterator[ApprovalReason]]
APPROVAL_RULES: tuple[ApprovalRule, ...] = (
    cost_is_within_threshold,
    daily_cost_is_within_threshold,
    vcpu_hours_are_within_threshold,
    daily_vcpu_hours_are_within_threshold,
    gpus_are_within_threshold,
    active_gpus_are_within_threshold,
    array_jobs_are_within_threshold,
    daily_array_jobs_are_within_threshold,
    sizes_are_known,
)


def approval_reasons(summary: SubmissionSummary, thresholds: ApprovalThresholds) -> list[ApprovalReason]:
    return [reason for rule in APPROVAL_RULES for reason in rule(summary, thresholds)]


# -- Whether an edit needs another approver


@dataclass(frozen=True)
class SubmissionEdit:
    before: SubmissionSummary
    after: SubmissionSummary

    @property
    def common_jobs(self) -> Iterator[tuple[str, JobRequest, JobRequest]]:
        for name, request in self.after.requests.items():
            if name in self.before.requests:
                yield name, self.before.requests[name], request


def cost_increases(edit: SubmissionEdit) -> Iterator[ApprovalReason]:
    before, after = edit.before.usd, edit.after.usd
    if after is None and before is not None:
        yield ApprovalReason("edit.price", f"The maximum cost was ${_round_up(before)} and is now unknown.")
    elif after is not None and before is not None and after > before:
        yield ApprovalReason(
            "edit.price", f"The maximum cost increased from ${_round_up(before)} to ${_round_up(after)}."
        )


def duration_increases(edit: SubmissionEdit) -> Iterator[ApprovalReason]:
    """Compare times also where no rate gives a cost."""
    for name, before, after in edit.common_jobs:
        if before.run_seconds and (not after.run_seconds or after.run_seconds > before.run_seconds):
            limit = format_seconds(after.run_seconds) if after.run_seconds else "none"
            yield ApprovalReason(
                "edit.time-limit",
                f"The time limit of {quote(name)} changed from {format_seconds(before.run_seconds)} to {limit}.",
            )
        if after.attempts > before.attempts:
            yield ApprovalReason(
                "edit.attempts",
                f"The attempts of {quote(name)} increased from {before.attempts} to {after.attempts}.",
            )


def size_increases(edit: SubmissionEdit) -> Iterator[ApprovalReason]:
    """Treat a size that is unknown after an edit as larger."""
    for name, before, after in edit.common_jobs:
        if after.size.unknown:
            reason = after.size.unknown[0].reason
            yield ApprovalReason("edit.size", f"The resources of {quote(name)} are unknown. {reason}")
        sizes: tuple[tuple[str, Decimal | int, Decimal | int], ...] = (
            (VCPU, before.size.vcpus, after.size.vcpus),
            (MEMORY, before.size.memory_mib, after.size.memory_mib),
            (GPU, before.size.gpus, after.size.gpus),
        )
        for resource, old_amount, new_amount in sizes:
            if new_amount > old_amount:
                change = f"{format_amount(resource, old_amount)} to {format_amount(resource, new_amount)}"
                yield ApprovalReason("edit.size", f"{quote(name)} increased from {change}.")
        if after.size.ephemeral_gib > before.size.ephemeral_gib:
            change = f"{before.size.ephemeral_gib} GiB to {after.size.ephemeral_gib} GiB of disk"
            yield ApprovalReason("edit.size", f"{quote(name)} increased from {change}.")


def run_count_increases(edit: SubmissionEdit) -> Iterator[ApprovalReason]:
    new = [quote(name) for name in edit.after.requests if name not in edit.before.requests]
    if new:
        yield ApprovalReason("edit.count", f"{join_words(new, limit=3)} {'was' if len(new) == 1 else 'were'} added.")
    for name, before, after in edit.common_jobs:
        if after.runs > before.runs:
            yield ApprovalReason(
                "edit.count", f"{quote(name)} increased from {before.runs:,} to {after.runs:,} runs."
            )


def queue_changes(edit: SubmissionEdit) -> Iterator[ApprovalReason]:
    for name, before, after in edit.common_jobs:
        if after.queue_id != before.queue_id:
            message = f"{quote(name)} moved from queue {before.queue_name} to {after.queue_name}."
            yield ApprovalReason("edit.queue", message)


def image_changes(edit: SubmissionEdit) -> Iterator[ApprovalReason]:
    yield from _changed_values(edit, IMAGE, "edit.image", "image")


def role_changes(edit: SubmissionEdit) -> Iterator[ApprovalReason]:
    yield from _changed_values(edit, ROLE, "edit.role", "role")


def capability_is_new(edit: SubmissionEdit) -> Iterator[ApprovalReason]:
    for name, before, after in edit.common_jobs:
        uses_before = {_use_key(use.capability, use.value) for use in before.uses}
        for use in after.uses:
            needs_grant = use.capability in Feature.values or use.capability == UNKNOWN_FIELD
            if needs_grant and _use_key(use.capability, use.value) not in uses_before:
                yield ApprovalReason("edit.power", f"{quote(name)} now uses {truncate(use.name)}.")


EditRule = Callable[[SubmissionEdit], Iterator[ApprovalReason]]
ESCALATION_RULES: tuple[EditRule, ...] = (
    cost_increases,
    duration_increases,
    size_increases,
    run_count_increases,
    queue_changes,
    image_changes,
    role_changes,
    capability_is_new,
)


def escalations(before: SubmissionSummary, after: SubmissionSummary) -> list[ApprovalReason]:
    edit = SubmissionEdit(before, after)
    return [reason for rule in ESCALATION_RULES for reason in rule(edit)]


def _changed_values(edit: SubmissionEdit, capability: str, rule: str, word: str) -> Iterator[ApprovalReason]:
    for name, before, after in edit.common_jobs:
        old_values, new_values = _use_values(before, capability), _use_values(after, capability)
        if old_values != new_values:
            message = (
                f"The {word} of {quote(name)} changed from {_quote_values(old_values)} to "
                f"{_quote_values(new_values)}."
            )
            yield ApprovalReason(rule, message)


def _use_values(request: JobRequest, capability: str) -> Sequence[str]:
    """Keep the order: two containers that swap images make another job."""
    return [str(use.value) for use in request.uses if use.capability == capability]


def _quote_values(values: Sequence[str]) -> str:
    return join_words((quote(value) for value in values), limit=3) if values else "none"


def _use_key(capability: str, value: object) -> str:
    return f"{capability} {json.dumps(value, sort_keys=True, default=str)}"
