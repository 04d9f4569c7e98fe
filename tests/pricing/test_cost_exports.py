"""Rows of AWS's cost exports, as plain values."""

import importlib
import json
from datetime import date, datetime
from types import SimpleNamespace

import pytest

from jobs.pricing.cost_exports import CostExport, CostExportError, TaskCost
from tests import cost_exports
from tests.cost_exports import COLUMNS, fargate, file, instance, split, task_arn

TASK = task_arn("1")


def read(*rows, columns=COLUMNS, name="batch-00001.csv.gz"):
    return list(CostExport([file(cost_exports.content(rows, columns), name)]).read())


def cost(units, idle=0, day=date(2026, 11, 3)):
    return TaskCost(TASK, "us-west-2", "123456789012", day, units, idle)


def test_a_task_on_ec2_costs_its_share_and_the_idle_capacity_beside_it():
    assert read(split(TASK, "2026-11-03", "0.0123456789", "0.5"), instance("2026-11-03", "7")) == [
        cost(123_456_789, 5_000_000_000)
    ]


def test_a_task_on_fargate_costs_what_its_row_says():
    rows = [
        fargate(TASK, "2026-11-03", "1.5E-3"),
        fargate(
            TASK,
            "2026-11-03",
            "9",
            line_item_line_item_type="SavingsPlanCoveredUsage",
            savings_plan_savings_plan_effective_cost="0.25",
        ),
        fargate(TASK, "2026-11-03", "-9", line_item_line_item_type="SavingsPlanNegation"),
        fargate(TASK, "2026-11-03", "-1", line_item_line_item_type="Credit"),
    ]
    assert read(*rows) == [cost(15_000_000), cost(2_500_000_000)]


def test_amounts_after_discounts_count_where_there_are_some():
    columns = (*COLUMNS, "split_line_item_net_split_cost", "split_line_item_net_unused_cost")
    net = {"split_line_item_net_split_cost": "0.8", "split_line_item_net_unused_cost": "0.1"}
    assert read(split(TASK, "2026-11-03", "1", "0.2", **net), columns=columns) == [cost(8_000_000_000, 1_000_000_000)]
    blank = dict.fromkeys(net, "")
    assert read(split(TASK, "2026-11-03", "1", "0.2", **blank), columns=columns) == [
        cost(10_000_000_000, 2_000_000_000)
    ]


def test_days_are_those_of_utc():
    late = split(TASK, "2026-11-03", "1", line_item_usage_start_date="2026-11-03T23:00:00-05:00")
    assert [row.day for row in read(late)] == [date(2026, 11, 4)]


def test_an_export_without_split_cost_allocation_data_is_recognised():
    columns = [name for name in COLUMNS if not name.startswith("split_")]
    export = CostExport([file(cost_exports.content([fargate(TASK, "2026-11-03", "1")], columns))])
    assert list(export.read()) == [cost(10_000_000_000)]
    assert not export.has_split
    assert (export.month, export.data_through, export.rows) == (date(2026, 11, 1), date(2026, 11, 3), 1)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (
            [split(TASK, "2026-11-03", "1"), split(TASK, "2026-11-03", "a dollar")],
            "row 3: split_line_item_split_cost",
        ),
        ([split(TASK, "2026-11-03", "NaN")], "row 2: split_line_item_split_cost is NaN"),
        ([split(TASK, "2026-11-03", "1", "1e30")], "row 2: split_line_item_unused_cost is 1e30"),
        ([fargate(TASK, "2026-11-03", "1", line_item_currency_code="CNY")], "row 2: line_item_currency_code is CNY"),
        ([fargate(TASK, "2026-11-03", "1", line_item_usage_start_date="soon")], "row 2: line_item_usage_start_date"),
        ([fargate(TASK, "2026-11-03", "1"), fargate(TASK, "2026-10-03", "1")], "row 3: bill_billing_period_start"),
    ],
)
def test_a_row_that_cant_be_read_is_named(rows, problem):
    with pytest.raises(CostExportError, match=f"batch-00001.csv.gz, {problem}"):
        read(*rows)


