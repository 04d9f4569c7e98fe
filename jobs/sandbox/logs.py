"""CloudWatch Logs of the sandbox: one stream per attempt."""

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jobs.sandbox.context import AccountRegion, ApiCall, Document, drop_none, now_ms
from jobs.sandbox.errors import InvalidParameterError, ServiceError
from jobs.sandbox.store import Store

DEFAULT_GROUP = "/aws/batch/job"
MAX_MESSAGE_BYTES = 256 * 1024
MAX_PAGE_BYTES = 1024 * 1024
MAX_PAGE_EVENTS = 10_000
EVENT_OVERHEAD = 26  # bytes that CloudWatch adds to each message
NO_END_TIME = 1 << 60
MAX_EVENT_AGE_MS = 14 * 24 * 3600 * 1000

SELECT_STREAM = "SELECT number FROM stream WHERE home = ? AND log_group = ? AND name = ?"

# A term of a filter pattern: a word or a quoted phrase, after `?` (one of several) or `-` (none).
_TERM = re.compile(r'([?-]?)(?:"([^"]*)"|(\S+))')

SELECT_FORWARD = (
    "SELECT place, said_at, stored_at, message FROM line "
    "WHERE stream = ? AND place >= ? AND said_at >= ? AND said_at < ? ORDER BY place LIMIT ?"
)
SELECT_BACKWARD = (
    "SELECT place, said_at, stored_at, message FROM line "
    "WHERE stream = ? AND place < ? AND said_at >= ? AND said_at < ? ORDER BY place DESC LIMIT ?"
)


@dataclass(frozen=True)
class LogTarget:
    account_region: AccountRegion
    group: str
    stream: str


class LogWriter:
    """Lines are numbered from 0, and a token is a line number."""

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
            self._store.execute_many("INSERT INTO line VALUES (?, ?, ?, ?, ?)", rows)


class LogService:
    def __init__(self, store: Store) -> None:
        self._store = store

    def create_stream(self, target: LogTarget) -> LogWriter:
        with self._store.transaction():
            self._store.execute(
                "INSERT INTO stream (home, log_group, name, created_at) VALUES (?, ?, ?, ?)",
                *(target.account_region.key, target.group, target.stream, now_ms()),
            )
            return LogWriter(self._store, self._stream_number(target))

    def create_log_stream(self, call: ApiCall) -> Document:
        target = LogTarget(call.account_region, self._group(call), call.params["logStreamName"])
        with self._store.transaction():
            if self._store.fetch_one(SELECT_STREAM, target.account_region.key, target.group, target.stream):
                raise ServiceError("The specified log stream already exists", code="ResourceAlreadyExistsException")
            self.create_stream(target)
        return {}

    def put_log_events(self, call: ApiCall) -> Document:
        """Leave out events older than 14 days, and say so, as AWS."""
        events = call.params["logEvents"]
        times = [event["timestamp"] for event in events]
        if times != sorted(times):
            raise InvalidParameterError("Log events in a single PutLogEvents request must be in chronological order.")
        target = LogTarget(call.account_region, self._group(call), call.params["logStreamName"])
        oldest = now_ms() - MAX_EVENT_AGE_MS
        fresh = [event for event in events if event["timestamp"] >= oldest]
        with self._store.transaction():
            stream = self._stream_number(target)
            first = self._line_count(stream)
            self._store.execute_many(
                "INSERT INTO line VALUES (?, ?, ?, ?, ?)",
                [
                    (stream, number, event["timestamp"], now_ms(), event["message"])
                    for number, event in enumerate(fresh, start=first)
                ],
            )
        expired = len(events) - len(fresh)
        return {"rejectedLogEventsInfo": {"tooOldLogEventEndIndex": expired}} if expired else {}

    def _stream_number(self, target: LogTarget) -> int:
        row = self._store.fetch_one(SELECT_STREAM, target.account_region.key, target.group, target.stream)
        if row is None:
            raise ServiceError("The specified log stream does not exist.", code="ResourceNotFoundException")
        return int(row["number"])

    def get_log_events(self, call: ApiCall) -> Document:
        params = call.params
        target = LogTarget(call.account_region, self._group(call), params["logStreamName"])
        with self._store.lock:
            stream = self._stream_number(target)
            size = self._line_count(stream)
            forward, line_number = _read_position(params, size)
            limit = params.get("limit", MAX_PAGE_EVENTS)
            if not 1 <= limit <= MAX_PAGE_EVENTS:
                raise InvalidParameterError(f"limit must be between 1 and {MAX_PAGE_EVENTS}")
            rows = self._store.fetch_all(
                SELECT_FORWARD if forward else SELECT_BACKWARD,
                *(stream, line_number, params.get("startTime", 0), params.get("endTime", NO_END_TIME), limit),
            )
        page: list[sqlite3.Row] = []
        bytes_left = MAX_PAGE_BYTES
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
            "nextForwardToken": _encode_token("f", after),
            "nextBackwardToken": _encode_token("b", first),
        }

    def _line_count(self, stream: int) -> int:
        last = self._store.fetch_one("SELECT max(place) AS last FROM line WHERE stream = ?", stream)
        return 0 if last is None or last["last"] is None else int(last["last"]) + 1

    def _group(self, call: ApiCall) -> str:
        group: str | None = call.params.get("logGroupName") or call.params.get("logGroupIdentifier")
        if group is None:
            raise InvalidParameterError("logGroupName is required")
        if group.startswith("arn:"):
            group = group.split(":", 6)[6].removesuffix(":*")
        if group != DEFAULT_GROUP and not self._store.fetch_one(
            "SELECT 1 FROM stream WHERE home = ? AND log_group = ? LIMIT 1", call.account_region.key, group
        ):
            raise ServiceError("The specified log group does not exist.", code="ResourceNotFoundException")
        return group

    def describe_log_streams(self, call: ApiCall) -> Document:
        prefix, after = call.params.get("logStreamNamePrefix", ""), call.params.get("nextToken", "")
        group, limit = self._group(call), min(call.params.get("limit", 50), 50)
        rows = self._store.fetch_all(
            "SELECT number, name, created_at FROM stream WHERE home = ? AND log_group = ? "
            "AND name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
            *(call.account_region.key, group, after, len(prefix), prefix, limit + 1),
        )
        streams = []
        for row in rows[:limit]:
            times_row = self._store.fetch_one(
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
                    "arn": f"arn:aws:logs:{call.account_region.region}:{call.account_region.account}"
                    f":log-group:{group}:log-stream:{row['name']}",
                    **drop_none(times),
                }
            )
        next_token = streams[-1]["logStreamName"] if len(rows) > limit else None
        return drop_none({"logStreams": streams, "nextToken": next_token})

    def filter_log_events(self, call: ApiCall) -> Document:
        params, group = call.params, self._group(call)
        if "logStreamNames" in params and "logStreamNamePrefix" in params:
            raise InvalidParameterError("logStreamNames and logStreamNamePrefix cannot both be specified.")
        limit = params.get("limit", MAX_PAGE_EVENTS)
        if not 1 <= limit <= MAX_PAGE_EVENTS:
            raise InvalidParameterError(f"limit must be between 1 and {MAX_PAGE_EVENTS}")
        is_match = event_filter(params.get("filterPattern", ""))
        prefix, names = params.get("logStreamNamePrefix", ""), params.get("logStreamNames")
        rows = self._store.fetch_all(
            "SELECT stream.name, stream.number, line.place, line.said_at, line.stored_at, line.message FROM line "
            "JOIN stream ON stream.number = line.stream WHERE stream.home = ? AND stream.log_group = ? "
            "AND substr(stream.name, 1, ?) = ? "
            "AND (? IS NULL OR stream.name IN (SELECT value FROM json_each(?))) "
            "AND line.said_at >= ? AND line.said_at <= ? AND (line.said_at, line.stream, line.place) > (?, ?, ?) "
            "ORDER BY line.said_at, line.stream, line.place",
            *(call.account_region.key, group, len(prefix), prefix, names and "some", json.dumps(names)),
            *(params.get("startTime", 0), params.get("endTime", NO_END_TIME), *_read_filter_position(params)),
        )
        matches = [row for row in rows if is_match(row["message"])]
        answer: Document = {"events": [_encode_event(row) for row in matches[:limit]], "searchedLogStreams": []}
        if len(matches) > limit:
            last = matches[limit - 1]
            answer["nextToken"] = f"e/{last['said_at']}/{last['number']}/{last['place']}"
        return answer


