"""Estimate of a submission: expected and highest cost.

Expected, for display: the median, and up to the 90th percentile, of the run times of earlier good jobs of the same
definition and size (and command, if there are enough) × runs, within the time limit. Unknown with fewer than three.

At most, for thresholds: time limit × attempts × runs at full size. Without a limit, size or rate it is unknown.

Time limit and `size` of a multi-node job are for all nodes together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from jobs.pricing.rates import Rates
from jobs.pricing.receipt import (
    HOUR_SECONDS,
    MILLISECOND,
    BilledAttempt,
    PricedSize,
    ReceiptLine,
    ResourceCharge,
    build_receipt,
)
from jobs.pricing.run_statistics import MIN_PERCENTILE_SAMPLE, DurationStats, RunHistory

STORED_PRECISION = Decimal("0.0001")
# Above any threshold that can be set, and within the columns' range.
MAX_STORED_AMOUNT = Decimal(10**11)
# AWS takes limits beyond the calendar; from here on the cost is extrapolated.
MAX_PRICED_SECONDS = Decimal(1000 * 86_400)
MAX_STORED_JOBS = 50


@dataclass(frozen=True)
class PlannedJob:
    name: str
    size: PricedSize
    runs: int
    attempts: int
    limit_seconds: int
    definition: int
    size_unknown: str = ""
    command: str = ""
    """As `jobs.spec.command_key` has it."""
    earlier_size: PricedSize | None = None
    """Of the runs to compare with, if they had another."""


@dataclass(frozen=True)
class CostAmount:
    """Dollars and vCPU-hours; None is unknown."""

    usd: Decimal | None
    vcpu_hours: Decimal | None

    @classmethod
    def total(cls, amounts: Iterable["CostAmount"]) -> "CostAmount":
        amounts = list(amounts)
        return cls(
            _sum_if_known([amount.usd for amount in amounts]),
            _sum_if_known([amount.vcpu_hours for amount in amounts]),
        )

    def as_json(self) -> dict[str, str | None]:
        """Return numbers as text, so that no digit is lost; vCPU-hours rounded up."""
        hours = self.vcpu_hours
        exact = (
            None if hours is None or hours > MAX_STORED_AMOUNT else hours.quantize(STORED_PRECISION, ROUND_CEILING)
        )
        return {"usd": decimal_text(self.usd), "vcpu_hours": decimal_text(exact or hours)}


UNKNOWN_AMOUNT = CostAmount(None, None)


@dataclass(frozen=True)
class JobEstimate:
    """`shares` are for one hour, `expected_seconds` and `high_seconds` for one run."""

    job: PlannedJob
    expected_seconds: Decimal | None
    earlier_runs: int
    shares: tuple[ResourceCharge, ...]
    expected: CostAmount
    at_most: CostAmount
    unknown_reasons: tuple[str, ...]
    high_seconds: Decimal | None = None
    expected_high: CostAmount = UNKNOWN_AMOUNT

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.job.name,
            "runs": self.job.runs,
            "attempts": self.job.attempts,
            "limit_seconds": self.job.limit_seconds,
            "expected_seconds": decimal_text(self.expected_seconds),
            "earlier_runs": self.earlier_runs,
            "expected": self.expected.as_json(),
            "expected_high": self.expected_high.as_json(),
            "high_seconds": decimal_text(self.high_seconds),
            "at_most": self.at_most.as_json(),
            "unknown": list(self.unknown_reasons),
            "shares": [
                {
                    "resource": share.resource,
                    "amount": f"{share.amount.normalize():f}",
                    "usd_per_hour": f"{share.usd_per_hour.normalize():f}",
                    "valid_from": share.valid_from.isoformat(),
                }
                for share in self.shares
            ],
        }


@dataclass(frozen=True)
class CostEstimate:
    """`hour` is what all runs together cost in one hour."""

    jobs: tuple[JobEstimate, ...]
    expected: CostAmount
    expected_high: CostAmount
    at_most: CostAmount
    hour: CostAmount
    made_at: datetime

    @property
    def jobs_without_time_limit(self) -> list[str]:
        return [estimate.job.name for estimate in self.jobs if not estimate.job.limit_seconds]

    @property
    def unknown_reasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(reason for estimate in self.jobs for reason in estimate.unknown_reasons))

    def totals_as_json(self) -> dict[str, Any]:
        return {
            "expected": self.expected.as_json(),
            "expected_high": self.expected_high.as_json(),
            "at_most": self.at_most.as_json(),
        }

    def as_json(self) -> dict[str, Any]:
        dearest = sorted(
            self.jobs, key=lambda estimate: (estimate.at_most.usd is not None, -(estimate.at_most.usd or 0))
        )
        rest = dearest[MAX_STORED_JOBS:]
        return {
            **self.totals_as_json(),
            "made_at": self.made_at.isoformat(),
            "jobs": [estimate.as_json() for estimate in dearest[:MAX_STORED_JOBS]],
            "more": {"jobs": len(rest), "at_most": CostAmount.total(estimate.at_most for estimate in rest).as_json()},
        }


def estimate_cost(plans: Iterable[PlannedJob], history: RunHistory, rates: Rates, now: datetime) -> CostEstimate:
    pricing = _Pricing(rates, now)
    jobs = tuple(_estimate_job(job, _runs_like(job, history), pricing) for job in plans)
    return CostEstimate(
        jobs=jobs,
        expected=CostAmount.total(job_estimate.expected for job_estimate in jobs),
        expected_high=CostAmount.total(job_estimate.expected_high for job_estimate in jobs),
        at_most=CostAmount.total(job_estimate.at_most for job_estimate in jobs),
        hour=CostAmount.total(
            _multiply(pricing.amount(job_estimate.job, HOUR_SECONDS), job_estimate.job.runs) for job_estimate in jobs
        ),
        made_at=now,
    )


def stored_amount(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else min(amount.quantize(STORED_PRECISION, ROUND_CEILING), MAX_STORED_AMOUNT)


def decimal_text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"


class _Pricing:
    def __init__(self, rates: Rates, now: datetime) -> None:
        self._rates, self._now = rates, now.astimezone(UTC)
        self._lines: dict[tuple[PricedSize, Decimal, bool], ReceiptLine] = {}

    def line(self, size: PricedSize, seconds: Decimal, *, is_maximum: bool = False) -> ReceiptLine:
        """Return the price on the cheapest, or the dearest instance that may run it."""
        key = (size, seconds, is_maximum)
        if key not in self._lines:
            duration = timedelta(milliseconds=int(seconds * 1000))
            attempt = BilledAttempt(self._now - duration, self._now, succeeded=True)
            [self._lines[key]] = build_receipt(size, [attempt], self._rates, is_maximum=is_maximum).lines
        return self._lines[key]

    def unknown(self, job: PlannedJob) -> tuple[str, ...]:
        return (job.size_unknown,) if job.size_unknown else self.line(job.size, HOUR_SECONDS).reasons

    def amount(self, job: PlannedJob, seconds: Decimal, *, is_maximum: bool = False) -> CostAmount:
        size = job.size
        if job.size_unknown or not size.vcpus or not size.memory_mib:
            return UNKNOWN_AMOUNT
        priced_seconds = min(seconds, MAX_PRICED_SECONDS)
        line = self.line(size, priced_seconds, is_maximum=is_maximum)
        hours = size.vcpus * seconds / HOUR_SECONDS
        if line.reasons:
            return CostAmount(None, hours)
        return CostAmount(line.usd * seconds / priced_seconds if seconds > priced_seconds else line.usd, hours)


def _runs_like(job: PlannedJob, history: RunHistory) -> DurationStats | None:
    size = job.earlier_size or job.size
    return history.like(job.definition, (size.vcpus, size.memory_mib, size.gpus), job.command)


def _estimate_job(job: PlannedJob, stats: DurationStats | None, pricing: _Pricing) -> JobEstimate:
    seconds, high_seconds, at_most = None, None, UNKNOWN_AMOUNT
    if stats and stats.count >= MIN_PERCENTILE_SAMPLE:
        seconds, high_seconds = _within_limit(job, stats.median), _within_limit(job, stats.high)
    if job.limit_seconds:
        maximum = pricing.amount(job, Decimal(job.limit_seconds), is_maximum=True)
        at_most = _multiply(maximum, job.attempts * job.runs)
    return JobEstimate(
        job=job,
        expected_seconds=seconds,
        high_seconds=high_seconds,
        earlier_runs=stats.count if stats else 0,
        shares=pricing.line(job.size, HOUR_SECONDS).shares,
        expected=UNKNOWN_AMOUNT if seconds is None else _multiply(pricing.amount(job, seconds), job.runs),
        expected_high=UNKNOWN_AMOUNT
        if high_seconds is None
        else _multiply(pricing.amount(job, high_seconds), job.runs),
        at_most=at_most,
        unknown_reasons=pricing.unknown(job),
    )


def _within_limit(job: PlannedJob, seconds: float) -> Decimal:
    exact = Decimal(str(seconds)).quantize(MILLISECOND)
    return min(exact, Decimal(job.limit_seconds)) if job.limit_seconds else exact


def _multiply(amount: CostAmount, count: int) -> CostAmount:
    usd, hours = amount.usd, amount.vcpu_hours
    return CostAmount(None if usd is None else usd * count, None if hours is None else hours * count)


def _sum_if_known(parts: list[Decimal | None]) -> Decimal | None:
    known_parts = [part for part in parts if part is not None]
    return sum(known_parts, Decimal(0)) if len(known_parts) == len(parts) else None
