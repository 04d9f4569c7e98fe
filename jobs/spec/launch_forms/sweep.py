"""Several values for the fields of a form: a job for each row of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from jobs.spec.index_rerun import IndexRerunPlan, IndexSource, RerunKind
from jobs.spec.launch_forms.fields import LaunchField, LaunchFieldType
from jobs.spec.sweep import MAX_ROWS, MAX_SINGLE_JOBS, SweepError, TableFormat, parse_table

SINGLE_JOBS = IndexRerunPlan(RerunKind.SINGLE, IndexSource.WRAPPER)
"""If nothing else is chosen. The programs of forms read their own variables, so a shell sets those of an array."""

SWEPT = "*"
"""Key of the stored values that names the fields with several values. No field has this name."""
MAX_TEXT_LENGTH = 300
"""Of the values of one field, as a submission stores them."""


@dataclass(frozen=True)
class FormSweep:
    """The complete entries of each job; `names` are the fields that they differ by."""

    names: tuple[str, ...]
    rows: tuple[Mapping[str, object], ...]
    plan: IndexRerunPlan = SINGLE_JOBS


def max_rows(plan: IndexRerunPlan) -> int:
    return MAX_ROWS if plan.kind is RerunKind.ARRAY else MAX_SINGLE_JOBS


def combine(
    columns: Mapping[str, Sequence[object]], table_format: TableFormat, plan: IndexRerunPlan = SINGLE_JOBS
) -> list[dict[str, object]]:
    """Return the values of each job: every combination, or the first of all together, then the second ones.

    Raise SweepError.
    """
    for name, values in columns.items():
        if not values:
            raise SweepError(f"{name} has no values. Enter at least one.")
    count = 1
    for values in columns.values():
        count = max(count, len(values)) if table_format is TableFormat.ZIP else count * len(values)
    if count > (limit := max_rows(plan)):
        raise SweepError(f"This sweep has {count:,} jobs, and the limit is {limit:,}. Remove some values.")
    if table_format is TableFormat.ZIP:
        if len({len(values) for values in columns.values()}) > 1:
            counts = ", ".join(f"{name} {len(values)}" for name, values in columns.items())
            raise SweepError(f"Values side by side need the same number for each field: {counts}.")
        rows = list(zip(*columns.values(), strict=True))
    else:
        rows = list(product(*columns.values()))
    return [dict(zip(columns, row, strict=True)) for row in rows]


def csv_rows(fields: Sequence[LaunchField], text: str, plan: IndexRerunPlan = SINGLE_JOBS) -> list[dict[str, object]]:
    """Return the values of each job of a table whose header has names or labels of fields. Raise SweepError."""
    table = parse_table(text, TableFormat.CSV, {field.title: field.name for field in fields})
    if len(table.rows) > (limit := max_rows(plan)):
        raise SweepError(f"The table has {len(table.rows):,} jobs, and the limit is {limit:,}.")
    names = {field.name for field in fields}
    if unknown := next((name for name in table.names if name not in names), None):
        raise SweepError(f"The form has no field {unknown}. The first line has the names or labels of fields.")
    return [dict(zip(table.names, row, strict=True)) for row in table.rows]


def split_values(field: LaunchField, text: str) -> list[str]:
    """Return the values of a field: one a line, or separated by commas where a value has none itself."""
    lines = text.splitlines()
    parts = lines if field.type is LaunchFieldType.SEVERAL else [part for line in lines for part in line.split(",")]
    return [part.strip() for part in parts if part.strip()]


def list_columns(fields: Sequence[LaunchField], entries: Mapping[str, object]) -> dict[str, Sequence[object]]:
    """Return the entries that are lists of values. That of a field which takes several is a list of lists."""
    kinds = {field.name: field.type for field in fields}
    columns: dict[str, Sequence[object]] = {}
    for name, entry in entries.items():
        if name not in kinds or not isinstance(entry, list):
            continue
        if kinds[name] is not LaunchFieldType.SEVERAL or (entry and all(isinstance(value, list) for value in entry)):
            columns[name] = entry
    return columns


def listed_values(sweep: FormSweep, name: str) -> str:
    """Return the different values of a field, as a submission shows them."""
    texts = dict.fromkeys(str(row.get(name, "")) for row in sweep.rows)
    text = ", ".join(texts)
    return text if len(text) <= MAX_TEXT_LENGTH else f"{text[: MAX_TEXT_LENGTH - 1]}…"


def single_values(values: Mapping[str, str]) -> dict[str, str]:
    """Return stored values without those of fields that had several."""
    swept = values.get(SWEPT, "").split()
    return {name: text for name, text in values.items() if name != SWEPT and name not in swept}
