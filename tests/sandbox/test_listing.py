"""ListJobs and DescribeJobs with AWS's manners."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.bench import Bench

QUEUE = "finance-team-queue"


@pytest.fixture(scope="module")
def full_queue(idle_sandbox: Bench) -> tuple[Bench, list[str]]:
    """One queue with 130 jobs, the last of them an array."""
    idle_sandbox.define("risk")
    ids = [idle_sandbox.submit("risk", jobQueue=QUEUE, jobName=f"Risk-{number:03}") for number in range(129)]
    ids.append(idle_sandbox.submit("risk", jobQueue=QUEUE, jobName="other", arrayProperties={"size": 3}))
    return idle_sandbox, ids


def names(bench: Bench, **filters: Any) -> list[str]:
    page = bench.batch.list_jobs(**{"jobQueue": QUEUE, **filters})
    return [job["jobName"] for job in page["jobSummaryList"]]


def name_filter(name: str, value: str) -> dict[str, Any]:
    return {"filters": [{"name": name, "values": [value]}]}


@pytest.mark.long
def test_only_running_jobs_are_listed_unless_asked_otherwise(full_queue: tuple[Bench, list[str]]) -> None:
    bench, _ = full_queue
    assert names(bench) == []
    assert len(names(bench, jobStatus="SUBMITTED")) == 130


def test_jobs_are_listed_newest_first_and_without_children(full_queue: tuple[Bench, list[str]]) -> None:
    bench, _ = full_queue
    assert names(bench, jobStatus="SUBMITTED", maxResults=3) == ["other", "Risk-128", "Risk-127"]


def test_a_filter_answers_with_every_status_at_most_a_hundred_a_page(full_queue: tuple[Bench, list[str]]) -> None:
    bench, ids = full_queue
    pages = [
        page["jobSummaryList"]
        for page in bench.batch.get_paginator("list_jobs").paginate(jobQueue=QUEUE, **name_filter("JOB_NAME", "*"))
    ]

    assert [len(page) for page in pages] == [100, 30]
    assert [job["jobId"] for page in pages for job in page] == ids[::-1]


def test_names_are_compared_in_any_case_and_by_their_beginning(full_queue: tuple[Bench, list[str]]) -> None:
    bench, _ = full_queue
    assert names(bench, **name_filter("JOB_NAME", "rISK-007")) == ["Risk-007"]
    assert names(bench, **name_filter("JOB_NAME", "RISK-00*")) == [f"Risk-{number:03}" for number in range(9, -1, -1)]
    assert names(bench, **name_filter("JOB_NAME", "risk")) == []


def test_definitions_are_compared_exactly(full_queue: tuple[Bench, list[str]]) -> None:
    bench, ids = full_queue
    arn = bench.describe(ids[0])["jobDefinition"]
    for value, many in ((arn, 100), ("risk", 100), ("ris*", 100), ("ris", 0), ("RISK", 0)):
        assert len(names(bench, **name_filter("JOB_DEFINITION", value))) == many, value


def test_times_of_creation_are_milliseconds_as_text(full_queue: tuple[Bench, list[str]]) -> None:
    bench, ids = full_queue
    border = bench.describe(ids[100])["createdAt"]
    after = bench.batch.list_jobs(jobQueue=QUEUE, **name_filter("AFTER_CREATED_AT", str(border)))["jobSummaryList"]
    before = bench.batch.list_jobs(jobQueue=QUEUE, **name_filter("BEFORE_CREATED_AT", str(border)))["jobSummaryList"]

    assert after
    assert all(job["createdAt"] > border for job in after)
    assert all(job["createdAt"] < border for job in before)
    with pytest.raises(ClientError, match="milliseconds"):
        names(bench, **name_filter("AFTER_CREATED_AT", "yesterday"))


def test_children_are_listed_by_their_array_and_index(full_queue: tuple[Bench, list[str]]) -> None:
    bench, ids = full_queue
    children = bench.batch.list_jobs(arrayJobId=ids[-1], jobStatus="SUBMITTED")["jobSummaryList"]

    assert [child["jobId"] for child in children] == [f"{ids[-1]}:{place}" for place in range(3)]
    assert bench.batch.list_jobs(arrayJobId=ids[-1])["jobSummaryList"] == []
    pages = bench.batch.get_paginator("list_jobs").paginate(
        arrayJobId=ids[-1], jobStatus="SUBMITTED", PaginationConfig={"PageSize": 2}
    )
    assert [len(page["jobSummaryList"]) for page in pages] == [2, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"jobQueue": QUEUE, "arrayJobId": "x"},
        {"jobQueue": "nowhere"},
        {"jobQueue": QUEUE, "jobStatus": "DONE"},
        {"jobQueue": QUEUE, "nextToken": "made-up"},
        {"jobQueue": QUEUE, "filters": [{"name": "TAG", "values": ["x"]}]},
        {"jobQueue": QUEUE, "filters": [{"name": "JOB_NAME", "values": ["x"]}] * 2},
    ],
)
def test_a_listing_needs_one_door_and_at_most_one_filter(full_queue: tuple[Bench, list[str]], wrong: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        full_queue[0].batch.list_jobs(**wrong)

    assert refusal.value.response["Error"]["Code"] == "ClientException"


def test_a_hundred_jobs_are_described_at_a_time_and_unknown_ones_left_out(
    full_queue: tuple[Bench, list[str]],
) -> None:
    bench, ids = full_queue
    jobs = bench.batch.describe_jobs(jobs=[*ids[:99], "unknown"])["jobs"]
    assert [job["jobId"] for job in jobs] == ids[:99]

    with pytest.raises(ClientError, match="Maximum number of jobs supported is 100"):
        bench.batch.describe_jobs(jobs=ids[:101])


def test_a_job_that_has_not_started_has_no_start(full_queue: tuple[Bench, list[str]]) -> None:
    bench, ids = full_queue
    job = bench.describe(ids[0])
    assert "startedAt" not in job
    assert "stoppedAt" not in job
    assert job["attempts"] == []
    assert "logStreamName" not in job["container"]
