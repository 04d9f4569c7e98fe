"""Sign-in and sign-out."""

from typing import Any

from allauth.account.views import LoginView, ReauthenticateView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as BaseMfaReauthenticateView
from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse

from jobs.web.accounts.forms import MfaReauthenticateForm, MfaSignInForm, SignInForm
from jobs.web.shell.caching import clear_site_data

DEMO_PEOPLE = (
    ("analyst", "submits and monitors jobs"),
    ("lead", "leads three teams"),
    ("admin", "administers the portal"),
)


class SignIn(LoginView):
    form_class = SignInForm
    template_name = "accounts/login.html"

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**more)
        return {**context, "demo_people": DEMO_PEOPLE if settings.QUICKSTART else ()}


class MfaSignIn(AuthenticateView):
    """It starts over after fifteen minutes, or if the password changed."""

    form_class = MfaSignInForm
    template_name = "accounts/mfa_login.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        login = self.stage.login
        changed = login.user.password_changed_at
        began_before = bool(changed) and login.initiated_at <= changed.timestamp()
        answer: HttpResponse = self.stage.abort() if began_before else super().post(request, *args, **kwargs)
        return answer


class PasswordReauthenticate(ReauthenticateView):
    template_name = "accounts/reauthenticate.html"


class MfaReauthenticate(BaseMfaReauthenticateView):
    form_class = MfaReauthenticateForm
    template_name = "accounts/mfa_reauthenticate.html"


class SignOut(LogoutView):
    """By POST only: no link of another site can trigger it."""

    http_method_names = ["post", "options"]
    next_page = "sign_in"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return clear_site_data(request, super().post(request, *args, **kwargs))
