"""Original values for masked documents."""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from jobs import access
from jobs.access import Member
from jobs.models import User
from jobs.spec.documents import Document
from jobs.spec.masked_source import restore_secrets
from jobs.spec.redaction import MASK


def restore_masked(text: str, member: Member, source_id: str) -> str:
    """Restore values that the person may reveal; others stay and fail validation. Raise DocumentParseError."""
    if MASK not in text or not source_id:
        return text
    document = _source_document(member, source_id)
    return text if document is None else restore_secrets(text, document)


def _source_document(member: Member, text_id: str) -> Document | None:
    for document_of in (_job, _submission, _template_version, _launch_form_version, _definition):
        try:
            return document_of(member.user, text_id)
        except (Http404, PermissionDenied):
            continue
    return None


def _job(user: User, text_id: str) -> Document:
    job, _ = access.job(user, text_id, permission="reveal")
    document: Document = {**job.document, "tags": job.tags, **job.submission.document}
    return job.document if "jobs" in document else document


def _submission(user: User, text_id: str) -> Document:
    document: Document = access.submission(user, text_id, permission="reveal")[0].document
    return document


def _template_version(user: User, text_id: str) -> Document:
    document: Document = access.template_version(user, text_id, permission="reveal")[0].document
    return document


def _launch_form_version(user: User, text_id: str) -> Document:
    document: Document = access.launch_form_version(user, text_id, permission="reveal")[0].document
    return document


def _definition(user: User, text_id: str) -> Document | None:
    revision = access.definition(user, text_id, permission="reveal")[0].revisions.first()
    return revision.document if revision else None
