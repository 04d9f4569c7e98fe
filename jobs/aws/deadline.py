"""Time limits of whole AWS calls.

A read time-out starts again with each byte: a slow response could block its caller for hours.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSHTTPSConnection, AWSHTTPSConnectionPool
from botocore.httpsession import URLLib3Session

Item = TypeVar("Item")

MIN_TIMEOUT_SECONDS = 0.001  # a time-out of 0 would mean non-blocking


class DeadlineError(Exception):
    """The call may have taken effect. botocore doesn't retry it."""

    def __init__(self, message: str, waited_seconds: float) -> None:
        super().__init__(message)
        self.waited_seconds = waited_seconds  # seconds for this response


class _Deadlines(threading.local):
    """By `time.monotonic`."""

    block = float("inf")
    request = float("inf")


_deadlines = _Deadlines()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Limit this thread's calls in total. One that is cut off, or begins too late, raises OutcomeUnknownError."""
    before = _deadlines.block
    _deadlines.block = min(before, time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadlines.block = before


def iterate_within(items: Iterable[Item], seconds: float) -> Iterator[Item]:
    deadline = time.monotonic() + seconds
    for item in items:
        yield item
        if time.monotonic() > deadline:
            return


def limit_call_time(client: Any, seconds: float) -> None:
    endpoint = client._endpoint  # noqa: SLF001 - the only place to replace botocore's HTTP session
    endpoint.http_session = _Session.copy_of(endpoint.http_session, seconds)
    client.meta.events.register("before-call", endpoint.http_session.start_call)


class _Session(cast("Any", URLLib3Session)):  # type: ignore[misc] # its stubs leave out what is needed here
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._seconds = float("inf")
        self._call = threading.local()
        self._pool_classes_by_scheme = {"http": _ConnectionPool, "https": _TlsConnectionPool}
        self._manager.pool_classes_by_scheme = self._pool_classes_by_scheme

    @classmethod
    def copy_of(cls, other: Any, seconds: float) -> "_Session":
        session = cls(
            verify=other._verify,  # noqa: SLF001
            proxies=other._proxy_config._proxies,  # noqa: SLF001
            timeout=(other._timeout.connect_timeout, other._timeout.read_timeout),  # noqa: SLF001
            max_pool_connections=other._max_pool_connections,  # noqa: SLF001
            socket_options=other._socket_options,  # noqa: SLF001
            client_cert=(other._cert_file, other._key_file) if other._key_file else other._cert_file,  # noqa: SLF001
            proxies_config=other._proxy_config.settings,  # noqa: SLF001
        )
        session._seconds = seconds
        return session

    def start_call(self, **_: object) -> None:
        self._call.deadline = time.monotonic() + self._seconds

    def send(self, request: Any) -> Any:
        deadline = min(getattr(self._call, "deadline", float("inf")), _deadlines.block)
        started_at = time.monotonic()
        if started_at >= deadline:
            raise DeadlineError("The call to AWS timed out.", 0.0)
        previous_deadline, _deadlines.request = _deadlines.request, deadline
        try:
            return super().send(request)
        except Exception as error:
            if time.monotonic() >= deadline:
                waited_seconds = time.monotonic() - started_at
                raise DeadlineError(
                    f"AWS didn't respond completely within {waited_seconds:.1f} s.", waited_seconds
                ) from error
            raise
        finally:
            _deadlines.request = previous_deadline

    def _get_ssl_context(self) -> ssl.SSLContext:
        context: ssl.SSLContext = super()._get_ssl_context()
        context.sslsocket_class = _TlsSocket
        return context


@contextmanager
def _limit_wait(sock: socket.socket) -> Iterator[None]:
    remaining = _deadlines.request - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("The deadline has passed.")
    timeout = sock.gettimeout()
    if remaining == float("inf") or (timeout is not None and timeout <= remaining):
        yield
        return
    sock.settimeout(max(remaining, MIN_TIMEOUT_SECONDS))
    try:
        yield
    finally:
        if sock.fileno() >= 0:
            sock.settimeout(timeout)  # the connection may serve another call


class _Socket(socket.socket):
    def recv_into(self, *args: Any, **options: Any) -> int:
        with _limit_wait(self):
            return super().recv_into(*args, **options)

    def sendall(self, *args: Any, **options: Any) -> None:
        with _limit_wait(self):
            super().sendall(*args, **options)


class _TlsSocket(ssl.SSLSocket):
    def recv_into(self, *args: Any, **options: Any) -> int:
        with _limit_wait(self):
            return super().recv_into(*args, **options)

    def send(self, *args: Any, **options: Any) -> int:  # called by `sendall`
        with _limit_wait(self):
            return super().send(*args, **options)


class _DeadlineConnectionMixin:
    timeout: float | None

    def _new_conn(self) -> socket.socket:
        remaining = _deadlines.request - time.monotonic()
        if self.timeout is not None and remaining < self.timeout:
            self.timeout = max(remaining, MIN_TIMEOUT_SECONDS)
        plain: socket.socket = super()._new_conn()  # type: ignore[misc] # that of the class beside the mixin
        limited = _Socket(fileno=plain.detach())
        limited.settimeout(self.timeout)
        return limited


class _Connection(_DeadlineConnectionMixin, AWSHTTPConnection):  # type: ignore[misc] # botocore's own bases disagree
    pass


class _TlsConnection(_DeadlineConnectionMixin, AWSHTTPSConnection):  # type: ignore[misc] # as above
    pass


class _ConnectionPool(AWSHTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsConnectionPool(AWSHTTPSConnectionPool):
    ConnectionCls = _TlsConnection