def event_filter(pattern: str) -> Callable[[str], bool]:
    """Match all terms, at least one with `?`, none with `-`; no JSON patterns."""
    if pattern.strip().startswith(("{", "[", "%")):
        raise InvalidParameterError("The sandbox knows patterns of terms only.")
    terms = [(sign, quoted or word) for sign, quoted, word in _TERM.findall(pattern)]
    required = [term for sign, term in terms if not sign]
    alternatives = [term for sign, term in terms if sign == "?"]
    excluded = [term for sign, term in terms if sign == "-"]

    def is_match(message: str) -> bool:
        return (
            all(term in message for term in required)
            and (not alternatives or any(term in message for term in alternatives))
            and not any(term in message for term in excluded)
        )

    return is_match


def _read_filter_position(params: Document) -> tuple[int, int, int]:
    token = params.get("nextToken", "e/-1/0/0")
    match token.split("/"):
        case ["e", said_at, stream, place] if all(part.lstrip("-").isdigit() for part in (said_at, stream, place)):
            return int(said_at), int(stream), int(place)
    raise InvalidParameterError("The specified nextToken is invalid.")


def _encode_event(row: sqlite3.Row) -> Document:
    return {
        "logStreamName": row["name"],
        "timestamp": row["said_at"],
        "message": row["message"],
        "ingestionTime": row["stored_at"],
        "eventId": f"{row['said_at']:032d}{row['number']:012d}{row['place']:012d}",
    }


def _read_position(params: Document, size: int) -> tuple[bool, int]:
    token = params.get("nextToken")
    if token is None:
        return (True, 0) if params.get("startFromHead") else (False, size)
    kind, _, line_number = token.partition("/")
    if kind not in {"f", "b"} or not line_number.isdigit():
        raise InvalidParameterError("The specified nextToken is invalid.")
    return kind == "f", int(line_number)


def _encode_token(kind: str, line_number: int) -> str:
    return f"{kind}/{line_number:056d}"
