"""CloudWatch Logs of the sandbox: one stream per attempt, read forwards and backwards."""

import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from jobs.sandbox.context import Call, Document, Home, now_ms, present
from jobs.sandbox.errors import ApiError, InvalidParameter
from jobs.sandbox.store import Store

DEFAULT_GROUP = "/aws/batch/job"
LONGEST_MESSAGE = 256 * 1024
PAGE_BYTES = 1024 * 1024
PAGE_EVENTS = 10_000
EVENT_OVERHEAD = 26  # bytes that CloudWatch adds to each message
FOREVER = 1 << 60

FORWARD = (
    "SELECT place, said_at, stored_at, message FROM line "
    "WHERE stream = ? AND place >= ? AND said_at >= ? AND said_at < ? ORDER BY place LIMIT ?"
)
BACKWARD = (
    "SELECT place, said_at, stored_at, message FROM line "
    "WHERE stream = ? AND place < ? AND said_at >= ? AND said_at < ? ORDER BY place DESC LIMIT ?"
)


@dataclass(frozen=True)
class LogTarget:
    """The stream that an attempt writes to."""

    home: Home
    group: str
    stream: str


class LogWriter:
    """Appends to one stream. Lines are numbered from 0, and a token is a line number."""

    def __init__(self, store: Store, number: int) -> None:
        self._store = store
        self._number = number
        self._next = 0
        self._lock = threading.Lock()

    def write(self, messages: Iterable[str]) -> None:
        now = now_ms()
        with self._lock:
            rows = [
                (self._number, line_number, now, now, message)
                for line_number, message in enumerate((text for text in messages if text), start=self._next)
            ]
            self._next += len(rows)
            self._store.change_many("INSERT INTO line VALUES (?, ?, ?, ?, ?)", rows)


class Logs:
    """The operations of CloudWatch Logs, and the writers of jobs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, target: LogTarget) -> LogWriter:
        """Create a stream, visible (and empty) from now on."""
        with self._store.transaction():
            self._store.change(
                "INSERT INTO stream (home, log_group, name, created_at) VALUES (?, ?, ?, ?)",
                *(target.home.key, target.group, target.stream, now_ms()),
            )
            return LogWriter(self._store, self._number(target))

    def _number(self, target: LogTarget) -> int:
        row = self._store.row(
            "SELECT number FROM stream WHERE home = ? AND log_group = ? AND name = ?",
            *(target.home.key, target.group, target.stream),
        )
        if row is None:
            raise ApiError("The specified log stream does not exist.", code="ResourceNotFoundException")
        return int(row["number"])

    def get_log_events(self, call: Call) -> Document:
        """Return a page of one stream. An unchanged token means the end."""
        params = call.params
        target = LogTarget(call.home, self._group(call), params["logStreamName"])
        with self._store.lock:
            stream = self._number(target)
            size = self._size(stream)
            forward, line_number = _direction(params, size)
            limit = params.get("limit", PAGE_EVENTS)
            if not 1 <= limit <= PAGE_EVENTS:
                raise InvalidParameter(f"limit must be between 1 and {PAGE_EVENTS}")
            rows = self._store.rows(
                FORWARD if forward else BACKWARD,
                *(stream, line_number, params.get("startTime", 0), params.get("endTime", FOREVER), limit),
            )
        page: list[sqlite3.Row] = []
        bytes_left = PAGE_BYTES
        for row in rows:
            bytes_left -= len(row["message"].encode()) + EVENT_OVERHEAD
            if bytes_left < 0 and page:
                break
            page.append(row)
        page.sort(key=lambda row: int(row["place"]))
        first, after = (page[0]["place"], page[-1]["place"] + 1) if page else (line_number, line_number)
        return {
            "events": [
                {"timestamp": row["said_at"], "message": row["message"], "ingestionTime": row["stored_at"]}
                for row in page
            ],
            "nextForwardToken": _token("f", after),
            "nextBackwardToken": _token("b", first),
        }

    def _size(self, stream: int) -> int:
        last = self._store.row("SELECT max(place) AS last FROM line WHERE stream = ?", stream)
        return 0 if last is None or last["last"] is None else int(last["last"]) + 1

    def _group(self, call: Call) -> str:
        group: str | None = call.params.get("logGroupName") or call.params.get("logGroupIdentifier")
        if group is None:
            raise InvalidParameter("logGroupName is required")
        if group.startswith("arn:"):
            group = group.split(":", 6)[6].removesuffix(":*")
        if group != DEFAULT_GROUP and not self._store.row(
            "SELECT 1 FROM stream WHERE home = ? AND log_group = ? LIMIT 1", call.home.key, group
        ):
            raise ApiError("The specified log group does not exist.", code="ResourceNotFoundException")
        return group

    def describe_log_streams(self, call: Call) -> Document:
        """Return the streams of a group by name, at most 50 a page."""
        prefix, after = call.params.get("logStreamNamePrefix", ""), call.params.get("nextToken", "")
        group, limit = self._group(call), min(call.params.get("limit", 50), 50)
        rows = self._store.rows(
            "SELECT number, name, created_at FROM stream WHERE home = ? AND log_group = ? "
            "AND name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
            *(call.home.key, group, after, len(prefix), prefix, limit + 1),
        )
        streams = []
        for row in rows[:limit]:
            times_row = self._store.row(
                "SELECT min(said_at) AS first, max(said_at) AS last FROM line WHERE stream = ?", row["number"]
            )
            times = (
                {"firstEventTimestamp": times_row["first"], "lastEventTimestamp": times_row["last"]}
                if times_row
                else {}
            )
            streams.append(
                {
                    "logStreamName": row["name"],
                    "creationTime": row["created_at"],
                    "arn": f"arn:aws:logs:{call.home.region}:{call.home.account}:log-group:{group}"
                    f":log-stream:{row['name']}",
                    **present(times),
                }
            )
        next_token = streams[-1]["logStreamName"] if len(rows) > limit else None
        return present({"logStreams": streams, "nextToken": next_token})


def _direction(params: Document, size: int) -> tuple[bool, int]:
    """Return whether to read forwards, and from which line: `f/n` means from n on, `b/n` means before n."""
    token = params.get("nextToken")
    if token is None:
        return (True, 0) if params.get("startFromHead") else (False, size)
    kind, _, line_number = token.partition("/")
    if kind not in {"f", "b"} or not line_number.isdigit():
        raise InvalidParameter("The specified nextToken is invalid.")
    return kind == "f", int(line_number)


def _token(kind: str, line_number: int) -> str:
    return f"{kind}/{line_number:056d}"
