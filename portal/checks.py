"""System checks of a portal that serves people."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

MIN_KEY_LENGTH = 50
# Keys from public examples: anyone who reads them could forge sessions.
EXAMPLE_KEY_PREFIXES = ("changeme", "change-me", "django-insecure-", "example", "insecure", "secret")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
JSON_SERIALIZER = "rq.serializers.JSONSerializer"


def check_portal(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    if app_configs is not None:
        return []
    mode = check_production if settings.PRODUCTION else check_quickstart
    return [*mode(), *check_queue_serializers()]


def check_production() -> Iterator[CheckMessage]:
    key = settings.SECRET_KEY_GIVEN
    make = "python -c 'import secrets; print(secrets.token_urlsafe(60))'"
    if not key:
        yield Error(
            "SECRET_KEY is not set. All processes must share one to trust each other's signatures.",
            hint=f"Generate one and keep it secret: {make}",
            id="portal.E001",
        )
    elif len(key) < MIN_KEY_LENGTH or len(set(key)) < 10:
        yield Error(
            f"SECRET_KEY is too weak. It needs at least {MIN_KEY_LENGTH} random characters.",
            hint=f"Generate one and keep it secret: {make}",
            id="portal.E002",
        )
    elif key.lower().startswith(EXAMPLE_KEY_PREFIXES):
        yield Error(
            "SECRET_KEY is a publicly known example.",
            hint=f"Generate one and keep it secret: {make}",
            id="portal.E003",
        )
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS must list the host names of the portal, and no others.",
            hint="For example ALLOWED_HOSTS=batch.example.org",
            id="portal.E004",
        )


def check_quickstart() -> Iterator[CheckMessage]:
    foreign = sorted(set(settings.ALLOWED_HOSTS) - LOOPBACK)
    if foreign:
        yield Error(
            f"The quick start has public passwords and must not be reachable as {', '.join(foreign)}.",
            hint="Use it on this machine only. To serve others, run it in production: see docs/operations.md.",
            id="portal.E005",
        )


def check_queue_serializers() -> Iterator[CheckMessage]:
    """Check that no queue unpickles: who can write to Redis could then run code in a worker."""
    unsafe = [name for name, queue in settings.RQ_QUEUES.items() if queue.get("SERIALIZER") != JSON_SERIALIZER]
    if unsafe:
        yield Error(
            f"The queues {', '.join(unsafe)} would use pickled objects, which is unsafe.",
            hint=f"Set their SERIALIZER to {JSON_SERIALIZER} in portal/settings.py.",
            id="portal.E006",
        )


register(check_portal, "portal")
