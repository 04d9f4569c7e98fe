"""System checks of what delivery relies on: database, Redis and accounts."""

from collections.abc import Iterator, Sequence
from typing import Any

import django_rq
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name
from django.db import DatabaseError, connections
from redis.exceptions import RedisError

from jobs.aws.session import CLIENT_CONFIGS, Purpose
from jobs.models import Account

SQLITE_FULL = 2


def check_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    if app_configs is not None or not databases:
        return []
    return [*check_submit_retries(), *check_durable_commits(), *check_redis_eviction(), *check_quarantines()]


def check_submit_retries() -> Iterator[CheckMessage]:
    """Check that SubmitJob is not retried: without an idempotency token, a retry would duplicate jobs."""
    attempts = (getattr(CLIENT_CONFIGS[Purpose.SUBMIT], "retries", None) or {}).get("total_max_attempts")
    if attempts != 1:
        yield Error(
            f"The client that submits jobs would send a request {attempts or 'several'} times.",
            hint='Set retries={"total_max_attempts": 1} for Purpose.SUBMIT in jobs/aws/session.py.',
            id="portal.E007",
        )


def check_durable_commits() -> Iterator[CheckMessage]:
    """Check that commits are durable: a request leaves only after its row is recorded."""
    connection = connections["default"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous" if connection.vendor == "sqlite" else "SHOW synchronous_commit")
            [value] = cursor.fetchone()
    except DatabaseError:
        return  # other checks report a missing database
    if connection.vendor == "sqlite" and int(value) < SQLITE_FULL:
        yield Error(
            "SQLite may lose commits in a power failure, and jobs might be submitted twice.",
            hint="Set PRAGMA synchronous=FULL in the database's init_command.",
            id="portal.E008",
        )
    elif connection.vendor == "postgresql" and value == "off":
        yield Error(
            "PostgreSQL has synchronous_commit off. A crash may lose commits, and jobs might be submitted twice.",
            hint="ALTER ROLE … SET synchronous_commit = on",
            id="portal.E008",
        )


def check_redis_eviction() -> Iterator[CheckMessage]:
    """Check for eviction: the sweep covers one lost message, not a Redis that evicts."""
    if not settings.PRODUCTION:
        return
    try:
        policy = django_rq.get_connection("ask").config_get("maxmemory-policy").get("maxmemory-policy", "")
    except RedisError as error:
        yield Warning(
            f"Can't read the maxmemory-policy of Redis: {error}",
            hint="Make sure that it is noeviction.",
            id="portal.W001",
        )
        return
    if policy != "noeviction":
        yield Error(
            f"Redis evicts keys when its memory is full (maxmemory-policy {policy}).",
            hint="Run CONFIG SET maxmemory-policy noeviction, and set it in the configuration file.",
            id="portal.E009",
        )


def check_quarantines() -> Iterator[CheckMessage]:
    """Check that quarantines exceed a request's time plus AWS's delay in listing a job."""
    try:
        hasty = [
            account
            for account in Account.objects.active().only("name", "access", "quarantine_seconds")
            if account.quarantine_seconds < account.min_quarantine_seconds
        ]
    except DatabaseError:
        return  # not migrated yet
    for account in hasty:
        yield Error(
            f"The quarantine of {account.name} is too short: jobs whose response was lost might be submitted twice.",
            hint=f"Set the account's quarantine to at least {account.min_quarantine_seconds} seconds.",
            id="portal.E010",
        )


register(check_database, Tags.database, "ground")
