"""Cost so far of jobs that are running, by what costs are grouped by."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.core.cache import caches
from django.utils.timezone import now

from jobs.models import Job, JobTag
from jobs.pricing import exact_sum, rates
from jobs.pricing.running_cost import running_costs as price_running_jobs
from jobs.reports.costs.grouping import TAG, Grouping
from jobs.states import State

MAX_JOBS = 500
CACHE_SECONDS = 30


@dataclass(frozen=True)
class RunningJob:
    """`values` are those of attributes, as the totals have them."""

    units: int
    values: dict[str, str]
    tags: dict[str, str]

    def value(self, grouping: Grouping) -> str | None:
        return self.tags.get(grouping.key) if grouping.kind == TAG else self.values.get(grouping.kind)


@dataclass(frozen=True)
class RunningCosts:
    """`unpriced` jobs run without a cost so far: arrays, those without a rate, and those above the limit."""

    jobs: tuple[RunningJob, ...] = ()
    unpriced: int = 0

    @property
    def units(self) -> int:
        return sum(job.units for job in self.jobs)

    def by_value(self, grouping: Grouping) -> dict[str | None, int]:
        units: defaultdict[str | None, int] = defaultdict(int)
        for job in self.jobs:
            units[job.value(grouping)] += job.units
        return units

    def by_pair(self, rows: Grouping, columns: Grouping) -> dict[tuple[str | None, str | None], int]:
        units: defaultdict[tuple[str | None, str | None], int] = defaultdict(int)
        for job in self.jobs:
            units[job.value(rows), job.value(columns)] += job.units
        return units


def running_costs(teams: Sequence[int]) -> RunningCosts:
    """Return them as of the last `CACHE_SECONDS`."""
    # A digest: a cache warns of keys above 250 characters, which fifty teams reach.
    key = f"running-costs:{sha256(json.dumps(sorted(teams)).encode()).hexdigest()}"
    costs: RunningCosts | None = caches["memory"].get(key)
    if costs is None:
        costs = _read(teams)
        caches["memory"].set(key, costs, CACHE_SECONDS)
    return costs


def _read(teams: Sequence[int]) -> RunningCosts:
    running = Job.objects.filter(team__in=teams, state=State.RUNNING).active()
    jobs = list(
        running.select_related("account", "queue", "revision")
        .defer("document", "revision__document")
        .order_by("-pk")[: MAX_JOBS + 1]
    )
    if not jobs:
        return RunningCosts()
    excess = running.count() - MAX_JOBS if len(jobs) > MAX_JOBS else 0
    jobs = jobs[:MAX_JOBS]
    costs = list(zip(jobs, price_running_jobs(jobs, rates.read_rates(), now()), strict=True))
    tags: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for pk, name, value in JobTag.objects.filter(job__in=[job.pk for job, cost in costs if cost]).values_list(
        "job", "key", "value"
    ):
        tags[pk][name] = value
    priced = tuple(
        RunningJob(exact_sum.units(cost.usd), _values(job), tags[job.pk]) for job, cost in costs if cost is not None
    )
    return RunningCosts(priced, len(costs) - len(priced) + excess)


def _values(job: Job) -> dict[str, str]:
    return {
        "account": str(job.account_id),
        "queue": str(job.queue_id),
        "definition": str(job.definition_id),
        "person": str(job.person_id),
        "team": str(job.team_id),
        "state": job.state,
    }
