"""A text that was begun with a masked document gets its values back when it is judged, submitted or registered.

Nobody has to see a secret to run a job again. The page and the draft go on holding the mask.
"""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from jobs import access
from jobs.access import Member
from jobs.spec.documents import Document
from jobs.spec.masked_source import restore_secrets
from jobs.spec.redaction import MASK


def whole(text: str, member: Member, source_id: str) -> str:
    """The text with the values of the job, submission or definition it was begun with, where they are masked.

    Only of what the person might see unmasked. What cannot be told stays masked, and the judge refuses it. Raises
    DocumentParseError.
    """
    if MASK not in text or not source_id:
        return text
    document = _document(member, source_id)
    return text if document is None else restore_secrets(text, document)


def _document(member: Member, text_id: str) -> Document | None:
    try:
        job, _ = access.job(member.user, text_id, may="reveal")
    except (Http404, PermissionDenied):
        pass
    else:
        job_document: Document = {**job.document, "tags": job.tags, **job.submission.document}
        return job.document if "jobs" in job_document else job_document
    try:
        submission, _ = access.submission(member.user, text_id, may="reveal")
    except (Http404, PermissionDenied):
        pass
    else:
        submission_document: Document = submission.document
        return submission_document
    try:
        definition, _ = access.definition(member.user, text_id, may="reveal")
    except (Http404, PermissionDenied):
        return None
    revision = definition.revisions.first()
    return revision.document if revision else None
