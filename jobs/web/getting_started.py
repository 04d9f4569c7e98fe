"""The first steps that Home offers."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from jobs import access
from jobs.models import Job
from jobs.web.shell.auth import SignedInRequest, login_required

COOKIE = "getting-started"
COOKIE_SECONDS = 365 * 24 * 3600


MAX_FIRST_JOBS = 3
"""Someone with more jobs than these is no newcomer, even without a workflow."""


@dataclass(frozen=True)
class FirstSteps:
    is_job_done: bool


def first_steps(request: SignedInRequest, recent_jobs: Iterable[Job]) -> FirstSteps | None:
    """Offer them until the person has submitted a workflow. Jobs of the demo don't count."""
    own_jobs = [job for job in recent_jobs if job.person_id == request.user.pk and not job.submission.is_from_demo]
    has_workflow = any(job.submission.job_count > 1 for job in own_jobs)
    if COOKIE in request.COOKIES or has_workflow or len(own_jobs) > MAX_FIRST_JOBS:
        return None
    return FirstSteps(is_job_done=bool(own_jobs))


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
