"""Numbers of instance types whose price is known, by region."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.core.cache import caches
from django.db.models import Count, Max

from jobs.models import Account, InstancePrice, PurchaseOption, Team

CACHE_SECONDS = 600


@dataclass(frozen=True)
class RegionPrices:
    """Numbers of instance types with a price; `newest` is None without any."""

    region: str
    on_demand: int = 0
    spot: int = 0
    newest: date | None = None


@dataclass(frozen=True)
class PriceCoverage:
    regions: list[RegionPrices]
    """Those of the teams' accounts."""
    other_regions: list[RegionPrices]


def price_coverage(teams: Sequence[Team]) -> PriceCoverage:
    """Return it as of the last `CACHE_SECONDS`."""
    prices: dict[str, RegionPrices] | None = caches["memory"].get("price-coverage")
    if prices is None:
        prices = _read()
        caches["memory"].set("price-coverage", prices, CACHE_SECONDS)
    accounts = Account.objects.active().filter(queues__grants__team__in=teams).order_by("region")
    own = list(accounts.values_list("region", flat=True).distinct())
    return PriceCoverage(
        [prices.get(region, RegionPrices(region)) for region in own],
        [row for region, row in sorted(prices.items()) if region not in own],
    )


def _read() -> dict[str, RegionPrices]:
    rows = InstancePrice.objects.order_by().values_list("region", "purchase_option")
    numbers: dict[str, dict[str, int]] = {}
    newest: dict[str, date] = {}
    for region, option, count, day in rows.annotate(Count("instance_type", distinct=True), Max("valid_from")):
        numbers.setdefault(region, {})[option] = count
        newest[region] = max(day, newest.get(region, day))
    return {
        region: RegionPrices(
            region, counts.get(PurchaseOption.ON_DEMAND, 0), counts.get(PurchaseOption.SPOT, 0), newest[region]
        )
        for region, counts in numbers.items()
    }
