"""Saved views of the list of jobs: a person's own, and a team's, which its leads manage."""

from dataclasses import asdict, dataclass

from django.db import transaction

from jobs import audit
from jobs.access import Member
from jobs.models import SavedView, User

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
    with transaction.atomic():
        views = SavedView.objects.select_for_update().filter(team=member.team, person=person)
        names = {view.name: view for view in views}
        view = names.get(name)
        if view is None and len(names) >= MAX_VIEWS:
            raise SavedViewError(f"You can save {MAX_VIEWS} views. Delete one that you don't use.")
        before = _content_of(view) if view else None
        if is_default:
            views.exclude(name=name).filter(is_default=True).update(is_default=False)
        saved = view or SavedView(team=member.team, person=person, name=name)
        saved.search, saved.scope, saved.sort, saved.columns = (
            content.search,
            content.scope,
            content.sort,
            list(content.columns),
        )
        saved.is_default = is_default
        saved.save()
        if before != _content_of(saved):
            audit.record(
                "change" if view else "make",
                person=member.user,
                team=member.team,
                target=saved,
                before=before,
                after=_content_of(saved),
            )
    return saved, view is None


def delete_view(view: SavedView, member: Member) -> None:
    member.require("lead" if view.is_of_team else "view")
    with transaction.atomic():
        audit_target = audit.describe_target(view)
        if SavedView.objects.filter(pk=view.pk).delete()[0]:
            audit.record(
                "remove", person=member.user, team=member.team, target=audit_target, before=_content_of(view)
            )


def set_default(view: SavedView, member: Member, *, is_default: bool) -> None:
    """Let Jobs open with the view, or no longer."""
    member.require("lead" if view.is_of_team else "view")
    with transaction.atomic():
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
