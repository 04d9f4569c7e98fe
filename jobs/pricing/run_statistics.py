"""How long jobs usually wait in a queue, and how long those of a definition usually run: from the team's newest jobs.

Only the team's own jobs are looked at, so that nobody learns from a queue or a shared definition how others fare.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Case, Exists, F, FloatField, OuterRef, Q, Subquery, When
from django.db.models.functions import Cast

from jobs.models import CostLine, Job, JobDependency, Team
from jobs.states import State

LOOKED_AT = 2_000
"""So many of the team's newest jobs are looked through, however many it has."""
COUNTED = 40
"""So many of those that fit count: what was usual long ago is not now."""
ENOUGH = 3
"""With fewer, the longest of them is said and not what most of them kept to."""


@dataclass(frozen=True)
class Span:
    """What is usual, in seconds: half of them took no longer than `half`, nine of ten no longer than `most`."""

    count: int
    least: float
    half: float
    most: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Span | None":
        every = sorted(seconds)
        if not every:
            return None
        if len(every) < ENOUGH:
            return cls(len(every), every[0], every[len(every) // 2], every[-1])
        return cls(len(every), _share(every, 0.1), _share(every, 0.5), _share(every, 0.9))


@dataclass(frozen=True)
class RunStatistics:
    """What is known of a team's queues and definitions, by their keys. What is not in it is not known.

    `waits` is how long jobs wait in a queue, `runs` how long one good run of a definition takes.
    """

    waits: Mapping[int, Span] = field(default_factory=dict)
    runs: Mapping[int, Span] = field(default_factory=dict)


def run_statistics(team: Team, queues: Collection[int], definitions: Collection[int]) -> RunStatistics:
    """Read both in one query.

    A job that was tried again tells neither, one that waited for other jobs not how long it waits in its queue. Of an
    array it is the mean of its good runs, once they are charged.
    """
    if not queues and not definitions:
        return RunStatistics()
    newest = Job.objects.filter(team=team).order_by("-pk").values("pk")[:LOOKED_AT]
    here = Q(queue__in=queues) | Q(definition__in=definitions)
    waited_for_others = Exists(JobDependency.objects.filter(job=OuterRef("pk")))
    good_runs = CostLine.objects.filter(job=OuterRef("pk"), succeeded=True, runs__gt=0).order_by("attempt")
    mean = good_runs.annotate(mean=Cast("billed_seconds", FloatField()) / F("runs")).values("mean")[:1]
    rows = (
        Job.objects.filter(here, pk__in=newest, started_at__isnull=False, finished_attempts__lte=1)
        .annotate(
            waits_alone=Case(When(array_size=None, then=~waited_for_others), default=False),
            mean=Case(When(array_size__isnull=False, then=Subquery(mean)), output_field=FloatField()),
        )
        .order_by("-pk")
        .values_list(
            *("queue", "definition", "submitted_at", "started_at", "stopped_at"),
            *("state", "array_size", "waits_alone", "mean"),
        )
    )
    waits: dict[int, list[float]] = {key: [] for key in queues}
    runs: dict[int, list[float]] = {key: [] for key in definitions}
    for queue, definition, submitted_at, started_at, stopped_at, state, array_size, waits_alone, mean_seconds in rows:
        if waits_alone:
            _note(waits.get(queue), _seconds(submitted_at, started_at))
        if array_size is not None:
            _note(runs.get(definition), mean_seconds)
        elif state == State.SUCCEEDED:
            _note(runs.get(definition), _seconds(started_at, stopped_at))
    return RunStatistics(_spans(waits), _spans(runs))


def _note(spans: list[float] | None, seconds: float | None) -> None:
    if spans is not None and seconds is not None and len(spans) < COUNTED:
        spans.append(seconds)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end and end >= start else None


def _spans(every: dict[int, list[float]]) -> dict[int, Span]:
    found = {key: Span.of(seconds) for key, seconds in every.items()}
    return {key: span for key, span in found.items() if span}


def _share(every: Sequence[float], share: float) -> float:
    return every[min(len(every) - 1, int(len(every) * share))]
