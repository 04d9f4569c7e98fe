"""The form of a job: what to run, with what, where and how large, after what, under which tags."""

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
from jobs.spec.documents import Document, Kind
from jobs.spec.forms import Value
from jobs.spec.forms.client_config import described
from jobs.spec.parsing.parser import NotADocument
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
"""For which definition the page offered revisions: another one's numbers mean nothing."""


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def job_form(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, may="submit")
    if request.method != "POST":
        if reopened := builder_drafts.reopened(request, member):
            return reopened
        draft, again = _beginning(request, member)
        return page(request, member, draft, feedback.not_yet(draft), again=again)
    draft = _sent(request)
    again = _again(request, member, draft.again) if draft.again else None
    match request.POST.get("do"):
        case "keep":
            return builder_drafts.answer(request, member, builder_drafts.keep(request, member, draft))
        case "check":
            return page(request, member, draft, feedback.of_draft(draft, member), again=again)
        case run_with_image.ASKED:
            told = feedback.of_draft(draft, member, all_of_it=True)
            done = run_with_image.begun(request, member, draft, told)
            return done or page(request, member, draft, told, again=again, refused=True)
        case str(asked) if asked.startswith(fix_views.ASKED):
            draft, told = fix_views.fixed(request, member, draft, asked.removeprefix(fix_views.ASKED))
            return page(request, member, draft, told, again=again)
    return _submitted(request, member, draft, again)


@require_POST
@signed_in
def job_preview(request: SignedInRequest, slug: str) -> HttpResponse:
    """What stands beside the form, for what is in the form now, and what is to be said at its fields."""
    member = access.membership(request.user, slug, may="submit")
    draft = _sent(request)
    runnable = options.revisions(member.team, _name(draft))
    told = feedback.of_draft(draft, member)
    shown = _facts(draft, runnable)
    again = _again(request, member, draft.again) if draft.again else None
    filled = {
        "team": member.team,
        "member": member,
        "draft": draft,
        "said": told,
        "facts": shown,
        "items": items(
            draft,
            told,
            hints=shown.hints if shown else {},
            choices={"revision": _revisions(runnable)},
            notes=queue_options.notes(told.verdict),
        ),
        "latest": _latest(runnable),
        "compared": rerun_diff.compared(again, draft.document, shown.revision if shown else None),
        "oob": True,
    }
    return render(request, f"{TEMPLATE}#answer", filled)


@require_POST
@signed_in
def job_waits(request: SignedInRequest, slug: str) -> HttpResponse:
    """The jobs of a name that this one could wait for."""
    member = access.membership(request.user, slug, may="submit")
    wanted = request.POST.get("waits_named", "").strip().replace("\0", "")
    chosen = tuple(dict.fromkeys(request.POST.getlist("waits")))
    found = options.waits(member.team, wanted, [each for each in chosen if each][: options.MOST_WAITS])
    filled = {"jobs": found, "chosen": chosen, "named": wanted}
    return render(request, "jobs/builder/dependencies.html", filled)


@require_safe
@signed_in
def job_again(request: SignedInRequest, text_id: str) -> HttpResponse:
    """The form, filled in with a job that was."""
    job, member = access.job(request.user, text_id, may="submit")
    return redirect(f"{reverse('job_form', args=[member.team.slug])}?again={job.text_id}")


@require_safe
@signed_in
def submission_again(request: SignedInRequest, text_id: str) -> HttpResponse:
    """The form for a single job, the JSON page for a workflow: a form shows one document of one job."""
    found, member = access.submission(request.user, text_id, may="submit")
    slug = member.team.slug
    if found.kind == Kind.WORKFLOW:
        return redirect(f"{reverse('write', args=[slug])}?from={found.text_id}")
    job = found.jobs.first()
    if job is None:
        return redirect(f"{reverse('write', args=[slug])}?from={found.text_id}")
    return redirect(f"{reverse('job_form', args=[slug])}?again={job.text_id}")


