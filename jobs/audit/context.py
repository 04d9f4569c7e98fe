"""The audit context of the current request or command."""

import getpass
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from ipaddress import ip_address
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class Channel(StrEnum):
    WEB = "web"
    API = "api"
    CLI = "cli"
    ADMIN = "admin"
    COMMAND = "command"


CHANNEL_LABELS: Mapping[str, str] = {
    Channel.WEB: "Web",
    Channel.API: "API",
    Channel.CLI: "Scripts",
    Channel.ADMIN: "Administration",
    Channel.COMMAND: "Command line",
}


@dataclass(frozen=True)
class AuditContext:
    channel: str
    address: str = ""
    token: UUID | None = None


_context: ContextVar[AuditContext | None] = ContextVar("passage", default=None)


def get_context() -> AuditContext:
    return _context.get() or AuditContext(Channel.COMMAND, _shell_user())


@contextmanager
def audit_context(channel: str, address: str = "") -> Iterator[None]:
    before = _context.set(AuditContext(channel, address))
    try:
        yield
    finally:
        _context.reset(before)


def set_token(token: UUID) -> None:
    _context.set(replace(get_context(), token=token))


class AuditContextMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit_context(channel_of(request), client_address(request)):
            return self.get_response(request)


def channel_of(request: HttpRequest) -> Channel:
    if request.path_info.startswith("/api/"):
        is_cli = request.headers.get("User-Agent", "").startswith("batch-portal-cli")
        return Channel.CLI if is_cli else Channel.API
    return Channel.ADMIN if request.path_info.startswith("/admin/") else Channel.WEB


def client_address(request: HttpRequest) -> str:
    """Return the client's IP address, or "" on a Unix socket.

    Each of our proxies appends to X-Forwarded-For whom it heard; earlier entries may be forged.
    """
    forwarded = request.headers.get("X-Forwarded-For", "")
    if settings.TRUSTED_PROXIES and forwarded:
        return _parse_address(forwarded.split(",")[-settings.TRUSTED_PROXIES :][0])
    return _parse_address(str(request.META.get("REMOTE_ADDR", "")))


def _parse_address(text: str) -> str:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return ""


@cache
def _shell_user() -> str:
    try:
        login = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in many containers
        login = "?"
    return f"{login}@{socket.gethostname()}"[:200]
