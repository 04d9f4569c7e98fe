"""Finds what in a team needs its lead: requests, failures, and jobs that wait or run too long."""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils.timezone import now

from jobs.causes import CAUSES, Cause, Explanation, FailureFacts, failure_cause
from jobs.models import Approval, Job, Team, User
from jobs.models.array_reruns import rerun_families
from jobs.models.job_count import count_by_status
from jobs.pricing.run_statistics import DurationStats, run_statistics
from jobs.pricing.usual_run import Pace, UsualRun, usual_run
from jobs.reports.causes import never_running
from jobs.states import ACTIVE_STATES, Delivery, State

RowT = TypeVar("RowT", bound=Model)

MAX_ROWS = 8
RECENT_PERIOD = timedelta(days=7)
MAX_FAILURES_SCANNED = 300
MAX_JOBS_SCANNED = 300
"""Of those that wait, and of those that run, the oldest."""
LONG_WAIT = timedelta(hours=1)
"""Where no earlier job tells the usual wait of a queue."""
MIN_OVERDUE = timedelta(minutes=5)
"""Shorter waits and runs don't need attention, however short they usually are."""
FAILURES = ((Delivery.SENT, State.FAILED), (Delivery.SENT, State.LOST), (Delivery.REFUSED, ""))


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
    running: int
    waiting: int
    held: int
    lost: int

    @property
    def active(self) -> int:
        return self.running + self.waiting


@dataclass(frozen=True)
class OverdueJob:
    job: Job
    since: datetime
    progress: UsualRun | None
    """None if nothing is usual yet."""


@dataclass(frozen=True)
class ActionItems:
    """At most `MAX_ROWS` of each kind, and how many there are. Failures are grouped from the newest ones only."""

    failures: list[FailureGroup]
    failure_group_count: int
    is_every_failure_grouped: bool
    blocked: list[tuple[Job, Explanation]]
    """Jobs that can't start without a change, with why."""
    blocked_count: int
    waiting: list[OverdueJob]
    waiting_count: int
    running: list[OverdueJob]
    running_count: int
    held: int
    lost: int
    approvals: list[Approval]
    approval_count: int

    @property
    def is_empty(self) -> bool:
        lists = (self.approvals, self.failures, self.blocked, self.waiting, self.running)
        return not (any(lists) or self.held or self.lost)


def job_counts(team: Team) -> JobCounts:
    numbers = count_by_status(team)
    active = {state: numbers[Delivery.SENT, state] for state in ACTIVE_STATES}
    running = active[State.STARTING] + active[State.RUNNING]
    lost_jobs = Job.objects.filter(team=team, delivery=Delivery.SENT, state=State.LOST)
    return JobCounts(
        running=running,
        waiting=sum(active.values()) - running,
        held=sum(number for (delivery, _), number in numbers.items() if delivery == Delivery.HELD),
        lost=lost_jobs.filter(ended_at__gte=now() - RECENT_PERIOD).count(),
    )


def action_items(team: Team, totals: JobCounts, user: User) -> ActionItems:
    approvals = Approval.objects.decidable_by(user).filter(team=team).select_related("requester", "submission")
    approvals = approvals.defer("submission__text", "submission__document", "submission__notes")
    groups, failure_count = _failure_groups(team)
    blocked = never_running(team, user)
    blocked_ids = {job.pk for job, _ in blocked}
    overdue, running = _overdue_jobs(team)
    waiting = [item for item in overdue if item.job.pk not in blocked_ids]
    approval_rows, approval_count = _first_rows(approvals.order_by("pk"))
    return ActionItems(
        failures=groups[:MAX_ROWS],
        failure_group_count=len(groups),
        is_every_failure_grouped=failure_count < MAX_FAILURES_SCANNED,
        blocked=blocked[:MAX_ROWS],
        blocked_count=len(blocked),
        waiting=waiting[:MAX_ROWS],
        waiting_count=len(waiting),
        running=running[:MAX_ROWS],
        running_count=len(running),
        held=totals.held,
        lost=totals.lost,
        approvals=approval_rows,
        approval_count=approval_count,
    )


def _first_rows(rows: QuerySet[RowT]) -> tuple[list[RowT], int]:
    """Return the first rows and how many there are; count only what is more than fits."""
    first = list(rows[: MAX_ROWS + 1])
    return first[:MAX_ROWS], rows.count() if len(first) > MAX_ROWS else len(first)


def _overdue_jobs(team: Team) -> tuple[list[OverdueJob], list[OverdueJob]]:
    """Return jobs that wait, and jobs that run, far longer than is usual, of the oldest ones. Arrays don't count."""
    live = Job.objects.filter(team=team, ended_at=None, array_size=None).active().select_related("queue")
    live = live.only(
        "public_id", "name", "delivery", "state", "submitted_at", "started_at", "definition", "queue__name"
    )
    waiting = list(live.filter(state=State.RUNNABLE).order_by("pk")[:MAX_JOBS_SCANNED])
    running = list(live.filter(state=State.RUNNING).order_by("pk")[:MAX_JOBS_SCANNED])
    past = run_statistics(team, {job.queue_id for job in waiting}, {job.definition_id for job in running})
    return (
        _overdue(((job, job.submitted_at, past.waits.get(job.queue_id)) for job in waiting), LONG_WAIT),
        _overdue(((job, job.started_at, past.runs.get(job.definition_id)) for job in running), None),
    )


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


def _failure_groups(team: Team) -> tuple[list[FailureGroup], int]:
    """Return the groups, largest first, and the number of failures in them."""
    newest = heapq.merge(*(_newest_failures(team, *status) for status in FAILURES), key=lambda failure: -failure.pk)
    failures = list(islice(newest, MAX_FAILURES_SCANNED))
    obsolete = _obsolete_failures(failures)
    groups: dict[tuple[str, str], list[Failure]] = defaultdict(list)
    for failure in failures:
        if failure.pk not in obsolete:
            groups[failure.definition, _cause_text(failure)].append(failure)
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


def _cause_text(failure: Failure) -> str:
    if failure.delivery == Delivery.REFUSED:
        return failure.delivery_note.split(", RequestId")[0].split(" (request ")[0][:160]
    facts = FailureFacts(
        state=failure.state,
        exit_code=failure.exit_code,
        status_reason=failure.status_reason,
        container_reason=failure.container_reason,
        array_size=failure.array_size,
    )
    cause = failure_cause(facts)
    reason = failure.container_reason or failure.status_reason
    label = reason.split(", RequestId")[0][:120] if cause is Cause.UNKNOWN and reason else CAUSES[cause].label
    return label if failure.exit_code is None else f"{label}, exit code {failure.exit_code}"
