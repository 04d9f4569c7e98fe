"""What a job would cost if it ran so long: an estimate before there is anything to charge. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from jobs.pricing.estimate import Attempt, Size, receipt
from jobs.pricing.rates import Rates


@dataclass(frozen=True)
class Supposed:
    """Dollars, and why it may be too little. Nothing has a price without a rate: then `usd` is None."""

    usd: Decimal | None
    reasons: tuple[str, ...] = ()

    def __add__(self, other: "Supposed") -> "Supposed":
        reasons = tuple(dict.fromkeys((*self.reasons, *other.reasons)))
        if self.usd is None or other.usd is None:
            return Supposed(None, reasons)
        return Supposed(self.usd + other.usd, reasons)


def supposed(size: Size, seconds: float, rates: Rates, at: datetime, runs: int = 1) -> Supposed:
    """What so many runs of so many seconds would cost, each in one attempt, by the rates of that day."""
    at = at.astimezone(UTC)
    [line] = receipt(size, [Attempt(at - timedelta(seconds=seconds), at, succeeded=True)], rates).lines
    return Supposed(line.usd * runs if line.shares else None, line.reasons)


def total(every: Sequence[Supposed]) -> Supposed:
    return sum(every[1:], start=every[0]) if every else Supposed(None)
