"""Cost so far of a job that is running."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from jobs.models import Job
from jobs.pricing.metering import finished_attempts
from jobs.pricing.rates import Rates
from jobs.pricing.receipt import BilledAttempt, PricedSize, build_receipt
from jobs.states import State


@dataclass(frozen=True)
class RunningCost:
    """Dollars until `at`; they rise by `usd_per_hour`."""

    usd: Decimal
    usd_per_hour: Decimal
    at: datetime


def running_cost(job: Job, rates: Rates, at: datetime) -> RunningCost | None:
    """Return None unless it is running, and for an array, a size or a rate that is unknown."""
    if job.array_size is not None or job.state != State.RUNNING or job.started_at is None:
        return None
    size = PricedSize.of(job, job.account.region)
    hour = build_receipt(size, [BilledAttempt(at - timedelta(hours=1), at, succeeded=False)], rates)
    if any(line.reasons for line in hour.lines):
        return None
    earlier = [attempt for attempt in finished_attempts(job) if attempt.stopped_at]
    current = BilledAttempt(min(job.started_at, at), at, succeeded=False, number=len(earlier) + 1)
    return RunningCost(build_receipt(size, [*earlier, current], rates).usd, hour.usd, at)
