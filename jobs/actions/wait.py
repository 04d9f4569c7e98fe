"""Waits a little for what a worker was asked for about an account."""

import time
from datetime import datetime

from jobs.models import Account

PAUSE = 0.15


def await_news(account: Account, field: str, since: datetime, seconds: float) -> bool:
    """Until that moment of the account is later; the account is fresh then. False: the time was up."""
    deadline = time.monotonic() + seconds
    while True:
        account.refresh_from_db()
        updated_at = getattr(account, field)
        if updated_at and updated_at >= since:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
