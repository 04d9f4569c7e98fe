import time
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.utils.timezone import now

from jobs.models.circuit_breaker import FIRST_PAUSE
from jobs.reports import log_copies, logs
from jobs.reports.log_limits import LogReadLimiter
from jobs.reports.log_sources import NO_SUCH_LOG, LogChoice, job_source
from jobs.states import State
from tests import http_wire, make

pytestmark = pytest.mark.django_db


def log_page(*texts: str, forward: str = "f/9", backward: str = "b/1") -> http_wire.Answer:
    events = [{"timestamp": 1_700_000_000_000 + n, "message": text} for n, text in enumerate(texts)]
    return http_wire.reply(200, {"events": events, "nextForwardToken": forward, "nextBackwardToken": backward})


def job_at(url: str, **fields):
    defaults = {"state": State.RUNNING, "log_stream": "hello/default/2"}
    return make.job(make.submission(where=make.account(endpoint_url=url)), **{**defaults, **fields})


def refresh(job, choice=LogChoice()):  # noqa: B008 - it never changes
    return log_copies.refresh(job_source(job, choice))


def test_each_attempt_has_its_own_log():
    first = {
        "started_at": "2026-01-01T00:00:00Z",
        "stopped_at": "2026-01-01T00:01:00Z",
        "exit_code": 1,
        "reason": "",
        "status_reason": "Essential container in task exited",
        "log_stream": "hello/default/1",
    }
    with http_wire.wire(log_page("first try")) as aws:
        job = job_at(aws.url, attempts=[first])
        refresh(job, LogChoice(attempt=1))

    assert [(attempt.number, attempt.finished) for attempt in logs.job_attempts(job)] == [(1, True), (2, False)]
    assert aws.requests[0][1]["logStreamName"] == "hello/default/1"


def test_an_attempt_that_does_not_exist_reads_no_stream():
    with http_wire.wire(log_page("secret")) as aws:
        assert refresh(job_at(aws.url), LogChoice(attempt=7)).problem == NO_SUCH_LOG
        assert aws.requests == []


@pytest.mark.parametrize(
    ("state", "array_size", "sentence"),
    [
        (State.RUNNABLE, None, "The log appears when the job starts."),
        (State.FAILED, None, "The job ended before it started, so there is no log."),
        (State.PENDING, 3, "Each child job of an array has its own log. Open it from the list of child jobs."),
        (State.FAILED, 3, "Each child job of an array has its own log. Open it from the list of child jobs."),
    ],
)
def test_without_a_stream_the_page_says_why(state, array_size, sentence):
    assert refresh(make.job(state=state, array_size=array_size)).problem == sentence


def test_a_stream_without_lines_is_no_fault():
    missing = http_wire.reply(
        400, {"message": "gone", "__type": "ResourceNotFoundException"}, "ResourceNotFoundException"
    )
    with http_wire.wire(missing) as aws:
        assert refresh(job_at(aws.url)).problem == "No log output yet."


def test_with_aws_away_the_page_says_so_and_what_was_read_stays():
    with http_wire.wire(log_page("one"), log_page()) as aws:
        job = job_at(aws.url)
        refresh(job)
    state = refresh(job)

    assert state.problem.startswith("Couldn't read the log")
    assert state.count == 1


@pytest.mark.parametrize("body", [{}, {"events": None}, {"events": []}, {"events": [5], "nextForwardToken": "f/1"}])
def test_an_answer_that_was_cut_is_said(body):
    with http_wire.wire(http_wire.reply(200, body)) as aws:
        assert refresh(job_at(aws.url)).problem.startswith("Couldn't read the log")


@pytest.mark.long
@pytest.mark.parametrize("way_in", [{}, {"access": "role", "role_arn": "arn:aws:iam::111122223333:role/portal"}])
def test_an_answer_that_comes_a_byte_at_a_time_holds_the_page_no_longer_than_its_limit(monkeypatch, way_in):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDPORTAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    monkeypatch.setattr(logs, "READ_TIMEOUT_SECONDS", logs.SLOT_TIMEOUT_SECONDS + 0.3)
    with http_wire.wire(http_wire.trickle()) as aws:
        job = job_at(aws.url)
        for name, value in way_in.items():
            setattr(job.account, name, value)
        began = time.monotonic()
        problem = refresh(job).problem

    assert time.monotonic() - began < 2.5  # 0.3 s on an idle machine; without a limit 3 s, or 50
    assert problem != ""


@pytest.fixture(autouse=True)
def log_slots(monkeypatch):
    """Turns of which no other test has taken any."""
    fresh = LogReadLimiter(at_once=3, of_an_account=2)
    monkeypatch.setattr(logs, "_limiter", fresh)
    monkeypatch.setattr(logs, "SLOT_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(log_copies, "REFRESH_INTERVAL", timedelta(0))
    return fresh


def test_only_a_few_logs_are_read_at_once_fewer_of_one_account(log_slots):
    with http_wire.wire(log_page("one")) as aws, ExitStack() as reading:
        job, other = job_at(aws.url), job_at(aws.url)
        for _ in range(2):
            reading.enter_context(log_slots.acquire((job.account.pk, aws.url), 0))
        assert "Too many logs" in refresh(job).problem
        assert refresh(other).problem == ""

        reading.enter_context(log_slots.acquire("a third account", 0))
        assert "Too many logs" in refresh(other).problem


def test_where_cloudwatch_does_not_answer_nobody_waits_after_the_third_and_other_accounts_are_read():
    with http_wire.wire(http_wire.hang_up) as away, http_wire.wire(log_page("one")) as well:
        job, other = job_at(away.url), job_at(well.url)
        for _ in range(3):
            assert "closed" in refresh(job).problem
        assert "retries in a few seconds" in refresh(job).problem
        assert len(away.requests) == 3
        assert refresh(other).problem == ""


def test_after_the_pause_one_reader_finds_out_whether_cloudwatch_is_back(monkeypatch):
    with http_wire.wire(http_wire.hang_up, http_wire.hang_up, http_wire.hang_up, log_page("back")) as aws:
        job = job_at(aws.url)
        for _ in range(3):
            refresh(job)
        later = now() + FIRST_PAUSE
        monkeypatch.setattr("jobs.reports.log_limits.now", lambda: later)

        assert refresh(job).count == 1
        assert refresh(job).problem == ""


def test_a_file_of_a_log_that_breaks_off_says_so_at_its_end():
    with http_wire.wire(log_page("one", forward="f/1"), http_wire.breaks) as aws:
        lines, problem = log_copies.all_lines(job_source(job_at(aws.url), LogChoice()))

    assert [line.text for line in lines] == ["one"]
    assert problem.startswith("Couldn't read the log")
