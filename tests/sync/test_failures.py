"""Why jobs failed: recorded after their end, with the last error lines of the log."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from jobs import log_rate_limit, tasks
from jobs.causes import Cause
from jobs.models import ArrayChild, Job, JobFailure, Lease
from jobs.periodic import periodic_tasks, run_due_tasks
from jobs.pricing import metering
from jobs.reports.last_lines import last_lines
from jobs.states import Delivery, State
from jobs.sync import failures
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

OVER = timedelta(seconds=10)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(failures, "READ_INTERVAL_SECONDS", 0)


def log_end(*texts: str) -> http_wire.Answer:
    events = [{"timestamp": 1_700_000_000_000 + number, "message": text} for number, text in enumerate(texts)]
    return http_wire.reply(200, {"events": events, "nextForwardToken": "f/1", "nextBackwardToken": "b/1"})


def failed_job(url: str = "http://127.0.0.1:9", **fields: Any) -> Job:
    """A job that ended ten seconds ago and is charged."""
    defaults = {"state": State.FAILED, "exit_code": 1, "log_stream": "log", "ended_at": now() - OVER}
    job = make.job(make.submission(where=make.account(endpoint_url=url)), **{**defaults, **fields})
    metering.charge(job)
    return job


def record(*jobs: Job) -> list[JobFailure]:
    for job in jobs:
        tasks.record_failures(job.account_id)
    return list(JobFailure.objects.filter(job__in=jobs).order_by("pk"))


def test_the_cause_and_the_last_error_lines_are_recorded_after_the_end():
    with http_wire.wire(log_end("reading 3 files", "ValueError: 7 rows", "bye")) as aws:
        [failure] = record(failed_job(aws.url))

    assert (failure.cause, failure.exit_code) == (Cause.APPLICATION_ERROR, 1)
    assert failure.lines == ["reading 3 files", "ValueError: 7 rows"]
    assert failure.last_line == "ValueError: … rows"
    assert failure.due_at is None
    assert [request["limit"] for _, request in aws.requests] == [failures.READ_LINES]


def test_jobs_that_failed_alike_are_of_one_family():
    with http_wire.wire(log_end("ValueError: 7 rows")) as aws:
        one, other = record(failed_job(aws.url), failed_job(aws.url))
    with http_wire.wire(log_end("KeyError: rows")) as aws:
        [another] = record(failed_job(aws.url))

    assert one.family == other.family != another.family


def test_what_the_program_printed_last_makes_no_difference_when_it_ran_out_of_memory():
    killed = {"exit_code": 137, "container_reason": "OutOfMemoryError: Container killed due to memory usage"}
    with http_wire.wire(log_end("epoch one"), log_end("loading")) as aws:
        one, other = record(failed_job(aws.url, **killed), failed_job(aws.url, **killed))

    assert one.cause == Cause.OUT_OF_MEMORY
    assert one.family == other.family
    assert (one.lines, other.lines) == (["epoch one"], ["loading"])


def test_secrets_in_lines_are_masked():
    with http_wire.wire(log_end("login failed: password=hunter2222222")) as aws:
        [failure] = record(failed_job(aws.url))

    assert "hunter" not in str(failure.lines) + failure.last_line


def test_secrets_in_reasons_of_children_are_masked():
    _, child = record(failed_array("http://127.0.0.1:9", (137, "OutOfMemoryError: password=hunter2222222")))

    assert "hunter" not in child.last_line
    assert child.last_line.startswith("OutOfMemoryError")


def test_a_log_that_is_not_there_is_tried_again_and_given_up():
    missing = http_wire.reply(400, {"__type": "ResourceNotFoundException", "message": "No stream"})
    with http_wire.wire(missing) as aws:
        job = failed_job(aws.url)
        is_due = []
        for _ in range(len(failures.RETRY_DELAYS) + 1):
            JobFailure.objects.update(due_at=now())
            [failure] = record(job)
            is_due.append(failure.due_at is not None)

    assert is_due == [*(True for _ in failures.RETRY_DELAYS), False]
    assert (failure.cause, failure.lines) == (Cause.APPLICATION_ERROR, [])
    assert failure.family


def test_a_throttled_read_postpones_those_that_follow():
    with http_wire.wire(http_wire.reply(400, {"__type": "ThrottlingException", "message": "Slow"})) as aws:
        account = make.account(endpoint_url=aws.url)
        jobs = [failed_job(aws.url) for _ in range(2)]
        Job.objects.update(account=account)
        JobFailure.objects.update(account=account)
        tasks.record_failures(account.pk)
        calls = len(aws.requests)

    rows = list(JobFailure.objects.filter(job__in=jobs))
    assert {row.tries for row in rows} == {0}
    assert all(row.due_at and row.due_at > now() + failures.PAUSE / 2 for row in rows)
    assert calls == 3  # of the client's own attempts, for the first job


@pytest.mark.parametrize("fields", [{"log_stream": ""}, {"ended_at": now() - timedelta(days=2)}])
def test_no_log_is_read_of_a_job_without_one_or_that_ended_long_ago(fields: dict[str, Any]):
    with http_wire.wire(log_end("x")) as aws:
        [failure] = record(failed_job(aws.url, **fields))
        assert aws.requests == []

    assert failure.due_at is None
    assert failure.family


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"state": State.LOST}, Cause.LOST),
        ({"state": "", "delivery": Delivery.REFUSED, "batch_id": None, "delivery_note": "No."}, Cause.REFUSED),
    ],
)
def test_lost_and_refused_jobs_have_a_cause_too(fields: dict[str, Any], cause: Cause):
    [failure] = record(failed_job(log_stream="", exit_code=None, **fields))

    assert failure.cause == cause


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.STOPPED])
def test_other_jobs_have_no_failure(state: str):
    assert record(failed_job(state=state)) == []


def failed_array(url: str, *children: tuple[int, str], is_read: bool = True) -> Job:
    """With an exit code and a reason for each child."""
    job = failed_job(url, array_size=10, exit_code=None, log_stream="", children_read_at=now() if is_read else None)
    ArrayChild.objects.bulk_create(
        ArrayChild(job=job, index=index, state=State.FAILED, exit_code=code, reason=reason, log_stream=f"log/{index}")
        for index, (code, reason) in enumerate(children)
    )
    return job


@pytest.fixture(autouse=True)
def _charged_at_once(monkeypatch: pytest.MonkeyPatch):
    """Without asking AWS for the children of an array."""
    monkeypatch.setattr(metering, "_describe_children", lambda *_: [])
    monkeypatch.setattr(metering, "CHILDREN_TIMEOUT", timedelta())


def test_an_array_has_a_failure_for_each_cause_of_its_children():
    killed = (137, "OutOfMemoryError: Container killed due to memory usage")
    with http_wire.wire(log_end("KeyError: 1")) as aws:
        own, memory, program = record(job := failed_array(aws.url, killed, (1, "Essential container"), killed))

    assert (own.cause, own.family, own.child_count) == (Cause.CHILDREN_FAILED, "", 0)
    assert (memory.cause, memory.child_count, memory.first_index) == (Cause.OUT_OF_MEMORY, 2, 0)
    assert (program.cause, program.child_count, program.last_line) == (Cause.APPLICATION_ERROR, 1, "KeyError: …")
    assert {request["logStreamName"] for _, request in aws.requests} == {"log/0", "log/1"}
    assert last_lines([job]) == {job.pk: ("KeyError: 1",)}


def test_an_array_waits_until_its_children_are_read():
    job = failed_array("http://127.0.0.1:9", is_read=False)
    [failure] = record(job)
    assert (failure.cause, failure.due_at and failure.due_at > now()) == ("", True)

    JobFailure.objects.update(ended_at=now() - failures.CHILDREN_TIMEOUT, due_at=now())
    [failure] = record(job)
    assert (failure.cause, failure.due_at) == (Cause.CHILDREN_FAILED, None)
    assert failure.family


def test_one_task_of_an_account_records_at_a_time():
    job = failed_job()
    Lease.acquire(f"failures of account {job.account_id}", "another task", timedelta(minutes=1))

    assert [failure.cause for failure in record(job)] == [""]


def test_more_failures_than_a_batch_are_recorded_in_one_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(failures, "CAUSE_BATCH_SIZE", 2)
    first = failed_job(log_stream="")
    others = [make.job(first.submission, state=State.FAILED, exit_code=1, ended_at=now()) for _ in range(4)]
    for job in others:
        metering.charge(job)

    assert {failure.cause for failure in record(first) + list(JobFailure.objects.all())} == {Cause.APPLICATION_ERROR}


def test_recording_again_changes_nothing():
    with http_wire.wire(log_end("KeyError: 1")) as aws:
        job = failed_array(aws.url, (1, "x"))
        before = [failure.pk for failure in record(job)]
        JobFailure.objects.filter(first_index=None).update(cause="", due_at=now())
        assert [failure.pk for failure in record(job)] == before


@pytest.mark.django_db(transaction=True)
def test_the_clock_asks_for_it_only_while_something_is_due(enqueued):
    job = failed_job(log_stream="")
    run_due_tasks(periodic_tasks(), 0)
    assert "record_failures" in enqueued

    record(job)
    enqueued.clear()
    run_due_tasks(periodic_tasks(), 100)
    assert "record_failures" not in enqueued


def test_lines_of_several_jobs_cost_one_query(django_assert_num_queries):
    with http_wire.wire(log_end("KeyError: 1")) as aws:
        jobs = [failed_job(aws.url), failed_job(aws.url, log_stream="")]
        record(*jobs)
    with django_assert_num_queries(1):
        assert last_lines(jobs) == {jobs[0].pk: ("KeyError: 1",)}


def test_logs_are_read_in_the_pace_that_viewers_share(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(failures, "TURN_TIMEOUT_SECONDS", 0.0)
    monkeypatch.setattr(log_rate_limit, "READS_PER_SECOND", 0)
    with http_wire.wire(log_end("ValueError")) as aws:
        [failure] = record(failed_job(aws.url))
        assert aws.requests == []

    assert (failure.tries, failure.lines, failure.due_at is not None) == (0, [], True)
