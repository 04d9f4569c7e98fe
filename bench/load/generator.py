"""Requests at a fixed rate: each starts on time, however long earlier ones take."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from portal.quickstart.state_dir import LOOPBACK

TIMEOUT_SECONDS = 10.0
SUCCESSFUL = range(200, 400)
SIGN_IN = re.compile(rb"\r\nLocation: [^\r]*/sign-in/", re.IGNORECASE)


@dataclass(frozen=True)
class PlannedRequest:
    kind: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    def to_bytes(self) -> bytes:
        body = self.body.encode()
        headers = [("Host", LOOPBACK), ("Connection", "close"), ("Content-Length", str(len(body))), *self.headers]
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"{'POST' if body else 'GET'} {self.path} HTTP/1.1\r\n{head}\r\n".encode() + body


@dataclass(frozen=True)
class RequestResult:
    """`seconds` since the request was due, so that a queue in front of the portal counts. `late`: of its start."""

    request: PlannedRequest
    seconds: float
    late: float
    error: str  # "" if it was answered


def send_all(requests: Sequence[PlannedRequest], port: int, rate: float) -> list[RequestResult]:
    return asyncio.run(_send_all(requests, port, rate))


async def _send_all(requests: Sequence[PlannedRequest], port: int, rate: float) -> list[RequestResult]:
    started_at = time.monotonic()
    tasks = [
        asyncio.create_task(_send(request, port, started_at + number / rate))
        for number, request in enumerate(requests)
    ]
    return await asyncio.gather(*tasks)


async def _send(request: PlannedRequest, port: int, due_at: float) -> RequestResult:
    await asyncio.sleep(due_at - time.monotonic())
    late = time.monotonic() - due_at
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            error = error_in(await _answer(request, port))
    except TimeoutError:
        error = "timeout"
    except OSError as failure:
        error = type(failure).__name__
    return RequestResult(request, time.monotonic() - due_at, late, error)


async def _answer(request: PlannedRequest, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(request.to_bytes())
        return await reader.read(-1)
    finally:
        writer.close()


def error_in(answer: bytes) -> str:
    """Return the status of a response that is no success, "no response" if there is none, otherwise "".

    To be sent to sign in is an error too: nothing of the page was measured.
    """
    status = answer[9:12]
    if not status.isdigit():
        return "no response"
    if SIGN_IN.search(answer):
        return "signed out"
    return "" if int(status) in SUCCESSFUL else status.decode()
