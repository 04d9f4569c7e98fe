"""A stacked bar chart as plain geometry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from jobs.reports.costs import CostSeries
from jobs.templatetags.money import usd_text

BAR_STEP = 10
BAR_WIDTH = 7
CHART_HEIGHT = 100
TICK_COUNT = 4
_ROUND_NUMBERS = tuple(map(Decimal, ("1", "2", "2.5", "4", "5", "10")))


@dataclass(frozen=True)
class BarSegment:
    colour: str
    y: str
    height: str


@dataclass(frozen=True)
class ChartDay:
    day: date
    x: str
    middle: str
    description: str
    segments: list[BarSegment]


@dataclass(frozen=True)
class BarChart:
    """`ticks` run from the top down."""

    days: list[ChartDay]
    ticks: list[str]
    legend: Sequence[CostSeries]
    width: int
    height: int
    summary: str


def bar_chart(days: Sequence[date], series: Sequence[CostSeries]) -> BarChart:
    """Put the first series next to the axis."""
    totals = [sum((item.days[index] for item in series), Decimal(0)) for index in range(len(days))]
    highest = max(totals, default=Decimal(0))
    top = _axis_maximum(highest)
    return BarChart(
        days=[_chart_day(day, index, series, totals[index], top) for index, day in enumerate(days)],
        ticks=[_tick_label(top * part / TICK_COUNT) for part in range(TICK_COUNT, -1, -1)] if highest else [],
        legend=series,
        width=BAR_STEP * len(days),
        height=CHART_HEIGHT,
        summary=f"The most expensive day is {days[totals.index(highest)]:%B %-d} with {usd_text(highest)}."
        if highest
        else "No costs.",
    )


def _chart_day(day: date, index: int, series: Sequence[CostSeries], total: Decimal, top: Decimal) -> ChartDay:
    segments: list[BarSegment] = []
    floor = Decimal(0)
    parts: list[str] = []
    for item in series:
        usd = item.days[index]
        if not usd:
            continue
        height = usd / top * CHART_HEIGHT
        floor += height
        segments.append(BarSegment(item.colour, f"{CHART_HEIGHT - floor:.3f}", f"{height:.3f}"))
        parts.append(f"{item.label} {usd_text(usd)}")
    description = f"{day:%B %-d}: {usd_text(total)}" + (f" ({', '.join(parts)})" if parts else "")
    return ChartDay(
        day, str(index * BAR_STEP + (BAR_STEP - BAR_WIDTH) / 2), str(index * BAR_STEP), description, segments
    )


def _axis_maximum(highest: Decimal) -> Decimal:
    if not highest:
        return Decimal(1)
    unit = Decimal(10) ** highest.adjusted()
    return next(factor * unit for factor in _ROUND_NUMBERS if factor * unit >= highest)


def _tick_label(usd: Decimal) -> str:
    plain = usd.normalize()
    return f"${plain:,f}" if plain == plain.to_integral_value() else f"${plain:,.{_decimal_places(plain)}f}"


def _decimal_places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(2, -exponent) if isinstance(exponent, int) else 2
