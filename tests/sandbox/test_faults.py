"""The sandbox misbehaves as it is told, and its ledger tells the truth all the same."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
)

from jobs.sandbox import Sandbox
from tests.eventually import eventually
from tests.sandbox.bench import Bench, unique_name
from tests.sandbox.test_protocol import call

QUEUE = "cpu-job-queue"
ANY = (BotoCoreError, ClientError)


@pytest.fixture
def bench(faulty_sandbox: Bench) -> Bench:
    return faulty_sandbox


@pytest.mark.parametrize(
    ("fault", "error", "jobs"),
    [
        ({"does": "drop"}, HTTPClientError, 0),
        ({"does": "accept-drop"}, HTTPClientError, 1),
        ({"does": "accept-close"}, ConnectionClosedError, 1),
        ({"does": "fail"}, "500 ServerException", 0),
        ({"does": "fail", "status": 503}, "503 ServerException", 0),
        ({"does": "accept-fail", "status": 502}, "502 ServerException", 1),
        ({"does": "throttle"}, "429 TooManyRequestsException", 0),
        ({"does": "deny"}, "403 AccessDeniedException", 0),
    ],
    ids=lambda value: value.get("does") if isinstance(value, dict) else None,
)
def test_a_lost_or_failed_answer_does_not_tell_whether_the_job_was_accepted_but_the_ledger_does(
    bench: Bench, fault: Any, error: Any, jobs: int
) -> None:
    name = unique_name()
    bench.plan(fault)
    with pytest.raises(ANY) as failure:
        bench.submit(jobName=name)

    if isinstance(error, str):
        response: Any = getattr(failure.value, "response", None)
        assert f"{response['ResponseMetadata']['HTTPStatusCode']} {response['Error']['Code']}" == error
    else:
        assert isinstance(failure.value, error)
    assert bench.accepted(name) == bench.listed(name)
    assert len(bench.accepted(name)) == jobs


def test_a_reset_is_a_reset_and_not_a_quiet_end(bench: Bench) -> None:
    bench.plan({"does": "drop"})
    with pytest.raises(HTTPClientError) as failure:
        bench.submit()

    assert "ConnectionResetError" in repr(failure.value.__context__ or failure.value) + str(failure.value)


def test_a_truncated_answer_is_a_success_without_a_job_id(bench: Bench) -> None:
    name = unique_name()
    bench.plan({"does": "truncate"})
    answer: Any = bench.batch.submit_job(jobName=name, jobQueue=QUEUE, jobDefinition="job")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "jobId" not in answer
    assert len(bench.accepted(name)) == 1


@pytest.mark.long
def test_a_late_request_is_answered_to_nobody_and_accepted_all_the_same(bench: Bench) -> None:
    name = unique_name()
    bench.plan({"does": "late", "seconds": 2})
    with pytest.raises(HTTPClientError):
        bench.submit(jobName=name)

    assert bench.listed(name) == []
    eventually(lambda: bench.listed(name))
    assert bench.accepted(name) == bench.listed(name)


@pytest.mark.long
def test_a_request_that_comes_later_than_its_signature_lives_is_never_accepted(bench: Bench) -> None:
    name = unique_name()
    bench.plan({"does": "late", "seconds": 2})
    with pytest.raises(HTTPClientError):
        bench.submit(jobName=name)
    bench.plan(skew_seconds=301)  # as if five minutes went by
    time.sleep(2.5)
    bench.plan()

    assert bench.accepted(name) == []


@pytest.mark.long
@pytest.mark.parametrize(("does", "at_once"), [("slow", 0), ("accept-slow", 1)])
def test_a_slow_answer_comes_and_the_job_was_accepted_before_or_after_the_wait(
    bench: Bench, does: str, at_once: int
) -> None:
    name = unique_name()
    bench.plan({"does": does, "seconds": 2})
    with ThreadPoolExecutor(1) as pool:
        submitted = pool.submit(bench.submit, jobName=name)
        eventually(bench.struck)
        eventually(lambda: len(bench.accepted(name)) == at_once)
        assert len(bench.accepted(name)) == at_once
        assert not submitted.done()
        job_id = submitted.result()

    assert bench.accepted(name) == [job_id]


def test_an_answer_that_comes_after_the_caller_has_gone_hurts_nobody(bench: Bench) -> None:
    name = unique_name()
    impatient = Bench(bench.batch.meta.endpoint_url, read_timeout=0.2)
    bench.plan({"does": "accept-slow", "seconds": 0.4, "count": 1})
    with pytest.raises(HTTPClientError, match="Read timeout"):
        impatient.submit(jobName=name)
    impatient.close()

    eventually(lambda: len(bench.accepted(name)) == 1)
    assert bench.submit()


def test_throttles_come_in_bursts_and_pass(bench: Bench) -> None:
    bench.plan({"does": "throttle", "after": 2, "count": 3, "burst": 3, "chance": 1})

    def status() -> int:
        try:
            bench.submit()
        except ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        return 200

    assert [status() for _ in range(7)] == [200, 200, 429, 429, 429, 200, 200]


def test_only_the_chosen_operations_are_struck(bench: Bench) -> None:
    bench.plan({"does": "fail", "operations": ["ListJobs", "RegisterJobDefinition"]})
    assert bench.describe(bench.submit())
    with pytest.raises(ClientError):
        bench.listed("x")
    with pytest.raises(ClientError):
        bench.define("never")

    bench.plan({"does": "fail", "operations": ["*"]})
    with pytest.raises(ClientError):
        bench.batch.describe_job_queues()
    with pytest.raises(ClientError):
        bench.sts.get_caller_identity()


@pytest.mark.long
def test_young_jobs_are_not_listed_or_described_yet(bench: Bench) -> None:
    name = unique_name()
    bench.plan(list_lag_seconds=2)
    job_id = bench.submit(jobName=name)
    assert bench.listed(name) == []
    assert bench.describe(job_id)
    eventually(lambda: bench.listed(name) == [job_id])

    bench.plan(describe_lag_seconds=2)
    job_id = bench.submit(jobName=name)
    assert job_id in bench.listed(name)
    assert bench.batch.describe_jobs(jobs=[job_id])["jobs"] == []
    eventually(lambda: bench.batch.describe_jobs(jobs=[job_id])["jobs"])


def test_a_describing_leaves_out_jobs_now_and_then(bench: Bench) -> None:
    ids = [bench.submit() for _ in range(20)]

    def described_counts() -> list[int]:
        bench.plan(describe_omits=0.5, seed=3)
        return [len(bench.batch.describe_jobs(jobs=ids)["jobs"]) for _ in range(3)]

    assert all(0 < count < 20 for count in described_counts())
    bench.plan()
    assert len(bench.batch.describe_jobs(jobs=ids)["jobs"]) == 20


def test_ended_jobs_are_forgotten_after_a_while_and_unfinished_ones_are_not(bench: Bench) -> None:
    name = unique_name()
    ended, waiting = bench.submit(jobName=name), bench.submit(jobName=name)
    bench.batch.terminate_job(jobId=ended, reason="over")
    bench.plan(purge_seconds=0.3)
    eventually(lambda: bench.listed(name) == [waiting])

    assert [job["jobId"] for job in bench.batch.describe_jobs(jobs=[ended, waiting])["jobs"]] == [waiting]
    bench.batch.terminate_job(jobId=ended, reason="again")  # answered with 200, as for any unknown id
    bench.plan()
    assert bench.describe(ended)["statusReason"] == "over"
    assert len(bench.accepted(name)) == 2


def test_a_job_is_forgotten_by_command_with_its_children_whatever_its_state(bench: Bench) -> None:
    name = unique_name()
    job_id = bench.submit(jobName=name, arrayProperties={"size": 2})
    bench.control("PUT", "forgotten", {"jobs": [job_id]})

    assert bench.listed(name) == []
    assert bench.batch.list_jobs(arrayJobId=job_id, jobStatus="SUBMITTED")["jobSummaryList"] == []
    assert bench.batch.describe_jobs(jobs=[job_id, f"{job_id}:0"])["jobs"] == []
    assert bench.accepted(name) == [job_id]


@pytest.mark.long
@pytest.mark.parametrize("how", ["close", "503"])
def test_in_an_outage_nobody_is_there_and_afterwards_all_is_as_before(bench: Bench, how: str) -> None:
    name = unique_name()
    job_id = bench.submit(jobName=name)
    bench.plan(outages=[{"for_seconds": 2, "how": how}])
    for attempt in (
        lambda: bench.submit(jobName=name),
        lambda: bench.describe(job_id),
        bench.sts.get_caller_identity,
    ):
        with pytest.raises(ANY):
            attempt()
    eventually(lambda: is_answering(bench))

    assert bench.listed(name) == [job_id] == bench.accepted(name)


def is_answering(bench: Bench) -> bool:
    try:
        return bool(bench.batch.describe_job_queues())
    except ANY:
        return False


@pytest.mark.parametrize("skew", [-90, 0, 90])
def test_the_date_header_tells_amazons_time(bench: Bench, skew: int) -> None:
    bench.plan(skew_seconds=skew)
    before = datetime.now(UTC) - timedelta(seconds=1)  # the header knows no parts of a second
    answer = bench.batch.describe_job_queues()
    told = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    assert before <= told - timedelta(seconds=skew) <= datetime.now(UTC)


def test_signatures_are_judged_by_amazons_clock(bench: Bench) -> None:
    bench.plan(skew_seconds=310)
    with pytest.raises(ClientError, match="Signature expired"):
        bench.submit()
    bench.plan(skew_seconds=-310)
    with pytest.raises(ClientError, match="Signature not yet current"):
        bench.submit()


def test_a_sandbox_may_be_started_with_less_patience_for_signatures_and_a_plan_may_have_more(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "state.sqlite3", delay=3600, signature_seconds=15, faults_api=True) as running:
        bench = Bench(running.url)
        statuses = [call(bench, "/v1/describejobqueues", age=timedelta(seconds=age))[0] for age in (5, 16)]
        bench.plan(signature_seconds=60)
        statuses.append(call(bench, "/v1/describejobqueues", age=timedelta(seconds=16))[0])
        assert statuses == [200, 403, 200]
        bench.close()
