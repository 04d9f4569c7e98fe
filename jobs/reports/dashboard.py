"""The start pages."""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Count, Model, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils.timezone import now

from jobs.models import Approval, CostLine, Job, Submission, Team, User
from jobs.models.array_reruns import rerun_families
from jobs.models.job import JobQuerySet
from jobs.models.job_count import count_by_status
from jobs.pricing import exact_sum
from jobs.states import ACTIVE_STATES, Delivery, State

RowT = TypeVar("RowT", bound=Model)

MAX_CARDS = 60
MAX_ROWS = 8
RECENT_PERIOD = timedelta(days=7)
MAX_FAILURES_SCANNED = 300
LONG_WAIT = timedelta(hours=1)
FAILURES = ((Delivery.SENT, State.FAILED), (Delivery.SENT, State.LOST), (Delivery.REFUSED, ""))


@dataclass(frozen=True)
class TeamCard:
    team: Team
    active_jobs: int
    last_at: datetime | None


@dataclass(frozen=True)
class FailureGroup:
    definition: str
    cause: str
    count: int
    last: Job
    """With what the page shows of it."""


class Failure(NamedTuple):
    """What is read of a job that failed: there are hundreds, and an instance of a job takes ten times as long."""

    pk: int
    public_id: UUID
    name: str
    submission: int
    definition: str
    delivery: str
    state: str
    delivery_note: str
    status_reason: str
    container_reason: str
    exit_code: int | None
    ended_at: datetime | None
    superseded: bool
    array_size: int | None
    array_index: int | None

    @property
    def job(self) -> Job:
        columns = ("pk", "public_id", "name", "delivery", "state", "ended_at")
        return Job(**{name: getattr(self, name) for name in columns})


_FAILURE_COLUMNS = ["definition__name" if name == "definition" else name for name in Failure._fields]


@dataclass(frozen=True)
class JobCounts:
    active: int
    held: int
    lost: int


@dataclass(frozen=True)
class ActionItems:
    """At most `MAX_ROWS` of each kind, and how many there are. Failures are grouped from the newest ones only."""

    failures: list[FailureGroup]
    failure_group_count: int
    is_every_failure_grouped: bool
    waiting: list[Job]
    waiting_count: int
    held: int
    lost: int
    approvals: list[Approval]
    approval_count: int

    @property
    def is_empty(self) -> bool:
        return not (self.approvals or self.failures or self.waiting or self.held or self.lost)


@dataclass(frozen=True)
class Spending:
    month: Decimal
    before: Decimal
    top_definitions: list[tuple[str, Decimal]]


def team_cards(visible_teams: QuerySet[Team]) -> list[TeamCard]:
    latest = Submission.objects.filter(team=OuterRef("pk")).order_by("-pk").values("created_at")[:1]
    teams = list(visible_teams.annotate(last_at=Subquery(latest))[:MAX_CARDS])
    active_counts = Job.objects.active().filter(team__in=teams).order_by().values_list("team").annotate(Count("pk"))
    active = dict(active_counts) if len(teams) > 1 else {}
    return [TeamCard(team, active.get(team.pk, 0), team.last_at) for team in teams]


def active_jobs(team: Team, user: User | None = None) -> list[Job]:
    return list(_jobs_of(team, user).filter(ended_at=None).order_by("-pk")[:MAX_ROWS])


def recently_ended_jobs(team: Team, user: User | None = None) -> list[Job]:
    return list(_jobs_of(team, user).filter(ended_at__isnull=False).order_by("-pk")[:MAX_ROWS])


def job_counts(team: Team) -> JobCounts:
    numbers = count_by_status(team)
    lost_jobs = Job.objects.filter(team=team, delivery=Delivery.SENT, state=State.LOST)
    return JobCounts(
        active=sum(numbers[Delivery.SENT, state] for state in ACTIVE_STATES),
        held=sum(number for (delivery, _), number in numbers.items() if delivery == Delivery.HELD),
        lost=lost_jobs.filter(ended_at__gte=now() - RECENT_PERIOD).count(),
    )


