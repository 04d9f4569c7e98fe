"""Files of AWS Data Exports (Cost and Usage Report 2.0): what each ECS task cost on each day.

https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html describes the columns.

    on EC2       rows with a parent instance: split_line_item_split_cost, and split_line_item_unused_cost for idle
                 capacity that AWS assigns to the task
    on Fargate   the task's own rows: unblended cost, or the effective one under a savings plan or reservation

Amounts after discounts (net) are used where AWS delivers them. Credits, refunds and taxes aren't counted.
"""

import csv
import importlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from gzip import GzipFile
from io import TextIOWrapper
from typing import IO, Any, NamedTuple

from jobs.pricing import exact_sum

CSV_SUFFIXES, PARQUET_SUFFIX = (".csv", ".csv.gz"), ".parquet"
SUFFIXES = (*CSV_SUFFIXES, PARQUET_SUFFIX)
MAX_USD = Decimal(10**7)
"""Of a row: more is taken for an error of the file."""
PARQUET_BATCH_SIZE = 2_000
MAX_KNOWN_TIMES = 10_000
"""Times that needn't be parsed again: a month has 744 hours."""

TASK_ARN = re.compile(r"arn:aws[a-z-]*:ecs:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):task/\S+")
_PERIOD, _START, _RESOURCE = "bill_billing_period_start_date", "line_item_usage_start_date", "line_item_resource_id"
_TYPE, _CURRENCY, _COST = "line_item_line_item_type", "line_item_currency_code", "line_item_unblended_cost"
_PARENT = "split_line_item_parent_resource_id"
_SPLIT, _UNUSED = "split_line_item_split_cost", "split_line_item_unused_cost"
_NET_SPLIT, _NET_UNUSED = "split_line_item_net_split_cost", "split_line_item_net_unused_cost"
REQUIRED = (_PERIOD, _START, _TYPE, _COST)
SPLIT_COLUMNS = (_PARENT, _SPLIT, _UNUSED)
_COSTS_BY_TYPE = {
    "Usage": ("line_item_net_unblended_cost", _COST),
    "DiscountedUsage": ("reservation_net_effective_cost", "reservation_effective_cost"),
    "SavingsPlanCoveredUsage": (
        "savings_plan_net_savings_plan_effective_cost",
        "savings_plan_savings_plan_effective_cost",
    ),
}
"""Columns with the cost of a row of its type, the first that has one."""
COLUMNS = (
    *REQUIRED,
    _RESOURCE,
    _CURRENCY,
    *SPLIT_COLUMNS,
    _NET_SPLIT,
    _NET_UNUSED,
    *(name for names in _COSTS_BY_TYPE.values() for name in names if name != _COST),
)
_BROKEN = (EOFError, OSError, UnicodeDecodeError, csv.Error, zlib.error)
_BROKEN_PARQUET = (OSError, ValueError, TypeError, LookupError, NotImplementedError)
"""What pyarrow's errors are for files that it can't decode."""


class CostExportError(Exception):
    """A file can't be read. The message names it and the row."""


@dataclass(frozen=True)
class ExportFile:
    name: str
    changed_at: datetime
    open: Callable[[], IO[bytes]]


class TaskCost(NamedTuple):
    """`units` are those of `exact_sum`; `idle_units` are of unused capacity."""

    task_arn: str
    region: str
    account_number: str
    day: date
    units: int
    idle_units: int


_Row = tuple[int, Sequence[str]]
"""Its number in the file, and its values in the order of COLUMNS."""


