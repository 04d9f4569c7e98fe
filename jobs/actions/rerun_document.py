"""The document of a job that runs again as a new submission."""

from dataclasses import dataclass

from jobs.models import Job
from jobs.spec import forms
from jobs.spec.documents import Document, DocumentKind, is_object, list_at, text_at
from jobs.spec.patch import copy_json
from jobs.spec.rules.dependencies import is_job_id


@dataclass(frozen=True)
class RerunDocument:
    original: Document
    """As submitted; not masked."""
    document: Document
    """With the revision set; not masked."""
    dropped_dependencies: int
    """Dependencies on steps of its workflow."""

    @property
    def is_pinned(self) -> bool:
        """Return whether the document names a revision."""
        return bool(forms.read_values(self.document, forms.JOB_FIELDS)["revision"])


def rerun_document(job: Job, newest: int | None, revision_choice: str = "") -> RerunDocument:
    """Pin the revision of that run unless it is the newest, or `revision_choice` is “latest”.

    `newest` is the newest runnable revision of its definition.
    """
    original, dropped = _submitted_document(job)
    document = original
    name = forms.read_values(document, forms.JOB_FIELDS)["definition"]
    revision = str(job.revision.number or "")
    by_name = isinstance(name, str) and name == job.revision.definition.name
    if by_name and revision_choice == "latest":
        document = forms.apply_changes(document, forms.JOB_FIELDS, {"revision": ""})
    elif by_name and newest is not None and newest != job.revision.number and revision:
        document = forms.apply_changes(document, forms.JOB_FIELDS, {"revision": revision})
    return RerunDocument(original, document, dropped)


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
