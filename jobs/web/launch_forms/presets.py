"""Presets of a form, and marking it as a favorite."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.access import Member
from jobs.actions import form_presets as actions
from jobs.actions import versioned
from jobs.actions.form_presets import PresetError
from jobs.models import FormPreset, LaunchForm, LaunchFormVersion
from jobs.models.owned_item import MAX_NAME_LENGTH
from jobs.reports import form_presets as reports
from jobs.spec.launch_forms.fields import LaunchField
from jobs.spec.launch_forms.values import LaunchContext
from jobs.web.definitions.edit import ALLOWED_METHODS
from jobs.web.launch_forms.fields import posted_entries
from jobs.web.shell.auth import SignedInRequest, login_required

PRESET, LAST_RUN = "_preset", "_last"
"""Parameters of links. Names of fields begin with a letter."""
MAX_QUERY_LENGTH = 2_000
_PAGES = {"home": "team_home", "catalog": "catalog", "forms": "launch_forms"}
"""That have the button for favorites."""


@dataclass(frozen=True)
class PresetLink:
    """A link to the page that runs the form, with values."""

    label: str
    query: str
    preset: FormPreset | None = None
    can_delete: bool = False


class PresetForm(forms.Form):
    preset_name = forms.CharField(
        max_length=MAX_NAME_LENGTH,
        validators=[RegexValidator(r"^[^\x00-\x1f\x7f]*\Z", "Use one line without control characters.")],
        error_messages={"required": "Enter a name for the preset."},
    )
    preset_team = forms.BooleanField(required=False)


def preset_links(version: LaunchFormVersion, member: Member, context: LaunchContext) -> list[PresetLink]:
    """Return the values of the person's last run, then presets."""
    links = [PresetLink("My last values", urlencode({LAST_RUN: "1"}))] if _asked(version, context.last) else []
    for preset in reports.presets(version.form, member):
        can_delete = member.can("lead") or not preset.is_of_team
        links.append(PresetLink(preset.name, urlencode({PRESET: preset.text_id}), preset, can_delete))
    return links


def linked_values(
    version: LaunchFormVersion, member: Member, query: QueryDict, context: LaunchContext
) -> dict[str, str]:
    """Return the values that a link names by a preset or the last run. Raise Http404 without such a preset."""
    if text_id := query.get(PRESET, ""):
        return _asked(version, access.form_preset(member, version.form, text_id).values)
    return _asked(version, context.last) if LAST_RUN in query else {}


def _asked(version: LaunchFormVersion, values: Mapping[str, str]) -> dict[str, str]:
    return {field.name: values[field.name] for field in version.field_list if _is_asked(field, values)}


def _is_asked(field: LaunchField, values: Mapping[str, str]) -> bool:
    return field.name in values and not field.is_locked


@require_http_methods(ALLOWED_METHODS)
@login_required
def save_preset(request: SignedInRequest, text_id: str) -> HttpResponse:
    form, member = access.launch_form(request.user, text_id, "submit")
    version = versioned.newest_version(form.versions)
    if request.method != "POST" or version is None:
        return redirect("launch_form_run", text_id)
    entries = posted_entries(version.field_list, request.POST)
    preset_form = PresetForm(request.POST)
    if not preset_form.is_valid():
        messages.error(request, f"Not saved. {next(iter(preset_form.errors.values()))[0]}")
        return _run_page(form, _values_query(entries))
    name = " ".join(preset_form.cleaned_data["preset_name"].split())
    try:
        preset, is_new = actions.save_preset(
            version, member, name, entries, is_of_team=preset_form.cleaned_data["preset_team"]
        )
    except PresetError as error:
        messages.error(request, f"Not saved. {error}")
        return _run_page(form, _values_query(entries))
    messages.success(request, f"Saved preset {preset.name}." if is_new else f"Updated preset {preset.name}.")
    return _run_page(form, urlencode({PRESET: preset.text_id}))


@require_http_methods(ALLOWED_METHODS)
@login_required
def delete_preset(request: SignedInRequest, text_id: str, preset: str) -> HttpResponse:
    form, member = access.launch_form(request.user, text_id)
    row = access.form_preset(member, form, preset)
    if request.method == "POST":
        actions.delete_preset(row, member)
        messages.success(request, f"Deleted preset {row.name}.")
    return redirect("launch_form_run", text_id)


@require_http_methods(ALLOWED_METHODS)
@login_required
def set_favorite(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Go back to the page with the button."""
    form, member = access.launch_form(request.user, text_id)
    if request.method == "POST":
        try:
            actions.set_favorite(form, member, is_favorite=request.POST.get("favorite") == "on")
        except PresetError as error:
            messages.error(request, str(error))
    page = _PAGES.get(request.POST.get("page", ""))
    return redirect(page, form.team.slug) if page else redirect(form)


def _values_query(entries: Mapping[str, object]) -> str:
    """Return the values for a link, none if they are too long for one."""
    query = urlencode({name: str(value) for name, value in entries.items()})
    return query if len(query) <= MAX_QUERY_LENGTH else ""


def _run_page(form: LaunchForm, query: str) -> HttpResponse:
    return redirect(f"{reverse('launch_form_run', args=[form.text_id])}?{query}")
