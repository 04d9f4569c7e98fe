"""The start pages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.timezone import now

from jobs import access
from jobs.models import Approval, Job, Submission, Team, User
from jobs.models.job import JobQuerySet
from jobs.pricing import exact_sum
from jobs.pricing.forecast import Forecast
from jobs.pricing.run_statistics import RunStatistics
from jobs.pricing.spend import exceeded_budgets
from jobs.pricing.usual_run import UsualRun
from jobs.reports import catalog
from jobs.reports.attention import MAX_ROWS
from jobs.reports.catalog import DefinitionCard
from jobs.reports.costs import CostReader, Grouping, period_forecast
from jobs.reports.costs.running import RunningCosts, running_costs
from jobs.reports.months import Month
from jobs.reports.periods import Period
from jobs.reports.usual_runs import run_progress
from jobs.states import Delivery, State

MAX_CARDS = 60
MAX_DEFINITIONS = 6
MAX_JOBS_SCANNED = 200
"""A person's newest jobs, among which their definitions are looked for."""
FAILURE_PERIOD = timedelta(days=1)
FAILED = Q(state__in=(State.FAILED, State.LOST)) | Q(delivery=Delivery.REFUSED)
MAX_TOP_DEFINITIONS = 5
# What a row shows, what marks it as seen, and what tells newcomers.
_JOB_COLUMNS = (
    *("public_id", "name", "delivery", "state", "array_size", "array_summary", "log_stream", "usd_units"),
    *("accepted_at", "started_at", "stopped_at", "ended_at", "viewed_at", "account", "definition"),
    *("submission__request_key", "submission__job_count", "team__slug", "team__name", "queue__name"),
    *("revision__number", "revision__definition__name"),
    *("person__username", "person__first_name", "person__last_name"),
)


@dataclass(frozen=True)
class TeamCard:
    team: Team
    active_jobs: int
    failed_jobs: int
    """That ended within `FAILURE_PERIOD`."""
    approvals: int
    """Requests that the person can decide."""
    exceeded_budgets: int
    last_at: datetime | None

    @property
    def etag_fields(self) -> tuple[object, ...]:
        return self.team.pk, self.active_jobs, self.failed_jobs, self.approvals, self.exceeded_budgets, self.last_at


@dataclass(frozen=True)
class HomeJob:
    job: Job
    progress: UsualRun | None = None

    @property
    def etag_fields(self) -> tuple[object, ...]:
        """What a page shows of it, without what changes with time alone."""
        job = self.job
        return (
            job.pk,
            job.status.name,
            job.started_at,
            job.stopped_at,
            job.log_stream,
            job.array_summary,
            job.usd_units,
        )

    @property
    def ended_children(self) -> int:
        return sum(int(self.job.array_summary.get(state) or 0) for state in (State.SUCCEEDED, State.FAILED))


@dataclass(frozen=True)
class Spending:
    month: Decimal
    running: RunningCosts
    """Included in `month`."""
    before: Decimal
    """Of the previous month, up to the same day."""
    forecast: Forecast | None
    """At the end of the month; None while too few days tell it."""
    top_definitions: list[tuple[str, Decimal]]

    @property
    def change(self) -> Decimal | None:
        return (self.month - self.before) / self.before * 100 if self.before else None


def only_team(user: User) -> Team | None:
    """Return the team of a person who sees no other."""
    teams = list(access.visible_teams(user)[:2])
    return teams[0] if len(teams) == 1 else None


def team_cards(user: User) -> list[TeamCard]:
    """Return the teams that the person may see, those with active jobs first."""
    active = dict(Job.objects.active().order_by().values_list("team").annotate(Count("pk")))
    latest = Submission.objects.filter(team=OuterRef("pk")).order_by("-pk").values("created_at")[:1]
    is_idle = Case(When(pk__in=list(active), then=Value(0)), default=Value(1))
    visible = access.visible_teams(user).order_by(is_idle, "name")
    teams = list(visible.annotate(last_at=Subquery(latest))[:MAX_CARDS])
    ended = Job.objects.current().filter(team__in=teams, ended_at__gte=now() - FAILURE_PERIOD)
    failures = _count_by_team(ended.filter(FAILED))
    approvals = _count_by_team(Approval.objects.decidable_by(user).filter(team__in=teams))
    budgets = exceeded_budgets(teams)
    return [
        TeamCard(
            team,
            active.get(team.pk, 0),
            failures.get(team.pk, 0),
            approvals.get(team.pk, 0),
            budgets.get(team.pk, 0),
            team.last_at,
        )
        for team in teams
    ]


def _count_by_team(rows: QuerySet[Job] | QuerySet[Approval]) -> Mapping[int, int]:
    return dict(rows.order_by().values_list("team").annotate(Count("pk")))


def active_jobs(team: Team, user: User | None = None) -> list[HomeJob]:
    """Return the newest, without their progress."""
    return _home_jobs(_jobs_of(team, user).filter(ended_at=None))


def recently_ended_jobs(team: Team, user: User | None = None) -> list[HomeJob]:
    return _home_jobs(_jobs_of(team, user).filter(ended_at__isnull=False))


def own_active_jobs(user: User) -> list[HomeJob]:
    """Return the person's jobs in all their teams, without their progress."""
    teams = access.members_of(user)
    return _home_jobs(Job.objects.filter(team__in=[member.team for member in teams], person=user, ended_at=None))


def with_progress(lines: Iterable[HomeJob], usual: RunStatistics) -> list[HomeJob]:
    return [replace(line, progress=run_progress(line.job, usual.runs.get(line.job.definition_id))) for line in lines]


def used_definitions(team: Team, user: User) -> list[DefinitionCard]:
    """Return the definitions that the person used last and can still run."""
    newest = Job.objects.filter(person=user, team=team).order_by("-pk").values_list("definition", flat=True)
    keys = list(dict.fromkeys(newest[:MAX_JOBS_SCANNED]))
    return catalog.cards_in_order(team, keys[:MAX_DEFINITIONS]) if keys else []


def spending(team: Team) -> Spending:
    """Return sums of this month with running jobs so far, and of the one before up to the same day."""
    local_time = team.local_time(now())
    today = local_time.date()
    month = Month.of_day(today)
    period = Period.of_month(month)
    reader = CostReader([team.pk])
    by = Grouping("definition")
    sums = reader.by_value(period, by)
    running = running_costs(reader.teams)
    total = sum((amounts.units for amounts in sums.values()), 0)
    first, last = month.previous.first, month.previous.last
    before = reader.total(Period.of_days(first, min(last, first + (today - month.first))))
    top = sorted(sums.items(), key=lambda item: -item[1].units)[:MAX_TOP_DEFINITIONS]
    names = by.names([value for value, _ in top])
    units = total + running.units
    return Spending(
        month=exact_sum.usd(units),
        running=running,
        before=exact_sum.usd(before.units),
        forecast=period_forecast(reader, period, units, local_time),
        top_definitions=[(names[value], exact_sum.usd(amounts.units)) for value, amounts in top],
    )


def _jobs_of(team: Team, user: User | None) -> JobQuerySet:
    jobs = Job.objects.filter(team=team)
    return jobs.filter(person=user) if user else jobs


def _home_jobs(jobs: JobQuerySet) -> list[HomeJob]:
    jobs = jobs.select_related("team", "queue", "submission", "person", "revision__definition").only(*_JOB_COLUMNS)
    return [HomeJob(job) for job in jobs.order_by("-pk")[:MAX_ROWS]]
