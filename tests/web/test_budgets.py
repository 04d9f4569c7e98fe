"""Budgets on the pages of a team."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs import audit
from jobs.models import Budget, CostLine
from jobs.models.cost_total import add_costs
from jobs.reports.dashboard import team_cards
from jobs.reports.periods import PeriodKind
from jobs.spec.problems import Problem
from jobs.web.builder.preflight_result import check_for
from tests import make
from tests.reports import past

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> Any:
    return make.member(make.team("research", name="Research"), role="lead")


def page(member: Any, client: Client, name: str) -> str:
    client.force_login(member.user)
    return client.get(reverse(name, args=["research"])).content.decode()


def test_home_and_costs_show_what_each_budget_has_spent_and_reserved(lead: Any, client: Client) -> None:
    Budget.objects.create(team=lead.team, usd=100, stop_percent=100, tag_key="Project", tag_value="GenAI")
    Budget.objects.create(team=make.team("other"), usd=7777)
    for fields in ({"at_most_usd": 90}, {"state": "SUCCEEDED", "ended_at": now(), "charged_at": now()}):
        job = make.job(make.submission(lead), **fields)
        job.tag_rows.create(team=lead.team, key="Project", value="GenAI")
    line = CostLine.objects.create(
        job=job,
        attempt=1,
        day=now().date(),
        team=lead.team,
        account=job.account,
        queue=job.queue,
        definition=job.definition,
        person=job.person,
        succeeded=True,
        billed_seconds=60,
        usd=Decimal("12.34"),
    )
    add_costs([line])

    for name in ("team_home", "costs"):
        html = page(lead, client, name)
        assert "Project = GenAI" in html
        assert "$12.34</span> spent (12 %)" in html
        assert "$90.00</span> reserved for active jobs (102 % together)" in html
        assert "Submissions stop" in html
        assert "7,777" not in html


@pytest.mark.postgres
def test_home_names_teams_that_are_over_a_budget(lead: Any, client: Client, time_machine: Any) -> None:
    time_machine.move_to("2026-11-20T12:00Z")
    past.rates()
    other = make.member(make.team("other"), who=lead.user)
    past.job(make.submission(lead), "2026-10-03", 100, tags={"Project": "GenAI"})
    past.job(make.submission(lead), "2026-11-03", 100, tags={"Project": "GenAI"})
    for fields in (
        {"team": lead.team, "usd": "4.99"},  # of $5
        {"team": lead.team, "usd": "9.99", "period": "quarter", "tag_key": "Project", "tag_value": "GenAI"},
        {"team": lead.team, "usd": 5, "tag_key": "Project", "tag_value": "GenAI"},
        {"team": lead.team, "usd": 1, "tag_key": "Project", "tag_value": "Other"},
        {"team": lead.team, "usd": 1, "period": "quarter", "active": False},
        {"team": other.team, "usd": 1},
    ):
        Budget.objects.create(**fields)

    cards = {card.team.slug: card.exceeded_budgets for card in team_cards(lead.user)}
    assert cards == {"research": 2, "other": 0}
    client.force_login(lead.user)
    html = client.get(reverse("home")).content.decode()
    assert "Over 2 budgets" in html
    assert "Over budget" not in html


def test_a_budget_leads_to_what_its_costs_are_of(lead: Any, client: Client) -> None:
    Budget.objects.create(team=lead.team, usd=100, period="quarter", tag_key="Cost Center", tag_value="CC-1")
    past.rates()
    past.job(make.submission(lead), str(now().date()), 1, tags={"Cost Center": "CC-1"})

    (url,) = re.findall(r'href="([^"]+#crossed-title)"', page(lead, client, "team_home"))
    costs = client.get(url.replace("&amp;", "&"))
    assert costs.context["period"].kind is PeriodKind.QUARTER
    ((row, cells),) = [item for item in costs.context["cross_rows"] if item[0].label == "CC-1"]
    assert row.usd == sum(usd for usd, _, _ in cells) == Decimal("0.05")
    assert 'id="crossed-title"' in costs.content.decode()


@pytest.mark.parametrize("rule", ["policy.budget-reached", "policy.budget-warning"])
def test_what_a_budget_says_is_a_limit_and_no_missing_tag(rule: str) -> None:
    assert check_for(Problem("/tags/Project", "…", rule=rule)) == "ceilings"
    assert check_for(Problem("/tags/Project", "…", rule="policy.tag-missing")) == "tags"


def test_costs_tell_those_who_may_audit_how_budgets_were_changed(lead: Any, client: Client) -> None:
    budget = Budget.objects.create(team=lead.team, usd=100)
    audit.record(
        "change", person=lead.user, team=lead.team, target=budget, before={"usd": "50.00"}, after={"usd": "99"}
    )
    analyst = make.member(lead.team)

    assert "usd 50.00 → 99" in page(lead, client, "costs")
    assert "Budget changes" not in page(analyst, client, "costs")
    assert "All jobs" in page(analyst, client, "costs")
