"""Advice on the page of costs: what it is from, and that it is silent otherwise."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import InstancePrice, InstanceType, JobFailure, Submission
from jobs.reports.costs import CostReader, cost_advice
from jobs.reports.periods import Period
from jobs.states import State
from tests import make
from tests.reports import past

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOVEMBER = Period.of_days(date(2026, 11, 1), date(2026, 11, 30))
RETRIES = {"retryStrategy": {"attempts": 2}}


@pytest.fixture
def submission() -> Submission:
    past.rates()
    return make.submission(make.member(role="lead"))


def advice_of(submission: Submission) -> Any:
    team = submission.team
    return cost_advice(team, NOVEMBER, CostReader.of([team]))


def fail(submission: Submission, day: str, hours: float, cause: str, **fields: Any) -> None:
    job = past.job(submission, day, hours, state=State.FAILED, **fields)
    JobFailure.objects.filter(job=job).update(cause=cause)


def test_failed_jobs_cost_by_cause_in_the_days_of_the_team(submission):
    submission.team.time_zone = "Pacific/Auckland"
    submission.team.save()
    fail(submission, "2026-11-03", 40, "out-of-memory")
    fail(submission, "2026-11-04", 20, "out-of-memory")
    fail(submission, "2026-11-05", 30, "time-limit")
    fail(submission, "2026-11-05", 1, "image")  # less than a dollar
    fail(submission, "2026-11-30", 100, "time-limit")  # December in Auckland
    fail(make.submission(), "2026-11-03", 500, "image")

    failures = advice_of(submission).failures
    assert [(cost.jobs, cost.usd) for cost in failures] == [(2, Decimal(3)), (1, Decimal("1.5"))]
    assert len({cost.label for cost in failures}) == 2


def spot_prices(submission: Submission, usd: str) -> None:
    row = InstanceType.objects.create(name="x9.large", vcpus=2, memory_mib=4096)
    InstancePrice.objects.create(
        instance_type=row,
        region=submission.account.region,
        purchase_option="SPOT",
        usd_per_hour=usd,
        valid_from=date(2020, 1, 1),
    )


def on_demand(submission: Submission, hours: float, usd: str, document: dict[str, Any], option: str) -> None:
    job = past.job(submission, "2026-11-03", hours, document=document)
    share = {"instance_type": "x9.large", "purchase_option": option, "usd": usd, "usd_per_hour": "4"}
    job.cost_lines.update(receipt={"region": submission.account.region, "shares": [share]})


@pytest.mark.parametrize(
    ("hours", "document", "option", "is_advised"),
    [
        (0.9, RETRIES, "ON_DEMAND", True),
        (1.1, RETRIES, "ON_DEMAND", False),
        (0.9, {}, "ON_DEMAND", False),
        (0.9, RETRIES, "SPOT", False),
    ],
)
def test_spot_is_advised_for_short_attempts_on_demand_of_jobs_that_retry(
    submission, hours, document, option, is_advised
):
    on_demand(submission, hours, "3.60", document, option)
    assert not advice_of(submission).spot  # without a price of Spot
    spot_prices(submission, "1")

    savings = advice_of(submission).spot
    assert [(saving.attempts, saving.usd, saving.spot_usd) for saving in savings] == (
        [(1, Decimal("3.6"), Decimal("0.9"))] if is_advised else []
    )


def test_definitions_without_a_limit_are_named_unless_the_team_has_one(submission):
    limited = make.revision("limited", of=submission.team, where=submission.account)
    limited.document["timeout"] = {"attemptDurationSeconds": 60}
    limited.save()
    earlier = make.revision("unlimited", of=submission.team, where=submission.account)
    for revision in (limited, earlier):
        past.job(submission, "2026-11-03", 40, revision=revision)

    assert advice_of(submission).unlimited == [("unlimited", Decimal(2))]
    make.revision("unlimited", of=submission.team, where=submission.account, document=limited.document)
    assert advice_of(submission).unlimited == []
    make.revision("limited", of=submission.team, where=submission.account, document=earlier.document)
    assert [name for name, _ in advice_of(submission).unlimited] == ["limited"]
    submission.team.default_time_limit_seconds = 3600
    assert advice_of(submission).unlimited == []


def test_only_leads_see_advice_and_it_takes_five_queries(submission, client: Client, django_assert_num_queries):
    fail(submission, "2026-11-03", 40, "out-of-memory")
    team = submission.team
    address = f"{reverse('costs', args=[team.slug])}?month=2026-11"
    client.force_login(submission.person)
    page = client.get(address).content.decode()
    assert '$2.00</span></strong> for <a href="' in page
    assert "?search=reason%3Aout-of-memory+month%3A2026-11" in page
    client.force_login(make.member(team).user)
    assert "Advice" not in client.get(address).content.decode()

    with django_assert_num_queries(5):
        cost_advice(team, NOVEMBER, CostReader.of([team]))
