"""The URLs of sign-in, passwords and second factors; allauth's other pages don't exist.

allauth reverses its pages by name, so those names are its own.
"""

from django.urls import path, re_path
from django.views.decorators.http import require_http_methods, require_safe

from jobs.web.accounts import login, mfa, password
from jobs.web.accounts.next_step import PASSWORD_PAGE
from jobs.web.accounts.sessions import end_others, end_session, signed_in_sessions
from jobs.web.shell.auth import known, signed_in, signed_in_or_at

page = require_http_methods(["GET", "HEAD", "POST"])

urlpatterns = [
    path("sign-in/", page(login.SignIn.as_view()), name="sign_in"),
    path("sign-in/", page(login.SignIn.as_view()), name="account_login"),
    path("sign-in/code/", page(login.SignInCode.as_view()), name="mfa_authenticate"),
    path("sign-out/", login.SignOut.as_view(), name="sign_out"),
    path("sessions/", signed_in_sessions, name="sessions"),
    path("sessions/end-others/", end_others, name="sessions_end_others"),
    path("sessions/<str:text_id>/end/", end_session, name="session_end"),
    path("password/", page(signed_in_or_at(PASSWORD_PAGE)(password.PasswordChange.as_view())), name=PASSWORD_PAGE),
    path("password/again/", page(known(login.PasswordAgain.as_view())), name="account_reauthenticate"),
    path("password/forgotten/", page(password.PasswordForgotten.as_view()), name="account_reset_password"),
    path("password/forgotten/sent/", require_safe(password.LinkSent.as_view()), name="account_reset_password_done"),
    re_path(
        r"^password/forgotten/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/\Z",
        page(password.PasswordByLink.as_view()),
        name="account_reset_password_from_key",
    ),
    path("second-factor/", require_safe(signed_in(mfa.Factor.as_view())), name="mfa_index"),
    path("second-factor/again/", page(known(login.CodeAgain.as_view())), name="mfa_reauthenticate"),
    path("second-factor/set-up/", page(known(mfa.SetUp.as_view())), name="mfa_activate_totp"),
    path("second-factor/take-away/", page(signed_in(mfa.TakeAway.as_view())), name="mfa_deactivate_totp"),
    path("second-factor/codes/", require_safe(signed_in(mfa.Codes.as_view())), name="mfa_view_recovery_codes"),
    path("second-factor/codes/new/", page(signed_in(mfa.NewCodes.as_view())), name="mfa_generate_recovery_codes"),
]
