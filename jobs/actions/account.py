"""Requests of admins about an AWS account."""

from datetime import datetime

from django.utils.timezone import now

from jobs.actions.wait import wait_until_updated
from jobs.models import Account
from jobs.sync.queues import QueueChange, apply_queue_snapshot, queue_changes
from jobs.task_queue import enqueue_on_commit

__all__ = [
    "QueueChange",
    "apply_queue_snapshot",
    "queue_changes",
    "request_connection_test",
    "request_queue_snapshot",
    "wait_for_connection_test",
    "wait_for_queue_snapshot",
]


def request_connection_test(account: Account) -> datetime:
    """Return the time from which a result is new."""
    requested_at = now()
    enqueue_on_commit("try_connection", account.pk, queue="ask")
    return requested_at


def wait_for_connection_test(account: Account, since: datetime, seconds: float = 10) -> bool:
    return wait_until_updated(account, "connection_tested_at", since, seconds)


def request_queue_snapshot(account: Account) -> datetime:
    requested_at = now()
    enqueue_on_commit("read_queues", account.pk, queue="ask")
    return requested_at


def wait_for_queue_snapshot(account: Account, since: datetime, seconds: float = 10) -> bool:
    return wait_until_updated(account, "queue_snapshot_at", since, seconds)
