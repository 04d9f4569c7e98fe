"""From a text to the form of its kind."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.parser import DocumentParseError, ParseResult, parse
from jobs.spec.problems import has_errors
from jobs.web.builder import definition_views, feedback, job_views, json_views, workflow_views
from jobs.web.builder.form_state import BuilderForm, is_verbatim, to_json, why_not_formable
from jobs.web.shell.auth import SignedInRequest, login_required


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def open_form(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the JSON page for a GET, which has no text."""
    member = access.membership(request.user, slug, permission="submit")
    if request.method != "POST":
        return redirect("write", member.team.slug)
    json_input = json_views.JsonInput.from_request(request)
    if "text" not in request.POST and not json_input.text:  # from a form, whose text has another name
        json_input = replace(json_input, text=request.POST.get("document", ""))
    try:
        reading = _check_unambiguous(parse(json_input.source()))
    except DocumentParseError as error:
        return json_views.editor_with_error(request, member, json_input.text, error)
    if reading.kind is DocumentKind.WORKFLOW:
        for change in reading.changes:
            messages.info(request, change.message)
        text = reading.text if is_verbatim(reading) else to_json(reading.document)
        return workflow_views.workflow_page(
            request, member, workflow_views.WorkflowForm.from_text(text, json_input.source_id)
        )
    for change in reading.changes:
        messages.info(request, change.message)
    form = BuilderForm.from_document(
        reading.kind, reading.document, json_input.source_id, reading.text if is_verbatim(reading) else ""
    )
    if reading.kind is DocumentKind.DEFINITION:
        return definition_views.definition_page(request, member, form, feedback.build(form, member))
    return job_views.job_page(request, member, form, feedback.build(form, member))


def _check_unambiguous(reading: ParseResult) -> ParseResult:
    """Raise DocumentParseError for two values of one key."""
    if has_errors(reading.problems):
        raise why_not_formable(reading)
    return reading
