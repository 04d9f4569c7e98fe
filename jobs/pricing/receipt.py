"""Cost of finished attempts by requested size and run time.

    Fargate    hours × (vCPU × rate + GiB × rate + ephemeral GiB above 20 × rate)
               rounded up to the second, one minute at least (Amazon's rule for Fargate)
    EC2, EKS   hours × (vCPU × rate + GiB × rate + GPU × rate), to the millisecond

Batch does not report an attempt's machine, so EC2's rates are derived from list prices: 4 vCPU and 16 GiB cost what
an m5.xlarge does ($0.192 an hour), with the proportion of c5, m5 and r5; a GPU what a g4dn.xlarge costs above that.
Idle machines, disks, traffic and Spot discounts are not included.

Each part is rounded to a ten-billionth of a dollar, so totals agree however grouped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

from jobs.pricing.rates import Price, Rates
from jobs.spec.job_size import RunSize

USD_PRECISION = Decimal("1E-10")
MILLISECOND = Decimal("0.001")
HOUR_SECONDS = Decimal(3600)
FARGATE = "FARGATE"
FARGATE_MINIMUM_SECONDS = Decimal(60)
FARGATE_FREE_STORAGE_GIB = 20


@dataclass(frozen=True)
class PricedSize:
    platform: str
    architecture: str
    region: str
    vcpus: Decimal
    memory_mib: int
    gpus: int = 0
    ephemeral_gib: int = 0

    @classmethod
    def of(cls, size: RunSize, region: str) -> "PricedSize":
        return cls(
            size.platform, size.architecture, region, size.vcpus, size.memory_mib, size.gpus, size.ephemeral_gib
        )


@dataclass(frozen=True)
class BilledAttempt:
    """`number` is its line, which an array's children share."""

    started_at: datetime | None
    stopped_at: datetime | None
    succeeded: bool
    number: int = 1


@dataclass(frozen=True)
class ResourceCharge:
    resource: str
    amount: Decimal
    usd_per_hour: Decimal
    valid_from: date
    usd: Decimal


@dataclass(frozen=True)
class ReceiptLine:
    """`reasons` say why less is charged than ran."""

    number: int
    succeeded: bool
    runs: int
    ended_at: datetime | None
    billed_seconds: Decimal
    shares: tuple[ResourceCharge, ...]
    usd: Decimal
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Receipt:
    lines: tuple[ReceiptLine, ...]

    @property
    def usd(self) -> Decimal:
        return sum((line.usd for line in self.lines), Decimal(0))

    @property
    def billed_seconds(self) -> Decimal:
        return sum((line.billed_seconds for line in self.lines), Decimal(0))


def build_receipt(size: PricedSize, attempts: Sequence[BilledAttempt], rates: Rates) -> Receipt:
    """Return a line for each number, at the rates of its last attempt's day."""
    numbers = sorted({attempt.number for attempt in attempts})
    return Receipt(
        tuple(_receipt_line(number, size, [a for a in attempts if a.number == number], rates) for number in numbers)
    )


def _receipt_line(number: int, size: PricedSize, attempts: Sequence[BilledAttempt], rates: Rates) -> ReceiptLine:
    durations = [_billed_seconds(size, attempt) for attempt in attempts]
    seconds = sum((billed for billed in durations if billed is not None), Decimal(0))
    ended_at = max((attempt.stopped_at for attempt in attempts if attempt.stopped_at), default=None)
    reasons = list(_missing_time_reasons(durations.count(None), len(attempts)))
    shares: list[ResourceCharge] = []
    if ended_at is not None and seconds:
        amounts = [(resource, amount) for resource, amount in _resource_amounts(size) if amount]
        if not amounts:
            reasons.append("Neither the definition nor the submission sets a size.")
        elif not size.vcpus or not size.memory_mib:
            missing_resource = "memory" if size.vcpus else "vCPU"
            reasons.append(f"The requested {missing_resource} is unknown, so it is not charged.")
        day = ended_at.astimezone(UTC).date()
        for resource, amount in amounts:
            price = rates.find_price(size.platform, size.architecture, size.region, resource, day)
            if price is None:
                place = f"{size.platform} {size.architecture} in {size.region}"
                reasons.append(f"There is no rate for {resource} on {place} on {day}.")
            else:
                shares.append(_resource_charge(resource, amount, price, seconds))
    return ReceiptLine(
        number=number,
        succeeded=all(attempt.succeeded for attempt in attempts),
        runs=len(attempts),
        ended_at=ended_at,
        billed_seconds=seconds,
        shares=tuple(shares),
        usd=sum((share.usd for share in shares), Decimal(0)),
        reasons=tuple(reasons),
    )


def _billed_seconds(size: PricedSize, attempt: BilledAttempt) -> Decimal | None:
    if attempt.started_at is None or attempt.stopped_at is None or attempt.stopped_at < attempt.started_at:
        return None
    seconds = Decimal((attempt.stopped_at - attempt.started_at) // timedelta(milliseconds=1)) * MILLISECOND
    if size.platform == FARGATE:
        return max(FARGATE_MINIMUM_SECONDS, seconds.to_integral_value(ROUND_CEILING))
    return seconds


def _missing_time_reasons(unknown: int, runs: int) -> Iterator[str]:
    if unknown and runs == 1:
        yield "AWS reported no start or no end time, so nothing is charged."
    elif unknown:
        yield f"AWS reported no start or no end time for {unknown} of {runs} runs, so they are not charged."


def _resource_amounts(size: PricedSize) -> Iterator[tuple[str, Decimal]]:
    yield "vcpu", size.vcpus
    yield "memory", Decimal(size.memory_mib) / 1024
    if size.platform == FARGATE:
        yield "storage", Decimal(max(0, size.ephemeral_gib - FARGATE_FREE_STORAGE_GIB))
    else:
        yield "gpu", Decimal(size.gpus)


def _resource_charge(resource: str, amount: Decimal, price: Price, seconds: Decimal) -> ResourceCharge:
    usd = (amount * price.usd_per_hour * seconds / HOUR_SECONDS).quantize(USD_PRECISION, ROUND_HALF_EVEN)
    return ResourceCharge(resource, amount, price.usd_per_hour, price.valid_from, usd)
