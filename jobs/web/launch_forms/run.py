"""Running a launch form: its fields, what they make, and whether it may be submitted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access, actions
from jobs.access import Member
from jobs.actions import IdempotencyConflictError, form_documents, launch_forms, versioned
from jobs.models import LaunchFormVersion, Source
from jobs.models.ids import new_id, to_text
from jobs.models.owned_item import MAX_NAME_LENGTH
from jobs.models.submission import OnRefusal
from jobs.spec.documents import DocumentKind
from jobs.spec.index_rerun import RerunKind
from jobs.spec.launch_forms.sweep_documents import RULE as SWEEP_RULE
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.problems import Problem
from jobs.spec.sweep import VALUES_VARIABLE, SweepError
from jobs.web.builder.feedback import Feedback
from jobs.web.builder.form_state import MAX_KEY_LENGTH, to_json
from jobs.web.builder.json_views import redirect_to_submission
from jobs.web.builder.value_feedback import MadeDocument, values_feedback, values_preflight, without_empty
from jobs.web.launch_forms.fields import fitting_entries, linked_entries, posted_entries, section_views, value_sources
from jobs.web.launch_forms.presets import linked_values, preset_links
from jobs.web.launch_forms.sweep import SweepText, at_sweep_fields, preview_rows, read_sweep, sweep_fields
from jobs.web.shell.auth import SignedInRequest, login_required

ALREADY_SENT = "This page already submitted the form with other values. Submit again to use these."


@dataclass(frozen=True)
class RunInput:
    entries: Mapping[str, object]
    request_key: str
    on_refusal: str = OnRefusal.STOP
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where a value that the page begins with is from."""
    sweep: SweepText = field(default_factory=SweepText)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def run_form(request: SignedInRequest, text_id: str) -> HttpResponse:
    form, member = access.launch_form(request.user, text_id, "submit")
    version = versioned.newest_version(form.versions)
    if version is None or form.archived_at:
        messages.error(request, f"{form.name} is archived. A team lead can restore it.")
        return redirect(form)
    if request.method != "POST":
        return _page(request, member, version, _first_input(request, member, version), is_new=True)
    run = _posted_input(request, version)
    if request.POST.get("do") != "submit":
        context = launch_forms.start_context(form, member)
        run = replace(run, entries=fitting_entries(version.field_list, run.entries, context))
        return _page(request, member, version, run)
    if request.POST.get("version", "") != str(version.number):
        messages.warning(request, f"{form.name} has a new version. Check the values, then submit again.")
        return _page(request, member, version, run, is_rejected=True)
    return _submit(request, member, version, run)


def _submit(request: SignedInRequest, member: Member, version: LaunchFormVersion, run: RunInput) -> HttpResponse:
    context = launch_forms.start_context(version.form, member)
    try:
        sweep = read_sweep(version.field_list, run.entries, run.sweep, context)
        submission = launch_forms.start_form(
            version.form,
            member,
            run.entries,
            sweep=sweep,
            source=Source.FORM,
            number=version.number,
            request_key=run.request_key,
            on_refusal=run.on_refusal,
        )
    except (launch_forms.LaunchFormError, DocumentParseError, SweepError, actions.ValidationFailedError):
        return _page(request, member, version, run, is_rejected=True)
    except IdempotencyConflictError:
        messages.warning(request, ALREADY_SENT)
        run = replace(run, request_key=to_text(new_id()))
    except actions.RecoveryError as error:
        messages.warning(request, str(error))
    else:
        return redirect_to_submission(request, submission)
    return _page(request, member, version, run, is_rejected=True)


def _first_input(request: SignedInRequest, member: Member, version: LaunchFormVersion) -> RunInput:
    """Begin with the values of the link or its preset, then the form's own."""
    fields, context = version.field_list, launch_forms.start_context(version.form, member)
    preset = linked_values(version, member, request.GET, context)
    entries = linked_entries(fields, request.GET, context, preset)
    texts = form_documents.fill_version(version, entries, context).values.texts
    return RunInput(entries, to_text(new_id()), sources=value_sources(fields, entries, context, texts, preset))


