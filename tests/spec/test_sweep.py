"""Tables of values, and the jobs that run with them."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.spec.index_rerun import IndexRerunPlan, IndexSource, RerunKind
from jobs.spec.sweep import SweepError, SweepTable, TableFormat, parse_table, sweep_document, table_of

DEFINITION: dict[str, Any] = {"containerProperties": {"image": "busybox", "command": ["run", "Ref::model"]}}
JOB: dict[str, Any] = {
    "jobName": "tune",
    "jobQueue": "cpu",
    "jobDefinition": "hello",
    "parameters": {"model": "small"},
    "containerOverrides": {"environment": [{"name": "SEED", "value": "1"}, {"name": "LR", "value": "9"}]},
}
SINGLE = IndexRerunPlan()
ARRAY = IndexRerunPlan(RerunKind.ARRAY)
WRAPPED = IndexRerunPlan(RerunKind.ARRAY, IndexSource.WRAPPER)

NAMES = st.lists(st.sampled_from(["A", "_B", "C9", "D_D", "LR"]), min_size=1, max_size=4, unique=True)
VALUES = st.text("a0 =,;'\"$`*\\|&()#~é☃", max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> SweepTable:
    names = draw(NAMES)
    row = st.tuples(*[VALUES for _ in names])
    rows = draw(st.lists(row, min_size=2, max_size=8))
    return SweepTable(tuple(names), tuple(rows))


def environment(job: Any) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in job["containerOverrides"]["environment"]}


def test_a_grid_has_every_combination_and_the_last_line_changes_fastest() -> None:
    table = parse_table("LR = 0.1, 0.01\nSEED=1,2,3\n", TableFormat.GRID)

    assert table.names == ("LR", "SEED")
    assert table.rows == tuple(product(("0.1", "0.01"), ("1", "2", "3")))


def test_lists_side_by_side_go_together_and_must_be_as_long() -> None:
    assert parse_table("LR = 0.1, 0.01\nSEED = 1, 2", TableFormat.ZIP).rows == (("0.1", "1"), ("0.01", "2"))
    with pytest.raises(SweepError, match="same number of values: LR 2, SEED 1"):
        parse_table("LR = 0.1, 0.01\nSEED = 1", TableFormat.ZIP)


def test_csv_keeps_commas_in_quotes_and_skips_empty_lines() -> None:
    table = parse_table('\ufeffLR,NOTE\r\n0.1,"a, b"\r\n\r\n0.01,"say ""x"""\r\n', TableFormat.CSV)

    assert table.rows == (("0.1", "a, b"), ("0.01", 'say "x"'))


@pytest.mark.parametrize(
    ("text", "table_format", "message"),
    [
        ("", TableFormat.GRID, "Enter the values."),
        ("LR 0.1", TableFormat.GRID, "Line 1 has no “=”."),
        ("A=1\nA=2", TableFormat.GRID, "A appears twice. Remove one."),
        ("<b>=1", TableFormat.GRID, "“<b>” can't be the name"),
        ("A,B\n1\n", TableFormat.CSV, "Line 2 has 1 values, but the header has 2 names."),
        ("A,B\n", TableFormat.CSV, "The names have no values. Enter at least one value for each name."),
        ("\n".join(f"A{n}={'1,' * 99}1" for n in range(9)), TableFormat.GRID, "the limit is 10,000"),
        ("A=" + "x" * 1001, TableFormat.GRID, "A of index 0: a value is one line of 1,000 characters at most."),
        ('A\n"1\n2"', TableFormat.CSV, "a value is one line"),
        ("A" * 1_000_001, TableFormat.CSV, "more than 1,000,000 characters"),
    ],
)
def test_what_is_no_table_is_told_why(text: str, table_format: TableFormat, message: str) -> None:
    with pytest.raises(SweepError, match=message):
        parse_table(text, table_format)


def test_single_jobs_have_their_values_as_parameter_or_variable_and_all_else_of_the_job() -> None:
    table = SweepTable(("model", "LR"), (("big", "0.1"), ("huge", "0.01")))
    document = sweep_document(JOB, DEFINITION, table, SINGLE)

    first, second = document["jobs"]
    assert (first["jobName"], second["jobName"]) == ("tune-0", "tune-1")
    assert (first["parameters"], second["parameters"]) == ({"model": "big"}, {"model": "huge"})
    assert (environment(first), environment(second)) == ({"SEED": "1", "LR": "0.1"}, {"SEED": "1", "LR": "0.01"})
    assert {key: first[key] for key in ("jobQueue", "jobDefinition")} == {"jobQueue": "cpu", "jobDefinition": "hello"}
    assert table_of(document) == SweepTable(("LR", "model"), (("0.1", "big"), ("0.01", "huge")))
    assert JOB["parameters"] == {"model": "small"}


@pytest.mark.parametrize(
    ("plan", "names", "rows", "message"),
    [
        (SINGLE, ("A",), 1_001, "1,001 single jobs are too many"),
        (ARRAY, ("A",), 1, "An array has at least 2 child jobs."),
        (ARRAY, ("model",), 2, "model is a parameter"),
        (WRAPPED, ("A.B",), 2, "A shell can't set a variable A.B."),
    ],
)
def test_what_a_way_cannot_run_is_told_why(
    plan: IndexRerunPlan, names: tuple[str, ...], rows: int, message: str
) -> None:
    with pytest.raises(SweepError, match=message):
        sweep_document(JOB, DEFINITION, SweepTable(names, (("1",),) * rows), plan)


def test_a_workflow_of_other_jobs_is_no_sweep() -> None:
    other = {**JOB, "jobName": "b", "jobQueue": "gpu"}
    waiting = {**JOB, "jobName": "b", "dependsOn": [{"jobId": "${tune}"}]}

    assert table_of(JOB) is None
    assert table_of({"jobs": [JOB]}) is None
    assert table_of({"jobs": [JOB, {**JOB, "jobName": "b"}]}) is None
    assert table_of({"jobs": [JOB, other]}) is None
    assert table_of({"jobs": [JOB, waiting]}) is None
    assert table_of({"jobs": "x"}) is None


@given(tables())
def test_every_table_is_found_again_in_its_array(table: SweepTable) -> None:
    for plan in (ARRAY, WRAPPED):
        document = sweep_document(JOB, DEFINITION, table, plan)
        assert table_of(document) == table
        assert document["arrayProperties"] == {"size": len(table.rows)}


@given(tables())
def test_every_job_has_the_values_of_its_row(table: SweepTable) -> None:
    document = sweep_document(JOB, DEFINITION, table, SINGLE)

    for job, row in zip(document["jobs"], table.rows, strict=True):
        assert environment(job) == {"SEED": "1", "LR": "9"} | dict(zip(table.names, row, strict=True))
    assert len({job["jobName"] for job in document["jobs"]}) == len(table.rows)
