"""The list of launch forms."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.reports import launch_forms as reports
from jobs.web.catalog.cards import form_views
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.paging import page_at
from jobs.web.shell.text_input import search_text


@require_safe
@login_required
def launch_forms(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    text = search_text(request.GET, "q", 100)
    is_archived = "archived" in request.GET
    page = page_at(
        request,
        partial(reports.form_page, member.team, text=text, archived=is_archived),
        after=request.GET.get("after", ""),
    )
    context = {
        "member": member,
        "team": member.team,
        "cards": form_views(page.rows, member),
        "next_cursor": page.next,
        "is_first_page": page.is_first,
        "search_text": text,
        "is_archived": is_archived,
        "sample_size": reports.SAMPLE_SIZE,
        "current_page": "definitions",
        "tab": "forms",
    }
    return render(request, "jobs/forms/list.html", context)
