"""Run again."""

from dataclasses import dataclass

from jobs.actions.rerun_document import rerun_document
from jobs.models import Job, Revision
from jobs.reports import job_detail
from jobs.spec.diff import diff_documents
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.normalize import normalize
from jobs.spec.redaction import redact

MAX_DIFFERENCES = 30


@dataclass(frozen=True)
class RerunSource:
    job: Job
    document: Document  # secrets masked
    newest: int | None  # of the definition's runnable revisions
    pinned: bool  # whether the document names the revision of that run
    original: Document  # before any revision was set; not masked
    dropped_dependencies: int  # dependencies on steps of its workflow
    has_conditions: bool  # whether it started after the failure or any end of another

    @property
    def has_newer_revision(self) -> bool:
        return self.newest is not None and self.newest != self.job.revision.number


def rerun_source(job: Job, newest: int | None, revision_choice: str = "") -> RerunSource:
    rerun = rerun_document(job, newest, revision_choice)
    conditions = job_detail.step_conditions(job)
    dropped = max(rerun.dropped_dependencies, len(conditions))
    return RerunSource(job, redact(rerun.document), newest, rerun.is_pinned, rerun.original, dropped, any(conditions))


# -- What has changed since


@dataclass(frozen=True)
class RerunDiff:
    source: RerunSource
    job: tuple[str, ...]
    definition: tuple[str, ...]
    revision: Revision | None
    omitted_count: int = 0


def rerun_diff(source: RerunSource | None, document: Document, revision: Revision | None) -> RerunDiff | None:
    if source is None:
        return None
    earlier_job = {**source.original, "jobDefinition": source.job.revision.qualified_name}
    current_job = {**document, "jobDefinition": revision.qualified_name} if revision else document
    job = _difference_sentences(
        normalize(earlier_job, DocumentKind.SUBMISSION), normalize(current_job, DocumentKind.SUBMISSION)
    )
    definition: list[str] = []
    if revision and revision.pk != source.job.revision_id:
        earlier, later = (
            normalize(item.document, DocumentKind.DEFINITION) for item in (source.job.revision, revision)
        )
        definition = _difference_sentences(earlier, later)
    left_off = max(0, len(job) - MAX_DIFFERENCES) + max(0, len(definition) - MAX_DIFFERENCES)
    return RerunDiff(source, tuple(job[:MAX_DIFFERENCES]), tuple(definition[:MAX_DIFFERENCES]), revision, left_off)


def _difference_sentences(before: Document, after: Document) -> list[str]:
    return [difference.sentence for difference in diff_documents(before, after) if not difference.is_newly_masked]
