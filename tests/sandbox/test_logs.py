"""CloudWatch Logs in the sandbox: pages, tokens, and what a stream is cut into."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from jobs.sandbox import Sandbox
from tests.sandbox.bench import Bench

GROUP = "/aws/batch/job"
DAY = 24 * 3600 * 1000  # ms


@pytest.fixture(scope="module")
def numbered_stream(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A stream with the lines 1 to 25."""
    with Sandbox(tmp_path_factory.mktemp("logs") / "state.sqlite3", delay=0) as sandbox:
        bench = Bench(sandbox.url)
        job = bench.run("seq 25")
        yield bench, job["container"]["logStreamName"]
        bench.close()


def read(counted: Any, **more: Any) -> tuple[list[int], str, str]:
    bench, stream = counted
    page = bench.logs.get_log_events(logGroupName=GROUP, logStreamName=stream, **more)
    lines = [int(event["message"]) for event in page["events"]]
    return lines, page["nextForwardToken"], page["nextBackwardToken"]


@pytest.mark.process
def test_a_stream_is_read_forwards_until_the_token_stays_the_same(numbered_stream: Any) -> None:
    pages, tokens = [], [""]
    for _ in range(5):
        more = {"nextToken": tokens[-1]} if tokens[-1] else {}
        lines, token, _ = read(numbered_stream, startFromHead=True, limit=10, **more)
        pages.append(lines)
        tokens.append(token)

    assert pages == [list(range(1, 11)), list(range(11, 21)), list(range(21, 26)), [], []]
    assert tokens[2] != tokens[3] == tokens[4] == tokens[5]


@pytest.mark.process
def test_without_a_token_a_page_is_the_newest_and_backward_tokens_lead_to_the_beginning(numbered_stream: Any) -> None:
    newest, forward, backward = read(numbered_stream, limit=10)
    before, _, further = read(numbered_stream, limit=10, nextToken=backward)
    first, _, start = read(numbered_stream, limit=10, nextToken=further)
    nothing, _, still_start = read(numbered_stream, limit=10, nextToken=start)

    assert newest == list(range(16, 26))
    assert before == list(range(6, 16))
    assert first == list(range(1, 6))
    assert (nothing, still_start) == ([], start)
    assert read(numbered_stream, nextToken=forward)[0] == []


@pytest.mark.process
def test_streams_are_listed_by_prefix(numbered_stream: Any) -> None:
    bench, stream = numbered_stream
    streams = bench.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix="job/default/")["logStreams"]

    assert [entry["logStreamName"] for entry in streams] == [stream]
    assert streams[0]["lastEventTimestamp"] >= streams[0]["firstEventTimestamp"]


@pytest.mark.process
@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("", list(range(1, 26))),
        ("2", [2, 12, *range(20, 26)]),
        ("2 -1", [2, 20, 22, 23, 24, 25]),
        ("?7 ?19", [7, 17, 19]),
        ('"24"', [24]),
    ],
)
def test_events_of_a_group_are_filtered_by_terms(numbered_stream: Any, pattern: str, lines: list[int]) -> None:
    bench, stream = numbered_stream
    pages = bench.logs.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, logStreamNames=[stream], filterPattern=pattern, PaginationConfig={"PageSize": 4}
    )
    events = [event for page in pages for event in page["events"]]

    assert [int(event["message"]) for event in events] == lines
    assert {event["logStreamName"] for event in events} == {stream}
    assert len({event["eventId"] for event in events}) == len(events)


@pytest.mark.process
def test_events_are_filtered_by_prefix_and_time_and_wrong_filters_refused(numbered_stream: Any) -> None:
    bench, stream = numbered_stream
    end = bench.logs.filter_log_events(logGroupName=GROUP)["events"][-1]["timestamp"]

    assert bench.logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix="other")["events"] == []
    assert bench.logs.filter_log_events(logGroupName=GROUP, startTime=end + 1)["events"] == []
    for wrong in (
        {"logStreamNames": [stream], "logStreamNamePrefix": "job"},
        {"nextToken": "made-up"},
        {"filterPattern": "{ $.level = 1 }"},
    ):
        with pytest.raises(ClientError) as refusal:
            bench.logs.filter_log_events(logGroupName=GROUP, **wrong)
        assert refusal.value.response["Error"]["Code"] == "InvalidParameterException"


