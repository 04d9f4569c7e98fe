"""The page of one workflow template, the differences of its versions, and its files."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_safe

from jobs import access
from jobs.actions import templates, versioned
from jobs.models import TemplateVersion, WorkflowTemplate
from jobs.reports import submissions
from jobs.reports import templates as reports
from jobs.spec.diff import diff_documents
from jobs.spec.documents import Document
from jobs.spec.parsing.parser import parse
from jobs.spec.redaction import redact
from jobs.spec.template_format import TemplateContent, to_file
from jobs.web.definitions.edit import ALLOWED_METHODS, NoteForm
from jobs.web.shell.auth import SignedInRequest, login_required

MAX_SUBMISSIONS = 15


@require_safe
@login_required
def template(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Show the newest version, or the one of `?version=`."""
    template, member = access.template(request.user, text_id)
    version = _version(template, request.GET.get("version", ""))
    document = redact(version.document)
    versions = reports.versions(template)
    graph = reports.template_graph(version)
    steps = reports.template_steps(version, graph["edges"])
    page: dict[str, Any] = {
        "member": member,
        "team": template.team,
        "template": template,
        "version": version,
        "is_newest": version.number == versions[0].number,
        "versions": versions,
        "parameters": reports.shown_parameters(version),
        "graph": graph,
        "step_count": len(graph["steps"]),
        "steps": steps,
        "omitted_count": len(graph["steps"]) - len(steps),
        "document": document,
        "losses": reports.losses(version),
        "submissions": submissions.template_rows(template, MAX_SUBMISSIONS),
        "current_page": "definitions",
    }
    return render(request, "jobs/templates/detail.html", page)


@require_safe
@login_required
def compare_versions(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Default to the newest and the one before."""
    template, member = access.template(request.user, text_id)
    versions = reports.versions(template)
    previous = versions[1] if len(versions) > 1 else versions[0]
    before = _version(template, request.GET.get("from", "") or previous.text_id)
    after = _version(template, request.GET.get("to", ""))
    earlier, later = (reports.comparable_document(version) for version in (before, after))
    page = {
        "member": member,
        "team": template.team,
        "saved": template,
        "list_title": "Workflow templates",
        "list_url": reverse("templates", args=[template.team.slug]),
        "parts": "workflow and parameters",
        "versions": versions,
        "from_version": before,
        "to_version": after,
        "changes": diff_documents(redact(earlier), redact(later)),
        "current_page": "definitions",
    }
    return render(request, "jobs/templates/diff.html", page)


@require_safe
@login_required
def export_template(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Return a version as a file that can be imported. Secrets are masked."""
    template, _ = access.template(request.user, text_id)
    version = _version(template, request.GET.get("version", ""))
    return _file(template_file(version), f"{slugify(template.name) or 'template'}-{version.number}.json")


def template_file(version: TemplateVersion) -> Document:
    template = version.template
    content = TemplateContent(
        template.name, "", reports.shown_parameters(version), template.description, version.note
    )
    return to_file(content, redact(parse(version.text).document), version.number)


@require_safe
@login_required
def export_workflow(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Return the workflow with values, as other scripts read it: without what only the portal knows."""
    template, _ = access.template(request.user, text_id)
    version = _version(template, request.GET.get("version", ""))
    names = {parameter.name for parameter in version.parameter_list}
    values = {name: text for name, text in request.GET.items() if name in names}
    start = templates.fill_version(version, values)
    if start.problems:
        messages.error(request, f"Can't export the workflow: {start.problems[0].message}")
        return redirect("template_start", template.text_id)
    workflow = reports.plain_workflow(templates.shown_workflow(version, start))
    return _file(workflow, f"{slugify(template.name) or 'workflow'}.json")


def _file(document: Document, name: str) -> HttpResponse:
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="application/json", headers=headers)


def _version(template: WorkflowTemplate, text_id: str) -> TemplateVersion:
    version = reports.find_version(template, text_id)
    if version is None:
        raise Http404("There is no such version of this template.")
    return version


# -- Changes


@require_http_methods(ALLOWED_METHODS)
@login_required
def set_description(request: SignedInRequest, text_id: str) -> HttpResponse:
    if request.method != "POST":
        return redirect(access.template(request.user, text_id)[0])
    template, member = access.template(request.user, text_id, "register")
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Not saved: {form.errors['text'][0]}")
    elif versioned.set_description(template, form.cleaned_data["text"], member):
        messages.success(request, "Description saved.")
    return redirect(template)


@require_http_methods(ALLOWED_METHODS)
@login_required
def restore_version(request: SignedInRequest, text_id: str, version: str) -> HttpResponse:
    if request.method != "POST":
        template, _ = access.template(request.user, text_id)
        return redirect(f"{template.get_absolute_url()}?version={_version(template, version).number}")
    template, member = access.template(request.user, text_id, "register")
    former = _version(template, version)
    try:
        newest, is_new = templates.restore_version(former, member)
    except templates.TemplateError as error:
        messages.error(request, str(error))
    else:
        if is_new:
            messages.success(request, f"Restored version {former.number} as version {newest.number}.")
        else:
            messages.info(request, f"No changes: version {newest.number} is the same.")
    return redirect(template)


@require_http_methods(ALLOWED_METHODS)
@login_required
def archive(request: SignedInRequest, text_id: str) -> HttpResponse:
    if request.method != "POST":
        return redirect(access.template(request.user, text_id)[0])
    template, member = access.template(request.user, text_id, "share")
    if versioned.archive(template, member):
        messages.success(request, f"Archived {template.name}. Its versions and submissions are kept.")
    return redirect(template)


@require_http_methods(ALLOWED_METHODS)
@login_required
def restore(request: SignedInRequest, text_id: str) -> HttpResponse:
    if request.method != "POST":
        return redirect(access.template(request.user, text_id)[0])
    template, member = access.template(request.user, text_id, "share")
    if versioned.restore(template, member):
        messages.success(request, f"Restored {template.name}.")
    return redirect(template)
