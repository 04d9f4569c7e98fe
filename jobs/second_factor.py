"""The second factor: who must have one, and whether a session has shown it.

Staff see every team and set every limit: outside of the demo a password alone does not let them in. A session has
shown the factor if it was used in it since the one that the person has now was set up; so taking it away, or setting
up another one, counts from the next request.
"""

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from jobs import sessions

METHOD = (
    "mfa"  # as allauth calls it in a session's record. A provider of identities that asks for one would add its own
)


def needed_by(user: Any) -> bool:
    """Whether the person may do nothing without one."""
    return bool(user.is_staff) and not settings.QUICKSTART


def set_up_by(user: Any) -> bool:
    """Whether the person has one."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists())


def lacking(request: HttpRequest) -> bool:
    """Whether whoever is signed in must first set one up, or show it. Costs a query for staff alone."""
    return needed_by(request.user) and not _shown(request)


def _shown(request: HttpRequest) -> bool:
    told = get_authentication_records(request, request.user)
    moments = [record["at"] for record in told if record.get("method") == METHOD]
    if not moments:
        return False
    last = datetime.fromtimestamp(max(moments), UTC)
    factors = Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.TOTP)
    return bool(factors.filter(created_at__lte=last).exists())


def note_shown(request: HttpRequest) -> None:
    """Whoever has just set one up has shown it: a code of it was asked for."""
    record_authentication(request, request.user, METHOD, type=str(Authenticator.Type.TOTP))


def signed_in_lately(request: HttpRequest, seconds: float) -> bool:
    """Whether whoever is signed in gave a password or a code in this session a short while ago."""
    told = get_authentication_records(request, request.user)
    return bool(told) and time.time() - told[-1]["at"] < seconds


def way_on(request: HttpRequest) -> str:
    """Where whoever lacks it is sent: to set one up, or to show the one they have and come back."""
    if not set_up_by(request.user):
        return reverse("mfa_activate_totp")
    return f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.get_full_path()})}"


def take_away(user: Any) -> bool:
    """For someone whose phone is lost: they set up another one when they sign in. False: there was none.

    All their sessions end, since nobody can tell who has the phone.
    """
    gone, _ = Authenticator.objects.filter(user_id=user.pk).delete()
    if gone:
        sessions.end_all(user)
    return bool(gone)
