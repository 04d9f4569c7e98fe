"""Costs of Cost Explorer beside estimates, on pages, in files and in the API."""

import csv
import html
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import Account, AccountStatus, CostExplorerCost, CostExplorerMonth, CostExplorerRequests
from jobs.reports.costs import explorer_spending
from tests import make
from tests.reports import past

pytestmark = pytest.mark.django_db


def read(account, key, costs, *, through=3, is_by_team=True):
    """Store a reading of November: dollars by day, team and value."""
    month = CostExplorerMonth.objects.create(
        account=account,
        key=key,
        month=date(2026, 11, 1),
        read_at=now() - timedelta(hours=3),
        data_through=date(2026, 11, through),
        is_by_team=is_by_team,
    )
    for (day, team, value), usd in costs.items():
        units = int(Decimal(usd) * 10**10)
        CostExplorerCost.objects.create(
            reading=month, day=date(2026, 11, day), team=team, value=value, usd_units=units
        )


@pytest.fixture
def explored(research, signed_in):
    """A team with costs of two projects, another team with the same, and resources of none. An hour costs $0.05."""
    past.rates()
    past.job(research.submission, "2026-11-02", 2, tags={"Project": "ALPHA"})
    past.job(research.submission, "2026-11-02", 1, tags={"Project": "BETA"})
    past.job(research.submission, "2026-11-02", 1)
    past.job(research.submission, "2026-11-20", 50, tags={"Project": "ALPHA"})  # after the last day that was read
    team, secret = research.team, make.team("secret")
    past.job(make.submission(make.member(secret), research.account), "2026-11-02", 1, tags={"Project": "HIDDEN"})
    Account.objects.filter(pk=research.account.pk).update(cost_explorer_requests=10)
    status = AccountStatus.objects.filter(pk=research.account.pk)
    status.update(cost_explorer_read_at=now(), cost_explorer_keys=["Project", "portal:team"])
    costs = {
        (2, team, "ALPHA"): "0.12",
        (3, team, "ALPHA"): "0.03",
        (2, team, ""): "0.01",
        (2, secret, "ALPHA"): "40",
        (2, secret, "HIDDEN"): "50",
        (2, None, "ALPHA"): "7",
        (2, None, "OUTSIDE"): "8",
    }
    read(research.account, "Project", costs)
    CostExplorerRequests.objects.create(account=research.account, day=now().date(), number=3)
    return research


def page(browser, team="research", **query):
    url = reverse("actual_costs", args=[team]) if team else reverse("actual_costs_of_all")
    return browser.get(url, {"month": "2026-11", "by": "tag:Project", **query})


def rows_of(response):
    return [(row.label, row.estimate, row.usd) for row in response.context["explorer"].rows]


def test_a_team_sees_its_own_costs_by_tag_beside_the_estimate_of_the_same_days(explored, signed_in):
    response = page(signed_in(explored.analyst.user))
    assert rows_of(response) == [
        ("ALPHA", Decimal("0.1"), Decimal("0.15")),
        ("BETA", Decimal("0.05"), Decimal(0)),
        ("Untagged", Decimal("0.05"), Decimal("0.01")),
    ]
    text = html.unescape(response.content.decode())
    assert "data up to Nov 3, 2026, read 3\xa0hours ago" in text
    assert "+50 %" in text
    for hidden in ("HIDDEN", "OUTSIDE", "$40", "$50", "$7.", "$8.", "Its requests cost"):
        assert hidden not in text


def test_who_sees_all_teams_sees_what_bears_no_teams_tag_and_what_the_requests_cost(explored, signed_in):
    response = page(signed_in(explored.admin), team="")
    assert rows_of(response) == [
        ("HIDDEN", Decimal("0.05"), Decimal(50)),
        ("ALPHA", Decimal("0.1"), Decimal("47.15")),
        ("OUTSIDE", Decimal(0), Decimal(8)),
        ("BETA", Decimal("0.05"), Decimal(0)),
        ("Untagged", Decimal("0.05"), Decimal("0.01")),
    ]
    assert 'title="AWS: $0.03"' in response.content.decode()


def test_a_member_of_several_teams_sees_those_only(explored, signed_in):
    make.member(make.team("second"), who=explored.analyst.user)
    text = page(signed_in(explored.analyst.user), team="").content.decode()
    assert "BETA" in text
    for hidden in ("HIDDEN", "OUTSIDE", "Its requests cost"):
        assert hidden not in text


def test_a_tag_that_is_not_activated_says_how_to(explored, signed_in):
    AccountStatus.objects.update(cost_explorer_keys=["portal:team"])
    CostExplorerMonth.objects.all().delete()
    text = html.unescape(page(signed_in(explored.analyst.user)).content.decode())
    assert f"Not activated as cost allocation tag in {explored.account.name}: Project." in text
    assert "Billing and Cost Management > Cost allocation tags. That takes up to 24 hours" in text
    assert "Without portal:team" not in text


