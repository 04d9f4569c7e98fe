"""The name of a workflow."""

import pytest

from jobs.spec.rules import workflow as judge
from jobs.spec.workflow_name import workflow_name
from tests.spec.samples import pointers_and_rules, step, workflow


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        (["train"], "train"),
        (["preprocess-dataset-42", "train-model-42", "evaluate-model-42"], "workflow-42"),
        (["nightly-preprocess", "nightly-train", "nightly-evaluate"], "nightly"),
        (["year_end_load", "year_end_report"], "year-end"),
        (["load-nightly", "train-nightly"], "nightly"),
        (["nightly-load-42", "nightly-train-42"], "nightly"),
        (["load", "load-again"], "load and 1 more"),
        (["2-load", "2-train"], "2-load and 1 more"),
        (["extract", "train", "report"], "extract and 2 more"),
        (["x" * 128, "y"], f"{'x' * 100} and 1 more"),
        (["", "-"], " and 1 more"),
    ],
)
def test_a_workflow_without_a_name_is_named_by_what_its_steps_share(steps: list[str], name: str) -> None:
    assert workflow_name({}, steps) == name


def test_the_name_of_the_document_wins() -> None:
    assert workflow_name({"name": "nightly-42"}, ["load-1", "train-1"]) == "nightly-42"


def test_a_name_of_one_line_is_valid() -> None:
    assert judge.check_workflow({"name": "Nightly run, 42 (EU)", **workflow(step("a"), step("b"))}) == []


@pytest.mark.parametrize("name", ["", " ", " nightly", "nightly ", "nightly\n", "two\nlines", "\0", "x" * 129])
def test_any_other_name_is_refused(name: str) -> None:
    problems = judge.check_workflow({"name": name, **workflow(step("a"))})
    assert list(pointers_and_rules(problems)) == [("/name", "schema.pattern")]
    assert "must be one line of 1 to 128 characters" in problems[0].message


def test_a_name_that_is_no_text_is_refused() -> None:
    assert list(pointers_and_rules(judge.check_workflow({"name": 42, **workflow(step("a"))}))) == [
        ("/name", "schema.wrong-type")
    ]
