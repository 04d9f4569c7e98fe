"""Drafts, kept for a day after they were sent."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from jobs.access import Member
from jobs.models import Draft, Submission
from jobs.models.ids import from_text, new_id, to_text
from jobs.spec.parsing.parser import MAX_TEXT_BYTES

MAX_DRAFTS = 50
"""Of a person, over all teams; older ones are deleted."""
RECENT_LIMIT = 3
MAX_SENT = 10
"""Sent texts of a person, stored for the Back button."""
SENT_RETENTION = timedelta(days=1)


@dataclass(frozen=True)
class DraftSaveResult:
    saved_at: datetime | None
    text_id: str
    problem: str = ""
    deleted_names: tuple[str, ...] = ()
    is_copy: bool = False
    """Saved under a new id, because the draft was changed elsewhere since the page read it."""

    @property
    def version(self) -> str:
        return self.saved_at.isoformat() if self.saved_at else ""


def save_draft(
    member: Member,
    text_id: str,
    kind: str,
    text: str,
    *,
    name: str = "",
    source_id: str = "",
    create: bool = True,
    request_key: str = "",
    version: str = "",
) -> DraftSaveResult | None:
    """Save a text under the id of its page. None if there is nothing to save.

    A text that arrives after its submission is ignored. If another text than `version` was saved since, this one
    becomes a new draft.
    """
    member.require("submit")
    if len(text.encode()) > MAX_TEXT_BYTES:
        return DraftSaveResult(
            None, text_id, f"Not saved as a draft: the text is larger than {MAX_TEXT_BYTES // 1024**2} MiB."
        )
    if "\0" in text:
        return DraftSaveResult(None, text_id, "Not saved as a draft: the text has a NUL character.")
    saved_at = now()
    fields = {"kind": kind, "text": text, "again": source_id[:64], "updated_at": saved_at}
    if name:  # a text that is not a document for a while keeps its name
        fields["name"] = name[:128]
    drafts = Draft.objects.filter(person=member.user, team=member.team, public_id=from_text(text_id))
    unsent = drafts.unsent()
    if (unsent.filter(updated_at=version) if _is_version(version) else unsent).update(**fields):
        return DraftSaveResult(saved_at, text_id)
    if _is_version(version) and (newer := unsent.first()):
        if newer.text == text:
            return DraftSaveResult(newer.updated_at, text_id)
        copy = save_draft(member, to_text(new_id()), kind, text, name=name, source_id=source_id)
        return replace(copy, is_copy=True) if copy else None
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
        excess = list(
            Draft.objects.unsent().filter(person=member.user).only("name")[MAX_DRAFTS : MAX_DRAFTS + MAX_DRAFTS]
        )
        Draft.objects.filter(pk__in=[draft.pk for draft in excess]).delete()
    return DraftSaveResult(saved_at, text_id, deleted_names=tuple(str(draft) for draft in excess))


def _is_version(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def mark_sent(member: Member, text_id: str, kind: str, text: str, *, source_id: str = "") -> None:
    if len(text.encode()) > MAX_TEXT_BYTES or "\0" in text:
        delete_draft(member, text_id)
        return
    sent_at = now()
    fields = {"kind": kind, "text": text, "again": source_id[:64], "updated_at": sent_at, "sent_at": sent_at}
    drafts = Draft.objects.filter(person=member.user)
    with transaction.atomic():
        Draft.objects.update_or_create(
            person=member.user, team=member.team, public_id=from_text(text_id), defaults=fields
        )
        excess = list(drafts.sent().order_by("-sent_at").values_list("pk", flat=True)[MAX_SENT : 2 * MAX_SENT])
        drafts.filter(Q(pk__in=excess) | Q(sent_at__lt=sent_at - SENT_RETENTION)).delete()


def sent_draft(member: Member, text_id: str) -> Draft | None:
    drafts = Draft.objects.visible_to(member.user).sent().filter(team=member.team, public_id=from_text(text_id))
    return drafts.first()


def unsent_draft(member: Member, text_id: str) -> Draft | None:
    drafts = Draft.objects.visible_to(member.user).unsent().filter(team=member.team, public_id=from_text(text_id))
    return drafts.first()


def delete_draft(member: Member, text_id: str) -> bool:
    drafts = Draft.objects.filter(person=member.user, team=member.team, public_id=from_text(text_id))
    return drafts.delete()[0] > 0


def delete_drafts(member: Member) -> int:
    """Return the number. What was sent stays for the Back button."""
    return Draft.objects.unsent().filter(person=member.user, team=member.team).delete()[0]


def recent_drafts(member: Member, limit: int = RECENT_LIMIT) -> list[Draft]:
    drafts = Draft.objects.unsent().filter(person=member.user, team=member.team)
    rows = drafts.defer("text").select_related("team")
    return list(rows[:limit])
