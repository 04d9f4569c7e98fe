"""A server that answers as it is told, to see what a client really sends and makes of the answer."""

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Wire:
    """What came in, and what is answered: one answer a request, the last one for all that follow."""

    url: str
    answers: list[Answer]
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]


def reply(status: int, body: dict[str, Any], code: str = "") -> Answer:
    """An answer as AWS shapes it."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        raw = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(raw)))
        handler.send_header("x-amzn-RequestId", "request-1")
        if code:
            handler.send_header("x-amzn-ErrorType", code)
        handler.end_headers()
        handler.wfile.write(raw)

    return answer


def truncated(body: bytes = b'{"jobId": "00000') -> Answer:
    """200, and the connection ends in the middle of the body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body) + 50))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """The request was read, and no answer comes."""
    handler.close_connection = True


def hang(seconds: float = 60.0) -> Answer:
    """The request was read, and nothing is answered: until the client goes away, or for so long."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.settimeout(seconds)
        with contextlib.suppress(OSError):
            handler.connection.recv(1)

    return answer


def trickle(body: bytes = b" " * 1000, *, every: float = 0.05, headers: bool = True) -> Answer:
    """One byte at a time: of the body, or of the status line already. Ends when the client goes away."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        text = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        with contextlib.suppress(OSError):
            if headers:
                handler.wfile.write(text)
            for byte in body if headers else text + body:
                handler.wfile.write(bytes([byte]))
                time.sleep(every)

    return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with the usual five, a crowd of threads has connections reset on a busy machine


@contextlib.contextmanager
def wire(*answers: Answer) -> Iterator[Wire]:
    """The server, on a port of its own, for the length of a test."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            told.requests.append((self.path, json.loads(raw) if raw else {}))
            (told.answers.pop(0) if len(told.answers) > 1 else told.answers[0])(self)

        do_GET = do_POST = answer  # noqa: N815 - the names http.server calls

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = _Server(("127.0.0.1", 0), Handler)
    told = Wire(f"http://127.0.0.1:{server.server_address[1]}", list(answers))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


accepts = reply(200, {"jobId": "11111111-1111-4111-8111-111111111111", "jobName": "x", "jobArn": "arn:x"})


def accept_each(seconds: float = 0.0) -> Answer:
    """Takes every job, each under an id of its own, after a while."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        reply(200, {"jobId": str(uuid.uuid4())})(handler)

    return answer


refuses = reply(400, {"message": "Job name should match valid pattern"}, "ClientException")
throttles = reply(429, {"message": "Too many"}, "TooManyRequestsException")
breaks = reply(500, {"message": "Oops"}, "ServerException")
ACCEPTED_ID = "11111111-1111-4111-8111-111111111111"


def lists(*jobs: dict[str, Any]) -> Answer:
    """An answer of ListJobs."""
    return reply(200, {"jobSummaryList": list(jobs)})
