"""Saved views of the list of jobs."""

from jobs.access import Member
from jobs.models import SavedView


def saved_views(member: Member) -> list[SavedView]:
    """Return the person's own views, then the team's."""
    views = SavedView.objects.visible_to(member.user).filter(team=member.team)
    return sorted(views, key=lambda view: (view.is_of_team, view.name.lower()))


def default_view(views: list[SavedView]) -> SavedView | None:
    """Return the person's own default, or else the team's."""
    return next((view for view in views if view.is_default), None)
