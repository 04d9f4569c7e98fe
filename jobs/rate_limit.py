"""Rate limits for each API token and each person, in requests a minute.

Submissions are counted in the database, without Redis; reads by each process, since they must not cost a write.
"""

import math
import threading
import time
from datetime import datetime
from enum import StrEnum
from functools import cache

from django.conf import settings
from django.db import DatabaseError
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, Storage
from limits.strategies import FixedWindowRateLimiter

from jobs.models import RequestCount

BYTES_PER_UNIT = 8 * 1024
"""A request costs one unit, and one more for each of these: validation grows with the document."""
PREVIEW_BYTES_PER_UNIT = 1024 * 1024
"""The same for previews: every pause of someone who types sends the whole document, a workflow's 1,000 steps too."""


class RateLimit(StrEnum):
    """RATE_LIMITS[budget] of the settings is the limit a minute; 0 is none."""

    DOCUMENTS = "documents"
    SEARCHES = "searches"
    PREVIEWS = "previews"


class TooManyRequestsError(Exception):
    """`retry_after` is in seconds."""

    def __init__(self, budget: RateLimit, retry_after: int) -> None:
        self.budget = budget
        self.retry_after = retry_after
        super().__init__(f"You reached the limit of {budget} per minute. Try again in {retry_after} s.")


class DatabaseStorage(Storage):
    STORAGE_SCHEME = ["batch-portal-database"]

    @property
    def base_exceptions(self) -> type[Exception]:
        return DatabaseError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return RequestCount.objects.add(key, amount, expiry)

    def get(self, key: str) -> int:
        counts = RequestCount.objects.running().filter(key=key).values_list("count", flat=True)
        return int(counts.first() or 0)

    def get_expiry(self, key: str) -> float:
        until: datetime | None = RequestCount.objects.filter(key=key).values_list("until", flat=True).first()
        return until.timestamp() if until else time.time()

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        return RequestCount.objects.all().delete()[0]

    def clear(self, key: str) -> None:
        RequestCount.objects.filter(key=key).delete()


class ProcessStorage(MemoryStorage):
    """Counts of this process, for its threads.

    Two that count at once in a MemoryStorage may start its timer twice. One of them fails, or the timer does.
    """

    STORAGE_SCHEME = ["batch-portal-process"]

    def __init__(self) -> None:
        self._lock = threading.Lock()
        super().__init__()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        with self._lock:
            return super().incr(key, expiry, amount)


def spend(budget: RateLimit, spender: str, length: int = 0) -> None:
    """Raise TooManyRequestsError.

    `spender` is `token:` or `person:` and a number; `length` is in bytes.
    """
    per_minute: int = settings.RATE_LIMITS[budget]
    if not per_minute:
        return
    limiter, limit = _limiter(budget), RateLimitItemPerMinute(per_minute)
    bytes_per_unit = PREVIEW_BYTES_PER_UNIT if budget is RateLimit.PREVIEWS else BYTES_PER_UNIT
    cost = min(1 + length // bytes_per_unit, per_minute)  # the largest document fits into any budget
    if not limiter.hit(limit, budget, spender, cost=cost):
        seconds = limiter.get_window_stats(limit, budget, spender).reset_time - time.time()
        raise TooManyRequestsError(budget, max(1, math.ceil(seconds)))


def reset_process_counts() -> None:
    _in_this_process().storage.reset()


def _limiter(budget: RateLimit) -> FixedWindowRateLimiter:
    return _in_database() if budget is RateLimit.DOCUMENTS else _in_this_process()


@cache
def _in_database() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(DatabaseStorage())


@cache
def _in_this_process() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(ProcessStorage())
