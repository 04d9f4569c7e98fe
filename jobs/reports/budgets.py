"""Budgets of a team with what they have spent and reserved, their pace, and how they were changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.timezone import now

from jobs.access import Member
from jobs.models import AuditEntry, Budget, BudgetTerms, Team
from jobs.policy.budgets import BudgetState
from jobs.pricing import exact_sum
from jobs.pricing.spend import budget_forecasts, budget_usage
from jobs.reports.audit import AuditRow, audit_rows
from jobs.reports.costs.running import RunningCosts, running_costs

MAX_CHANGES = 10


@dataclass(frozen=True)
class BudgetPanel:
    states: Sequence[BudgetState]
    """The active budgets, those of the whole team first."""
    changes: Sequence[AuditRow] = ()
    """The newest, for those who can view the audit log."""


def budget_panel(member: Member, *, with_changes: bool = False) -> BudgetPanel:
    """Return the panel, empty if the team has no budgets."""
    budgets = list(Budget.objects.filter(team=member.team))
    states = _states(member.team, [budget.terms for budget in budgets if budget.active])
    if not budgets or not with_changes or not member.can("audit"):
        return BudgetPanel(states)
    keys = [str(budget.pk) for budget in budgets]
    entries = AuditEntry.objects.filter(team=member.team, object_id__in=keys, noun="budget").select_related("team")
    return BudgetPanel(states, audit_rows(list(entries.order_by("-pk")[:MAX_CHANGES])))


def _states(team: Team, budgets: Sequence[BudgetTerms]) -> list[BudgetState]:
    if not budgets:
        return []
    local_time = team.local_time(now())
    usage = budget_usage(team, budgets, local_time.date())
    costs = running_costs([team.pk])
    running = {budget.pk: _running_usd(costs, budget) for budget in budgets}
    amounts = {budget.pk: usage[budget.pk].spend + running[budget.pk] for budget in budgets}
    forecasts = budget_forecasts(team, budgets, amounts, local_time)
    return [
        BudgetState(
            team.name,
            budget,
            usage[budget.pk],
            local_time.date(),
            forecast.usd if forecast else None,
            running[budget.pk],
        )
        for budget in budgets
        for forecast in [forecasts[budget.pk]]
    ]


def _running_usd(costs: RunningCosts, budget: BudgetTerms) -> Decimal:
    """Return the cost so far of running jobs that the budget covers."""
    jobs = (job for job in costs.jobs if budget.tag is None or job.tags.get(budget.tag_key) == budget.tag_value)
    return exact_sum.usd(sum(job.units for job in jobs))
