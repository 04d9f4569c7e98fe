"""The definitions that a team may use, as cards."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.reports import catalog
from jobs.web.definitions.summary import Size
from jobs.web.shell.auth import SignedInRequest, signed_in


@dataclass(frozen=True)
class Card:
    """What the report says of a definition, and how large it is."""

    told: catalog.Card
    size: Size


@require_safe
@signed_in
def definitions(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    wanted = request.GET.get("q", "").strip().replace("\0", "")[:100]
    after = request.GET.get("after", "")
    retired = "deactivated" in request.GET
    page = catalog.page(member.team, text=wanted, after=after, retired=retired)
    shown = {
        "member": member,
        "team": member.team,
        "cards": [Card(each, Size.of(each.revision.document if each.revision else {})) for each in page.cards],
        "next": page.after,
        "after": after,
        "q": wanted,
        "retired": retired,
        "counted": catalog.COUNTED,
        "here": "definitions",
    }
    return render(request, "jobs/definitions/list.html", shown)
