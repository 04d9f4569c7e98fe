"""The last error lines of logs, as they were stored when the jobs had ended: no call to AWS."""

from collections.abc import Iterable, Mapping

from jobs.models import Job, JobFailure


def last_lines(jobs: Iterable[Job]) -> Mapping[int, tuple[str, ...]]:
    """Return them by the keys of the jobs, in one query. Those without are left out.

    For an array they are of the first child of its most frequent cause.
    """
    rows = JobFailure.objects.filter(job__in=[job.pk for job in jobs]).exclude(lines=[]).order_by("child_count")
    return {job: tuple(lines) for job, lines in rows.values_list("job", "lines")}
