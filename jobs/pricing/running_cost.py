"""Cost so far of jobs that are running."""

from collections.abc import Iterable, Sequence
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


@dataclass(frozen=True)
class CostMeter:
    """Cost so far of several jobs: charged, and of those that run."""

    usd: Decimal
    usd_per_hour: Decimal
    unpriced: int
    """Jobs that run without a known cost so far: arrays, and those without a size or a rate."""


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


def array_usd_per_hour(job: Job, rates: Rates, at: datetime) -> Decimal | None:
    """Return what the children that run cost in an hour; None if none runs, or a size or a rate is unknown."""
    count = running_children(job)
    hour = _hour(job, BilledAttempt(at, at, succeeded=False), rates, at) if count else None
    return None if hour is None else hour * count


def running_children(job: Job) -> int:
    number = job.array_summary.get(State.RUNNING) if job.array_size is not None else None
    return number if isinstance(number, int) else 0


def cost_meter(jobs: Iterable[Job], charged: Decimal, rates: Rates, at: datetime) -> CostMeter:
    """Add to what is charged the cost so far of the jobs that run."""
    running = [job for job in jobs if job.state == State.RUNNING or running_children(job)]
    costs = [cost for cost in running_costs(running, rates, at) if cost]
    hours = [array_usd_per_hour(job, rates, at) for job in running if job.array_size is not None]
    return CostMeter(
        usd=sum((cost.usd for cost in costs), charged),
        usd_per_hour=sum((cost.usd_per_hour for cost in costs), sum((usd for usd in hours if usd), Decimal(0))),
        unpriced=len(running) - len(costs),
    )


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
    hour = _hour(job, attempts[-1], rates, at)
    return None if hour is None else RunningCost(build_receipt(priced_size(job), attempts, rates).usd, hour, at)


def _hour(job: Job, attempt: BilledAttempt, rates: Rates, at: datetime) -> Decimal | None:
    hour = replace(attempt, started_at=at - timedelta(hours=1), stopped_at=at, number=1)
    receipt = build_receipt(priced_size(job), [hour], rates)
    return None if any(line.reasons for line in receipt.lines) else receipt.usd
