"""A search in the logs of several jobs."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.utils.timezone import now

from jobs.access import Member
from jobs.aws.errors import RejectedError
from jobs.aws.logs import FilteredEvents, LogEvent
from jobs.models import Job
from jobs.reports import log_copies, log_searches
from jobs.reports.job_search import Scope
from jobs.reports.log_searches import filter_pattern, search_logs
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
    monkeypatch.setattr("jobs.reports.logs.FILTERS_PER_SECOND", 10_000)
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
    monkeypatch.setattr(log_searches, "JOBS_PER_STEP", 2)
    monkeypatch.setattr(log_searches, "STEP_SECONDS", 0.0)
    jobs = [job_with_log(scope, stream) for stream in ("one", "two", "three")]
    step = search_logs(scope, parse(""), "disk")
    last = search_logs(scope, parse(""), "disk", step.next)

    assert list(step.problems) == [jobs[2], jobs[1]]
    assert set(step.problems.values()) == {log_searches.UNFINISHED}
    assert (list(last.problems), last.next) == ([jobs[0]], "")


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
