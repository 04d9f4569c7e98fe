"""Estimated costs of teams in a period, by one grouping."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from jobs.pricing import exact_sum
from jobs.pricing.cents import round_columns
from jobs.reports.costs.grouping import Grouping, searchable_names
from jobs.reports.costs.running import RunningCosts, running_costs
from jobs.reports.costs.sums import CostReader, CostSum, days_of, segments
from jobs.reports.periods import Period, PeriodKind

MAX_COLOURS = 7
"""The other values share a colour."""
MAX_ROWS = 100
MAX_DAY_BARS, MAX_WEEK_BARS = 62, 190
"""Days of a period that has a bar for each day, or for each week."""
OTHERS, REST = "others", "untagged"
"""Colours."""


@dataclass(frozen=True)
class CostRow:
    """`value` is None for what has none. Those that no search selects, as combined ones, are not `is_searchable`.

    `usd` is of finished attempts, `running_usd` of the running ones so far.
    """

    value: str | None
    label: str
    usd: Decimal
    failed_usd: Decimal
    before_usd: Decimal
    jobs: int
    running_usd: Decimal = Decimal(0)
    share: Decimal = Decimal(0)
    colour: str = ""
    is_searchable: bool = True
    cents: Mapping[str, Decimal] = field(default_factory=dict)
    """Amounts rounded so that those of all rows add up."""

    @property
    def spent(self) -> Decimal:
        return self.usd + self.running_usd

    @property
    def change(self) -> Decimal | None:
        return (self.spent - self.before_usd) / self.before_usd * 100 if self.before_usd else None


@dataclass(frozen=True)
class CostSeries:
    """Amounts in the order of the report's bars."""

    label: str
    colour: str
    days: list[Decimal]


@dataclass(frozen=True)
class Bar:
    """Days that one bar stands for."""

    first: date
    last: date


@dataclass(frozen=True)
class CostReport:
    """`rows` are most expensive first, untagged last; `free_count` counts lines without cost."""

    period: Period
    by: Grouping
    rows: list[CostRow]
    series: list[CostSeries]
    bars: list[Bar]
    total: CostRow
    attempts: int
    free_count: int
    running: RunningCosts
    is_summed: bool
    """Whether it was read from totals, and not from the lines of a tag with too many values."""

    @property
    def visible_rows(self) -> list[CostRow]:
        rest_rows = [row for row in self.rows if row.value is None]
        valued_rows = [row for row in self.rows if row.value is not None]
        if len(valued_rows) > MAX_ROWS:
            valued_rows[MAX_ROWS:] = [_combined(valued_rows[MAX_ROWS:])]
        return _with_cents(valued_rows + rest_rows)


@dataclass(frozen=True)
class _Source:
    reader: CostReader
    period: Period
    grouping: Grouping
    running: RunningCosts
    today: date


def cost_report(reader: CostReader, period: Period, grouping: Grouping, today: date) -> CostReport:
    """Return costs of teams that the user may see. Running jobs count in the period of `today`."""
    running = running_costs(reader.teams) if period.covers(today) else RunningCosts()
    source = _Source(reader, period, grouping, running, today)
    total_sum, before_total = reader.total(period), reader.total(period.previous)
    sums = reader.by_value(period, grouping)
    before = reader.by_value(period.previous, grouping)
    running_units = running.by_value(grouping)
    names = grouping.names(sorted({*sums, *before, *(value for value in running_units if value is not None)}))
    rows = _rows(grouping, names, sums, before, running_units)
    if grouping.has_rest:
        rest = total_sum - sum(sums.values(), CostSum())
        before_rest = before_total - sum(before.values(), CostSum())
        rows.append(_row(None, grouping.rest_label, rest, before_rest, running_units.get(None, 0)))
    total = _row("", "Total", total_sum, before_total, running.units)
    rows = _assign_colours(sorted(rows, key=_order), total.spent)
    bars = _bars(period)
    return CostReport(
        period=period,
        by=grouping,
        rows=rows,
        series=_series(source, rows, names, bars),
        bars=bars,
        total=total,
        attempts=total_sum.attempts,
        free_count=total_sum.free,
        running=running,
        is_summed=reader.is_summed(grouping),
    )


