"""Receipts computed by hand. Each says how in its comment, so that anyone can do it again on paper.

Each part of a line (vCPU, memory, …) is rounded to ten digits, then they are added.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.pricing.rates import InstanceRate, Price, Rates
from jobs.pricing.receipt import BilledAttempt, PricedSize, build_receipt
from tests.examples import examples

START = datetime(2026, 11, 3, 9, tzinfo=UTC)


def price(platform: str, resource: str, usd: str, **more: str) -> Price:
    fields = {"architecture": "X86_64", "region": "", "valid_from": "2020-01-01", **more}
    since = date.fromisoformat(fields.pop("valid_from"))
    return Price(platform=platform, resource=resource, usd_per_hour=Decimal(usd), valid_from=since, **fields)


RATES = Rates(
    [
        price("FARGATE", "vcpu", "0.04048"),
        price("FARGATE", "memory", "0.004445"),
        price("FARGATE", "storage", "0.000111"),
        price("FARGATE", "vcpu", "0.03238", architecture="ARM64"),
        price("FARGATE", "memory", "0.00356", architecture="ARM64"),
        price("EC2", "vcpu", "0.0344"),
        price("EC2", "memory", "0.0034"),
        price("EC2", "gpu", "0.334"),
        price("EKS", "vcpu", "0.0344"),
        price("EKS", "memory", "0.0034"),
    ]
)


def size(platform: str = "FARGATE", vcpus: str = "1", memory_mib: int = 2048, **more) -> PricedSize:
    fields = {"architecture": "X86_64", "region": "us-west-2", **more}
    return PricedSize(platform=platform, vcpus=Decimal(vcpus), memory_mib=memory_mib, **fields)


def run(seconds: float | None, *, ok: bool = True, number: int = 1) -> BilledAttempt:
    """An attempt that ran so long; None: AWS named no end."""
    return BilledAttempt(START, None if seconds is None else START + timedelta(seconds=seconds), ok, number)


CASES = {
    # 1 h × (1 × 0.04048 + 2 × 0.004445) = 0.04937
    "Fargate, an hour": (size(), [run(3600)], "0.0493700000", 3600),
    # 0.25 vCPU, 0.5 GiB for 10 min: 0.01012 / 6 + 0.0022225 / 6 = 0.0016866667 + 0.0003704167
    "Fargate, a quarter of a vCPU": (size(vcpus="0.25", memory_mib=512), [run(600)], "0.0020570834", 600),
    # 7 s are billed as 60: 0.04048 / 60 + 0.00889 / 60 = 0.0006746667 + 0.0001481667
    "Fargate, the minute minimum": (size(), [run(7)], "0.0008228334", 60),
    # 60.2 s are billed as 61: 0.04937 × 61 / 3600; the parts are 0.0006859111 + 0.0001506361
    "Fargate, up to the second": (size(), [run(60.2)], "0.0008365472", 61),
    # 2 h × (4 × 0.04048 + 16 × 0.004445 + (200 − 20) × 0.000111) = 2 × (0.16192 + 0.07112 + 0.01998) = 0.50604
    "Fargate, 200 GiB of storage": (
        size(vcpus="4", memory_mib=16384, ephemeral_gib=200),
        [run(7200)],
        "0.5060400000",
        7200,
    ),
    # The first 20 GiB are free: as "an hour".
    "Fargate, 20 GiB of storage": (size(ephemeral_gib=20), [run(3600)], "0.0493700000", 3600),
    # 1 h × (2 × 0.03238 + 4 × 0.00356) = 0.06476 + 0.01424 = 0.079
    "Fargate on ARM": (size(vcpus="2", memory_mib=4096, architecture="ARM64"), [run(3600)], "0.0790000000", 3600),
    # an m5.xlarge's worth for an hour: 4 × 0.0344 + 16 × 0.0034 = 0.192
    "EC2, the size of an m5.xlarge": (size("EC2", "4", 16384), [run(3600)], "0.1920000000", 3600),
    # and with a T4 it is a g4dn.xlarge: 0.192 + 0.334 = 0.526
    "EC2 with a GPU": (size("EC2", "4", 16384, gpus=1), [run(3600)], "0.5260000000", 3600),
    # 8 GPUs, 64 vCPU, 488 GiB for 30 min: (2.2016 + 1.6592 + 2.672) / 2 = 3.2664
    "EC2 with 8 GPUs": (size("EC2", "64", 488 * 1024, gpus=8), [run(1800)], "3.2664000000", 1800),
    # no minimum: 1.5 s of 1 vCPU, 2 GiB: (0.0344 + 0.0068) × 1.5 / 3600; parts 0.0000143333 + 0.0000028333
    "EC2 to the millisecond": (size("EC2"), [run(1.5)], "0.0000171666", Decimal("1.5")),
    # storage is not charged on EC2
    "EC2 with storage": (size("EC2", "4", 16384, ephemeral_gib=200), [run(3600)], "0.1920000000", 3600),
    "EKS is like EC2": (size("EKS", "4", 16384), [run(3600)], "0.1920000000", 3600),
    # two that failed after 10 s (a minute each), one of an hour: 2 × 0.0008228334 + 0.04937
    "Fargate, a third attempt": (
        size(),
        [run(10, ok=False), run(10, ok=False, number=2), run(3600, number=3)],
        "0.0510156668",
        3720,
    ),
    # 3 children on one line: 30 s, 30 s and 90 s are billed as 60 + 60 + 90 = 210: 0.04937 × 210 / 3600
    "Fargate, an array": (size(), [run(30), run(30), run(90)], "0.0028799166", 210),
    "no end": (size(), [run(None)], "0", 0),
    "never started": (size(), [BilledAttempt(None, START, succeeded=False)], "0", 0),
    "ended before it started": (size(), [run(-5)], "0", 0),
    "no size": (size("EC2", "0", 0), [run(3600)], "0", 3600),
    "no attempts": (size(), [], "0", 0),
}


@pytest.mark.parametrize(("asked", "attempts", "usd", "seconds"), CASES.values(), ids=CASES)
def test_a_receipt_is_what_a_person_with_a_pencil_gets(asked, attempts, usd, seconds):
    made = build_receipt(asked, attempts, RATES)

    assert made.usd == Decimal(usd)
    assert made.billed_seconds == seconds
    assert made.usd == sum(share.usd for line in made.lines for share in line.shares)


@pytest.mark.parametrize(
    ("asked", "attempt", "words"),
    [
        (size(), run(None), "no start or no end"),
        (size("EC2", "0", 0), run(60), "sets a size"),
        (size(architecture="RISCV"), run(60), "no rate for vcpu on FARGATE RISCV in us-west-2 on 2026-11-03"),
    ],
)
def test_what_is_not_charged_has_its_reason(asked, attempt, words):
    (line,) = build_receipt(asked, [attempt], RATES).lines

    assert line.usd == 0
    assert any(words in reason for reason in line.reasons)


@pytest.mark.parametrize(("asked", "lacking"), [(size("EC2", "0", 4096), "vCPU"), (size("EC2", "2", 0), "memory")])
def test_a_size_that_is_known_in_part_has_no_price_without_a_reason(asked, lacking):
    (line,) = build_receipt(asked, [run(3600)], RATES).lines

    assert line.reasons == (f"The requested {lacking} is unknown, so it is not charged.",)


def test_each_attempt_has_a_line_and_says_how_it_ended():
    made = build_receipt(size(), [run(100, ok=False), run(200, number=2)], RATES)

    told = [(line.number, line.succeeded, int(line.billed_seconds)) for line in made.lines]
    assert told == [
        (1, False, 100),
        (2, True, 200),
    ]


def test_a_new_rate_counts_from_its_day_on_and_a_region_has_its_own():
    table = Rates(
        [
            price("EC2", "vcpu", "1"),
            price("EC2", "vcpu", "2", valid_from="2026-11-03"),
            price("EC2", "vcpu", "9", region="eu-west-1", valid_from="2026-11-04"),
        ]
    )

    def price_on(day: str, region: str = "us-west-2"):
        rate = table.find_price("EC2", "X86_64", region, "vcpu", date.fromisoformat(day))
        return rate and rate.usd_per_hour

    assert [price_on("2026-11-02"), price_on("2026-11-03"), price_on("2019-12-31")] == [1, 2, None]
    assert [price_on("2026-11-03", "eu-west-1"), price_on("2026-11-04", "eu-west-1")] == [2, 9]


# -- Shares of instances


def instance_rate(name: str, vcpus: int, gib: int, gpus: int, usd: str, **more: str) -> InstanceRate:
    return InstanceRate(
        name,
        vcpus,
        gib * 1024,
        gpus,
        more.get("region", "us-west-2"),
        more.get("option", "ON_DEMAND"),
        Decimal(usd),
        date.fromisoformat(more.get("since", "2020-01-01")),
    )


INSTANCES = (
    instance_rate("c5.large", 2, 4, 0, "0.085"),
    instance_rate("m5.xlarge", 4, 16, 0, "0.192"),
    instance_rate("m5.xlarge", 4, 16, 0, "0.07", option="SPOT"),
    instance_rate("g4dn.xlarge", 4, 16, 1, "0.526"),
    instance_rate("p3.8xlarge", 32, 244, 4, "12.24"),
    instance_rate("p5.48xlarge", 192, 2048, 8, "60", since="2020-01-01"),
    instance_rate("p5.48xlarge", 192, 2048, 8, "55.04", since="2026-11-15"),
)


def rates_of_instances() -> Rates:
    flat = [price("EC2", "vcpu", "0.0344"), price("EC2", "memory", "0.0034")]
    return Rates(
        [*flat, price("ON_PREMISES", "vcpu", "0.01"), price("ON_PREMISES", "memory", "0.001")],
        lambda region, names: [
            rate for rate in INSTANCES if rate.region == region and any(rate.matches(name) for name in names)
        ],
    )


def placed(*types: str, option: str = "ON_DEMAND", **more) -> PricedSize:
    """A size on EC2 in a queue whose compute environments name these types."""
    return size("EC2", instance_types=tuple((name, option) for name in types), **more)


def on(name: str, run: BilledAttempt, option: str = "ON_DEMAND") -> BilledAttempt:
    return replace(run, instance_type=name, purchase_option=option)


LATE = datetime(2026, 11, 15, 9, tzinfo=UTC)

SHARES = {
    # memory decides: 8 of 16 GiB are a half, 1 of 4 vCPU a quarter: 0.192 / 2
    "a half of an m5.xlarge": (placed(vcpus="1", memory_mib=8192), [on("m5.xlarge", run(3600))], "0.0960000000"),
    # the only GPU is all of it, though 2 of 4 vCPU are a half
    "a whole g4dn": (placed(vcpus="2", memory_mib=4096, gpus=1), [on("g4dn.xlarge", run(3600))], "0.5260000000"),
    # 1 of 4 V100s: 12.24 / 4, for 30 min
    "a GPU of a p3.8xlarge": (placed(vcpus="4", gpus=1), [on("p3.8xlarge", run(1800))], "1.5300000000"),
    # 2 of 8 H100s before and after the price changes in mid-month: 60 / 4 and 55.04 / 4
    "two GPUs of a p5, earlier price": (placed(vcpus="4", gpus=2), [on("p5.48xlarge", run(3600))], "15.0000000000"),
    "two GPUs of a p5, later price": (
        placed(vcpus="4", gpus=2),
        [on("p5.48xlarge", BilledAttempt(LATE, LATE + timedelta(hours=1), succeeded=True))],
        "13.7600000000",
    ),
    # the Spot price where there is one: 0.07 / 2
    "Spot": (placed(memory_mib=8192), [on("m5.xlarge", run(3600), "SPOT")], "0.0350000000"),
    # else the on-demand price, which is higher
    "Spot without a price": (placed(gpus=1), [on("g4dn.xlarge", run(3600), "SPOT")], "0.5260000000"),
    # no instance is known: 1 vCPU and 2 GiB are a half of a c5.large, the cheapest, and not a quarter of an m5.xlarge
    "the cheapest that fits": (placed("m5", "c5.large"), [run(3600)], "0.0425000000"),
    # 8 GiB don't fit a c5.large
    "the cheapest is too small": (placed("m5", "c5.large", memory_mib=8192), [run(3600)], "0.0960000000"),
    # 2 nodes of 2 vCPU and 4 GiB each take 2 halves of an m5.xlarge: 0.192
    "two nodes": (placed(vcpus="4", memory_mib=8192, nodes=2), [on("m5.xlarge", run(3600))], "0.1920000000"),
    # three children on two types: 10 and 20 min of a half at 0.085, and an hour of a quarter at 0.192
    "an array on two types": (
        placed(),
        [on("c5.large", run(600)), on("c5.large", run(1200)), on("m5.xlarge", run(3600))],
        "0.0692500000",
    ),
    # a failed attempt on one instance, a successful one on another: 0.0425 / 6 + 0.048
    "retries": (
        placed(),
        [on("c5.large", run(600, ok=False)), on("m5.xlarge", run(3600, number=2))],
        "0.0550833333",
    ),
    # `optimal` names no type, so the flat rates: 0.0344 + 2 × 0.0034
    "flat rates": (placed("optimal"), [run(3600)], "0.0412000000"),
    # an unmanaged environment, as on-premises: 0.01 + 2 × 0.001
    "on-premises": (size("EC2", is_unmanaged=True), [run(3600)], "0.0120000000"),
}


@pytest.mark.parametrize(("asked", "attempts", "usd"), SHARES.values(), ids=SHARES)
def test_a_share_of_an_instance_is_what_a_person_with_a_pencil_gets(asked, attempts, usd):
    made = build_receipt(asked, attempts, rates_of_instances())

    assert made.usd == Decimal(usd)
    assert not any(line.reasons for line in made.lines)


@pytest.mark.parametrize(
    ("asked", "attempt", "words"),
    [
        (placed("p3.8xlarge", gpus=1), on("g5.xlarge", run(60)), "no price for g5.xlarge in us-west-2 on 2026-11-03"),
        (placed("g5.xlarge", gpus=1), run(60), "for an instance type of the queue's compute environments"),
        (placed("m5.xlarge", gpus=1), run(60), "for an instance type of the queue's compute environments"),
        (placed("optimal", gpus=1), run(60), "no rate for gpu on EC2"),
    ],
)
def test_no_other_price_takes_the_place_of_an_unknown_one(asked, attempt, words):
    (line,) = build_receipt(asked, [attempt], rates_of_instances()).lines

    assert any(words in reason for reason in line.reasons)
    assert not any(share.name for share in line.shares)


def test_a_receipt_names_the_basis_and_the_shares_of_its_price():
    known, cheapest, flat = (
        build_receipt(placed(*types), [attempt], rates_of_instances()).lines[0]
        for types, attempt in (
            (("m5",), on("m5.xlarge", run(60))),
            (("m5", "x9.large"), run(60)),
            (("optimal",), run(60)),
        )
    )

    assert [line.basis for line in (known, cheapest, flat)] == ["instance", "cheapest fitting type", "flat rate"]
    assert known.shares[0].formula == "largest of 1 of 4 vCPU, 2 of 16 GiB"
    assert cheapest.notes == ("No price is known for x9.large, which may have run it too.",)
    assert (known.instance_type, flat.instance_type) == ("m5.xlarge", "")


def test_the_maximum_is_that_of_the_dearest_type_that_may_run_it():
    asked = placed("m5", "c5.large", "p3.8xlarge")
    made = build_receipt(asked, [run(3600)], rates_of_instances(), is_maximum=True)

    assert made.usd == Decimal("0.3825")  # 1 of 32 vCPU of a p3.8xlarge: 12.24 / 32


@examples(30, 2_000)
@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.booleans()), max_size=8),
    st.decimals("0.25", 192, places=2),
    st.integers(4, 2_000_000),
)
def test_a_receipt_adds_up_to_the_last_digit(runs, vcpus, memory_mib):
    attempts = [run(seconds, ok=ok, number=number) for number, (seconds, ok) in enumerate(runs, start=1)]
    made = build_receipt(size(vcpus=str(vcpus), memory_mib=memory_mib), attempts, RATES)

    assert made.usd == sum(line.usd for line in made.lines)
    assert all(line.usd == line.usd.quantize(Decimal("1E-10")) for line in made.lines)
    assert made.billed_seconds >= 60 * len(runs)