@pytest.mark.parametrize(
    ("group", "stream", "text"),
    [(GROUP, "job/default/none", "log stream does not exist"), ("/other", "x", "log group does not exist")],
)
def test_unknown_streams_and_groups_are_not_found(idle_sandbox: Bench, group: str, stream: str, text: str) -> None:
    with pytest.raises(ClientError, match=text) as refusal:
        idle_sandbox.logs.get_log_events(logGroupName=group, logStreamName=stream)

    assert refusal.value.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.mark.process
def test_a_wrong_token_is_refused(numbered_stream: Any) -> None:
    with pytest.raises(ClientError) as refusal:
        read(numbered_stream, nextToken="made-up")

    assert refusal.value.response["Error"]["Code"] == "InvalidParameterException"


@pytest.mark.process
def test_a_line_of_a_megabyte_is_cut_and_a_page_holds_a_megabyte(bench: Bench) -> None:
    job = bench.run("head -c 1200000 /dev/zero | tr '\\0' x; printf '\\nlast, without a line break'")
    stream = {"logGroupName": GROUP, "logStreamName": job["container"]["logStreamName"], "startFromHead": True}
    page = bench.logs.get_log_events(**stream)
    rest = bench.logs.get_log_events(**stream, nextToken=page["nextForwardToken"])
    lengths = [len(event["message"]) for event in [*page["events"], *rest["events"]]]

    assert len(page["events"]) == 3
    assert max(lengths) == 256 * 1024
    assert sum(lengths[:-1]) == 1_200_000
    assert rest["events"][-1]["message"] == "last, without a line break"


@pytest.mark.process
def test_twenty_thousand_lines_arrive_in_order(bench: Bench) -> None:
    job = bench.run("seq 20000")
    stream = {"logGroupName": GROUP, "logStreamName": job["container"]["logStreamName"], "startFromHead": True}
    first = bench.logs.get_log_events(**stream)
    second = bench.logs.get_log_events(**stream, nextToken=first["nextForwardToken"])
    lines = [int(event["message"]) for event in [*first["events"], *second["events"]]]

    assert lines == list(range(1, 20_001))


@pytest.mark.process
def test_another_log_driver_has_no_stream_and_another_group_is_its_own(bench: Bench) -> None:
    bench.define("quiet", "echo", "hello", container={"logConfiguration": {"logDriver": "json-file"}})
    options = {"awslogs-group": "/team/risk", "awslogs-stream-prefix": "nightly"}
    bench.define("own", "echo", "hello", container={"logConfiguration": {"logDriver": "awslogs", "options": options}})
    quiet, own = bench.wait(bench.submit("quiet")), bench.wait(bench.submit("own"))
    stream = own["container"]["logStreamName"]

    assert "logStreamName" not in quiet["container"]
    assert stream.startswith("nightly/default/")
    page = bench.logs.get_log_events(logGroupName="/team/risk", logStreamName=stream)
    assert [event["message"] for event in page["events"]] == ["hello"]


def test_a_stream_can_be_written_from_outside_but_not_with_events_older_than_14_days(idle_sandbox: Bench) -> None:
    stream: Any = {"logGroupName": GROUP, "logStreamName": "align/default/outside"}
    now = int(time.time() * 1000)
    events: Any = [
        {"timestamp": now - age, "message": text} for age, text in ((15 * DAY, "old"), (DAY, "a"), (0, "b"))
    ]
    idle_sandbox.logs.create_log_stream(**stream)
    answer = idle_sandbox.logs.put_log_events(**stream, logEvents=events)
    idle_sandbox.logs.put_log_events(**stream, logEvents=[{"timestamp": now, "message": "c"}])

    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    page = idle_sandbox.logs.get_log_events(**stream, startFromHead=True)
    assert [event["message"] for event in page["events"]] == ["a", "b", "c"]
    with pytest.raises(ClientError, match="already exists"):
        idle_sandbox.logs.create_log_stream(**stream)
    with pytest.raises(ClientError, match="chronological order"):
        idle_sandbox.logs.put_log_events(**stream, logEvents=events[::-1])
    with pytest.raises(ClientError, match="does not exist"):
        idle_sandbox.logs.put_log_events(logGroupName=GROUP, logStreamName="none", logEvents=events[2:])
