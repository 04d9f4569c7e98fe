"""Waiting until a worker has updated the status of an account."""

import time
from datetime import datetime

from jobs.models import Account

CHECK_INTERVAL_SECONDS = 0.15


def wait_until_updated(account: Account, field: str, since: datetime, seconds: float) -> bool:
    """Poll the status of the account until that timestamp is not older than `since`. False after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        account.status.refresh_from_db()
        updated_at = getattr(account.status, field)
        if updated_at and updated_at >= since:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(CHECK_INTERVAL_SECONDS)
