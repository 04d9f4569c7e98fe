"""The job history of a team."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.models import Team
from jobs.models.job import Period
from jobs.reports import history as reports
from jobs.reports.job_search import StatusCounts
from jobs.states import STATUSES, Delivery, Status
from jobs.web.history import filters
from jobs.web.history.filters import HistoryQuery
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.csv_export import csv_response, join_tags
from jobs.web.shell.paging import page_at

CSV_COLUMNS = (
    "id",
    "name",
    "status",
    "queue",
    "definition",
    "revision",
    "person",
    "accepted_at",
    "submitted_at",
    "started_at",
    "stopped_at",
    "ended_at",
    "waited_seconds",
    "ran_seconds",
    "attempts",
    "array_size",
    "exit_code",
    "reason",
    "platform",
    "vcpus",
    "memory_mib",
    "gpus",
    "usd_estimate",
    "tags",
    "aws_id",
)


@dataclass(frozen=True)
class StatusTile:
    status: Status
    number: int
    query: str
    is_selected: bool


@require_safe
@login_required
def history(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    query = filters.parse(request.GET)
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    counts = reports.status_counts(member.team, query.filter)
    page = {
        "member": member,
        "team": member.team,
        "history_query": query,
        "query_string": query.query(),
        "sorts": query.sort_links,
        "sort_labels": filters.SORT_LABELS.items(),
        "listing": page_at(
            request,
            partial(reports.history_page, member.team, query.filter, query.sort),
            before=before,
            after="" if before else after,
        ),
        "counts": counts,
        "tiles": status_tiles(query, counts),
        "all_statuses_query": query.query(drop=[pair for pair in query.pairs if pair[0] == "status"]),
        "suggestions": reports.filter_suggestions(member.team),
        "is_own_jobs": query.filter.person == request.user.username,
        "own_jobs_query": _own_jobs_query(query, request.user.username),
        "current_page": "history",
    }
    return render(request, "jobs/history.html", page)


@require_safe
@login_required
def history_csv(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    return csv_response(f"jobs-{slug}.csv", CSV_COLUMNS, _csv_rows(member.team, filters.parse(request.GET)))


def status_tiles(query: HistoryQuery, counts: StatusCounts) -> list[StatusTile]:
    counts_by_name = {status.name: (status, number) for status, number in counts.by_status}
    for name in query.filter.statuses:
        counts_by_name.setdefault(name, (STATUSES[name], 0))
    selected = set(query.filter.statuses)
    return [
        StatusTile(
            status=status,
            number=number,
            query=query.query(drop=[("status", status.name)])
            if status.name in selected
            else query.query(add=[("status", status.name)]),
            is_selected=status.name in selected,
        )
        for status, number in counts_by_name.values()
    ]


def _own_jobs_query(query: HistoryQuery, username: str) -> str:
    person_pairs = [pair for pair in query.pairs if pair[0] == "person"]
    own_pair = ("person", username)
    return (
        query.query(drop=person_pairs) if own_pair in person_pairs else query.query(drop=person_pairs, add=[own_pair])
    )


def _csv_rows(team: Team, query: HistoryQuery) -> Iterator[tuple[object, ...]]:
    count = 0
    for row in reports.export_rows(team, query.filter, query.sort):
        job, count = row.job, count + 1
        yield (
            job.text_id,
            job.name,
            job.status.label,
            job.queue.name,
            job.revision.definition.name,
            job.revision.number,
            job.person.username,
            job.accepted_at,
            job.submitted_at,
            job.started_at,
            job.stopped_at,
            job.ended_at,
            _whole_seconds(job.wait_period),
            _whole_seconds(job.run_period),
            job.finished_attempts,
            job.array_size,
            job.exit_code,
            "; ".join(job.reasons) if job.delivery == Delivery.SENT else job.delivery_note,
            job.platform,
            job.vcpus,
            job.memory_mib,
            job.gpus,
            row.usd,
            join_tags(row.tags),
            job.batch_id,
        )
    if count == reports.EXPORT_LIMIT:
        yield (f"Limited to {count} jobs. Narrow the filters to export the rest.",)


def _whole_seconds(period: Period | None) -> int | None:
    """Return None for a period without an end."""
    start, end = period or (None, None)
    return round((end - start).total_seconds()) if start and end else None
