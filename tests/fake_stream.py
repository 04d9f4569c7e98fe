"""A log stream as CloudWatch serves it, in this process. It counts the requests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.aws.logs import LogEvent, LogEvents

START = datetime(2026, 11, 28, 12, tzinfo=UTC)


@dataclass
class FakeStream:
    """Events are a second apart. `page_events` is how many AWS returns at most."""

    texts: list[str] = field(default_factory=list)
    page_events: int = 10_000
    requests: list[dict[str, Any]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def write(self, *texts: str) -> None:
        self.texts += texts

    def respond(
        self,
        _client: object,
        group: str,
        stream: str,
        *,
        token: str = "",
        limit: int = 500,
        from_head: bool = False,
        since_ms: int = 0,
    ) -> LogEvents:
        """Stand for `jobs.aws.logs.get_log_events`."""
        self.requests.append(
            {"group": group, "stream": stream, "token": token, "from_head": from_head, "since_ms": since_ms}
        )
        if self.errors:
            raise self.errors.pop(0)
        limit = min(limit, self.page_events)
        if token:
            first = int(token.removeprefix("f/"))
        elif from_head:
            first = sum(START + timedelta(seconds=number) < _time(since_ms) for number in range(len(self.texts)))
        else:
            first = max(0, len(self.texts) - limit)
        texts: Sequence[str] = self.texts[first : first + limit]
        events = tuple(LogEvent(START + timedelta(seconds=first + at), text) for at, text in enumerate(texts))
        return LogEvents(events, f"f/{first + len(texts)}", f"b/{first}")


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
