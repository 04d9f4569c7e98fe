"""The fake AWS of the benchmarks: its rate limits, and jobs whose end is known in advance."""

import json

import pytest

from bench.fake_aws.batch import QUEUE, RUN_SECONDS, START_SECONDS, FakeBatch
from bench.fake_aws.server import RECORD_PATH, RESET_PATH, FakeAws, Limits
from bench.fake_aws.token_bucket import TokenBucket

NOW = 1000.0


def submit(aws: FakeAws, name: str, now: float = NOW, parents: tuple[str, ...] = ()) -> str:
    request = {"jobName": name, "jobQueue": QUEUE, "dependsOn": [{"jobId": parent} for parent in parents]}
    return str(aws.answer("/v1/submitjob", json.dumps(request).encode(), now)[1].get("jobId", ""))


def status(aws: FakeAws, job_id: str, now: float) -> str:
    jobs = aws.answer("/v1/describejobs", json.dumps({"jobs": [job_id]}).encode(), now)[1]["jobs"]
    return str(jobs[0]["status"])


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws(Limits(), FakeBatch())


def test_a_bucket_gives_its_capacity_at_once_and_then_its_rate() -> None:
    bucket = TokenBucket(rate=50, capacity=50, now=0)

    assert sum(bucket.take(0) for _ in range(60)) == 50
    assert sum(bucket.take(0.1) for _ in range(60)) == 5
    assert sum(bucket.take(100) for _ in range(60)) == 50


def test_a_steady_pace_below_the_limit_is_never_throttled() -> None:
    bucket = TokenBucket(rate=50, capacity=50, now=0)

    assert all(bucket.take(number / 49) for number in range(5000))


def test_more_than_the_limit_is_refused_counted_and_creates_no_job(aws: FakeAws) -> None:
    ids = {submit(aws, f"job-{number}") for number in range(60)} - {""}

    assert aws.answer("/v1/submitjob", b"{}", NOW)[0::2] == (429, "TooManyRequestsException")
    record = aws.answer(RECORD_PATH, b"", NOW)[1]
    assert (record["calls"]["SubmitJob"], record["throttles"]["SubmitJob"], len(record["sends"])) == (61, 11, 50)
    assert set(record["ends"]) == set(aws.batch.jobs) == ids


def test_other_calls_have_limits_of_their_own(aws: FakeAws) -> None:
    for number in range(50):
        submit(aws, f"job-{number}")

    assert aws.answer("/v1/describejobs", b'{"jobs": []}', NOW)[0] == 200


def test_a_child_starts_when_its_parents_have_ended(aws: FakeAws) -> None:
    parent = submit(aws, "parent")
    child = submit(aws, "child", parents=(parent,))
    end = aws.batch.jobs[parent].ended_at

    assert end - NOW == pytest.approx(START_SECONDS + RUN_SECONDS[0])  # the first job's is the shortest
    assert [status(aws, parent, now) for now in (NOW, NOW + START_SECONDS, end)] == [
        "RUNNABLE",
        "RUNNING",
        "SUCCEEDED",
    ]
    assert [status(aws, child, now) for now in (end - 0.01, end, end + START_SECONDS)] == [
        "PENDING",
        "RUNNABLE",
        "RUNNING",
    ]


def test_a_job_of_an_unknown_parent_is_rejected(aws: FakeAws) -> None:
    request = {"jobName": "child", "dependsOn": [{"jobId": "none"}]}

    assert aws.answer("/v1/submitjob", json.dumps(request).encode(), NOW)[0::2] == (400, "ClientException")


def test_the_record_tells_what_was_sent_twice_until_it_is_reset(aws: FakeAws) -> None:
    for name in ("one", "two", "one", "one"):
        submit(aws, name)

    assert aws.answer(RECORD_PATH, b"", NOW)[1]["sent_twice"] == 2
    aws.answer(RESET_PATH, b"", NOW)
    assert aws.answer(RECORD_PATH, b"", NOW)[1]["sent_twice"] == 0


def test_an_unknown_job_is_left_out_as_by_aws_unless_any_job_runs() -> None:
    batch = FakeBatch()

    assert batch.describe_jobs({"jobs": ["other"]}, NOW) == {"jobs": []}
    batch.any_job = True
    assert batch.describe_jobs({"jobs": ["other"]}, NOW)["jobs"][0]["status"] == "RUNNING"


def test_jobs_are_listed_by_name_and_by_age_in_pages(aws: FakeAws) -> None:
    for number in range(120):
        submit(aws, f"job-{number}", NOW + number)
    newer = {"filters": [{"name": "AFTER_CREATED_AT", "values": [str(int(NOW * 1000))]}]}
    first = aws.batch.list_jobs(newer, NOW)
    second = aws.batch.list_jobs({**newer, "nextToken": first["nextToken"]}, NOW)

    assert first["jobSummaryList"][0]["jobName"] == "job-119"
    assert len(first["jobSummaryList"]) + len(second["jobSummaryList"]) == 119
    assert "nextToken" not in second
    named = aws.batch.list_jobs({"filters": [{"name": "JOB_NAME", "values": ["JOB-7"]}]}, NOW)["jobSummaryList"]
    assert [job["jobName"] for job in named] == ["job-7"]
