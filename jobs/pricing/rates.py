"""The dated tables of rates and of instance prices as plain values."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from jobs.models import InstancePrice, Rate


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


@dataclass(frozen=True)
class InstanceRate:
    """Price of an hour of an instance, from a day on, with its size."""

    name: str
    vcpus: int
    memory_mib: int
    gpus: int
    region: str
    purchase_option: str
    usd_per_hour: Decimal
    valid_from: date
    source: str = ""
    gpu_model: str = ""

    def matches(self, pattern: str) -> bool:
        """Return whether a compute environment that names a type or a family means it."""
        return self.name == pattern or self.name.startswith(f"{pattern}.")


InstanceLoader = Callable[[str, Sequence[str]], Iterable[InstanceRate]]
"""Returns the prices in a region of the types and families of these names."""


def _no_instances(_region: str, _patterns: Sequence[str]) -> Iterable[InstanceRate]:
    return ()


class Rates:
    """`load_instances` is called once for each region and type or family that is needed."""

    def __init__(self, prices: Iterable[Price], load_instances: InstanceLoader = _no_instances) -> None:
        self._newest_first: dict[tuple[str, str, str, str], list[Price]] = defaultdict(list)
        for price in sorted(prices, key=lambda price: price.valid_from, reverse=True):
            self._newest_first[price.platform, price.architecture, price.region, price.resource].append(price)
        self._load_instances = load_instances
        self._instances: dict[tuple[str, str], list[InstanceRate]] = {}

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

    def find_instances(
        self, patterns: Sequence[str], region: str, purchase_option: str, day: date
    ) -> list[InstanceRate]:
        """Return the newest price up to that day of each type, by name."""
        missing = [pattern for pattern in dict.fromkeys(patterns) if (region, pattern) not in self._instances]
        if missing:
            rates = list(self._load_instances(region, missing))
            for pattern in missing:
                self._instances[region, pattern] = [
                    rate for rate in rates if rate.region == region and rate.matches(pattern)
                ]
        newest: dict[str, InstanceRate] = {}
        for pattern in patterns:
            for rate in self._instances[region, pattern]:
                earlier = newest.get(rate.name)
                is_newer = earlier is None or rate.valid_from > earlier.valid_from
                if rate.purchase_option == purchase_option and rate.valid_from <= day and is_newer:
                    newest[rate.name] = rate
        return [rate for _, rate in sorted(newest.items())]

    def find_instance(self, name: str, region: str, purchase_option: str, day: date) -> InstanceRate | None:
        return next(iter(self.find_instances([name], region, purchase_option, day)), None)


def read_rates() -> Rates:
    """Read the rates now, and the prices of instances when they are needed."""
    rows = Rate.objects.order_by().values_list(
        "platform", "architecture", "region", "resource", "usd_per_hour", "valid_from", "source"
    )
    return Rates((Price(*row) for row in rows), _read_instances)


def _read_instances(region: str, patterns: Sequence[str]) -> Iterable[InstanceRate]:
    types = Q(instance_type__name__in=patterns)
    for pattern in patterns:
        if "." not in pattern:
            types |= Q(instance_type__name__startswith=f"{pattern}.")
    rows = (
        InstancePrice.objects.filter(types, region=region)
        .order_by()
        .values_list(
            "instance_type__name",
            "instance_type__vcpus",
            "instance_type__memory_mib",
            "instance_type__gpus",
            "region",
            "purchase_option",
            "usd_per_hour",
            "valid_from",
            "source",
            "instance_type__gpu_model",
        )
    )
    return [InstanceRate(*row) for row in rows]
