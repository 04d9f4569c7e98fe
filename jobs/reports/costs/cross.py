"""Estimated costs of teams in a period, by two groupings."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from jobs.pricing import exact_sum
from jobs.pricing.cents import round_parts
from jobs.reports.costs.grouping import Grouping, searchable_names
from jobs.reports.costs.running import RunningCosts, running_costs
from jobs.reports.costs.sums import CostReader
from jobs.reports.periods import Period

MAX_ROWS, MAX_COLUMNS = 50, 8
"""Of values; the others are combined, in a file none."""


@dataclass(frozen=True)
class CrossRow:
    """`value` is None for what has none, and for combined values. `cells` are in the order of the columns."""

    label: str
    value: str | None
    cells: list[Decimal]
    usd: Decimal
    is_rest: bool = False
    cents: list[tuple[Decimal, Decimal]] = field(default_factory=list)
    """The cells, each with its amount in cents. These add up in rows and in columns."""
    total_cents: Decimal = Decimal(0)
    is_searchable: bool = False
    is_charged: list[bool] = field(default_factory=list)
    """Whether a cell has costs of finished attempts."""


@dataclass(frozen=True)
class CrossTable:
    """Costs so far of running jobs are in the amounts. Combined columns have no value and are not searchable."""

    rows_by: Grouping
    columns_by: Grouping
    columns: list[str]
    column_values: list[str | None]
    searchable_columns: list[bool]
    rows: list[CrossRow]
    total: CrossRow
    is_crossed: bool
    """Whether whole months were read from totals, and not from lines."""


def cross_table(
    reader: CostReader, period: Period, groupings: tuple[Grouping, Grouping], today: date, *, is_short: bool = True
) -> CrossTable:
    """Return costs of teams that the user may see. It is exact unless short."""
    rows_by, columns_by = groupings
    running = running_costs(reader.teams) if period.covers(today) else RunningCosts()
    crossed = reader.is_crossed(*groupings)
    pairs = reader.by_pair(period, rows_by, columns_by, crossed=crossed)
    total = reader.total(period).units
    row_units = _by_value(reader, period, rows_by)
    column_units = _by_value(reader, period, columns_by)
    cells = _with_rests(pairs, row_units, column_units, total)
    charged = {key for key, units in cells.items() if units}
    for (row, column), units in running.by_pair(rows_by, columns_by).items():
        cells[row, column] += units
    row_names = _names(rows_by, {row for row, _ in cells})
    column_names = _names(columns_by, {column for _, column in cells})
    units_by_name: defaultdict[tuple[str | None, str | None], int] = defaultdict(int)
    for (row, column), units in cells.items():
        units_by_name[row_names[row], column_names[column]] += units
    charged_names = {(row_names[row], column_names[column]) for row, column in charged}
    row_order = _ordered(units_by_name, 0, MAX_ROWS if is_short else None)
    column_order = _ordered(units_by_name, 1, MAX_COLUMNS if is_short else None)
    table = _table(groupings, units_by_name, row_order, column_order, is_crossed=crossed)
    return _with_searchable(table, charged_names, row_names.values(), column_names.values())


def _by_value(reader: CostReader, period: Period, grouping: Grouping) -> dict[str, int]:
    return {value: amounts.units for value, amounts in reader.by_value(period, grouping).items()}


def _with_rests(
    pairs: Mapping[tuple[str, str], int], rows: Mapping[str, int], columns: Mapping[str, int], total: int
) -> defaultdict[tuple[str | None, str | None], int]:
    """Add the cells of what has no value in the row, in the column, or in both: what the others leave of the sums."""
    cells: defaultdict[tuple[str | None, str | None], int] = defaultdict(int, pairs)  # type: ignore[arg-type]
    in_rows: defaultdict[str, int] = defaultdict(int)
    in_columns: defaultdict[str, int] = defaultdict(int)
    for (row, column), units in pairs.items():
        in_rows[row] += units
        in_columns[column] += units
    for row, units in rows.items():
        cells[row, None] = units - in_rows[row]
    for column, units in columns.items():
        cells[None, column] = units - in_columns[column]
    cells[None, None] = total - sum(cells.values())
    return cells


def _names(grouping: Grouping, values: set[str | None]) -> dict[str | None, str | None]:
    names: dict[str | None, str | None] = {None: None}
    names.update(grouping.names(sorted(value for value in values if value is not None)))
    return names


def _ordered(cells: Mapping[tuple[str | None, str | None], int], axis: int, limit: int | None) -> list[str]:
    """Return the names that cost most."""
    sums: defaultdict[str, int] = defaultdict(int)
    for key, units in cells.items():
        name = key[axis]
        if name is not None:
            sums[name] += units
    return sorted(sums, key=lambda name: (-sums[name], name))[:limit]


def _table(
    groupings: tuple[Grouping, Grouping],
    cells: Mapping[tuple[str | None, str | None], int],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    is_crossed: bool,
) -> CrossTable:
    """Combine what is not among the rows and columns."""
    sums: defaultdict[tuple[int, int], int] = defaultdict(int)
    row_places = {name: number for number, name in enumerate(rows)}
    column_places = {name: number for number, name in enumerate(columns)}
    for (row, column), units in cells.items():
        sums[_place(row, row_places), _place(column, column_places)] += units
    row_numbers, row_labels = _axis(groupings[0], rows, {row for (row, _), units in sums.items() if units})
    column_numbers, column_labels = _axis(
        groupings[1], columns, {column for (_, column), units in sums.items() if units}
    )
    amounts = [[exact_sum.usd(sums[row, column]) for column in column_numbers] for row in row_numbers]
    totals = [exact_sum.usd(sum(sums[row, column] for row in row_numbers)) for column in column_numbers]
    table_rows = [
        CrossRow(
            label, rows[number] if number < len(rows) else None, line, sum(line, Decimal(0)), number == len(rows) + 1
        )
        for number, label, line in zip(row_numbers, row_labels, amounts, strict=True)
    ]
    total = CrossRow("Total", None, totals, sum(totals, Decimal(0)))
    values = [columns[number] if number < len(columns) else None for number in column_numbers]
    return CrossTable(*groupings, column_labels, values, [], *_with_cents(table_rows, total), is_crossed)


def _with_searchable(
    table: CrossTable,
    charged: Container[tuple[str | None, str | None]],
    row_names: Iterable[str | None],
    column_names: Iterable[str | None],
) -> CrossTable:
    """Say what a search can select."""
    rows, columns = (
        {None, *searchable_names({name for name in names if name is not None})} for names in (row_names, column_names)
    )
    rest = len(table.columns) - 1 if table.columns_by.has_rest else None
    return replace(
        table,
        searchable_columns=[
            value in columns if value is not None else number == rest
            for number, value in enumerate(table.column_values)
        ],
        rows=[
            replace(
                row,
                is_searchable=row.value in rows if row.value is not None else row.is_rest,
                is_charged=[(row.value, value) in charged for value in table.column_values],
            )
            for row in table.rows
        ],
    )


def _with_cents(rows: Sequence[CrossRow], total: CrossRow) -> tuple[list[CrossRow], CrossRow]:
    """Round the rows to the total and the cells to their row. A column is what its cells show together."""
    row_cents = round_parts([row.usd for row in rows])
    cells = [_round_cells(row.cells, cents) for row, cents in zip(rows, row_cents, strict=True)]
    columns = [sum(column, Decimal(0)) for column in zip(*cells, strict=True)] or [Decimal(0)] * len(total.cells)
    rounded = [
        replace(row, cents=list(zip(row.cells, own, strict=True)), total_cents=cents)
        for row, own, cents in zip(rows, cells, row_cents, strict=True)
    ]
    cents = list(zip(total.cells, columns, strict=True))
    return rounded, replace(total, cents=cents, total_cents=sum(row_cents, Decimal(0)))


def _round_cells(cells: Sequence[Decimal], cents: Decimal) -> list[Decimal]:
    """Round to cents that add up to `cents`, which can be one beside the rounded sum."""
    rounded = round_parts(cells)
    difference = cents - sum(rounded, Decimal(0))
    if difference:
        rounded[max(range(len(cells)), key=lambda number: cells[number])] += difference
    return rounded


def _place(name: str | None, places: Mapping[str, int]) -> int:
    """Return that of the others after the last, and that of what has no value after these."""
    return len(places) + 1 if name is None else places.get(name, len(places))


def _axis(grouping: Grouping, names: Sequence[str], used: set[int]) -> tuple[list[int], list[str]]:
    labels = grouping.labels(names)
    numbers = [*range(len(names)), *([len(names)] if len(names) in used else [])]
    texts = [labels.get(name, name) or "(empty)" for name in names] + ["Others"] * (len(numbers) - len(names))
    if grouping.has_rest:
        numbers.append(len(names) + 1)
        texts.append(grouping.rest_label)
    return numbers, texts
