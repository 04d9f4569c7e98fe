"""Copies of logs: numbers that stay, one reader for all viewers, and no call for what is known."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from jobs import log_rate_limit
from jobs.aws.errors import RejectedError, ThrottledError
from jobs.aws.logs import LogEvents
from jobs.logs.lines import LogLine
from jobs.logs.search import LineFilter
from jobs.models import LogChunk, LogCopy
from jobs.reports import log_copies, log_copy_search
from jobs.reports.log_sources import LogSource
from tests import make
from tests.fake_stream import START, FakeStream

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

LONG_AGO = timedelta(hours=1)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> FakeStream:
    made = FakeStream()
    monkeypatch.setattr("jobs.reports.logs.client_for", lambda *_: None)
    monkeypatch.setattr("jobs.aws.logs.get_log_events", made.respond)
    monkeypatch.setattr(log_copies, "REFRESH_INTERVAL", timedelta(0))
    monkeypatch.setattr(log_copies, "READ_SECONDS", 60.0)
    monkeypatch.setattr(log_rate_limit, "READS_PER_SECOND", 10_000)
    return made


@pytest.fixture
def live(db: None) -> LogSource:
    return LogSource(make.account(), "/aws/batch/job", "hello/default/1")


@pytest.fixture
def ended(live: LogSource) -> LogSource:
    return LogSource(live.account, live.group, live.stream, ended_at=now() - LONG_AGO)


def texts(lines: Sequence[LogLine]) -> list[str]:
    return [line.text for line in lines]


def number_lines(count: int) -> list[str]:
    return [f"line {number}" for number in range(count)]


def test_a_second_look_at_a_finished_log_costs_no_call(stream: FakeStream, ended: LogSource) -> None:
    stream.write(*number_lines(1200))
    first, _ = log_copies.last_lines(ended)
    calls = len(stream.requests)
    second, state = log_copies.last_lines(ended)

    assert texts(first) == texts(second) == number_lines(1200)[-500:]
    assert (state.count, state.is_live, state.is_numbered) == (1200, False, True)
    assert len(stream.requests) == calls == 2  # one more than pages: the end is where the token stays


def test_a_finished_log_without_lines_or_stream_costs_no_second_call_either(
    stream: FakeStream, ended: LogSource
) -> None:
    stream.errors.append(RejectedError("none", code="ResourceNotFoundException"))

    assert log_copies.refresh(ended).problem == "No log output."
    assert log_copies.refresh(ended).problem == "No log output."
    assert len(stream.requests) == 1


def test_lines_that_arrive_after_the_end_are_read_for_a_while(stream: FakeStream, live: LogSource) -> None:
    just_ended = LogSource(live.account, live.group, live.stream, ended_at=now())
    stream.write("one")
    assert log_copies.refresh(just_ended).is_live
    stream.write("late")

    assert log_copies.refresh(just_ended).count == 2


def test_a_live_log_is_read_on_from_where_it_was_and_its_lines_keep_their_numbers(
    stream: FakeStream, live: LogSource
) -> None:
    stream.write(*number_lines(2500))
    log_copies.refresh(live)
    for number in range(2500, 2505):
        stream.write(f"line {number}")
        log_copies.refresh(live)
    state = log_copies.refresh(live)

    assert texts(log_copies.read_lines(state, 0, 1000)) == number_lines(1000)
    assert texts(log_copies.read_lines(state, 1990, 20)) == number_lines(2010)[1990:]
    assert texts(log_copies.read_lines(state, 2498, 100)) == number_lines(2505)[2498:]
    assert state.copy
    assert state.copy.chunks.count() == 2  # what came line by line was gathered
    assert sum(request["token"] == "" for request in stream.requests) == 1


def test_viewers_of_a_live_log_share_its_reads(
    stream: FakeStream, live: LogSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_copies, "REFRESH_INTERVAL", timedelta(seconds=60))
    stream.write("one")
    log_copies.refresh(live)
    calls = len(stream.requests)
    for _ in range(5):
        assert log_copies.refresh(live).count == 1
    assert len(stream.requests) == calls


def test_while_one_request_reads_others_take_what_is_there(stream: FakeStream, live: LogSource) -> None:
    stream.write("one")
    log_copies.refresh(live)
    LogCopy.objects.update(lease_until=now() + timedelta(seconds=5))
    stream.write("two")

    assert log_copies.refresh(live).count == 1
    LogCopy.objects.update(lease_until=now() - timedelta(seconds=1))
    assert log_copies.refresh(live).count == 2


def test_a_page_that_two_requests_read_is_kept_once(stream: FakeStream, live: LogSource) -> None:
    stream.write("one")
    state = log_copies.refresh(live)
    assert state.copy
    slow = LogCopy.objects.get()
    assert state.copy.append([LogLine(1, "two")], token="f/2", read_at=now())

    assert not slow.append([LogLine(1, "two")], token="f/2", read_at=now())
    assert sum(chunk.line_count for chunk in LogChunk.objects.all()) == LogCopy.objects.get().line_count == 2


def test_the_end_of_a_long_log_is_shown_before_all_of_it_is_read(
    stream: FakeStream, ended: LogSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_copies, "OPENING_EVENTS", 100)
    stream.write(*number_lines(1050))
    lines, state = log_copies.last_lines(ended, 50)

    assert texts(lines) == number_lines(1050)[-50:]
    assert (state.is_numbered, state.count) == (False, 100)
    assert len(stream.requests) == 2  # a few lines from each end
    state = log_copies.refresh(ended)
    assert (state.is_numbered, state.count) == (True, 1050)
    assert texts(log_copies.last_lines(ended, 50)[0]) == texts(lines)


def test_an_expired_token_repeats_and_loses_no_line(stream: FakeStream, live: LogSource) -> None:
    stream.write(*number_lines(10))
    log_copies.refresh(live)
    LogCopy.objects.update(read_at=now() - timedelta(hours=30))
    stream.write("new")

    assert texts(log_copies.read_lines(log_copies.refresh(live), 0, 100)) == [*number_lines(10), "new"]
    assert stream.requests[2]["since_ms"] == int((START + timedelta(seconds=9)).timestamp() * 1000)


def test_a_page_without_events_is_not_the_end(
    stream: FakeStream, ended: LogSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS returns empty pages within a stream."""
    stream.write("one", "two")
    empty_pages = [LogEvents((), "f/0", "b/0")]

    def respond(*values: Any, **options: Any) -> LogEvents:
        return empty_pages.pop() if empty_pages else stream.respond(*values, **options)

    monkeypatch.setattr("jobs.aws.logs.get_log_events", respond)
    assert log_copies.refresh(ended).count == 2


