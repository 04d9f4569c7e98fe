"""Spend and reservations of teams and of tag values, against their budgets."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, F, FloatField, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Cast, Round
from django.utils.timezone import now

from jobs.models import Budget, BudgetTerms, BudgetUsage, CostLine, Job, JobTag, Team
from jobs.models.cost_total import ALL, TAG, CostBacklog, CostTagKey, Part, day_units, units_by_day, units_by_month
from jobs.models.job import JobQuerySet
from jobs.pricing import exact_sum
from jobs.pricing.forecast import BASIS_DAYS, Forecast, forecast
from jobs.states import Delivery

Tag = tuple[str, str]
"""Key and value."""

_BOUND_UNITS = 10**4
"""Bounds have four decimals. As floats, which are exact here, thousands of absurd ones don't overflow."""


def budget_day(team: Team) -> date:
    """Return the day of now by which the team's costs are counted."""
    return team.day_of(now())


def spent_units(team: Team, tag: Tag | None, first_day: date, last_day: date) -> int:
    """Return the cost of attempts that ended on these days, in ten-billionths of a dollar."""
    months = first_day.replace(day=1), last_day
    is_incomplete = CostBacklog.objects.filter(team=team, month__range=months).exists()
    if not is_incomplete and not (tag and CostTagKey.objects.filter(team=team, key=tag[0], is_summed=False).exists()):
        return day_units(team.pk, _part(tag), first_day, last_day)
    lines = CostLine.objects.filter(team=team, day__range=(first_day, last_day))
    if tag:
        lines = lines.filter(Exists(_tags(tag, "job")))
    units: int = lines.aggregate(units=exact_sum.units_of("usd"))["units"]
    return units


def exceeded_budgets(teams: Iterable[Team]) -> Mapping[int, int]:
    """Return by team the number of budgets whose amount is spent, as the totals say it, with two queries for all."""
    teams_by_key = {team.pk: team for team in teams}
    budgets = [
        (budget.team_id, budget.terms, budget.terms.days(budget_day(teams_by_key[budget.team_id])))
        for budget in Budget.objects.filter(team__in=list(teams_by_key), active=True)
    ]
    if not budgets:
        return {}
    first, last = min(days[0] for *_, days in budgets), max(days[1] for *_, days in budgets)
    units = units_by_month({(team, _part(terms.tag)) for team, terms, _ in budgets}, first, last)
    exceeded: Counter[int] = Counter()
    for team, terms, days in budgets:
        months = units.get((team, _part(terms.tag)), {})
        spend = exact_sum.usd(sum(amount for month, amount in months.items() if days[0] <= month <= days[1]))
        exceeded[team] += spend > terms.usd
    return exceeded


def budget_usage(team: Team, budgets: Iterable[BudgetTerms], today: date) -> Mapping[int, BudgetUsage]:
    """Return by key a usage that stays valid only under the lock of the team's row.

    Read what is reserved first: a job that is charged in between counts twice for a moment, and never not at all.
    """
    budgets = tuple(budgets)
    reserved = {tag: _reserved(team, tag) for tag in dict.fromkeys(budget.tag for budget in budgets)}
    periods = dict.fromkeys((budget.tag, budget.days(today)) for budget in budgets)
    spend = {(tag, days): exact_sum.usd(spent_units(team, tag, *days)) for tag, days in periods}
    return {
        budget.pk: BudgetUsage(spend[budget.tag, budget.days(today)], *reserved[budget.tag]) for budget in budgets
    }


def budget_forecasts(
    team: Team, budgets: Iterable[BudgetTerms], amounts: Mapping[int, Decimal], local_time: datetime
) -> Mapping[int, Forecast | None]:
    """Return by key what will be spent at the end of the period, with one query for all.

    `amounts` are by key what the period has cost so far, with that of running jobs.
    """
    budgets, today = tuple(budgets), local_time.date()
    parts = {_part(budget.tag) for budget in budgets}
    days = units_by_day(team.pk, parts, today - timedelta(days=BASIS_DAYS), today - timedelta(days=1))
    return {
        budget.pk: forecast(
            days[_part(budget.tag)], exact_sum.units(amounts[budget.pk]), local_time, budget.days(today)[1]
        )
        for budget in budgets
    }


def _part(tag: Tag | None) -> Part:
    return Part(TAG, *tag) if tag else ALL


def _reserved(team: Team, tag: Tag | None) -> tuple[Decimal, int]:
    """Return the maximum of the jobs that have no cost yet, and how many have no maximum."""
    active = _bounds(Job.objects.filter(team=team).counting_against_quota(), tag)
    uncharged = Job.objects.filter(team=team, ended_at__isnull=False, charged_at=None, delivery=Delivery.SENT)
    ended = _bounds(uncharged.filter(outside=False), tag)
    return active[0] + ended[0], active[1] + ended[1]


def _bounds(jobs: JobQuerySet, tag: Tag | None) -> tuple[Decimal, int]:
    if tag:
        jobs = jobs.filter(Exists(_tags(tag, "pk")))
    units = Cast(Round(F("at_most_usd") * _BOUND_UNITS), FloatField())
    row = jobs.order_by().aggregate(units=Sum(units), unknown=Count("pk", filter=Q(at_most_usd=None)))
    return Decimal(int(row["units"] or 0)) / _BOUND_UNITS, row["unknown"]


def _tags(tag: Tag, job: str) -> QuerySet[JobTag]:
    key, value = tag
    return JobTag.objects.filter(job=OuterRef(job), key=key, value=value)
