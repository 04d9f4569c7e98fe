"""Cost of finished attempts by requested size and run time.

    Fargate    hours × (vCPU × rate + GiB × rate + ephemeral GiB above 20 × rate)
               rounded up to the second, one minute at least (Amazon's rule for Fargate)
    EC2, EKS   hours × share of the instance × its price, to the millisecond; the share is the largest of those of its
               vCPU, memory and GPUs that the job requested, for each node

The instance of an EC2 job is the one on which it ran. Where that is unknown, it is the cheapest type of the queue's
compute environments that holds the job. Only where no type is known at all, as with `optimal`, flat rates apply:
hours × (vCPU × rate + GiB × rate + GPU × rate). A price that is not known is never replaced by another one, except
that of Spot by the on-demand price, which is the higher one and marked. Idle machines, disks and traffic are not
included.

Each part is rounded to a ten-billionth of a dollar, so totals agree however grouped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from jobs.models.instance_type import PurchaseOption
from jobs.models.rate import Platform
from jobs.pricing.rates import InstanceRate, Price, Rates
from jobs.spec.job_size import RunSize
from jobs.spec.placement import EnvironmentFacts
from jobs.spec.problems import join_words

USD_PRECISION = Decimal("1E-10")
MILLISECOND = Decimal("0.001")
HOUR_SECONDS = Decimal(3600)
FARGATE = "FARGATE"
FARGATE_MINIMUM_SECONDS = Decimal(60)
FARGATE_FREE_STORAGE_GIB = 20
INSTANCE = "instance"
"""The resource of a charge for a share of an instance."""
UNNAMED_TYPES = frozenset({"optimal", "default_x86_64", "default_arm64"})
"""What a compute environment may name instead of types, and AWS chooses types for."""

SPOT_NOTE = "No Spot price is known, so the higher on-demand price is used."


class Basis(StrEnum):
    """What a price is for."""

    REQUESTED = "requested resources"
    INSTANCE = "instance"
    CHEAPEST_TYPE = "cheapest fitting type"
    FLAT_RATE = "flat rate"


@dataclass(frozen=True)
class PricedSize:
    """Of all nodes. `instance_types` are types and families that may run it, each with its purchase option."""

    platform: str
    architecture: str
    region: str
    vcpus: Decimal
    memory_mib: int
    gpus: int = 0
    ephemeral_gib: int = 0
    nodes: int = 1
    instance_types: tuple[tuple[str, str], ...] = ()
    is_spot: bool = False
    is_unmanaged: bool = False

    @classmethod
    def of(
        cls, size: RunSize, region: str, environments: Iterable[EnvironmentFacts] = (), nodes: int = 1
    ) -> "PricedSize":
        usable = [
            environment
            for environment in environments
            if environment.is_usable and environment.platform in (size.platform, "")
        ]
        is_fargate = size.platform == FARGATE
        return cls(
            size.platform,
            size.architecture,
            region,
            size.vcpus,
            size.memory_mib,
            size.gpus,
            size.ephemeral_gib,
            nodes=max(1, nodes),
            instance_types=() if is_fargate else _instance_types(usable),
            is_spot=bool(usable) and all(environment.is_spot for environment in usable),
            is_unmanaged=bool(usable) and not any(environment.platform for environment in usable),
        )


@dataclass(frozen=True)
class BilledAttempt:
    """`number` is its line, which an array's children share. Empty: not known where it ran."""

    started_at: datetime | None
    stopped_at: datetime | None
    succeeded: bool
    number: int = 1
    instance_type: str = ""
    purchase_option: str = ""
    container_instance: str = ""
    instance_error: str = ""
    """Why the type of its instance is unknown."""
    task_arn: str = ""
    is_assumed: bool = False
    """Whether the type was chosen for an earlier charge, and is not known to be that on which it ran."""


@dataclass(frozen=True)
class ResourceCharge:
    """Of an instance, `amount` is the share, `formula` how it comes about, and `name` the type."""

    resource: str
    amount: Decimal
    usd_per_hour: Decimal
    valid_from: date
    usd: Decimal
    seconds: Decimal = Decimal(0)
    source: str = ""
    name: str = ""
    purchase_option: str = ""
    formula: str = ""


