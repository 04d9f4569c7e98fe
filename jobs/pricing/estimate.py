"""What a submission is expected to cost, and what it costs at most. Pure: planned jobs, run times and rates in.

    expected   the typical run time of the definition's earlier good jobs × runs, one attempt each, no longer than the
               time limit. For display only.
    at most    time limit × attempts × runs, each run's size in full. Thresholds compare this one. Without a time
               limit, a size or a rate it is unknown, and so it is for the whole submission.

Runs are the children of an array, or one. AWS ends a run within about half a minute of its limit, and the time limit
of a job of several nodes counts for all of them together; `size` then has all nodes. Both amounts come as dollars and
as vCPU-hours. The figure that is kept of a job is rounded up to `KEPT` and never above `LARGEST`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from jobs.pricing.rates import Rates
from jobs.pricing.receipt import HOUR, MILLISECOND, Attempt, Line, Share, Size, receipt
from jobs.pricing.run_statistics import Span

KEPT = Decimal("0.0001")
# More than any threshold that can be set; the columns hold it.
LARGEST = Decimal(10**11)
# AWS takes limits beyond what a calendar has: from here on a second costs what the ones before did.
LONGEST_PRICED = Decimal(1000 * 86_400)
# So many of the dearest jobs are kept one by one.
JOBS_KEPT = 50


@dataclass(frozen=True)
class PlannedJob:
    """A job that has not run. `limit_seconds` is of one attempt; 0: it has none. `definition` finds its run times.

    `size_unknown` says why its size can't be told, in a sentence; empty if it can.
    """

    name: str
    size: Size
    runs: int
    attempts: int
    limit_seconds: int
    definition: int
    size_unknown: str = ""


@dataclass(frozen=True)
class Amount:
    """Dollars and vCPU-hours. None is unknown."""

    usd: Decimal | None
    vcpu_hours: Decimal | None

    @classmethod
    def total(cls, amounts: Iterable["Amount"]) -> "Amount":
        """The sum; unknown where any part is."""
        amounts = list(amounts)
        return cls(_sum([amount.usd for amount in amounts]), _sum([amount.vcpu_hours for amount in amounts]))

    def as_json(self) -> dict[str, str | None]:
        """Numbers as text, so that no digit is lost; vCPU-hours rounded up to `KEPT`."""
        hours = self.vcpu_hours
        exact = None if hours is None or hours > LARGEST else hours.quantize(KEPT, ROUND_CEILING)
        return {"usd": text_of(self.usd), "vcpu_hours": text_of(exact or hours)}


UNKNOWN = Amount(None, None)


@dataclass(frozen=True)
class JobEstimate:
    """The two amounts of one job. `shares` are of one hour of one run.

    `expected_seconds` is of one run, from `earlier_runs` good runs; None: there are none. `unknown` says why an
    amount is unknown, in sentences.
    """

    job: PlannedJob
    expected_seconds: Decimal | None
    earlier_runs: int
    shares: tuple[Share, ...]
    expected: Amount
    at_most: Amount
    unknown: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.job.name,
            "runs": self.job.runs,
            "attempts": self.job.attempts,
            "limit_seconds": self.job.limit_seconds,
            "expected_seconds": text_of(self.expected_seconds),
            "earlier_runs": self.earlier_runs,
            "expected": self.expected.as_json(),
            "at_most": self.at_most.as_json(),
            "unknown": list(self.unknown),
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
class Estimate:
    """All jobs of a submission, in its order. `hour` is what all runs together cost in one hour."""

    jobs: tuple[JobEstimate, ...]
    expected: Amount
    at_most: Amount
    hour: Amount
    made_at: datetime

    @property
    def unlimited(self) -> list[str]:
        """The names of jobs without a time limit."""
        return [estimate.job.name for estimate in self.jobs if not estimate.job.limit_seconds]

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Why there is no price for some hour, each reason once."""
        return tuple(dict.fromkeys(reason for estimate in self.jobs for reason in estimate.unknown))

    def totals_as_json(self) -> dict[str, Any]:
        return {"expected": self.expected.as_json(), "at_most": self.at_most.as_json()}

    def as_json(self) -> dict[str, Any]:
        """As it is kept for whoever decides: the dearest jobs first, the others only counted."""
        dearest = sorted(
            self.jobs, key=lambda estimate: (estimate.at_most.usd is not None, -(estimate.at_most.usd or 0))
        )
        rest = dearest[JOBS_KEPT:]
        return {
            **self.totals_as_json(),
            "made_at": self.made_at.isoformat(),
            "jobs": [estimate.as_json() for estimate in dearest[:JOBS_KEPT]],
            "more": {"jobs": len(rest), "at_most": Amount.total(estimate.at_most for estimate in rest).as_json()},
        }


