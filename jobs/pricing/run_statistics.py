"""Usual wait times of queues and run times of definitions.

Only jobs of the teams that are asked for are read: a shared definition reveals nothing about other teams.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from jobs.models import Job, Team
from jobs.spec.command_key import normalize_key

MAX_JOBS_SCANNED = 1_000
SAMPLE_SIZE = 40
"""Newest matching jobs that count: what was usual long ago is not now."""
MIN_PERCENTILE_SAMPLE = 3
"""With fewer, the extremes stand for the percentiles."""

_NEWEST = "SELECT id FROM jobs_job ORDER BY id DESC LIMIT %(scanned)s"
_NEWEST_OF_TEAM = "SELECT id FROM jobs_job WHERE team_id = %({team})s ORDER BY id DESC LIMIT %(scanned)s"
_NEWEST_IN_QUEUE = """
SELECT id FROM jobs_job WHERE team_id = %({team})s AND queue_id = %(queue0)s ORDER BY id DESC LIMIT %(scanned)s
"""
_OF_TEAM = "SELECT id FROM ({newest}) AS of_team"
# Raw SQL: every keystroke in a form runs it, and Django builds it longer than the database runs it. No index may
# serve the innermost filter, hence + 0: all jobs that a queue or definition ever had would be scanned.
_SQL = """
SELECT id, queue_id, definition_id, submitted_at, started_at, stopped_at, array_size, tells_wait, tells_run,
    vcpus, memory_mib, gpus, {command} AS command_text,
    CASE WHEN array_size IS NOT NULL THEN (
        SELECT CAST(line.billed_seconds AS double precision) / line.runs
        FROM jobs_costline line
        WHERE line.job_id = ranked.id AND line.succeeded AND line.runs > 0
        ORDER BY line.attempt
        LIMIT 1
    ) END AS mean_seconds
FROM (
    SELECT sample.*,
        ROW_NUMBER() OVER (PARTITION BY queue_id, tells_wait ORDER BY id DESC) AS in_queue,
        ROW_NUMBER() OVER (
            PARTITION BY definition_id, vcpus, memory_mib, gpus, tells_run ORDER BY id DESC
        ) AS of_definition
    FROM (
        SELECT id, queue_id, definition_id, submitted_at, started_at, stopped_at, array_size, vcpus, memory_mib, gpus,
            CASE
                WHEN array_size IS NOT NULL THEN 0
                WHEN EXISTS (SELECT 1 FROM jobs_jobdependency parent WHERE parent.job_id = jobs_job.id) THEN 0
                ELSE 1
            END AS tells_wait,
            CASE WHEN array_size IS NOT NULL OR state = 'SUCCEEDED' THEN 1 ELSE 0 END AS tells_run
        FROM jobs_job
        WHERE id IN ({scanned})
            AND started_at IS NOT NULL AND finished_attempts <= 1
            AND (queue_id + 0 IN ({queues}) OR definition_id + 0 IN ({definitions}))
    ) sample
) ranked
WHERE (queue_id IN ({queues}) AND tells_wait = 1 AND in_queue <= %(sample)s)
    OR (definition_id IN ({definitions}) AND tells_run = 1 AND of_definition <= %(sample)s)
