"""A stacked bar chart as plain geometry; the template draws it as SVG, the style sheet colours it.

The drawing is stretched to its container and so holds no text: axes and legend are HTML beside it, readable on small
screens and in print.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from jobs.reports.costs import CostSeries
from jobs.templatetags.money import rounded

STEP = 10
WIDTH = 7
HEIGHT = 100
TICKS = 4
_NICE = tuple(map(Decimal, ("1", "2", "2.5", "4", "5", "10")))


@dataclass(frozen=True)
class Block:
    """One segment of a day's bar."""

    colour: str
    y: str
    height: str


@dataclass(frozen=True)
class Day:
    """One day: the position of its bar, the segments, and a description in words."""

    day: date
    x: str
    middle: str
    words: str
    blocks: list[Block]


@dataclass(frozen=True)
class Chart:
    """A drawing `width` units wide and `height` high; `ticks` are the axis labels from the top down."""

    days: list[Day]
    ticks: list[str]
    legend: Sequence[CostSeries]
    width: int
    height: int
    summary: str


def chart(days: Sequence[date], series: Sequence[CostSeries]) -> Chart:
    """Build the chart of these days; the first series is next to the axis."""
    totals = [sum((item.days[index] for item in series), Decimal(0)) for index in range(len(days))]
    highest = max(totals, default=Decimal(0))
    top = _nice(highest)
    return Chart(
        days=[_day(day, index, series, totals[index], top) for index, day in enumerate(days)],
        ticks=[_tick(top * part / TICKS) for part in range(TICKS, -1, -1)] if highest else [],
        legend=series,
        width=STEP * len(days),
        height=HEIGHT,
        summary=f"The dearest day is {days[totals.index(highest)]:%-d %B} with {rounded(highest)}."
        if highest
        else "Nothing was charged.",
    )


def _day(day: date, index: int, series: Sequence[CostSeries], total: Decimal, top: Decimal) -> Day:
    blocks: list[Block] = []
    floor = Decimal(0)
    parts: list[str] = []
    for item in series:
        usd = item.days[index]
        if not usd:
            continue
        height = usd / top * HEIGHT
        floor += height
        blocks.append(Block(item.colour, f"{HEIGHT - floor:.3f}", f"{height:.3f}"))
        parts.append(f"{item.label} {rounded(usd)}")
    description = f"{day:%-d %B}: {rounded(total)}" + (f" ({', '.join(parts)})" if parts else "")
    return Day(day, str(index * STEP + (STEP - WIDTH) / 2), str(index * STEP), description, blocks)


def _nice(highest: Decimal) -> Decimal:
    """Return the end of the axis: at least the highest bar, and easy to divide by four."""
    if not highest:
        return Decimal(1)
    unit = Decimal(10) ** highest.adjusted()
    return next(factor * unit for factor in _NICE if factor * unit >= highest)


def _tick(usd: Decimal) -> str:
    plain = usd.normalize()
    return f"${plain:,f}" if plain == plain.to_integral_value() else f"${plain:,.{_digits(plain)}f}"


def _digits(number: Decimal) -> int:
    """Return the decimal places of a label: two for cents, more if small steps need them."""
    exponent = number.as_tuple().exponent
    return max(2, -exponent) if isinstance(exponent, int) else 2