def test_a_tag_of_other_teams_looks_like_one_that_does_not_exist(explored, signed_in):
    read(explored.account, "Hidden", {(2, make.team("third"), "X"): "1"})
    AccountStatus.objects.update(cost_explorer_keys=["Project", "Hidden", "portal:team"])
    browser = signed_in(explored.analyst.user)
    for key in ("Hidden", "Absent"):
        text = page(browser, by=f"tag:{key}").content.decode()
        assert f"No data by {key} of November 2026 yet" in text
        assert "Not activated" not in text


def test_without_the_teams_tag_no_team_is_shown_the_costs_of_others(explored, signed_in):
    CostExplorerMonth.objects.all().delete()
    costs = {(2, None, "ALPHA"): "47", (2, None, "HIDDEN"): "50", (2, None, "OUTSIDE"): "8"}
    read(explored.account, "Project", costs, is_by_team=False)
    AccountStatus.objects.update(cost_explorer_keys=["Project"])
    response = page(signed_in(explored.analyst.user))
    assert response.context["explorer"].rows == []
    assert "Without portal:team, costs of teams can't be told apart." in html.unescape(response.content.decode())
    assert [label for label, *_ in rows_of(page(signed_in(explored.admin), team=""))] == [
        "HIDDEN",
        "ALPHA",
        "OUTSIDE",
        "BETA",
    ]


def test_why_it_was_not_read_is_shown_to_administrators(explored, signed_in):
    AccountStatus.objects.update(cost_explorer_error="User is not authorized to perform: ce:GetTags")
    assert "not authorized" in page(signed_in(explored.admin), team="").content.decode()
    assert "not authorized" not in page(signed_in(explored.analyst.user)).content.decode()


def test_by_anything_but_a_tag_the_page_says_to_choose_one(explored, signed_in):
    response = page(signed_in(explored.analyst.user), by="queue")
    assert "Choose a tag above" in response.content.decode()
    assert 'aria-label="Group by"' in response.content.decode()


def test_a_portal_without_cost_explorer_shows_nothing_of_it(explored, signed_in):
    CostExplorerMonth.objects.all().delete()
    Account.objects.update(cost_explorer_requests=0)
    text = page(signed_in(explored.analyst.user)).content.decode()
    assert "Cost Explorer" not in text
    assert "No actual costs for November 2026" in text


def test_the_table_opened_again_is_the_page_to_the_last_digit(explored, signed_in):
    query = {"month": "2026-11", "by": "tag:Project", "source": "cost-explorer"}
    browser = signed_in(explored.analyst.user)
    response = browser.get(reverse("actual_costs_csv", args=["research"]), query)
    text = b"".join(response.streaming_content).decode()
    assert [tuple(row.values()) for row in csv.DictReader(StringIO(text, newline=""))] == [
        ("value", "ALPHA", "0.1000000000", "0.1500000000", "0.0500000000"),
        ("value", "BETA", "0.0500000000", "0.0000000000", "-0.0500000000"),
        ("untagged", "Untagged", "0.0500000000", "0.0100000000", "-0.0400000000"),
        ("total", "Total", "0.2000000000", "0.1600000000", "-0.0400000000"),
    ]
    CostExplorerMonth.objects.all().delete()
    Account.objects.update(cost_explorer_requests=0)
    assert browser.get(reverse("actual_costs_csv", args=["research"]), query).status_code == 404


def test_accounts_without_data_are_named_and_the_days_are_those_of_all(explored, signed_in):
    other, unread = (make.account(name=name, number=str(number) * 12) for number, name in enumerate(("Other", "New")))
    for account in (other, unread):
        past.job(make.submission(explored.analyst, account), "2026-11-01", 1, tags={"Project": "ALPHA"})
    read(other, "Project", {(1, explored.team, "ALPHA"): "1", (2, explored.team, "ALPHA"): "2"}, through=1)
    response = page(signed_in(explored.analyst.user))
    assert rows_of(response) == [("ALPHA", Decimal("0.1"), Decimal(1)), ("Untagged", Decimal(0), Decimal(0))]
    assert "New has no data of Cost Explorer here" in response.content.decode()


def test_the_admin_says_what_the_requests_of_an_account_cost(explored):
    account = Account.objects.get(pk=explored.account.pk)
    CostExplorerRequests.objects.create(account=account, day=date(2026, 1, 1), number=50)
    assert explorer_spending(account).startswith("3 of 10 requests today, $0.03")
    assert explorer_spending(make.account(region="eu-west-1")) == ""


def test_the_page_takes_as_many_queries_for_many_rows(explored, signed_in, django_assert_max_num_queries):
    browser = signed_in(explored.analyst.user)
    page(browser)
    with django_assert_max_num_queries(24):
        page(browser)
    for number in range(20):
        reading = CostExplorerMonth.objects.get(account=explored.account)
        CostExplorerCost.objects.create(
            reading=reading, day=date(2026, 11, 2), team=explored.team, value=f"P{number}", usd_units=1
        )
    with django_assert_max_num_queries(24):
        assert len(rows_of(page(browser))) == 23
