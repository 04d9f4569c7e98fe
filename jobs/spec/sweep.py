"""Sweeps: one job run with each row of a table of values.

A name that is a parameter of the job (`Ref::name`) sets that parameter, any other an environment variable. All child
jobs of an array share one command and one environment, so an array carries the whole table in one variable.
"""

import copy
import csv
import io
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from types import MappingProxyType
from typing import Any

from jobs.spec.documents import Document, list_at, object_at, text_at
from jobs.spec.effective import effective_job
from jobs.spec.index_rerun import AWS_INDEX_VARIABLE, IndexRerunPlan, IndexSource, RerunKind

VALUES_VARIABLE = "SWEEP_VALUES"
"""Holds a line for each child of an array: NAME=value words, quoted as for a shell."""

MAX_SINGLE_JOBS = 1_000
MAX_ROWS = 10_000
"""Largest array: AWS Batch's limit."""
MAX_COLUMNS = 20
MAX_TEXT_LENGTH = 1_000_000
MAX_VALUE_LENGTH = 1_000
MAX_NAME_LENGTH = 128
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}", re.ASCII)
_SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCRIPT = (
    f"n=${AWS_INDEX_VARIABLE}; IFS='\n'; set -f; for l in ${VALUES_VARIABLE}; do "
    '[ "$n" -eq 0 ] && break; n=$((n-1)); done; unset IFS; set +f; eval "export $l"; exec "$@"'
)


class TableFormat(StrEnum):
    GRID = "grid"
    """Every combination of the values of each line."""
    ZIP = "zip"
    """The first values of all lines together, then the second ones."""
    CSV = "csv"
    """A header with the names, then a row for each job."""


@dataclass(frozen=True)
class SweepTable:
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The position of a row is its index."""


class SweepError(Exception):
    """The values don't make a sweep; the text says why and where."""


def parse_table(text: str, table_format: TableFormat, titles: Mapping[str, str] = MappingProxyType({})) -> SweepTable:
    """Read lines `NAME = a, b, c`, or CSV, whose header may have titles of names. Raise SweepError."""
    if len(text) > MAX_TEXT_LENGTH:
        raise SweepError(f"The values have more than {MAX_TEXT_LENGTH:,} characters.")
    records = [(line, record) for line, record in _records(text) if any(record)]
    if not records:
        raise SweepError("Enter the values.")
    if table_format is TableFormat.CSV:
        (_, header), *body = records
        names = tuple(titles.get(name, name) for name in header)
        for line, record in body:
            if len(record) != len(names):
                raise SweepError(f"Line {line} has {len(record)} values, but the header has {len(names)} names.")
        rows: Iterator[tuple[str, ...]] = (tuple(record) for _, record in body)
        count = len(body)
    else:
        names, columns = _columns(records)
        lengths = {len(column) for column in columns}
        if table_format is TableFormat.ZIP and len(lengths) > 1:
            counts = ", ".join(f"{name} {len(column)}" for name, column in zip(names, columns, strict=True))
            raise SweepError(f"All lines need the same number of values: {counts}.")
        rows = product(*columns) if table_format is TableFormat.GRID else zip(*columns, strict=True)
        count = _product(lengths_of(columns)) if table_format is TableFormat.GRID else lengths.pop()
    _check_names(names)
    if count > MAX_ROWS:
        raise SweepError(f"This sweep has {count:,} jobs, and the limit is {MAX_ROWS:,}. Remove some values.")
    if not count:
        raise SweepError("The names have no values. Enter at least one value for each name.")
    table = SweepTable(names, tuple(rows))
    check_table(table)
    return table


def check_table(table: SweepTable) -> None:
    """Raise SweepError if jobs can't have these names or values."""
    _check_names(table.names)
    _check_values(table)


def program_of(command: Sequence[str]) -> list[str]:
    """Return a command without the shell that sets the variables of child jobs."""
    return list(command[4:] if command[:3] == ["sh", "-c", _SCRIPT] else command)


