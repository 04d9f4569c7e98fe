"""Pages, data and files of a log: what a program wrote is text, and people without scripts can read all of it."""

import gzip
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs import log_rate_limit
from jobs.aws.errors import RejectedError
from jobs.models import Job, LogCopy
from jobs.reports import log_copies
from tests import make
from tests.fake_stream import FakeStream
from tests.web.conftest import Research, SignIn

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>\"'&"
STEERING = "\x1b[31mred\x1b[0m\ta\x1b]0;title\x07\x9b2J\x85\u202eexe.txt\u2066\x00"


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
def job(research: Research) -> Job:
    Job.objects.filter(pk=research.job.pk).update(
        log_stream="hello/default/1", state="SUCCEEDED", ended_at=now() - timedelta(hours=1)
    )
    research.job.refresh_from_db()
    return research.job


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def page(browser: Client, job: Job, **query: str) -> str:
    return browser.get(reverse("job_log", args=[job.text_id]), query).content.decode()


def data(browser: Client, job: Job, *, part: str = "job_log_lines", **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = browser.get(reverse(part, args=[job.text_id]), query).json()
    return answer


def file(browser: Client, job: Job, **query: str) -> bytes:
    return b"".join(browser.get(reverse("job_log_file", args=[job.text_id]), query))


def test_log_lines_are_text_with_colours(browser: Client, job: Job, stream: FakeStream) -> None:
    stream.write(f"\x1b[31mred\x1b[0m {HOSTILE}", '\x1b]8;;http://evil/\x07link\x1b[2J\x1b["', STEERING)
    text = page(browser, job, part="lines")

    assert '<span class="ansi-red">red</span>' in text
    assert "<script>alert" not in text
    assert "evil" not in text
    assert not re.search("[\x00-\x08\x1b\x80-\x9f\u2028-\u202e\u2066-\u2069]", text)
    assert "<html" not in text
    assert data(browser, job)["lines"] == [
        [0, 1_795_867_200_000, [["red", "ansi-red"], [f" {HOSTILE}", ""]]],
        [1, 1_795_867_201_000, 'link"'],
        [2, 1_795_867_202_000, [["red", "ansi-red"], ["\taexe.txt", ""]]],
    ]


def test_long_lines_are_cut_in_what_the_viewer_gets_and_whole_in_the_file(
    browser: Client, job: Job, stream: FakeStream
) -> None:
    stream.write(*(["x" * 250_000] * 59), "x" * 1_000_000)
    answer = browser.get(reverse("job_log_lines", args=[job.text_id]))

    assert len(answer.content) < 200_000
    assert answer.json()["lines"][0][2].endswith("x … (line truncated)")
    assert len(page(browser, job, part="lines")) < 400_000
    assert len(file(browser, job)) > 60 * 250_000


def test_lines_are_asked_for_by_number_around_the_end_and_scattered(
    browser: Client, job: Job, stream: FakeStream
) -> None:
    stream.write(*(f"line {number}" for number in range(3000)))
    data(browser, job, known=0)
    end = data(browser, job)
    calls = len(stream.requests)

    assert (end["count"], end["numbered"], end["live"], end["problem"]) == (3000, True, False, "")
    assert [line[0] for line in end["lines"]] == list(range(2500, 3000))
    assert [line[2] for line in data(browser, job, **{"from": "1999"}, count=2)["lines"]] == [
        "line 1999",
        "line 2000",
    ]
    assert [line[0] for line in data(browser, job, at="7,2999,x,3000,99999999999")["lines"]] == [7, 2999]
    assert [line[0] for line in data(browser, job, known=2998)["lines"]] == [2998, 2999]
    assert len(stream.requests) == calls


def test_matches_are_searched_over_all_of_the_log(browser: Client, job: Job, stream: FakeStream) -> None:
    stream.write(*(f"line {number}" for number in range(3000)), "ValueError: line 7")
    data(browser, job, known=0)

    matches = data(browser, job, part="job_log_matches", q="LINE 7")
    assert matches["matches"] == [7, *range(70, 80), *range(700, 800), 3000]
    assert (matches["next"], matches["count"]) == (3001, 3001)
    assert data(browser, job, part="job_log_matches", q="line 7", errors="1")["matches"] == [3000]
    assert data(browser, job, part="job_log_matches", errors="1", **{"from": 3001})["matches"] == []


def test_without_scripts_pages_of_lines_lead_from_the_end_to_the_beginning_and_to_a_line(
    browser: Client, job: Job, stream: FakeStream
) -> None:
    stream.write(*(f"line {number}" for number in range(1, 1201)))
    assert 'content="0; url=?plain=1"' in page(browser, job)
    end, middle, start = (
        page(browser, job, **query) for query in ({"plain": "1"}, {"before": "701"}, {"before": "201"})
    )

    assert 'id="L1200"' in end
    assert 'href="?before=701"' in end
    assert "Newer lines" not in end
    assert 'id="L201"' in middle
    assert 'href="?before=201"' in middle
    assert 'href="?after=700"' in middle
    assert 'id="L1"' in start
    assert "Older lines" not in start
    assert 'id="L950"' in page(browser, job, line="950")
    assert 'id="L1200"' in page(browser, job, line="99999999")
    assert 'id="L1200"' in page(browser, job, before="f/3847")


def test_a_log_that_cannot_be_read_says_why(browser: Client, job: Job, stream: FakeStream) -> None:
    stream.errors += [RejectedError("Not authorized.", code="AccessDeniedException")] * 2

    assert "Couldn&#x27;t read the log: Not authorized." in page(browser, job, plain="1")
    assert data(browser, job)["problem"] == "Couldn't read the log: Not authorized."


def test_the_log_is_downloaded_as_text(browser: Client, job: Job, stream: FakeStream) -> None:
    stream.write("one", f"{STEERING}\r\n2026-11-01T00:00:00.000+00:00 forged\n", HOSTILE)
    answer = browser.get(reverse("job_log_file", args=[job.text_id]))
    rows = b"".join(answer).decode().splitlines()

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="nightly-{job.text_id}.log"'
    assert [line.partition(" ")[2] for line in rows] == [
        "one",
        "red\ta  exe.txt",
        f"{' ' * 29}2026-11-01T00:00:00.000+00:00 forged",
        HOSTILE,
    ]


def test_a_compressed_file_has_the_same_text(browser: Client, job: Job, stream: FakeStream) -> None:
    stream.write(*(f"line {number}" for number in range(5000)))
    answer = browser.get(reverse("job_log_file", args=[job.text_id]), {"gzip": "1"})

    assert answer.headers["Content-Disposition"].endswith('.log.gz"')
    assert "Content-Encoding" not in answer.headers
    assert gzip.decompress(b"".join(answer)) == file(browser, job)


def test_the_raw_log_is_downloaded_as_it_was_written(browser: Client, job: Job, stream: FakeStream) -> None:
    stream.write(f"{STEERING}\ud800")

    assert file(browser, job, raw="1").decode() == f"2026-11-28T12:00:00.000+00:00 {STEERING}?\n"
    for other in ("", "0", "true"):
        assert "\x1b" not in file(browser, job, raw=other).decode()


def test_a_container_and_an_attempt_are_chosen(browser: Client, research: Research, stream: FakeStream) -> None:
    containers = [{"name": "main", "logStreamName": "s/main/2"}, {"name": "proxy", "logStreamName": "s/proxy/2"}]
    first = [{"name": "main", "logStreamName": "s/main/1"}, {"name": "proxy", "logStreamName": "s/proxy/1"}]
    attempt = dict.fromkeys(("started_at", "exit_code", "status_reason", "reason"))
    job = make.job(
        research.submission,
        position=5,
        state="RUNNING",
        log_stream="s/main/2",
        attempts=[{**attempt, "stopped_at": "2026-11-28T12:00:00Z", "log_stream": "s/main/1"}],
        raw={
            "ecsProperties": {"taskProperties": [{"containers": containers}]},
            "attempts": [{"taskProperties": [{"containers": first}]}],
        },
    )
    choices: list[dict[str, Any]] = [{}, {"container": "proxy"}, {"attempt": 1}, {"attempt": 1, "container": "proxy"}]
    for choice in choices:
        data(browser, job, **choice)

    assert list(dict.fromkeys(request["stream"] for request in stream.requests)) == [
        "s/main/2",
        "s/proxy/2",
        "s/main/1",
        "s/proxy/1",
    ]
    assert "Choose another one" in data(browser, job, container="other")["problem"]
    text = page(browser, job)
    assert '<option value="1" >1 of 2</option>' in text
    assert "<option >proxy</option>" in text
    assert text.count('<option value="">main (default)</option>') == 1
    assert '<option value="">main (default)</option>' in page(browser, job, plain="1")


def disposition(browser: Client, job: Job, **query: str) -> str:
    return browser.get(reverse("job_log_file", args=[job.text_id]), query).headers["Content-Disposition"]


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=1", 'a"; filename="b.exe', "other"])
def test_a_container_that_the_job_does_not_have_names_no_file(browser: Client, job: Job, name: str) -> None:
    plain = f'attachment; filename="nightly-{job.text_id}-attempt-1.log"'
    assert disposition(browser, job, container=name, attempt="1") == plain

    quoted = {"containers": [{"name": 'a"b'}]}
    Job.objects.filter(pk=job.pk).update(raw={"ecsProperties": {"taskProperties": [quoted]}})
    expected = f'attachment; filename="nightly-{job.text_id}-container-a\\"b.log"'
    assert disposition(browser, job, container='a"b') == expected


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (
            {"container": {"logConfiguration": {"logDriver": "splunk"}}},
            "This job's log driver is splunk, so its log isn't in CloudWatch. Look where splunk sends it.",
        ),
        (
            {"eksProperties": {"podProperties": {"podName": "aws-batch.1", "nodeName": "ip-10"}}},
            "If your cluster collects container logs, look there for pod aws-batch.1 on node ip-10.",
        ),
        (
            {"container": {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-region": "eu-west-1"}}}},
            "This job's log is in CloudWatch Logs of eu-west-1, which the portal doesn't read.",
        ),
    ],
)
def test_a_log_that_is_elsewhere_is_said_to_be_there(
    browser: Client, job: Job, stream: FakeStream, raw: dict[str, Any], sentence: str
) -> None:
    Job.objects.filter(pk=job.pk).update(raw=raw)

    assert sentence in data(browser, job)["problem"]
    assert stream.requests == []


def test_a_page_of_lines_costs_few_queries(
    browser: Client, job: Job, stream: FakeStream, django_assert_num_queries: Any
) -> None:
    stream.write(*(f"line {number}" for number in range(20_000)))
    data(browser, job, known=0)
    with django_assert_num_queries(5):  # session, user, job, copy, chunks
        assert len(data(browser, job, **{"from": "9000"}, count=500)["lines"]) == 500
    with django_assert_num_queries(5):
        assert len(data(browser, job)["lines"]) == 500
    assert LogCopy.objects.get().is_complete


def test_the_logs_of_a_search_are_searched_and_lead_to_job_and_line(
    browser: Client, research: Research, job: Job, stream: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.write("fine", f"disk full {HOSTILE}", "Disk full")
    data(browser, job)
    monkeypatch.setattr("jobs.reports.log_search.JOBS_PER_STEP", 1)
    make.job(research.submission, position=6, name="later", state="SUCCEEDED", ended_at=now())
    address = reverse("log_search", args=[research.team.slug])

    first = browser.get(address, {"search": "status:succeeded", "text": "disk full"}).content.decode()
    following = re.search(r'hx-get="([^"]+)"', first)
    assert following
    assert "1 job searched…" in first
    query = following[1].replace("&amp;", "&").removesuffix("&part=results")
    second = browser.get(f"{address}{query}").content.decode()

    assert f'href="{reverse("job_log", args=[job.text_id])}#L2"' in second
    assert "<mark>disk full</mark> &lt;script&gt;" in second
    assert "1 line found in the logs of 2 jobs." in second
    assert "hx-get" not in second.partition("<main")[2]
    wrong = browser.get(address, {"search": "status:nonsense", "text": "x"})
    assert wrong.status_code == 200
    assert "jobs searched" not in wrong.content.decode()