@dataclass
class CostExport:
    """Files of one billing month. What they say of themselves is known when all are read."""

    files: Sequence[ExportFile]
    month: date | None = None
    data_through: date | None = None
    rows: int = 0
    has_split: bool = True
    _days: dict[str, date] = field(default_factory=dict)

    def read(self) -> Iterator[TaskCost]:
        """Yield the rows of tasks. Raise CostExportError."""
        for file in self.files:
            for number, values in self._rows(file):
                try:
                    cost = self._read_row(dict(zip(COLUMNS, values, strict=True)))
                except _RowError as error:
                    raise CostExportError(f"{file.name}, row {number}: {error}") from error
                if cost:
                    yield cost

    def _rows(self, file: ExportFile) -> Iterator[_Row]:
        if file.name.endswith(PARQUET_SUFFIX):
            yield from self._parquet_rows(file)
        else:
            yield from self._csv_rows(file)

    def _csv_rows(self, file: ExportFile) -> Iterator[_Row]:
        row = 0
        try:
            with _open_text(file) as text:
                reader = csv.reader(text, strict=True)
                header = next(reader, [])
                row = 1
                places = self._check_columns(file, header)
                for values in reader:
                    row += 1
                    if len(values) != len(header):
                        raise CostExportError(
                            f"{file.name}, row {row}: {len(values)} values, but the header has {len(header)}."
                        )
                    yield row, ["" if place is None else values[place] for place in places]
        except _BROKEN as error:
            raise CostExportError(f"{file.name}, row {row + 1}: the file is damaged or cut off ({error}).") from error

    def _parquet_rows(self, file: ExportFile) -> Iterator[_Row]:
        try:
            parquet = importlib.import_module("pyarrow.parquet")
        except ImportError as error:
            raise CostExportError(
                f"{file.name}: Parquet needs the package pyarrow, which isn't installed. Install it with pip install "
                "pyarrow, or choose gzip/csv as the compression type of the export."
            ) from error
        row = 1
        try:
            with file.open() as source:
                table = parquet.ParquetFile(source)
                header = table.schema_arrow.names
                places = self._check_columns(file, header)
                names = [name for name, place in zip(COLUMNS, places, strict=True) if place is not None]
                for batch in table.iter_batches(batch_size=PARQUET_BATCH_SIZE, columns=names):
                    for values in batch.to_pylist():
                        row += 1
                        yield row, [_parquet_text(values.get(name)) for name in COLUMNS]
        except _BROKEN_PARQUET as error:
            raise CostExportError(f"{file.name}, row {row + 1}: not a readable Parquet file ({error}).") from error

    def _check_columns(self, file: ExportFile, header: Sequence[str]) -> list[int | None]:
        """Return the places of COLUMNS."""
        missing = [name for name in REQUIRED if name not in header]
        if missing:
            raise CostExportError(
                f"{file.name}, row 1: no column {', '.join(missing)}. Export the table Cost and Usage Report 2.0."
            )
        if _RESOURCE not in header:
            raise CostExportError(f"{file.name}, row 1: no column {_RESOURCE}. Include resource IDs in the export.")
        self.has_split = self.has_split and all(name in header for name in SPLIT_COLUMNS)
        places = {name: place for place, name in enumerate(header)}
        return [places.get(name) for name in COLUMNS]

    def _read_row(self, row: Mapping[str, str]) -> TaskCost | None:
        """Return None for a row that isn't of a task. Raise _RowError."""
        month, day = self._day(row, _PERIOD), self._day(row, _START)
        self.month = self.month or month
        if month != self.month:
            raise _RowError(f"{_PERIOD} is {month}, but {self.month} in rows before. Import months apart.")
        self.data_through = max(day, self.data_through or day)
        self.rows += 1
        task = TASK_ARN.fullmatch(row[_RESOURCE])
        if task is None:
            return None
        if row[_CURRENCY] not in ("", "USD"):
            raise _RowError(f"{_CURRENCY} is {row[_CURRENCY]}. The portal counts US dollars only.")
        if row[_PARENT]:
            units, idle = _first_units(row, _NET_SPLIT, _SPLIT), _first_units(row, _NET_UNUSED, _UNUSED)
        elif row[_TYPE] in _COSTS_BY_TYPE:
            units, idle = _first_units(row, *_COSTS_BY_TYPE[row[_TYPE]]), 0
        else:
            return None
        return TaskCost(task[0], task["region"], task["account"], day, units, idle)

    def _day(self, row: Mapping[str, str], name: str) -> date:
        text = row[name]
        day = self._days.get(text)
        if day is None:
            try:
                time = datetime.fromisoformat(text)
            except ValueError:
                raise _RowError(f"{name} is “{text[:40]}”, which isn't a time.") from None
            day = (time if time.tzinfo is None else time.astimezone(UTC)).date()
            if len(self._days) >= MAX_KNOWN_TIMES:
                self._days.clear()
            self._days[text] = day
        return day


class _RowError(Exception):
    pass


def _first_units(row: Mapping[str, str], *names: str) -> int:
    """Return the amount of the first column that has one; 0 without one."""
    for name in names:
        if row[name]:
            return _units(name, row[name])
    return 0


def _units(name: str, text: str) -> int:
    try:
        usd = Decimal(text)
    except InvalidOperation:
        raise _RowError(f"{name} is “{text[:40]}”, which isn't a number.") from None
    if not usd.is_finite() or abs(usd) > MAX_USD:
        raise _RowError(f"{name} is {text[:40]}, which can't be the cost of a task.")
    return exact_sum.units(usd)


@contextmanager
def _open_text(file: ExportFile) -> Iterator[TextIOWrapper]:
    with file.open() as raw:
        plain: Any = GzipFile(fileobj=raw) if file.name.endswith(".gz") else raw
        with TextIOWrapper(plain, encoding="utf-8-sig", newline="") as text:
            yield text


def _parquet_text(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def export_names(files: Iterable[ExportFile]) -> set[str]:
    """Return their names without the numbers of parts: one, if they are of one export."""
    return {re.sub(r"-?\d{5}(?=\.)", "", file.name.rpartition("/")[2]) for file in files}