def lengths_of(columns: Sequence[Sequence[str]]) -> list[int]:
    return [len(column) for column in columns]


def sweep_document(document: Document, definition: Document, table: SweepTable, plan: IndexRerunPlan) -> Document:
    """Return what to submit: a workflow of single jobs without dependencies among them, or an array.

    Raise SweepError.
    """
    _check(document, definition, table, plan)
    parameters = parameter_names(document, definition)
    if plan.kind is RerunKind.SINGLE:
        width = len(str(len(table.rows) - 1))
        jobs = [
            _single(document, f"{index:0{width}}", dict(zip(table.names, row, strict=True)), parameters)
            for index, row in enumerate(table.rows)
        ]
        return {"name": text_at(document, "jobName"), "jobs": jobs}
    lines = (" ".join(map(_word, table.names, row)) for row in table.rows)
    job = _with_environment(copy.deepcopy(document), {VALUES_VARIABLE: "\n".join(lines)})
    if plan.source is IndexSource.WRAPPER:
        job["containerOverrides"]["command"] = ["sh", "-c", _SCRIPT, "sh", *_command(document, definition)]
    return {**job, "arrayProperties": {"size": len(table.rows)}}


def table_of(document: Document) -> SweepTable | None:
    """Return the values that a submission's jobs, or an array's children, differ by; None if it is no sweep."""
    steps = [step for step in list_at(document, "jobs") if isinstance(step, dict)]
    if not steps:
        return _table_of_array(document)
    maps = [_values_of(step) for step in steps]
    if len(maps) < 2 or any(values.keys() != maps[0].keys() for values in maps):
        return None
    names = [name for name in maps[0] if any(values[name] != maps[0][name] for values in maps)]
    blank = [_without(step, names) for step in steps]
    if not names or any(step != blank[0] for step in blank):
        return None
    return SweepTable(tuple(names), tuple(tuple(values[name] for name in names) for values in maps))


def is_sweep_array(job: Document) -> bool:
    return VALUES_VARIABLE in _values_of(job)


def parameter_names(document: Document, definition: Document) -> frozenset[str]:
    command = [
        *list_at(document, "containerOverrides", "command"),
        *list_at(definition, "containerProperties", "command"),
    ]
    references = {
        word.removeprefix("Ref::") for word in command if isinstance(word, str) and word.startswith("Ref::")
    }
    return frozenset(
        references | object_at(definition, "parameters").keys() | object_at(document, "parameters").keys()
    )


def _table_of_array(document: Document) -> SweepTable | None:
    text = _values_of(document).get(VALUES_VARIABLE, "")
    try:
        lines = [[word.partition("=")[::2] for word in shlex.split(line)] for line in text.split("\n") if line]
    except ValueError:
        return None
    if not lines or any([name for name, _ in line] != [name for name, _ in lines[0]] for line in lines):
        return None
    return SweepTable(tuple(name for name, _ in lines[0]), tuple(tuple(value for _, value in line) for line in lines))


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(
        io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")), skipinitialspace=True
    )
    try:
        for record in reader:
            yield reader.line_num, [value.strip() for value in record]
    except csv.Error as error:
        raise SweepError(f"Line {reader.line_num} is not valid CSV: {error}.") from None


def _columns(records: Sequence[tuple[int, list[str]]]) -> tuple[tuple[str, ...], list[list[str]]]:
    names, columns = [], []
    for line, (first, *others) in records:
        name, sign, value = first.partition("=")
        if not sign:
            raise SweepError(f"Line {line} has no “=”. Write NAME = value, value.")
        names.append(name.strip())
        columns.append([value.strip(), *others])
    return tuple(names), columns


def _product(numbers: Sequence[int]) -> int:
    result = 1
    for number in numbers:
        result *= number
    return result


