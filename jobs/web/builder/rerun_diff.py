"""The differences between an earlier job and the form that runs it again, in sentences."""

from dataclasses import dataclass

from jobs.models import Revision
from jobs.spec.diff import diff_documents
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.normalize import normalize
from jobs.web.builder.rerun import RerunSource

MAX_DIFFERENCES = 30


@dataclass(frozen=True)
class RerunDiff:
    """The earlier job against the form, and its definition against the revision that would run."""

    source: RerunSource
    job: tuple[str, ...]
    definition: tuple[str, ...]
    revision: Revision | None
    omitted_count: int = 0


def rerun_diff(again: RerunSource | None, document: Document, revision: Revision | None) -> RerunDiff | None:
    if again is None:
        return None
    earlier_job = {**again.original, "jobDefinition": again.job.revision.qualified_name}
    current_job = {**document, "jobDefinition": revision.qualified_name} if revision else document
    job = _difference_sentences(
        normalize(earlier_job, DocumentKind.SUBMISSION), normalize(current_job, DocumentKind.SUBMISSION)
    )
    definition: list[str] = []
    if revision and revision.pk != again.job.revision_id:
        earlier, later = (
            normalize(item.document, DocumentKind.DEFINITION) for item in (again.job.revision, revision)
        )
        definition = _difference_sentences(earlier, later)
    left_off = max(0, len(job) - MAX_DIFFERENCES) + max(0, len(definition) - MAX_DIFFERENCES)
    return RerunDiff(again, tuple(job[:MAX_DIFFERENCES]), tuple(definition[:MAX_DIFFERENCES]), revision, left_off)


def _difference_sentences(before: Document, after: Document) -> list[str]:
    """Return the differences. A value that is still masked in the form has not changed."""
    return [difference.sentence for difference in diff_documents(before, after) if not difference.is_newly_masked]
