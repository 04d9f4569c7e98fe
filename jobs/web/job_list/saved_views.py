"""Saved views: links of the list, and the buttons that change them."""

from dataclasses import dataclass, replace

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.actions import saved_views as actions
from jobs.actions.saved_views import SavedViewError, ViewContent
from jobs.models import SavedView
from jobs.models.owned_item import MAX_NAME_LENGTH
from jobs.web.job_list.columns import NO_COLUMNS, choose
from jobs.web.job_list.query import SCOPES, TEAM, ListQuery, parse_query
from jobs.web.shell.auth import SignedInRequest, login_required

ALLOWED_METHODS = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class ViewLink:
    view: SavedView
    query: str
    is_current: bool
    can_change: bool


class ViewForm(forms.Form):
    name = forms.CharField(
        max_length=MAX_NAME_LENGTH,
        validators=[RegexValidator(r"^[^\x00-\x1f\x7f]*\Z", "Use one line without control characters.")],
        error_messages={"required": "Enter a name for the view."},
    )
    team_view = forms.BooleanField(required=False)
    is_default = forms.BooleanField(required=False)


def query_of_view(view: SavedView) -> str:
    """Return the parameters of the list that show it."""
    names = choose(view.columns)
    scope = view.scope if view.scope in SCOPES else TEAM
    return ListQuery(
        text=view.search,
        scope=scope,
        sort=view.sort,
        columns=names,
        has_columns=bool(view.columns),
        view=view.text_id,
    ).query


def view_links(views: list[SavedView], query: ListQuery, *, manages_team_views: bool) -> list[ViewLink]:
    return [
        ViewLink(view, query_of_view(view), query.view == view.text_id, manages_team_views or not view.is_of_team)
        for view in views
    ]


@require_http_methods(ALLOWED_METHODS)
@login_required
def save_view(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    if request.method != "POST":
        return redirect("jobs", slug)
    query = parse_query(request.GET, member)
    form = ViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Not saved. {next(iter(form.errors.values()))[0]}")
        return _list(slug, query)
    if query.problems:
        messages.error(request, "Not saved. Fix the search first.")
        return _list(slug, query)
    content = ViewContent(
        query.text,
        query.scope if query.scope != TEAM else "",
        query.sort,
        query.columns or (NO_COLUMNS,),
    )
    try:
        view, is_new = actions.save_view(
            member,
            form.cleaned_data["name"],
            content,
            is_of_team=form.cleaned_data["team_view"],
            is_default=form.cleaned_data["is_default"],
        )
    except SavedViewError as error:
        messages.error(request, f"Not saved. {error}")
        return _list(slug, query)
    messages.success(request, f"Saved view {view.name}." if is_new else f"Updated view {view.name}.")
    return redirect(f"{reverse('jobs', args=[slug])}?{query_of_view(view)}")


@require_http_methods(ALLOWED_METHODS)
@login_required
def delete_view(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    view = access.saved_view(member, text_id)
    query = parse_query(request.GET, member)
    if request.method == "POST":
        actions.delete_view(view, member)
        messages.success(request, f"Deleted view {view.name}.")
        if query.view == text_id:
            query = replace(query, view="")
    return _list(slug, query)


@require_http_methods(ALLOWED_METHODS)
@login_required
def set_default_view(request: SignedInRequest, slug: str, text_id: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    view = access.saved_view(member, text_id)
    if request.method == "POST":
        is_default = request.POST.get("is_default") == "on"
        actions.set_default(view, member, is_default=is_default)
        messages.success(
            request, f"Jobs opens with {view.name}." if is_default else f"Jobs no longer opens with {view.name}."
        )
    return _list(slug, parse_query(request.GET, member))


@require_http_methods(ALLOWED_METHODS)
@login_required
def choose_columns(request: SignedInRequest, slug: str) -> HttpResponse:
    """Remember the columns, and show the same list with them."""
    member = access.membership(request.user, slug)
    if request.method != "POST":
        return redirect("jobs", slug)
    query = parse_query(request.GET, member)
    names = choose(request.POST.getlist("column"))
    actions.remember_columns(request.user, names or (NO_COLUMNS,))
    return _list(slug, replace(query, columns=names, has_columns=True))


def _list(slug: str, query: ListQuery) -> HttpResponse:
    return redirect(f"{reverse('jobs', args=[slug])}?{query.query}")
