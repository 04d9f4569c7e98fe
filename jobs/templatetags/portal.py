"""How things look everywhere: a status, an icon, a moment, a span of time, an id, a document.

Times are written twice: in words for reading and in full for looking up, so that a page is right without scripts;
`static/js/time.js` only keeps the words fresh.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now

from jobs.access import Act, Member
from jobs.models.ids import to_text
from jobs.reports import approvals
from jobs.spec.forms import units
from jobs.states import Status

register = template.Library()

SHORT_ID = 10
"""So many characters of an id are shown; the whole is in its title and in the clipboard."""


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite. Silent for screen readers, unless it has a label because no word stands beside it."""
    href = f"{static('icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


@register.simple_tag
def status(value: Status) -> SafeString:
    """A status as people know it: icon, word and colour, so that none of them is needed alone."""
    return format_html(
        '<span class="st st-{}" title="{}">{}<span>{}</span></span>',
        value.tone,
        value.meaning,
        icon(value.icon),
        value.label,
    )


@register.filter
def ago(at: datetime | None) -> SafeString | str:
    """How long ago something was, with the moment itself behind it."""
    if at is None:
        return "—"
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        at.astimezone(UTC).isoformat(timespec="seconds"),
        absolute(at),
        _ago_in_words(at),
    )


@register.filter
def absolute(at: datetime | None) -> str:
    """A moment in full: 2026-11-22 13:05:09 UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "—"


@register.filter
def clock(at: datetime) -> SafeString:
    """The time of day to the second, with the day behind it: for rows of what happened within minutes."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.astimezone(UTC).isoformat(timespec="seconds"),
        absolute(at),
        f"{at.astimezone(UTC):%H:%M:%S}",
    )


@register.filter
def time_of_day(at: datetime) -> SafeString:
    """A time of today, to the minute: 14:05 UTC. Of another day, with its date."""
    at = at.astimezone(UTC)
    day = "" if at.date() == now().astimezone(UTC).date() else f"{at:%b} {at.day}, "
    return format_html(
        '<time datetime="{}" title="{}">{}{} UTC</time>',
        at.isoformat(timespec="seconds"),
        absolute(at),
        day,
        f"{at:%H:%M}",
    )


def _ago_in_words(at: datetime) -> str:
    seconds = int((now() - at).total_seconds())
    if seconds < 5:
        return "just now"
    for limit, size, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (7 * 86400, 86400, "d")):
        if seconds < limit:
            return f"{seconds // size} {unit} ago"
    return f"{at.astimezone(UTC):%-d %b %Y}"


@register.simple_tag
def duration(start: datetime | None, end: datetime | None = None) -> SafeString | str:
    """How long something took, or takes so far when it has no end; then the page counts on."""
    if start is None:
        return "—"
    text = span_in_words((end or now()).timestamp() - start.timestamp())
    if end is not None:
        return format_html('<span class="num">{}</span>', text)
    since = start.astimezone(UTC).isoformat(timespec="seconds")
    return format_html('<span class="num" data-since="{}">{}</span>', since, text)


def span_in_words(seconds: float) -> str:
    """4s, 1m 04s, 2h 03m, 3d 04h: two units at most, so that columns stay narrow."""
    whole = max(0, int(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days}d {hour:02}h"
    if hours:
        return f"{hours}h {minute:02}m"
    return f"{minutes}m {second:02}s" if minutes else f"{second}s"


@register.filter
def span(length: timedelta | float | None) -> str:
    """A length of time by itself: 4m 10s. A number is seconds."""
    if length is None:
        return "—"
    return span_in_words(length.total_seconds() if isinstance(length, timedelta) else length)


@register.filter
def in_time(seconds: object) -> str:
    """Seconds of a document as people write them in a form: 10 h."""
    return units.seconds_in_words(int(str(seconds))) if units.WHOLE.fullmatch(str(seconds)) else str(seconds)


@register.filter
def in_memory(mib: object) -> str:
    """MiB of a document as people write them in a form: 16 GiB."""
    return units.mib_in_words(int(str(mib))) if units.WHOLE.fullmatch(str(mib)) else str(mib)


@register.simple_tag
def copy(value: str, label: str) -> SafeString:
    """A labelled chip: an id, shortened to be glanced at and whole to be copied."""
    text = str(value)
    short = text if len(text) <= SHORT_ID * 3 else f"{text[:SHORT_ID]}…{text[-4:]}"
    return format_html(
        '<span class="chip"><span class="chip-label">{}</span><code title="{}">{}</code>'
        '<button type="button" class="chip-copy" data-copy="{}" aria-label="Copy {}">{}</button></span>',
        label,
        text,
        short,
        text,
        label,
        icon("copy"),
    )


@register.filter
def pretty(document: Any) -> str:
    """A document as indented JSON. The template escapes it, as it does every text."""
    return json.dumps(document, indent=2, ensure_ascii=False)


@register.filter
def text_id(public_id: UUID) -> str:
    """A public id as people see it."""
    return to_text(public_id)


@register.simple_tag
def awaited(member: Member) -> str:
    """How many requests of the team wait for this person's word, as the badge has it; empty for none."""
    count = approvals.count_for(member.user, member.team)
    return f"{approvals.COUNTED}+" if count > approvals.COUNTED else str(count or "")


@register.filter
def may(member: Member | None, act: Act) -> bool:
    """Whether to offer an action; the action itself asks again."""
    return member is not None and member.may(act)
