"""One submission rate per account, shared by all workers.

A worker claims the next window by one conditional update, and sends at even intervals within it. Unused time is lost,
so no burst follows an outage.
"""

import threading
import time
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.timezone import now

from jobs.models import Account, AccountStatus

MAX_CLAIM_ATTEMPTS = 50


class RateLimiter:
    """`deadline` is a time of `time.monotonic`."""

    def __init__(self, account: Account, deadline: float) -> None:
        self._account = account
        self._interval = 1.0 / account.submits_per_second
        self._deadline = deadline
        self._lock = threading.Lock()
        self._expected = 0
        self._next_slot = 0.0
        self._window_end = 0.0

    def expect_requests(self, jobs: int) -> None:
        with self._lock:
            self._expected = jobs

    def discard_window(self) -> None:
        with self._lock:
            self._window_end = 0.0

    def acquire(self) -> bool:
        with self._lock:
            current_time = time.monotonic()
            slot = max(current_time, self._next_slot)
            if slot >= self._window_end:
                if not self._claim_window():
                    return False
                slot = max(current_time, self._next_slot)
            if slot > self._deadline:
                return False
            self._next_slot = slot + self._interval
            self._expected -= 1
        time.sleep(max(0.0, slot - time.monotonic()))
        return True

    def _claim_window(self) -> bool:
        slots = max(1, min(self._expected, self._account.submits_per_second))
        length = timedelta(seconds=slots * self._interval)
        for _ in range(MAX_CLAIM_ATTEMPTS):
            row = AccountStatus.objects.filter(pk=self._account.pk)
            previous_end = row.values_list("rate_window_end", flat=True).get()
            current_time = now()
            start = max(previous_end, current_time) if previous_end else current_time
            if row.filter(rate_window_end=previous_end).update(rate_window_end=start + length):
                self._next_slot = time.monotonic() + (start - current_time).total_seconds()
                self._window_end = self._next_slot + length.total_seconds()
                return True
        return False


def back_off(account: Account, seconds: float) -> None:
    until: datetime = now() + timedelta(seconds=seconds)
    row = AccountStatus.objects.filter(pk=account.pk)
    row.filter(rate_window_end=None).update(rate_window_end=until)
    row.filter(rate_window_end__lt=until).update(rate_window_end=until)


def count_throttle(account: Account) -> None:
    AccountStatus.objects.filter(pk=account.pk).update(throttles=F("throttles") + 1, throttled_at=now())
