"""One submission rate per account, shared by all workers: a token bucket, kept as one time in the account's row.

A worker claims the next requests by one conditional update. After a pause up to `BURST_SECONDS` of the rate leave at
once, so that a short hole costs nothing. More of an outage is not made up for.
"""

import threading
import time
from collections import deque
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.timezone import now

from jobs.models import Account, AccountStatus

MAX_CLAIM_ATTEMPTS = 50
BURST_SECONDS = 0.8
WINDOW_SECONDS = 0.5  # how much of the rate one claim takes at most
STEP_SECONDS = 0.1  # requests of a step leave together, so that their records share commits
# What threads that were busy left unused would come on top of the next burst.
MAX_SLOT_AGE_SECONDS = BURST_SECONDS + STEP_SECONDS


class RateLimiter:
    """`deadline` is a time of `time.monotonic`."""

    def __init__(self, account: Account, deadline: float) -> None:
        self._account = account
        self._rate = account.submits_per_second
        self._deadline = deadline
        self._lock = threading.Lock()
        self._expected = 0
        self._slots: deque[float] = deque()

    def expect_requests(self, jobs: int) -> None:
        with self._lock:
            self._expected += jobs

    def discard_window(self) -> None:
        with self._lock:
            self._slots.clear()

    def acquire(self) -> bool:
        """Wait until a request may leave. False: not before the deadline."""
        with self._lock:
            while self._slots and self._slots[0] < time.monotonic() - MAX_SLOT_AGE_SECONDS:
                self._slots.popleft()
            if not self._slots and not self._claim_window():
                return False
            if max(time.monotonic(), self._slots[0]) > self._deadline:
                return False
            slot = self._slots.popleft()
            self._expected -= 1
        time.sleep(max(0.0, slot - time.monotonic()))
        return True

    def _claim_window(self) -> bool:
        count = max(1, min(self._expected, int(self._rate * WINDOW_SECONDS)))
        for _ in range(MAX_CLAIM_ATTEMPTS):
            row = AccountStatus.objects.filter(pk=self._account.pk)
            previous_end = row.values_list("rate_window_end", flat=True).get()
            current_time = now()
            start = current_time - timedelta(seconds=BURST_SECONDS)
            start = max(previous_end, start) if previous_end else start
            if row.filter(rate_window_end=previous_end).update(
                rate_window_end=start + timedelta(seconds=count / self._rate)
            ):
                first_slot = time.monotonic() + (start - current_time).total_seconds()
                step = max(1, int(self._rate * STEP_SECONDS))
                self._slots.extend(first_slot + place // step * step / self._rate for place in range(count))
                return True
        return False


def back_off(account: Account, seconds: float) -> None:
    until: datetime = now() + timedelta(seconds=seconds)
    row = AccountStatus.objects.filter(pk=account.pk)
    row.filter(rate_window_end=None).update(rate_window_end=until)
    row.filter(rate_window_end__lt=until).update(rate_window_end=until)


def count_throttle(account: Account) -> None:
    AccountStatus.objects.filter(pk=account.pk).update(throttles=F("throttles") + 1, throttled_at=now())
