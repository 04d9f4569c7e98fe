"""Forecast of costs at the end of a period, from those of the last weeks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from jobs.pricing import exact_sum

BASIS_DAYS = 56
MIN_BASIS_DAYS = 7
"""With fewer days since the first cost there is no forecast."""
HOURS_PER_DAY = 24
Z_SCORE = Decimal("1.2816")
"""Of a normal distribution: four of five values lie within so many standard deviations."""


@dataclass(frozen=True)
class Forecast:
    """Dollars at the end of the period: it is between `low` and `high` in four of five cases."""

    low: Decimal
    usd: Decimal
    high: Decimal


def forecast(daily_units: Mapping[date, int], spent_units: int, local_time: datetime, last: date) -> Forecast | None:
    """Add to what is spent an average working day or weekend day for each day until `last`, for today its rest.

    `daily_units` are those of the last days before today, without days that cost nothing.
    """
    today = local_time.date()
    # Whole hours, so that a page which is shown again doesn't differ by a fraction of a cent.
    rest = {today: Decimal(HOURS_PER_DAY - local_time.hour) / HOURS_PER_DAY}
    rest |= {today + timedelta(days=number): Decimal(1) for number in range(1, (last - today).days + 1)}
    begin = max(today - timedelta(days=BASIS_DAYS), min(daily_units, default=today))
    basis = [begin + timedelta(days=number) for number in range((today - begin).days)]
    if last < today or len(basis) < MIN_BASIS_DAYS:
        return None
    means = {
        kind: _mean([daily_units.get(day, 0) for day in basis if _is_weekend(day) == kind]) for kind in (True, False)
    }
    squares = [(daily_units.get(day, 0) - means[_is_weekend(day)]) ** 2 for day in basis]
    deviation = (sum(squares, Decimal(0)) / max(1, len(basis) - 1)).sqrt()
    middle = spent_units + sum((means[_is_weekend(day)] * part for day, part in rest.items()), Decimal(0))
    margin = Z_SCORE * deviation * sum(rest.values(), Decimal(0)).sqrt()
    low, high = max(Decimal(spent_units), middle - margin), middle + margin
    return Forecast(*(exact_sum.usd(round(units)) for units in (low, middle, high)))


def _mean(amounts: list[int]) -> Decimal:
    return Decimal(sum(amounts)) / len(amounts) if amounts else Decimal(0)


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5