@dataclass(frozen=True)
class PricedRuns:
    """Runs of a line that are priced alike. The type is "" where none is known and none could be chosen."""

    basis: Basis
    instance_type: str
    purchase_option: str
    runs: int
    seconds: Decimal


@dataclass(frozen=True)
class ReceiptLine:
    """`reasons` say why less is charged than ran, `notes` what is assumed."""

    number: int
    succeeded: bool
    runs: int
    ended_at: datetime | None
    billed_seconds: Decimal
    shares: tuple[ResourceCharge, ...]
    usd: Decimal
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    basis: Basis = Basis.REQUESTED
    """The least exact of those of its runs."""
    priced_runs: tuple[PricedRuns, ...] = ()
    """Those off Fargate whose times are known, by how they are priced."""

    @property
    def instance_type(self) -> str:
        """Return the type that is charged, or "" for none and for several."""
        names = {share.name for share in self.shares}
        return names.pop() if len(names) == 1 else ""


@dataclass(frozen=True)
class Receipt:
    lines: tuple[ReceiptLine, ...]

    @property
    def usd(self) -> Decimal:
        return sum((line.usd for line in self.lines), Decimal(0))

    @property
    def billed_seconds(self) -> Decimal:
        return sum((line.billed_seconds for line in self.lines), Decimal(0))


def build_receipt(
    size: PricedSize, attempts: Sequence[BilledAttempt], rates: Rates, *, is_maximum: bool = False
) -> Receipt:
    """Return a line for each number, at the rates of its last attempt's day.

    `is_maximum`: where the instance is unknown, take the dearest type that may run it instead of the cheapest.
    """
    numbers = sorted({attempt.number for attempt in attempts})
    pricing = _LinePricing(size, rates, is_maximum)
    return Receipt(
        tuple(_receipt_line(number, pricing, [a for a in attempts if a.number == number]) for number in numbers)
    )


def _receipt_line(number: int, pricing: "_LinePricing", attempts: Sequence[BilledAttempt]) -> ReceiptLine:
    size = pricing.size
    durations = [(attempt, _billed_seconds(size, attempt)) for attempt in attempts]
    timed_runs = [(attempt, billed) for attempt, billed in durations if billed is not None]
    seconds = sum((billed for _, billed in timed_runs), Decimal(0))
    ended_at = max((attempt.stopped_at for attempt in attempts if attempt.stopped_at), default=None)
    charges = _Charges(reasons=list(_missing_time_reasons(len(durations) - len(timed_runs), len(attempts))))
    if ended_at is not None and seconds:
        if not any(amount for _, amount in _resource_amounts(size)):
            charges.reasons.append("Neither the definition nor the submission sets a size.")
        elif not size.vcpus or not size.memory_mib:
            missing_resource = "memory" if size.vcpus else "vCPU"
            charges.reasons.append(f"The requested {missing_resource} is unknown, so it is not charged.")
        pricing.charge(charges, timed_runs, ended_at.astimezone(UTC).date())
    return ReceiptLine(
        number=number,
        succeeded=all(attempt.succeeded for attempt in attempts),
        runs=len(attempts),
        ended_at=ended_at,
        billed_seconds=seconds,
        shares=tuple(charges.shares),
        usd=sum((share.usd for share in charges.shares), Decimal(0)),
        reasons=tuple(dict.fromkeys(charges.reasons)),
        notes=tuple(dict.fromkeys(charges.notes)),
        basis=max((runs.basis for runs in charges.priced_runs), key=list(Basis).index, default=Basis.REQUESTED),
        priced_runs=tuple(charges.priced_runs),
    )


@dataclass
class _Charges:
    """What a line is made of."""

    reasons: list[str]
    shares: list[ResourceCharge] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    priced_runs: list[PricedRuns] = field(default_factory=list)


