"""Usual wait times of queues and run times of definitions, from the team's newest jobs.

Only the team's own jobs are read, so that a queue or a shared definition reveals nothing about other teams.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import BooleanField, Case, Exists, F, FloatField, OuterRef, Q, Subquery, When, Window
from django.db.models.functions import Cast, RowNumber

from jobs.models import CostLine, Job, JobDependency, Team
from jobs.states import State

MAX_JOBS_SCANNED = 1_000
"""Newest jobs of the team that are scanned."""
SAMPLE_SIZE = 40
"""Newest matching jobs that count: what was usual long ago is not now."""
MIN_PERCENTILE_SAMPLE = 3
"""With fewer, the extremes stand for the percentiles."""


@dataclass(frozen=True)
class DurationStats:
    """Durations in seconds: half took no longer than `median`, nine of ten no longer than `high`."""

    count: int
    low: float
    median: float
    high: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "DurationStats | None":
        ordered = sorted(seconds)
        if not ordered:
            return None
        if len(ordered) < MIN_PERCENTILE_SAMPLE:
            return cls(len(ordered), ordered[0], ordered[len(ordered) // 2], ordered[-1])
        return cls(len(ordered), _percentile(ordered, 0.1), _percentile(ordered, 0.5), _percentile(ordered, 0.9))


@dataclass(frozen=True)
class RunStatistics:
    """Statistics by the keys of queues and definitions; absent where there are none.

    `waits` is how long jobs wait in a queue, `runs` how long one good run of a definition takes.
    """

    waits: Mapping[int, DurationStats] = field(default_factory=dict)
    runs: Mapping[int, DurationStats] = field(default_factory=dict)


def run_statistics(team: Team, queues: Collection[int], definitions: Collection[int]) -> RunStatistics:
    """Read both in one query.

    A retried job counts for neither; one that waited for other jobs not for the wait in its queue.
    """
    if not queues and not definitions:
        return RunStatistics()
    newest = Job.objects.filter(team=team).order_by("-pk").values("pk")[:MAX_JOBS_SCANNED]
    waited_for_others = Exists(JobDependency.objects.filter(job=OuterRef("pk")))
    good_runs = CostLine.objects.filter(job=OuterRef("pk"), succeeded=True, runs__gt=0).order_by("attempt")
    mean = good_runs.annotate(mean=Cast("billed_seconds", FloatField()) / F("runs")).values("mean")[:1]
    is_array = Q(array_size__isnull=False)
    rows = (
        Job.objects.filter(pk__in=newest, started_at__isnull=False, finished_attempts__lte=1)
        .annotate(
            tells_wait=Case(When(is_array, then=False), default=~waited_for_others, output_field=BooleanField()),
            tells_run=Case(When(is_array | Q(state=State.SUCCEEDED), then=True), default=False),
        )
        # Few rows are returned, although many are scanned.
        .annotate(
            in_queue=_recency_rank("queue", "tells_wait"), of_definition=_recency_rank("definition", "tells_run")
        )
        # Filter only here, or the database would scan all jobs a queue or definition ever had.
        .filter(
            Q(queue__in=queues, tells_wait=True, in_queue__lte=SAMPLE_SIZE)
            | Q(definition__in=definitions, tells_run=True, of_definition__lte=SAMPLE_SIZE)
        )
        .annotate(mean=Case(When(is_array, then=Subquery(mean)), output_field=FloatField()))
        .order_by("-pk")
        .values_list(
            *("queue", "definition", "submitted_at", "started_at", "stopped_at"),
            *("array_size", "tells_wait", "tells_run", "mean"),
        )
    )
    waits: dict[int, list[float]] = {key: [] for key in queues}
    runs: dict[int, list[float]] = {key: [] for key in definitions}
    for queue, definition, submitted_at, started_at, stopped_at, array_size, tells_wait, tells_run, seconds in rows:
        if tells_wait:
            _add_sample(waits.get(queue), _seconds(submitted_at, started_at))
        if tells_run:
            duration = _seconds(started_at, stopped_at) if array_size is None else seconds
            _add_sample(runs.get(definition), duration)
    return RunStatistics(_summarize(waits), _summarize(runs))


def _recency_rank(*partition: str) -> Window:
    return Window(RowNumber(), partition_by=[F(name) for name in partition], order_by=F("pk").desc())


def _add_sample(samples: list[float] | None, seconds: float | None) -> None:
    if samples is not None and seconds is not None and len(samples) < SAMPLE_SIZE:
        samples.append(seconds)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end and end >= start else None


def _summarize(samples: dict[int, list[float]]) -> dict[int, DurationStats]:
    stats = {key: DurationStats.of(seconds) for key, seconds in samples.items()}
    return {key: span for key, span in stats.items() if span}


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
