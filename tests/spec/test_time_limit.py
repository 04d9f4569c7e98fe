"""A timeout that says nothing reads the same in every place: as if it were not there."""

import json
from functools import partial
from typing import Any

import pytest

from jobs.policy.requests import build_job_request
from jobs.spec import effective
from jobs.spec.documents import Document
from jobs.spec.parsing.parser import parse
from tests.spec.samples import definition, submission

EMPTY = [{}, None, {"attemptDurationSeconds": None}]
LEFT_OUT = "timeout is empty and was left out."
LIMITED = definition(timeout={"attemptDurationSeconds": 90})


@pytest.mark.parametrize("empty", EMPTY, ids=json.dumps)
@pytest.mark.parametrize("document", [definition(), submission()], ids=["definition", "submission"])
def test_an_empty_timeout_is_left_out_where_it_is_read_and_that_is_said(document, empty):
    reading = parse(json.dumps({**document, "timeout": empty}))

    assert reading.document == document
    assert [(change.pointer, change.message) for change in reading.changes] == [("/timeout", LEFT_OUT)]


@pytest.mark.parametrize("empty", EMPTY, ids=json.dumps)
def test_each_step_of_a_workflow_is_read_so(empty):
    limited = submission(jobName="b", timeout={"attemptDurationSeconds": 90})
    reading = parse(json.dumps({"jobs": [submission(jobName="a", timeout=empty), limited]}))

    assert reading.document == {"jobs": [submission(jobName="a"), limited]}
    assert [(change.pointer, change.message) for change in reading.changes] == [("/jobs/0/timeout", LEFT_OUT)]


@pytest.mark.parametrize("empty", EMPTY, ids=json.dumps)
def test_the_definition_s_limit_counts_beside_an_empty_one(empty):
    over = submission(timeout=empty)

    assert effective.effective_job(LIMITED, over).as_json()["timeoutSeconds"] == {"value": 90, "from": "definition"}
    assert run_seconds(LIMITED, over) == run_seconds(LIMITED, submission()) == 90
    assert run_seconds(definition(timeout=empty), over) == 0


def run_seconds(base: Document, over: Document) -> int | None:
    """The seconds that rules and the price go by; 0 where there is no limit."""
    ask = partial(
        build_job_request, definition_name="x", definition_shared=False, queue_name="q", queue_id=1, queue_open=True
    )
    return ask(over, base).run_seconds


def test_a_timeout_that_is_wrong_is_not_left_out():
    wrongs: tuple[Any, ...] = ("", [], 0, {"attemptDurationSeconds": 0}, {"seconds": 1})
    for wrong in wrongs:
        assert parse(json.dumps(submission(timeout=wrong))).document["timeout"] == wrong
