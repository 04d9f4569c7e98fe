"""Actions on a definition's page, which a GET shows."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.access import TeamPermission
from jobs.actions import definitions
from jobs.models import Definition, Revision, User
from jobs.web.shell.auth import SignedInRequest, login_required

DefinitionAction = Callable[[Definition, User], bool]
ALLOWED_METHODS = ["GET", "HEAD", "POST"]


class NoteForm(forms.Form):
    text = forms.CharField(
        required=False,
        max_length=Definition._meta.get_field("description").max_length,  # noqa: SLF001 - Django documents no public name for it
    )

    def clean_text(self) -> str:
        return " ".join(str(self.cleaned_data["text"]).split())


@require_http_methods(ALLOWED_METHODS)
@login_required
def set_description(request: SignedInRequest, text_id: str) -> HttpResponse:
    if request.method != "POST":
        return redirect(access.definition(request.user, text_id)[0])
    definition, _ = access.definition(request.user, text_id, "register")
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Not saved: {form.errors['text'][0]}")
    elif definitions.set_description(definition, form.cleaned_data["text"], request.user):
        messages.success(request, "Description saved.")
    return redirect(definition)


@require_http_methods(ALLOWED_METHODS)
@login_required
def set_revision_note(request: SignedInRequest, text_id: str, revision: str) -> HttpResponse:
    if request.method != "POST":
        return redirect(access.revision(request.user, text_id, revision)[0])
    target_revision, _ = access.revision(request.user, text_id, revision, "register")
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Not saved: {form.errors['text'][0]}")
    elif definitions.set_revision_note(target_revision, form.cleaned_data["text"], request.user):
        messages.success(request, f"Note on {_revision_label(target_revision)} saved.")
    return redirect(target_revision)


@require_http_methods(ALLOWED_METHODS)
@login_required
def deactivate_revision(request: SignedInRequest, text_id: str, revision: str) -> HttpResponse:
    if request.method != "POST":
        return redirect(access.revision(request.user, text_id, revision)[0])
    target_revision, _ = access.revision(request.user, text_id, revision, "register")
    if definitions.deactivate(target_revision, request.user):
        note = "AWS Batch deletes it after 180 days. The portal keeps it."
        messages.success(request, f"Deactivated {target_revision.qualified_name}. {note}")
    return redirect(target_revision)


def share(request: SignedInRequest, text_id: str) -> HttpResponse:
    message = "Shared {name} with every team. Only {team} can change it."
    return _apply_action(
        request, text_id, lambda definition, user: definitions.share(definition, user, shared=True), message
    )


def unshare(request: SignedInRequest, text_id: str) -> HttpResponse:
    message = "Stopped sharing {name}. Jobs of other teams that were accepted are still sent."
    return _apply_action(
        request, text_id, lambda definition, user: definitions.share(definition, user, shared=False), message
    )


def archive(request: SignedInRequest, text_id: str) -> HttpResponse:
    message = "Deactivated {name}. Its revisions and jobs are kept."
    return _apply_action(request, text_id, definitions.archive, message)


def unarchive(request: SignedInRequest, text_id: str) -> HttpResponse:
    return _apply_action(request, text_id, definitions.unarchive, "Activated {name}. Register a revision to run it.")


@require_http_methods(ALLOWED_METHODS)
@login_required
def _apply_action(
    request: SignedInRequest, text_id: str, change: DefinitionAction, message: str, may: TeamPermission = "share"
) -> HttpResponse:
    if request.method != "POST":
        return redirect(access.definition(request.user, text_id)[0])
    definition, _ = access.definition(request.user, text_id, may)
    if change(definition, request.user):
        messages.success(request, message.format(name=definition.name, team=definition.team))
    return redirect(definition)


def _revision_label(revision: Revision) -> str:
    return revision.qualified_name if revision.number else "the new revision"
