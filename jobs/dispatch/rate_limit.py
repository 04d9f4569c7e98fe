"""One submission rate per account, shared by all workers.

The account's row holds the time until which its rate is used up. A worker claims the next window of time, with as
many slots as the rate allows, by one conditional update, and sends at even intervals within it. Unused time is lost,
so no burst follows an outage.
"""

import threading
import time
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.timezone import now

from jobs.models import Account

TRIES = 50


class Pace:
    """Slots in which one delivery's threads may send. `stop_at` is a time of `time.monotonic`."""

    def __init__(self, account: Account, stop_at: float) -> None:
        self._account = account
        self._step = 1.0 / account.submits_per_second
        self._stop_at = stop_at
        self._lock = threading.Lock()
        self._wanted = 0
        self._next = 0.0
        self._end = 0.0

    def expect(self, jobs: int) -> None:
        """Set how many jobs are about to be sent: no larger window is claimed."""
        with self._lock:
            self._wanted = jobs

    def pause(self) -> None:
        """Give up the rest of the window: the next slot comes after the time that the account's row then holds."""
        with self._lock:
            self._end = 0.0

    def wait(self) -> bool:
        """Wait for the next slot. False if it comes too late and another delivery should send the job."""
        with self._lock:
            current_time = time.monotonic()
            slot = max(current_time, self._next)
            if slot >= self._end:
                if not self._take_a_stretch():
                    return False
                slot = max(current_time, self._next)
            if slot > self._stop_at:
                return False
            self._next = slot + self._step
            self._wanted -= 1
        time.sleep(max(0.0, slot - time.monotonic()))
        return True

    def _take_a_stretch(self) -> bool:
        slots = max(1, min(self._wanted, self._account.submits_per_second))
        length = timedelta(seconds=slots * self._step)
        for _ in range(TRIES):
            row = Account.objects.filter(pk=self._account.pk)
            previous_end = row.values_list("submits_until", flat=True).get()
            current_time = now()
            start = max(previous_end, current_time) if previous_end else current_time
            if row.filter(submits_until=previous_end).update(submits_until=start + length):
                self._next = time.monotonic() + (start - current_time).total_seconds()
                self._end = self._next + length.total_seconds()
                return True
        return False


def rest(account: Account, seconds: float) -> None:
    """Let nobody send to the account for this long, because AWS throttles or can't be reached."""
    until: datetime = now() + timedelta(seconds=seconds)
    row = Account.objects.filter(pk=account.pk)
    row.filter(submits_until=None).update(submits_until=until)
    row.filter(submits_until__lt=until).update(submits_until=until)


def throttled(account: Account) -> None:
    """Count a throttling response of AWS."""
    Account.objects.filter(pk=account.pk).update(throttles=F("throttles") + 1, throttled_at=now())
