"""Answers of AWS that were cut or spoilt anywhere: each is a value, or one of the four kinds of failure."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.aws.errors import AwsError, OutcomeUnknownError
from jobs.sync.events import MalformedEventError, parse_job_id
from tests.aws.answering import WRONG, full_answer, paths, replace_value
from tests.aws.calls import CALLS, Call, outcome
from tests.examples import examples
from tests.fuzz.documents import ANYTHING

ANSWERS = {number: full_answer(call.service, call.operation) for number, call in enumerate(CALLS)}
PATHS = {number: list(paths(answer)) for number, answer in ANSWERS.items()}
EVENT: dict[str, Any] = {
    "version": "0",
    "detail-type": "Batch Job State Change",
    "source": "aws.batch",
    "detail": {"jobId": "4c7599ae-0a82-49aa-ba5a-4727fcce14a8", "status": "FAILED"},
}

calls = st.sampled_from(list(enumerate(CALLS)))


@examples(40, 20_000)
@given(calls, st.data())
def test_an_answer_cut_at_any_byte_says_nothing(numbered: tuple[int, Call], data: st.DataObject) -> None:
    number, call = numbered
    body = json.dumps(ANSWERS[number]).encode()
    value = outcome(call, body[: data.draw(st.integers(0, len(body) - 1))])

    assert call.empty_is_fine or isinstance(value, OutcomeUnknownError)


@pytest.mark.long
@examples(30, 20_000)
@given(calls, st.data())
def test_members_of_any_other_type_break_no_reader(numbered: tuple[int, Call], data: st.DataObject) -> None:
    number, call = numbered
    wrong = data.draw(st.sampled_from(WRONG) | ANYTHING)
    if not PATHS[number]:
        outcome(call, json.dumps(wrong).encode())
        return
    body = replace_value(ANSWERS[number], data.draw(st.sampled_from(PATHS[number])), wrong)
    value = outcome(call, body)

    assert not isinstance(value, AwsError) or value.message


@examples(40, 20_000)
@given(st.sampled_from(list(paths(EVENT))), st.sampled_from(WRONG) | ANYTHING, st.integers(0, 200))
def test_an_event_names_a_job_or_is_malformed(path: tuple[str | int, ...], wrong: Any, cut: int) -> None:
    for body in (replace_value(EVENT, path, wrong), json.dumps(EVENT).encode()[:cut], json.dumps(wrong).encode()):
        try:
            job_id = parse_job_id(body.decode())
        except MalformedEventError:
            continue
        assert 0 < len(job_id) <= 100
