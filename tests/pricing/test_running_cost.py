"""Cost so far of what runs: a job, the jobs of a submission, and an array by the hour."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from jobs.models import Rate
from jobs.pricing.rates import read_rates
from jobs.pricing.running_cost import array_usd_per_hour, cost_meter, running_costs
from jobs.reports.submissions import submission_meter
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def submission() -> Any:
    Rate.objects.all().delete()
    for resource, usd in (("vcpu", "1"), ("memory", "0")):
        Rate.objects.create(
            platform="FARGATE", architecture="X86_64", resource=resource, usd_per_hour=usd, valid_from="2020-01-01"
        )
    return make.submission()


def running(submission: Any, hours: float, **fields: Any) -> Any:
    size = {"platform": "FARGATE", "vcpus": Decimal(2), "memory_mib": 1024}
    return make.job(submission, state="RUNNING", started_at=now() - timedelta(hours=hours), **{**size, **fields})


def test_a_meter_adds_what_runs_to_what_is_charged_and_counts_what_it_leaves_out(submission: Any) -> None:
    first, second = running(submission, 1), running(submission, 3)
    unpriced = running(submission, 1, platform="EKS")
    waiting = make.job(submission, state="RUNNABLE")
    array = make.job(
        submission,
        state="PENDING",
        array_size=10,
        array_summary={"RUNNING": 4, "SUCCEEDED": 6},
        platform="FARGATE",
        vcpus=2,
        memory_mib=1024,
    )
    at, rates = now(), read_rates()
    jobs = [first, second, unpriced, waiting, array]

    assert [cost is not None for cost in running_costs(jobs, rates, at)] == [True, True, False, False, False]
    assert array_usd_per_hour(array, rates, at) == 8
    meter = cost_meter(jobs, Decimal(5), rates, at)
    assert meter.usd == pytest.approx(Decimal(13), abs=Decimal("0.01"))
    assert (meter.usd_per_hour, meter.unpriced) == (Decimal(12), 2)
    assert submission_meter(submission, is_live=True).usd_per_hour == 12


def test_a_submission_that_has_ended_shows_what_it_cost(submission: Any) -> None:
    make.job(submission, state="SUCCEEDED", usd_units=5 * 10**9)
    make.job(submission, state="SUCCEEDED", usd_units=2 * 10**9)

    assert submission_meter(submission, is_live=False).usd == Decimal("0.7")
