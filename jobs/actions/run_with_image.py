"""Runs with another image: a new revision, then, in its own transaction, the job."""

import json

from jobs.access import Member
from jobs.actions import masked_source
from jobs.actions.drafts import mark_sent
from jobs.actions.register import register
from jobs.actions.submit import JobRerun, submit
from jobs.models import Draft, Registration, Revision, Submission
from jobs.spec.parsing.parser import parse
from jobs.spec.patch import copy_json


def register_with_image(revision: Revision, image: str, member: Member) -> Revision:
    """Raise ValidationFailedError."""
    document = copy_json(revision.document)
    document["containerProperties"]["image"] = image
    return register(json.dumps(document), member, account=revision.definition.account).revision


def attach_revision(draft: Draft, revision: Revision) -> None:
    Draft.objects.filter(pk=draft.pk).update(revision=revision)
    draft.revision = revision


def find_submission(member: Member, text_id: str) -> Submission | None:
    submissions = Submission.objects.filter(team=member.team, person=member.user)
    return submissions.filter(request_key=_request_key(text_id)).first()


def submit_pending(draft: Draft, member: Member) -> Submission | None:
    """Submit once AWS has registered the revision; idempotent.

    Raise DocumentParseError, ValidationFailedError or IdempotencyConflictError.
    """
    if draft.revision is None or draft.revision.registration != Registration.REGISTERED:
        return None
    document = {
        **parse(masked_source.restore_masked(draft.text, member, draft.again)).document,
        "jobDefinition": draft.revision.qualified_name,
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    source = "rerun" if draft.again else "form"
    origin = JobRerun.find(member, draft.again)
    submission = submit(text, member, source=source, request_key=_request_key(draft.text_id), origin=origin)
    mark_sent(member, draft.text_id, draft.kind, draft.text, source_id=draft.again)
    return submission


def _request_key(text_id: str) -> str:
    return f"draft-{text_id}"
