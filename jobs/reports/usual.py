"""How long jobs usually wait in a queue, and how long those of a definition usually run: from the team's newest jobs.

Only the team's own jobs are looked at, so that nobody learns from a queue or a shared definition how others fare.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from jobs.models import Job, JobDependency, Team
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
class Usual:
    """What is known of a team's queues and definitions, by their keys. What is not in it is not known."""

    waits: dict[int, Span]
    runs: dict[int, Span]


def usual(team: Team, queues: Collection[int], definitions: Collection[int]) -> Usual:
    """One question to the database. A job that waited for others, or was tried again, tells nothing of either."""
    if not queues and not definitions:
        return Usual({}, {})
    newest = Job.objects.filter(team=team).order_by("-pk").values("pk")[:LOOKED_AT]
    here = Q(queue__in=queues) | Q(revision__definition__in=definitions)
    rows = (
        Job.objects.filter(here, pk__in=newest, started_at__isnull=False, array_size=None, finished_attempts__lte=1)
        .exclude(Exists(JobDependency.objects.filter(job=OuterRef("pk"))))
        .order_by("-pk")
        .values_list("queue", "revision__definition", "submitted_at", "started_at", "stopped_at", "state")
    )
    waits: dict[int, list[float]] = {key: [] for key in queues}
    runs: dict[int, list[float]] = {key: [] for key in definitions}
    for queue, definition, submitted_at, started_at, stopped_at, state in rows:
        _note(waits.get(queue), submitted_at, started_at)
        if state == State.SUCCEEDED:
            _note(runs.get(definition), started_at, stopped_at)
    return Usual(_spans(waits), _spans(runs))


def _note(found: list[float] | None, start: datetime | None, end: datetime | None) -> None:
    if found is not None and len(found) < COUNTED and start and end and end >= start:
        found.append((end - start).total_seconds())


def _spans(every: dict[int, list[float]]) -> dict[int, Span]:
    found = {key: Span.of(seconds) for key, seconds in every.items()}
    return {key: span for key, span in found.items() if span}


def _share(every: Sequence[float], share: float) -> float:
    return every[min(len(every) - 1, int(len(every) * share))]
