"""What the portal decides where allauth lets one decide."""

import base64
import hashlib
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from jobs import second_factor
from jobs.models import User
from jobs.sessions import NO_ADDRESS

log = structlog.get_logger(__name__)

LATELY_SECONDS = 300


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "This name and password do not belong together. Both are case-sensitive.",
        "too_many_login_attempts": "That failed too often. Wait some minutes, then try again.",
        "rate_limited": "That failed too often. Wait some minutes, then try again.",
        "incorrect_password": "That is not your password.",
        "enter_current_password": "That is not your present password.",
        "invalid_password_reset": "This link has expired or was used. Ask for another one.",
    }

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        return False  # administrators add people

    def is_ajax(self, _request: HttpRequest) -> bool:
        return False  # these are pages, whoever asks

    def is_safe_url(self, url: str) -> bool:
        """Nobody is sent on to another host by signing in, nor to another of the portal's names."""
        request = context.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def get_client_ip(self, request: HttpRequest) -> str:
        """An address by which attempts are counted. Those without one (a socket of the machine) count together."""
        try:
            return str(super().get_client_ip(request))
        except PermissionDenied:
            return NO_ADDRESS

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Attempts are counted for a name *from an address*: nobody shuts another person out from elsewhere."""
        return f"{self.get_client_ip(request)} {credentials.get('username', '').lower()}"

    def is_reauthentication_required(self, *, app: str, **_: Any) -> bool:
        """Whoever has just signed in is not asked again at once."""
        if second_factor.signed_in_lately(context.request, LATELY_SECONDS):
            return False
        return bool(super().is_reauthentication_required(app=app))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:  # noqa: ARG002
        """No request sends mail: how long that takes would tell who is known. Raises RuntimeError."""
        raise RuntimeError(f"{template_prefix} must be sent by a task of jobs.mail.")


class FactorAdapter(DefaultMFAAdapter):
    """A copy of the database alone gives nobody a second factor: secrets are kept under the portal's own key."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": "You can't be without a second factor: the portal asks for one "
        "of administrators, and may of team leads.",
        "incorrect_code": "That code is not right, or was used before. A new one comes every 30 seconds.",
    }

    def get_totp_label(self, user: User) -> str:
        return user.username

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not second_factor.needed_by(authenticator.user)

    def encrypt(self, text: str) -> str:
        return _keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _keys().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            log.warning("second_factor_unreadable", hint="It was kept under a SECRET_KEY that is gone: reset it.")
            return str(generate_totp_secret())  # by which no code is right


def kept_anew(secret: str) -> str:
    """The same secret under the present key. Raises InvalidToken if no key opens it."""
    return _keys().rotate(secret.encode()).decode()


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"second factor" + secret.encode()).digest())
