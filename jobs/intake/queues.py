"""What admins ask about an account's queues: read them from AWS, look at the difference, take it in."""

import time
from datetime import datetime

from django.utils.timezone import now

from jobs.models import Account
from jobs.ring import ring
from jobs.sync.infrastructure import QueueChange, apply_reading, difference

__all__ = ["QueueChange", "apply_reading", "ask_reading", "await_reading", "difference"]

PAUSE = 0.15


def ask_reading(account: Account) -> datetime:
    """Ring for a reading of the account's queues. The moment from which an answer is a new one."""
    asked_at = now()
    ring("read_queues", account.pk, bell="ask")
    return asked_at


def await_reading(account: Account, since: datetime, seconds: float = 10) -> bool:
    """Wait for a reading later than that. False: none came in time. Call it outside a transaction."""
    deadline = time.monotonic() + seconds
    while True:
        account.refresh_from_db()
        if account.reading_at and account.reading_at >= since:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
