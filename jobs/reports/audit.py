"""Audit entries for display, newest first, with names and differences."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from jobs.audit import ACTION_LABELS, CHANNEL_LABELS
from jobs.models import ApiToken, AuditEntry, Membership, Team, User
from jobs.models.ids import from_text, to_text
from jobs.models.pagination import InvalidPageCursorError, Key, KeysetPage, paginate
from jobs.spec.diff import diff_documents
from jobs.spec.documents import is_object

PAGE_SIZE = 50
MAX_SUGGESTIONS = 200
MAX_REORDERING = timedelta(hours=1)
"""More than the clocks of several machines differ, and than a transaction takes."""
PORTAL = "-"
"""The portal as a whole, in the place of a team's name in URLs."""

_PERSON = re.compile(r"\bperson ([0-9a-v]{26})\b")
_OBJECTS = {
    "submit": "submission",
    "apply": "account",
    "let go": "audit",
    "sign in": "user",
    "fail to sign in": "user",
    "sign out": "user",
}
"""Nouns that their action implies."""
_NOUN_LABELS = {"api token": "API token"}
_FIELD_LABELS = {
    "going": "stopped jobs",
    "more going": "more stopped jobs",
    "written as": "source",
    "sha256 of the text": "document SHA-256",
    "set-up code": "second factor setup code",
}
"""Fields in entries of earlier versions."""
_PAGES = {
    "submission": "submission",
    "job": "job",
    "definition": "definition",
    "workflow template": "template",
    "launch form": "launch_form",
}


@dataclass(frozen=True)
class AuditFilter:
    team: str = ""
    person: str = ""
    act: str = ""
    about: str = ""
    since: date | None = None
    until: date | None = None
    """Days in UTC, both included."""

    @property
    def is_set(self) -> bool:
        return any((self.team, self.person, self.act, self.about, self.since, self.until))


@dataclass(frozen=True)
class AuditChange:
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class AuditRow:
    number: int
    at: datetime
    team: Team | None
    person: str
    person_id: str
    token: str
    action: str
    noun: str
    label: str
    object_id: str
    url: str
    channel: str
    address: str
    changes: list[AuditChange]

    @property
    def channel_label(self) -> str:
        return CHANNEL_LABELS.get(self.channel, self.channel)

    @property
    def phrase(self) -> str:
        label = ACTION_LABELS.get(self.action, self.action.capitalize())
        if self.noun in ("", _OBJECTS.get(self.action)):
            return label
        return f"{label} {_NOUN_LABELS.get(self.noun, self.noun)}"


def audit_page(
    team: Team | None, filters: AuditFilter, *, before: str = "", rows: int = PAGE_SIZE
) -> KeysetPage[AuditRow]:
    """Return entries older than `before`; without a team, of all and the portal. Raise InvalidPageCursorError."""
    entries = audit_entries(team, filters).select_related("team")
    page = paginate(entries, "-pk", size=rows, cursor_of=_cursor, after=_key(team, before))
    return page.with_rows(audit_rows(page.rows))


def rows_about(team: Team, object_ids: Collection[str], *, rows: int = PAGE_SIZE) -> list[AuditRow]:
    """Return the team's newest entries about these objects."""
    entries = AuditEntry.objects.filter(team=team, object_id__in=object_ids).select_related("team")
    return audit_rows(list(entries.order_by("-pk")[:rows]))


def audit_entries(team: Team | None, filters: AuditFilter) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.all() if team is None else AuditEntry.objects.filter(team=team)
    if filters.team and team is None:
        entries = entries.filter(team=None) if filters.team == PORTAL else entries.filter(team__slug=filters.team)
    if filters.act:
        entries = entries.filter(action=filters.act)
    if filters.about:
        entries = entries.filter(Q(object_id=filters.about) | Q(label=filters.about))
    if filters.person:
        person = _person_id(filters.person)
        entries = entries.filter(person=person) if person else entries.none()
    return entries_between(entries, filters.since, filters.until)


def entries_between(
    entries: QuerySet[AuditEntry], since: date | None, until: date | None = None
) -> QuerySet[AuditEntry]:
    """Keep the entries of the days, in UTC.

    They are written in the order of their time, so bounds of the key let each index find them: without the bounds
    a page of an old day would read all that came after it.
    """
    if since:
        start = datetime.combine(since, time(), UTC)
        first = AuditEntry.objects.filter(created_at__gte=start - MAX_REORDERING).order_by("created_at", "pk")
        entries = entries.filter(created_at__gte=start, pk__gte=first.values("pk")[:1])
    if until and until < date.max:
        end = datetime.combine(until + timedelta(days=1), time(), UTC)
        last = AuditEntry.objects.filter(created_at__lt=end + MAX_REORDERING).order_by("-created_at", "-pk")
        entries = entries.filter(created_at__lt=end, pk__lte=last.values("pk")[:1])
    return entries


