"""Presets of a launch form, and the forms that a person uses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.access import Member
from jobs.models import FavoriteForm, FormPreset, LaunchForm, Submission, Team, User
from jobs.reports import launch_forms
from jobs.reports.launch_forms import FormCard

MAX_FORMS = 6
MAX_SUBMISSIONS_SCANNED = 200
"""A person's newest submissions, among which their forms are looked for."""


@dataclass(frozen=True)
class HomeForm:
    card: FormCard
    is_favorite: bool


def presets(form: LaunchForm, member: Member) -> list[FormPreset]:
    """Return the person's own presets, then the team's."""
    rows = FormPreset.objects.visible_to(member.user).filter(form=form)
    return sorted(rows, key=lambda preset: (preset.is_of_team, preset.name.lower()))


def favorite_keys(team: Team, user: User) -> frozenset[int]:
    return frozenset(FavoriteForm.objects.filter(person=user, form__team=team).values_list("form", flat=True))


def home_forms(team: Team, user: User) -> list[HomeForm]:
    """Return the active forms that the person marked, by name, then those that they ran last."""
    favorites = FavoriteForm.objects.filter(person=user, form__team=team, form__archived_at=None)
    favorite_forms = list(favorites.order_by("form__name").values_list("form", flat=True))
    forms = [*favorite_forms, *(key for key in _used_forms(team, user) if key not in favorite_forms)]
    keys = forms[: max(MAX_FORMS, len(favorite_forms))]
    cards = launch_forms.cards_by_key(team, keys) if keys else {}
    return [
        HomeForm(cards[key], key in favorite_forms)
        for key in keys
        if key in cards and not cards[key].form.archived_at
    ]


def _used_forms(team: Team, user: User) -> Sequence[int]:
    newest = Submission.objects.filter(person=user, team=team).order_by("-pk").values_list("form_version__form")
    rows: Iterable[Any] = newest[:MAX_SUBMISSIONS_SCANNED]
    return list(dict.fromkeys(form for (form,) in rows if form is not None))
