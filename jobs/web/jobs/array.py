"""The children of an array."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access, actions
from jobs.models import Job
from jobs.reports import children
from jobs.states import STATUSES
from jobs.web.jobs.heat_map import HeatMap, heat_map
from jobs.web.shell.auth import SignedInRequest, login_required

MAX_ARRAY_SIZE = 10_000  # AWS Batch's limit


@dataclass(frozen=True)
class ArrayProgress:
    job: Job
    children: children.ChildCounts
    is_refreshing: bool

    @property
    def is_loading(self) -> bool:
        return self.is_refreshing and self.children.unread_count > 0

    @property
    def live(self) -> bool:
        return self.job.status.is_live or self.is_loading

    @property
    def etag_fields(self) -> tuple[object, ...]:
        return (self.is_loading, *self.children.counts.items())

    def build_heat_map(self) -> HeatMap | None:
        """Use one more query."""
        return heat_map(self.children.size, children.child_statuses(self.job)) if self.children.read_count else None


def array_progress(job: Job) -> ArrayProgress | None:
    """Request a refresh of the children too."""
    if not job.array_size:
        return None
    return ArrayProgress(job, children.child_counts(job), is_refreshing=actions.refresh_array(job))


@require_safe
@login_required
def job_children(request: SignedInRequest, text_id: str) -> HttpResponse:
    array_job, member = access.job(request.user, text_id)
    progress = array_progress(array_job)
    state = request.GET.get("state", "")
    state = state if state in STATUSES else ""
    start_text = request.GET.get("from", "")
    start = min(int(start_text), MAX_ARRAY_SIZE) if start_text.isdecimal() and len(start_text) < 6 else 0
    page = {
        "member": member,
        "team": array_job.team,
        "job": array_job,
        "array_progress": progress,
        "state": state,
        "states": progress.children.in_order if progress else [],
        "page": children.child_page(array_job, start, state),
        "current_page": "jobs",
    }
    return render(request, "jobs/job/array.html", page)
