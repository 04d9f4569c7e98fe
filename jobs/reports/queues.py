"""Queues with what runs and waits in them. Only active jobs are read, and of ended ones a sample of the newest."""

import operator
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import NamedTuple

from django.db.models import Count, DecimalField, F, IntegerField, Min, Q, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.utils.timezone import now

from jobs.access import visible_teams
from jobs.models import Job, Queue, QueueGrant, QueueSnapshot, Team, User
from jobs.models.pagination import InvalidPageCursorError, Key, KeysetPage, paginate
from jobs.models.queue_snapshot import MAX_SNAPSHOT_AGE
from jobs.policy.grants import QueueUsage, TeamGrants, queue_usage
from jobs.pricing.run_statistics import DurationStats, QueueWait, recent_waits, run_statistics, usual_waits
from jobs.spec.placement import EnvironmentFacts
from jobs.states import ACTIVE_STATES, STATUSES, State, Status

OTHER_TEAMS = "Other teams"
"""Those that the person may not see, together."""
MAX_PLACES = 8
"""Of the front of a queue that its page shows."""
MAX_SAMPLED_TEAMS = 20
"""Teams whose waits a queue's page shows; the busiest first."""
_RUNNING_STATES = (State.STARTING, State.RUNNING)
_WAITING_STATES = (State.SUBMITTED, State.RUNNABLE)
_LINE_STATES = (State.PENDING, State.RUNNABLE)
"""An array is pending while its children wait."""
_SUBMITTED_AT = Coalesce("submitted_at", "accepted_at")
ACTIVE_ORDER = tuple(state for state in State if state in ACTIVE_STATES)


@dataclass(frozen=True)
class TeamLoad:
    """A team's active jobs in a queue. `team` is None for teams that may not be seen."""

    team: Team | None
    jobs: Mapping[str, int]
    """By state. An array is one job in the state that AWS gives it."""
    running_vcpus: Decimal
    """Of jobs, and of children of arrays, that start or run."""
    waiting_vcpus: Decimal
    """Of those that wait for capacity, not for other jobs."""
    running_gpus: int
    waiting_gpus: int

    @property
    def name(self) -> str:
        return self.team.name if self.team else OTHER_TEAMS

    @property
    def job_count(self) -> int:
        return sum(self.jobs.values())


@dataclass(frozen=True)
class WaitingJob:
    """A job that waits for capacity; no `job` if it may not be seen."""

    job: Job | None
    submitted_at: datetime | None


@dataclass(frozen=True)
class QueueBoard:
    """A queue with its jobs. `loads` has the teams in view first, then others by vCPU."""

    queue: Queue
    grants: Sequence[QueueGrant] = ()
    """Of the teams in view."""
    loads: Sequence[TeamLoad] = ()
    jobs: Mapping[str, int] = field(default_factory=dict)
    """Of the teams in view, by state."""
    oldest: WaitingJob | None = None
    """The one that waits for the longest time."""
    front: Sequence[WaitingJob] = ()
    """The next to start, in the order that AWS named lately."""
    shared_vcpus: Decimal = Decimal(0)
    """Of jobs that start or run from other queues with the same compute environments."""
    usual_wait: DurationStats | None = None
    usage: QueueUsage = field(default_factory=QueueUsage)
    """What counts against the limits of the only team in view."""

    @property
    def first(self) -> WaitingJob | None:
        return next(iter(self.front), None)

    @property
    def environments(self) -> tuple[EnvironmentFacts, ...]:
        return self.queue.environment_facts

    @property
    def closed_environments(self) -> list[EnvironmentFacts]:
        return [environment for environment in self.environments if not environment.is_usable]

    @property
    def max_vcpus(self) -> int | None:
        """Return what its usable compute environments have together, or None if one has no known limit."""
        amounts = [environment.max_vcpus for environment in self.environments if environment.is_usable]
        limits = [amount for amount in amounts if amount is not None]
        return sum(limits) if amounts and len(limits) == len(amounts) else None

    @property
    def running_jobs(self) -> int:
        """Return how many jobs of the teams in view start or run."""
        return sum(self.jobs.get(state, 0) for state in _RUNNING_STATES)

    @property
    def waiting_jobs(self) -> int:
        return sum(self.jobs.values()) - self.running_jobs

    @property
    def running_vcpus(self) -> Decimal:
        return sum((load.running_vcpus for load in self.loads), Decimal(0))

    @property
    def used_vcpus(self) -> Decimal:
        """Return what runs in its compute environments, also from other queues."""
        return self.running_vcpus + self.shared_vcpus

    @property
    def waiting_vcpus(self) -> Decimal:
        return sum((load.waiting_vcpus for load in self.loads), Decimal(0))

    @property
    def running_gpus(self) -> int:
        return sum(load.running_gpus for load in self.loads)

    @property
    def waiting_gpus(self) -> int:
        return sum(load.waiting_gpus for load in self.loads)

    @property
    def counts(self) -> list[tuple[Status, int]]:
        return [(STATUSES[state], number) for state, number in self.jobs.items()]

    @property
    def is_fair_share(self) -> bool:
        return bool(self.queue.scheduling_policy)


