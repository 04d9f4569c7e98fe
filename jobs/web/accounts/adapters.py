"""The portal's adapters for django-allauth."""

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
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from jobs import second_factor
from jobs.audit.context import client_address
from jobs.models import User
from jobs.sessions import NO_ADDRESS

log = structlog.get_logger(__name__)

RECENT_SIGN_IN_SECONDS = 300


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "Incorrect username or password. Both are case-sensitive.",
        "too_many_login_attempts": "Too many failed attempts. Wait a few minutes, then try again.",
        "rate_limited": "Too many failed attempts. Wait a few minutes, then try again.",
        "incorrect_password": "Incorrect password.",
        "enter_current_password": "Incorrect current password.",
        "invalid_password_reset": "This link has expired or was already used. Request a new one.",
    }

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        return False  # administrators create accounts

    def is_ajax(self, _request: HttpRequest) -> bool:
        return False  # always a page, also for scripts

    def is_safe_url(self, url: str) -> bool:
        """Return whether it is a URL of this host."""
        request = context.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def get_client_ip(self, request: HttpRequest) -> str:
        """Let those without an address (a Unix socket) share one."""
        return client_address(request) or NO_ADDRESS

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count by name *and* address, so that no one can lock out another person."""
        return f"{self.get_client_ip(request)} {credentials.get('username', '').lower()}"

    def is_reauthentication_required(self, *, app: str, **_: Any) -> bool:
        if second_factor.is_recently_authenticated(context.request, RECENT_SIGN_IN_SECONDS):
            return False
        return bool(super().is_reauthentication_required(app=app))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:  # noqa: ARG002
        """Raise RuntimeError: the time of a mail would reveal who has an account."""
        raise RuntimeError(f"{template_prefix} must be sent by a task of jobs.mail.")


class MfaAdapter(DefaultMFAAdapter):
    """Encrypts secrets, so that a copy of the database yields none."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": "Your role requires a second factor, so you can't remove it.",
        "incorrect_code": "Incorrect or already used code. Enter the code your app shows now.",
    }

    def get_totp_label(self, user: User) -> str:
        return user.username

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not second_factor.is_required(authenticator.user)

    def encrypt(self, text: str) -> str:
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _fernet().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            log.warning(
                "second_factor_unreadable",
                hint="Encrypted with a SECRET_KEY that is no longer configured. Reset the second factor.",
            )
            return str(generate_totp_secret())  # no code matches it


def reencrypt(secret: str) -> str:
    """Raise InvalidToken if no key decrypts it."""
    return _fernet().rotate(secret.encode()).decode()


def _fernet() -> MultiFernet:
    return MultiFernet(
        [Fernet(_derive_key(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _derive_key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"second factor" + secret.encode()).digest())