@dataclass(frozen=True)
class _LinePricing:
    size: PricedSize
    rates: Rates
    is_maximum: bool

    def charge(self, charges: _Charges, runs: Sequence[tuple[BilledAttempt, Decimal]], day: date) -> None:
        if self.size.platform == FARGATE:
            self._charge_rates(charges, sum((billed for _, billed in runs), Decimal(0)), day)
            return
        errors = dict.fromkeys(attempt.instance_error for attempt, _ in runs if attempt.instance_error)
        charges.notes += [f"The instance type could not be read: {error}" for error in errors]
        groups: dict[tuple[str, str, bool], list[Decimal]] = {}
        for attempt, billed in runs:
            key = (attempt.instance_type, attempt.purchase_option, attempt.is_assumed)
            groups.setdefault(key, []).append(billed)
        for (name, option, is_assumed), durations in groups.items():
            seconds = sum(durations, Decimal(0))
            basis, charged_type, charged_option = self._charge_instance(charges, name, option, seconds, day)
            if is_assumed:
                basis = Basis.CHEAPEST_TYPE
            charges.priced_runs.append(PricedRuns(basis, charged_type, charged_option, len(durations), seconds))

    def _charge_instance(
        self, charges: _Charges, name: str, option: str, seconds: Decimal, day: date
    ) -> tuple[Basis, str, str]:
        """Return also the type and the purchase option that are charged."""
        is_known = bool(self.size.vcpus and self.size.memory_mib)
        if name and is_known:
            option = option or (PurchaseOption.SPOT if self.size.is_spot else PurchaseOption.ON_DEMAND)
            rate, is_substitute = self._instance_rate(name, option, day)
            if rate is None:
                charges.reasons.append(f"There is no price for {name} in {self.size.region} on {day}.")
            else:
                charges.shares.append(_instance_charge(self.size, rate, seconds))
                charges.notes += [SPOT_NOTE] * is_substitute
            return Basis.INSTANCE, name, option
        types = [pattern for pattern, _ in self.size.instance_types]
        if not types or not is_known or UNNAMED_TYPES.intersection(types):
            self._charge_rates(charges, seconds, day)
            return Basis.FLAT_RATE, "", ""
        share = self._charge_fitting_type(charges, seconds, day)
        return Basis.CHEAPEST_TYPE, share.name if share else "", share.purchase_option if share else ""

    def _instance_rate(self, name: str, option: str, day: date) -> tuple[InstanceRate | None, bool]:
        rate = self.rates.find_instance(name, self.size.region, option, day)
        if rate is None and option == PurchaseOption.SPOT:
            rate = self.rates.find_instance(name, self.size.region, PurchaseOption.ON_DEMAND, day)
            return rate, rate is not None
        return rate, False

    def _charge_fitting_type(self, charges: _Charges, seconds: Decimal, day: date) -> ResourceCharge | None:
        offers: list[tuple[Decimal, str, InstanceRate, bool]] = []
        unpriced = []
        for pattern, option in self.size.instance_types:
            rates = self.rates.find_instances([pattern], self.size.region, option, day)
            substitutes = []
            if option == PurchaseOption.SPOT:
                names = {rate.name for rate in rates}
                on_demand = self.rates.find_instances([pattern], self.size.region, PurchaseOption.ON_DEMAND, day)
                substitutes = [rate for rate in on_demand if rate.name not in names]
            if not rates and not substitutes:
                unpriced.append(pattern)
            for rate in [*rates, *substitutes]:
                if _fits(self.size, rate):
                    price = _share(self.size, rate) * rate.usd_per_hour if self.is_maximum else rate.usd_per_hour
                    offers.append((price, rate.name, rate, rate in substitutes))
        names_text = join_words(unpriced, limit=3)
        if not offers:
            which = f" ({names_text})" if unpriced else ""
            charges.reasons.append(
                f"There is no price on {day} in {self.size.region} for an instance type of the queue's compute "
                f"environments that holds the job{which}."
            )
            return None
        _, _, rate, is_substitute = (max if self.is_maximum else min)(offers, key=lambda offer: offer[:2])
        share = _instance_charge(self.size, rate, seconds)
        charges.shares.append(share)
        charges.notes += [SPOT_NOTE] * is_substitute
        if unpriced:
            charges.notes.append(f"No price is known for {names_text}, which may have run it too.")
        return share

    def _charge_rates(self, charges: _Charges, seconds: Decimal, day: date) -> None:
        size = self.size
        for resource, amount in _resource_amounts(size):
            if not amount:
                continue
            price = self._find_price(resource, day)
            if price is None:
                place = f"{size.platform} {size.architecture} in {size.region}"
                charges.reasons.append(f"There is no rate for {resource} on {place} on {day}.")
                continue
            if size.is_spot and price.platform == Platform.FARGATE:
                charges.notes.append(SPOT_NOTE)
            charges.shares.append(_resource_charge(resource, amount, price, seconds))

    def _find_price(self, resource: str, day: date) -> Price | None:
        size = self.size
        platforms = [size.platform]
        if size.platform == FARGATE and size.is_spot:
            platforms = [Platform.FARGATE_SPOT, FARGATE]
        elif size.is_unmanaged:
            platforms = [Platform.ON_PREMISES, size.platform]
        prices = (
            self.rates.find_price(platform, size.architecture, size.region, resource, day) for platform in platforms
        )
        return next((price for price in prices if price), None)


