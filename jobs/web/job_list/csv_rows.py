"""The list of jobs as CSV."""

from collections.abc import Iterable, Iterator

from jobs.models.job import Period
from jobs.reports.job_search import EXPORT_LIMIT, JobRow
from jobs.web.shell.csv_export import join_tags

CSV_COLUMNS = (
    "id",
    "name",
    "status",
    "queue",
    "definition",
    "revision",
    "person",
    "accepted_at",
    "submitted_at",
    "started_at",
    "stopped_at",
    "ended_at",
    "waited_seconds",
    "ran_seconds",
    "attempts",
    "array_size",
    "exit_code",
    "reason",
    "platform",
    "vcpus",
    "memory_mib",
    "gpus",
    "usd_estimate",
    "tags",
    "aws_id",
    "team",
)


def csv_rows(rows: Iterable[JobRow]) -> Iterator[tuple[object, ...]]:
    count = 0
    for row in rows:
        job, count = row.job, count + 1
        yield (
            job.text_id,
            job.name,
            job.status.label,
            job.queue.name,
            job.revision.definition.name,
            job.revision.number,
            job.person.username,
            job.accepted_at,
            job.submitted_at,
            job.started_at,
            job.stopped_at,
            job.ended_at,
            _whole_seconds(job.wait_period),
            _whole_seconds(job.run_period),
            job.finished_attempts,
            job.array_size,
            job.exit_code,
            job.reason_text,
            job.platform,
            job.vcpus,
            job.memory_mib,
            job.gpus,
            row.usd,
            join_tags(row.tags),
            job.batch_id,
            job.team.slug,
        )
    if count == EXPORT_LIMIT:
        yield (f"Limited to {count} jobs. Narrow the search to export the rest.",)


def _whole_seconds(period: Period | None) -> int | None:
    """Return None for a period without an end."""
    start, end = period or (None, None)
    return round((end - start).total_seconds()) if start and end else None
