"""Original values for masked documents."""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from jobs import access
from jobs.access import Member
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
    try:
        job, _ = access.job(member.user, text_id, permission="reveal")
    except (Http404, PermissionDenied):
        pass
    else:
        job_document: Document = {**job.document, "tags": job.tags, **job.submission.document}
        return job.document if "jobs" in job_document else job_document
    try:
        submission, _ = access.submission(member.user, text_id, permission="reveal")
    except (Http404, PermissionDenied):
        pass
    else:
        submission_document: Document = submission.document
        return submission_document
    try:
        version, _ = access.template_version(member.user, text_id, permission="reveal")
    except (Http404, PermissionDenied):
        pass
    else:
        template_document: Document = version.document
        return template_document
    try:
        form_version, _ = access.launch_form_version(member.user, text_id, permission="reveal")
    except (Http404, PermissionDenied):
        pass
    else:
        form_document: Document = form_version.document
        return form_document
    try:
        definition, _ = access.definition(member.user, text_id, permission="reveal")
    except (Http404, PermissionDenied):
        return None
    revision = definition.revisions.first()
    return revision.document if revision else None
