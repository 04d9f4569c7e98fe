"""The dated table of rates as plain values."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from jobs.models import Rate


@dataclass(frozen=True)
class Price:
    """For an hour of one unit, from a day on. An empty region stands for every other."""

    platform: str
    architecture: str
    region: str
    resource: str
    usd_per_hour: Decimal
    valid_from: date
    source: str = ""


class Rates:
    def __init__(self, prices: Iterable[Price]) -> None:
        self._newest_first: dict[tuple[str, str, str, str], list[Price]] = defaultdict(list)
        for price in sorted(prices, key=lambda price: price.valid_from, reverse=True):
            self._newest_first[price.platform, price.architecture, price.region, price.resource].append(price)

    def find_price(self, platform: str, architecture: str, region: str, resource: str, day: date) -> Price | None:
        """Return the newest price up to that day, the region's own first."""
        for price_region in dict.fromkeys((region, "")):
            for price in self._newest_first.get((platform, architecture, price_region, resource), ()):
                if price.valid_from <= day:
                    return price
        return None

    def prices_on(self, day: date) -> list[Price]:
        newest = (
            next((price for price in prices if price.valid_from <= day), None)
            for _, prices in sorted(self._newest_first.items())
        )
        return [price for price in newest if price is not None]


def read_rates() -> Rates:
    rows = Rate.objects.order_by().values_list(
        "platform", "architecture", "region", "resource", "usd_per_hour", "valid_from", "source"
    )
    return Rates(Price(*row) for row in rows)
