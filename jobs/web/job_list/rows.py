"""Rows of the list of jobs, with what the chosen columns show beside the job itself."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from jobs.models import Job
from jobs.reports.job_images import images_by_revision
from jobs.reports.job_search import JobRow


@dataclass(frozen=True)
class ListRow:
    job: Job
    usd: Decimal | None
    tags: tuple[tuple[str, str], ...]
    image: str = ""


def list_rows(rows: Sequence[JobRow], columns: Collection[str]) -> list[ListRow]:
    images = images_by_revision(row.job.revision_id for row in rows) if "image" in columns else {}
    return [ListRow(row.job, row.usd, row.tags, images.get(row.job.revision_id, "")) for row in rows]