@dataclass(frozen=True)
class QueueDetail:
    board: QueueBoard
    waits: Sequence[QueueWait]
    """The newest first."""
    team_grants: TeamGrants | None
    """What the team may use, of the only team in view."""


def queue_grants(team: Team) -> QuerySet[QueueGrant]:
    grants = QueueGrant.objects.filter(team=team, queue__account__active=True).select_related("queue__account")
    return grants.order_by(*_GRANT_ORDER).defer("queue__raw")


_GRANT_ORDER = ("queue__account__name", "queue__name", "pk")


def queue_page(user: User, team: Team, after: str = "", limit: int = 50) -> KeysetPage[QueueBoard]:
    """Return the queues that the team can use, without waits and usage. Raise InvalidPageCursorError."""
    grants = queue_grants(team)
    page = paginate(
        grants,
        *_GRANT_ORDER,
        size=limit,
        cursor_of=lambda grant: str(grant.queue_id),
        after=_grant_key(grants, after),
    )
    return page.with_rows(_granted_boards(user, team, page.rows))


def _grant_key(grants: QuerySet[QueueGrant], cursor: str) -> Key | None:
    if not cursor:
        return None
    is_key = cursor.isascii() and cursor.isdecimal() and len(cursor) < 19
    key: Key | None = grants.filter(queue=int(cursor)).values_list(*_GRANT_ORDER).first() if is_key else None
    if key is None:
        raise InvalidPageCursorError(cursor)
    return key


def team_queues(user: User, team: Team) -> list[QueueBoard]:
    """Return all queues that the team can use, without waits and usage."""
    return _granted_boards(user, team, list(queue_grants(team)))


def _granted_boards(user: User, team: Team, grants: Sequence[QueueGrant]) -> list[QueueBoard]:
    boards = _boards(user, [grant.queue for grant in grants], teams=[team.pk])
    return [replace(board, grants=[grant]) for grant, board in zip(grants, boards, strict=True)]


def team_boards(user: User, team: Team) -> list[QueueBoard]:
    """Return the queues that the team can use."""
    boards = team_queues(user, team)
    keys = [board.queue.pk for board in boards]
    waits = run_statistics(team, keys, ()).waits
    usage = queue_usage(team, keys)
    return [
        replace(
            board,
            usual_wait=waits.get(board.queue.pk),
            usage=usage.get(board.queue.pk, QueueUsage()),
        )
        for board in boards
    ]


def all_boards(user: User) -> list[QueueBoard]:
    """Return the queues of all teams that the person may see, and for staff those of none."""
    queues = list(_visible_queues(user).order_by("account__name", "name"))
    teams = None if user.is_staff else list(visible_teams(user).values_list("pk", flat=True))
    waits = usual_waits(teams, [queue.pk for queue in queues])
    boards = _boards(user, queues, teams=teams)
    return [replace(board, usual_wait=waits.get(board.queue.pk)) for board in boards]


def queue_detail(user: User, key: int, team: Team | None = None) -> QueueDetail | None:
    """Return a queue with the jobs of the team, or of all that the person may see. None if they may not see it."""
    queue = _visible_queues(user).filter(pk=key).first()
    grants = QueueGrant.objects.filter(queue=key, team__in=[team] if team else visible_teams(user))
    granted = list(grants.select_related("team").order_by("team__name"))
    if queue is None or (team and not granted):
        return None
    teams = [grant.team_id for grant in granted]
    in_view = None if user.is_staff and not team else teams
    (board,) = _boards(user, [queue], teams=in_view, places=MAX_PLACES)
    busiest = [load.team.pk for load in board.loads if load.team and load.team.pk in teams]
    waits = recent_waits(key, list(dict.fromkeys([*busiest, *teams]))[:MAX_SAMPLED_TEAMS])
    usage = queue_usage(team, [key]).get(key, QueueUsage()) if team else QueueUsage()
    usual_wait = DurationStats.of(wait.seconds for wait in waits)
    board = replace(board, grants=granted, usual_wait=usual_wait, usage=usage)
    return QueueDetail(board, waits, TeamGrants.for_team(team) if team else None)


