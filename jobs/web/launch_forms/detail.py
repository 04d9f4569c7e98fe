"""The page of one launch form, the differences of its versions, and its file."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_safe

from jobs import access
from jobs.actions import launch_forms, versioned
from jobs.models import LaunchForm, LaunchFormVersion
from jobs.reports import launch_forms as reports
from jobs.reports import submissions
from jobs.spec.diff import diff_documents
from jobs.spec.redaction import redact
from jobs.web.definitions.edit import ALLOWED_METHODS
from jobs.web.shell.auth import SignedInRequest, login_required

MAX_SUBMISSIONS = 15


@require_safe
@login_required
def launch_form(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Show the newest version, or the one of `?version=`."""
    form, member = access.launch_form(request.user, text_id)
    version = _version(form, request.GET.get("version", ""))
    versions = reports.versions(form)
    page: dict[str, Any] = {
        "member": member,
        "team": form.team,
        "launch_form": form,
        "version": version,
        "is_newest": version.number == versions[0].number,
        "versions": versions,
        "sections": version.section_list,
        "document": redact(version.document),
        "outcomes": reports.form_outcomes([form.pk]).get(form.pk),
        "sample_size": reports.SAMPLE_SIZE,
        "submissions": submissions.form_rows(form, MAX_SUBMISSIONS),
        "current_page": "definitions",
    }
    return render(request, "jobs/forms/detail.html", page)


@require_safe
@login_required
def compare_versions(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Default to the newest and the one before."""
    form, member = access.launch_form(request.user, text_id)
    versions = reports.versions(form)
    previous = versions[1] if len(versions) > 1 else versions[0]
    before = _version(form, request.GET.get("from", "") or previous.text_id)
    after = _version(form, request.GET.get("to", ""))
    earlier, later = (reports.comparable_document(version) for version in (before, after))
    page = {
        "member": member,
        "team": form.team,
        "saved": form,
        "list_title": "Launch forms",
        "list_url": reverse("launch_forms", args=[form.team.slug]),
        "parts": "document and fields",
        "versions": versions,
        "from_version": before,
        "to_version": after,
        "changes": diff_documents(earlier, later),
        "current_page": "definitions",
    }
    return render(request, "jobs/templates/diff.html", page)


@require_safe
@login_required
def export_form(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Return a version as a file that can be imported. Secrets are masked."""
    form, _ = access.launch_form(request.user, text_id)
    version = _version(form, request.GET.get("version", ""))
    text = json.dumps(reports.form_file(version), indent=2, ensure_ascii=False) + "\n"
    name = f"{slugify(form.name) or 'form'}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="application/json", headers=headers)


def _version(form: LaunchForm, text_id: str) -> LaunchFormVersion:
    version = reports.find_version(form, text_id)
    if version is None:
        raise Http404("There is no such version of this form.")
    return version


# -- Changes


@require_http_methods(ALLOWED_METHODS)
@login_required
def restore_version(request: SignedInRequest, text_id: str, form_version: str) -> HttpResponse:
    if request.method != "POST":
        form, _ = access.launch_form(request.user, text_id)
        return redirect(f"{form.get_absolute_url()}?version={_version(form, form_version).number}")
    form, member = access.launch_form(request.user, text_id, "register")
    former = _version(form, form_version)
    try:
        newest, is_new = launch_forms.restore_version(former, member)
    except launch_forms.LaunchFormError as error:
        messages.error(request, str(error))
    else:
        if is_new:
            messages.success(request, f"Restored version {former.number} as version {newest.number}.")
        else:
            messages.info(request, f"No changes: version {newest.number} is the same.")
    return redirect(form)


@require_http_methods(ALLOWED_METHODS)
@login_required
def archive(request: SignedInRequest, text_id: str) -> HttpResponse:
    if request.method != "POST":
        return redirect(access.launch_form(request.user, text_id)[0])
    form, member = access.launch_form(request.user, text_id, "share")
    if versioned.archive(form, member):
        messages.success(request, f"Archived {form.name}. Its versions and submissions are kept.")
    return redirect(form)


@require_http_methods(ALLOWED_METHODS)
@login_required
def restore(request: SignedInRequest, text_id: str) -> HttpResponse:
    if request.method != "POST":
        return redirect(access.launch_form(request.user, text_id)[0])
    form, member = access.launch_form(request.user, text_id, "share")
    if versioned.restore(form, member):
        messages.success(request, f"Restored {form.name}.")
    return redirect(form)