def action_items(team: Team, totals: JobCounts, user: User) -> ActionItems:
    approvals = Approval.objects.decidable_by(user).filter(team=team).select_related("requester", "submission")
    approvals = approvals.defer("submission__text", "submission__document", "submission__notes")
    runnable = Job.objects.filter(team=team).active().filter(state=State.RUNNABLE)
    long_waiting = (
        runnable.filter(submitted_at__lt=now() - LONG_WAIT).select_related("queue").order_by("submitted_at")
    )
    groups, failure_count = _failure_groups(team)
    waiting_rows, waiting_count = _first_rows(long_waiting)
    approval_rows, approval_count = _first_rows(approvals.order_by("pk"))
    return ActionItems(
        failures=groups[:MAX_ROWS],
        failure_group_count=len(groups),
        is_every_failure_grouped=failure_count < MAX_FAILURES_SCANNED,
        waiting=waiting_rows,
        waiting_count=waiting_count,
        held=totals.held,
        lost=totals.lost,
        approvals=approval_rows,
        approval_count=approval_count,
    )


def _first_rows(rows: QuerySet[RowT]) -> tuple[list[RowT], int]:
    """Return the first rows and how many there are; count only what is more than fits."""
    first = list(rows[: MAX_ROWS + 1])
    return first[:MAX_ROWS], rows.count() if len(first) > MAX_ROWS else len(first)


def spending(team: Team) -> Spending:
    today = now().date()
    first = today.replace(day=1)
    first_before = (first - timedelta(days=1)).replace(day=1)
    same_day_before = min(first - timedelta(days=1), first_before + (today - first))
    lines = CostLine.objects.filter(team=team, day__gte=first_before).order_by()
    totals = lines.aggregate(
        month=Sum("usd", filter=Q(day__gte=first)), before=Sum("usd", filter=Q(day__lte=same_day_before))
    )
    top_definitions = (
        lines.filter(day__gte=first).values_list("definition__name").annotate(usd=Sum("usd")).order_by("-usd")
    )
    return Spending(totals["month"] or Decimal(0), totals["before"] or Decimal(0), list(top_definitions[:5]))


def _jobs_of(team: Team, user: User | None) -> JobQuerySet:
    jobs = Job.objects.filter(team=team).select_related(
        "queue", "submission", "person", "account", "revision__definition"
    )
    jobs = jobs.defer("raw", "document", "revision__document", "submission__text", "submission__document")
    lines = CostLine.objects.filter(job=OuterRef("pk")).order_by().values("job")
    jobs = jobs.annotate(cost_units=Subquery(lines.annotate(units=exact_sum.units_of("usd")).values("units")))
    return jobs.filter(person=user) if user else jobs


def _failure_groups(team: Team) -> tuple[list[FailureGroup], int]:
    """Return the groups, largest first, and the number of failures in them."""
    newest = heapq.merge(*(_newest_failures(team, *status) for status in FAILURES), key=lambda failure: -failure.pk)
    failures = list(islice(newest, MAX_FAILURES_SCANNED))
    obsolete = _obsolete_failures(failures)
    groups: dict[tuple[str, str], list[Failure]] = defaultdict(list)
    for failure in failures:
        if failure.pk not in obsolete:
            groups[failure.definition, failure_cause(failure)].append(failure)
    by_size = [FailureGroup(name, cause, len(rows), rows[0].job) for (name, cause), rows in groups.items()]
    return sorted(by_size, key=lambda group: (-group.count, -group.last.pk)), len(failures)


def _newest_failures(team: Team, delivery: Delivery, state: str) -> list[Failure]:
    """Each status is a range of an index, from which the newest are read."""
    jobs = (
        Job.objects.filter(team=team, delivery=delivery, state=state).order_by("-pk").values_list(*_FAILURE_COLUMNS)
    )
    since = now() - RECENT_PERIOD
    newest = [Failure._make(values) for values in jobs[:MAX_FAILURES_SCANNED]]
    return [row for row in newest if not row.superseded and row.ended_at and row.ended_at >= since]


def _obsolete_failures(failures: Iterable[Failure]) -> set[int]:
    """Return the keys of arrays all whose indexes have succeeded in the end, with their reruns."""
    submissions = {row.submission for row in failures if row.array_size or row.array_index is not None}
    families = rerun_families(submissions) if submissions else {}
    return {job.pk for family in families.values() for job in family.obsolete_failures}


def failure_cause(failure: Failure) -> str:
    if failure.delivery == Delivery.REFUSED:
        return failure.delivery_note.split(", RequestId")[0].split(" (request ")[0][:160]
    reason = failure.container_reason or failure.status_reason
    exit_text = f"exit code {failure.exit_code}" if failure.exit_code is not None else ""
    return ", ".join(part for part in (exit_text, reason.split(", RequestId")[0][:120]) if part) or "no reason given"
