"""The pages of a person's drafts in a team: list, open and discard."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from jobs import access
from jobs.actions import drafts as draft_actions
from jobs.web.builder import drafts as builder_drafts
from jobs.web.shell.auth import SignedInRequest, login_required


@require_safe
@login_required
def list_drafts(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    page = {
        "member": member,
        "team": member.team,
        "drafts": draft_actions.recent_drafts(member, draft_actions.MAX_DRAFTS),
        "most": draft_actions.MAX_DRAFTS,
        "here": "write",
        "tab": "drafts",
    }
    return render(request, "jobs/builder/drafts.html", page)


@require_safe
@login_required
def open_draft(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    return redirect(builder_drafts.draft_url(access.draft(member, text_id)))


@require_POST
@login_required
def discard_draft(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    saved_draft = access.draft(member, text_id)
    draft_actions.delete_draft(member, saved_draft.text_id)
    messages.success(request, f"The draft {saved_draft} was thrown away.")
    return redirect("drafts", member.team.slug)