ORDER BY id DESC
"""

_NO_COMMAND = "NULL"
_COMMANDS = {
    "sqlite": """(
        SELECT json_array(
            json_extract(job.document, '$.containerOverrides.command'), json_extract(job.document, '$.parameters')
        )
        FROM jobs_job job WHERE job.id = ranked.id
    )""",
    "postgresql": """(
        SELECT CAST(
            jsonb_build_array(job.document #> '{containerOverrides,command}', job.document -> 'parameters') AS text
        )
        FROM jobs_job job WHERE job.id = ranked.id
    )""",
}
"""Only for the rows that count: a document can be long."""


@dataclass(frozen=True)
class DurationStats:
    """Seconds: half took no longer than `median`, nine of ten no longer than `high`."""

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


Size = tuple[Decimal, int, int]
"""vCPU, MiB and GPUs."""


@dataclass(frozen=True)
class RunSample:
    definition: int
    size: Size
    command: str
    """As `jobs.spec.command_key` has it."""
    seconds: float


class RunHistory:
    """Earlier good runs, the newest first."""

    def __init__(self, samples: Iterable[RunSample] = ()) -> None:
        self._by_size: dict[tuple[int, Size], list[RunSample]] = defaultdict(list)
        for sample in samples:
            self._by_size[sample.definition, sample.size].append(sample)
        self._stats: dict[tuple[int, Size, str], DurationStats | None] = {}

    def like(self, definition: int, size: Size, command: str) -> DurationStats | None:
        """Return how long runs of the definition in this size took, and with this command if there are enough."""
        key = definition, size, command
        if key not in self._stats:
            same_size = self._by_size.get((definition, size), [])
            same_command = [sample for sample in same_size if sample.command == command]
            samples = same_command if len(same_command) >= MIN_PERCENTILE_SAMPLE else same_size
            self._stats[key] = DurationStats.of(sample.seconds for sample in samples[:SAMPLE_SIZE])
        return self._stats[key]


@dataclass(frozen=True)
class RunStatistics:
    """By key: `waits` of queues, `runs` of definitions. `history` has the same runs."""

    waits: Mapping[int, DurationStats] = field(default_factory=dict)
    runs: Mapping[int, DurationStats] = field(default_factory=dict)
    history: RunHistory = field(default_factory=RunHistory, compare=False)


@dataclass(frozen=True)
class QueueWait:
    started_at: datetime
    seconds: float


def run_statistics(
    team: Team, queues: Collection[int], definitions: Collection[int], *, with_commands: bool = False
) -> RunStatistics:
    """Read both in one query. Without `with_commands`, the history doesn't tell commands apart.

    A retried job counts for neither; one that waited for other jobs not for the wait.
    """
    if not queues and not definitions:
        return RunStatistics()
    scanned = _NEWEST_OF_TEAM.format(team="team0")
    jobs = _sample(
        scanned,
        MAX_JOBS_SCANNED,
        teams=[team.pk],
        queues=queues,
        definitions=definitions,
        command=_COMMANDS[connection.vendor] if with_commands else _NO_COMMAND,
    )
    waits: dict[int, list[float]] = {key: [] for key in queues}
    runs: dict[int, list[float]] = {key: [] for key in definitions}
    history: list[RunSample] = []
    for job in jobs:
        if job.tells_wait:
            _add_sample(waits.get(job.queue_id), _seconds(job.submitted_at, job.started_at))
        if job.tells_run:
            duration = _seconds(job.started_at, job.stopped_at) if job.array_size is None else job.mean_seconds
            _add_sample(runs.get(job.definition_id), duration)
            if duration is not None:
                size = job.vcpus, job.memory_mib, job.gpus
                history.append(RunSample(job.definition_id, size, _normalize(job.command_text), duration))
    return RunStatistics(_summarize(waits), _summarize(runs), RunHistory(history))


def usual_waits(teams: Collection[int] | None, queues: Collection[int]) -> Mapping[int, DurationStats]:
    """Return by queue the usual wait over the newest jobs of these teams, or of all with None."""
    if not queues or (teams is not None and not teams):
        return {}
    limit = MAX_JOBS_SCANNED // len(teams) if teams else MAX_JOBS_SCANNED
    scanned = _NEWEST if teams is None else _of_each_team(_NEWEST_OF_TEAM, teams)
    waits: dict[int, list[float]] = {key: [] for key in queues}
    for job in _sample(scanned, limit, teams=teams or (), queues=queues):
        _add_sample(waits.get(job.queue_id), _seconds(job.submitted_at, job.started_at))
    return _summarize(waits)


def recent_waits(queue: int, teams: Collection[int]) -> list[QueueWait]:
    """Return the last waits of these teams in a queue, the newest first."""
    if not teams:
        return []
    scanned = _of_each_team(_NEWEST_IN_QUEUE, teams)
    jobs = _sample(scanned, MAX_JOBS_SCANNED // len(teams), teams=teams, queues=[queue])
    waits = ((job.started_at, _seconds(job.submitted_at, job.started_at)) for job in jobs)
    return [QueueWait(started_at, seconds) for started_at, seconds in waits if seconds is not None]


def _of_each_team(newest: str, teams: Collection[int]) -> str:
    """Return a query of the newest jobs of each team: over all at once, an index would have no order to follow."""
    parts = (newest.format(team=f"team{number}") for number in range(len(teams)))
    return " UNION ALL ".join(_OF_TEAM.format(newest=part) for part in parts)


def _normalize(command_text: str | None) -> str:
    return normalize_key(json.loads(command_text)) if command_text else ""


def _sample(
    scanned: str,
    limit: int,
    *,
    teams: Collection[int],
    queues: Collection[int],
    definitions: Collection[int] = (),
    command: str = _NO_COMMAND,
) -> Iterable[Any]:
    """Return jobs that tell a wait or a run time, the newest first, of at most `limit` that each part scans."""
    params = {
        "scanned": limit,
        "sample": SAMPLE_SIZE,
        **{f"team{number}": key for number, key in enumerate(teams)},
        **{f"queue{number}": key for number, key in enumerate(queues)},
        **{f"definition{number}": key for number, key in enumerate(definitions)},
    }
    sql = _SQL.format(
        scanned=scanned,
        queues=_placeholders("queue", queues),
        definitions=_placeholders("definition", definitions),
        command=command,
    )
    return Job.objects.raw(sql, params)


def _placeholders(name: str, keys: Collection[int]) -> str:
    return ", ".join(f"%({name}{number})s" for number in range(len(keys))) or "NULL"


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
