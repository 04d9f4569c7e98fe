"""Second factor: who must have one, and whether a session has verified it.

Outside the demo, staff need a code from the command line to set one up: a password alone must not do.
"""

import secrets
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from jobs import sessions
from jobs.models import Membership, Role

# allauth's name in a session's record. An identity provider that asks for a factor would add its own
AUTHENTICATION_METHOD = "mfa"

SET_UP_CODE_SECONDS = 30 * 60
CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without I, O, 0 and 1, which look alike."""
CODE_LENGTH = 16


def is_required(user: Any) -> bool:
    if settings.QUICKSTART:
        return False
    return bool(user.is_staff) or (settings.SECOND_FACTOR_FOR_LEADS and _is_lead(user))


def _is_lead(user: Any) -> bool:
    return bool(user.is_authenticated) and Membership.objects.filter(user_id=user.pk, role=Role.LEAD).exists()


def is_enrolled(user: Any) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists())


def is_missing(request: HttpRequest) -> bool:
    return is_required(request.user) and not _is_verified(request)


def _is_verified(request: HttpRequest) -> bool:
    records = get_authentication_records(request, request.user)
    times = [record["at"] for record in records if record.get("method") == AUTHENTICATION_METHOD]
    if not times:
        return False
    last_time = datetime.fromtimestamp(max(times), UTC)
    factors = Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.TOTP)
    return bool(factors.filter(created_at__lte=last_time).exists())


def mark_verified(request: HttpRequest) -> None:
    record_authentication(request, request.user, AUTHENTICATION_METHOD, type=str(Authenticator.Type.TOTP))


def is_recently_authenticated(request: HttpRequest, seconds: float) -> bool:
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < seconds


def next_step_url(request: HttpRequest) -> str:
    if not is_enrolled(request.user):
        return reverse("mfa_activate_totp")
    return f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.get_full_path()})}"


def needs_set_up_code(user: Any) -> bool:
    return bool(user.is_staff) and not settings.QUICKSTART


def create_set_up_code(user: Any) -> str:
    """Return a code that works once and soon, in place of any earlier one."""
    letters = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    cache.set(_code_key(user), _code_digest(user, letters), SET_UP_CODE_SECONDS)
    return "-".join(letters[at : at + 4] for at in range(0, CODE_LENGTH, 4))


def redeem_set_up_code(user: Any, code: str) -> bool:
    letters = "".join(letter for letter in code.upper() if letter in CODE_ALPHABET)
    digest = cache.get(_code_key(user))
    if not digest or not constant_time_compare(digest, _code_digest(user, letters)):
        return False
    return bool(cache.delete(_code_key(user)))  # of two at once, one deletes it


def _code_key(user: Any) -> str:
    return f"second-factor-set-up-{user.pk}"


def _code_digest(user: Any, letters: str) -> str:
    """Return a keyed hash, enough for the 80 random bits of a code."""
    return salted_hmac(f"second factor set-up {user.pk}", letters, algorithm="sha256").hexdigest()


def reset(user: Any) -> bool:
    count, _ = Authenticator.objects.filter(user_id=user.pk).delete()
    if count:
        sessions.end_all_sessions(user)
    return bool(count)