def member_usernames(team: Team) -> list[str]:
    members = Membership.objects.filter(team=team).order_by("user__username")
    return list(members.values_list("user__username", flat=True)[:MAX_SUGGESTIONS])


def _person_id(text: str) -> UUID | None:
    """Make unknown users indistinguishable from inactive ones."""
    public_id = User.objects.filter(username=text).values_list("public_id", flat=True).first()
    if public_id:
        return public_id
    try:
        return from_text(text)
    except ValueError:
        return None


def _cursor(entry: AuditEntry) -> str:
    return f"{entry.team.slug if entry.team else PORTAL}.{entry.number}"


def _key(team: Team | None, cursor: str) -> Key | None:
    if not cursor:
        return None
    slug, _, number = cursor.rpartition(".")
    if not (number.isdecimal() and number.isascii() and len(number) < 19) or (team and slug != team.slug):
        raise InvalidPageCursorError(cursor)
    entries = AuditEntry.objects.filter(team=None) if slug == PORTAL else AuditEntry.objects.filter(team__slug=slug)
    key = entries.filter(number=int(number)).values_list("pk").first()
    if key is None:
        raise InvalidPageCursorError(cursor)
    return key


def audit_rows(entries: list[AuditEntry]) -> list[AuditRow]:
    entry_changes = [(entry, list(_changes(entry))) for entry in entries]
    names = _user_names(entry_changes)
    tokens = _token_names(entries)
    return [_row(entry, changes, names, tokens) for entry, changes in entry_changes]


def _row(
    entry: AuditEntry, changes: list[AuditChange], names: Mapping[UUID, str], tokens: Mapping[UUID, str]
) -> AuditRow:
    label = entry.label
    if entry.noun == "user" and entry.object_id:
        label = names.get(from_text(entry.object_id), entry.object_id)
    return AuditRow(
        number=entry.number,
        at=entry.created_at,
        team=entry.team,
        person=names.get(entry.person, to_text(entry.person)) if entry.person else "",
        person_id=to_text(entry.person) if entry.person else "",
        token=tokens.get(entry.token, to_text(entry.token)) if entry.token else "",
        action=entry.action,
        noun=entry.noun,
        label=label,
        object_id=entry.object_id,
        url=reverse(_PAGES[entry.noun], args=[entry.object_id]) if entry.noun in _PAGES else "",
        channel=entry.channel,
        address=entry.address,
        changes=[
            AuditChange(change.name, _with_names(change.before, names), _with_names(change.after, names))
            for change in changes
        ],
    )


def _changes(entry: AuditEntry) -> Iterator[AuditChange]:
    before, after = (json.loads(text) if text else None for text in (entry.before, entry.after))
    if is_object(before) and is_object(after):
        for difference in diff_documents(before, after):
            name = " › ".join(
                part.replace("~1", "/").replace("~0", "~") for part in difference.pointer.split("/")[1:]
            )
            yield AuditChange(name, _value_text(difference.before), _value_text(difference.after))
        return
    for name, value in (before or {}).items():
        yield AuditChange(_FIELD_LABELS.get(name, name), _value_text(value), None)
    for name, value in (after or {}).items():
        yield AuditChange(_FIELD_LABELS.get(name, name), None, _value_text(value))


def _value_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, indent=2, ensure_ascii=False)


def _user_names(entry_changes: Iterable[tuple[AuditEntry, list[AuditChange]]]) -> dict[UUID, str]:
    ids: set[UUID] = set()
    for entry, changes in entry_changes:
        if entry.person:
            ids.add(entry.person)
        if entry.noun == "user" and entry.object_id:
            ids.add(from_text(entry.object_id))
        for change in changes:
            for text in (change.before, change.after):
                ids.update(map(from_text, _PERSON.findall(text or "")))
    return {user.public_id: user.display_name for user in User.objects.filter(public_id__in=ids)} if ids else {}


def _token_names(entries: list[AuditEntry]) -> dict[UUID, str]:
    ids = {entry.token for entry in entries if entry.token}
    return dict(ApiToken.objects.filter(public_id__in=ids).values_list("public_id", "name")) if ids else {}


def _with_names(text: str | None, names: Mapping[UUID, str]) -> str | None:
    if text is None:
        return None
    return _PERSON.sub(lambda match: names.get(from_text(match[1]), match[0]), text)
