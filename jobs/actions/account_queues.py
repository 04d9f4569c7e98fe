"""What admins ask about an account's queues: read them from AWS, look at the difference, take it in."""

from datetime import datetime

from django.utils.timezone import now

from jobs.actions.wait import await_news
from jobs.models import Account
from jobs.sync.queues import QueueChange, apply_queue_snapshot, queue_changes
from jobs.task_queue import ring

__all__ = ["QueueChange", "apply_queue_snapshot", "ask_reading", "await_reading", "queue_changes"]


def ask_reading(account: Account) -> datetime:
    """Ring for a reading of the account's queues. The moment from which an answer is a new one."""
    requested_at = now()
    ring("read_queues", account.pk, bell="ask")
    return requested_at


def await_reading(account: Account, since: datetime, seconds: float = 10) -> bool:
    """Wait for a reading later than that. False: none came in time. Call it outside a transaction."""
    return await_news(account, "reading_at", since, seconds)