def test_the_reads_of_an_account_are_paced_over_all_processes(
    stream: FakeStream, live: LogSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    current_time = now()
    monkeypatch.setattr("jobs.models.request_count.now", lambda: current_time)
    monkeypatch.setattr(log_rate_limit, "READS_PER_SECOND", 1)
    monkeypatch.setattr("jobs.reports.logs.SLOT_TIMEOUT_SECONDS", 0.0)
    other = LogSource(live.account, live.group, "hello/default/2")
    stream.write("one")
    log_copies.refresh(live)

    assert "Too many logs" in log_copies.refresh(other).problem
    assert len(stream.requests) == 1


def test_scattered_lines_are_found_and_numbers_beyond_the_end_are_left_out(
    stream: FakeStream, ended: LogSource
) -> None:
    stream.write(*number_lines(5000))
    state = log_copies.refresh(ended)
    lines = log_copies.read_scattered_lines(state, [4999, 3, 2000, 5000, 10**7])

    assert [(number, line.text) for number, line in lines] == [(n, f"line {n}") for n in (3, 2000, 4999)]


def test_a_search_finds_lines_of_all_the_log_in_steps_and_goes_on_with_new_ones(
    stream: FakeStream, live: LogSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_copy_search, "STEP_SECONDS", 0.0)
    stream.write(*number_lines(5000))
    state, start = log_copies.refresh(live), 0
    steps: list[log_copy_search.SearchStep] = []
    while not steps or start < state.count:
        steps.append(log_copy_search.search(state, LineFilter("line 49"), start))
        start = steps[-1].next_line
    assert [step.next_line for step in steps] == [2000, 4000, 5000]
    assert [line for step in steps for line in step.lines] == [49, *range(490, 500), *range(4900, 5000)]

    stream.write("line 49 again")
    assert log_copy_search.search(
        log_copies.refresh(live), LineFilter("line 49"), 5000
    ) == log_copy_search.SearchStep([5000], 5001)


def test_the_whole_log_is_read_as_a_file_and_says_what_went_wrong(stream: FakeStream, live: LogSource) -> None:
    stream.write(*number_lines(2300))
    parts = list(log_copies.all_lines(live))
    stream.errors.append(RejectedError("no", code="AccessDeniedException"))
    *_, problem = log_copies.all_lines(live)

    assert [line.text for part in parts if not isinstance(part, str) for line in part] == number_lines(2300)
    assert problem == "Couldn't read the log: no"


@pytest.fixture
def grown(stream: FakeStream, live: LogSource, monkeypatch: pytest.MonkeyPatch) -> FakeStream:
    """Read to its end once, then grown by many pages; a refresh reads one."""
    stream.write("line 0")
    log_copies.refresh(live)
    monkeypatch.setattr(log_copies, "BIG_PAGE_EVENTS", 100)
    monkeypatch.setattr(log_copies, "READ_SECONDS", -1.0)
    stream.page_events = 100
    stream.write(*number_lines(1050)[1:])
    return stream


def test_a_log_that_has_grown_by_much_opens_at_its_end(grown: FakeStream, live: LogSource) -> None:
    lines, state = log_copies.last_lines(live, 50)

    assert texts(lines) == number_lines(1050)[-50:]
    assert (state.is_numbered, state.is_done) == (False, False)


def test_a_log_that_has_grown_by_much_is_downloaded_to_its_end(grown: FakeStream, live: LogSource) -> None:
    parts = list(log_copies.all_lines(live))

    assert [line.text for part in parts if not isinstance(part, str) for line in part] == number_lines(1050)


def test_a_download_waits_until_another_request_has_read_on(
    stream: FakeStream, live: LogSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.write("one")
    log_copies.refresh(live)
    stream.write("two")
    LogCopy.objects.update(lease_until=now() + timedelta(seconds=5))
    assert not log_copies.refresh(live).is_done

    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        LogCopy.objects.update(lease_until=None)

    monkeypatch.setattr("jobs.reports.log_copies.time.sleep", pause)
    parts = list(log_copies.all_lines(live))
    assert [line.text for part in parts for line in part if isinstance(line, LogLine)] == ["one", "two"]
    assert pauses == [log_copies.DOWNLOAD_PAUSE_SECONDS]


@pytest.mark.parametrize("error", [log_rate_limit.LogReadLimitError("Wait."), ThrottledError("Slow.")])
def test_a_download_waits_for_a_limit_to_pass_and_at_last_says_that_it_did_not(
    stream: FakeStream, live: LogSource, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    stream.write("one")
    log_copies.refresh(live)
    stream.write("two")
    monkeypatch.setattr("jobs.reports.log_copies.DOWNLOAD_PAUSE_SECONDS", 0.0)
    stream.errors.append(error)
    parts = list(log_copies.all_lines(live))
    assert [line.text for part in parts for line in part if isinstance(line, LogLine)] == ["one", "two"]

    monkeypatch.setattr("jobs.reports.log_copies.DOWNLOAD_STALL_SECONDS", -1.0)
    stream.errors.append(error)
    *_, problem = log_copies.all_lines(live)
    assert problem == "The log couldn't be read to its end. Try again."


def test_a_log_that_has_settled_is_read_once_more_before_it_is_done(
    stream: FakeStream, live: LogSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_copies, "REFRESH_INTERVAL", timedelta(seconds=60))
    stream.write("one")
    log_copies.refresh(live)
    stream.write("two")
    state = log_copies.refresh(LogSource(live.account, live.group, live.stream, ended_at=now() - LONG_AGO))

    assert (state.count, state.is_done, state.is_live) == (2, True, False)


def test_a_log_that_is_too_long_is_cut_and_says_so(
    stream: FakeStream, live: LogSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_copies, "MAX_LINES", 10)
    stream.write(*number_lines(12))
    state = log_copies.refresh(live)

    assert (state.count, state.is_live, state.is_numbered) == (10, False, True)
    assert "longer than 10 lines" in state.problem


def test_copies_that_nobody_opens_and_the_oldest_ones_beyond_the_quota_are_deleted(
    stream: FakeStream, live: LogSource
) -> None:
    stream.write("x" * 1000)
    for number, days in enumerate((30, 3, 2, 1)):
        log_copies.refresh(LogSource(live.account, live.group, f"stream-{number}"))
        LogCopy.objects.filter(stream=f"stream-{number}").update(
            viewed_at=now() - timedelta(days=days), stored_bytes=100
        )

    assert LogCopy.objects.all().evict(250) == 2
    assert set(LogCopy.objects.values_list("stream", flat=True)) == {"stream-2", "stream-3"}
    assert LogChunk.objects.count() == 2
    log_copies.refresh(LogSource(live.account, live.group, "stream-2"))
    assert LogCopy.objects.all().evict(100) == 1
    assert LogCopy.objects.get().stream == "stream-2"
