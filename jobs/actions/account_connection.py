"""Tests of an account's connection, as admins request them."""

from datetime import datetime

from django.utils.timezone import now

from jobs.actions.wait import await_news
from jobs.models import Account
from jobs.task_queue import ring


def ask_test(account: Account) -> datetime:
    """Request a connection test. Return the time from which a result is new."""
    requested_at = now()
    ring("try_connection", account.pk, bell="ask")
    return requested_at


def await_test(account: Account, since: datetime, seconds: float = 10) -> bool:
    """Wait for a test that is newer. False if none came in time. Call it outside a transaction."""
    return await_news(account, "connection_at", since, seconds)
