"""Two to four jobs side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.models.job import Period
from jobs.reports import compare as reports
from jobs.reports.compare import MAX_JOBS, ComparedJob
from jobs.spec.forms.units import format_mib
from jobs.states import Delivery
from jobs.templatetags.money import usd_text
from jobs.templatetags.portal import format_duration
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.last_team import last_member

MIN_JOBS = 2


@dataclass(frozen=True)
class FactRow:
    label: str
    values: Sequence[str]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


@require_safe
@login_required
def compare(request: SignedInRequest) -> HttpResponse:
    """Compare the jobs of the address with the first of them."""
    text_ids = list(dict.fromkeys(request.GET.getlist("job")))[:MAX_JOBS]
    selection = access.jobs(request.user, text_ids, with_documents=True)
    if len(selection) < len(text_ids):
        raise Http404("One of the jobs doesn't exist, or you don't have access to it.")
    jobs = [job for job, _ in selection]
    member = selection[0][1] if selection else last_member(request)
    columns = reports.compared_jobs(jobs)
    page = {
        "member": member,
        "team": member.team if member else None,
        "columns": columns,
        "is_enough": len(jobs) >= MIN_JOBS,
        "max_jobs": MAX_JOBS,
        "rows": [FactRow(label, [value(column) for column in columns]) for label, value in _FACTS],
        "has_lines": any(column.lines for column in columns),
        "comparisons": reports.compare_documents(jobs) if len(jobs) >= MIN_JOBS else [],
        "current_page": "jobs",
    }
    return render(request, "jobs/compare.html", page)


def _seconds_text(period: Period | None) -> str:
    start, end = period or (None, None)
    return format_duration((end - start).total_seconds()) if start and end else ""


def _reason(column: ComparedJob) -> str:
    job = column.job
    return "; ".join(job.reasons) if job.delivery == Delivery.SENT else job.delivery_note


def _count(number: int | None) -> str:
    return f"{number:,}" if number else ""


_FACTS: tuple[tuple[str, Callable[[ComparedJob], str]], ...] = (
    ("Cause", lambda column: column.cause),
    ("Exit code", lambda column: "" if column.job.exit_code is None else str(column.job.exit_code)),
    ("Reason", _reason),
    ("Definition", lambda column: str(column.job.revision)),
    ("Queue", lambda column: column.job.queue.name),
    ("Team", lambda column: column.job.team.name),
    ("Submitted by", lambda column: column.job.person.display_name),
    ("Submitted", lambda column: f"{column.job.accepted_at:%Y-%m-%d %H:%M} UTC"),
    ("Wait time", lambda column: _seconds_text(column.job.wait_period)),
    ("Run time", lambda column: _seconds_text(column.job.run_period)),
    ("Attempts", lambda column: _count(column.job.finished_attempts)),
    ("Cost", lambda column: "" if column.usd is None else usd_text(column.usd)),
    ("vCPU", lambda column: f"{column.job.vcpus.normalize():f}"),
    ("Memory", lambda column: format_mib(column.job.memory_mib)),
    ("GPUs", lambda column: _count(column.job.gpus)),
    ("Array size", lambda column: _count(column.job.array_size)),
)
