"""Cost so far of a job that is running."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain

from jobs.aws.batch import current_instance
from jobs.models import ContainerInstance, Job
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
    return running_costs([job], rates, at)[0]


def running_costs(jobs: Sequence[Job], rates: Rates, at: datetime) -> list[RunningCost | None]:
    """Return the cost of each job, as `running_cost` does, with at most one query for each account."""
    attempts = [_attempts(job, at) for job in jobs]
    instances: dict[str, ContainerInstance] = {}
    for account in {job.account_id for job in jobs}:
        rows = (row for job, row in zip(jobs, attempts, strict=True) if job.account_id == account)
        instances |= known_instances(account, chain.from_iterable(rows))
    return [
        _cost(job, with_instances(row, instances), rates, at) if row else None
        for job, row in zip(jobs, attempts, strict=True)
    ]


def _attempts(job: Job, at: datetime) -> list[BilledAttempt]:
    """Return the attempts until now, the running one last; none unless the job has a known cost."""
    if job.array_size is not None or job.state != State.RUNNING or job.started_at is None:
        return []
    earlier = [attempt for attempt in finished_attempts(job) if attempt.stopped_at]
    current = BilledAttempt(
        min(job.started_at, at),
        at,
        succeeded=False,
        number=len(earlier) + 1,
        container_instance=current_instance(job.raw),
    )
    return [*earlier, current]


def _cost(job: Job, attempts: Sequence[BilledAttempt], rates: Rates, at: datetime) -> RunningCost | None:
    size = priced_size(job)
    hour = build_receipt(size, [replace(attempts[-1], started_at=at - timedelta(hours=1), number=1)], rates)
    if any(line.reasons for line in hour.lines):
        return None
    return RunningCost(build_receipt(size, attempts, rates).usd, hour.usd, at)
