"""The form of a job: definition, overrides, queue, size, dependencies and tags."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import access, actions
from jobs.access import Member
from jobs.actions import drafts, masked_source
from jobs.models import Revision, Source
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.forms import FieldValue
from jobs.spec.forms.client_config import client_fields
from jobs.spec.parsing.parser import DocumentParseError
from jobs.web import schemas
from jobs.web.builder import (
    definition_summary,
    feedback,
    fix_views,
    options,
    queue_options,
    rerun,
    rerun_diff,
    run_with_image,
    validation_view,
)
from jobs.web.builder import drafts as builder_drafts
from jobs.web.builder.bound_fields import items
from jobs.web.builder.feedback import Said
from jobs.web.builder.form_state import PANES, Draft
from jobs.web.builder.options import Choice
from jobs.web.shell.auth import SignedInRequest, signed_in

TEMPLATE = "jobs/builder/job.html"
BLANK: Document = {"jobName": "", "jobQueue": "", "jobDefinition": ""}
SENT_BEFORE = (
    "This form has submitted something else before, so nothing was sent. Press the button again to send this."
)
REVISION_OF = "revision_of"
"""The definition for which the page listed revisions; their numbers mean nothing for another one."""


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def job_form(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    if request.method != "POST":
        if reopened := builder_drafts.reopened(request, member):
            return reopened
        form, again = _beginning(request, member)
        return page(request, member, form, feedback.not_yet(form), again=again)
    form = _sent(request)
    again = _again(request, member, form.again) if form.again else None
    match request.POST.get("do"):
        case "keep":
            return builder_drafts.answer(request, member, builder_drafts.keep(request, member, form))
        case "check":
            return page(request, member, form, feedback.of_draft(form, member), again=again)
        case run_with_image.ASKED:
            form_feedback = feedback.of_draft(form, member, require_all=True)
            response = run_with_image.begun(request, member, form, form_feedback)
            return response or page(request, member, form, form_feedback, again=again, is_rejected=True)
        case str(action) if action.startswith(fix_views.ASKED):
            form, form_feedback = fix_views.fixed(request, member, form, action.removeprefix(fix_views.ASKED))
            return page(request, member, form, form_feedback, again=again)
    return _submitted(request, member, form, again)


@require_POST
@signed_in
def job_preview(request: SignedInRequest, slug: str) -> HttpResponse:
    """Render the panel beside the form and the problems at its fields, for what is posted."""
    member = access.membership(request.user, slug, permission="submit")
    form = _sent(request)
    runnable = options.revisions(member.team, _name(form))
    form_feedback = feedback.of_draft(form, member)
    summary = _facts(form, runnable)
    again = _again(request, member, form.again) if form.again else None
    context = {
        "team": member.team,
        "member": member,
        "draft": form,
        "said": form_feedback,
        "facts": summary,
        "items": items(
            form,
            form_feedback,
            hints=summary.hints if summary else {},
            choices={"revision": _revisions(runnable)},
            notes=queue_options.notes(form_feedback.verdict),
        ),
        "latest": _latest(runnable),
        "compared": rerun_diff.compared(again, form.document, summary.revision if summary else None),
        "oob": True,
    }
    return render(request, f"{TEMPLATE}#answer", context)


@require_POST
@signed_in
def job_waits(request: SignedInRequest, slug: str) -> HttpResponse:
    """Search the jobs that this one could depend on."""
    member = access.membership(request.user, slug, permission="submit")
    text = request.POST.get("waits_named", "").strip().replace("\0", "")
    selected_ids = tuple(dict.fromkeys(request.POST.getlist("waits")))
    jobs = options.waits(member.team, text, [job_id for job_id in selected_ids if job_id][: options.MOST_WAITS])
    context = {"jobs": jobs, "chosen": selected_ids, "named": text}
    return render(request, "jobs/builder/dependencies.html", context)


@require_safe
@signed_in
def job_again(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Open the form with an earlier job."""
    job, member = access.job(request.user, text_id, permission="submit")
    return redirect(f"{reverse('job_form', args=[member.team.slug])}?again={job.text_id}")


