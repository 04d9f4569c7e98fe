"""When an account is left alone because AWS does not answer there, and when it is asked again.

Closed, calls go through. Three failures in a row open it, or a single call that had no answer in time: then nobody
calls for a while that doubles from 5 to 30 seconds. After that one small question is asked (half-open): an answer
closes it, a failure opens it anew. Plain values; the account's row keeps them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FAILURES_TO_OPEN = 3
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(seconds=30)
# So long the one question may take. If nobody notes what came of it, another may be asked then.
PROBE_PAUSE = timedelta(seconds=15)


@dataclass(frozen=True)
class CircuitBreaker:
    """Failures in a row, since when it is open, when AWS is asked again, and what was wrong."""

    failures: int = 0
    opened_at: datetime | None = None
    retry_at: datetime | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    @property
    def is_untouched(self) -> bool:
        """Closed, and nothing to forget."""
        return self == CircuitBreaker()

    def may_probe(self, now: datetime) -> bool:
        """Whether it is time to ask AWS one question."""
        return self.retry_at is not None and now >= self.retry_at

    def probing(self, now: datetime) -> "CircuitBreaker":
        """Somebody asks now: nobody else does meanwhile."""
        return replace(self, retry_at=now + PROBE_PAUSE)

    def after_failures(self, count: int, reason: str, now: datetime, *, timed_out: bool) -> "CircuitBreaker":
        """Calls have failed. `timed_out`: one of them had no answer in time.

        Calls that were under way when it opened do not make the pause longer.
        """
        if self.is_open:
            return self
        failures = FAILURES_TO_OPEN if timed_out else min(self.failures + count, FAILURES_TO_OPEN)
        if failures < FAILURES_TO_OPEN:
            return replace(self, failures=failures, reason=reason)
        return CircuitBreaker(failures, now, now + FIRST_PAUSE, reason)

    def after_failed_probe(self, reason: str, now: datetime) -> "CircuitBreaker":
        """The one question had no answer either: the pause is twice as long."""
        failures = self.failures + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - FAILURES_TO_OPEN, 10))
        return CircuitBreaker(failures, self.opened_at or now, now + pause, reason)
