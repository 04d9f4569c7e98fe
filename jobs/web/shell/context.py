"""The context of every page's frame."""

from functools import cached_property
from typing import cast

from django.conf import settings
from django.http import HttpRequest

from jobs import access
from jobs.access import Member
from jobs.models import Team, User
from jobs.reports.demo_progress import demo_progress
from jobs.reports.recovery import RecoveryStatus, user_recovery
from jobs.web.shell.last_team import LAST_TEAM_COOKIE


class PageContext:
    """Queried only if a template draws the frame: polled partials cost no query."""

    def __init__(self, request: HttpRequest) -> None:
        # A request rejected early (for an unknown host) has no user: it never reached the authentication middleware.
        self._user = getattr(request, "user", None)
        self._last_team = request.COOKIES.get(LAST_TEAM_COOKIE, "")

    @property
    def quickstart(self) -> bool:
        return bool(settings.QUICKSTART)

    @property
    def demo_progress(self) -> int | None:
        return demo_progress() if settings.QUICKSTART else None

    @cached_property
    def teams(self) -> list[Team]:
        if self._user is None or not self._user.is_authenticated:
            return []
        return list(access.visible_teams(cast("User", self._user)))

    @cached_property
    def last_member(self) -> Member | None:
        """Return the team for pages that belong to none."""
        team = next((team for team in self.teams if team.slug == self._last_team), None)
        return access.member_of(cast("User", self._user), team) if team else None

    @cached_property
    def recovery(self) -> RecoveryStatus | None:
        if self._user is None or not self._user.is_authenticated:
            return None
        return user_recovery(cast("User", self._user))


def portal(request: HttpRequest) -> dict[str, PageContext]:
    return {"portal": PageContext(request)}
