"""Circuit breaker for an account's AWS endpoints.

Three failures in a row, or one timeout, open it for 5 to 30 seconds.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FAILURES_TO_OPEN = 3
FIRST_PAUSE = timedelta(seconds=5)
MAX_PAUSE = timedelta(seconds=30)
# Time for a probe. If its result is never recorded, another may start then.
PROBE_TIMEOUT = timedelta(seconds=15)


@dataclass(frozen=True)
class CircuitBreaker:
    failures: int = 0
    opened_at: datetime | None = None
    retry_at: datetime | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    @property
    def is_reset(self) -> bool:
        return self == CircuitBreaker()

    def may_probe(self, now: datetime) -> bool:
        return self.retry_at is not None and now >= self.retry_at

    def with_probe_started(self, now: datetime) -> "CircuitBreaker":
        return replace(self, retry_at=now + PROBE_TIMEOUT)

    def after_failures(self, count: int, reason: str, now: datetime, *, timed_out: bool) -> "CircuitBreaker":
        if self.is_open:
            return self
        failures = FAILURES_TO_OPEN if timed_out else min(self.failures + count, FAILURES_TO_OPEN)
        if failures < FAILURES_TO_OPEN:
            return replace(self, failures=failures, reason=reason)
        return CircuitBreaker(failures, now, now + FIRST_PAUSE, reason)

    def after_failed_probe(self, reason: str, now: datetime) -> "CircuitBreaker":
        failures = self.failures + 1
        pause = min(MAX_PAUSE, FIRST_PAUSE * 2 ** min(failures - FAILURES_TO_OPEN, 10))
        return CircuitBreaker(failures, self.opened_at or now, now + pause, reason)
