"""Bulk actions: what would happen, its progress and results."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import access, actions
from jobs.access import Member
from jobs.actions import BulkPlan, RerunChanges
from jobs.actions.bulk import MAX_JOBS
from jobs.models import BulkKind, ItemOutcome, Job
from jobs.models.ids import new_id, to_text
from jobs.models.job import MAX_INTEGER
from jobs.reports import bulk as reports
from jobs.reports import options
from jobs.search import SearchProblem
from jobs.spec.forms.units import parse_mib, parse_seconds
from jobs.states import Status
from jobs.web.job_list.query import parse_query
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.last_team import last_member
from jobs.web.shell.text_input import drop_nul

MAX_ROWS = 50
MAX_KEY_LENGTH = 64
MAX_FIELD_LENGTH = 300


@dataclass(frozen=True)
class LeftOutGroup:
    reason: str
    jobs: Sequence[Job]


@dataclass(frozen=True)
class ChangeFields:
    """The fields of the form as typed."""

    memory: str = ""
    time_limit: str = ""
    queue: str = ""

    @property
    def problems(self) -> dict[str, str]:
        problems = {}
        if self.memory and not _is_amount(parse_mib(self.memory)):
            problems["memory"] = "Enter an amount such as 16 GiB."
        if self.time_limit and not _is_amount(parse_seconds(self.time_limit)):
            problems["time_limit"] = "Enter a duration such as 2 h."
        return problems

    def changes(self) -> RerunChanges:
        """Call it without problems."""
        return RerunChanges(
            parse_mib(self.memory) if self.memory else None,
            parse_seconds(self.time_limit) if self.time_limit else None,
            self.queue,
        )


def _is_amount(value: int | None) -> bool:
    return value is not None and 0 < value <= MAX_INTEGER


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_action(request: SignedInRequest) -> HttpResponse:
    """Say what would happen; with `confirm`, let it happen."""
    values = request.POST if request.method == "POST" else request.GET
    kind = values.get("do", "")
    if kind not in BulkKind.values:
        return redirect("bulk_actions")
    choice = _chosen_jobs(request)
    selection = access.jobs(request.user, choice.text_ids[:MAX_JOBS])
    plan = actions.plan_bulk(kind, selection)
    fields = ChangeFields(*(_field(values.get(name, "")) for name in ("memory", "time_limit", "queue")))
    if "confirm" in request.POST and plan.jobs and not fields.problems:
        key = drop_nul(request.POST.get("request_key", ""))[:MAX_KEY_LENGTH] or to_text(new_id())
        return redirect(actions.start_bulk(request.user, kind, plan.jobs, fields.changes(), request_key=key))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if "confirm" in request.POST else HTTPStatus.OK
    page = _new_page(request, plan, selection, fields) | {
        "is_truncated": len(choice.text_ids) > MAX_JOBS,
        "search_problems": choice.problems,
    }
    return render(request, "jobs/bulk/new.html", page, status=status)


@dataclass(frozen=True)
class ChosenJobs:
    text_ids: Sequence[str]
    """One more than may be chosen, if there are more."""
    problems: Sequence[SearchProblem] = ()
    """Of the search that chose them."""


def _chosen_jobs(request: SignedInRequest) -> ChosenJobs:
    """Return those that were confirmed, else those that were ticked, else the newest that a search finds."""
    if request.method == "POST":
        return ChosenJobs(list(dict.fromkeys(request.POST.get("jobs", "").split())))
    if "search" not in request.GET:
        return ChosenJobs(list(dict.fromkeys(request.GET.getlist("job"))))
    member = access.membership(request.user, request.GET.get("team", ""))
    query = parse_query(request.GET, member)
    if query.problems:
        return ChosenJobs((), query.problems)
    return ChosenJobs(reports.newest_ids(query.report_scope(member), query.search, MAX_JOBS + 1))


def _new_page(
    request: SignedInRequest, plan: BulkPlan, selection: Sequence[tuple[Job, Member]], fields: ChangeFields
) -> dict[str, Any]:
    member = selection[0][1] if selection else last_member(request)
    teams = {job.team for job, _ in selection}
    is_rerun = plan.kind == BulkKind.RERUN
    problems = fields.problems
    memory_mib = parse_mib(fields.memory) if fields.memory and "memory" not in problems else None
    return {
        "member": member,
        "team": member.team if member else None,
        "plan": plan,
        "is_rerun": is_rerun,
        "status_counts": _status_counts(plan.jobs),
        "rows": plan.jobs[:MAX_ROWS],
        "omitted_count": max(0, len(plan.jobs) - MAX_ROWS),
        "left_out": _left_out_groups(plan),
        "dependent_count": 0 if is_rerun else reports.dependent_step_count(plan.jobs),
        "price": reports.rerun_price(plan.jobs, memory_mib) if is_rerun and plan.jobs else None,
        "has_dependencies": is_rerun and any(job.submission.job_count > 1 for job in plan.jobs),
        "fields": fields,
        "field_problems": problems,
        "queues": options.queue_choices(member.team)[0] if member and len(teams) == 1 and is_rerun else (),
        "shows_team": len(teams) > 1,
        "max_jobs": MAX_JOBS,
        "text_ids": " ".join(job.text_id for job, _ in selection),
        "request_key": to_text(new_id()),
        "current_page": "jobs",
    }


def _field(text: str) -> str:
    return drop_nul(text).strip()[:MAX_FIELD_LENGTH]


def _status_counts(jobs: Iterable[Job]) -> list[tuple[Status, int]]:
    return Counter(job.status for job in jobs).most_common()


def _left_out_groups(plan: BulkPlan) -> list[LeftOutGroup]:
    groups: dict[str, list[Job]] = {}
    for left_out in plan.left_out:
        groups.setdefault(left_out.reason, []).append(left_out.job)
    return [LeftOutGroup(reason, jobs) for reason, jobs in groups.items()]


@require_safe
@login_required
def action_page(request: SignedInRequest, text_id: str) -> HttpResponse:
    action = access.bulk_action(request.user, text_id)
    progress = reports.progress(action, request.user)
    outcome = request.GET.get("outcome", "")
    outcome = outcome if outcome in ItemOutcome.values else ""
    cursor = {"before": request.GET.get("before", ""), "after": request.GET.get("after", "")}
    listing = reports.item_page(action, request.user, outcome, **cursor)
    statuses = [(item.job.status.name, item.new_job and item.new_job.status.name) for item in listing.rows]
    etag = polling.etag(action.ended_at, action.due_at, sorted(progress.counts.items()), statuses)
    if polling.is_partial(request) and polling.is_current(request, etag):
        return HttpResponse(status=204)
    jobs = [item.job for item in listing.rows]
    member = access.membership(request.user, jobs[0].team.slug) if jobs else last_member(request)
    page = {
        "member": member,
        "team": member.team if member else None,
        "action": action,
        "progress": progress,
        "tiles": [(ItemOutcome(name), progress.counts[name]) for name in ItemOutcome if progress.counts[name]],
        "outcome": outcome,
        "listing": listing,
        "is_own": action.person_id == request.user.pk,
        "is_paused": action.is_paused,
        "is_live": action.is_live or any(item.is_live for item in listing.rows),
        "page_query": urlencode({name: text for name, text in cursor.items() if text}),
        "is_partial": polling.is_partial(request),
        "etag": etag,
        "current_page": "jobs",
    }
    return render(request, "jobs/bulk/detail.html" + "#live" * polling.is_partial(request), page)


@require_POST
@login_required
def cancel_action(request: SignedInRequest, text_id: str) -> HttpResponse:
    action = access.bulk_action(request.user, text_id)
    count = actions.cancel_bulk(action, request.user)
    if count:
        messages.success(request, f"Canceled {count:,} job{'s' * (count != 1)}.")
    else:
        messages.info(request, "Nothing was left to cancel.")
    return redirect(action)


@require_safe
@login_required
def action_list(request: SignedInRequest) -> HttpResponse:
    member = last_member(request)
    page = {
        "member": member,
        "team": member.team if member else None,
        "bulk_actions": reports.recent_actions(request.user),
        "current_page": "jobs",
    }
    return render(request, "jobs/bulk/list.html", page)
