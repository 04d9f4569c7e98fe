"""What admins ask about an account's way in: does it lead there, and what may the portal do?"""

from datetime import datetime

from django.utils.timezone import now

from jobs.actions.wait import await_news
from jobs.models import Account
from jobs.task_queue import ring


def ask_test(account: Account) -> datetime:
    """Ring for a test of the connection. The moment from which an answer is a new one."""
    requested_at = now()
    ring("try_connection", account.pk, bell="ask")
    return requested_at


def await_test(account: Account, since: datetime, seconds: float = 10) -> bool:
    """Wait for a test later than that. False: none came in time. Call it outside a transaction."""
    return await_news(account, "connection_at", since, seconds)
