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
from jobs.aws.errors import CredentialsError, MalformedResponseError, RetryableError, ThrottledError
from jobs.aws.outcomes import MIN_WAIT_SECONDS, CallOutcome, OutcomeTracker

URL = "https://batch.example.org"


class Calls:
    """The calls of one account's client, as botocore tells of them."""

    def __init__(self) -> None:
        self.outcomes = OutcomeTracker()
        self._handlers: dict[str, Any] = {}
        events = SimpleNamespace(register=self._handlers.__setitem__)
        self.outcomes.watch(SimpleNamespace(meta=SimpleNamespace(events=events)), "account")

    def answered(self, status: int) -> CallOutcome:
        self._handlers["after-call"](http_response=SimpleNamespace(status_code=status), parsed={})
        return self.outcomes.pop("account")

    def failed(self, *errors: Exception) -> CallOutcome:
        for error in errors:
            self._handlers["after-call-error"](exception=error, context={})
        return self.outcomes.pop("account")


@pytest.mark.parametrize(
    "error",
    [
        DeadlineError("", MIN_WAIT_SECONDS),
        ReadTimeoutError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
        RetryableError("", code="ReadTimeoutError"),
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
        RetryableError("", code="InternalFailure"),
    ],
)
def test_a_broken_connection_is_a_failure(error):
    outcome = Calls().failed(error, error)

    assert (outcome.failures, outcome.timed_out, outcome.answered) == (2, False, False)


@pytest.mark.parametrize(
    "error",
    [
        DeadlineError("", MIN_WAIT_SECONDS - 1),
        NoCredentialsError(),
        CredentialsError(""),
        ThrottledError(""),
        MalformedResponseError(""),
    ],
)
def test_what_says_nothing_of_the_account_is_not_counted(error):
    assert Calls().failed(error) == CallOutcome()


@pytest.mark.parametrize(("status", "failures"), [(200, 0), (400, 0), (403, 0), (429, 0), (500, 1), (503, 1)])
def test_only_a_5xx_is_no_answer(status, failures):
    outcome = Calls().answered(status)

    assert (outcome.failures, outcome.answered) == (failures, not failures)


def test_an_answer_forgets_the_failures_before_it_and_each_outcome_is_taken_once():
    calls = Calls()
    calls._handlers["after-call-error"](exception=ReadTimeoutError(endpoint_url=URL))

    assert calls.answered(200) == CallOutcome(answered=True)
    assert calls.outcomes.pop("account") == CallOutcome()
