"""The health page for the portal's administrators."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs.reports import health as report
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.polling import is_partial


@require_safe
@login_required
def health(request: SignedInRequest) -> HttpResponse:
    if not request.user.is_staff:
        raise PermissionDenied("Only administrators can see the portal's health.")
    template = "jobs/health.html#live" if is_partial(request) else "jobs/health.html"
    return render(request, template, {"health": report.collect_health(), "current_page": "health"})
