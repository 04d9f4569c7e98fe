"""The form of a job: definition, overrides, queue, size, dependencies and tags."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import access, actions
from jobs.access import Member
from jobs.actions import drafts
from jobs.actions.validate import queue_facts
from jobs.models import Revision, Source
from jobs.policy.grants import TeamGrants
from jobs.policy.tags import TagRequirement
from jobs.reports import options
from jobs.reports.options import Choice
from jobs.reports.submissions import first_job
from jobs.spec.containers import is_fargate
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.forms import FieldValue, with_tag_fields
from jobs.spec.forms.applicability import inapplicable_fields
from jobs.spec.forms.client_config import client_fields
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.rules.overrides import parameter_names
from jobs.web import schemas
from jobs.web.builder import (
    array_preview,
    definition_summary,
    examples,
    feedback,
    preflight,
    rerun,
    run_with_image,
    tag_rules,
)
from jobs.web.builder import drafts as builder_drafts
from jobs.web.builder.bound_fields import (
    SIZES_FIELD,
    BoundField,
    bound_fields,
    fargate_size_choices,
    sizes_key,
)
from jobs.web.builder.feedback import Feedback
from jobs.web.builder.form_state import FIELDS_BY_KIND, PANES, BuilderForm
from jobs.web.builder.json_views import redirect_to_submission
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import drop_nul

TEMPLATE = "jobs/builder/job.html"
BLANK_JOB: Document = {"jobName": "", "jobQueue": "", "jobDefinition": ""}
ALREADY_SENT = "This form already submitted a different job, so nothing was sent. Submit again to send this one."
REVISION_OF_FIELD = "revision_of"
"""The definition for which the page listed revisions; their numbers mean nothing for another one."""
PARAMETERS_FIELD = "parameters_of"
"""The parameters that the page has fields for; only if they change are the fields rendered again."""

FARGATE_QUEUE = "ECS_FARGATE"
"""Type of a queue with Fargate's compute environments, as AWS has it."""
INDEX_FIELD = "array_index"
"""The index of an array whose child job the page previews."""


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_form(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    if request.method != "POST":
        if reopened := builder_drafts.redirect_if_sent(request, member):
            return reopened
        form, rerun_source = _initial_form(request, member)
        return job_page(request, member, form, feedback.empty(form), rerun_source=rerun_source)
    form = _posted_form(request)
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
    form = _posted_form(request)
    runnable = options.runnable_revisions(member.team, _definition_name(form))
    form_feedback = feedback.build(form, member)
    summary = _definition_summary(form, runnable)
    form = _with_parameters(form, summary)
    rerun_source = _rerun_source(request, member, form.source_id) if form.source_id else None
    fields = tag_rules.bind_tag_rules(
        _bound_fields(form, form_feedback, summary, {"revision": _revision_choices(runnable)}),
        _tag_requirements(member, form_feedback) if form.tag_keys else (),
        member.team.name,
        definition_tags=dict(summary.tags) if summary else {},
        recent_values={},
    )
    context = {
        "team": member.team,
        "member": member,
        "form": form,
        "feedback": form_feedback,
        "preflight": preflight.run_checks(form_feedback, member),
        "definition_summary": summary,
        "bound_fields": fields,
        "sizes_key": sizes_key(fields),
        "are_sizes_new": request.POST.get(SIZES_FIELD, "") != sizes_key(fields),
        "array_preview": array_preview.array_preview(form_feedback.result, request.POST.get(INDEX_FIELD, "")),
        "latest_label": _latest_label(runnable),
        "are_parameters_new": request.POST.get(PARAMETERS_FIELD, "") != " ".join(form.parameter_names),
        "rerun_diff": rerun.rerun_diff(rerun_source, form.document, summary.revision if summary else None),
        "are_rules_new": request.POST.get("rules_of", "") != form.retry_rules_key,
        "is_oob": True,
    }
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
    context = {"jobs": jobs, "selected_ids": selected_ids, "search_text": text}
    return render(request, "jobs/builder/dependencies.html", context)


@require_safe
@login_required
def rerun_job(request: SignedInRequest, text_id: str) -> HttpResponse:
    job, member = access.job(request.user, text_id, permission="submit")
    return redirect(f"{reverse('job_form', args=[member.team.slug])}?again={job.text_id}")


@require_safe
@login_required
def rerun_submission(request: SignedInRequest, text_id: str) -> HttpResponse:
    submission, member = access.submission(request.user, text_id, permission="submit")
    slug = member.team.slug
    if submission.kind == DocumentKind.WORKFLOW:
        return redirect(f"{reverse('write', args=[slug])}?from={submission.text_id}")
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
    runnable = options.runnable_revisions(member.team, _definition_name(form))
    summary = _definition_summary(form, runnable)
    requirements = _tag_requirements(member, form_feedback)
    form = _with_parameters(form, summary).with_tag_keys(tag_rules.tag_keys(requirements))
    queues, _ = options.queue_choices(member.team)
    selected_ids = _strings(form.values["waits"])
    recent = options.recent_values(member.team, selected_ids)
    field_options = {
        "queue": queues,
        "definition": options.definition_choices(member.team),
        "revision": _revision_choices(runnable),
    }
    fields = tag_rules.bind_tag_rules(
        _bound_fields(form, form_feedback, summary, field_options),
        requirements,
        member.team.name,
        definition_tags=dict(summary.tags) if summary else {},
        recent_values=recent.tags,
    )
    context = {
        "member": member,
        "team": member.team,
        "form": form,
        "feedback": form_feedback,
        "preflight": preflight.run_checks(form_feedback, member),
        "fields": client_fields(with_tag_fields(FIELDS_BY_KIND[form.kind], form.tag_keys)),
        "schema": schemas.schema_url(form.kind),
        "panes": PANES,
        "wait_ms": feedback.PREVIEW_DELAY_MS,
        "definition_summary": summary,
        "bound_fields": fields,
        "sizes_key": sizes_key(fields),
        "array_preview": array_preview.array_preview(form_feedback.result, request.POST.get(INDEX_FIELD, "")),
        "portal_tags": tag_rules.portal_tags(requirements),
        "latest_label": _latest_label(runnable),
        "recent_values": recent,
        "jobs": recent.dependencies,
        "selected_ids": selected_ids,
        "rerun_source": rerun_source,
        "rerun_diff": rerun.rerun_diff(rerun_source, form.document, summary.revision if summary else None),
        "images": options.image_suggestions(member.team) if member.can("register") else (),
        "draft_id": builder_drafts.draft_id(request),
        "save_result": builder_drafts.save_form(request, member, form) if request.method == "POST" else None,
        "draft_version": builder_drafts.draft_version(request, member),
        "drafts": drafts.recent_drafts(member) if request.method != "POST" and not request.GET.get("draft") else [],
        "is_rejected": is_rejected,
        "has_definitions": bool(field_options["definition"]),
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
        return BuilderForm.from_document(
            DocumentKind.SUBMISSION, rerun_source.document, rerun_source.job.text_id
        ), rerun_source
    _, queue = options.queue_choices(member.team)
    job = {**BLANK_JOB, "jobQueue": queue, "jobDefinition": drop_nul(request.GET.get("definition", ""))[:128]}
    if "example" in request.GET:
        job |= examples.example_job(member.team)
    return BuilderForm.from_document(DocumentKind.SUBMISSION, job), None


def _rerun_source(request: SignedInRequest, member: Member, text_id: str) -> rerun.RerunSource | None:
    """Return the job to run again; None if it is of another team, whose queues and definitions it names."""
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


def _posted_form(request: SignedInRequest) -> BuilderForm:
    form = BuilderForm.from_post(DocumentKind.SUBMISSION, request.POST, BLANK_JOB)
    if form.follows_text:
        return form
    offered_for = request.POST.get(REVISION_OF_FIELD)
    if offered_for is not None and offered_for != form.values["definition"]:
        return form.with_value("revision", "")
    return form


def _submit(
    request: SignedInRequest, member: Member, form: BuilderForm, rerun_source: rerun.RerunSource | None
) -> HttpResponse:
    if form.parse_error or form.form_problems:
        form_feedback = feedback.build(form, member, require_all=True)
        return job_page(request, member, form, form_feedback, rerun_source=rerun_source, is_rejected=True)
    try:
        source = Source.RERUN if rerun_source else Source.FORM
        submission = actions.submit(form.source(member), member, source=source, request_key=form.request_key)
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


def _definition_summary(form: BuilderForm, runnable: list[Revision]) -> definition_summary.DefinitionSummary | None:
    number = form.values["revision"]
    revisions = [revision for revision in runnable if not number or str(revision.number) == number]
    return definition_summary.summarize(revisions[0]) if revisions else None


def _bound_fields(
    form: BuilderForm,
    form_feedback: Feedback,
    summary: definition_summary.DefinitionSummary | None,
    choices: Mapping[str, Iterable[Choice]],
) -> dict[str, BoundField]:
    """Return the fields, as the definition and the queue have them."""
    targets = form_feedback.result.resolved_jobs if form_feedback.result else ()
    queue = targets[0].queue if targets else None
    hints = summary.hints if summary else {}
    is_on_fargate = bool(summary and is_fargate(summary.revision.document)) or bool(
        queue and queue.platform == FARGATE_QUEUE
    )
    sizes = fargate_size_choices(str(form.values["vcpus"]) or hints.get("vcpus", "")) if is_on_fargate else {}
    return bound_fields(
        form,
        form_feedback,
        hints=hints,
        choices={**choices, **sizes},
        notes=preflight.queue_notes(form_feedback.result),
        inapplicable=inapplicable_fields(
            form.kind, is_fargate=is_on_fargate, is_fair_share=bool(queue and queue_facts(queue).fair_share)
        ),
    )


def _tag_requirements(member: Member, form_feedback: Feedback) -> Sequence[TagRequirement]:
    """Return the team's tag rules: those it was validated with, if it was."""
    grants = form_feedback.result.grants if form_feedback.result else TeamGrants.for_team(member.team)
    return grants.tags


def _with_parameters(form: BuilderForm, summary: definition_summary.DefinitionSummary | None) -> BuilderForm:
    return form.with_parameters(parameter_names(summary.revision.document, form.document) if summary else ())


def _revision_choices(runnable: list[Revision]) -> list[Choice]:
    return [Choice(str(revision.number), str(revision.number)) for revision in runnable]


def _latest_label(runnable: list[Revision]) -> str:
    return f"Latest ({runnable[0].number})" if runnable else "Latest"


def _definition_name(form: BuilderForm) -> str:
    return drop_nul(str(form.values["definition"]))


def _strings(value: FieldValue) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str))
