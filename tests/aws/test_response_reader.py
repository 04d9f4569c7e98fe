"""Whatever AWS answers, it becomes a value or one of the four kinds of failure. Never anything else."""

import ast
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from jobs.aws import batch
from jobs.aws.errors import (
    AwsError,
    CredentialsError,
    MalformedResponseError,
    OutcomeUnknownError,
    RejectedError,
    RetryableError,
)
from jobs.aws.response_reader import ResponseReader, paginate
from jobs.aws.session import Purpose, client_for
from jobs.models import Account
from tests.aws.answering import WRONG, answer_with, client, full_answer, json_body, paths, replace_value
from tests.aws.calls import CALLS, SINCE, Call, outcome

BY_NAME = pytest.mark.parametrize(
    "call", CALLS, ids=[f"{number}-{call.operation}" for number, call in enumerate(CALLS)]
)
KINDS = (RejectedError, CredentialsError, RetryableError, OutcomeUnknownError)


@pytest.mark.long
def test_nobody_reads_an_answer_but_at_the_door():
    """In jobs/aws no call of a client is made, and no member of an answer taken, outside of `answers`."""
    offences = []
    for path in sorted(Path("jobs/aws").glob("*.py")):
        if path.name in ("response_reader.py", "errors.py", "arns.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            by_key = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _is_text(node.slice)
            direct = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in ("client", "sts")
            )
            if by_key or direct:
                offences.append(f"{path}: {ast.unparse(node)}")
    for path in sorted(each for folder in ("sync", "dispatch", "reports", "pricing", "actions") for each in
                       Path("jobs", folder).glob("*.py")):  # fmt: skip
        for node in ast.walk(ast.parse(path.read_text())):
            owner = node.value if isinstance(node, ast.Subscript | ast.Attribute) else None
            if isinstance(owner, ast.Attribute) and owner.attr == "raw" and ast.unparse(owner) not in OWN_ROWS:
                offences.append(f"{path}: {ast.unparse(node)}")

    assert offences == []


OWN_ROWS = ("queue.raw",)
"""A row of the portal's own, that holds an object whatever AWS said."""


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@BY_NAME
def test_a_whole_answer_is_read(call: Call):
    value = outcome(call, json.dumps(full_answer(call.service, call.operation)).encode())

    assert not isinstance(value, AwsError)


