"""Session expiry.

A script's GET doesn't count as use: a page that polls must not keep its session alive.
"""

import random
import time
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.signals import password_changed, password_reset
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from jobs import sessions
from jobs.actions import sign_in
from jobs.models import User
from jobs.web.shell.auth import is_script_request

USED_AT_KEY = "used_at"
"""Session key for the time of the last stored use, in seconds since 1970."""
MAX_WRITE_INTERVAL_SECONDS = 300
SWEEP_PROBABILITY = 0.02
"""Share of sign-ins that delete what is left of expired sessions."""


class ActivityMiddleware:
    """Never loads a session that the response did not need."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        follow_session_key(request)
        session = request.session
        if session.accessed and session.session_key and SESSION_KEY in session and is_activity(request):
            _record_activity(request)
        return response


def is_activity(request: HttpRequest) -> bool:
    return request.method not in ("GET", "HEAD") or not is_script_request(request)


def _record_activity(request: HttpRequest) -> None:
    session, current_time = request.session, time.time()
    if current_time - session.get(USED_AT_KEY, 0) < min(MAX_WRITE_INTERVAL_SECONDS, settings.SESSION_COOKIE_AGE / 10):
        return
    session[USED_AT_KEY] = current_time
    session.set_expiry(settings.SESSION_COOKIE_AGE)  # the current setting, not that of the sign-in
    sessions.record_use(str(session.session_key), address=_client_address(request))


def follow_session_key(request: HttpRequest) -> None:
    """Follow a key that Django changed."""
    before, after = request.COOKIES.get(settings.SESSION_COOKIE_NAME), request.session.session_key
    if before and before != after:
        sessions.update_key(before, after, request.session.get(SESSION_KEY))


def end_other_sessions(request: HttpRequest, user: User) -> int:
    follow_session_key(request)
    return sign_in.end_other_sessions(user, request.session.session_key)


@receiver(user_logged_in, dispatch_uid="sessions")
def record_sign_in(*, request: HttpRequest, user: User, **_: Any) -> None:
    request.session[USED_AT_KEY] = time.time()
    if not request.session.session_key:
        request.session.save()
    agent = request.META.get("HTTP_USER_AGENT", "")
    sessions.record_sign_in(
        user, str(request.session.session_key), address=_client_address(request), user_agent=agent
    )
    if random.random() < SWEEP_PROBABILITY:
        sessions.delete_expired()


@receiver([password_changed, password_reset], dispatch_uid="password of one's own")
def clear_must_change_password(*, user: User, **_: Any) -> None:
    sign_in.clear_must_change_password(user)


@receiver(
    [password_changed, password_reset, authenticator_added, authenticator_removed, authenticator_reset],
    dispatch_uid="sessions",
)
def end_sessions_on_credential_change(*, request: HttpRequest, user: User, **_: Any) -> None:
    end_other_sessions(request, user)


def _client_address(request: HttpRequest) -> str:
    return str(get_adapter().get_client_ip(request))
