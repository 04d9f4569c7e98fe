"""Prices of bulk actions, and their results."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Count, Prefetch, QuerySet
from django.utils.timezone import now

from jobs.models import BulkAction, BulkItem, ItemOutcome, Job, JobDependency, Queue, Team, User
from jobs.models.ids import to_text
from jobs.models.pagination import KeysetPage, paginate
from jobs.policy.approval import ApprovalThresholds, SubmissionSummary, approval_reasons
from jobs.pricing import exact_sum, rates
from jobs.pricing.estimate import PlannedJob, estimate_cost
from jobs.pricing.job_size import NODE_COUNT, priced_size
from jobs.pricing.run_statistics import run_statistics
from jobs.reports.job_search import Scope, search_jobs
from jobs.search import Search

MAX_ACTIONS = 50
PAGE_SIZE = 100

_JOB_COLUMNS = ("public_id", "name", "delivery", "state", "array_size", "team__name", "team__slug")
_ITEM_COLUMNS = (
    *("action_id", "position", "outcome", "note", "ended_at", "submission__public_id"),
    *(f"job__{name}" for name in _JOB_COLUMNS),
)


@dataclass(frozen=True)
class RerunPrice:
    """Of jobs that run again; the limit and the attempts of each are as before."""

    last_usd: Decimal
    """What the earlier runs cost."""
    expected_usd: Decimal
    """Of those whose usual run time and rate are known."""
    unknown_count: int
    approval_count: int
    """Jobs whose highest cost was above a threshold of their team, or unknown."""


def rerun_price(jobs: Sequence[Job], memory_mib: int | None = None) -> RerunPrice:
    """Estimate in one query a team, and one each for the rates, prices, queues and numbers of nodes."""
    _load_sizes(jobs)
    jobs_by_team: dict[Team, list[Job]] = defaultdict(list)
    for job in jobs:
        jobs_by_team[job.team].append(job)
    expected, unknown_count, table = Decimal(0), 0, rates.read_rates()
    for team, team_jobs in jobs_by_team.items():
        history = run_statistics(team, (), {job.definition_id for job in team_jobs}).history
        plans = (_planned_job(job, memory_mib) for job in team_jobs)
        for estimate in estimate_cost(plans, history, table, now()).jobs:
            expected += estimate.expected.usd or 0
            unknown_count += estimate.expected.usd is None
    return RerunPrice(
        last_usd=exact_sum.usd(sum(job.usd_units for job in jobs)),
        expected_usd=expected,
        unknown_count=unknown_count,
        approval_count=sum(_approval_count(team, team_jobs) for team, team_jobs in jobs_by_team.items()),
    )


def _load_sizes(jobs: Sequence[Job]) -> None:
    """Add what prices need and lists of jobs leave out: to each job it would be another query."""
    queues = Queue.objects.in_bulk({job.queue_id for job in jobs})
    nodes = Job.objects.filter(pk__in=[job.pk for job in jobs]).order_by()
    node_counts = dict(nodes.values_list("pk", NODE_COUNT["node_count"]))
    for job in jobs:
        job.queue = queues[job.queue_id]
        vars(job)["node_count"] = node_counts.get(job.pk)


def _planned_job(job: Job, memory_mib: int | None) -> PlannedJob:
    earlier_size = priced_size(job)
    size = replace(earlier_size, memory_mib=memory_mib) if memory_mib else earlier_size
    return PlannedJob(
        name=job.name,
        size=size,
        runs=job.array_size or 1,
        attempts=1,
        limit_seconds=0,
        definition=job.definition_id,
        earlier_size=earlier_size,
    )


def _approval_count(team: Team, jobs: Iterable[Job]) -> int:
    if not team.has_approval_thresholds:
        return 0
    thresholds = ApprovalThresholds.for_team(team)
    summaries = (SubmissionSummary(team.name, {}, job.at_most_usd, job.at_most_vcpu_hours) for job in jobs)
    return sum(bool(approval_reasons(summary, thresholds)) for summary in summaries)


def newest_ids(scope: Scope, search: Search, limit: int) -> list[str]:
    """Return the ids of the newest jobs that the search finds."""
    keys = search_jobs(scope, search).order_by("-pk").values_list("public_id", flat=True)
    return [to_text(public_id) for public_id in keys[:limit]]


def dependent_step_count(jobs: Sequence[Job]) -> int:
    """Return how many other jobs that haven't ended depend directly on these: stopping may stop them too."""
    keys = [job.pk for job in jobs]
    edges = JobDependency.objects.filter(parent__in=keys, job__ended_at=None).exclude(job__in=keys)
    return edges.values("job").distinct().count()


# -- Actions


@dataclass(frozen=True)
class BulkProgress:
    counts: Counter[str]
    """Items by outcome."""

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def waiting(self) -> int:
        return self.counts[ItemOutcome.WAITING]

    @property
    def done(self) -> int:
        return self.counts[ItemOutcome.DONE]

    @property
    def refused(self) -> int:
        return self.counts[ItemOutcome.REFUSED]

    @property
    def canceled(self) -> int:
        return self.counts[ItemOutcome.CANCELED]

    @property
    def settled(self) -> int:
        return self.total - self.waiting


def progress(action: BulkAction, user: User) -> BulkProgress:
    """Count the items whose jobs the user may see."""
    rows = _visible_items(action, user).order_by().values_list("outcome").annotate(Count("pk"))
    return BulkProgress(Counter(dict(rows)))


def item_page(
    action: BulkAction, user: User, outcome: str = "", *, before: str = "", after: str = ""
) -> KeysetPage[BulkItem]:
    """Return the items whose jobs the user may see, in order, with the job and what runs instead.

    Cursors are positions.
    """
    items = _visible_items(action, user)
    items = items.filter(outcome=outcome) if outcome else items
    items = items.select_related("job__team", "submission").only(*_ITEM_COLUMNS)
    new_jobs = Job.objects.only("public_id", "name", "delivery", "state", "submission").order_by("position")
    items = items.prefetch_related(Prefetch("submission__jobs", new_jobs))
    return paginate(
        items,
        "position",
        size=PAGE_SIZE,
        cursor_of=lambda item: str(item.position),
        after=_position_key(after),
        before=_position_key(before),
    )


def _visible_items(action: BulkAction, user: User) -> QuerySet[BulkItem]:
    """Leave out jobs of teams that the user has left since."""
    return action.items.filter(job__in=Job.objects.visible_to(user))


def recent_actions(user: User) -> list[BulkAction]:
    return list(BulkAction.objects.filter(person=user)[:MAX_ACTIONS])


def _position_key(cursor: str) -> tuple[int] | None:
    return (int(cursor),) if cursor.isdecimal() and len(cursor) <= 9 else None
