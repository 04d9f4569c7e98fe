"""The page of permissions."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.web.shell.auth import SignedInRequest, login_required


@require_safe
@login_required
def permissions(request: SignedInRequest) -> HttpResponse:
    return render(
        request,
        "jobs/permissions.html",
        {"actors": access.ACTORS, "permission_rules": access.permission_rules(), "current_page": "rights"},
    )
