"""The page that shows masked values once."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access
from jobs.access import Member
from jobs.actions.reveal import reveal
from jobs.models import Job, Revision, Submission
from jobs.web.shell.auth import SignedInRequest, login_required


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_values(request: SignedInRequest, text_id: str) -> HttpResponse:
    job, member = access.job(request.user, text_id)
    return _values_page(request, job, member, job.name)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def submission_values(request: SignedInRequest, text_id: str) -> HttpResponse:
    submission, member = access.submission(request.user, text_id)
    return _values_page(request, submission, member, submission.name)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revision_values(request: SignedInRequest, text_id: str, revision: str) -> HttpResponse:
    target_revision, member = access.revision(request.user, text_id, revision)
    return _values_page(request, target_revision, member, target_revision.qualified_name)


def _values_page(
    request: SignedInRequest, about: Job | Submission | Revision, member: Member, name: str
) -> HttpResponse:
    if request.method != "POST":
        return redirect(about)
    page = {
        "member": member,
        "team": member.team,
        "name": name,
        "back_url": about.get_absolute_url(),
        "values": reveal(about, member),
        "current_page": "definitions" if isinstance(about, Revision) else "jobs",
    }
    response = render(request, "jobs/job/revealed_values.html", page)
    response["Cache-Control"] = "no-store"
    return response
