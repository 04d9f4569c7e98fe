"""Usual wait times of queues and run times of definitions.

Only the team's own jobs are read: a shared definition reveals nothing about other teams.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jobs.models import Job, Team

MAX_JOBS_SCANNED = 1_000
SAMPLE_SIZE = 40
"""Newest matching jobs that count: what was usual long ago is not now."""
MIN_PERCENTILE_SAMPLE = 3
"""With fewer, the extremes stand for the percentiles."""

# Raw SQL: every keystroke in a form runs it, and Django builds it longer than the database runs it. The filter comes
# last, or all jobs that a queue or definition ever had would be scanned.
_SQL = """
SELECT id, queue_id, definition_id, submitted_at, started_at, stopped_at, array_size, tells_wait, tells_run,
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
        ROW_NUMBER() OVER (PARTITION BY definition_id, tells_run ORDER BY id DESC) AS of_definition
    FROM (
        SELECT id, queue_id, definition_id, submitted_at, started_at, stopped_at, array_size,
            CASE
                WHEN array_size IS NOT NULL THEN 0
                WHEN EXISTS (SELECT 1 FROM jobs_jobdependency parent WHERE parent.job_id = jobs_job.id) THEN 0
                ELSE 1
            END AS tells_wait,
            CASE WHEN array_size IS NOT NULL OR state = 'SUCCEEDED' THEN 1 ELSE 0 END AS tells_run
        FROM jobs_job
        WHERE id IN (SELECT id FROM jobs_job WHERE team_id = %(team)s ORDER BY id DESC LIMIT %(scanned)s)
            AND started_at IS NOT NULL AND finished_attempts <= 1
    ) sample
) ranked
WHERE (queue_id IN ({queues}) AND tells_wait = 1 AND in_queue <= %(sample)s)
    OR (definition_id IN ({definitions}) AND tells_run = 1 AND of_definition <= %(sample)s)
ORDER BY id DESC
"""


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


@dataclass(frozen=True)
class RunStatistics:
    """By key: `waits` of queues, `runs` of definitions."""

    waits: Mapping[int, DurationStats] = field(default_factory=dict)
    runs: Mapping[int, DurationStats] = field(default_factory=dict)


def run_statistics(team: Team, queues: Collection[int], definitions: Collection[int]) -> RunStatistics:
    """Read both in one query.

    A retried job counts for neither; one that waited for other jobs not for the wait.
    """
    if not queues and not definitions:
        return RunStatistics()
    params = {
        "team": team.pk,
        "scanned": MAX_JOBS_SCANNED,
        "sample": SAMPLE_SIZE,
        **{f"queue{number}": key for number, key in enumerate(queues)},
        **{f"definition{number}": key for number, key in enumerate(definitions)},
    }
    sql = _SQL.format(queues=_placeholders("queue", queues), definitions=_placeholders("definition", definitions))
    waits: dict[int, list[float]] = {key: [] for key in queues}
    runs: dict[int, list[float]] = {key: [] for key in definitions}
    rows: Iterable[Any] = Job.objects.raw(sql, params)
    for job in rows:
        if job.tells_wait:
            _add_sample(waits.get(job.queue_id), _seconds(job.submitted_at, job.started_at))
        if job.tells_run:
            duration = _seconds(job.started_at, job.stopped_at) if job.array_size is None else job.mean_seconds
            _add_sample(runs.get(job.definition_id), duration)
    return RunStatistics(_summarize(waits), _summarize(runs))


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
