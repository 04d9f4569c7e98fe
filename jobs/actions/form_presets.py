"""Presets of launch forms, a person's own and a team's, and the forms that a person marked."""

from collections.abc import Mapping

from django.db import transaction

from jobs.access import Member
from jobs.actions import owned_items
from jobs.actions.form_documents import shown_values
from jobs.actions.launch_forms import start_context
from jobs.models import FavoriteForm, FormPreset, LaunchForm, LaunchFormVersion
from jobs.spec.launch_forms.values import read_values
from jobs.spec.redaction import MASK

MAX_PRESETS = 50
"""Of a form, for a person and for a team."""
MAX_FAVORITES = 24
"""Of a person in a team."""


class PresetError(Exception):
    """The message is for its person."""


def save_preset(
    version: LaunchFormVersion, member: Member, name: str, entries: Mapping[str, object], *, is_of_team: bool
) -> tuple[FormPreset, bool]:
    """Return the preset, and whether it is new: the one of that name is replaced. Raise PresetError.

    Values of required fields may be missing. Secrets aren't stored.
    """
    member.require("lead" if is_of_team else "submit")
    values = _values(version, member, entries)
    person = None if is_of_team else member.user

    preset = FormPreset(form=version.form, person=person, name=name, values=values)
    with transaction.atomic():
        LaunchForm.objects.select_for_update(no_key=True).get(pk=version.form_id)
        siblings = FormPreset.objects.filter(form=version.form, person=person)
        try:
            is_new = owned_items.replace_by_name(preset, siblings, member, _content_of, MAX_PRESETS)
        except owned_items.TooManyItemsError:
            message = f"A form can have {MAX_PRESETS} presets. Delete one that you don't use."
            raise PresetError(message) from None
    return preset, is_new


def _values(version: LaunchFormVersion, member: Member, entries: Mapping[str, object]) -> dict[str, str]:
    fields = version.field_list
    values = read_values(fields, entries, start_context(version.form, member))
    empty = {f"/values/{field.name}" for field in fields if not values.texts[field.name]}
    problems = [problem for problem in values.problems if problem.pointer not in empty]
    if problems:
        raise PresetError(problems[0].message)
    names = {field.name for field in fields if not field.is_locked}
    texts = shown_values(version, values)
    return {name: text for name, text in texts.items() if name in names and MASK not in text}


def delete_preset(preset: FormPreset, member: Member) -> None:
    owned_items.require_owner(preset, member)
    owned_items.delete_item(preset, member, _content_of)


def set_favorite(form: LaunchForm, member: Member, *, is_favorite: bool) -> bool:
    """Return False if nothing changed. Raise PresetError."""
    favorites = FavoriteForm.objects.filter(person=member.user, form__team=member.team)
    if not is_favorite:
        return bool(favorites.filter(form=form).delete()[0])
    if favorites.exclude(form=form).count() >= MAX_FAVORITES:
        raise PresetError(f"You can have {MAX_FAVORITES} favorites in a team. Remove one first.")
    return FavoriteForm.objects.get_or_create(person=member.user, form=form)[1]


def _content_of(preset: FormPreset) -> dict[str, object]:
    return {"form": preset.form.name, "values": preset.values, "team's": preset.is_of_team}
