"""CloudWatch Logs: the lines of one stream, page by page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jobs.aws.answers import Answer, call

DEFAULT_GROUP = "/aws/batch/job"
LONGEST_TOKEN = 2048
NO_TIME = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class LogEvent:
    at: datetime
    text: str


@dataclass(frozen=True)
class LogEvents:
    """A page of a stream, oldest line first. A token that comes back as it was sent means: nothing more there now."""

    events: tuple[LogEvent, ...]
    forward: str
    backward: str


def read(
    client: Any, group: str, stream: str, *, token: str = "", limit: int = 500, from_head: bool = False
) -> LogEvents:
    """The end of the stream, or its beginning, or the page that a token of an earlier answer leads to."""
    request: dict[str, Any] = {"logGroupName": group or DEFAULT_GROUP, "logStreamName": stream, "limit": limit}
    if token:
        # Asked for with a forward token, AWS wants to hear on each call that reading goes from head to end.
        request |= {"nextToken": token, "startFromHead": token.startswith("f/")}
    elif from_head:
        request["startFromHead"] = True
    answer = call(client.get_log_events, **request)
    return LogEvents(
        events=tuple(_event(entry) for entry in answer.required_entries("events")),
        forward=answer.required_text("nextForwardToken", at_most=LONGEST_TOKEN),
        backward=answer.required_text("nextBackwardToken", at_most=LONGEST_TOKEN),
    )


def _event(entry: Answer) -> LogEvent:
    """A line without a time keeps its text: it has the time at which CloudWatch took it, or none that can be true."""
    at = entry.moment("timestamp") or entry.moment("ingestionTime") or NO_TIME
    return LogEvent(at, entry.text("message"))
