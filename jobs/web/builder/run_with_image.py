"""Run with another image."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access, actions
from jobs.access import Member
from jobs.actions import run_with_image
from jobs.models import Draft, Registration, Revision
from jobs.reports.submissions import landing_target
from jobs.spec.documents import text_at
from jobs.spec.forms.form_fields import has_one_container
from jobs.spec.parsing.parser import DocumentParseError, parse
from jobs.web.builder import drafts
from jobs.web.builder.feedback import Feedback, button_label
from jobs.web.builder.form_state import BuilderForm
from jobs.web.shell.auth import SignedInRequest, login_required

ACTION = "another-image"


def start(request: SignedInRequest, member: Member, form: BuilderForm, feedback: Feedback) -> HttpResponse | None:
    """Return None if it is impossible: messages say why, and nothing was registered."""
    member.require("register")
    image = request.POST.get("another_image", "").strip()
    revision = (
        feedback.result.resolved_jobs[0].revision if feedback.result and feedback.result.resolved_jobs else None
    )
    obstacle = _why_impossible(image, revision, form, feedback, member)
    if obstacle or revision is None:
        messages.error(request, obstacle)
        return None
    save_result = drafts.save_form(request, member, form)
    if save_result is None or save_result.saved_at is None:
        messages.error(request, save_result.problem if save_result else "There is no job to submit yet.")
        return None
    try:
        new_revision = run_with_image.register_with_image(revision, image, member)
    except actions.ValidationFailedError as error:
        for problem in error.verdict.errors:
            messages.error(request, f"{revision.definition.name} can't use this image: {problem.message}")
        return None
    saved_draft = access.draft(member, save_result.text_id)
    run_with_image.attach_revision(saved_draft, new_revision)
    saved_draft.revision = actions.wait_for_registration(new_revision)
    return _continue(request, member, saved_draft)


def _why_impossible(
    image: str, revision: Revision | None, form: BuilderForm, feedback: Feedback, member: Member
) -> str:
    if not image:
        return "Enter an image."
    if form.parse_error or form.missing or feedback.errors or revision is None:
        return "Fix the errors in the job first. Nothing was registered."
    definition = revision.definition
    if definition.team_id != member.team.pk:
        return f"{definition.name} belongs to another team. Clone it to change the image."
    if not has_one_container(revision.document):
        return f"{definition.name} has more than one container. Change its images in the JSON of a new revision."
    if text_at(revision.document, "containerProperties", "image") == image:
        return f"{revision.qualified_name} already uses this image. Submit the job without changes."
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def continue_draft(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    """Wait for the revision (GET) and submit (POST)."""
    member = access.membership(request.user, slug, permission="submit")
    try:
        saved_draft = access.draft(member, text_id)
    except Http404:
        if submission := run_with_image.find_submission(member, text_id):
            return redirect(landing_target(submission))
        raise
    if saved_draft.revision is None:
        return redirect(drafts.draft_url(saved_draft))
    if request.method == "POST":
        return _continue(request, member, saved_draft)
    return _waiting_page(request, member, saved_draft, saved_draft.revision)


def _waiting_page(request: SignedInRequest, member: Member, saved_draft: Draft, revision: Revision) -> HttpResponse:
    page = {
        "member": member,
        "team": member.team,
        "draft": saved_draft,
        "revision": revision,
        "image": text_at(revision.document, "containerProperties", "image"),
        "button_label": _button_label(saved_draft),
        "is_live": revision.registration == Registration.ACCEPTED,
        "form_url": drafts.draft_url(saved_draft),
        "current_page": "write",
    }
    part = "#live" * (request.GET.get("part") == "live")
    return render(request, f"jobs/builder/registration_wait.html{part}", page)


def _button_label(saved_draft: Draft) -> str:
    try:
        reading = parse(saved_draft.text)
    except DocumentParseError:
        return "the job"
    return button_label(reading.kind, reading.document)


def _continue(request: SignedInRequest, member: Member, saved_draft: Draft) -> HttpResponse:
    revision = saved_draft.revision
    if revision is None or revision.registration == Registration.ACCEPTED:
        return redirect("draft_go_on", member.team.slug, saved_draft.text_id)
    if revision.registration == Registration.REFUSED:
        messages.error(request, f"AWS Batch refused the new revision, and nothing was submitted: {revision.refusal}")
        return redirect(drafts.draft_url(saved_draft))
    try:
        submission = run_with_image.submit_pending(saved_draft, member)
    except (
        actions.ValidationFailedError,
        DocumentParseError,
        actions.IdempotencyConflictError,
        actions.RecoveryError,
    ) as error:
        messages.error(request, f"Registered {revision.qualified_name}, but the job was not submitted: {error}")
        return redirect(drafts.draft_url(saved_draft))
    if submission is None:
        return redirect("draft_go_on", member.team.slug, saved_draft.text_id)
    messages.success(request, f"Registered {revision.qualified_name} and submitted {submission.name}.")
    return redirect(landing_target(submission))
