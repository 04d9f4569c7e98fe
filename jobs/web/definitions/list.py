"""The list of definitions."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.reports import catalog
from jobs.web.catalog.cards import DefinitionCardView
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.paging import page_at
from jobs.web.shell.text_input import search_text


@require_safe
@login_required
def definitions(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    text = search_text(request.GET, "q", 100)
    is_archived = "deactivated" in request.GET
    page = page_at(
        request,
        partial(catalog.definition_page, member.team, text=text, retired=is_archived),
        after=request.GET.get("after", ""),
    )
    context = {
        "member": member,
        "team": member.team,
        "cards": [DefinitionCardView.of(card) for card in page.rows],
        "next_cursor": page.next,
        "is_first_page": page.is_first,
        "search_text": text,
        "is_archived": is_archived,
        "sample_size": catalog.SAMPLE_SIZE,
        "current_page": "definitions",
    }
    return render(request, "jobs/definitions/list.html", context)
