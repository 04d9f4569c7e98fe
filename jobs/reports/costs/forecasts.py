"""Forecast of the costs of teams at the end of a period."""

from datetime import datetime, timedelta

from jobs.pricing.forecast import BASIS_DAYS, Forecast, forecast
from jobs.reports.costs.sums import CostReader, days_of
from jobs.reports.periods import Period


def period_forecast(reader: CostReader, period: Period, spent_units: int, local_time: datetime) -> Forecast | None:
    """Return None for a period that is over or has not begun, and where too few days have passed."""
    today = local_time.date()
    if not period.covers(today):
        return None
    basis = Period.of_days(today - timedelta(days=BASIS_DAYS), today - timedelta(days=1))
    return forecast(reader.by_start(days_of(basis)), spent_units, local_time, period.last)
