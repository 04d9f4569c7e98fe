"""The page of one workflow template, the differences of its versions, and its files."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from jobs import access
from jobs.actions import templates, versioned
from jobs.models import TemplateVersion, WorkflowTemplate
from jobs.reports import submissions
from jobs.reports import templates as reports
from jobs.spec.documents import Document
from jobs.spec.parsing.parser import parse
from jobs.spec.redaction import redact
from jobs.spec.template_format import TemplateContent, to_file
from jobs.web.definitions.edit import ALLOWED_METHODS, NoteForm
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.versioned import MAX_SUBMISSIONS, ItemWords, VersionedPages, json_file

PAGES: VersionedPages[WorkflowTemplate, TemplateVersion] = VersionedPages(
    words=ItemWords("template", "start", "Workflow templates", "workflow and parameters", "template", "templates"),
    find_item=access.template,
    comparable_document=reports.comparable_document,
    restore=templates.restore_version,
    restore_error=templates.TemplateError,
)


@require_safe
@login_required
def template(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Show the newest version, or the one of `?version=`."""
    template, member = access.template(request.user, text_id)
    return PAGES.detail(request, template, member, "jobs/templates/detail.html", _page)


def _page(template: WorkflowTemplate, version: TemplateVersion) -> dict[str, Any]:
    graph = reports.template_graph(version)
    steps = reports.template_steps(version, graph["edges"])
    return {
        "parameters": reports.shown_parameters(version),
        "graph": graph,
        "step_count": len(graph["steps"]),
        "steps": steps,
        "omitted_count": len(graph["steps"]) - len(steps),
        "document": redact(version.document),
        "losses": reports.losses(version),
        "submissions": submissions.template_rows(template, MAX_SUBMISSIONS),
    }


@require_safe
@login_required
def compare_versions(request: SignedInRequest, text_id: str) -> HttpResponse:
    return PAGES.compare_versions(request, text_id)


@require_safe
@login_required
def export_template(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Return a version as a file that can be imported. Secrets are masked."""
    template, _ = access.template(request.user, text_id)
    version = PAGES.find_version(template, request.GET.get("version", ""))
    return json_file(template_file(version), template.name, "template", f"-{version.number}")


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
    version = PAGES.find_version(template, request.GET.get("version", ""))
    names = {parameter.name for parameter in version.parameter_list}
    values = {name: text for name, text in request.GET.items() if name in names}
    start = templates.fill_version(version, values)
    if start.problems:
        messages.error(request, f"Can't export the workflow: {start.problems[0].message}")
        return redirect("template_start", template.text_id)
    workflow = reports.plain_workflow(templates.shown_workflow(version, start))
    return json_file(workflow, template.name, "workflow")


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
    return PAGES.restore_version(request, text_id, version)


@require_http_methods(ALLOWED_METHODS)
@login_required
def archive(request: SignedInRequest, text_id: str) -> HttpResponse:
    return PAGES.archive_item(request, text_id)


@require_http_methods(ALLOWED_METHODS)
@login_required
def restore(request: SignedInRequest, text_id: str) -> HttpResponse:
    return PAGES.restore_item(request, text_id)
