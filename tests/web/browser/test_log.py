"""The log viewer in a browser."""

import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Page, Route, expect

from jobs import log_rate_limit
from jobs.aws.logs import LogEvents
from jobs.logs import chunks
from jobs.logs.lines import LogLine
from jobs.models import Job, LogChunk, LogCopy
from jobs.reports import log_copies, log_sources
from tests import make
from tests.browser import NARROW, assert_accessible
from tests.eventually import eventually
from tests.fake_stream import FakeStream
from tests.web.browser.conftest import OpenPage
from tests.web.conftest import Research

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

STREAM = "hello/default/1"
MILLION = 1_000_000
HOSTILE = (
    "\x1b[31mred\x1b[0m <script>alert(1)</script> \x1b]8;;http://evil/\x07link\x1b]8;;\x07 \u202etxt.exe\u2066 \ud800"
)
NODES = "document.querySelectorAll('*').length"


@pytest.fixture
def open_as_analyst(open_page: OpenPage, research: Research) -> OpenPage:
    return partial(open_page, research.analyst.user)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch, research: Research) -> FakeStream:
    made = FakeStream()
    monkeypatch.setattr("jobs.reports.logs.client_for", lambda *_: None)
    monkeypatch.setattr("jobs.aws.logs.get_log_events", made.respond)
    monkeypatch.setattr(log_copies, "REFRESH_INTERVAL", timedelta(0))
    monkeypatch.setattr(log_rate_limit, "READS_PER_SECOND", 10_000)
    Job.objects.filter(pk=research.job.pk).update(log_stream=STREAM)
    return made


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch, stream: FakeStream) -> dict[str, FakeStream]:
    """Streams by name, made when they are first read: each has one line, with its name."""
    made: dict[str, FakeStream] = {}

    def respond(client: object, group: str, name: str, **options: Any) -> LogEvents:
        return made.setdefault(name, FakeStream([f"log {name}"])).respond(client, group, name, **options)

    monkeypatch.setattr("jobs.aws.logs.get_log_events", respond)
    return made


def copy_million_lines(job: Job) -> None:
    """Store a finished log with one line that says needle, and one that reports an error."""
    Job.objects.filter(pk=job.pk).update(log_stream=STREAM, state="SUCCEEDED", ended_at=now() - timedelta(hours=1))
    copy = LogCopy.objects.create(
        account=job.account,
        log_group="/aws/batch/job",
        stream=STREAM,
        line_count=MILLION,
        is_caught_up=True,
        is_complete=True,
    )
    lines = [LogLine(1_795_867_200_000 + number, f"processed item {number}") for number in range(chunks.MAX_LINES)]
    special = [
        *lines[:234],
        LogLine(None, f"needle {HOSTILE}"),
        LogLine(1, "ValueError: " + "x" * 300_000),
        *lines[236:],
    ]
    plain, marked = chunks.pack(lines), chunks.pack(special)
    LogChunk.objects.bulk_create(
        LogChunk(copy=copy, first_line=first, line_count=chunks.MAX_LINES, characters=1, texts=texts, times=times)
        for first in range(0, MILLION, chunks.MAX_LINES)
        for texts, times in [marked if first == 500_000 else plain]
    )


def visible_numbers(page: Page) -> list[int]:
    """Return the numbers of the lines in the window."""
    script = """pane => {
      const box = pane.getBoundingClientRect();
      return [...pane.querySelectorAll(".line")].filter((line) => {
        const { top, bottom } = line.getBoundingClientRect();
        return bottom > box.top + 1 && top < box.bottom - 1;
      }).map((line) => Number(line.querySelector(".line-number").textContent));
    }"""
    numbers: list[int] = page.locator("[data-lines]").evaluate(script)
    return numbers


