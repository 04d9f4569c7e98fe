"""Forecast of the costs of teams at the end of a period."""

from datetime import date, timedelta

from jobs.pricing.forecast import BASIS_DAYS, Forecast, forecast
from jobs.reports.costs.sums import CostReader, days_of
from jobs.reports.periods import Period


def period_forecast(reader: CostReader, period: Period, spent_units: int, today: date) -> Forecast | None:
    """Return None for a period that is over or has not begun, and where too few days have passed."""
    if not period.covers(today) or today == period.last:
        return None
    basis = Period.of_days(today - timedelta(days=BASIS_DAYS), today - timedelta(days=1))
    return forecast(reader.by_start(days_of(basis)), spent_units, today, period.last)
