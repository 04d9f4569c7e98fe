"""Waiting for other processes, outside a transaction."""

import time
from collections.abc import Callable
from datetime import datetime

from jobs.models import Account

CHECK_INTERVAL_SECONDS = 0.15


def wait_until(condition: Callable[[], bool], seconds: float, interval: float = CHECK_INTERVAL_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    if condition():
        return True
    while (remaining := deadline - time.monotonic()) > 0:
        time.sleep(min(interval, remaining))
        if condition():
            return True
    return False


def wait_until_updated(account: Account, field: str, since: datetime, seconds: float) -> bool:
    def is_updated() -> bool:
        account.status.refresh_from_db()
        updated_at: datetime | None = getattr(account.status, field)
        return updated_at is not None and updated_at >= since

    return wait_until(is_updated, seconds)
