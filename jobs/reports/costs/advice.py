"""Hints where a team could spend less, each with its evidence, from totals and a bounded number of rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import caches
from django.db.models import OuterRef, Subquery
from django.db.models.fields.json import KT
from django.utils.timezone import now

from jobs.causes import CAUSES, Cause
from jobs.models import CostLine, JobFailure, Platform, PurchaseOption, Registration, Revision, Team
from jobs.pricing import exact_sum, rates
from jobs.pricing.rates import InstanceRate, Price, Rates
from jobs.reports.costs.grouping import Grouping
from jobs.reports.costs.sums import CostReader
from jobs.reports.periods import Period
from jobs.spec.time_limit import TIMEOUT_PATH

MAX_FAILURES, MAX_LINES, MAX_DEFINITIONS = 1_000, 500, 20
"""The newest failures and attempts, and the most expensive definitions, that are looked at."""
MAX_ROWS = 3
MIN_USD = Decimal(1)
"""Less is no hint."""
MAX_SPOT_SECONDS = Decimal(3600)
"""Of an attempt that loses little if Spot interrupts it."""
CACHE_SECONDS = 600


@dataclass(frozen=True)
class FailureCost:
    """What jobs cost that failed for one cause."""

    cause: str
    label: str
    jobs: int
    usd: Decimal


@dataclass(frozen=True)
class SpotSaving:
    """Short attempts on demand of jobs that retry, and what they would have cost at today's Spot prices."""

    queue: str
    attempts: int
    usd: Decimal
    spot_usd: Decimal

    @property
    def saving(self) -> Decimal:
        return self.usd - self.spot_usd


@dataclass(frozen=True)
class CostAdvice:
    failures: list[FailureCost]
    spot: list[SpotSaving]
    unlimited: list[tuple[str, Decimal]]
    """Definitions without a time limit in their newest revision, with their costs."""

    def __bool__(self) -> bool:
        return bool(self.failures or self.spot or self.unlimited)


def cost_advice(team: Team, period: Period, reader: CostReader) -> CostAdvice:
    """Return it as of the last `CACHE_SECONDS`. `reader` is of the team."""
    key = f"cost-advice:{team.pk}:{period.first}:{period.last}"
    advice: CostAdvice | None = caches["memory"].get(key)
    if advice is None:
        advice = CostAdvice(
            _failure_costs(team, period), _spot_savings(team, period), _unlimited_definitions(team, period, reader)
        )
        caches["memory"].set(key, advice, CACHE_SECONDS)
    return advice


def _failure_costs(team: Team, period: Period) -> list[FailureCost]:
    zone = ZoneInfo(team.time_zone)
    start = datetime.combine(period.first, time.min, zone)
    end = datetime.combine(period.last + timedelta(days=1), time.min, zone)
    failures = JobFailure.objects.filter(
        team=team, ended_at__gte=start, ended_at__lt=end, first_index=None, job__array_size=None
    )
    units: Counter[str] = Counter()
    jobs: Counter[str] = Counter()
    newest = failures.exclude(cause="").order_by("-ended_at")[:MAX_FAILURES]
    for cause, amount in newest.values_list("cause", "job__usd_units"):
        units[cause] += amount or 0
        jobs[cause] += 1
    costs = [
        FailureCost(cause, CAUSES[Cause(cause)].label, jobs[cause], exact_sum.usd(amount))
        for cause, amount in units.most_common(MAX_ROWS)
        if cause in CAUSES
    ]
    return [cost for cost in costs if cost.usd >= MIN_USD]


def _spot_savings(team: Team, period: Period) -> list[SpotSaving]:
    lines = CostLine.objects.filter(
        team=team, day__range=(period.first, period.last), correction=None, job__array_size=None
    )
    newest = lines.order_by("-day")[:MAX_LINES].values_list(
        "queue__name",
        "billed_seconds",
        "receipt",
        "job__document__retryStrategy__attempts",
        "job__revision__document__retryStrategy__attempts",
    )
    table = rates.read_rates()
    sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0), Decimal(0)])
    for queue, seconds, receipt, own_attempts, attempts in newest:
        if seconds > MAX_SPOT_SECONDS or not _is_several(own_attempts or attempts):
            continue
        spot_usd = _spot_usd(receipt, table)
        if spot_usd is not None:
            usd = sum((Decimal(share["usd"]) for share in receipt["shares"]), Decimal(0))
            sums[queue] = [a + b for a, b in zip(sums[queue], (Decimal(1), usd, spot_usd), strict=True)]
    savings = [SpotSaving(queue, int(count), usd, spot_usd) for queue, (count, usd, spot_usd) in sums.items()]
    savings.sort(key=lambda saving: -saving.saving)
    return [saving for saving in savings[:MAX_ROWS] if saving.saving >= MIN_USD]


def _is_several(attempts: object) -> bool:
    return isinstance(attempts, int) and attempts > 1


def _spot_usd(receipt: Mapping[str, Any], table: Rates) -> Decimal | None:
    """Return what an on-demand attempt would have cost; None if a price isn't known."""
    day = now().date()
    parts = []
    rate: InstanceRate | Price | None
    for share in receipt.get("shares", ()):
        if share.get("purchase_option", PurchaseOption.ON_DEMAND) != PurchaseOption.ON_DEMAND:
            return None
        if name := share.get("instance_type"):
            rate = table.find_instance(name, receipt["region"], PurchaseOption.SPOT, day)
        elif receipt.get("platform") == Platform.FARGATE:
            resource = share["resource"], day
            rate = table.find_price(Platform.FARGATE_SPOT, receipt["architecture"], receipt["region"], *resource)
        else:
            return None
        if rate is None or not Decimal(share["usd_per_hour"]):
            return None
        parts.append(Decimal(share["usd"]) * rate.usd_per_hour / Decimal(share["usd_per_hour"]))
    return sum(parts, Decimal(0)) if parts else None


def _unlimited_definitions(team: Team, period: Period, reader: CostReader) -> list[tuple[str, Decimal]]:
    if team.default_time_limit_seconds:
        return []
    sums = reader.by_value(period, Grouping("definition"))
    top = sorted(sums, key=lambda value: -sums[value].units)[:MAX_DEFINITIONS]
    costs = {int(value): exact_sum.usd(sums[value].units) for value in top}
    unlimited = _without_time_limit(key for key, usd in costs.items() if usd >= MIN_USD)
    return [(unlimited[key], usd) for key, usd in costs.items() if key in unlimited][:MAX_ROWS]


def _without_time_limit(definitions: Iterable[int]) -> dict[int, str]:
    """Return names by key of those whose newest revision has none."""
    newest = Revision.objects.filter(definition=OuterRef("definition"), registration=Registration.REGISTERED)
    revisions = Revision.objects.filter(
        definition__in=list(definitions), pk=Subquery(newest.order_by("-number").values("pk")[:1])
    )
    limit = KT("__".join(("document", *TIMEOUT_PATH)))
    rows = revisions.values_list("definition", "definition__name", limit)
    return {key: name for key, name, seconds in rows if not seconds}
