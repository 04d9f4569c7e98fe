"""Budgets: pure functions that yield why a submission is refused, needs approval, or deserves a warning."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

from jobs.models import BudgetTerms, BudgetUsage
from jobs.policy.approval import ApprovalReason
from jobs.policy.requests import JobRequest
from jobs.policy.rules import Violation
from jobs.spec.problems import Severity, join_pointer, join_words, quote

_CENT = Decimal("0.01")
_FULL = Decimal(100)


class BudgetLevel(StrEnum):
    """As pages call it."""

    WITHIN = "Within budget"
    AHEAD = "Ahead of pace"
    RESERVED = "Nearly used up"
    WARNING = "Nearly spent"
    APPROVAL = "Needs approval"
    STOPPED = "Submissions stop"
    EXCEEDED = "Over budget"

    @property
    def tone(self) -> str:
        return _TONES.get(self, "warn")

    @property
    def icon(self) -> str:
        return {"good": "circle-check", "bad": "circle-x"}.get(self.tone, "alert-triangle")


_TONES = {BudgetLevel.WITHIN: "good", BudgetLevel.STOPPED: "bad", BudgetLevel.EXCEEDED: "bad"}


@dataclass(frozen=True)
class BudgetState:
    """A budget of a team on a day, and what it has spent and reserved."""

    team: str
    budget: BudgetTerms
    usage: BudgetUsage
    today: date
    forecast: Decimal | None = None
    """The spend at the end of the period; None if it is unknown."""
    running: Decimal = Decimal(0)
    """The cost so far of running jobs: in `forecast` and in `usage.reserved`, not in `usage.spend`."""

    @property
    def name(self) -> str:
        scope = f" for {self.budget.scope}" if self.budget.scope else ""
        return f"{self.team}'s budget{scope} in {self.budget.period_name(self.today)}"

    @property
    def summary(self) -> str:
        amounts = f"{_round_up(self.usage.spend)} of ${self.budget.usd:,.2f} spent"
        return f"{self.name}: {amounts}, {_round_up(self.usage.reserved)} reserved."

    @property
    def period_name(self) -> str:
        return self.budget.period_name(self.today)

    @property
    def spent_percent(self) -> Decimal:
        return self._percent(self.usage.spend)

    @property
    def total_percent(self) -> Decimal:
        return self._percent(self.usage.total)

    @property
    def bars(self) -> tuple[Decimal, Decimal]:
        """Return the lengths of the bars of what is spent, and of what is spent or reserved, up to 100."""
        return min(_FULL, self.spent_percent), min(_FULL, self.total_percent)

    @property
    def elapsed_percent(self) -> Decimal:
        """Return how much of the period's days have begun."""
        first, last = self.budget.days(self.today)
        return _FULL * ((self.today - first).days + 1) / ((last - first).days + 1)

    @property
    def marks(self) -> list[int]:
        """Return the percentages of the thresholds that the bar can show."""
        budget = self.budget
        percents = (budget.warn_percent, budget.approve_percent, budget.stop_percent)
        return sorted({percent for percent in percents if percent is not None and percent < _FULL})

    @property
    def level(self) -> BudgetLevel:
        """Return what needs attention most."""
        budget, usage = self.budget, self.usage
        if usage.spend > budget.usd:
            return BudgetLevel.EXCEEDED
        if budget.stop_percent is not None and usage.total >= budget.limit(budget.stop_percent):
            return BudgetLevel.STOPPED
        if budget.approve_percent is not None and usage.total >= budget.limit(budget.approve_percent):
            return BudgetLevel.APPROVAL
        if budget.warn_percent is not None and usage.spend >= budget.limit(budget.warn_percent):
            return BudgetLevel.WARNING
        if budget.warn_percent is not None and usage.total >= budget.limit(budget.warn_percent):
            return BudgetLevel.RESERVED
        return BudgetLevel.AHEAD if (self.forecast or 0) > budget.usd else BudgetLevel.WITHIN

    def _percent(self, usd: Decimal) -> Decimal:
        return _FULL * usd / self.budget.usd

    def limit_text(self, percent: int) -> str:
        """Return “$80.00 (80 % of $100.00)”."""
        amount = f"${self.budget.usd:,.2f}"
        limit = self.budget.limit(percent).quantize(_CENT, ROUND_FLOOR)
        return amount if percent == 100 else f"${limit:,} ({percent} % of {amount})"


@dataclass(frozen=True)
class BudgetCharge:
    """What a submission can add to a budget."""

    state: BudgetState
    usd: Decimal | None
    """The submission's maximum; None if unknown."""
    job: int = 0
    """Position of the first of its jobs that the budget covers, or of the first whose maximum is unknown."""
    pointer: str = ""
    unknown_reason: str = ""
    """Why the maximum is unknown, then what to do."""

    def exceeds(self, percent: int | None) -> bool:
        if percent is None or self.usd is None:
            return False
        return self.state.usage.total + self.usd > self.state.budget.limit(percent)


