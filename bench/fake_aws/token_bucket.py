"""Rate limits, as AWS applies them."""


class TokenBucket:
    """Refill at `rate` tokens a second up to `capacity`; full at first. Times are seconds on any steady clock."""

    def __init__(self, rate: float, capacity: float, now: float) -> None:
        self._rate = rate
        self._capacity = capacity
        self._tokens = capacity
        self._filled_at = now

    def take(self, now: float) -> bool:
        """Take one token, or return False if there is none."""
        self._tokens = min(self._capacity, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