def test_a_file_that_is_cut_off_is_named_with_its_row():
    rows = [split(TASK, "2026-11-03", "1", identity_line_item_id=f"{number * 7919:x}") for number in range(3_000)]
    data = cost_exports.content(rows)
    with pytest.raises(CostExportError, match=r"batch-00001\.csv\.gz, row \d+: the file is damaged or cut off"):
        list(CostExport([file(data[:-2_000])]).read())
    text = cost_exports.text(rows[:2])
    with pytest.raises(
        CostExportError, match=r"batch\.csv, row 3: the file is damaged|batch\.csv, row 3: \d+ values"
    ):
        list(CostExport([file(text.encode()[:-150], "batch.csv")]).read())
    with pytest.raises(CostExportError, match="row 1: the file is damaged"):
        list(CostExport([file(b"not gzip")]).read())


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        ("line_item_resource_id", "Include resource IDs"),
        ("bill_billing_period_start_date", "no column bill_billing_period_start_date"),
    ],
)
def test_a_missing_column_is_named(missing, problem):
    with pytest.raises(CostExportError, match=problem):
        read(fargate(TASK, "2026-11-03", "1"), columns=[name for name in COLUMNS if name != missing])


class FakeParquetFile:
    """The members of pyarrow's ParquetFile that the portal uses, for rows as JSON; pyarrow 26 has the same."""

    def __init__(self, source):
        self._rows = json.loads(source.read())
        self.schema_arrow = SimpleNamespace(names=list(self._rows[0]))

    def iter_batches(self, *, batch_size, columns):
        for start in range(0, len(self._rows), batch_size):
            batch = [
                {name: _parquet_value(name, row[name]) for name in columns} for row in self._rows[start:][:batch_size]
            ]
            yield SimpleNamespace(to_pylist=lambda batch=batch: batch)


def _parquet_value(name, text):
    """Return the value in the types that AWS's files have: times, doubles and nothing in place of empty texts."""
    if text == "damaged":
        raise ValueError("Deserializing page header failed.")
    if text == "compressed":
        raise NotImplementedError("Codec LZO isn't supported.")
    if text and name.endswith("_date"):
        return datetime.fromisoformat(text.removesuffix("Z"))
    return float(text) if text and name.endswith("_cost") else text or None


@pytest.fixture
def _parquet(monkeypatch):
    monkeypatch.setattr("jobs.pricing.cost_exports.PARQUET_BATCH_SIZE", 2)
    monkeypatch.setattr(
        importlib, "import_module", {"pyarrow.parquet": SimpleNamespace(ParquetFile=FakeParquetFile)}.get
    )


def read_parquet(*rows):
    return list(CostExport([file(json.dumps(rows).encode(), "batch.parquet")]).read())


@pytest.mark.usefixtures("_parquet")
def test_rows_of_parquet_are_those_of_csv():
    rows = [
        split(TASK, "2026-11-03", "0.00001", "0.5"),
        instance("2026-11-03", "7"),
        fargate(TASK, "2026-11-04", "1.5", line_item_line_item_type="Credit"),
        fargate(TASK, "2026-11-05", "1.5"),
    ]
    assert read_parquet(*rows) == read(*rows)
    assert [row.day.day for row in read_parquet(*rows)] == [3, 5]


@pytest.mark.usefixtures("_parquet")
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"line_item_unblended_cost": "damaged"}, r"batch\.parquet, row 2: not a readable Parquet file \(Des"),
        ({"line_item_unblended_cost": "compressed"}, r"batch\.parquet, row 2: not a readable Parquet file \(Codec"),
        ({"line_item_currency_code": "EUR"}, r"batch\.parquet, row 4: .* is EUR"),
    ],
)
def test_a_broken_parquet_file_is_named_with_its_row(change, problem):
    rows = [fargate(TASK, "2026-11-03", "1"), fargate(TASK, "2026-11-03", "1"), fargate(TASK, "2026-11-03", "1")]
    with pytest.raises(CostExportError, match=problem):
        read_parquet(*(rows[:2] if "line_item_currency_code" in change else []), {**rows[2], **change})


@pytest.mark.usefixtures("_parquet")
def test_a_parquet_file_without_resource_ids_is_refused():
    row = fargate(TASK, "2026-11-03", "1")
    del row["line_item_resource_id"]
    with pytest.raises(CostExportError, match="Include resource IDs"):
        read_parquet(row)


def test_parquet_without_its_package_says_what_to_do(monkeypatch):
    def refuse(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(CostExportError, match=r"batch\.parquet: Parquet needs the package pyarrow"):
        list(CostExport([file(b"", "batch.parquet")]).read())
