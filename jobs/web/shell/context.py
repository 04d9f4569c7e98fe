"""What every page's frame needs: the teams to switch between, and what is held after a restore."""

from functools import cached_property
from typing import cast

from django.conf import settings
from django.http import HttpRequest

from jobs import access
from jobs.models import Team, User
from jobs.reports.recovery import Recovery, recovery_for


class Frame:
    """Asked only by templates that draw the frame: a live part, which is polled, costs no query here."""

    def __init__(self, request: HttpRequest) -> None:
        # A request that was refused early (an unknown host, for one) never met the middleware that knows people.
        self._user = getattr(request, "user", None)

    @property
    def quickstart(self) -> bool:
        return bool(settings.QUICKSTART)

    @cached_property
    def teams(self) -> list[Team]:
        if self._user is None or not self._user.is_authenticated:
            return []
        return list(access.teams(cast("User", self._user)))

    @cached_property
    def recovery(self) -> Recovery | None:
        """What is held after a restore; nothing for someone who is not signed in."""
        if self._user is None or not self._user.is_authenticated:
            return None
        return recovery_for(cast("User", self._user))


def portal(request: HttpRequest) -> dict[str, Frame]:
    """The context processor named in the settings."""
    return {"portal": Frame(request)}
