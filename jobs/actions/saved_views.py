"""Saved views of the list of jobs: a person's own, and a team's, which its leads manage."""

from dataclasses import asdict, dataclass

from django.db import transaction

from jobs import audit
from jobs.access import Member
from jobs.actions import owned_items
from jobs.models import SavedView, Team, User

MAX_VIEWS = 100
"""Of a person in a team, and of a team."""


class SavedViewError(Exception):
    """The message is for its person."""


@dataclass(frozen=True)
class ViewContent:
    """What a view shows. Names of columns; none: those of the person."""

    search: str
    scope: str
    sort: str
    columns: tuple[str, ...]


def save_view(
    member: Member, name: str, content: ViewContent, *, is_of_team: bool, is_default: bool
) -> tuple[SavedView, bool]:
    """Return the view, and whether it is new: the one of that name is replaced. Raise SavedViewError."""
    member.require("lead" if is_of_team else "view")
    person = None if is_of_team else member.user

    view = SavedView(
        team=member.team,
        person=person,
        name=name,
        search=content.search,
        scope=content.scope,
        sort=content.sort,
        columns=list(content.columns),
        is_default=is_default,
    )
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=member.team.pk)
        siblings = SavedView.objects.filter(team=member.team, person=person)
        if is_default:
            siblings.exclude(name=name).filter(is_default=True).update(is_default=False)
        try:
            is_new = owned_items.replace_by_name(view, siblings, member, _content_of, MAX_VIEWS)
        except owned_items.TooManyItemsError:
            raise SavedViewError(f"You can save {MAX_VIEWS} views. Delete one that you don't use.") from None
    return view, is_new


def delete_view(view: SavedView, member: Member) -> None:
    owned_items.require_owner(view, member)
    owned_items.delete_item(view, member, _content_of)


def set_default(view: SavedView, member: Member, *, is_default: bool) -> None:
    """Let Jobs open with the view, or no longer."""
    owned_items.require_owner(view, member)
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=view.team_id)
        views = SavedView.objects.filter(team=view.team, person=view.person)
        views.filter(is_default=True).update(is_default=False)
        SavedView.objects.filter(pk=view.pk).update(is_default=is_default)
        if view.is_default != is_default:
            audit.record(
                "change",
                person=member.user,
                team=member.team,
                target=view,
                before={"default": view.is_default},
                after={"default": is_default},
            )


def remember_columns(user: User, columns: tuple[str, ...]) -> None:
    User.objects.filter(pk=user.pk).exclude(job_columns=list(columns)).update(job_columns=list(columns))


def _content_of(view: SavedView) -> dict[str, object]:
    content = ViewContent(view.search, view.scope, view.sort, tuple(view.columns))
    return {**asdict(content), "team's": view.is_of_team, "default": view.is_default}
