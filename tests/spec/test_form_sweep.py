"""Several values for the fields of a form."""

import pytest

from jobs.spec.launch_forms import sweep
from jobs.spec.launch_forms.fields import LaunchField, LaunchFieldType
from jobs.spec.launch_forms.sweep import FormSweep
from jobs.spec.sweep import SweepError, TableFormat

FIELDS = (
    LaunchField("rate", "Learning rate", type=LaunchFieldType.NUMBER),
    LaunchField("names", type=LaunchFieldType.SEVERAL, choices=("a", "b")),
)


def test_every_combination_runs_or_the_values_side_by_side() -> None:
    columns = {"rate": ["1", "2"], "names": ["a", "b"]}

    grid = sweep.combine(columns, TableFormat.GRID)
    assert [tuple(row.values()) for row in grid] == [("1", "a"), ("1", "b"), ("2", "a"), ("2", "b")]
    side_by_side = sweep.combine(columns, TableFormat.ZIP)
    assert [tuple(row.values()) for row in side_by_side] == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize(
    ("columns", "table_format", "message"),
    [
        ({"rate": []}, TableFormat.GRID, "rate has no values"),
        ({"rate": ["1"], "names": ["a", "b"]}, TableFormat.ZIP, "rate 1, names 2"),
        ({"rate": range(101), "names": range(10)}, TableFormat.GRID, "1,010 jobs, and the limit is 1,000"),
        ({"rate": range(1001)}, TableFormat.ZIP, "1,001 jobs"),
    ],
)
def test_values_that_make_no_sweep_are_refused(
    columns: dict[str, list[str]], table_format: TableFormat, message: str
):
    with pytest.raises(SweepError, match=message):
        sweep.combine(columns, table_format)


def test_a_table_has_names_or_labels_in_its_first_line() -> None:
    assert sweep.csv_rows(FIELDS, 'Learning rate,names\n0.1,"a,b"\n0.2,a\n') == [
        {"rate": "0.1", "names": "a,b"},
        {"rate": "0.2", "names": "a"},
    ]
    with pytest.raises(SweepError, match="no field other"):
        sweep.csv_rows(FIELDS, "other\n1\n")
    with pytest.raises(SweepError, match="1,001 jobs"):
        sweep.csv_rows(FIELDS, "rate\n" + "1\n" * 1001)


def test_values_are_separated_by_lines_and_by_commas_where_a_value_has_none() -> None:
    rate, names = FIELDS

    assert sweep.split_values(rate, " 0.1, 0.2\n\n0.3 ") == ["0.1", "0.2", "0.3"]
    assert sweep.split_values(names, "a,b\na") == ["a,b", "a"]


def test_lists_of_a_request_are_columns_unless_the_field_takes_several() -> None:
    entries = {"rate": [1, 2], "names": ["a", "b"], "other": [1]}

    assert sweep.list_columns(FIELDS, entries) == {"rate": [1, 2]}
    assert sweep.list_columns(FIELDS, {"names": [["a"], ["a", "b"]]}) == {"names": [["a"], ["a", "b"]]}
    assert sweep.list_columns(FIELDS, {"names": []}) == {}


def test_stored_values_of_a_sweep_are_listed_but_start_nothing_again() -> None:
    rows = FormSweep(("rate",), ({"rate": "1", "x": "y"}, {"rate": "2", "x": "y"}, {"rate": "1", "x": "y"}))
    stored = {"rate": sweep.listed_values(rows, "rate"), "x": "y", sweep.SWEPT: "rate"}

    assert stored["rate"] == "1, 2"
    assert sweep.single_values(stored) == {"x": "y"}
    long = FormSweep(("rate",), tuple({"rate": str(number)} for number in range(500)))
    assert len(sweep.listed_values(long, "rate")) == sweep.MAX_TEXT_LENGTH
