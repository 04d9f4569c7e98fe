"""The URLs of accounts; allauth's other pages don't exist.

It reverses its pages by name, so those names are its own.
"""

from django.urls import path, re_path
from django.views.decorators.http import require_http_methods, require_safe

from jobs.web.accounts import login, mfa, password
from jobs.web.accounts.next_step import PASSWORD_PAGE
from jobs.web.accounts.sessions import end_session, list_sessions, sign_out_elsewhere
from jobs.web.accounts.tokens import own_tokens, revoke_own_token
from jobs.web.shell.auth import login_required, login_required_or_at, login_without_mfa

form_view = require_http_methods(["GET", "HEAD", "POST"])

urlpatterns = [
    path("sign-in/", form_view(login.SignIn.as_view()), name="sign_in"),
    path("sign-in/", form_view(login.SignIn.as_view()), name="account_login"),
    path("sign-in/code/", form_view(login.MfaSignIn.as_view()), name="mfa_authenticate"),
    path("sign-out/", login.SignOut.as_view(), name="sign_out"),
    path("sessions/", list_sessions, name="sessions"),
    path("sessions/end-others/", sign_out_elsewhere, name="sessions_end_others"),
    path("sessions/<str:text_id>/end/", end_session, name="session_end"),
    path("tokens/", own_tokens, name="own_tokens"),
    path("tokens/<str:text_id>/revoke/", revoke_own_token, name="own_token_revoke"),
    path(
        "password/",
        form_view(login_required_or_at(PASSWORD_PAGE)(password.PasswordChange.as_view())),
        name=PASSWORD_PAGE,
    ),
    path(
        "password/again/",
        form_view(login_without_mfa(login.PasswordReauthenticate.as_view())),
        name="account_reauthenticate",
    ),
    path("password/forgotten/", form_view(password.PasswordResetRequest.as_view()), name="account_reset_password"),
    path(
        "password/forgotten/sent/",
        require_safe(password.PasswordResetDone.as_view()),
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/forgotten/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/\Z",
        form_view(password.PasswordResetConfirm.as_view()),
        name="account_reset_password_from_key",
    ),
    path("second-factor/", require_safe(login_required(mfa.MfaStatus.as_view())), name="mfa_index"),
    path(
        "second-factor/again/",
        form_view(login_without_mfa(login.MfaReauthenticate.as_view())),
        name="mfa_reauthenticate",
    ),
    path("second-factor/set-up/", form_view(login_without_mfa(mfa.EnableMfa.as_view())), name="mfa_activate_totp"),
    path("second-factor/take-away/", form_view(login_required(mfa.DisableMfa.as_view())), name="mfa_deactivate_totp"),
    path(
        "second-factor/codes/",
        require_safe(login_required(mfa.ShowRecoveryCodes.as_view())),
        name="mfa_view_recovery_codes",
    ),
    path(
        "second-factor/codes/new/",
        form_view(login_required(mfa.RegenerateCodes.as_view())),
        name="mfa_generate_recovery_codes",
    ),
]