def _visible_queues(user: User) -> QuerySet[Queue]:
    return Queue.objects.visible_to(user).filter(account__active=True).select_related("account").defer("raw")


def _boards(user: User, queues: Sequence[Queue], teams: Collection[int] | None, places: int = 1) -> list[QueueBoard]:
    """Return a board for each queue, in at most six queries. With `teams` None, all teams are in view."""
    accounts = {queue.account_id for queue in queues}
    neighbours = neighbouring_queues(Queue.objects.filter(account__in=accounts).only("account", "environments"))
    rows_by_queue: dict[int, list[_ActiveJobs]] = defaultdict(list)
    for row in _active_jobs(neighbours):
        rows_by_queue[row.queue].append(row)
    rows = [row for queue in queues for row in rows_by_queue[queue.pk]]
    known_teams = visible_teams(user).in_bulk({row.team for row in rows})
    oldest = _oldest_jobs(rows, known_teams)
    fronts = _fronts(oldest, known_teams, limit=places)
    return [
        QueueBoard(
            queue,
            loads=_loads(rows_by_queue[queue.pk], known_teams, teams),
            jobs=_count_by_state(row for row in rows_by_queue[queue.pk] if teams is None or row.team in teams),
            oldest=oldest.get(queue.pk),
            front=fronts.get(queue.pk, ()),
            shared_vcpus=sum(
                (row.running_vcpus for other in neighbours[queue.pk] for row in rows_by_queue[other]), Decimal(0)
            ),
        )
        for queue in queues
    ]


def neighbouring_queues(queues: Iterable[Queue]) -> dict[int, set[int]]:
    """Return by key the others of the account with one of its compute environments."""
    queues_by_environment: dict[tuple[int, str], set[int]] = defaultdict(set)
    neighbours: dict[int, set[int]] = {}
    for queue in queues:
        neighbours[queue.pk] = set()
        for environment in queue.environment_facts:
            queues_by_environment[queue.account_id, environment.name].add(queue.pk)
    for keys in queues_by_environment.values():
        for key in keys:
            neighbours[key] |= keys - {key}
    return neighbours


class _ActiveJobs(NamedTuple):
    """Active jobs of a team in a queue and a state."""

    queue: int
    team: int
    state: str
    jobs: int
    single_vcpus: Decimal | None
    single_gpus: int | None
    running_child_vcpus: Decimal | None
    running_child_gpus: int | None
    waiting_child_vcpus: Decimal | None
    waiting_child_gpus: int | None
    waits_since: datetime
    """When the first of them was submitted to AWS."""

    @property
    def running_vcpus(self) -> Decimal:
        """Of jobs, and of children of arrays, that start or run."""
        own = self.single_vcpus if self.state in _RUNNING_STATES else None
        return _decimal_sum((own, self.running_child_vcpus))


def _active_jobs(queues: Collection[int]) -> list[_ActiveJobs]:
    """Read all that is active: with the queues as a condition, the planner could read all their jobs instead."""
    is_single = Q(array_size=None)
    running, waiting = (_children(states) for states in (_RUNNING_STATES, _WAITING_STATES))
    groups = Job.objects.active().order_by().values_list("queue", "team", "state")
    rows = groups.annotate(
        job_count=Count("pk"),
        single_vcpus=Sum("vcpus", filter=is_single),
        single_gpus=Sum("gpus", filter=is_single),
        running_vcpus=Sum(F("vcpus") * running, filter=~is_single, output_field=DecimalField()),
        running_gpus=Sum(F("gpus") * running, filter=~is_single),
        waiting_vcpus=Sum(F("vcpus") * waiting, filter=~is_single, output_field=DecimalField()),
        waiting_gpus=Sum(F("gpus") * waiting, filter=~is_single),
        waits_since=Min(_SUBMITTED_AT),
    )
    return [row for row in map(_ActiveJobs._make, rows) if row.queue in queues]


def running_vcpus(queues: Collection[int]) -> dict[tuple[int, int], Decimal]:
    """Return the vCPU of started jobs, and of the started children of arrays, by queue and team, in one query."""
    totals: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for row in _active_jobs(queues):
        totals[row.queue, row.team] += row.running_vcpus
    return {key: vcpus for key, vcpus in totals.items() if vcpus}


