"""The form of a job."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import access, actions
from jobs.access import Member
from jobs.actions import drafts
from jobs.models import Source
from jobs.reports import options
from jobs.reports.submissions import first_job
from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.parser import DocumentParseError
from jobs.web.builder import drafts as builder_drafts
from jobs.web.builder import examples, feedback, prefill, rerun, run_with_image
from jobs.web.builder.feedback import Feedback
from jobs.web.builder.form_state import BuilderForm
from jobs.web.builder.job_sections import BLANK_JOB, page_context, posted_job, preview_context
from jobs.web.builder.json_views import redirect_to_submission
from jobs.web.builder.sweep_input import SweepInput
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import drop_nul

TEMPLATE = "jobs/builder/job.html"
ALREADY_SENT = "This form already submitted a different job, so nothing was sent. Submit again to send this one."


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_form(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    if request.method != "POST":
        if reopened := builder_drafts.redirect_if_sent(request, member):
            return reopened
        form, rerun_source = _initial_form(request, member)
        return job_page(request, member, form, feedback.empty(form), rerun_source=rerun_source)
    form = posted_job(request.POST)
    rerun_source = _rerun_source(request, member, form.source_id) if form.source_id else None
    match request.POST.get("do"):
        case "keep":
            return builder_drafts.save_response(request, member, builder_drafts.save_form(request, member, form))
        case "check":
            return job_page(request, member, form, feedback.build(form, member), rerun_source=rerun_source)
        case run_with_image.ACTION:
            form_feedback = feedback.build(form, member, require_all=True)
            response = run_with_image.start(request, member, form, form_feedback)
            return response or job_page(
                request, member, form, form_feedback, rerun_source=rerun_source, is_rejected=True
            )
        case str(action) if action.startswith(feedback.FIX_PREFIX):
            form, form_feedback = feedback.apply_fix(request, member, form, action.removeprefix(feedback.FIX_PREFIX))
            return job_page(request, member, form, form_feedback, rerun_source=rerun_source)
    return _submit(request, member, form, rerun_source)


@require_POST
@login_required
def job_preview(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    form = posted_job(request.POST)
    context = preview_context(request, member, form, feedback.build(form, member))
    rerun_source = _rerun_source(request, member, form.source_id) if form.source_id else None
    context["rerun_diff"] = _rerun_diff(rerun_source, context)
    return render(request, f"{TEMPLATE}#preview", context)


@require_POST
@login_required
def search_dependencies(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    text = drop_nul(request.POST.get("waits_named", "")).strip()
    selected_ids = tuple(dict.fromkeys(request.POST.getlist("waits")))
    jobs = options.dependency_choices(
        member.team, text, [job_id for job_id in selected_ids if job_id][: options.MAX_DEPENDENCIES]
    )
    context = {
        "jobs": jobs,
        "selected_ids": selected_ids,
        "paired_ids": request.POST.getlist("n_to_n"),
        "search_text": text,
    }
    return render(request, "jobs/builder/dependencies.html", context)


@require_safe
@login_required
def rerun_job(request: SignedInRequest, text_id: str) -> HttpResponse:
    job, member = access.job(request.user, text_id, permission="submit")
    suffix = prefill.link_suffix(request.GET)
    return redirect(f"{reverse('job_form', args=[member.team.slug])}?again={job.text_id}{suffix}")


@require_safe
@login_required
def rerun_submission(request: SignedInRequest, text_id: str) -> HttpResponse:
    submission, member = access.submission(request.user, text_id, permission="submit")
    slug = member.team.slug
    if submission.kind == DocumentKind.WORKFLOW:
        return redirect(f"{reverse('workflow_form', args=[slug])}?again={submission.text_id}")
    job = first_job(submission)
    if job is None:
        return redirect(f"{reverse('write', args=[slug])}?from={submission.text_id}")
    return redirect(f"{reverse('job_form', args=[slug])}?again={job.text_id}")


def job_page(
    request: SignedInRequest,
    member: Member,
    form: BuilderForm,
    form_feedback: Feedback,
    *,
    rerun_source: rerun.RerunSource | None = None,
    is_rejected: bool = False,
) -> HttpResponse:
    form = form.with_fields_in_text()
    context = page_context(request, member, form, form_feedback)
    context |= {
        "rerun_source": rerun_source,
        "rerun_diff": _rerun_diff(rerun_source, context),
        "images": options.image_suggestions(member.team) if member.can("register") else (),
        "draft_id": builder_drafts.draft_id(request),
        "save_result": builder_drafts.save_form(request, member, form) if request.method == "POST" else None,
        "draft_version": builder_drafts.draft_version(request, member),
        "drafts": drafts.recent_drafts(member) if request.method != "POST" and not request.GET.get("draft") else [],
        "is_rejected": is_rejected,
        "sweep_values": sweep if (sweep := SweepInput.from_request(request)).values.strip() else None,
        "current_page": "write",
        "tab": "job",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    return render(request, TEMPLATE, context, status=status)


def _initial_form(request: SignedInRequest, member: Member) -> tuple[BuilderForm, rerun.RerunSource | None]:
    saved_draft = builder_drafts.load_draft(request, member)
    if saved_draft:
        form = builder_drafts.to_form(DocumentKind.SUBMISSION, saved_draft, BLANK_JOB)
        return form, _rerun_source(request, member, form.source_id) if form.source_id else None
    earlier = request.GET.get("again", "")
    if earlier:
        rerun_source = _rerun_source(request, member, earlier)
        if rerun_source is None:
            raise Http404("There is no such job in this team.")
        document = prefill.prefill(rerun_source.document, request.GET)
        return BuilderForm.from_document(DocumentKind.SUBMISSION, document, rerun_source.job.text_id), rerun_source
    queues, queue = options.queue_choices(member.team)
    if definition := drop_nul(request.GET.get("definition", ""))[:128]:
        queue = options.usual_queue(member.team, definition, queues) or queue
    if name := request.GET.get("queue", ""):
        # With several accounts, choices are ARNs.
        queue = next((choice.value for choice in queues if choice.value.rpartition("/")[2] == name), queue)
    job = {**BLANK_JOB, "jobQueue": queue, "jobDefinition": definition}
    if "example" in request.GET:
        job |= examples.example_job(member.team)
    return BuilderForm.from_document(DocumentKind.SUBMISSION, job), None


def _rerun_source(request: SignedInRequest, member: Member, text_id: str) -> rerun.RerunSource | None:
    """Return None for a job of another team."""
    try:
        job, owner = access.job(request.user, text_id)
    except Http404:
        return None
    if owner.team.pk != member.team.pk:
        return None
    runnable = options.runnable_revisions(member.team, job.revision.definition.name)
    newest = next(
        (revision.number for revision in runnable if revision.definition_id == job.revision.definition_id), None
    )
    return rerun.rerun_source(job, newest, request.GET.get("revision", ""))


def _submit(
    request: SignedInRequest, member: Member, form: BuilderForm, rerun_source: rerun.RerunSource | None
) -> HttpResponse:
    if form.parse_error or form.form_problems:
        form_feedback = feedback.build(form, member, require_all=True)
        return job_page(request, member, form, form_feedback, rerun_source=rerun_source, is_rejected=True)
    try:
        submission = actions.submit(
            form.source(member),
            member,
            source=Source.RERUN if rerun_source else Source.FORM,
            request_key=form.request_key,
            origin=actions.JobRerun(rerun_source.job) if rerun_source else None,
        )
    except DocumentParseError as error:
        form_feedback = feedback.from_parse_error(error)
    except actions.ValidationFailedError as error:
        form_feedback = feedback.from_form(form, error.verdict, require_all=True)
    except actions.IdempotencyConflictError:
        # Someone went back to a form that had submitted and changed it: this is a new request.
        form = form.with_new_key()
        messages.warning(request, ALREADY_SENT)
        form_feedback = feedback.build(form, member, require_all=True)
    except actions.RecoveryError as error:
        messages.warning(request, str(error))
        form_feedback = feedback.build(form, member, require_all=True)
    else:
        return builder_drafts.mark_form_sent(request, member, form, redirect_to_submission(request, submission))
    return job_page(request, member, form, form_feedback, rerun_source=rerun_source, is_rejected=True)


def _rerun_diff(rerun_source: rerun.RerunSource | None, context: Mapping[str, Any]) -> rerun.RerunDiff | None:
    form, summary = context["form"], context["definition_summary"]
    return rerun.rerun_diff(rerun_source, form.document, summary.revision if summary else None)
