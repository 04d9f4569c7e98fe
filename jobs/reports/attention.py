"""Finds what in a team needs its lead: requests, failures, and jobs that wait or run too long."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Count, Max, Model, QuerySet
from django.utils.timezone import now

from jobs.causes import Explanation
from jobs.models import Approval, Job, Team, User
from jobs.models.job_count import StatusKey, count_by_status
from jobs.pricing.run_statistics import DurationStats, RunStatistics, run_statistics
from jobs.pricing.usual_run import Pace, UsualRun, usual_run
from jobs.reports.causes import unstartable_jobs
from jobs.reports.failure_families import Families, families
from jobs.states import ACTIVE_STATES, Delivery, State

RowT = TypeVar("RowT", bound=Model)

MAX_ROWS = 8
RECENT_PERIOD = timedelta(days=7)
MAX_FAILURES_SCANNED = 1_000
MAX_JOBS_SCANNED = 300
"""Of those that wait, and of those that run, the oldest."""
LONG_WAIT = timedelta(hours=1)
"""Where no earlier job tells the usual wait of a queue."""
MIN_OVERDUE = timedelta(minutes=5)
"""Shorter waits and runs don't need attention, however short they usually are."""
_COLUMNS = (
    *("public_id", "name", "delivery", "state", "array_size", "submitted_at", "started_at", "stop_requested_at"),
    *("definition", "queue"),
)


@dataclass(frozen=True)
class JobCounts:
    by_status: tuple[tuple[StatusKey, int], ...]

    @property
    def running(self) -> int:
        return self._sum(Delivery.SENT, (State.STARTING, State.RUNNING))

    @property
    def active(self) -> int:
        return self._sum(Delivery.SENT, ACTIVE_STATES)

    @property
    def waiting(self) -> int:
        return self.active - self.running

    @property
    def held(self) -> int:
        return self._sum(Delivery.HELD, ("",))

    def _sum(self, delivery: Delivery, states: Iterable[str]) -> int:
        return sum(number for (key, state), number in self.by_status if key == delivery and state in states)


@dataclass(frozen=True)
class LiveJobs:
    """The oldest jobs of a team that wait for capacity, and that run."""

    waiting: Sequence[Job] = ()
    running: Sequence[Job] = ()

    def statistics(self, team: Team, others: Iterable[Job] = ()) -> RunStatistics:
        """Return what is usual for them, and for other jobs that run, in one query."""
        running = (*self.running, *(job for job in others if job.state == State.RUNNING))
        return run_statistics(
            team,
            {job.queue_id for job in self.waiting if not job.array_size},
            {job.definition_id for job in running if not job.array_size},
        )


@dataclass(frozen=True)
class OverdueJob:
    job: Job
    since: datetime
    progress: UsualRun | None
    """None if nothing is usual yet."""


@dataclass(frozen=True)
class ActionItems:
    """At most `MAX_ROWS` of each kind, and how many there are. Failures are grouped from the newest ones only."""

    failures: Families
    unstartable: list[tuple[Job, Explanation]]
    """Jobs that can't start without a change, with why."""
    unstartable_count: int
    waiting: list[OverdueJob]
    waiting_count: int
    running: list[OverdueJob]
    running_count: int
    held: int
    approvals: list[Approval]
    approval_count: int

    @property
    def is_empty(self) -> bool:
        lists = (self.approvals, self.failures.families, self.unstartable, self.waiting, self.running)
        return not (any(lists) or self.held)


def job_counts(team: Team) -> JobCounts:
    return JobCounts(tuple(sorted(count_by_status(team).items())))


def live_jobs(team: Team) -> LiveJobs:
    live = Job.objects.filter(team=team, ended_at=None).active().order_by("pk")
    waiting = live.filter(state=State.RUNNABLE).select_related("queue").only(*_COLUMNS, "queue__name")
    running = live.filter(state=State.RUNNING).only(*_COLUMNS)
    return LiveJobs(waiting=list(waiting[:MAX_JOBS_SCANNED]), running=list(running[:MAX_JOBS_SCANNED]))


def last_request(team: Team, user: User) -> tuple[int, int | None]:
    """Return how many requests the user can decide, and the key of the last one."""
    numbers = _decidable_approvals(team, user).aggregate(count=Count("pk"), last=Max("pk"))
    return numbers["count"], numbers["last"]


def _decidable_approvals(team: Team, user: User) -> QuerySet[Approval]:
    return Approval.objects.decidable_by(user).filter(team=team)


def action_items(team: Team, user: User, totals: JobCounts, live: LiveJobs, usual: RunStatistics) -> ActionItems:
    approvals = _decidable_approvals(team, user).select_related("requester", "submission")
    approvals = approvals.defer("submission__text", "submission__document", "submission__notes")
    unstartable = unstartable_jobs(job for job in live.waiting if not job.stop_requested_at)
    unstartable_keys = {job.pk for job, _ in unstartable}
    late_starts = (
        (job, job.submitted_at, usual.waits.get(job.queue_id))
        for job in live.waiting
        if not job.array_size and job.pk not in unstartable_keys
    )
    late_ends = (
        (job, job.started_at, usual.runs.get(job.definition_id)) for job in live.running if not job.array_size
    )
    waiting, running = _overdue(late_starts, LONG_WAIT), _overdue(late_ends, None)
    approval_rows, approval_count = _first_rows(approvals.order_by("pk"))
    return ActionItems(
        failures=families(team, now() - RECENT_PERIOD, MAX_ROWS, MAX_FAILURES_SCANNED),
        unstartable=unstartable[:MAX_ROWS],
        unstartable_count=len(unstartable),
        waiting=waiting[:MAX_ROWS],
        waiting_count=len(waiting),
        running=running[:MAX_ROWS],
        running_count=len(running),
        held=totals.held,
        approvals=approval_rows,
        approval_count=approval_count,
    )


def _first_rows(rows: QuerySet[RowT]) -> tuple[list[RowT], int]:
    """Return the first rows and how many there are; count only what is more than fits."""
    first = list(rows[: MAX_ROWS + 1])
    return first[:MAX_ROWS], rows.count() if len(first) > MAX_ROWS else len(first)


def _overdue(
    times: Iterable[tuple[Job, datetime | None, DurationStats | None]], longest: timedelta | None
) -> list[OverdueJob]:
    """Return the longest first. Where nothing is usual yet, only what exceeds `longest` counts."""
    overdue = []
    for job, since, stats in times:
        if since is None or now() - since < MIN_OVERDUE:
            continue
        progress = usual_run((now() - since).total_seconds(), stats)
        if progress.pace is Pace.FAR_BEYOND if progress else longest is not None and now() - since > longest:
            overdue.append(OverdueJob(job, since, progress))
    return sorted(overdue, key=lambda item: item.since)
