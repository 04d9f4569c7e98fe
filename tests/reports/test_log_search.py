"""A search in the logs of several jobs."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from jobs.access import Member
from jobs.aws.errors import RejectedError
from jobs.aws.logs import FilteredEvents, LogEvent
from jobs.models import Job
from jobs.reports import log_copies, log_copy_search, log_search, log_sources
from jobs.reports.job_search import Scope
from jobs.reports.log_search import filter_pattern, search_logs
from jobs.reports.log_sources import LogChoice, job_source
from jobs.search import parse
from tests import make
from tests.fake_stream import START, FakeStream

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class FakeGroup:
    """The streams of a log group. A request for one that does not exist fails, as AWS's does."""

    def __init__(self, **streams: list[str]) -> None:
        self.streams = streams
        self.requests: list[tuple[list[str], str, str]] = []

    def respond(
        self, _client: object, _group: str, streams: Sequence[str], pattern: str, *, token: str = ""
    ) -> FilteredEvents:
        self.requests.append((list(streams), pattern, token))
        if not set(streams) <= self.streams.keys():
            raise RejectedError("The specified log stream does not exist.", code="ResourceNotFoundException")
        if not token:
            return FilteredEvents((), "next")  # AWS returns empty pages
        events = [(name, LogEvent(START, text)) for name in streams for text in self.streams[name]]
        return FilteredEvents(tuple(event for event in events if pattern.strip('"') in event[1].text), "")


@pytest.fixture
def scope(db: None) -> Scope:
    member = make.member()
    return Scope(member.user, member.team)


def job_with_log(scope: Scope, stream: str, **fields: object) -> Job:
    account = Job.objects.first().account if Job.objects.exists() else make.account()
    assert scope.team
    member = Member(scope.user, scope.team, "analyst")
    return make.job(
        make.submission(member, account),
        log_stream=stream,
        state="FAILED",
        ended_at=now() - timedelta(hours=1),
        **fields,
    )


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> FakeGroup:
    made = FakeGroup()
    monkeypatch.setattr("jobs.reports.logs.client_for", lambda *_: None)
    monkeypatch.setattr("jobs.aws.logs.filter_log_events", made.respond)
    monkeypatch.setattr("jobs.log_rate_limit.SEARCHES_PER_SECOND", 10_000)
    return made


