"""What a failed call means, seen on the wire: how many requests left, and which of the four kinds came back."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.aws import batch
from jobs.aws.errors import CredentialsError, OutcomeUnknownError, RejectedError, RetryableError
from jobs.aws.session import DualClock, Purpose, client_for, fence
from jobs.models import Account
from tests import http_wire

REQUEST = {"jobName": "x", "jobQueue": "q", "jobDefinition": "d"}


def submit_to(url: str) -> batch.SubmittedJob:
    client = client_for(Account(access="sandbox", region="us-west-2", endpoint_url=url), "batch", Purpose.SUBMIT)
    with fence.open_for(10, DualClock()):
        return batch.submit(client, REQUEST)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http_wire.refuses, RejectedError),
        (http_wire.reply(403, {"message": "no"}, "AccessDeniedException"), RejectedError),
        (http_wire.reply(403, {"message": "old"}, "ExpiredTokenException"), CredentialsError),
        (http_wire.throttles, RetryableError),
        (http_wire.reply(400, {"message": "slow"}, "ThrottlingException"), RetryableError),
        (http_wire.breaks, OutcomeUnknownError),
        (http_wire.reply(503, {}), OutcomeUnknownError),
        (http_wire.hang_up, OutcomeUnknownError),
        (http_wire.truncated(), OutcomeUnknownError),
        (http_wire.reply(200, {"jobName": "x"}), OutcomeUnknownError),
    ],
)
def test_one_call_is_one_request_and_its_failure_is_of_one_kind(answer, kind):
    with http_wire.wire(answer) as aws:
        with pytest.raises(kind):
            submit_to(aws.url)

        assert aws.paths() == ["/v1/submitjob"]


def test_an_acceptance_gives_the_id():
    with http_wire.wire(http_wire.accepts) as aws:
        assert submit_to(aws.url) == batch.SubmittedJob(http_wire.ACCEPTED_ID, "request-1")


def test_where_nobody_listens_nothing_has_happened():
    with pytest.raises(RetryableError):
        submit_to("http://127.0.0.1:9")


def test_a_submission_that_was_held_up_too_long_does_not_leave():
    with http_wire.wire(http_wire.accepts) as aws:
        client = client_for(
            Account(access="sandbox", region="us-west-2", endpoint_url=aws.url), "batch", Purpose.SUBMIT
        )
        with fence.open_for(-1, DualClock()), pytest.raises(RetryableError):
            batch.submit(client, REQUEST)
        with pytest.raises(RetryableError):
            batch.submit(client, REQUEST)  # no intent was written for it at all

        assert aws.requests == []


def test_the_guard_is_open_for_one_submission_and_for_no_other_thread():
    with http_wire.wire(http_wire.accepts) as aws:
        submit_to(aws.url)
        account = Account(access="sandbox", region="us-west-2", endpoint_url=aws.url)
        client = client_for(account, "batch", Purpose.SUBMIT)
        with pytest.raises(RetryableError):
            batch.submit(client, REQUEST)
        with fence.open_for(10, DualClock()), ThreadPoolExecutor(1) as other, pytest.raises(RetryableError):
            other.submit(batch.submit, client, REQUEST).result()

        assert len(aws.requests) == 1


def test_the_environment_cannot_bring_the_retries_back(monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
    with http_wire.wire(http_wire.breaks) as aws:
        with pytest.raises(OutcomeUnknownError):
            submit_to(aws.url)

        assert len(aws.requests) == 1


def test_a_name_is_found_whatever_its_state_but_only_spelled_exactly():
    jobs = [
        {"jobId": "b", "jobName": "x-1", "createdAt": 2},
        {"jobId": "a", "jobName": "x-1", "createdAt": 1},
        {"jobId": "c", "jobName": "X-1", "createdAt": 0},
    ]
    with http_wire.wire(http_wire.lists(*jobs)) as aws:
        client = client_for(
            Account(access="sandbox", region="us-west-2", endpoint_url=aws.url), "batch", Purpose.READ
        )

        assert batch.find_job_ids(client, "q", "x-1") == ["a", "b"]
        assert aws.requests[0][1]["filters"] == [{"name": "JOB_NAME", "values": ["x-1"]}]