@BY_NAME
def test_an_answer_that_was_cut_is_never_taken_for_a_whole_one(call: Call):
    body = json.dumps(full_answer(call.service, call.operation)).encode()
    for length in range(0, len(body), len(body) // 40 + 1):
        value = outcome(call, body[:length])

        assert call.empty_is_fine or isinstance(value, OutcomeUnknownError), body[:length]


@pytest.mark.long
@BY_NAME
def test_a_member_of_another_type_breaks_no_reader(call: Call):
    answer = full_answer(call.service, call.operation)
    every = list(paths(answer))
    near = [path for path in every if len(path) <= 3]  # those deeper in are many, and read by few
    for path, wrong in zip([*near, *every[:: len(every) // 40 + 1]], itertools.cycle(WRONG), strict=False):
        value = outcome(call, replace_value(answer, path, wrong))

        assert not isinstance(value, AwsError) or isinstance(value, KINDS)


@BY_NAME
def test_what_is_no_answer_at_all_is_never_taken_for_one(call: Call):
    for body in (b"", b"5", b"[]", b'"x"', b"null", b"\xff\xfe", b"[" * 100_000, b"NaN", b"{}", b"<html>"):
        value = outcome(call, body)

        assert call.empty_is_fine or isinstance(value, OutcomeUnknownError), body[:20]


def listing(*entries: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"jobSummaryList": list(entries), **more}).encode()


@pytest.mark.parametrize(
    "body",
    [
        listing({"jobId": "a"}),
        listing({"jobName": "x-1"}),
        listing({"jobId": "a", "jobName": "x-1"}, {"jobId": 5, "jobName": "x-1"}),
        listing({"jobId": "a\0", "jobName": "x-1"}),
        listing(nextToken=5),
        listing(nextToken={"next": 1}),
        json.dumps({"jobSummaryList": {"jobId": "a"}}).encode(),
        json.dumps({"jobSummaryList": ["a"]}).encode(),
        json.dumps({"nextToken": ""}).encode(),
    ],
)
def test_from_a_list_that_is_not_whole_nobody_learns_that_a_job_is_absent(body: bytes):
    with answer_with(body), pytest.raises(OutcomeUnknownError):
        batch.find_job_ids(client(), "q", "x-1")


def test_a_second_page_that_was_cut_takes_the_first_with_it():
    bodies = iter([listing({"jobId": "a", "jobName": "other"}, nextToken="2"), b'{"jobSummaryList": [{"jo'])
    with answer_with(lambda _: next(bodies)), pytest.raises(OutcomeUnknownError):
        batch.find_job_ids(client(), "q", "x-1")


def test_pages_that_lead_back_to_themselves_come_to_an_end():
    with answer_with(listing(nextToken="again")) as requests, pytest.raises(MalformedResponseError):
        list(paginate(client().list_jobs, jobQueue="q"))

    assert len(requests) == 2


def test_jobs_of_a_list_are_handed_on_before_it_is_said_that_one_could_not_be_read():
    with answer_with(listing({"jobId": 5}, {"jobId": "a", "jobName": "x"})):
        listed = batch.list_created_since(client(), "q", SINCE)

        assert [job.batch_id for job in next(listed)] == ["a"]
        with pytest.raises(MalformedResponseError):
            next(listed)


def descriptions(spoilt: dict[str, Any]):
    """DescribeJobs answers as AWS does, save that some jobs are described in an odd way."""

    def respond(request: Any) -> bytes:
        jobs = [{"jobId": each, "status": "RUNNING", **spoilt.get(each, {})} for each in json_body(request)["jobs"]]
        return json.dumps({"jobs": jobs}).encode()

    return respond


@pytest.mark.parametrize("odd", [{"status": 5}, {"attempts": [5]}, {"container": "text"}, {"attempts": {"a": 1}}])
def test_one_job_that_cannot_be_read_leaves_the_other_ninety_nine(odd: dict[str, Any]):
    ids = [f"job-{number}" for number in range(100)]
    with answer_with(descriptions({"job-37": odd})) as requests:
        described = batch.describe(client(), ids)

    assert described.unreadable_ids == {"job-37"}
    assert {each.batch_id for each in described.observations} == set(ids) - {"job-37"}
    assert len(requests) <= batch.MAX_SPLIT_CALLS


def test_a_description_without_an_id_may_be_of_any_job_that_was_not_described():
    with answer_with(b'{"jobs": [{"jobId": "a", "status": "RUNNING"}, {"jobId": null, "status": "RUNNING"}]}'):
        assert batch.describe(client(), ["a", "b", "c"]).unreadable_ids == {"b", "c"}


def test_when_nothing_can_be_read_it_is_asked_a_few_times_only():
    with answer_with(b'{"jobs": [') as requests, pytest.raises(MalformedResponseError):
        batch.describe(client(), [f"job-{number}" for number in range(100)])

    assert len(requests) == batch.MAX_FAILED_SPLIT_CALLS


def test_numbers_and_times_beyond_what_a_column_holds_are_left_out():
    answer = ResponseReader({"exitCode": 2**40, "startedAt": 10**20, "stoppedAt": float("nan"), "isCancelled": "yes"})

    assert answer.number("exitCode") is None
    assert (answer.timestamp("startedAt"), answer.timestamp("stoppedAt")) == (None, None)
    assert answer.flag("isCancelled") is False


CREDENTIALS = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKIDROLE</AccessKeyId>"
    "<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>"
    "<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
)


def by_role(region: str) -> Any:
    """A client that has to assume a role first; by region, so that no test has another's credentials."""
    role = "arn:aws:iam::111122223333:role/batch-portal"
    account = Account(access="role", region=region, role_arn=role, endpoint_url="http://127.0.0.1:9")
    return client_for(account, "batch", Purpose.READ)


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "credentials"),
    ids=itertools.count(),
    argvalues=list(
        enumerate(
            [
                CREDENTIALS[:0],
                CREDENTIALS[:90],
                CREDENTIALS[:200],
                "<AssumeRoleResponse></AssumeRoleResponse>",
                CREDENTIALS.replace("2999", "1999"),
                CREDENTIALS.replace("2999-01-01T00:00:00Z", "soon"),
                CREDENTIALS.replace("<SessionToken>token</SessionToken>", ""),
                CREDENTIALS.replace("AKIDROLE", ""),
            ]
        )
    ),
)
def test_a_role_whose_credentials_came_cut_is_assumed_again(monkeypatch, number: int, credentials: str):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDPORTAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    answers = iter([credentials, CREDENTIALS])
    read = by_role(f"us-west-{number + 1}")

    def respond(request: Any) -> bytes:
        return b'{"jobs": []}' if request.url.endswith("describejobs") else next(answers).encode()

    with answer_with(respond) as requests:
        with pytest.raises(RetryableError) as failure:
            batch.describe(read, ["a"])
        assert failure.value.operation == "AssumeRole"
        assert len(requests) == 1  # the call itself never left

        assert batch.describe(read, ["a"]).observations == ()
