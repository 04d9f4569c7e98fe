"""HTTP of the fake AWS Batch, and the record of what was called."""

import asyncio
import json
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import cast

from bench.fake_aws.batch import Answer, ClientError, FakeBatch
from bench.fake_aws.token_bucket import TokenBucket

RECORD_PATH, RESET_PATH = "/_bench/record", "/_bench/reset"
MAX_REQUEST_BYTES = 1 << 20


@dataclass(frozen=True)
class Limits:
    """`latency` in seconds for each call; calls a second, which is also what may be called at once.

    AWS publishes 50 SubmitJob a second. It publishes no rates of other calls; each has the same here.
    """

    latency: float = 0.03
    submits_per_second: float = 50.0
    others_per_second: float = 50.0


@dataclass
class CallRecord:
    """What was called since the last reset. Times are seconds since 1970."""

    calls: Counter[str] = field(default_factory=Counter)
    throttles: Counter[str] = field(default_factory=Counter)
    sends: list[float] = field(default_factory=list)
    job_ids: list[str] = field(default_factory=list)
    names: Counter[str] = field(default_factory=Counter)

    def to_json(self, batch: FakeBatch) -> Answer:
        return {
            "calls": self.calls,
            "throttles": self.throttles,
            "sends": self.sends,
            "ends": {job_id: batch.jobs[job_id].ended_at for job_id in self.job_ids},
            "sent_twice": sum(count - 1 for count in self.names.values()),
            "cpu": time.process_time(),
        }


class FakeAws:
    def __init__(self, limits: Limits, batch: FakeBatch) -> None:
        self.limits = limits
        self.batch = batch
        self.record = CallRecord()
        self._buckets: dict[str, TokenBucket] = {}

    def answer(self, path: str, body: bytes, now: float) -> tuple[int, Answer, str]:
        """Return the status, the document and the code of an error."""
        if path == RECORD_PATH:
            return 200, self.record.to_json(self.batch), ""
        if path == RESET_PATH:
            self.record = CallRecord()
            return 200, {}, ""
        operation = self.batch.operation(path)
        if operation is None:
            return 501, {"message": f"{path} is not part of the fake AWS."}, "UnknownOperationException"
        name, perform = operation
        self.record.calls[name] += 1
        if not self._bucket(name, now).take(now):
            self.record.throttles[name] += 1
            return 429, {"message": "Too Many Requests"}, "TooManyRequestsException"
        try:
            request = json.loads(body or b"{}")
            document = perform(request, now)
        except (ClientError, KeyError, ValueError) as error:
            return 400, {"message": f"Error executing request, Exception : {error}"}, "ClientException"
        if name == "SubmitJob":
            self.record.sends.append(now)
            self.record.job_ids.append(document["jobId"])
            self.record.names[request["jobName"]] += 1
        return 200, document, ""

    def _bucket(self, name: str, now: float) -> TokenBucket:
        if name not in self._buckets:
            rate = self.limits.submits_per_second if name == "SubmitJob" else self.limits.others_per_second
            self._buckets[name] = TokenBucket(rate, rate, now)
        return self._buckets[name]


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection, kept open. Clients send a request when they have the last response."""

    def __init__(self, aws: FakeAws) -> None:
        self._aws = aws
        self._unread = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, received: bytes) -> None:
        self._unread += received
        head, end_of_head, rest = self._unread.partition(b"\r\n\r\n")
        if len(self._unread) > MAX_REQUEST_BYTES:
            self._close()
        if not end_of_head or len(rest) < (length := _content_length(head)):
            return
        self._unread = rest[length:]
        path = head.split(b" ", 2)[1].split(b"?")[0].decode()
        status, document, error = self._aws.answer(path, rest[:length], time.time())
        latency = 0.0 if path.startswith("/_bench/") else self._aws.limits.latency
        asyncio.get_running_loop().call_later(latency, self._respond, _response(status, document, error))

    def _respond(self, response: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(response)

    def _close(self) -> None:
        if self._transport:
            self._transport.close()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _response(status: int, document: Answer, error: str) -> bytes:
    body = json.dumps(document).encode()
    lines = [
        f"HTTP/1.1 {status} Bench",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Date: {formatdate(usegmt=True)}",
        f"x-amzn-RequestId: {uuid.uuid4()}",
        *([f"x-amzn-ErrorType: {error}"] if error else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def serve(port: int, aws: FakeAws) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(aws), "127.0.0.1", port)
    async with server:
        await server.serve_forever()
