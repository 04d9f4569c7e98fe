"""Failures of a team, grouped into families."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from jobs import access
from jobs.causes import Action
from jobs.causes.sizes import larger_memory
from jobs.models import BulkKind, Job, Team
from jobs.reports import failure_families as reports
from jobs.reports.failure_families import Family
from jobs.spec.forms.units import format_mib
from jobs.web.shell.auth import SignedInRequest, login_required

PERIODS = {1: "24 hours", 7: "7 days", 30: "30 days", 90: "90 days"}
DEFAULT_DAYS = 7
MAX_DEFINITIONS = 3


@dataclass(frozen=True)
class FamilyRow:
    family: Family
    jobs_url: str
    rerun_url: str
    memory: str
    """What its jobs run again with, if they need more."""

    @property
    def definitions(self) -> tuple[tuple[str, int], ...]:
        return self.family.definitions[:MAX_DEFINITIONS]

    @property
    def omitted_count(self) -> int:
        return max(0, len(self.family.definitions) - MAX_DEFINITIONS)


@require_safe
@login_required
def failures(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    text = request.GET.get("since", "")
    days = int(text) if text.isdecimal() and len(text) < 4 and int(text) in PERIODS else DEFAULT_DAYS
    families = reports.families(member.team, now() - timedelta(days=days))
    page = {
        "member": member,
        "team": member.team,
        "families": families,
        "max_scanned": reports.MAX_FAILURES_SCANNED,
        "rows": [family_row(member.team, family, days) for family in families.families],
        "periods": PERIODS.items(),
        "days": days,
        "period": PERIODS[days],
        "current_page": "jobs",
    }
    return render(request, "jobs/failures.html", page)


def family_row(team: Team, family: Family, days: int) -> FamilyRow:
    """Link to its jobs that ended in the last days, and to a rerun, with more memory if they had too little."""
    search = f"family:{family.key} ended>-{days}d"
    memory = _larger_memory(family.sample) if family.entry.action is Action.MORE_MEMORY else ""
    values = {"do": BulkKind.RERUN, "search": search, "scope": "team", "team": team.slug}
    rerun = urlencode(values | ({"memory": memory} if memory else {}))
    return FamilyRow(
        family,
        jobs_url=f"{reverse('jobs', args=[team.slug])}?{urlencode({'search': search})}",
        rerun_url=f"{reverse('bulk_new')}?{rerun}",
        memory=memory,
    )


def _larger_memory(job: Job) -> str:
    """Return "" if it needs more vCPU too, as some sizes of Fargate, or fits nowhere in the queue."""
    size = larger_memory(job, job.queue.environment_facts)
    return format_mib(size.memory_mib) if size and size.vcpus == job.vcpus else ""
