"""The first steps that Home offers to someone who has not run anything of their own, until they dismiss them."""

from collections.abc import Iterable

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from jobs import access
from jobs.models import Job
from jobs.web.shell.auth import SignedInRequest, login_required

COOKIE = "getting-started"
COOKIE_SECONDS = 365 * 24 * 3600


def is_offered(request: SignedInRequest, own_jobs: Iterable[Job]) -> bool:
    """Return whether to show the steps. Jobs of the demo are not one's own."""
    return COOKIE not in request.COOKIES and all(job.submission.is_from_demo for job in own_jobs)


@require_POST
@login_required
def dismiss(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    response = redirect("team_home", member.team.slug)
    response.set_cookie(
        COOKIE,
        "dismissed",
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