def _instance_types(environments: Iterable[EnvironmentFacts]) -> tuple[tuple[str, str], ...]:
    pairs = [
        (name, PurchaseOption.SPOT.value if environment.is_spot else PurchaseOption.ON_DEMAND.value)
        for environment in environments
        for name in environment.instance_types
    ]
    return tuple(dict.fromkeys(pairs))


def _fits(size: PricedSize, rate: InstanceRate) -> bool:
    """Compare memory strictly: a job never gets all memory of an instance."""
    nodes = size.nodes
    return (
        size.vcpus <= rate.vcpus * nodes
        and size.gpus <= rate.gpus * nodes
        and size.memory_mib < rate.memory_mib * nodes
    )


def _share(size: PricedSize, rate: InstanceRate) -> Decimal:
    """Return the share of an instance that each of the nodes takes, times the nodes; at most all of each."""
    return min(max(share for _, _, _, share in _shares(size, rate)), Decimal(1)) * size.nodes


def _shares(size: PricedSize, rate: InstanceRate) -> Iterator[tuple[Decimal, Decimal, str, Decimal]]:
    amounts = (
        (size.vcpus, Decimal(rate.vcpus), "vCPU"),
        (Decimal(size.memory_mib) / 1024, Decimal(rate.memory_mib) / 1024, "GiB"),
        (Decimal(size.gpus), Decimal(rate.gpus), "GPU"),
    )
    for amount, available, unit in amounts:
        if amount and available:
            yield amount / size.nodes, available, unit, amount / size.nodes / available


def _instance_charge(size: PricedSize, rate: InstanceRate, seconds: Decimal) -> ResourceCharge:
    amount = _share(size, rate)
    parts = ", ".join(f"{_plain(part)} of {_plain(whole)} {unit}" for part, whole, unit, _ in _shares(size, rate))
    nodes = f" × {size.nodes} nodes" if size.nodes > 1 else ""
    return ResourceCharge(
        INSTANCE,
        amount,
        rate.usd_per_hour,
        rate.valid_from,
        _cost(amount, rate.usd_per_hour, seconds),
        seconds=seconds,
        source=rate.source,
        name=rate.name,
        purchase_option=rate.purchase_option,
        formula=f"largest of {parts}{nodes}",
    )


def _plain(number: Decimal) -> str:
    return f"{number.quantize(Decimal('0.0001')).normalize():f}"


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
    usd = _cost(amount, price.usd_per_hour, seconds)
    return ResourceCharge(
        resource, amount, price.usd_per_hour, price.valid_from, usd, seconds=seconds, source=price.source
    )


def _cost(amount: Decimal, usd_per_hour: Decimal, seconds: Decimal) -> Decimal:
    return (amount * usd_per_hour * seconds / HOUR_SECONDS).quantize(USD_PRECISION, ROUND_HALF_EVEN)
