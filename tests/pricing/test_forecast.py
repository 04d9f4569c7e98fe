from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.pricing.cents import CENT, round_parts
from jobs.pricing.forecast import Forecast, forecast
from tests.examples import examples

MONDAY = date(2026, 11, 2)
MIDNIGHT = datetime(2026, 11, 2, tzinfo=UTC)
USD = 10**10


def days(*amounts: int) -> dict[date, int]:
    """Amounts of the days before the Monday, in units."""
    return {MONDAY - timedelta(days=len(amounts) - number): usd * USD for number, usd in enumerate(amounts) if usd}


def test_steady_days_go_on_and_have_no_band() -> None:
    result = forecast(days(*[7, 7, 7, 7, 7, 1, 1] * 2), 3 * USD, MIDNIGHT, MONDAY + timedelta(days=7))

    assert result == Forecast(*[Decimal(3 + 7 * 5 + 1 * 2 + 7)] * 3)


def test_uneven_days_make_a_band_that_does_not_end_below_what_is_spent() -> None:
    result = forecast(days(*[0, 90, 0, 0, 0, 0, 1] * 2), 50 * USD, MIDNIGHT, MONDAY + timedelta(days=2))

    assert result is not None
    assert result.low == 50
    assert result.usd == 50 + 3 * 20
    assert result.high > 100


@pytest.mark.parametrize(("hour", "rest"), [(0, 24), (18, 6), (23, 1)])
def test_today_adds_the_hours_that_are_left_also_on_the_last_day(hour: int, rest: int) -> None:
    now = MIDNIGHT.replace(hour=hour, minute=59)
    daily = days(*[24, 24, 24, 24, 24, 1, 1])

    assert forecast(daily, 3 * USD, now, MONDAY) == Forecast(*[Decimal(3 + rest)] * 3)
    assert forecast(daily, 3 * USD, now, MONDAY + timedelta(days=1)) == Forecast(*[Decimal(3 + rest + 24)] * 3)


@pytest.mark.parametrize(
    ("daily", "last"),
    [(days(5, 5, 5), MONDAY), ({}, MONDAY + timedelta(days=3)), (days(*[5] * 20), MONDAY - timedelta(days=1))],
)
def test_without_a_week_of_costs_or_after_the_period_there_is_no_forecast(daily: dict[date, int], last: date) -> None:
    assert forecast(daily, 0, MIDNIGHT, last) is None


@examples(30, 2_000)
@given(st.lists(st.decimals(min_value=-100, max_value=10**6, places=10), max_size=30))
def test_cents_of_parts_add_up_and_are_next_to_their_amounts(parts: list[Decimal]) -> None:
    cents = round_parts(parts)

    assert sum(cents) == sum(parts, Decimal(0)).quantize(CENT, "ROUND_HALF_UP")
    assert all(abs(cent - part) < CENT for cent, part in zip(cents, parts, strict=True))
