"""Where signing in, passwords and second factors are. What is not here of allauth's pages does not exist.

allauth finds its own pages by name, so those names are its.
"""

from django.urls import path, re_path

from jobs.web.door import known, signed_in
from jobs.web.session import factor, password, signing

urlpatterns = [
    path("sign-in/", signing.SignIn.as_view(), name="sign_in"),
    path("sign-in/", signing.SignIn.as_view(), name="account_login"),
    path("sign-in/code/", signing.SignInCode.as_view(), name="mfa_authenticate"),
    path("sign-in/again/", known(signing.PasswordAgain.as_view()), name="account_reauthenticate"),
    path("sign-in/again/code/", known(signing.CodeAgain.as_view()), name="mfa_reauthenticate"),
    path("sign-out/", signing.SignOut.as_view(), name="sign_out"),
    path("password/", signed_in(password.PasswordChange.as_view()), name="account_change_password"),
    path("password/forgotten/", password.PasswordForgotten.as_view(), name="account_reset_password"),
    path("password/forgotten/sent/", password.LinkSent.as_view(), name="account_reset_password_done"),
    re_path(
        r"^password/forgotten/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        password.PasswordByLink.as_view(),
        name="account_reset_password_from_key",
    ),
    path("second-factor/", signed_in(factor.Factor.as_view()), name="mfa_index"),
    path("second-factor/set-up/", known(factor.SetUp.as_view()), name="mfa_activate_totp"),
    path("second-factor/take-away/", signed_in(factor.TakeAway.as_view()), name="mfa_deactivate_totp"),
    path("second-factor/codes/", signed_in(factor.Codes.as_view()), name="mfa_view_recovery_codes"),
    path("second-factor/codes/new/", signed_in(factor.NewCodes.as_view()), name="mfa_generate_recovery_codes"),
]