def _children(states: Iterable[str]) -> Combinable:
    """Return the number of an array's children in these states, as AWS last reported."""
    counts = (Coalesce(Cast(KeyTextTransform(state, "array_summary"), IntegerField()), 0) for state in states)
    return reduce(operator.add, counts)


def _loads(
    rows: Iterable[_ActiveJobs], known_teams: Mapping[int, Team], teams: Collection[int] | None
) -> list[TeamLoad]:
    by_team: dict[int | None, list[_ActiveJobs]] = defaultdict(list)
    for row in rows:
        by_team[row.team if row.team in known_teams else None].append(row)
    loads = [_load(known_teams[key] if key else None, of_team) for key, of_team in by_team.items()]

    def rank(load: TeamLoad) -> tuple[bool, bool, Decimal, str]:
        is_in_view = load.team is not None and (teams is None or load.team.pk in teams)
        return not is_in_view, load.team is None, -load.running_vcpus - load.waiting_vcpus, load.name

    return sorted(loads, key=rank)


def _load(team: Team | None, rows: Sequence[_ActiveJobs]) -> TeamLoad:
    running, waiting = ([row for row in rows if row.state in states] for states in (_RUNNING_STATES, _WAITING_STATES))
    return TeamLoad(
        team,
        _count_by_state(rows),
        running_vcpus=_decimal_sum(row.running_vcpus for row in rows),
        waiting_vcpus=_decimal_sum(row.single_vcpus for row in waiting)
        + _decimal_sum(row.waiting_child_vcpus for row in rows),
        running_gpus=sum(row.single_gpus or 0 for row in running) + sum(row.running_child_gpus or 0 for row in rows),
        waiting_gpus=sum(row.single_gpus or 0 for row in waiting) + sum(row.waiting_child_gpus or 0 for row in rows),
    )


def _decimal_sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((Decimal(amount) for amount in amounts if amount), Decimal(0))


def _count_by_state(rows: Iterable[_ActiveJobs]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.state] += row.jobs
    return {state: counts[state] for state in ACTIVE_ORDER if counts[state]}


def _oldest_jobs(rows: Iterable[_ActiveJobs], known_teams: Collection[int]) -> dict[int, WaitingJob]:
    """Return by queue the job that waits for capacity since the earliest time."""
    since: dict[int, datetime] = {}
    for row in rows:
        if row.state == State.RUNNABLE:
            since[row.queue] = min(row.waits_since, since.get(row.queue, row.waits_since))
    if not since:
        return {}
    waiting = Job.objects.active().filter(state=State.RUNNABLE).annotate(waits_since=_SUBMITTED_AT)
    jobs = waiting.filter(waits_since__in=set(since.values())).order_by("-pk")
    return {
        job.queue_id: WaitingJob(job if job.team_id in known_teams else None, job.submitted_at)
        for job in jobs.only("public_id", "name", "team", "queue", "submitted_at")
        if vars(job)["waits_since"] == since.get(job.queue_id)
    }


def _fronts(queues: Iterable[int], known_teams: Collection[int], limit: int) -> dict[int, list[WaitingJob]]:
    """Return by queue the first jobs, in the order in which AWS starts them, where it was read lately."""
    keys = list(queues)
    recent = QueueSnapshot.objects.filter(pk__in=keys, read_at__gte=now() - MAX_SNAPSHOT_AGE) if keys else []
    ids = {snapshot.pk: _job_ids(snapshot)[:limit] for snapshot in recent}
    batch_ids = {batch_id for of_queue in ids.values() for batch_id in of_queue}
    rows = Job.objects.filter(batch_id__in=batch_ids, state__in=_LINE_STATES) if batch_ids else Job.objects.none()
    jobs = {job.batch_id: job for job in rows.only("batch_id", "public_id", "name", "team", "submitted_at")}
    return {
        queue: [
            WaitingJob(job if job.team_id in known_teams else None, job.submitted_at)
            for job in map(jobs.get, of_queue)
            if job is not None
        ]
        for queue, of_queue in ids.items()
    }


def _job_ids(snapshot: QueueSnapshot) -> list[str]:
    """Return the ids of jobs; that of an array once for all its children."""
    return list(dict.fromkeys(str(job_id).partition(":")[0] for job_id in snapshot.job_ids))
