"""The page of the queues a team may use."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.models import QueueGrant
from jobs.web.shell.auth import SignedInRequest, login_required


@require_safe
@login_required
def queues(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    grants = (
        QueueGrant.objects.filter(team=member.team, queue__account__active=True)
        .select_related("queue__account")
        .order_by("queue__account__name", "queue__name")
    )
    return render(
        request, "jobs/queues.html", {"member": member, "team": member.team, "grants": grants, "here": "queues"}
    )
