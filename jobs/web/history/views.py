"""Every job of a team, found by filters that stand in the URL."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.models import Team
from jobs.reports import history as reports
from jobs.states import STATUSES, Status
from jobs.web.history import filters as questions
from jobs.web.history.filters import Asked
from jobs.web.shell.auth import SignedInRequest, signed_in
from jobs.web.shell.csv_export import sheet, tags_in_one

HEADER = (
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
class Tile:
    """How many jobs have a status, and the URL that asks for these too, or no longer."""

    status: Status
    number: int
    query: str
    chosen: bool


@require_safe
@signed_in
def history(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    asked = questions.read(request.GET)
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    counts = reports.counts(member.team, asked.wanted)
    page = {
        "member": member,
        "team": member.team,
        "asked": asked,
        "query": asked.query(),
        "listing": reports.page(member.team, asked.wanted, before=before, after="" if before else after),
        "paged": bool(before or after),
        "counts": counts,
        "tiles": tiles(asked, counts),
        "all_query": asked.query(drop=[pair for pair in asked.pairs if pair[0] == "status"]),
        "suggestions": reports.suggestions(member.team),
        "mine": asked.wanted.person == request.user.username,
        "mine_query": _mine(asked, request.user.username),
        "here": "history",
    }
    return render(request, "jobs/history.html", page)


@require_safe
@signed_in
def history_csv(request: SignedInRequest, slug: str) -> HttpResponse:
    """All jobs of the filter, not only those of a page."""
    member = access.membership(request.user, slug)
    return sheet(f"jobs-{slug}.csv", HEADER, _lines(member.team, questions.read(request.GET)))


def tiles(asked: Asked, counts: reports.Counts) -> list[Tile]:
    """One for each status there is, and for those asked for, found or not."""
    found = {status.name: (status, number) for status, number in counts.by_status}
    for name in asked.wanted.statuses:
        found.setdefault(name, (STATUSES[name], 0))
    chosen = set(asked.wanted.statuses)
    return [
        Tile(
            status=status,
            number=number,
            query=asked.query(drop=[("status", status.name)])
            if status.name in chosen
            else asked.query(add=[("status", status.name)]),
            chosen=status.name in chosen,
        )
        for status, number in found.values()
    ]


def _mine(asked: Asked, username: str) -> str:
    """The same question about one's own jobs; about everyone's if it is that already."""
    others = [pair for pair in asked.pairs if pair[0] == "person"]
    mine = ("person", username)
    return asked.query(drop=others) if mine in others else asked.query(drop=others, add=[mine])


def _lines(team: Team, asked: Asked) -> Iterator[tuple[object, ...]]:
    told = 0
    for row in reports.export(team, asked.wanted):
        job, told = row.job, told + 1
        waited, ran = row.waited, row.ran
        yield (
            job.text_id,
            job.name,
            job.status.label,
            job.queue.name,
            job.revision.definition.name,
            job.revision.number,
            job.submission.person.username,
            job.accepted_at,
            job.submitted_at,
            job.started_at,
            job.stopped_at,
            job.ended_at,
            round((waited[1] - waited[0]).total_seconds()) if waited else None,
            round((ran[1] - ran[0]).total_seconds()) if ran else None,
            job.finished_attempts,
            job.array_size,
            job.exit_code,
            job.status_reason,
            job.platform,
            job.vcpus,
            job.memory_mib,
            job.gpus,
            row.usd,
            tags_in_one(row.tags),
            job.batch_id,
        )
    if told == reports.EXPORTED:
        yield (f"Cut after {told} jobs: narrow the filter to have the rest.",)
