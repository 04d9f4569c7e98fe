"""Run again."""

from dataclasses import dataclass

from jobs.models import Job, Revision
from jobs.reports import job_detail
from jobs.spec import forms
from jobs.spec.diff import diff_documents
from jobs.spec.documents import Document, DocumentKind, is_object, list_at, text_at
from jobs.spec.normalize import normalize
from jobs.spec.patch import copy_json
from jobs.spec.redaction import redact
from jobs.spec.rules.dependencies import is_job_id

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
    """Pin the revision unless it is the newest, or `revision_choice` is “latest”."""
    original, dropped = _submitted_document(job)
    conditions = job_detail.step_conditions(job)
    document = original
    name = forms.read_values(document, forms.JOB_FIELDS)["definition"]
    revision = str(job.revision.number or "")
    moved = newest is not None and newest != job.revision.number
    by_name = isinstance(name, str) and name == job.revision.definition.name
    if by_name and revision_choice == "latest":
        document = forms.apply_changes(document, forms.JOB_FIELDS, {"revision": ""})
    elif by_name and moved and revision:
        document = forms.apply_changes(document, forms.JOB_FIELDS, {"revision": revision})
    pinned = bool(forms.read_values(document, forms.JOB_FIELDS)["revision"])
    dropped = max(dropped, len(conditions))
    return RerunSource(job, redact(document), newest, pinned, original, dropped, any(conditions))


def _submitted_document(job: Job) -> tuple[Document, int]:
    submission = job.submission
    if submission.kind != DocumentKind.WORKFLOW and submission.document:
        return copy_json(submission.document), 0
    document: Document = copy_json(job.document)
    if job.tags and "tags" not in document:
        document["tags"] = dict(job.tags)
    dependencies = [entry for entry in list_at(document, "dependsOn") if not _is_step_reference(entry)]
    dropped = len(list_at(document, "dependsOn")) - len(dependencies)
    if dropped and dependencies:
        document["dependsOn"] = dependencies
    elif dropped:
        del document["dependsOn"]
    return document, dropped


def _is_step_reference(entry: object) -> bool:
    return is_object(entry) and bool(text_at(entry, "jobId")) and not is_job_id(entry["jobId"])


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
