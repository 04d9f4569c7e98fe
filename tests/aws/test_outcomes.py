"""What says that AWS does not answer, and what is an answer."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from jobs.aws.deadline import DeadlineError
from jobs.aws.errors import AccessTroubleError, MalformedAnswerError, TooFastError, TryAgainError
from jobs.aws.outcomes import LEAST_WAIT_SECONDS, Outcome, Outcomes

URL = "https://batch.example.org"


class Calls:
    """The calls of one account's client, as botocore tells of them."""

    def __init__(self) -> None:
        self.outcomes = Outcomes()
        self._handlers: dict[str, Any] = {}
        events = SimpleNamespace(register=self._handlers.__setitem__)
        self.outcomes.watch(SimpleNamespace(meta=SimpleNamespace(events=events)), "account")

    def answered(self, status: int) -> Outcome:
        self._handlers["after-call"](http_response=SimpleNamespace(status_code=status), parsed={})
        return self.outcomes.take("account")

    def failed(self, *errors: Exception) -> Outcome:
        for error in errors:
            self._handlers["after-call-error"](exception=error, context={})
        return self.outcomes.take("account")


@pytest.mark.parametrize(
    "error",
    [
        DeadlineError("", LEAST_WAIT_SECONDS),
        ReadTimeoutError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
        TryAgainError("", code="ReadTimeoutError"),
    ],
)
def test_no_answer_in_time_is_told_as_such(error):
    outcome = Calls().failed(error)

    assert (outcome.failures, outcome.timed_out) == (1, True)


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url=URL),
        ConnectionClosedError(endpoint_url=URL),
        TryAgainError("", code="InternalFailure"),
    ],
)
def test_a_broken_connection_is_a_failure(error):
    outcome = Calls().failed(error, error)

    assert (outcome.failures, outcome.timed_out, outcome.answered) == (2, False, False)


@pytest.mark.parametrize(
    "error",
    [
        DeadlineError("", LEAST_WAIT_SECONDS - 1),
        NoCredentialsError(),
        AccessTroubleError(""),
        TooFastError(""),
        MalformedAnswerError(""),
    ],
)
def test_what_says_nothing_of_the_account_is_not_counted(error):
    assert Calls().failed(error) == Outcome()


@pytest.mark.parametrize(("status", "failures"), [(200, 0), (400, 0), (403, 0), (429, 0), (500, 1), (503, 1)])
def test_only_a_5xx_is_no_answer(status, failures):
    outcome = Calls().answered(status)

    assert (outcome.failures, outcome.answered) == (failures, not failures)


def test_an_answer_forgets_the_failures_before_it_and_each_outcome_is_taken_once():
    calls = Calls()
    calls._handlers["after-call-error"](exception=ReadTimeoutError(endpoint_url=URL))

    assert calls.answered(200) == Outcome(answered=True)
    assert calls.outcomes.take("account") == Outcome()
