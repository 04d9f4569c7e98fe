"""Queue snapshots of an account, as admins request, compare and apply them."""

from datetime import datetime

from django.utils.timezone import now

from jobs.actions.wait import await_news
from jobs.models import Account
from jobs.sync.queues import QueueChange, apply_queue_snapshot, queue_changes
from jobs.task_queue import ring

__all__ = ["QueueChange", "apply_queue_snapshot", "ask_reading", "await_reading", "queue_changes"]


def ask_reading(account: Account) -> datetime:
    """Request a snapshot of the account's queues. Return the time from which a result is new."""
    requested_at = now()
    ring("read_queues", account.pk, bell="ask")
    return requested_at


def await_reading(account: Account, since: datetime, seconds: float = 10) -> bool:
    """Wait for a snapshot that is newer. False if none came in time. Call it outside a transaction."""
    return await_news(account, "reading_at", since, seconds)
