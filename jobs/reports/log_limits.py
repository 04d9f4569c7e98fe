"""Limits on log reads of a process: how many at once, and none where CloudWatch is away."""

import threading
import time
from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from django.utils.timezone import now

from jobs.aws.errors import AwsError, is_outage
from jobs.log_rate_limit import BUSY_MESSAGE, LogReadLimitError
from jobs.models.circuit_breaker import CircuitBreaker

PAUSED_MESSAGE = "Couldn't read the log: CloudWatch doesn't respond. The portal retries in a few seconds."


class LogReadLimiter:
    def __init__(self, at_once: int, of_an_account: int) -> None:
        self._all = threading.BoundedSemaphore(at_once)
        self._of: defaultdict[Hashable, threading.BoundedSemaphore] = defaultdict(
            lambda: threading.BoundedSemaphore(of_an_account)
        )
        self._breakers: dict[Hashable, CircuitBreaker] = {}
        self._lock = threading.Lock()

    @contextmanager
    def acquire(self, account: Hashable, seconds: float) -> Iterator[None]:
        """Raise LogReadLimitError."""
        with self._lock:
            account_slots = self._of[account]
        deadline = time.monotonic() + seconds
        # The account's slot first: a call that waits for it occupies no shared slot.
        if not account_slots.acquire(timeout=seconds):
            raise LogReadLimitError(BUSY_MESSAGE)
        try:
            if not self._all.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise LogReadLimitError(BUSY_MESSAGE)
            try:
                with self._guard(account):
                    yield
            finally:
                self._all.release()
        finally:
            account_slots.release()

    @contextmanager
    def _guard(self, account: Hashable) -> Iterator[None]:
        with self._lock:
            breaker = self._breakers.get(account, CircuitBreaker())
            if breaker.is_open:
                if not breaker.may_probe(now()):
                    raise LogReadLimitError(PAUSED_MESSAGE)
                self._breakers[account] = breaker.with_probe_started(now())
        try:
            yield
        except AwsError as error:
            self._record_outcome(account, error, probing=breaker.is_open)
            raise
        else:
            self._record_outcome(account, None, probing=False)

    def _record_outcome(self, account: Hashable, error: AwsError | None, *, probing: bool) -> None:
        with self._lock:
            breaker = self._breakers.pop(account, CircuitBreaker())
            if error is None or not is_outage(error):
                return
            # Pages have short timeouts: one that expires is not yet an outage.
            self._breakers[account] = (
                breaker.after_failed_probe(error.message, now())
                if probing
                else breaker.after_failures(1, error.message, now(), timed_out=False)
            )
