"""A job that runs with another image than its definition has: first a new revision, then the job on it.

Registering is for AWS to answer and may take a while, so the two are not one transaction. What is half done is a
revision more and a draft that waits for it, both in sight; whoever waits goes on from there, twice if need be, and
the job is submitted once.
"""

import json

from jobs.access import Member
from jobs.actions import masked_source
from jobs.actions.drafts import mark_sent
from jobs.actions.register import register
from jobs.actions.submit import accept
from jobs.models import Draft, Registration, Revision, Submission
from jobs.spec.parsing.parser import parse
from jobs.spec.patch import copy_json


def register_with_image(revision: Revision, image: str, member: Member) -> Revision:
    """The definition with another image, as its next revision. Raises Refused with the verdict on it."""
    document = copy_json(revision.document)
    document["containerProperties"]["image"] = image
    return register(json.dumps(document), member, account=revision.definition.account).revision


def wait_for(draft: Draft, revision: Revision) -> None:
    """The draft is to be submitted on this revision, once AWS has it."""
    Draft.objects.filter(pk=draft.pk).update(revision=revision)
    draft.revision = revision


def gone_on(member: Member, text_id: str) -> Submission | None:
    """What became of a draft that went on: the submission of its person."""
    submissions = Submission.objects.filter(team=member.team, person=member.user)
    return submissions.filter(request_key=_key(text_id)).first()


def go_on(draft: Draft, member: Member) -> Submission | None:
    """Submit the draft on the revision that it waited for. None: AWS has not registered it.

    Twice is once. Raises DocumentParseError, Refused, or KeyReusedError like `accept`.
    """
    if draft.revision is None or draft.revision.registration != Registration.REGISTERED:
        return None
    document = {
        **parse(masked_source.whole(draft.text, member, draft.again)).document,
        "jobDefinition": draft.revision.pinned,
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    source = "rerun" if draft.again else "form"
    submission = accept(text, member, source=source, request_key=_key(draft.text_id))
    mark_sent(member, draft.text_id, draft.kind, draft.text, again=draft.again)
    return submission


def _key(text_id: str) -> str:
    return f"draft-{text_id}"
