"""Additions to django-allauth's forms."""

from contextlib import suppress
from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ResetPasswordForm
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings as factors
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from cryptography.fernet import InvalidToken
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.forms import CharField
from django.http import HttpRequest

from jobs import mail, second_factor
from jobs.actions import sign_in
from jobs.models import User
from jobs.web.accounts.adapters import reencrypt


class SignInForm(LoginForm):
    """Its name field is called `username`, for password managers."""

    def add_prefix(self, field_name: str) -> str:
        return str(super().add_prefix("username" if field_name == "login" else field_name))


class PasswordResetRequestForm(ResetPasswordForm):
    def clean_email(self) -> str:
        return str(self.cleaned_data["email"])

    def save(self, request: HttpRequest, **_: Any) -> str:
        address = str(self.cleaned_data["email"])
        mail.request_password_reset(address, f"{request.scheme}://{request.get_host()}")
        return address


class PasswordChangeForm(ChangePasswordForm):
    def clean_password1(self) -> str:
        password = str(self.cleaned_data["password1"])
        if self.user.must_change_password and self.user.check_password(password):
            raise ValidationError("An administrator set this password. Choose a different one.")
        return password


class EnableMfaForm(ActivateTOTPForm):
    """Administrators also need a setup code."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if second_factor.needs_set_up_code(self.user):
            self.fields["set_up_code"] = CharField(max_length=40)

    def clean(self) -> dict[str, Any]:
        """Check the setup code last: checking consumes it."""
        cleaned: dict[str, Any] = super().clean()
        code = cleaned.get("set_up_code")
        if code is not None and not self.errors and not second_factor.redeem_set_up_code(self.user, code):
            self.add_error("set_up_code", "Incorrect, used or expired code. Setup codes are valid for 30 minutes.")
        return cleaned


class SingleUseCodeMixin:
    """Accepts a code once: allauth forgets codes used early or late."""

    authenticator: Authenticator
    user: User

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc] # that of the form beside the mixin
        if self.authenticator.type != Authenticator.Type.TOTP:
            return code
        lasts = factors.TOTP_PERIOD * (2 * factors.TOTP_TOLERANCE + 1)
        if not cache.add(f"code-used-{self.user.pk}-{normalize_user_code(code)}", 1, lasts):
            raise get_adapter().validation_error("incorrect_code")
        with suppress(InvalidToken):
            sign_in.store_second_factor_secret(self.authenticator, reencrypt(self.authenticator.data["secret"]))
        return code


class MfaSignInForm(SingleUseCodeMixin, AuthenticateForm):
    """The second step."""


class MfaReauthenticateForm(SingleUseCodeMixin, ReauthenticateForm):
    """Before a sensitive action."""
