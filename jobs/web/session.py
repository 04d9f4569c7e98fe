"""Signing in and out."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

DEMO_PEOPLE = (
    ("analyst", "submits and watches jobs"),
    ("lead", "leads a team"),
    ("admin", "runs the portal"),
)


class SignIn(LoginView):
    """Django's own, which follows `next` only within this site."""

    http_method_names = ["get", "head", "post", "options"]
    template_name = "session/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        return super().get_context_data(demo_people=DEMO_PEOPLE if settings.QUICKSTART else (), **more)


class SignOut(LogoutView):
    """By POST only, so that no link of another site signs anyone out."""

    http_method_names = ["post", "options"]
    next_page = "sign_in"


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """For load balancers: the process answers. It asks no database, so that a slow one restarts nothing."""
    return HttpResponse("ok", content_type="text/plain")
