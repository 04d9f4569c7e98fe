"""The drafts someone has in a team: listed, opened, thrown away."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from jobs import access
from jobs.intake import drafts as intake
from jobs.web.builder import kept
from jobs.web.door import SignedInRequest, signed_in


@require_safe
@signed_in
def drafts(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, may="submit")
    page = {
        "member": member,
        "team": member.team,
        "drafts": intake.newest(member, intake.MOST),
        "most": intake.MOST,
        "here": "write",
        "tab": "drafts",
    }
    return render(request, "jobs/builder/drafts.html", page)


@require_safe
@signed_in
def draft(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    member = access.membership(request.user, slug, may="submit")
    return redirect(kept.address(access.draft(member, text_id)))


@require_POST
@signed_in
def draft_discard(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    member = access.membership(request.user, slug, may="submit")
    found = access.draft(member, text_id)
    intake.discard(member, found.text_id)
    messages.success(request, f"The draft {found} was thrown away.")
    return redirect("drafts", member.team.slug)