def estimate(plans: Iterable[PlannedJob], run_times: Mapping[int, Span], rates: Rates, now: datetime) -> Estimate:
    """Return both amounts for every job and for all together, at the rates of `now`.

    `run_times` has what is known of earlier good runs, by definition.
    """
    pricing = _Pricing(rates, now)
    jobs = tuple(_estimate_job(job, run_times.get(job.definition), pricing) for job in plans)
    return Estimate(
        jobs=jobs,
        expected=Amount.total(job_estimate.expected for job_estimate in jobs),
        at_most=Amount.total(job_estimate.at_most for job_estimate in jobs),
        hour=Amount.total(
            _times(pricing.amount(job_estimate.job, HOUR), job_estimate.job.runs) for job_estimate in jobs
        ),
        made_at=now,
    )


def kept(amount: Decimal | None) -> Decimal | None:
    """The figure as a job's row keeps it: never less than it is, except above every threshold."""
    return None if amount is None else min(amount.quantize(KEPT, ROUND_CEILING), LARGEST)


def text_of(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"


class _Pricing:
    """Prices of single runs. Each size and run time is priced once, however many jobs share it."""

    def __init__(self, rates: Rates, now: datetime) -> None:
        self._rates, self._now = rates, now.astimezone(UTC)
        self._lines: dict[tuple[Size, Decimal], Line] = {}

    def line(self, size: Size, seconds: Decimal) -> Line:
        """The receipt of one run of so many seconds, `LONGEST_PRICED` at most, by the rates of now."""
        if (size, seconds) not in self._lines:
            duration = timedelta(milliseconds=int(seconds * 1000))
            attempt = Attempt(self._now - duration, self._now, succeeded=True)
            [self._lines[size, seconds]] = receipt(size, [attempt], self._rates).lines
        return self._lines[size, seconds]

    def unknown(self, job: PlannedJob) -> tuple[str, ...]:
        """Why a run has no price, in sentences."""
        return (job.size_unknown,) if job.size_unknown else self.line(job.size, HOUR).reasons

    def amount(self, job: PlannedJob, seconds: Decimal) -> Amount:
        """What one run of so many seconds takes. Without vCPU and memory its size is unknown."""
        size = job.size
        if job.size_unknown or not size.vcpus or not size.memory_mib:
            return UNKNOWN
        priced_seconds = min(seconds, LONGEST_PRICED)
        line = self.line(size, priced_seconds)
        hours = size.vcpus * seconds / HOUR
        if line.reasons:
            return Amount(None, hours)
        return Amount(line.usd * seconds / priced_seconds if seconds > priced_seconds else line.usd, hours)


def _estimate_job(job: PlannedJob, stats: Span | None, pricing: _Pricing) -> JobEstimate:
    seconds, expected, at_most = None, UNKNOWN, UNKNOWN
    if stats:
        seconds = Decimal(str(stats.half)).quantize(MILLISECOND)
        seconds = min(seconds, Decimal(job.limit_seconds)) if job.limit_seconds else seconds
        expected = _times(pricing.amount(job, seconds), job.runs)
    if job.limit_seconds:
        at_most = _times(pricing.amount(job, Decimal(job.limit_seconds)), job.attempts * job.runs)
    return JobEstimate(
        job=job,
        expected_seconds=seconds,
        earlier_runs=stats.count if stats else 0,
        shares=pricing.line(job.size, HOUR).shares,
        expected=expected,
        at_most=at_most,
        unknown=pricing.unknown(job),
    )


def _times(amount: Amount, count: int) -> Amount:
    usd, hours = amount.usd, amount.vcpu_hours
    return Amount(None if usd is None else usd * count, None if hours is None else hours * count)


def _sum(parts: list[Decimal | None]) -> Decimal | None:
    known_parts = [part for part in parts if part is not None]
    return sum(known_parts, Decimal(0)) if len(known_parts) == len(parts) else None
