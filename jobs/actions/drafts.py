"""Drafts: texts stored while people type, and for a day after they were sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from jobs.access import Member
from jobs.models import Draft, Submission
from jobs.models.ids import from_text

MOST = 50
"""Drafts of a person, over all teams; older ones are deleted."""
LARGEST = 256 * 1024
"""Largest text in bytes: ten times what AWS allows for a document."""
LISTED = 3
SENT_MOST = 10
"""Sent texts of a person that are stored for the Back button."""
SENT_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Kept:
    """Outcome of saving a draft: when it was saved or why not, and which drafts were deleted to make room."""

    at: datetime | None
    text_id: str
    why_not: str = ""
    gone: tuple[str, ...] = ()


def keep(
    member: Member,
    text_id: str,
    kind: str,
    text: str,
    *,
    name: str = "",
    again: str = "",
    create: bool = True,
    request_key: str = "",
) -> Kept | None:
    """Save a text under the id of its page. None if there is nothing to save.

    Without `create` only an existing draft is updated. A text that arrives after the submission with its request key
    is ignored.
    """
    member.must("submit")
    if len(text.encode()) > LARGEST:
        return Kept(None, text_id, f"It is not kept as a draft: it has more than {LARGEST // 1024} KiB.")
    if "\0" in text:
        return Kept(None, text_id, "It is not kept as a draft: there is a NUL character in it.")
    saved_at = now()
    fields = {"kind": kind, "text": text, "again": again[:64], "updated_at": saved_at}
    if name:  # a text that is not a document for a while keeps its name
        fields["name"] = name[:128]
    drafts = Draft.objects.filter(person=member.user, team=member.team, public_id=from_text(text_id))
    if drafts.unsent().update(**fields):
        return Kept(saved_at, text_id)
    if not create or not text.strip():
        return None
    if request_key and Submission.objects.filter(team=member.team, request_key=request_key).exists():
        return None
    if drafts.sent().filter(text=text).exists():
        return None
    with transaction.atomic():
        Draft.objects.update_or_create(
            person=member.user,
            team=member.team,
            public_id=from_text(text_id),
            defaults={**fields, "sent_at": None},
            create_defaults=fields,
        )
        excess = list(Draft.objects.unsent().filter(person=member.user).only("name")[MOST : MOST + MOST])
        Draft.objects.filter(pk__in=[draft.pk for draft in excess]).delete()
    return Kept(saved_at, text_id, gone=tuple(str(draft) for draft in excess))


def mark_sent(member: Member, text_id: str, kind: str, text: str, *, again: str = "") -> None:
    """Store what was sent from a page, so that the Back button still shows it.

    It is no longer a draft. It is deleted after a day, or when the person has sent SENT_MOST others.
    """
    if len(text.encode()) > LARGEST or "\0" in text:
        discard(member, text_id)
        return
    sent_at = now()
    fields = {"kind": kind, "text": text, "again": again[:64], "updated_at": sent_at, "sent_at": sent_at}
    drafts = Draft.objects.filter(person=member.user)
    with transaction.atomic():
        Draft.objects.update_or_create(
            person=member.user, team=member.team, public_id=from_text(text_id), defaults=fields
        )
        excess = list(drafts.sent().order_by("-sent_at").values_list("pk", flat=True)[SENT_MOST : 2 * SENT_MOST])
        drafts.filter(Q(pk__in=excess) | Q(sent_at__lt=sent_at - SENT_FOR)).delete()


def sent(member: Member, text_id: str) -> Draft | None:
    """Return what the member sent from the page of that id, or None."""
    drafts = Draft.objects.visible_to(member.user).sent().filter(team=member.team, public_id=from_text(text_id))
    return drafts.first()


def unsent(member: Member, text_id: str) -> Draft | None:
    """Return the member's draft of that id, or None."""
    drafts = Draft.objects.visible_to(member.user).unsent().filter(team=member.team, public_id=from_text(text_id))
    return drafts.first()


def discard(member: Member, text_id: str) -> bool:
    """Delete a draft. False if there was none."""
    drafts = Draft.objects.filter(person=member.user, team=member.team, public_id=from_text(text_id))
    return drafts.delete()[0] > 0


def newest(member: Member, limit: int = LISTED) -> list[Draft]:
    """Return the member's drafts in the team, newest first."""
    drafts = Draft.objects.unsent().filter(person=member.user, team=member.team)
    rows = drafts.defer("text").select_related("team")
    return list(rows[:limit])
