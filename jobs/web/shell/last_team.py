"""The team that a user looked at last, in a cookie."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from jobs import access
from jobs.access import Member
from jobs.web.shell.auth import SignedInRequest

LAST_TEAM_COOKIE = "team"
TEAM_ROUTE = "teams/<slug:slug>/"


def last_member(request: SignedInRequest) -> Member | None:
    """Return the team for a page that belongs to none: the last one, or the first."""
    return access.default_member(request.user, request.COOKIES.get(LAST_TEAM_COOKIE, ""))


class LastTeamMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        match = request.resolver_match
        if match and match.route.startswith(TEAM_ROUTE) and response.status_code == 200:
            slug = str(match.kwargs["slug"])
            if request.COOKIES.get(LAST_TEAM_COOKIE) != slug:
                response.set_cookie(
                    LAST_TEAM_COOKIE, slug, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
                )
        return response
