"""Lines of costs: for files, and as receipts of a job."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from jobs.models import CostLine, Job, JobTag, Team
from jobs.models.pagination import iterate
from jobs.reports.periods import Period
from jobs.states import FINAL_STATES, Delivery, State

CHUNK_SIZE = 1_000
EXPORT_LIMIT = 100_000


def has_uncharged_jobs(teams: Sequence[Team]) -> bool:
    uncharged = Job.objects.filter(team__in=teams, charged_at=None)
    return uncharged.filter(delivery=Delivery.SENT, state__in=FINAL_STATES).exists()


def export_cost_lines(
    teams: Sequence[Team], period: Period, limit: int = EXPORT_LIMIT
) -> Iterator[tuple[CostLine, dict[str, str]]]:
    lines = (
        CostLine.objects.filter(team__in=teams, day__range=(period.first, period.last))
        .select_related("job", "account", "queue", "definition", "person", "team")
        .defer("job__document", "job__raw", "job__attempts")
    )
    for chunk in iterate(lines, "pk", chunk_size=CHUNK_SIZE, limit=limit):
        tags: dict[int, dict[str, str]] = defaultdict(dict)
        rows = JobTag.objects.filter(job__in=[line.job_id for line in chunk]).order_by("key")
        for pk, key, value in rows.values_list("job", "key", "value"):
            tags[pk][key] = value
        for line in chunk:
            yield line, tags[line.job_id]


def receipt_lines(job: Job) -> list[CostLine]:
    return list(job.cost_lines.order_by("attempt"))


def why_no_cost(job: Job) -> str:
    if job.delivery != Delivery.SENT and job.status.is_final:
        return "The job was never sent to AWS, so it cost nothing."
    if not job.status.is_final:
        return "The job hasn't ended. Its cost is computed when it ends."
    if job.charged_at is None:
        return "The job has just ended. Its cost is available in a few seconds."
    if job.state == State.LOST:
        return "AWS no longer has the job, so its run time is unknown and it isn't charged."
    return "The job never started, so it cost nothing."