def _posted_input(request: SignedInRequest, version: LaunchFormVersion) -> RunInput:
    return RunInput(
        posted_entries(version.field_list, request.POST),
        request.POST.get("request_key", "")[:MAX_KEY_LENGTH] or to_text(new_id()),
        OnRefusal.parse(request.POST.get("on_refusal", "")),
        sweep=SweepText.from_request(request),
    )


def _feedback(version: LaunchFormVersion, start: form_documents.FormStart, member: Member) -> Feedback:
    titles = {item.name: item.title for item in version.field_list}
    made_document = MadeDocument(start.source, start.text, start.problems, titles, is_form=True)
    try:
        return values_feedback(made_document, member, version.form.name)
    except DocumentParseError as error:  # many jobs are too long together
        message = f"The jobs can't be submitted together. {error.message} Use fewer values."
        problem = Problem("/values", message, rule=SWEEP_RULE)
        return values_feedback(replace(made_document, problems=(problem,)), member, version.form.name)


def _page(
    request: SignedInRequest,
    member: Member,
    version: LaunchFormVersion,
    run: RunInput,
    *,
    is_new: bool = False,
    is_rejected: bool = False,
) -> HttpResponse:
    context = launch_forms.start_context(version.form, member)
    fields, is_workflow = version.field_list, version.kind is DocumentKind.WORKFLOW
    sweep, sweep_problem = None, ""
    try:
        sweep = read_sweep(fields, run.entries, run.sweep, context)
    except SweepError as error:
        sweep_problem = str(error)
    start = form_documents.fill_version(version, run.entries, context)
    if sweep_problem:
        start = replace(start, problems=(Problem("/values", sweep_problem, rule=SWEEP_RULE),))
    elif sweep:
        start = form_documents.fill_sweep(version, sweep, context, member)
    feedback = _feedback(version, start, member)
    texts = {name: str(run.entries.get(name, text)) for name, text in start.values.texts.items()}
    if is_new:  # what is still to be entered is no mistake yet
        feedback = without_empty(feedback, texts)
    preflight = values_preflight(feedback, member)
    if sweep:
        feedback = replace(feedback, problems=at_sweep_fields(feedback.problems, run.sweep))
    text = "" if start.problems else to_json(form_documents.shown_document(version, start))
    page: dict[str, Any] = {
        "member": member,
        "team": member.team,
        "launch_form": version.form,
        "version": version,
        "run": run,
        "sections": section_views(
            version.section_list,
            start.values,
            texts=texts,
            locks=version.locks,
            sources=run.sources,
            problems=feedback.problems_by_field,
        ),
        "feedback": feedback,
        "preflight": preflight,
        "text": text,
        "json_input": run,
        "is_workflow": is_workflow or (sweep is not None and sweep.plan.kind is RerunKind.SINGLE),
        "is_workflow_form": is_workflow,
        "sweep": run.sweep,
        "sweep_problem": sweep_problem,
        "sweep_names": [item.title for item in fields if sweep and item.name in sweep.names],
        "sweep_count": len(sweep.rows) if sweep else 0,
        "sweep_rows": preview_rows(sweep, start.preview, feedback.result, form_documents.secret_names(version))
        if sweep
        else [],
        "sweep_fields": sweep_fields(fields, start.values, run.sweep, feedback.problems_by_field),
        "values_variable": VALUES_VARIABLE,
        "is_rejected": is_rejected,
        "presets": preset_links(version, member, context),
        "max_preset_name": MAX_NAME_LENGTH,
        "current_page": "definitions",
    }
    is_refused = is_rejected and not request.htmx
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    return render(request, "jobs/forms/run.html", page, status=status)
