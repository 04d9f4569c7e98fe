"""The values of each index of a sweep, with the state of its job."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs import access
from jobs.reports import sweep_values as reports
from jobs.reports.sweep_values import SweepRow
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required

MAX_ROWS = 1_000


@require_safe
@login_required
def submission_sweep(request: SignedInRequest, text_id: str) -> HttpResponse:
    submission, member = access.submission(request.user, text_id)
    table = reports.sweep_table(submission)
    sort = request.GET.get("sort", "")
    all_rows = reports.sweep_rows(submission, table) if table else []
    rows = reports.sort_rows(all_rows, table.names, sort)[:MAX_ROWS] if table else []
    etag = polling.etag(sort, [(row.index, row.status.name) for row in rows])
    if polling.is_partial(request) and polling.is_current(request, etag):
        return HttpResponse(status=204)
    columns = ["index", *(table.names if table else ()), "status"]
    page = {
        "member": member,
        "team": submission.team,
        "submission": submission,
        "columns": [(name, f"-{name}" if sort == name else name, sort.removeprefix("-") == name) for name in columns],
        "is_descending": sort.startswith("-"),
        "sort": sort,
        "rows": [(row, _url(row)) for row in rows],
        "omitted_count": len(all_rows) - len(rows),
        "is_live": any(row.status.is_live for row in all_rows),
        "etag": etag,
        "current_page": "jobs",
    }
    return render(request, "jobs/submissions/sweep.html" + "#live" * polling.is_partial(request), page)


def _url(row: SweepRow) -> str:
    if row.is_child:
        return reverse("child_log", args=[row.job.text_id, row.index])
    return row.job.get_absolute_url()