def page(
    request: SignedInRequest,
    member: Member,
    draft: Draft,
    told: Said,
    *,
    again: rerun.Again | None = None,
    refused: bool = False,
) -> HttpResponse:
    draft = draft.settled()
    runnable = options.revisions(member.team, _name(draft))
    shown = _facts(draft, runnable)
    queues, _ = options.queues(member.team)
    chosen = _texts(draft.filled["waits"])
    known = options.known(member.team, chosen)
    offered = {
        "queue": queues,
        "definition": options.definitions(member.team),
        "revision": _revisions(runnable),
    }
    filled = {
        "member": member,
        "team": member.team,
        "draft": draft,
        "said": told,
        "fields": described(draft.table),
        "schema": schemas.address(draft.kind),
        "panes": PANES,
        "wait_ms": validation_view.WAIT_MS,
        "facts": shown,
        "items": items(
            draft,
            told,
            hints=shown.hints if shown else {},
            choices=offered,
            notes=queue_options.notes(told.verdict),
        ),
        "latest": _latest(runnable),
        "known": known,
        "jobs": known.waits,
        "chosen": chosen,
        "again": again,
        "compared": rerun_diff.compared(again, draft.document, shown.revision if shown else None),
        "images": options.images(member.team) if member.may("register") else (),
        "draft_id": builder_drafts.id_of(request),
        "kept": builder_drafts.keep(request, member, draft) if request.method == "POST" else None,
        "drafts": drafts.newest(member) if request.method != "POST" and not request.GET.get("draft") else [],
        "refused": refused,
        "has_definitions": bool(offered["definition"]),
        "here": "write",
        "tab": "job",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return render(request, TEMPLATE, filled, status=status)


def _beginning(request: SignedInRequest, member: Member) -> tuple[Draft, rerun.Again | None]:
    """What the form opens with: a job that was, or nothing but the usual queue and perhaps a definition."""
    found = builder_drafts.opened(request, member)
    if found:
        draft = builder_drafts.as_draft(Kind.SUBMISSION, found, BLANK)
        return draft, _again(request, member, draft.again) if draft.again else None
    earlier = request.GET.get("again", "")
    if earlier:
        again = _again(request, member, earlier)
        if again is None:
            raise Http404("There is no such job in this team.")
        return Draft.begun(Kind.SUBMISSION, again.document, again.job.text_id), again
    _, queue = options.queues(member.team)
    definition = request.GET.get("definition", "").replace("\0", "")[:128]
    return Draft.begun(Kind.SUBMISSION, {**BLANK, "jobQueue": queue, "jobDefinition": definition}), None


def _again(request: SignedInRequest, member: Member, text_id: str) -> rerun.Again | None:
    """What to run again: a job of this team, whose queues and definitions it names."""
    try:
        job, owner = access.job(request.user, text_id)
    except Http404:
        return None
    if owner.team.pk != member.team.pk:
        return None
    runnable = options.revisions(member.team, job.revision.definition.name)
    newest = next((each.number for each in runnable if each.definition_id == job.revision.definition_id), None)
    return rerun.again(job, newest, request.GET.get("revision", ""))


def _sent(request: SignedInRequest) -> Draft:
    draft = Draft.sent(Kind.SUBMISSION, request.POST, BLANK)
    if draft.follows:
        return draft
    offered_for = request.POST.get(REVISION_OF)
    if offered_for is not None and offered_for != draft.filled["definition"]:
        return draft.but("revision", "")
    return draft


def _submitted(request: SignedInRequest, member: Member, draft: Draft, again: rerun.Again | None) -> HttpResponse:
    told = feedback.of_draft(draft, member, all_of_it=True)
    if draft.unread or draft.own_problems:
        return page(request, member, draft, told, again=again, refused=True)
    source = Source.RERUN if again else Source.FORM
    try:
        text = masked_source.whole(draft.text, member, draft.again)
        submission = actions.accept(text, member, source=source, request_key=draft.request_key)
    except NotADocument:
        return page(request, member, draft, told, again=again, refused=True)
    except actions.Refused as refused:
        told = feedback.of_verdict(draft, refused.verdict, member, all_of_it=True)
        return page(request, member, draft, told, again=again, refused=True)
    except actions.KeyReusedError:
        # Someone went back to a form that had submitted, and changed it: the same button means a new wish now.
        draft = draft.renewed()
        messages.warning(request, SENT_BEFORE)
        return page(request, member, draft, told, again=again, refused=True)
    except actions.RecoveryError as error:
        messages.warning(request, str(error))
        return page(request, member, draft, told, again=again, refused=True)
    messages.success(request, f"Submitted {submission.name}.")
    return builder_drafts.sent(request, member, draft, redirect(submission))


def _facts(draft: Draft, runnable: list[Revision]) -> definition_summary.Facts | None:
    """Of the revision that the draft names, or the newest."""
    number = draft.filled["revision"]
    named = [each for each in runnable if not number or str(each.number) == number]
    return definition_summary.of(named[0]) if named else None


def _revisions(runnable: list[Revision]) -> list[Choice]:
    return [Choice(str(each.number), str(each.number)) for each in runnable]


def _latest(runnable: list[Revision]) -> str:
    return f"Latest, now {runnable[0].number}" if runnable else "Latest"


def _name(draft: Draft) -> str:
    return str(draft.filled["definition"]).replace("\0", "")


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str))