def _check_names(names: Sequence[str]) -> None:
    if len(names) > MAX_COLUMNS:
        raise SweepError(f"A sweep has {MAX_COLUMNS} names at most.")
    for name in names:
        if not _NAME.fullmatch(name):
            raise SweepError(f"“{name[:40]}” can't be the name of a variable or parameter.")
        if names.count(name) > 1:
            raise SweepError(f"{name} appears twice. Remove one.")


def _check_values(table: SweepTable) -> None:
    for index, row in enumerate(table.rows):
        for name, value in zip(table.names, row, strict=True):
            if len(value) > MAX_VALUE_LENGTH or _CONTROL.search(value):
                raise SweepError(
                    f"{name} of index {index}: a value is one line of {MAX_VALUE_LENGTH:,} characters at most."
                )


def _check(document: Document, definition: Document, table: SweepTable, plan: IndexRerunPlan) -> None:
    count = len(table.rows)
    if not object_at(definition, "containerProperties"):
        raise SweepError("A sweep needs a job definition with a single container.")
    if "arrayProperties" in document:
        raise SweepError("The job is an array already. Remove its array size.")
    if plan.kind is RerunKind.SINGLE:
        if count > MAX_SINGLE_JOBS:
            raise SweepError(
                f"{count:,} single jobs are too many; the limit is {MAX_SINGLE_JOBS:,}. Run one array job."
            )
        return
    if count < 2:
        raise SweepError("An array has at least 2 child jobs. Run a single job.")
    for name in table.names:
        if name in parameter_names(document, definition):
            raise SweepError(
                f"{name} is a parameter, which is the same in all child jobs of an array. Run single jobs."
            )
        if plan.source is IndexSource.WRAPPER and not _SHELL_NAME.fullmatch(name):
            raise SweepError(f"A shell can't set a variable {name}. Rename it, or run single jobs.")
    if plan.source is IndexSource.WRAPPER and not _command(document, definition):
        raise SweepError(
            "A shell can't start the program: neither the job nor the definition has its command. "
            f"Let the program read {VALUES_VARIABLE}."
        )


def _command(document: Document, definition: Document) -> list[str]:
    containers = effective_job(definition, document).containers
    return [str(word.value) for word in containers[0].command] if len(containers) == 1 else []


def _single(document: Document, suffix: str, values: dict[str, str], parameters: Collection[str]) -> Document:
    job = copy.deepcopy(document)
    job["jobName"] = f"{text_at(document, 'jobName')[: MAX_NAME_LENGTH - 1 - len(suffix)]}-{suffix}"
    if own := {name: value for name, value in values.items() if name in parameters}:
        job["parameters"] = {**object_at(job, "parameters"), **own}
    variables = {name: value for name, value in values.items() if name not in parameters}
    return _with_environment(job, variables) if variables else job


def _with_environment(job: Document, variables: dict[str, str]) -> Document:
    overrides: dict[str, Any] = dict(object_at(job, "containerOverrides"))
    others = [entry for entry in list_at(overrides, "environment") if text_at(entry, "name") not in variables]
    overrides["environment"] = [*others, *({"name": name, "value": value} for name, value in variables.items())]
    return {**job, "containerOverrides": overrides}


def _word(name: str, value: str) -> str:
    return f"{name}={shlex.quote(value)}"


def _values_of(job: Document) -> dict[str, str]:
    variables = {
        text_at(entry, "name"): text_at(entry, "value") for entry in list_at(job, "containerOverrides", "environment")
    }
    return variables | {name: str(value) for name, value in object_at(job, "parameters").items()}


def _without(job: Document, names: Collection[str]) -> Document:
    """Return the job without its name and these values."""
    others = {key: value for key, value in job.items() if key not in ("jobName", "parameters", "containerOverrides")}
    overrides = {key: value for key, value in object_at(job, "containerOverrides").items() if key != "environment"}
    others_values = {name: value for name, value in _values_of(job).items() if name not in names}
    return {**others, "containerOverrides": overrides, "values": others_values}
