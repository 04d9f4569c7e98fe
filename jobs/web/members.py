"""The page of a team and its members."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.access import Member, TeamPermission
from jobs.actions import members as member_actions
from jobs.models import Membership, Role
from jobs.reports import team as report
from jobs.web.shell.auth import SignedInRequest, login_required

ALLOWED_METHODS = ["GET", "HEAD", "POST"]
ROLE_CHOICES = [(role.value, role.label) for role in access.MANAGED_ROLES]


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=ROLE_CHOICES)


class NewMemberForm(RoleForm):
    username = forms.CharField(max_length=150, strip=True)


@require_http_methods(ALLOWED_METHODS)
@login_required
def members(request: SignedInRequest, slug: str) -> HttpResponse:
    if request.method != "POST":
        member = access.membership(request.user, slug)
        return _page(request, member, NewMemberForm(initial={"role": Role.ANALYST}))
    member = access.membership(request.user, slug, permission="members")
    form = NewMemberForm(request.POST)
    if form.is_valid():
        try:
            added = member_actions.add_member(member, form.cleaned_data["username"], form.cleaned_data["role"])
        except member_actions.MemberError as error:
            form.add_error("username", str(error))
        else:
            messages.success(request, f"Added {added.user.display_name} as {added.get_role_display().lower()}.")
            return redirect("members", slug)
    return _page(request, member, form)


@require_http_methods(ALLOWED_METHODS)
@login_required
def set_role(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    member, teammate = _member_and_teammate(request, slug, text_id)
    form = RoleForm(request.POST)
    if request.method == "POST" and not form.is_valid():
        messages.error(request, "Select viewer or analyst.")
    elif request.method == "POST" and member_actions.set_role(member, teammate, form.cleaned_data["role"]):
        messages.success(request, f"{teammate.user.display_name} is now {form.cleaned_data['role']}.")
    return redirect("members", slug)


@require_http_methods(ALLOWED_METHODS)
@login_required
def remove(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    member, teammate = _member_and_teammate(request, slug, text_id)
    if request.method == "POST" and member_actions.remove_member(member, teammate):
        messages.success(request, f"Removed {teammate.user.display_name} from {member.team}.")
    return redirect("members", slug)


def _member_and_teammate(request: SignedInRequest, slug: str, text_id: str) -> tuple[Member, Membership]:
    """Return who asks and whom it is about; only to change anything they need the permission."""
    permission: TeamPermission = "members" if request.method == "POST" else "view"
    member = access.membership(request.user, slug, permission=permission)
    return member, access.teammate(member, text_id)


def _page(request: SignedInRequest, member: Member, form: NewMemberForm) -> HttpResponse:
    page: dict[str, Any] = {
        "member": member,
        "team": member.team,
        "form": form,
        "overview": report.team_overview(member),
        "role_choices": ROLE_CHOICES,
        "current_page": "members",
    }
    return render(request, "jobs/team.html", page, status=422 if form.errors else 200)
