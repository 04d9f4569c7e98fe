"""The user's own API tokens."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.access import Member
from jobs.actions import tokens as token_actions
from jobs.reports import tokens as reports
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.last_team import LAST_TEAM_COOKIE
from jobs.web.tokens import TokenForm

DEFAULT_DAYS = 90


class PersonalTokenForm(TokenForm):
    team = forms.ChoiceField()

    def __init__(self, members: Sequence[Member], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.members = {member.team.slug: member for member in members}
        limits = {member.team.personal_token_days for member in members}
        self.max_days = max(limits)
        self.fields["team"].choices = [  # type: ignore[attr-defined] # of a ChoiceField
            (
                slug,
                f"{member.team}, up to {member.team.personal_token_days} days"
                if len(limits) > 1
                else member.team.name,
            )
            for slug, member in self.members.items()
        ]

    def create_personal_token(self) -> str:
        """Return the secret. Raise TokenLimitError."""
        return token_actions.create_personal_token(
            self.members[self.cleaned_data["team"]],
            self.cleaned_data["name"],
            may_submit=self.cleaned_data["scope"] == "submit",
            days=self.cleaned_data["days"],
        )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def own_tokens(request: SignedInRequest) -> HttpResponse:
    """Show a new secret once, in the response to a POST."""
    members = [member for member in access.members_of(request.user) if member.can("own_tokens")]
    secret = ""
    form = _form(request, members)
    if form and form.is_bound and form.is_valid():
        try:
            secret = form.create_personal_token()
        except token_actions.TokenLimitError as error:
            form.add_error("days", str(error))
        else:
            form = _empty_form(members, form.cleaned_data["team"])
    page = {
        "form": form,
        "secret": secret,
        "tokens": reports.own_tokens(request.user),
        "max_tokens": reports.MAX_TOKENS,
        "now": now(),
        "is_own": True,
        "current_page": "own_tokens",
    }
    return render(request, "accounts/tokens.html", page, status=422 if form and form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revoke_own_token(request: SignedInRequest, text_id: str) -> HttpResponse:
    token = access.own_token(request.user, text_id)
    if request.method == "POST" and token_actions.revoke_own_token(token, request.user):
        messages.success(request, f"Revoked {token.name}.")
    return redirect("own_tokens")


def _form(request: SignedInRequest, members: Sequence[Member]) -> PersonalTokenForm | None:
    """Return None for users who can't create personal tokens."""
    if not members and request.method == "POST":
        raise PermissionDenied("You aren't a member of a team that allows personal tokens. Ask an administrator.")
    if not members:
        return None
    if request.method == "POST":
        return PersonalTokenForm(members, request.POST)
    return _empty_form(members, request.GET.get("team") or request.COOKIES.get(LAST_TEAM_COOKIE, ""))


def _empty_form(members: Sequence[Member], slug: str) -> PersonalTokenForm:
    member = next((member for member in members if member.team.slug == slug), members[0])
    days = min(DEFAULT_DAYS, member.team.personal_token_days)
    return PersonalTokenForm(members, initial={"team": member.team.slug, "scope": "submit", "days": days})
