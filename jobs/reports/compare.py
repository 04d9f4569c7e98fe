"""Jobs side by side: facts, and what differs between their documents. Secrets are masked before the comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from jobs.causes import CAUSES, Cause
from jobs.models import Job, JobFailure, Revision
from jobs.pricing import exact_sum
from jobs.spec.diff import DocumentDifference, diff_documents
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.normalize import normalize
from jobs.spec.redaction import redact

MAX_JOBS = 4
MAX_DIFFERENCES = 100


@dataclass(frozen=True)
class ComparedJob:
    job: Job
    cause: str
    """Label of why it failed; empty if it hasn't, or the cause isn't known yet."""
    lines: tuple[str, ...]
    """The last error lines of its log."""

    @property
    def usd(self) -> Decimal | None:
        return exact_sum.usd(self.job.usd_units) if self.job.charged_at else None


@dataclass(frozen=True)
class DocumentComparison:
    """What differs in `job` from the first one."""

    first: Job
    job: Job
    request: tuple[DocumentDifference, ...]
    definition: tuple[DocumentDifference, ...]
    omitted_count: int


def compared_jobs(jobs: Sequence[Job]) -> list[ComparedJob]:
    """Read causes and log lines in one query."""
    rows = JobFailure.objects.filter(job__in=[job.pk for job in jobs]).order_by("child_count")
    failures = {row.job_id: row for row in rows if row.cause}
    return [_compared_job(job, failures.get(job.pk)) for job in jobs]


def _compared_job(job: Job, failure: JobFailure | None) -> ComparedJob:
    if failure is None:
        return ComparedJob(job, "", ())
    return ComparedJob(job, CAUSES[Cause(failure.cause)].label, tuple(failure.lines))


def compare_documents(jobs: Sequence[Job]) -> list[DocumentComparison]:
    """Compare each with the first: the request, and the definition if the revision is another."""
    first, *others = jobs
    return [_compare(first, job) for job in others]


def _compare(first: Job, job: Job) -> DocumentComparison:
    request = diff_documents(_request(first), _request(job))
    definition = []
    if first.revision_id != job.revision_id:
        definition = diff_documents(_definition(first.revision), _definition(job.revision))
    omitted_count = max(0, len(request) - MAX_DIFFERENCES) + max(0, len(definition) - MAX_DIFFERENCES)
    return DocumentComparison(
        first, job, tuple(request[:MAX_DIFFERENCES]), tuple(definition[:MAX_DIFFERENCES]), omitted_count
    )


def _request(job: Job) -> Document:
    document = {**job.document, "jobDefinition": job.revision.qualified_name, "jobQueue": job.queue.name}
    if job.tags:
        document["tags"] = job.tags
    masked: Document = redact(normalize(document, DocumentKind.SUBMISSION))
    return masked


def _definition(revision: Revision) -> Document:
    masked: Document = redact(normalize(revision.document, DocumentKind.DEFINITION))
    return masked
