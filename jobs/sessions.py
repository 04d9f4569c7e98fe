"""Sessions of signed-in users, and how they end."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils.timezone import now

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
"""Parts of a User-Agent; the first match counts, since most also contain those further down."""
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
NO_ADDRESS = "::"
"""The client on a Unix socket: the column takes addresses only."""


@dataclass(frozen=True)
class SignedInSession:
    """`text_id` identifies it in URLs; the key is a credential and stays here."""

    text_id: str
    device: str
    address: str
    started_at: datetime
    used_at: datetime
    is_current: bool


def record_sign_in(user: Any, key: str, *, address: str, user_agent: str) -> None:
    max_length = UserSession._meta.get_field("user_agent").max_length  # noqa: SLF001 - Django's documented API
    UserSession.objects.update_or_create(
        session_key=key,
        defaults={"user": user, "ip": address or NO_ADDRESS, "user_agent": user_agent.replace("\0", "")[:max_length]},
    )


def record_use(key: str, *, address: str) -> None:
    UserSession.objects.filter(session_key=key).update(last_seen_at=now(), ip=address or NO_ADDRESS)


def update_key(before: str, after: str | None, user_id: str | None) -> None:
    session = UserSession.objects.filter(session_key=before).first()
    if session is None:
        return
    if not after or str(session.user_id) != user_id:
        session.delete()
        return
    UserSession.objects.filter(session_key=after).delete()  # allauth may have begun one
    UserSession.objects.filter(pk=session.pk).update(session_key=after)


def active_sessions(user: Any, current_key: str | None) -> list[SignedInSession]:
    live_keys = Session.objects.filter(expire_date__gt=now()).values("session_key")
    rows = UserSession.objects.filter(user=user, session_key__in=live_keys).order_by("-last_seen_at", "-pk")
    sessions = [
        SignedInSession(
            text_id=_text_id(row.session_key),
            device=device_name(row.user_agent),
            address="" if row.ip == NO_ADDRESS else str(row.ip),
            started_at=row.created_at,
            used_at=row.last_seen_at,
            is_current=row.session_key == current_key,
        )
        for row in rows
    ]
    return sorted(sessions, key=lambda session: not session.is_current)


def end_session(user: Any, text_id: str) -> bool:
    keys = [key for key in _keys(user) if _text_id(key) == text_id]
    return bool(_end(keys))


def end_other_sessions(user: Any, current_key: str | None) -> int:
    return _end([key for key in _keys(user) if key != current_key])


def end_all_sessions(user: Any) -> int:
    return _end(_keys(user))


def delete_expired() -> None:
    Session.objects.filter(expire_date__lte=now()).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def device_name(user_agent: str) -> str:
    browser = next((name for token, name in BROWSERS if token in user_agent), "")
    system = next((name for token, name in SYSTEMS if token in user_agent), "")
    return " on ".join(filter(None, (browser, system))) or "Unknown browser"


def _keys(user: Any) -> list[str]:
    return list(UserSession.objects.filter(user=user).values_list("session_key", flat=True))


def _end(keys: list[str]) -> int:
    _, rows = Session.objects.filter(session_key__in=keys, expire_date__gt=now()).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    return rows.get("sessions.Session", 0)


def _text_id(key: str) -> str:
    return blake2b(key.encode(), digest_size=12, person=b"session id").hexdigest()
