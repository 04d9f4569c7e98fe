"""CloudWatch Logs, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jobs.aws.response_reader import ResponseReader, call

DEFAULT_GROUP = "/aws/batch/job"
MAX_TOKEN_LENGTH = 2048
MAX_FILTERED_STREAMS = 100
EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class LogEvent:
    at: datetime
    text: str


@dataclass(frozen=True)
class LogEvents:
    """Oldest first. A token returned unchanged means the end for now."""

    events: tuple[LogEvent, ...]
    forward_token: str
    backward_token: str


@dataclass(frozen=True)
class FilteredEvents:
    """Events of several streams, each with the name of its own. The token is empty at the end."""

    events: tuple[tuple[str, LogEvent], ...]
    token: str


def get_log_events(
    client: Any,
    group: str,
    stream: str,
    *,
    token: str = "",
    limit: int = 500,
    from_head: bool = False,
    since_ms: int = 0,
) -> LogEvents:
    request: dict[str, Any] = {"logGroupName": group or DEFAULT_GROUP, "logStreamName": stream, "limit": limit}
    if token:
        # AWS requires `startFromHead` on each call with a forward token.
        request |= {"nextToken": token, "startFromHead": token.startswith("f/")}
    elif from_head:
        request["startFromHead"] = True
        if since_ms:
            request["startTime"] = since_ms
    answer = call(client.get_log_events, **request)
    return LogEvents(
        events=tuple(_event(entry) for entry in answer.required_entries("events")),
        forward_token=answer.required_text("nextForwardToken", max_length=MAX_TOKEN_LENGTH),
        backward_token=answer.required_text("nextBackwardToken", max_length=MAX_TOKEN_LENGTH),
    )


def filter_log_events(
    client: Any, group: str, streams: Sequence[str], pattern: str, *, token: str = "", limit: int = 1000
) -> FilteredEvents:
    """Read up to `MAX_FILTERED_STREAMS` streams. A page may be empty without being the end."""
    request: dict[str, Any] = {
        "logGroupName": group or DEFAULT_GROUP,
        "logStreamNames": list(streams),
        "filterPattern": pattern,
        "limit": limit,
    }
    answer = call(client.filter_log_events, **request, **({"nextToken": token} if token else {}))
    events = ((entry.text("logStreamName"), _event(entry)) for entry in answer.entries("events"))
    return FilteredEvents(tuple(events), answer.next_token())


def _event(entry: ResponseReader) -> LogEvent:
    at = entry.timestamp("timestamp") or entry.timestamp("ingestionTime") or EPOCH
    return LogEvent(at, entry.text("message"))