def test_a_log_opens_at_its_end_follows_and_waits_for_a_reader(
    open_as_analyst: OpenPage, research: Research, stream: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.write(*(f"line {number}" for number in range(1, 201)))
    page = open_as_analyst(research.job.get_absolute_url())
    eventually(lambda: visible_numbers(page)[-1:] == [200])
    stream.write("line 201")
    eventually(lambda: visible_numbers(page)[-1:] == [201])

    page.locator("[data-lines]").evaluate("pane => { pane.scrollTop = 100 }")
    eventually(lambda: visible_numbers(page)[:1] == [6])
    stream.write(*(f"line {number}" for number in range(202, 214)))
    button = page.get_by_role("button", name="12 new lines")
    expect(button).to_be_visible()
    assert visible_numbers(page)[0] == 6

    button.click()
    eventually(lambda: visible_numbers(page)[-1:] == [213])
    expect(button).to_be_hidden()
    stream.write("line 214")
    eventually(lambda: visible_numbers(page)[-1:] == [214])
    assert page.get_by_role("link", name="Open full log").is_visible()

    # Lines keep their numbers while many more are read, here one at a time.
    monkeypatch.setattr(log_copies, "READ_SECONDS", -1.0)
    monkeypatch.setattr(log_copies, "BIG_PAGE_EVENTS", 1)
    stream.page_events = 1
    stream.write(*(f"line {number}" for number in range(215, 1000)))
    expect(page.get_by_text("Counting lines")).to_be_visible()
    assert visible_numbers(page)[-1:] >= [214]


def test_a_million_lines_are_a_few_rows_that_are_searched_linked_and_filtered(
    open_as_analyst: OpenPage, research: Research
) -> None:
    copy_million_lines(research.job)
    page = open_as_analyst()
    page.set_viewport_size({"width": 1440, "height": 2160})
    page.goto(reverse("job_log", args=[research.job.text_id]))
    pane, count = page.locator("[data-lines]"), page.locator("[data-log-count]")
    search = page.get_by_role("searchbox", name="Search the whole log")
    eventually(lambda: visible_numbers(page)[-1:] == [MILLION])
    assert page.evaluate(NODES) < 2000

    pane.focus()
    page.keyboard.press("Home")
    eventually(lambda: visible_numbers(page)[:1] == [1])
    page.keyboard.press("PageDown")
    eventually(lambda: 40 < (visible_numbers(page) or [0])[0] < 140)
    pane.evaluate("pane => { pane.scrollTop = pane.scrollHeight / 4 }")
    eventually(lambda: 240_000 < (visible_numbers(page) or [0])[0] < 260_000)

    page.keyboard.press("/")
    expect(search).to_be_focused()
    search.fill("NEEDLE")
    expect(count).to_have_text("1 of 1")
    row = page.locator(".line.is-selected")
    expect(row.locator(".line-number")).to_have_text("500235")
    expect(row.locator(".line-text")).to_have_text("needle red <script>alert(1)</script> link txt.exe ?")
    expect(row.locator("mark")).to_have_text("needle")
    assert row.locator("a:not(.line-number), script").count() == 0
    assert page.url.endswith("#L500235")
    page.get_by_role("button", name="Only matches").click()
    expect(page.locator(".line")).to_have_count(1)
    search.fill("")
    page.get_by_role("button", name="Errors only").click()
    expect(page.locator(".line .line-number")).to_have_text(["500236"])
    expect(count).to_have_text("1 line with errors")
    assert_accessible(page)
    page.get_by_role("button", name="Errors only").click()


def test_a_line_of_a_million_is_linked_and_its_matches_are_gone_through_by_keys(
    open_as_analyst: OpenPage, research: Research
) -> None:
    copy_million_lines(research.job)
    page = open_as_analyst()
    page.set_viewport_size({"width": 1440, "height": 1200})
    page.goto(reverse("job_log", args=[research.job.text_id]) + "#L123456")
    count, selected = page.locator("[data-log-count]"), page.locator(".line.is-selected")
    expect(selected.locator(".line-number")).to_have_text("123456")
    assert 123_456 in visible_numbers(page)

    page.get_by_role("searchbox").fill("item 1999")
    expect(count).to_have_text("62 of 500")  # in the chunk of the linked line
    page.locator("[data-lines]").focus()
    page.keyboard.press("n")
    expect(count).to_have_text("63 of 500")
    page.keyboard.press("Shift+N")
    expect(selected.locator(".line-number")).to_have_text("124000")
    page.get_by_role("button", name="Timestamps").click()
    expect(selected.locator("time")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3}$"))
    page.get_by_role("button", name="Wrap").click()
    assert page.evaluate(NODES) < 2000
    page.set_viewport_size(NARROW)
    expect(selected).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(page)


def test_attempt_container_and_node_are_chosen_kept_in_the_address_and_downloaded(
    open_as_analyst: OpenPage, research: Research, streams: dict[str, FakeStream], monkeypatch: pytest.MonkeyPatch
) -> None:
    blank = dict.fromkeys(("started_at", "exit_code", "status_reason", "reason"))
    attempts = [{**blank, "stopped_at": "2026-11-28T12:00:00Z", "log_stream": f"main/{number}"} for number in (1, 2)]
    tasks = [
        {"containers": [{"name": name, "logStreamName": f"{name}/{number}"} for name in ("proxy", "main")]}
        for number in (1, 2)
    ]
    raw = {
        "ecsProperties": {"taskProperties": tasks[1:]},
        "attempts": [{"taskProperties": [task]} for task in tasks],
    }
    fields = {"state": "FAILED", "exit_code": 3, "ended_at": now(), "log_stream": "main/2"}
    Job.objects.filter(pk=research.job.pk).update(attempts=attempts, raw=raw, **fields)
    page = open_as_analyst(reverse("job_log", args=[research.job.text_id]))
    lines, container = page.locator(".line-text"), page.get_by_label("Container")
    expect(lines).to_have_text(["log main/2"])
    expect(container.locator("option")).to_have_text(["main (default)", "proxy"])
    expect(page.get_by_text("Failed with exit code 3")).to_be_visible()

    container.select_option("proxy")
    expect(lines).to_have_text(["log proxy/2"])
    page.get_by_label("Attempt").select_option("1")
    expect(lines).to_have_text(["log proxy/1"])
    assert page.url.endswith("?attempt=1&container=proxy")
    page.reload()
    expect(lines).to_have_text(["log proxy/1"])
    page.get_by_text("Download").click()
    for name in ("Text", "Raw text"):
        link = page.get_by_role("link", name=name, exact=True)
        expect(link).to_have_attribute("href", re.compile("attempt=1&container=proxy"))
    container.select_option("main (default)")
    expect(lines).to_have_text(["log main/1"])

    monkeypatch.setattr(log_sources, "_node_stream", lambda _job, node: ("/aws/batch/job", f"node/{node}"))
    Job.objects.filter(pk=research.job.pk).update(raw={"nodeProperties": {"numNodes": 3, "mainNode": 1}})
    page.goto(reverse("job_log", args=[research.job.text_id]))
    expect(lines).to_have_text(["log node/1"])
    node = page.get_by_label("Node")
    expect(node.locator("option")).to_have_text(["1 (main)", "0", "2"])
    node.select_option("2")
    expect(lines).to_have_text(["log node/2"])
    assert page.url.endswith("?node=2")
    expect(page.get_by_label("Attempt")).to_be_hidden()
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(page)


def test_a_search_in_logs_stops_and_continues_where_it_was(
    open_as_analyst: OpenPage, research: Research, stream: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = make.job(research.submission, position=9, name="later", state="SUCCEEDED", log_stream="later/1")
    Job.objects.update(state="SUCCEEDED", ended_at=now() - timedelta(hours=1))
    stream.write("disk full")
    for job in (later, research.job):
        job.refresh_from_db()
        log_copies.refresh(log_sources.job_source(job, log_sources.LogChoice()))
    monkeypatch.setattr("jobs.reports.log_search.JOBS_PER_STEP", 1)
    page = open_as_analyst()
    requests: list[Route] = []

    def hold(route: Route) -> None:
        requests.append(route)

    page.route("**/*part=results*", hold)
    page.goto(reverse("log_search", args=[research.team.slug]) + "?text=disk&search=status:succeeded")
    stop = page.get_by_role("button", name="Stop")
    expect(page.get_by_text("1 line found, 1 job searched…")).to_be_visible()
    eventually(lambda: len(requests) == 1)

    stop.focus()
    page.keyboard.press("Enter")
    page.unroute("**/*part=results*")
    expect(page.locator(".log-result mark")).to_have_count(1)
    assert_accessible(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("2 lines found in the logs of 2 jobs.")).to_be_visible()
    expect(page.locator(".log-result mark")).to_have_count(2)
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
