"""Arrays whose child jobs ran on instances that are known for some of them."""

import html
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now

from jobs.access import Member
from jobs.actions.reprice import RepriceScope, reprice
from jobs.models import ContainerInstance, InstancePrice, InstanceType, Job, Rate
from jobs.pricing import metering
from jobs.states import State
from tests import http_wire, make

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 3, 9, tzinfo=UTC)
DAY = START.date()
BIG, GPU = "instance/big", "instance/gpu"


@pytest.fixture(autouse=True)
def _prices() -> None:
    """A vCPU is a half of the cheap type and an eighth of the big one; the type with a GPU has no price."""
    Rate.objects.all().delete()
    InstancePrice.objects.all().delete()
    for name, vcpus, usd in (("c5.large", 2, "0.08"), ("m5.2xlarge", 8, "0.40"), ("p3.2xlarge", 8, "")):
        InstanceType.objects.filter(name=name).delete()
        row = InstanceType.objects.create(name=name, vcpus=vcpus, memory_mib=vcpus * 4096)
        if usd:
            price(row, usd)


def price(instance_type: InstanceType, usd: str) -> None:
    InstancePrice.objects.create(
        instance_type=instance_type,
        region="us-west-2",
        purchase_option="ON_DEMAND",
        usd_per_hour=Decimal(usd),
        valid_from=date(2020, 1, 1),
    )


def child(number: int, instance: str, status: str = "SUCCEEDED") -> dict[str, Any]:
    """A child job that ran for an hour."""
    began = int(START.timestamp() * 1000)
    attempt = {"startedAt": began, "stoppedAt": began + 3_600_000, "container": {"containerInstanceArn": instance}}
    return {"jobId": f"a-1:{number}", "jobName": "x", "status": status, "attempts": [attempt]}


def charged(*instances: str, types: tuple[str, ...] = ("c5.large", "m5.2xlarge"), who: Member | None = None) -> Job:
    """An array of 1 vCPU and 1 GiB for each of its child jobs, which ran on these instances."""
    children = [child(number, instance) for number, instance in enumerate(instances)]
    with http_wire.wire(http_wire.reply(200, {"jobs": children})) as aws:
        account = make.account(endpoint_url=aws.url)
        for arn, name in ((BIG, "m5.2xlarge"), (GPU, "p3.2xlarge")):
            ContainerInstance.objects.create(
                account=account, arn=arn, instance_type=name, purchase_option="ON_DEMAND", read_at=now()
            )
        environment = {
            "computeEnvironmentName": "general",
            "state": "ENABLED",
            "status": "VALID",
            "computeResources": {"type": "EC2", "instanceTypes": list(types)},
        }
        submission = make.submission(who or make.member(), account)
        job = make.job(
            submission,
            state=State.SUCCEEDED,
            ended_at=now(),
            batch_id="a-1",
            array_size=len(instances),
            platform="EC2",
            vcpus=Decimal(1),
            memory_mib=1024,
        )
        job.queue.environments = [environment]
        job.queue.save()
        metering.charge(job)
    return job


def correct(job: Job) -> list[Decimal]:
    """Reprice, and return the corrections."""
    reprice(RepriceScope(DAY, DAY, None, "Prices changed."))
    return list(job.cost_lines.filter(correction__gt=0).values_list("usd", flat=True))


def test_the_receipt_of_an_array_counts_the_runs_by_how_they_are_priced(research, signed_in):
    job = charged(BIG, BIG, "instance/never-seen", "", who=research.analyst)
    line = job.cost_lines.get()
    assert line.usd == Decimal("0.18")  # two of an eighth of $0.40, two of a half of $0.08
    assert line.receipt["basis"] == "cheapest fitting type"
    assert [(row["basis"], row["instance_type"], row["runs"]) for row in line.receipt["runs"]] == [
        ("instance", "m5.2xlarge", 2),
        ("cheapest fitting type", "c5.large", 2),
    ]
    page = signed_in(research.analyst.user).get(reverse("receipt", args=[job.text_id]))
    text = html.unescape(page.content.decode())
    assert "2 runs are priced by the instance on which they ran. 2 runs are priced by the cheapest instance" in text
    assert "because it is not known on which instance they ran (c5.large)." in text


def test_an_array_without_any_known_instance_says_so_for_all_its_runs(research, signed_in):
    job = charged("instance/a", "instance/b", "", who=research.analyst)
    page = signed_in(research.analyst.user).get(reverse("receipt", args=[job.text_id]))
    assert "3 runs are priced by the cheapest instance type" in page.content.decode()
    assert "by the instance on which" not in page.content.decode()


def test_runs_whose_price_became_known_are_charged_by_a_correction():
    job = charged(BIG, GPU)
    assert "no price for p3.2xlarge" in str(job.cost_lines.get().receipt["reasons"])
    assert correct(job) == []
    price(InstanceType.objects.get(name="p3.2xlarge"), "3.20")
    assert correct(job) == [Decimal("0.4")]  # an eighth
    assert correct(job) == [Decimal("0.4")]


def test_a_type_that_was_assumed_stays_marked_so_in_a_correction():
    job = charged(BIG, "")
    InstancePrice.objects.filter(instance_type__name="c5.large").update(usd_per_hour="0.10")
    assert correct(job) == [Decimal("0.01")]
    correction = job.cost_lines.get(correction=1).receipt
    assert correction["basis"] == "cheapest fitting type"
    assert [(row["basis"], row["instance_type"]) for row in correction["runs"]] == [
        ("instance", "m5.2xlarge"),
        ("cheapest fitting type", "c5.large"),
    ]


@pytest.mark.parametrize("is_recorded", [True, False])
def test_runs_at_flat_rates_stay_in_the_sum_when_prices_are_read_again(is_recorded):
    for resource in ("vcpu", "memory"):
        Rate.objects.create(platform="EC2", resource=resource, usd_per_hour="0.05", valid_from=date(2020, 1, 1))
    job = charged(BIG, "", types=("optimal",))
    line = job.cost_lines.get()
    assert line.usd == Decimal("0.15")
    if not is_recorded:  # a line from before receipts had the runs
        line.receipt.pop("runs")
        line.save()
    assert correct(job) == []


def test_a_run_on_an_instance_without_a_price_is_not_priced_as_another_type_later():
    job = charged(GPU)
    price(InstanceType.objects.get(name="p3.2xlarge"), "3.20")
    assert correct(job) == [Decimal("0.4")]
    assert job.cost_lines.get(correction=1).receipt["basis"] == "instance"
