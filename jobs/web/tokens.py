"""A team's API tokens."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.access import Member
from jobs.actions import tokens as token_actions
from jobs.models.team import MAX_TOKEN_DAYS
from jobs.reports import tokens as reports
from jobs.web.shell.auth import SignedInRequest, login_required


class TokenForm(forms.Form):
    max_days = MAX_TOKEN_DAYS
    name = forms.CharField(max_length=80, strip=True)
    scope = forms.ChoiceField(choices=[("submit", "Read and submit"), ("read", "Read only")])
    days = forms.IntegerField(min_value=1, max_value=MAX_TOKEN_DAYS)

    def create_token(self, member: Member) -> str:
        return token_actions.create_token(
            member,
            self.cleaned_data["name"],
            may_submit=self.cleaned_data["scope"] == "submit",
            days=self.cleaned_data["days"],
        )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def tokens(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show a new secret once, in the response to a POST."""
    member = access.membership(request.user, slug, permission="tokens")
    secret = ""
    form = TokenForm(request.POST) if request.method == "POST" else _empty_form()
    if form.is_bound and form.is_valid():
        secret = form.create_token(member)
        form = _empty_form()
    page: dict[str, Any] = {
        "member": member,
        "team": member.team,
        "form": form,
        "secret": secret,
        "tokens": reports.team_tokens(member.team),
        "max_tokens": reports.MAX_TOKENS,
        "now": now(),
        "current_page": "tokens",
    }
    return render(request, "jobs/tokens.html", page, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revoke(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="tokens")
    token = access.token(member, text_id)
    if request.method == "POST" and token_actions.revoke_token(token, member):
        messages.success(request, f"Revoked {token.name}.")
    return redirect("tokens", member.team.slug)


def _empty_form() -> TokenForm:
    return TokenForm(initial={"scope": "submit", "days": 90})
