"""Run with another image: a new revision of the definition, and the job on it, in one go."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access, actions
from jobs.access import Member
from jobs.actions import run_with_image
from jobs.models import Draft as KeptDraft
from jobs.models import Registration, Revision
from jobs.spec.documents import text_at
from jobs.spec.forms.form_fields import has_one_container
from jobs.spec.parsing.parser import NotADocument, read
from jobs.web.builder import drafts, validation_view
from jobs.web.builder.feedback import Said
from jobs.web.builder.form_state import Draft
from jobs.web.shell.auth import SignedInRequest, signed_in

ASKED = "another-image"


def begun(request: SignedInRequest, member: Member, draft: Draft, told: Said) -> HttpResponse | None:
    """Register the definition with the image that was named, and go on to the job. None: it cannot be done, and the
    messages say why; then nothing was registered."""
    member.must("register")
    image = request.POST.get("another_image", "").strip()
    revision = told.verdict.targets[0].revision if told.verdict and told.verdict.targets else None
    trouble = _trouble(image, revision, draft, told, member)
    if trouble or revision is None:
        messages.error(request, trouble)
        return None
    carrier = drafts.keep(request, member, draft)
    if carrier is None or carrier.at is None:
        messages.error(request, carrier.why_not if carrier else "There is nothing to submit yet.")
        return None
    try:
        new = run_with_image.register_with_image(revision, image, member)
    except actions.Refused as refused:
        for problem in refused.verdict.errors:
            messages.error(request, f"{revision.definition.name} cannot have this image: {problem.message}")
        return None
    found = access.draft(member, carrier.text_id)
    run_with_image.wait_for(found, new)
    found.revision = actions.await_registration(new)
    return _on(request, member, found)


def _trouble(image: str, revision: Revision | None, draft: Draft, told: Said, member: Member) -> str:
    """Why it cannot be done, before anything is."""
    if not image:
        return "Name the image to run with."
    if draft.unread or draft.missing or told.errors or revision is None:
        return "The job itself has something to put right first. Nothing was registered."
    definition = revision.definition
    if definition.team_id != member.team.pk:
        return f"{definition.name} belongs to another team, which alone registers revisions of it. Make a copy of it."
    if not has_one_container(revision.document):
        return f"{definition.name} is not of one container. Change its images in a new revision, in the JSON."
    if text_at(revision.document, "containerProperties", "image") == image:
        return f"{revision.pinned} has this image already. Submit the job as it is."
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def draft_go_on(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    """Waits for the revision (GET), and submits the job on it (POST); the page does so by itself."""
    member = access.membership(request.user, slug, may="submit")
    try:
        found = access.draft(member, text_id)
    except Http404:
        if done := run_with_image.gone_on(member, text_id):
            return redirect(done)
        raise
    if found.revision is None:
        return redirect(drafts.address(found))
    if request.method == "POST":
        return _on(request, member, found)
    return _page(request, member, found, found.revision)


def _page(request: SignedInRequest, member: Member, found: KeptDraft, revision: Revision) -> HttpResponse:
    page = {
        "member": member,
        "team": member.team,
        "draft": found,
        "revision": revision,
        "image": text_at(revision.document, "containerProperties", "image"),
        "what": _what(found),
        "live": revision.registration == Registration.ACCEPTED,
        "edit": drafts.address(found),
        "here": "write",
    }
    part = "#live" * (request.GET.get("part") == "live")
    return render(request, f"jobs/builder/registration_wait.html{part}", page)


def _what(found: KeptDraft) -> str:
    try:
        reading = read(found.text)
    except NotADocument:
        return "the job"
    return validation_view.button(reading.kind, reading.document)


def _on(request: SignedInRequest, member: Member, found: KeptDraft) -> HttpResponse:
    """The submission, if AWS has the revision; else where it is waited for, or where it is put right."""
    revision = found.revision
    if revision is None or revision.registration == Registration.ACCEPTED:
        return redirect("draft_go_on", member.team.slug, found.text_id)
    if revision.registration == Registration.REFUSED:
        messages.error(request, f"AWS Batch refused the new revision, and nothing was submitted: {revision.refusal}")
        return redirect(drafts.address(found))
    try:
        submission = run_with_image.go_on(found, member)
    except (actions.Refused, NotADocument, actions.KeyReusedError, actions.RecoveryError) as refused:
        messages.error(request, f"Registered {revision.pinned}, but the job was not submitted: {refused}")
        return redirect(drafts.address(found))
    if submission is None:
        return redirect("draft_go_on", member.team.slug, found.text_id)
    messages.success(request, f"Registered {revision.pinned}, and submitted {submission.name} on it.")
    return redirect(submission)
