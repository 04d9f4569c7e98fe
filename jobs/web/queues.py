"""The page of queues."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.reports.queues import queue_rows
from jobs.web.shell.auth import SignedInRequest, login_required


@require_safe
@login_required
def queues(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    page = {"member": member, "team": member.team, "rows": queue_rows(member.team), "current_page": "queues"}
    return render(request, "jobs/queues.html", page)
