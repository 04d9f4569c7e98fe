"""CloudWatch Logs: the lines of one stream, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jobs.aws.errors import translated

DEFAULT_GROUP = "/aws/batch/job"


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
    with translated():
        answer: Mapping[str, Any] = client.get_log_events(**request)
    return LogEvents(
        events=tuple(
            LogEvent(datetime.fromtimestamp(event["timestamp"] / 1000, UTC), event["message"])
            for event in answer["events"]
        ),
        forward=answer["nextForwardToken"],
        backward=answer["nextBackwardToken"],
    )
