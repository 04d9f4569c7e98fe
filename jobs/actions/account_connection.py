"""Tests of an account's connection, as admins request them."""

from datetime import datetime

from django.utils.timezone import now

from jobs.actions.wait import wait_until_updated
from jobs.models import Account
from jobs.task_queue import enqueue_on_commit


def request_connection_test(account: Account) -> datetime:
    """Request a connection test. Return the time from which a result is new."""
    requested_at = now()
    enqueue_on_commit("try_connection", account.pk, queue="ask")
    return requested_at


def wait_for_connection_test(account: Account, since: datetime, seconds: float = 10) -> bool:
    """Wait for a test that is newer. False if none came in time. Call it outside a transaction."""
    return wait_until_updated(account, "connection_at", since, seconds)
