"""Tags and filters of the pages."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.timezone import now

from jobs.access import Member, TeamPermission
from jobs.models.ids import to_text
from jobs.models.job import Period
from jobs.reports import approvals
from jobs.spec.forms import units
from jobs.states import Status

register = template.Library()

SHORT_ID_LENGTH = 10
"""Title and clipboard have all characters."""

MAX_ROW_TAGS = 3
"""Of a job in a list; the others are in a title."""


@register.simple_tag
@lru_cache(maxsize=512)  # a page has more than a hundred
def icon(name: str, label: str = "") -> SafeString:
    """Hide an icon without a label from screen readers."""
    href = f"{static('icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


@register.simple_tag
@lru_cache(maxsize=64)
def status(value: Status) -> SafeString:
    """Render icon, word and colour, so that none of them is needed alone."""
    return format_html(
        '<span class="st st-{}" title="{}">{}<span>{}</span></span>',
        value.tone,
        value.meaning,
        icon(value.icon),
        value.label,
    )


@register.simple_tag
def details_button(url: str, job_id: str, name: str) -> SafeString:
    """Render the button that opens the details of a job below its row."""
    return format_html(
        '<button type="button" class="row-open needs-script" id="details-{}" data-row-details="{}"'
        ' aria-expanded="false" aria-label="Details of {}" title="Details">{}</button>',
        job_id,
        url,
        name,
        icon("chevron-down"),
    )


@register.simple_tag
def options(values: Sequence[str], selection: str = "") -> SafeString:
    """Render the options of a select or datalist, and the selected one also if it isn't among the values."""
    all_values = values if not selection or selection in values else [*values, selection]
    choices = ((value, SafeString(" selected") if value == selection else "", value) for value in all_values)
    return format_html_join("", '<option value="{}"{}>{}</option>', choices)


@register.simple_tag
def row_tags(tags: Sequence[tuple[str, str]]) -> SafeString:
    """Render the first tags of a job as key and value, shortened."""
    titles = [f"{key} = {value}" for key, value in tags]
    first = format_html_join(
        "",
        '<span class="tag" title="{}"><span class="tag-key">{}</span> {}</span>',
        (
            (title, _shortened(key, 16), _shortened(value, 24))
            for title, (key, value) in zip(titles, tags[:MAX_ROW_TAGS], strict=False)
        ),
    )
    rest = titles[MAX_ROW_TAGS:]
    return (
        first + format_html('<span class="tag" title="{}">+{}</span>', ", ".join(rest), len(rest)) if rest else first
    )


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else Truncator(text).chars(length)


@register.filter
def ago(at: datetime | None) -> SafeString | str:
    if at is None:
        return "—"
    at = at.astimezone(UTC)
    time = at.isoformat(timespec="seconds")
    # A list has a hundred of them, and nothing in them needs escaping.
    return mark_safe(f'<time datetime="{time}" title="{absolute(at)}" data-ago>{_ago_text(at)}</time>')  # noqa: S308


@register.filter
def absolute(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "—"


@register.filter
def clock(at: datetime) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.astimezone(UTC).isoformat(timespec="seconds"),
        absolute(at),
        f"{at.astimezone(UTC):%H:%M:%S}",
    )


@register.filter
def exact_time(at: datetime) -> SafeString:
    at = at.astimezone(UTC)
    text = f"{at:%b} {at.day}, {at:%H:%M:%S}"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), absolute(at), text)


@register.filter
def time_of_day(at: datetime) -> SafeString:
    at = at.astimezone(UTC)
    day = "" if at.date() == now().astimezone(UTC).date() else f"{at:%b} {at.day}, "
    return format_html(
        '<time datetime="{}" title="{}">{}{} UTC</time>',
        at.isoformat(timespec="seconds"),
        absolute(at),
        day,
        f"{at:%H:%M}",
    )


def _ago_text(at: datetime) -> str:
    seconds = int((now() - at).total_seconds())
    if seconds < 5:
        return "just now"
    for limit, size, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (7 * 86400, 86400, "d")):
        if seconds < limit:
            return f"{seconds // size} {unit} ago"
    return f"{at.astimezone(UTC):%b %-d, %Y}"


@register.simple_tag
def duration(start: datetime | None, end: datetime | None = None) -> SafeString | str:
    """Let the page count on without an end."""
    if start is None:
        return "—"
    text = format_duration((end or now()).timestamp() - start.timestamp())
    if end is not None:
        return mark_safe(f'<span class="num">{text}</span>')  # noqa: S308 - numbers and units
    since = start.astimezone(UTC).isoformat(timespec="seconds")
    return format_html('<span class="num" data-since="{}">{}</span>', since, text)


@register.simple_tag
def period(times: Period | None) -> SafeString | str:
    return duration(*times) if times else "—"


def format_duration(seconds: float) -> str:
    """Format 2 h 3 min: two units at most, so that columns stay narrow."""
    total = max(0, int(seconds))
    minutes, second = divmod(total, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour} h" if hour else f"{days} d"
    if hours:
        return f"{hours} h {minute} min" if minute else f"{hours} h"
    if minutes:
        return f"{minutes} min {second} s" if second else f"{minutes} min"
    return f"{second} s"


@register.filter
def span(length: timedelta | float | None) -> str:
    if length is None:
        return "—"
    return format_duration(length.total_seconds() if isinstance(length, timedelta) else length)


@register.filter
def seconds_text(seconds: object) -> str:
    return units.format_seconds(int(str(seconds))) if units.WHOLE_NUMBER.fullmatch(str(seconds)) else str(seconds)


@register.filter
def mib_text(mib: object) -> str:
    return units.format_mib(int(str(mib))) if units.WHOLE_NUMBER.fullmatch(str(mib)) else str(mib)


@register.simple_tag
def copy(value: str, label: str, url: str = "") -> SafeString:
    """Render an id as a chip: its label, the id shortened, linked to its page if it has one, and a copy button."""
    return format_html(
        '<span class="chip"><span class="chip-label">{}</span>{}</span>', label, copyable(value, label, url)
    )


@register.simple_tag
def copyable(value: str, label: str, url: str = "") -> SafeString:
    """Render an id shortened, of an ARN its name, with a button that copies it."""
    text = str(value)
    short = text.rpartition("/")[2] if text.startswith("arn:") else text
    short = short if len(short) <= SHORT_ID_LENGTH * 3 else f"{short[:SHORT_ID_LENGTH]}…{short[-4:]}"
    code = format_html('<code title="{}">{}</code>', text, short)
    return format_html(
        '{}<button type="button" class="chip-copy" data-copy="{}" aria-label="Copy {}">{}</button>',
        format_html('<a href="{}">{}</a>', url, code) if url else code,
        text,
        label,
        icon("copy"),
    )


@register.filter
def pretty(document: Any) -> str:
    """Return text that the template escapes."""
    return json.dumps(document, indent=2, ensure_ascii=False)


@register.filter
def text_id(public_id: UUID) -> str:
    return to_text(public_id)


@register.simple_tag
def pending_approvals(member: Member) -> str:
    count = approvals.count_to_decide(member.user, member.team)
    return f"{approvals.COUNT_LIMIT}+" if count > approvals.COUNT_LIMIT else str(count or "")


@register.filter
def may(member: Member | None, permission: TeamPermission) -> bool:
    """Return whether to offer an action; the action itself checks again."""
    return member is not None and member.can(permission)
