"""The values of each index of a sweep, with the state of its job."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs import access
from jobs.reports import sweep_values as reports
from jobs.reports.sweep_values import SweepJob
from jobs.states import STATUSES
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required

PAGE_SIZE = 100


@require_safe
@login_required
def submission_sweep(request: SignedInRequest, text_id: str) -> HttpResponse:
    submission, member = access.submission(request.user, text_id)
    jobs = reports.sweep_jobs(submission)
    sort, status = request.GET.get("sort", ""), request.GET.get("status", "")
    status = status if status in STATUSES else ""
    first = _position(request.GET.get("first", ""))
    etag = polling.etag(sort, status, first, [(job.index, job.status.name, job.run_number) for job in jobs])
    if polling.is_partial(request) and polling.is_current(request, etag):
        return HttpResponse(status=204)
    table = reports.sweep_table(submission)
    shown_jobs = [job for job in jobs if not status or job.status.name == status]
    rows = reports.sort_rows(reports.sweep_rows(shown_jobs, table), table.names, sort) if table else []
    page_rows = rows[first : first + PAGE_SIZE]
    columns = ["index", *(table.names if table else ()), "status"]
    query = {name: value for name, value in (("sort", sort), ("status", status)) if value}
    page = {
        "member": member,
        "team": submission.team,
        "submission": submission,
        "columns": [
            (name, urlencode({**query, "sort": f"-{name}" if sort == name else name}), sort.removeprefix("-") == name)
            for name in columns
        ],
        "direction": "descending" if sort.startswith("-") else "ascending",
        "status": status,
        "query": urlencode({**query, "first": first} if first else query),
        "counts": [
            (job_status, number, urlencode({**query, "status": job_status.name}))
            for job_status, number in reports.sweep_counts(jobs)
        ],
        "all_query": urlencode({"sort": sort} if sort else {}),
        "rows": [(row, _url(row.sweep_job)) for row in page_rows],
        "row_count": len(rows),
        "job_count": len(jobs),
        "first_row": first + 1,
        "last_row": first + len(page_rows),
        "previous": urlencode({**query, "first": max(0, first - PAGE_SIZE)}) if first else "",
        "next": urlencode({**query, "first": first + PAGE_SIZE}) if first + PAGE_SIZE < len(rows) else "",
        "is_sweep": table is not None,
        "is_live": any(job.status.is_live for job in jobs),
        "etag": etag,
        "current_page": "jobs",
    }
    return render(request, "jobs/submissions/sweep.html" + "#live" * polling.is_partial(request), page)


def _position(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def _url(job: SweepJob) -> str:
    if job.child_index is not None:
        return reverse("child_log", args=[job.job.text_id, job.child_index])
    return job.job.get_absolute_url()
