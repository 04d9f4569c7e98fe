"""The page that New opens."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.reports.starting_points import starting_points
from jobs.web.definitions.summary import DefinitionSize
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.text_input import search_text


@require_safe
@login_required
def choose(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    text = search_text(request.GET, "q", 100)
    points = starting_points(member.team, request.user, text)
    page = {
        "member": member,
        "team": member.team,
        "points": points,
        "cards": [
            (card, DefinitionSize.from_document(card.revision.document if card.revision else {}))
            for card in points.cards
        ],
        "search_text": text,
        "current_page": "write",
    }
    return render(request, "jobs/builder/chooser.html", page)
