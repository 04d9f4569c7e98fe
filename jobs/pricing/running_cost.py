"""Cost so far of a job that is running."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from jobs.aws.batch import current_instance
from jobs.models import Job
from jobs.pricing.job_size import known_instances, priced_size, with_instances
from jobs.pricing.metering import finished_attempts
from jobs.pricing.rates import Rates
from jobs.pricing.receipt import BilledAttempt, build_receipt
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
    size = priced_size(job)
    earlier = [attempt for attempt in finished_attempts(job) if attempt.stopped_at]
    current = BilledAttempt(
        min(job.started_at, at),
        at,
        succeeded=False,
        number=len(earlier) + 1,
        container_instance=current_instance(job.raw),
    )
    instances = known_instances(job.account_id, [*earlier, current])
    hour = with_instances([replace(current, started_at=at - timedelta(hours=1), number=1)], instances)
    receipt = build_receipt(size, hour, rates)
    if any(line.reasons for line in receipt.lines):
        return None
    attempts = with_instances([*earlier, current], instances)
    return RunningCost(build_receipt(size, attempts, rates).usd, receipt.usd, at)
