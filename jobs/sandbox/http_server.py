"""The HTTP server, on loopback only."""

import contextlib
import logging
import re
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from jobs.sandbox.errors import ServiceError
from jobs.sandbox.gateway import ReplyEnding, WireReply, WireRequest, error_reply

logger = logging.getLogger(__name__)

LOOPBACK_ADDRESS = "127.0.0.1"
MAX_BODY_BYTES = 4 * 1024 * 1024

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", re.IGNORECASE)


class Headers(Mapping[str, str]):
    def __init__(self, message: Message) -> None:
        self._message = message

    def __getitem__(self, name: str) -> str:
        value: str | None = self._message[name]
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._message)

    def __len__(self) -> int:
        return len(self._message)


AnswerRequest = Callable[[WireRequest], WireReply]


class LoopbackServer(socketserver.ThreadingTCPServer):
    """Listens on this machine only: its clients can run commands with the user's rights."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, answer: AnswerRequest) -> None:
        super().__init__((LOOPBACK_ADDRESS, port), LoopbackRequestHandler)
        self.answer = answer
        self._open_connections: dict[socket.socket, threading.Thread] = {}
        self._reset_connections: set[socket.socket] = set()
        self._loop = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox-http", daemon=True
        )

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        self._loop.start()

    def stop(self) -> None:
        self.shutdown()
        self._loop.join()
        self.server_close()
        open_connections = list(self._open_connections.items())
        for connection, _ in open_connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        for _, thread in open_connections:
            thread.join(timeout=1)

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._open_connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        self._open_connections.pop(request, None)
        if request in self._reset_connections:
            self._reset_connections.discard(request)
            self.close_request(request)  # closed without a shutdown before, so the client sees a reset
        else:
            super().shutdown_request(request)

    def reset(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._reset_connections.add(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's signature
        error = sys.exception()
        if not isinstance(error, OSError):
            logger.error("A connection failed", exc_info=error)


class LoopbackRequestHandler(BaseHTTPRequestHandler):
    server: LoopbackServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body are sent in one packet

    def respond(self) -> None:
        try:
            request = self._request()
        except ServiceError as error:
            self.close_connection = True
            self._write(error_reply(error, "-"))
            return
        self._write(self.server.answer(request))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = respond  # noqa: N815 - http.server's names

    def _request(self) -> WireRequest:
        self._check_host()
        if "Transfer-Encoding" in self.headers:
            raise ServiceError("A Content-Length is needed.", code="MissingContentLength", status=411)
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit():
            raise ServiceError("Content-Length is not a number.", code="SerializationException")
        if int(length) > MAX_BODY_BYTES:
            raise ServiceError("The request is too large.", code="RequestEntityTooLargeException", status=413)
        # `//host/path` would parse as a host; only the path and the query matter here.
        target = urlsplit("/" + self.path.lstrip("/"))
        body = self.rfile.read(int(length))
        return WireRequest(self.command, target.path, target.query, Headers(self.headers), body)

    def _check_host(self) -> None:
        """Reject a foreign Host: a web page could rebind its name to 127.0.0.1."""
        if _LOOPBACK.fullmatch(self.headers.get("Host", "")) is None:
            raise ServiceError(
                "The sandbox answers to 127.0.0.1 and localhost only.", code="AccessDeniedException", status=403
            )

    def _write(self, reply: WireReply) -> None:
        if reply.ending is not ReplyEnding.WHOLE:
            self.close_connection = True
        if reply.ending is ReplyEnding.RESET:
            self.server.reset(self.connection)
        if reply.ending in (ReplyEnding.RESET, ReplyEnding.SILENT):
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            is_whole = reply.ending is ReplyEnding.WHOLE
            self.wfile.write(reply.body if is_whole else reply.body[: len(reply.body) // 2])

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer unparsable requests in JSON, as AWS clients expect."""
        self.close_connection = True
        text = message or explain or HTTPStatus(code).phrase
        self._write(error_reply(ServiceError(text, code="SerializationException", status=code), "-"))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        """Log nothing."""
