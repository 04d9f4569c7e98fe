"""Children of an array as last read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from django.db.models import Count, Max, Min, Q

from jobs.models import ArrayChild, Job
from jobs.models.pagination import paginate
from jobs.spec.documents import object_at
from jobs.states import STATUSES, State

PAGE_SIZE = 100


@dataclass(frozen=True)
class ChildCounts:
    counts: Mapping[str, int]
    size: int
    started_at: datetime | None = None
    """Of the first child."""
    stopped_at: datetime | None = None
    """Of the last child that was read."""

    @property
    def read_count(self) -> int:
        return sum(self.counts.values())

    @property
    def unread_count(self) -> int:
        return max(0, self.size - self.read_count)

    def final_count(self, job: Job, state: str) -> int:
        if not self.unread_count:
            return self.counts.get(state, 0)
        summary = object_at(job.array_summary).get(state)
        return summary if isinstance(summary, int) else self.counts.get(state, 0)


@dataclass(frozen=True)
class ChildPage:
    rows: list[ArrayChild]
    previous: int | None
    next: int | None


def child_counts(job: Job) -> ChildCounts:
    counts: Counter[str] = Counter()
    starts, stops = [], []
    groups = job.children.order_by().values_list("state")
    for state, number, started_at, stopped_at in groups.annotate(Count("pk"), Min("started_at"), Max("stopped_at")):
        counts[state or State.SUBMITTED] += number
        starts.append(started_at)
        stops.append(stopped_at)
    order = {name: place for place, name in enumerate(STATUSES)}
    ordered = sorted(counts, key=lambda name: (order.get(name, len(order)), name))
    return ChildCounts(
        {name: counts[name] for name in ordered},
        job.array_size or 0,
        min(filter(None, starts), default=None),
        max(filter(None, stops), default=None),
    )


def _index(child: ArrayChild) -> str:
    return str(child.index)


def child_page(
    job: Job,
    start: int = 0,
    state: str = "",
    indexes: Sequence[int] | None = None,
    *,
    rerun_states: Mapping[int, str] = MappingProxyType({}),
) -> ChildPage:
    """Return children from index `start` on. An index that ran again has the state of its last run."""
    children = job.children.all()
    if state:
        matches = [index for index, rerun_state in rerun_states.items() if rerun_state == state]
        own_state = Q(state=state) & ~Q(index__in=list(rerun_states)) if rerun_states else Q(state=state)
        children = children.filter(own_state | Q(index__in=matches) if matches else own_state)
    if indexes is not None:
        children = children.filter(index__in=indexes)
    page = paginate(children, "index", size=PAGE_SIZE, cursor_of=_index, after=(start - 1,))
    previous = paginate(children.only("index"), "index", size=PAGE_SIZE, cursor_of=_index, before=(start,))
    return ChildPage(
        page.rows,
        previous.rows[0].index if previous.rows else None,
        page.following.index if page.following else None,
    )


def neighbours(child: ArrayChild) -> tuple[int | None, int | None]:
    """Return the indexes before and after the child's, if those children were read."""
    indexes = {child.index - 1, child.index + 1}
    rows = set(ArrayChild.objects.filter(job=child.job_id, index__in=indexes).values_list("index", flat=True))
    before, after = (index if index in rows else None for index in sorted(indexes))
    return before, after