@require_safe
@signed_in
def submission_again(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Open the form for a single job, or the JSON page for a workflow, which has no form."""
    submission, member = access.submission(request.user, text_id, permission="submit")
    slug = member.team.slug
    if submission.kind == DocumentKind.WORKFLOW:
        return redirect(f"{reverse('write', args=[slug])}?from={submission.text_id}")
    job = submission.jobs.first()
    if job is None:
        return redirect(f"{reverse('write', args=[slug])}?from={submission.text_id}")
    return redirect(f"{reverse('job_form', args=[slug])}?again={job.text_id}")


def page(
    request: SignedInRequest,
    member: Member,
    form: Draft,
    form_feedback: Said,
    *,
    again: rerun.Again | None = None,
    is_rejected: bool = False,
) -> HttpResponse:
    form = form.settled()
    runnable = options.revisions(member.team, _name(form))
    summary = _facts(form, runnable)
    queues, _ = options.queues(member.team)
    selected_ids = _texts(form.filled["waits"])
    recent = options.known(member.team, selected_ids)
    field_options = {
        "queue": queues,
        "definition": options.definitions(member.team),
        "revision": _revisions(runnable),
    }
    context = {
        "member": member,
        "team": member.team,
        "draft": form,
        "said": form_feedback,
        "fields": client_fields(form.table),
        "schema": schemas.address(form.kind),
        "panes": PANES,
        "wait_ms": validation_view.WAIT_MS,
        "facts": summary,
        "items": items(
            form,
            form_feedback,
            hints=summary.hints if summary else {},
            choices=field_options,
            notes=queue_options.notes(form_feedback.verdict),
        ),
        "latest": _latest(runnable),
        "known": recent,
        "jobs": recent.waits,
        "chosen": selected_ids,
        "again": again,
        "compared": rerun_diff.compared(again, form.document, summary.revision if summary else None),
        "images": options.images(member.team) if member.can("register") else (),
        "draft_id": builder_drafts.id_of(request),
        "kept": builder_drafts.keep(request, member, form) if request.method == "POST" else None,
        "drafts": drafts.recent_drafts(member) if request.method != "POST" and not request.GET.get("draft") else [],
        "refused": is_rejected,
        "has_definitions": bool(field_options["definition"]),
        "here": "write",
        "tab": "job",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_rejected else HTTPStatus.OK
    return render(request, TEMPLATE, context, status=status)


def _beginning(request: SignedInRequest, member: Member) -> tuple[Draft, rerun.Again | None]:
    """Return the initial form: a draft, an earlier job, or the default queue and perhaps a definition."""
    saved_draft = builder_drafts.opened(request, member)
    if saved_draft:
        form = builder_drafts.as_draft(DocumentKind.SUBMISSION, saved_draft, BLANK)
        return form, _again(request, member, form.again) if form.again else None
    earlier = request.GET.get("again", "")
    if earlier:
        again = _again(request, member, earlier)
        if again is None:
            raise Http404("There is no such job in this team.")
        return Draft.begun(DocumentKind.SUBMISSION, again.document, again.job.text_id), again
    _, queue = options.queues(member.team)
    definition = request.GET.get("definition", "").replace("\0", "")[:128]
    return Draft.begun(DocumentKind.SUBMISSION, {**BLANK, "jobQueue": queue, "jobDefinition": definition}), None


def _again(request: SignedInRequest, member: Member, text_id: str) -> rerun.Again | None:
    """Return the job to run again; None if it is of another team, whose queues and definitions it names."""
    try:
        job, owner = access.job(request.user, text_id)
    except Http404:
        return None
    if owner.team.pk != member.team.pk:
        return None
    runnable = options.revisions(member.team, job.revision.definition.name)
    newest = next(
        (revision.number for revision in runnable if revision.definition_id == job.revision.definition_id), None
    )
    return rerun.again(job, newest, request.GET.get("revision", ""))


def _sent(request: SignedInRequest) -> Draft:
    form = Draft.sent(DocumentKind.SUBMISSION, request.POST, BLANK)
    if form.follows:
        return form
    offered_for = request.POST.get(REVISION_OF)
    if offered_for is not None and offered_for != form.filled["definition"]:
        return form.but("revision", "")
    return form


def _submitted(request: SignedInRequest, member: Member, form: Draft, again: rerun.Again | None) -> HttpResponse:
    form_feedback = feedback.of_draft(form, member, require_all=True)
    if form.unread or form.own_problems:
        return page(request, member, form, form_feedback, again=again, is_rejected=True)
    source = Source.RERUN if again else Source.FORM
    try:
        text = masked_source.restore_masked(form.text, member, form.again)
        submission = actions.submit(text, member, source=source, request_key=form.request_key)
    except DocumentParseError:
        return page(request, member, form, form_feedback, again=again, is_rejected=True)
    except actions.ValidationFailedError as error:
        form_feedback = feedback.of_verdict(form, error.verdict, member, require_all=True)
        return page(request, member, form, form_feedback, again=again, is_rejected=True)
    except actions.IdempotencyConflictError:
        # Someone went back to a form that had submitted and changed it: this is a new request.
        form = form.renewed()
        messages.warning(request, SENT_BEFORE)
        return page(request, member, form, form_feedback, again=again, is_rejected=True)
    except actions.RecoveryError as error:
        messages.warning(request, str(error))
        return page(request, member, form, form_feedback, again=again, is_rejected=True)
    messages.success(request, f"Submitted {submission.name}.")
    return builder_drafts.sent(request, member, form, redirect(submission))


def _facts(form: Draft, runnable: list[Revision]) -> definition_summary.Facts | None:
    """Summarize the revision that the form names, or the newest."""
    number = form.filled["revision"]
    revisions = [revision for revision in runnable if not number or str(revision.number) == number]
    return definition_summary.of(revisions[0]) if revisions else None


def _revisions(runnable: list[Revision]) -> list[Choice]:
    return [Choice(str(revision.number), str(revision.number)) for revision in runnable]


def _latest(runnable: list[Revision]) -> str:
    return f"Latest, now {runnable[0].number}" if runnable else "Latest"


def _name(form: Draft) -> str:
    return str(form.filled["definition"]).replace("\0", "")


def _texts(value: FieldValue) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str))
