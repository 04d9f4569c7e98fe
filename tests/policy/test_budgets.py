"""Budgets as plain values."""

from datetime import date
from decimal import Decimal

import pytest

from jobs.models import BudgetTerms, BudgetUsage
from jobs.policy.budgets import (
    BudgetState,
    budget_approval_reasons,
    budget_violations,
    budget_warnings,
    build_charge,
    covering_budgets,
)
from tests.policy.samples import job

DAY = date(2026, 11, 30)
LIMITED = {"timeout": {"attemptDurationSeconds": 3600}}
GENAI = {**LIMITED, "tags": {"Project": "GenAI"}}
OTHER = {**LIMITED, "tags": {"Project": "Fraud"}}


def budget(usd=100, tag=("", ""), **fields):
    return BudgetTerms(1, tag[0], tag[1], "month", Decimal(usd), **fields)


def charge(terms, *amounts, spend=0, reserved=0, unknown=0, documents=None):
    requests = {f"step-{n}": job(document) for n, document in enumerate(documents or [LIMITED] * len(amounts))}
    usage = BudgetUsage(Decimal(spend), Decimal(reserved), unknown)
    usd = [None if amount is None else Decimal(amount) for amount in amounts]
    return build_charge(BudgetState("Research", terms, usage, DAY), requests, usd)


def rules(*charges):
    problems = [*budget_violations(charges), *budget_warnings(charges)]
    return [
        *((problem.rule, number, problem.pointer) for number, problem in problems),
        *(reason.rule for reason in budget_approval_reasons(charges)),
    ]


def test_what_is_spent_reserved_and_submitted_may_reach_the_budget_but_not_exceed_it():
    stop = budget(stop_percent=100)

    assert rules(charge(stop, "10", "5", spend=60, reserved=25)) == []
    assert rules(charge(stop, "10", "5.0001", spend=60, reserved=25)) == [("policy.budget-reached", 0, "")]


def test_each_threshold_counts_by_itself_and_a_warning_is_silent_where_submissions_stop():
    terms = budget(warn_percent=50, approve_percent=80, stop_percent=120)

    assert rules(charge(terms, 1, spend=49)) == []
    assert rules(charge(terms, 1, spend=50)) == [("policy.budget-warning", 0, "")]
    assert rules(charge(terms, 1, spend=80)) == [("policy.budget-warning", 0, ""), "approval.budget"]
    assert rules(charge(terms, 1, spend=120)) == [("policy.budget-reached", 0, ""), "approval.budget"]


def test_no_threshold_says_nothing_however_much_is_spent():
    assert rules(charge(budget(), 1, spend=1000), charge(budget(), None)) == []


def test_jobs_without_the_tag_dont_count():
    terms = budget(tag=("Project", "GenAI"), stop_percent=100)

    assert covering_budgets([terms], [job(OTHER), job(LIMITED)]) == []
    assert covering_budgets([terms], [job(OTHER), job(GENAI)]) == [terms]
    assert rules(charge(terms, 500, 100, documents=[OTHER, GENAI])) == []
    assert rules(charge(terms, 500, 101, documents=[OTHER, GENAI])) == [("policy.budget-reached", 1, "/tags/Project")]


def test_an_unknown_maximum_is_refused_where_a_budget_stops_and_says_what_to_do():
    unlimited = charge(budget(stop_percent=100), 1, None, documents=[LIMITED, {}])

    assert rules(unlimited) == [("policy.budget-unknown", 1, "/timeout")]
    [(_, problem)] = budget_violations([unlimited])
    assert problem.message.endswith("but the maximum cost is unknown: “step-1” has no time limit. Set a time limit.")
    [(_, unpriced)] = budget_violations([charge(budget(stop_percent=100), None)])
    assert "there is no rate for “step-0”" in unpriced.message
    assert rules(charge(budget(approve_percent=90), None)) == ["approval.budget-unknown"]


def test_the_message_names_scope_period_amounts_and_jobs_that_it_leaves_out():
    terms = budget(1200, ("Project", "GenAI"), stop_percent=90)
    [(_, problem)] = budget_violations(
        [charge(terms, "12.3401", spend=1000, reserved="75.5", unknown=2, documents=[GENAI])]
    )

    assert problem.message == (
        "Research's budget for Project = GenAI in November 2026 stops submissions above $1,080.00 "
        "(90 % of $1,200.00). $1,000.00 is spent and $75.50 reserved for active jobs, without 2 active jobs whose "
        "maximum is unknown; this submission can cost up to $12.35. Shorten the time limit, wait until active jobs "
        "end, or ask an administrator to raise the budget."
    )


@pytest.mark.parametrize(
    ("period", "day", "first", "last", "name"),
    [
        ("month", date(2024, 2, 29), date(2024, 2, 1), date(2024, 2, 29), "February 2024"),
        ("quarter", date(2026, 11, 30), date(2026, 10, 1), date(2026, 12, 31), "Q4 2026"),
        ("quarter", date(2026, 4, 1), date(2026, 4, 1), date(2026, 6, 30), "Q2 2026"),
    ],
)
def test_months_and_quarters_are_those_of_the_calendar(period, day, first, last, name):
    terms = BudgetTerms(1, "", "", period, Decimal(1))

    assert terms.days(day) == (first, last)
    assert terms.period_name(day) == name


def state(day=DAY, spend=0, reserved=0, forecast=None, **fields):
    usage = BudgetUsage(Decimal(spend), Decimal(reserved))
    return BudgetState("Research", budget(**fields), usage, day, forecast)


@pytest.mark.parametrize(
    ("spend", "reserved", "level"),
    [
        (79, 0, "Within budget"),
        (80, 0, "Nearly spent"),
        (3, 77, "Nearly used up"),
        (3, "76.99", "Within budget"),
        (80, 1, "Nearly spent"),
        (79, 11, "Needs approval"),
        (79, 21, "Submissions stop"),
        (100, 0, "Submissions stop"),
        ("100.01", 0, "Over budget"),
    ],
)
def test_the_level_of_a_budget_is_what_needs_attention_most(spend, reserved, level):
    terms = {"warn_percent": 80, "approve_percent": 90, "stop_percent": 100}

    assert state(spend=spend, reserved=reserved, **terms).level == level


def test_a_budget_is_ahead_of_pace_if_the_forecast_exceeds_it():
    tenth = state(date(2026, 11, 10), spend=40, forecast=Decimal("100.01"))

    assert round(tenth.elapsed_percent) == 33
    assert tenth.level == "Ahead of pace"
    assert state(spend=40, forecast=Decimal(100)).level == "Within budget"
    assert state(spend=40).level == "Within budget"
