"""A stacked bar chart as plain geometry."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from jobs.reports.costs import Bar, CostSeries
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
class ChartBar:
    """`label` stands below it; `url` leads to the jobs of its days."""

    label: str
    x: str
    middle: str
    description: str
    segments: list[BarSegment]
    url: str = ""


@dataclass(frozen=True)
class BarChart:
    """`ticks` run from the top down."""

    bars: list[ChartBar]
    ticks: list[str]
    legend: Sequence[CostSeries]
    width: int
    height: int
    unit: str
    summary: str


def bar_chart(bars: Sequence[Bar], series: Sequence[CostSeries], urls: Sequence[str]) -> BarChart:
    """Put the first series next to the axis."""
    totals = [sum((item.days[index] for item in series), Decimal(0)) for index in range(len(bars))]
    highest = max(Decimal(0), *totals)
    top = _axis_maximum(highest)
    most_expensive = bars[totals.index(highest)]
    return BarChart(
        bars=[
            _chart_bar(bar, index, series, top, url) for index, (bar, url) in enumerate(zip(bars, urls, strict=True))
        ],
        ticks=[_tick_label(top * part / TICK_COUNT) for part in range(TICK_COUNT, -1, -1)] if highest else [],
        legend=series,
        width=BAR_STEP * len(bars),
        height=CHART_HEIGHT,
        unit=_unit(bars),
        summary=f"The most expensive {_unit(bars)} is {_bar_name(most_expensive)} with {usd_text(highest)}."
        if highest
        else "No costs.",
    )


def _chart_bar(bar: Bar, index: int, series: Sequence[CostSeries], top: Decimal, url: str) -> ChartBar:
    segments: list[BarSegment] = []
    floor = total = Decimal(0)
    parts: list[str] = []
    for item in series:
        usd = item.days[index]
        total += usd
        if usd <= 0:  # corrections can be larger than the costs of a day
            continue
        height = usd / top * CHART_HEIGHT
        floor += height
        segments.append(BarSegment(item.colour, f"{CHART_HEIGHT - floor:.3f}", f"{height:.3f}"))
        parts.append(f"{item.label} {usd_text(usd)}")
    description = f"{_bar_name(bar)}: {usd_text(total)}" + (f" ({', '.join(parts)})" if parts else "")
    x = str(index * BAR_STEP + (BAR_STEP - BAR_WIDTH) / 2)
    return ChartBar(_bar_label(bar), x, str(index * BAR_STEP), description, segments, url if segments else "")


def _unit(bars: Sequence[Bar]) -> str:
    longest = max((bar.last - bar.first).days for bar in bars)
    return "day" if not longest else ("week" if longest < 7 else "month")


def _bar_name(bar: Bar) -> str:
    return f"{bar.first:%B %-d}" if bar.first == bar.last else f"{bar.first:%B %-d} – {bar.last:%B %-d}"


def _bar_label(bar: Bar) -> str:
    days = (bar.last - bar.first).days
    if not days:
        return str(bar.first.day)
    return f"{bar.first:%b %-d}" if days < 7 else f"{bar.first:%b}"


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
