"""The page of one launch form, the differences of its versions, and its file."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from jobs import access
from jobs.actions import form_revisions, launch_forms
from jobs.models import LaunchForm, LaunchFormVersion
from jobs.reports import launch_forms as reports
from jobs.reports import submissions
from jobs.spec.redaction import redact
from jobs.web.definitions.edit import ALLOWED_METHODS
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.versioned import MAX_SUBMISSIONS, ItemWords, VersionedPages, json_file

PAGES: VersionedPages[LaunchForm, LaunchFormVersion] = VersionedPages(
    words=ItemWords("form", "run", "Launch forms", "document and fields", "launch_form", "launch_forms"),
    find_item=access.launch_form,
    comparable_document=reports.comparable_document,
    restore=launch_forms.restore_version,
    restore_error=launch_forms.LaunchFormError,
)


@require_safe
@login_required
def launch_form(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Show the newest version, or the one of `?version=`."""
    form, member = access.launch_form(request.user, text_id)
    is_checked = member.can("register") and not request.GET.get("version")

    def page(form: LaunchForm, version: LaunchFormVersion) -> dict[str, Any]:
        revision_check = form_revisions.check_newer_revisions(version, member) if is_checked else None
        return {**_page(form, version), "revision_check": revision_check}

    return PAGES.detail(request, form, member, "jobs/forms/detail.html", page)


def _page(form: LaunchForm, version: LaunchFormVersion) -> dict[str, Any]:
    return {
        "sections": version.section_list,
        "document": redact(version.document),
        "outcomes": reports.form_outcomes([form.pk]).get(form.pk),
        "sample_size": reports.SAMPLE_SIZE,
        "submissions": submissions.form_rows(form, MAX_SUBMISSIONS),
    }


@require_http_methods(ALLOWED_METHODS)
@login_required
def use_newer_revisions(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Save a version with the newest revisions of its definitions, if they are those that the page showed."""
    if request.method != "POST":
        return redirect(access.launch_form(request.user, text_id)[0])
    form, member = access.launch_form(request.user, text_id, "register")
    number = request.POST.get("version", "")
    try:
        version, _ = form_revisions.use_newer_revisions(
            form,
            member,
            number=int(number) if number.isascii() and number.isdecimal() and len(number) < 7 else 0,
            names=request.POST.getlist("definition"),
        )
    except launch_forms.LaunchFormError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Saved version {version.number} of {form.name}: {version.note}.")
    return redirect(form)


@require_safe
@login_required
def compare_versions(request: SignedInRequest, text_id: str) -> HttpResponse:
    return PAGES.compare_versions(request, text_id)


@require_safe
@login_required
def export_form(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Return a version as a file that can be imported. Secrets are masked."""
    form, _ = access.launch_form(request.user, text_id)
    version = PAGES.find_version(form, request.GET.get("version", ""))
    return json_file(reports.form_file(version), form.name, "form")


@require_http_methods(ALLOWED_METHODS)
@login_required
def restore_version(request: SignedInRequest, text_id: str, form_version: str) -> HttpResponse:
    return PAGES.restore_version(request, text_id, form_version)


@require_http_methods(ALLOWED_METHODS)
@login_required
def archive(request: SignedInRequest, text_id: str) -> HttpResponse:
    return PAGES.archive_item(request, text_id)


@require_http_methods(ALLOWED_METHODS)
@login_required
def restore(request: SignedInRequest, text_id: str) -> HttpResponse:
    return PAGES.restore_item(request, text_id)