def test_logs_that_share_a_group_are_searched_together_and_copies_without_a_call(
    scope: Scope, group: FakeGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (job_with_log(scope, stream) for stream in ("one", "two", "three"))
    group.streams = {"one": ["fine", "disk full"], "two": ["Disk full"]}
    monkeypatch.setattr("jobs.aws.logs.get_log_events", FakeStream(["a", "disk full", "Disk full"]).respond)
    log_copies.refresh(job_source(third, LogChoice()))
    step = search_logs(scope, parse("status:failed"), "disk full")

    assert [(line.job, line.text, line.number) for line in step.lines] == [
        (third, "disk full", 2),
        (first, "disk full", 0),
    ]
    assert (step.job_count, step.next, step.problems) == (3, "", {})
    assert [(sorted(streams), token) for streams, _, token in group.requests] == [
        (["one", "two"], ""),
        (["one", "two"], "next"),
    ]
    assert second not in {line.job for line in step.lines}


def test_a_stream_that_was_never_written_hides_no_other(scope: Scope, group: FakeGroup) -> None:
    jobs = [job_with_log(scope, stream) for stream in ("one", "gone", "two")]
    group.streams = {"one": ["disk full"], "two": ["disk full"]}
    step = search_logs(scope, parse(""), "disk full")

    assert [line.job for line in step.lines] == [jobs[2], jobs[0]]
    assert step.problems == {}


def test_jobs_are_searched_step_by_step_and_what_is_not_finished_is_named(
    scope: Scope, group: FakeGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "JOBS_PER_STEP", 2)
    monkeypatch.setattr(log_search, "STEP_SECONDS", 0.0)
    jobs = [job_with_log(scope, stream) for stream in ("one", "two", "three")]
    step = search_logs(scope, parse(""), "disk")
    last = search_logs(scope, parse(""), "disk", step.next)

    assert list(step.problems) == [jobs[2], jobs[1]]
    assert set(step.problems.values()) == {log_search.UNFINISHED}
    assert (list(last.problems), last.next) == ([jobs[0]], "")


def keep(monkeypatch: pytest.MonkeyPatch, job: Job, *texts: str) -> None:
    """Have a complete copy of the job's log."""
    monkeypatch.setattr("jobs.aws.logs.get_log_events", FakeStream(list(texts)).respond)
    assert not log_copies.refresh(job_source(job, LogChoice())).is_live


def test_text_of_another_case_hides_no_line_of_a_copy_however_long(
    scope: Scope, group: FakeGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_copy_search, "STEP_SECONDS", 0.0)
    keep(monkeypatch, job_with_log(scope, "one"), *["error"] * 5000, "Error", *["fine"] * 10, *["Error"] * 9)
    step = search_logs(scope, parse(""), "Error")

    assert [line.number for line in step.lines] == [5001, *range(5012, 5016)]
    assert step.problems == {}


def test_a_copy_that_takes_too_long_is_named(scope: Scope, group: FakeGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(monkeypatch, job := job_with_log(scope, "one"), "Error")
    monkeypatch.setattr(log_search, "STEP_SECONDS", -1.0)

    assert search_logs(scope, parse(""), "Error").problems == {job: log_search.UNFINISHED}


def test_copies_of_all_attempts_are_found_in_one_query(scope: Scope, group: FakeGroup) -> None:
    blank = dict.fromkeys(("started_at", "stopped_at", "exit_code", "status_reason", "reason"))
    attempts = [{**blank, "log_stream": stream} for stream in ("first", "second")]
    job_with_log(scope, "third", attempts=attempts)
    job_with_log(scope, "one")
    group.streams = {stream: ["disk full"] for stream in ("first", "second", "third", "one")}
    with CaptureQueriesContext(connection) as queries:
        step = search_logs(scope, parse(""), "disk full")

    assert [line.attempt for line in step.lines] == [0, 1, 2, 3]
    assert sum('FROM "jobs_logcopy"' in query["sql"] for query in queries.captured_queries) == 1


def test_the_log_of_a_multi_node_job_is_searched_once(
    scope: Scope, group: FakeGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    described: list[int] = []

    def describe_node(_job: Job, node: int) -> tuple[str, str]:
        described.append(node)
        return "/aws/batch/job", "main"

    monkeypatch.setattr("jobs.reports.log_sources._node_stream", describe_node)
    blank = dict.fromkeys(("started_at", "stopped_at", "exit_code", "status_reason", "reason"))
    attempts = [{**blank, "log_stream": stream} for stream in ("first", "second")]
    job = job_with_log(scope, "second", attempts=attempts, raw={"nodeProperties": {"numNodes": 2, "mainNode": 1}})
    group.streams = {"main": ["disk full"]}

    assert [(line.job, line.attempt) for line in search_logs(scope, parse(""), "disk full").lines] == [(job, 0)]
    assert described == [1]
    monkeypatch.setattr(log_search, "STEP_SECONDS", -1.0)
    assert search_logs(scope, parse(""), "disk full").problems == {job: log_search.UNFINISHED}
    assert described == [1]


def test_jobs_whose_logs_are_elsewhere_are_named_and_those_that_never_started_are_not(
    scope: Scope, group: FakeGroup
) -> None:
    splunk = {"container": {"logConfiguration": {"logDriver": "splunk"}}}
    elsewhere = job_with_log(scope, "", raw=splunk, started_at=now() - timedelta(hours=2))
    job_with_log(scope, "", raw=splunk)

    assert search_logs(scope, parse(""), "disk full").problems == {
        elsewhere: log_sources.OTHER_DRIVER.format(driver="splunk")
    }


def test_jobs_that_the_rate_limit_left_out_are_named(
    scope: Scope, group: FakeGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.log_rate_limit.SEARCHES_PER_SECOND", 0)
    monkeypatch.setattr("jobs.reports.logs.SLOT_TIMEOUT_SECONDS", 0.0)
    job = job_with_log(scope, "one")

    assert search_logs(scope, parse(""), "disk full").problems == {job: log_search.BUSY}


def test_jobs_that_a_person_may_not_see_are_not_searched(scope: Scope, group: FakeGroup) -> None:
    job_with_log(scope, "one")
    group.streams = {"one": ["disk full"]}
    stranger = make.member()

    assert search_logs(Scope(stranger.user), parse(""), "disk full").job_count == 0
    assert group.requests == []


@pytest.mark.parametrize(
    ("text", "pattern"), [("disk full", '"disk full"'), ('say "hello world" now', '"hello world"'), ('"', "")]
)
def test_a_pattern_is_a_term_that_all_events_with_the_text_have(text: str, pattern: str) -> None:
    assert filter_pattern(text) == pattern
