"""Budgets of the demo, in proportion to what its teams have spent: panel and warnings show on any day of a month."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal

from django.utils.timezone import now

from jobs.models import Budget, Team
from jobs.models.cost_total import ALL, TAG, Part, day_units
from jobs.pricing import exact_sum

DAYS = 30
STEP = Decimal(5)


@dataclass(frozen=True)
class DemoBudget:
    """`share` of the costs of the last DAYS, or an amount. Without a tag it is of the whole team."""

    share: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)
    tag: tuple[str, str] = ("", "")
    warn_percent: int | None = 80
    approve_percent: int | None = None
    stop_percent: int | None = None


# Only a project that no document of the demo has can need approval or stop: the others have to run.
BUDGETS = {
    "research": (
        DemoBudget(share=Decimal("1.2")),
        DemoBudget(share=Decimal("0.9"), tag=("Project", "GenAI"), warn_percent=50),
        DemoBudget(
            usd=Decimal(5), tag=("Project", "Prototype"), warn_percent=50, approve_percent=80, stop_percent=100
        ),
    ),
    "finance": (DemoBudget(share=Decimal(2)),),
}


def create_budgets(team: Team) -> None:
    """Add them to a team without budgets."""
    if Budget.objects.filter(team=team).exists():
        return
    for budget in BUDGETS.get(team.slug, ()):
        key, value = budget.tag
        Budget.objects.create(
            team=team,
            tag_key=key,
            tag_value=value,
            usd=budget.usd or _amount(team, budget),
            warn_percent=budget.warn_percent,
            approve_percent=budget.approve_percent,
            stop_percent=budget.stop_percent,
        )


def _amount(team: Team, budget: DemoBudget) -> Decimal:
    """Return a multiple of STEP."""
    key, value = budget.tag
    part = Part(TAG, key, value) if key else ALL
    today = team.day_of(now())
    spend = exact_sum.usd(day_units(team.pk, part, today - timedelta(days=DAYS - 1), today))
    return max(STEP, (spend * budget.share / STEP).to_integral_value(ROUND_CEILING) * STEP)
