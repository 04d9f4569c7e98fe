"""Documents that run single indexes of an array again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.spec.index_rerun import (
    IndexRerunError,
    IndexRerunPlan,
    IndexSource,
    RerunKind,
    command_warning,
    format_indexes,
    indexes_of,
    known_command,
    parse_indexes,
    rerun_steps,
)
from tests.examples import examples

DEFINITION = {"containerProperties": {"image": "busybox", "command": ["run", "Ref::model"]}}
ARRAY: dict[str, Any] = {
    "jobName": "sweep",
    "jobQueue": "cpu",
    "jobDefinition": "hello:3",
    "arrayProperties": {"size": 50},
    "dependsOn": [{"jobId": "x"}, {"type": "SEQUENTIAL"}],
    "parameters": {"model": "big one"},
    "containerOverrides": {"environment": [{"name": "SEED", "value": "1"}]},
    "tags": {"Project": "GenAI"},
}
WRAPPED = IndexRerunPlan(source=IndexSource.WRAPPER)
AS_ARRAY = IndexRerunPlan(RerunKind.ARRAY)


def environment(document: Any) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in document["containerOverrides"]["environment"]}


def test_each_index_is_a_job_with_its_index_and_all_else_of_the_array() -> None:
    steps = rerun_steps(ARRAY, DEFINITION, [3, 17], IndexRerunPlan())

    assert [step.indexes for step in steps] == [(3,), (17,)]
    assert [step.document["jobName"] for step in steps] == ["sweep-3", "sweep-17"]
    second = steps[1].document
    assert environment(second) == {"SEED": "1", "ARRAY_INDEX": "17"}
    assert {"arrayProperties", "dependsOn"}.isdisjoint(second)
    assert "command" not in second["containerOverrides"]
    assert (second["tags"], second["parameters"]) == (ARRAY["tags"], ARRAY["parameters"])
    assert ARRAY["containerOverrides"] == {"environment": [{"name": "SEED", "value": "1"}]}


def test_an_array_has_its_indexes_in_one_variable_by_which_they_are_known_again() -> None:
    [step] = rerun_steps(ARRAY, DEFINITION, [3, 17, 40], AS_ARRAY)

    assert step.document["arrayProperties"] == {"size": 3}
    assert environment(step.document)["ARRAY_INDEXES"] == "3 17 40"
    assert indexes_of(step.document) == step.indexes == (3, 17, 40)
    assert indexes_of(ARRAY) == ()


@pytest.mark.parametrize("kind", list(RerunKind))
def test_a_shell_starts_the_command_with_its_parameters(kind: RerunKind) -> None:
    step = rerun_steps(ARRAY, DEFINITION, [3, 17], IndexRerunPlan(kind, IndexSource.WRAPPER))[0]
    command = step.document["containerOverrides"]["command"]

    assert command[:2] == ["sh", "-c"]
    assert "export AWS_BATCH_JOB_ARRAY_INDEX=" in command[2]
    assert command[3:] == ["sh", "run", "big one"]
    assert not any(name.startswith("AWS_BATCH") for name in environment(step.document))


@pytest.mark.parametrize(
    ("script", "plan", "is_wrong"),
    [
        ("run $AWS_BATCH_JOB_ARRAY_INDEX", IndexRerunPlan(), True),
        ("run $AWS_BATCH_JOB_ARRAY_INDEX", AS_ARRAY, True),
        ("run $AWS_BATCH_JOB_ARRAY_INDEX", WRAPPED, False),
        ("run ${ARRAY_INDEX-$AWS_BATCH_JOB_ARRAY_INDEX}", IndexRerunPlan(), False),
        ("pick $AWS_BATCH_JOB_ARRAY_INDEX $ARRAY_INDEXES", AS_ARRAY, False),
        ("run", IndexRerunPlan(), False),
    ],
)
def test_a_command_that_reads_another_variable_is_warned_of(
    script: str, plan: IndexRerunPlan, is_wrong: bool
) -> None:
    document = {"containerOverrides": {"command": ["sh", "-c", script]}}

    assert ("would run the wrong index" in command_warning(document, DEFINITION, plan)) is is_wrong


def test_the_command_of_the_request_comes_before_that_of_the_definition() -> None:
    assert known_command({"containerOverrides": {"command": ["other"]}}, DEFINITION) == ["other"]


def test_a_long_name_has_room_for_its_index() -> None:
    [step] = rerun_steps({**ARRAY, "jobName": "n" * 128}, DEFINITION, [9999], IndexRerunPlan())

    assert step.document["jobName"] == "n" * 123 + "-9999"


@pytest.mark.parametrize(
    ("document", "definition", "indexes", "plan", "message"),
    [
        (ARRAY, DEFINITION, [], IndexRerunPlan(), "Enter at least one index."),
        (ARRAY, DEFINITION, [3], AS_ARRAY, "An array has at least 2 child jobs. Run one index as a single job."),
        (ARRAY, {"eksProperties": {}}, [3], IndexRerunPlan(), "Only indexes of jobs with a single container"),
        (ARRAY, {"containerProperties": {"image": "x"}}, [3], WRAPPED, "neither the request nor the definition has"),
        (
            {**ARRAY, "containerOverrides": {"environment": [{"name": "ARRAY_INDEX", "value": "1"}]}},
            *(DEFINITION, [3], IndexRerunPlan(), "The job already sets ARRAY_INDEX"),
        ),
    ],
)
def test_what_cannot_run_again_is_told_why(
    document: Any, definition: Any, indexes: list[int], plan: IndexRerunPlan, message: str
) -> None:
    with pytest.raises(IndexRerunError, match=message):
        rerun_steps(document, definition, indexes, plan)


@pytest.mark.parametrize("text", ["x", "3,,x", "-3", "3-", "17-3", "50", "3-50", "٣", "1" * 30, "3 17"])
def test_a_text_that_is_no_list_of_its_indexes_is_refused(text: str) -> None:
    with pytest.raises(IndexRerunError):
        parse_indexes(text, 50)


def test_indexes_are_read_in_any_order_and_once() -> None:
    assert parse_indexes(" 17 - 20, 3,18,", 50) == (3, 17, 18, 19, 20)


@examples(30, 2_000)
@given(st.sets(st.integers(0, 9999), max_size=50).map(sorted))
def test_written_indexes_are_read_as_they_were(indexes: list[int]) -> None:
    assert parse_indexes(format_indexes(indexes), 10_000) == tuple(indexes)
