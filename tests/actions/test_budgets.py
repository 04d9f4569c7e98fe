"""Budgets hold however many submit in the same moment, and count what is spent, active and not charged yet."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from jobs import actions
from jobs.access import Member
from jobs.models import Approval, Budget, CostLine, Job, Submission
from jobs.models.cost_total import add_costs
from jobs.pricing.spend import budget_day, budget_usage, spent_units
from jobs.states import Delivery
from tests import make
from tests.live_db import database_for_threads

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOTHING = Decimal(0)
JOB = {
    "jobName": "one",
    "jobQueue": "cpu",
    "jobDefinition": "hello",
    "timeout": {"attemptDurationSeconds": 3600},
    "tags": {"Project": "GenAI"},
}


@pytest.fixture
def member() -> Member:
    member = make.member(make.team("research", name="Research"))
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    return member


def submit(member: Member, **changes: Any) -> Submission:
    return actions.submit(json.dumps({**JOB, **changes}), member, source="json")


def budget(member: Member, usd: Decimal | int, **fields: Any) -> Budget:
    fields = {"stop_percent": 100, "warn_percent": None, **fields}
    return Budget.objects.create(team=member.team, usd=usd, **fields)


def price(member: Member) -> Decimal:
    """The maximum of one such job."""
    result = actions.validate(json.dumps(JOB), member)
    assert result.estimate
    usd = result.estimate.cost.at_most.usd
    assert usd
    return usd


def refusals(member: Member, **changes: Any) -> list[str]:
    return [problem.rule for problem in actions.validate(json.dumps({**JOB, **changes}), member).errors]


@pytest.mark.django_db(transaction=True)
@pytest.mark.long
@pytest.mark.postgres_itself
def test_of_twenty_who_submit_at_once_only_as_many_pass_as_the_budget_can_pay(member, tmp_path):
    budget(
        member, (price(member) * 3).quantize(Decimal("0.01")) + Decimal("0.01"), tag_key="Project", tag_value="GenAI"
    )

    def submit_in_thread(_: int) -> bool:
        try:
            submit(member)
        except actions.ValidationFailedError as error:
            if [problem.rule for problem in error.verdict.errors] == ["policy.budget-reached"]:
                return False
            raise
        finally:
            connection.close()
        return True

    with database_for_threads(tmp_path), ThreadPoolExecutor(20) as people:
        accepted = list(people.map(submit_in_thread, range(20)))

    assert accepted.count(True) == 3
    assert Job.objects.count() == 3


def test_a_job_is_reserved_until_it_is_charged_and_then_counts_as_what_it_cost(member):
    terms = budget(member, 100, tag_key="Project", tag_value="GenAI").terms
    job = submit(member).jobs.get()
    today = budget_day(member.team)

    def usage() -> tuple[Decimal, Decimal]:
        amounts = budget_usage(member.team, [terms], today)[terms.pk]
        return amounts.spend, amounts.reserved

    assert job.at_most_usd
    assert usage() == (NOTHING, job.at_most_usd)
    fields = {"delivery": Delivery.SENT, "batch_id": "1", "state": "SUCCEEDED", "ended_at": now()}
    Job.objects.update(**fields)
    assert usage() == (NOTHING, job.at_most_usd)
    _charge(job, Decimal("0.0123456789"))
    assert usage() == (Decimal("0.0123456789"), NOTHING)
    _charge(job, Decimal(5), attempt=2, days_ago=40)
    assert usage() == (Decimal("0.0123456789"), NOTHING)
    other = replace(terms, tag_value="Fraud")
    assert budget_usage(member.team, [other], today)[terms.pk].spend == NOTHING


def _charge(job: Job, usd: Decimal, attempt: int = 1, days_ago: int = 0) -> None:
    Job.objects.update(charged_at=now())
    line = CostLine.objects.create(
        job=job,
        attempt=attempt,
        day=budget_day(job.team) - timedelta(days=days_ago),
        team=job.team,
        account=job.account,
        queue=job.queue,
        definition=job.definition,
        person=job.person,
        succeeded=True,
        billed_seconds=1,
        usd=usd,
    )
    add_costs([line])


def test_what_another_team_spends_doesnt_count(member):
    _charge(make.job(), Decimal(5))
    today = budget_day(member.team)

    assert spent_units(member.team, None, today, today) == 0


def test_a_budget_of_a_tag_stops_only_jobs_with_that_tag(member):
    budget(member, Decimal("0.01"), tag_key="Project", tag_value="GenAI")

    assert refusals(member) == ["policy.budget-reached"]
    assert refusals(member, tags={"Project": "Fraud"}) == []


def test_an_inactive_budget_and_that_of_another_team_stop_nothing(member):
    budget(member, Decimal("0.01"), active=False)
    budget(make.member(make.team("other")), Decimal("0.01"))

    assert refusals(member) == []


def test_above_the_threshold_a_lead_approves_and_above_the_stop_none_can(member):
    terms = budget(member, 1000, approve_percent=1, stop_percent=None)
    Budget.objects.update(usd=price(member).quantize(Decimal("0.01")))
    approval = Approval.objects.get(submission=submit(member))
    lead = make.member(member.team, role="lead")

    assert [reason["rule"] for reason in approval.reasons] == ["approval.budget"]
    Budget.objects.filter(pk=terms.pk).update(stop_percent=2)
    with pytest.raises(actions.ValidationFailedError, match="stops submissions above"):
        actions.approve(approval, lead, approval.version)
    Budget.objects.update(stop_percent=None)
    actions.approve(approval, lead, approval.version)
    assert Job.objects.get().delivery == Delivery.ACCEPTED


def test_the_teams_default_time_limit_makes_the_maximum_known(member):
    budget(member, 1000)

    assert refusals(member, timeout={}) == ["policy.budget-unknown"]
    member.team.default_time_limit_seconds = 3600
    member.team.save()
    assert refusals(member, timeout={}) == []


def test_a_warning_refuses_nothing(member):
    budget(member, price(member).quantize(Decimal("0.01")) + 1, warn_percent=1, stop_percent=None)
    result = actions.validate(json.dumps(JOB), member)

    assert result.is_valid
    assert [problem.rule for problem in result.warnings] == ["policy.budget-warning"]