def budget_is_not_reached(charge: BudgetCharge) -> Iterator[Violation]:
    state, percent = charge.state, charge.state.budget.stop_percent
    if percent is not None and charge.exceeds(percent):
        message = (
            f"{state.name} stops submissions above {state.limit_text(percent)}. {_usage_text(charge)} "
            "Shorten the time limit, wait until active jobs end, or ask an administrator to raise the budget."
        )
        yield Violation("policy.budget-reached", charge.pointer, message)


def maximum_is_known(charge: BudgetCharge) -> Iterator[Violation]:
    state, percent = charge.state, charge.state.budget.stop_percent
    if percent is not None and charge.usd is None:
        message = (
            f"{state.name} stops submissions above {state.limit_text(percent)}, but the maximum cost is unknown: "
            f"{charge.unknown_reason}"
        )
        yield Violation("policy.budget-unknown", charge.pointer, message)


def budget_is_not_nearly_reached(charge: BudgetCharge) -> Iterator[Violation]:
    state, percent = charge.state, charge.state.budget.warn_percent
    if percent is not None and charge.exceeds(percent) and not charge.exceeds(state.budget.stop_percent):
        message = f"{state.name} warns above {state.limit_text(percent)}. {_usage_text(charge)}"
        yield Violation("policy.budget-warning", charge.pointer, message, Severity.WARNING)


def budget_needs_no_approval(charge: BudgetCharge) -> Iterator[ApprovalReason]:
    state, percent = charge.state, charge.state.budget.approve_percent
    if percent is None:
        return
    needs_approval = f"{state.name} requires approval above {state.limit_text(percent)}"
    if charge.usd is None:
        message = f"{needs_approval}, and the maximum cost is unknown: {charge.unknown_reason}"
        yield ApprovalReason("approval.budget-unknown", message)
    elif charge.exceeds(percent):
        yield ApprovalReason("approval.budget", f"{needs_approval}. {_usage_text(charge)}")


def budget_violations(charges: Iterable[BudgetCharge]) -> Iterator[tuple[int, Violation]]:
    """Yield the position of a job with each reason to refuse the submission."""
    for charge in charges:
        for rule in (budget_is_not_reached, maximum_is_known):
            for violation in rule(charge):
                yield charge.job, violation


def budget_warnings(charges: Iterable[BudgetCharge]) -> Iterator[tuple[int, Violation]]:
    for charge in charges:
        for violation in budget_is_not_nearly_reached(charge):
            yield charge.job, violation


def budget_approval_reasons(charges: Iterable[BudgetCharge]) -> list[ApprovalReason]:
    return [reason for charge in charges for reason in budget_needs_no_approval(charge)]


def covering_budgets(budgets: Iterable[BudgetTerms], requests: Iterable[JobRequest]) -> list[BudgetTerms]:
    tags = {tag for request in requests for tag in request.tags.items()}
    return [budget for budget in budgets if budget.tag is None or budget.tag in tags]


def build_charge(
    state: BudgetState, requests: Mapping[str, JobRequest], amounts: Sequence[Decimal | None]
) -> BudgetCharge:
    """Return what those jobs can add that the budget covers. `amounts` are maximums in the order of `requests`."""
    budget = state.budget
    covered = [
        (number, name, request, usd)
        for number, ((name, request), usd) in enumerate(zip(requests.items(), amounts, strict=True))
        if budget.tag is None or request.tags.get(budget.tag_key) == budget.tag_value
    ]
    unknown = [entry for entry in covered if entry[3] is None]
    if unknown:
        number, _, request, _ = unknown[0]
        pointer = "/timeout" if not request.run_seconds else ""
        reason = _unknown_reason([(name, request) for _, name, request, _ in unknown], len(requests))
        return BudgetCharge(state, None, number, pointer, reason)
    number, _, request, _ = covered[0]
    pointer = ""
    if budget.tag:
        pointer = join_pointer("tags", budget.tag_key) if budget.tag_key in request.own_tags else "/jobDefinition"
    usd = sum((amount for *_, amount in covered if amount is not None), Decimal(0))
    return BudgetCharge(state, usd, number, pointer)


def _unknown_reason(jobs: Sequence[tuple[str, JobRequest]], count: int) -> str:
    unlimited = [name for name, request in jobs if not request.run_seconds]
    if unlimited:
        subject = join_words(map(quote, unlimited), limit=3) if count > 1 else "the job"
        return f"{subject} {'has' if len(unlimited) == 1 else 'have'} no time limit. Set a time limit."
    name, request = jobs[0]
    if request.size.unknown:
        return f"the resources of {quote(name)} are unknown. {request.size.unknown[0].reason}"
    return f"there is no rate for {quote(name)}. Choose another queue or size, or ask an administrator to add a rate."


def _usage_text(charge: BudgetCharge) -> str:
    usage = charge.state.usage
    text = f"{_round_up(usage.spend)} is spent and {_round_up(usage.reserved)} reserved for active jobs"
    if usage.unknown_jobs:
        jobs = "1 active job" if usage.unknown_jobs == 1 else f"{usage.unknown_jobs:,} active jobs"
        text += f", without {jobs} whose maximum is unknown"
    return f"{text}; this submission can cost up to {_round_up(charge.usd or Decimal(0))}."


def _round_up(amount: Decimal) -> str:
    return f"${amount.quantize(_CENT, ROUND_CEILING):,}"
