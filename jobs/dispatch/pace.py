"""One rate for each account, over all workers.

The account's row says until when its rate is taken. Whoever wants to send takes the next stretch of time, with as
many places in it as the rate has, by one conditional update; inside its stretch it sends at even distances. A stretch
that is over is over, used or not, so that no hour of outage is followed by a burst.
"""

import threading
import time
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.timezone import now

from jobs.models import Account

TRIES = 50


class Pace:
    """Says to the threads of one delivery when the next request may leave. `stop_at` is a moment of `monotonic`."""

    def __init__(self, account: Account, stop_at: float) -> None:
        self._account = account
        self._step = 1.0 / account.submits_per_second
        self._stop_at = stop_at
        self._lock = threading.Lock()
        self._wanted = 0
        self._next = 0.0
        self._end = 0.0

    def expect(self, jobs: int) -> None:
        """So many jobs are about to be sent: no more places than that are taken at once."""
        with self._lock:
            self._wanted = jobs

    def pause(self) -> None:
        """The rest of the stretch is given up: the next place is behind whatever the account's row says by then."""
        with self._lock:
            self._end = 0.0

    def wait(self) -> bool:
        """Wait for one's turn. False: it would come too late, and the job had better be left to another delivery."""
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
    """Nobody sends to the account for so long: AWS said that it is too fast, or is not to be reached."""
    until: datetime = now() + timedelta(seconds=seconds)
    row = Account.objects.filter(pk=account.pk)
    row.filter(submits_until=None).update(submits_until=until)
    row.filter(submits_until__lt=until).update(submits_until=until)


def throttled(account: Account) -> None:
    """Count that AWS said: too fast."""
    Account.objects.filter(pk=account.pk).update(throttles=F("throttles") + 1, throttled_at=now())