def _rows(
    grouping: Grouping,
    names: Mapping[str, str],
    sums: Mapping[str, CostSum],
    before: Mapping[str, CostSum],
    running_units: Mapping[str | None, int],
) -> list[CostRow]:
    """Return a row for each name: queues of several accounts can share one."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for value, name in names.items():
        by_name[name].append(value)
    labels = grouping.labels(by_name)
    searchable = searchable_names(by_name)
    return [
        _row(
            name,
            labels.get(name, name) or "(empty)",
            sum((sums.get(value, CostSum()) for value in values), CostSum()),
            sum((before.get(value, CostSum()) for value in values), CostSum()),
            sum(running_units.get(value, 0) for value in values),
            is_searchable=name in searchable
            and (values == [name] or grouping.kind not in ("tag", "state", "instance")),
        )
        for name, values in by_name.items()
    ]


def _row(
    value: str | None, label: str, amounts: CostSum, before: CostSum, running: int, *, is_searchable: bool = True
) -> CostRow:
    return CostRow(
        value=value,
        label=label,
        usd=exact_sum.usd(amounts.units),
        failed_usd=exact_sum.usd(amounts.failed_units),
        before_usd=exact_sum.usd(before.units),
        jobs=amounts.jobs,
        running_usd=exact_sum.usd(running),
        is_searchable=is_searchable,
    )


def _order(row: CostRow) -> tuple[bool, Decimal, Decimal, str]:
    return row.value is None, -row.spent, -row.before_usd, row.label


_ROUNDED = ("spent", "before_usd", "failed_usd")


def _with_cents(rows: list[CostRow]) -> list[CostRow]:
    return [replace(row, cents=cents) for row, cents in zip(rows, round_columns(rows, _ROUNDED), strict=True)]


def _combined(rows: Sequence[CostRow]) -> CostRow:
    return CostRow(
        value="",
        label=f"{len(rows)} other values",
        usd=_total(row.usd for row in rows),
        failed_usd=_total(row.failed_usd for row in rows),
        before_usd=_total(row.before_usd for row in rows),
        jobs=sum(row.jobs for row in rows),
        running_usd=_total(row.running_usd for row in rows),
        share=_total(row.share for row in rows),
        colour=OTHERS,
        is_searchable=False,
    )


def _assign_colours(rows: list[CostRow], total: Decimal) -> list[CostRow]:
    numbers = iter(range(1, MAX_COLOURS + 1))
    return [
        replace(
            row,
            share=row.spent / total * 100 if total else Decimal(0),
            colour=REST
            if row.value is None
            else (str(number) if row.spent and (number := next(numbers, None)) else OTHERS),
        )
        for row in rows
    ]


def _bars(period: Period) -> list[Bar]:
    days = period.days
    if len(days) <= MAX_DAY_BARS:
        return [Bar(day, day) for day in days]
    kind = PeriodKind.WEEK if len(days) <= MAX_WEEK_BARS else PeriodKind.MONTH
    ends = [day for day in days if day == min(period.last, Period.containing(kind, day).last)]
    return [Bar(max(period.first, Period.containing(kind, end).first), end) for end in ends]


def _series(
    source: _Source, rows: Sequence[CostRow], names: Mapping[str, str], bars: Sequence[Bar]
) -> list[CostSeries]:
    """Sum the values that have a colour of their own; the others are what these leave of the whole."""
    reader, grouping = source.reader, source.grouping
    rows_by_colour = {row.colour: row for row in rows}
    colours = {row.value: row.colour for row in rows if row.colour not in (OTHERS, REST)}
    colours_by_value = {value: colours[name] for value, name in names.items() if name in colours}
    parts = days_of(source.period) if len(source.period.days) <= MAX_WEEK_BARS else segments(source.period)
    units: defaultdict[str, defaultdict[date, int]] = defaultdict(lambda: defaultdict(int))
    whole = reader.by_start(parts)
    valued = reader.by_start(parts, grouping) if grouping.has_rest else whole
    for start, amount in whole.items():
        units[OTHERS][start] += valued.get(start, 0)
        units[REST][start] += amount - valued.get(start, 0)
    coloured_units = reader.by_value_and_start(parts, grouping, list(colours_by_value))
    for value, start, amount in coloured_units:
        units[colours_by_value[value]][start] += amount
        units[OTHERS][start] -= amount
    for running_value, amount in source.running.by_value(grouping).items():
        colour = REST if running_value is None else colours_by_value.get(running_value, OTHERS)
        units[colour][source.today] += amount
    labels = {colour: row.label for colour, row in rows_by_colour.items()} | {OTHERS: "Others"}
    order = [*map(str, range(1, MAX_COLOURS + 1)), OTHERS, REST]
    return [
        CostSeries(labels[colour], colour, _by_bar(units[colour], bars))
        for colour in order
        if any(units[colour].values())
    ]


def _by_bar(units: Mapping[date, int], bars: Sequence[Bar]) -> list[Decimal]:
    sums = (sum(amount for start, amount in units.items() if bar.first <= start <= bar.last) for bar in bars)
    return [exact_sum.usd(amount) for amount in sums]


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
