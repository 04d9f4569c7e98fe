"""Rates of requests to CloudWatch Logs: of an account, over all processes."""

import time

from jobs.models import RequestCount

READS_PER_SECOND = 8
"""AWS allows ten GetLogEvents a second in an account and region; the rest is left to other clients."""
SEARCHES_PER_SECOND = 4
"""AWS allows five FilterLogEvents a second."""

BUSY_MESSAGE = "Too many logs are being read right now. This log loads shortly."
_WAIT_SECONDS = 0.2


class LogReadLimitError(Exception):
    """The message is for the page."""


def wait_to_read(account_pk: int, seconds: float) -> None:
    """Wait until a log of the account may be read. Raise LogReadLimitError."""
    _wait(f"log-reads:{account_pk}", READS_PER_SECOND, seconds)


def wait_to_search(account_pk: int, seconds: float) -> None:
    """Wait until logs of the account may be searched. Raise LogReadLimitError."""
    _wait(f"log-filters:{account_pk}", SEARCHES_PER_SECOND, seconds)


def _wait(key: str, per_second: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while RequestCount.objects.add(key, 1, 1) > per_second:
        if time.monotonic() + _WAIT_SECONDS > deadline:
            raise LogReadLimitError(BUSY_MESSAGE)
        time.sleep(_WAIT_SECONDS)
