"""The page of one job."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_safe

from jobs import access, actions
from jobs.access import Member
from jobs.actions import poll_hint
from jobs.causes import Explanation
from jobs.models import Job, JobDependency, User
from jobs.reports import approvals, causes, job_detail, launch_forms, logs, stop_scope
from jobs.reports.last_lines import last_lines
from jobs.reports.stop_scope import StopScope
from jobs.reports.usual_runs import usual_runs
from jobs.spec import effective
from jobs.spec.sweep import is_sweep_array
from jobs.states import FAILURE_STATES, UNSENT_DELIVERIES, Delivery
from jobs.web.jobs import array, tabs
from jobs.web.jobs.array import ArrayProgress
from jobs.web.jobs.cause_actions import action_link
from jobs.web.jobs.explanation import explain_job
from jobs.web.jobs.tabs import JobFacts
from jobs.web.jobs.timeline import timeline
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required

SETTLING_TIME = timedelta(minutes=6)
"""Longer than the metering of an array waits for its child jobs."""
_PARTS = {"panel": "jobs/job/panel.html", "row": "jobs/job/row_details.html"}
"""Beside the picture of its workflow, and below its row in a list."""
UNAPPROVED_DELIVERIES = (Delivery.AWAITING, Delivery.DECLINED)


@require_safe
@login_required
def job(request: SignedInRequest, text_id: str) -> HttpResponse:
    job, member = access.job(request.user, text_id)
    part = request.GET.get("part", "")
    if part == "progress":
        return render(request, "jobs/job/progress.html", {"job": job, **_progress(job)})
    tab = tabs.selected_tab(request, member)
    related = _RelatedJobs(job)
    if part in _PARTS:
        page = _answer(job, member, related) | {
            "runs": job_detail.step_runs(job),
            "attempt_count": _attempt_count(job),
        }
        return render(request, _PARTS[part], page)
    history = job_detail.state_changes(job)
    is_with_aws = job.status.is_live and job.delivery == Delivery.SENT
    is_stale = polling.is_stale(job.account, job.sent_at or job.accepted_at if is_with_aws else None)
    error_lines = last_lines([job]).get(job.pk, ()) if job.state in FAILURE_STATES else ()
    etag = polling.etag(is_stale, len(history), _etag_fields(job), error_lines, related.etag_fields)
    if job.status.is_live:
        poll_hint.hint_poll([job])
    is_partial = polling.is_partial(request)
    if is_partial and polling.is_current(request, etag):
        return HttpResponse(status=204)
    answer = _answer(job, member, related)
    progress = related.progress
    page = {
        **answer,
        **_header(job),
        "timeline": timeline(job, history, progress.children if progress else None),
        "children": related.children,
        "attempt_count": _attempt_count(job),
        "array_progress": progress,
        "is_sweep": progress is not None and is_sweep_array(job.document),
        "is_live": progress.live if progress else job.status.is_live,
        "is_partial": is_partial,
        "is_stale": is_stale,
        "etag": etag,
        "error_lines": error_lines,
        "tab": tab,
        "tabs": tabs.job_tabs(job, member),
        "current_page": "jobs",
    }
    site = request.build_absolute_uri("/").rstrip("/")
    facts = JobFacts(job, member, answer["explanation"], history, related.parents, site)
    return render(
        request,
        "jobs/job/detail.html" + "#live" * is_partial,
        page | (tabs.live_context(tab, facts) if is_partial else tabs.context(tab, facts)),
    )


class _RelatedJobs:
    """The jobs around a job: what it waits for, what waits for it, and its children."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.parents = job_detail.dependencies(job)
        self.children = job_detail.dependent_jobs(job)
        self.progress = array.array_progress(job)

    @property
    def etag_fields(self) -> tuple[object, ...]:
        """Where it waits for capacity, what else is in its queue counts once a minute."""
        job = self.job
        return (
            [edge.parent.status.name if edge.parent else "" for edge in self.parents],
            [child.status.name for child in self.children],
            self.progress and self.progress.etag_fields,
            _account_problem(job),
            (polling.minute(), causes.last_snapshot_at(job)) if job.waits_for_capacity else None,
        )


def _answer(job: Job, member: Member, related: _RelatedJobs) -> dict[str, Any]:
    """Return why it is in its state, and what the member can do."""
    explanation = _explanation(member.user, job, related.parents, related.progress)
    return {
        "member": member,
        "team": job.team,
        "job": job,
        "submission": job.submission,
        "form_query": urlencode(launch_forms.prefill_values(job.submission)),
        "explanation": explanation,
        "action_link": action_link(job, explanation, member, _failed_parent(related.parents)),
        "parents": related.parents,
        "stop_scope": stop_scope.stop_scope(job) if related.children else StopScope(),
        "can_run_from_here": job_detail.can_run_from_here(job),
        "is_held": job.delivery == Delivery.HELD,
        "is_awaiting": job.delivery == Delivery.AWAITING,
    }


def _header(job: Job) -> dict[str, Any]:
    """Return what else is above the tabs."""
    approval = job.submission.approval_or_none if job.delivery in UNAPPROVED_DELIVERIES else None
    rerun_request = approvals.waiting_rerun_of(job) if job.status.is_final and approval is None else None
    waiting_request = rerun_request or (approval if approval and approval.is_waiting else None)
    return {
        "approval": approval,
        "rerun_request": rerun_request,
        "approvers": approvals.possible_approvers(waiting_request) if waiting_request else [],
        "estimate": actions.estimate_totals(job.submission, approval),
        **_progress(job),
        "job_role": effective.job_role(job.revision.document),
        "is_settling": _is_settling(job),
    }


def _attempt_count(job: Job) -> int:
    return len(logs.job_attempts(job))


def _progress(job: Job) -> dict[str, Any]:
    """Return what changes with time alone, so that the page asks for it apart."""
    return {
        "usual_run": usual_runs([job]).get(job.pk),
        "cost_so_far": job_detail.cost_so_far(job),
        "array_cost": job_detail.array_cost(job),
    }


def _explanation(user: User, job: Job, parents: list[JobDependency], progress: ArrayProgress | None) -> Explanation:
    return explain_job(
        job,
        _unfinished_parents(parents),
        progress.children if progress else None,
        held_for=_unfinished_parents([edge for edge in parents if edge.condition]),
        parent_count=len(parents),
        failed_parent=_failed_parent(parents),
        rerun_successes=progress.rerun_successes if progress else 0,
        is_note_from_aws=job.delivery != Delivery.SENT and job.is_note_from_aws,
        waiting=causes.waiting_facts(job, user) if job.waits_for_capacity else None,
        account_problem=_account_problem(job),
    )


def _account_problem(job: Job) -> str:
    """Return why the portal can't send the job at the moment."""
    breaker = job.account.status.breaker
    return breaker.reason if breaker.is_open and job.delivery in UNSENT_DELIVERIES else ""


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_stop(request: SignedInRequest, text_id: str) -> HttpResponse:
    if request.method != "POST":
        job, _ = access.job(request.user, text_id)
        return redirect(job)
    job, member = access.job(request.user, text_id, permission="stop")
    is_waiting = job.delivery in (Delivery.AWAITING, Delivery.HELD)
    others = stop_scope.stop_scope(job).count - 1
    if not actions.stop(job, member):
        messages.info(request, f"{job.name} has ended or is already stopping.")
        return redirect(job)
    suffix = f" and {others} step{'s' * (others != 1)} that depend{'s' * (others == 1)} on it" if others else ""
    messages.success(request, f"Withdrew {job.name}{suffix}." if is_waiting else f"Stopping {job.name}{suffix}.")
    return redirect(job)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_release(request: SignedInRequest, text_id: str) -> HttpResponse:
    if request.method != "POST":
        job, _ = access.job(request.user, text_id)
        return redirect(job)
    job, member = access.job(request.user, text_id, permission="lead")
    if actions.release(job, member):
        messages.success(request, f"Released {job.name}.")
    else:
        messages.info(request, f"{job.name} is no longer held.")
    return redirect(job)


def _is_settling(job: Job) -> bool:
    """Return whether it has just ended and its cost is still to come."""
    return job.ended_at is not None and job.charged_at is None and now() - job.ended_at < SETTLING_TIME


def _unfinished_parents(parents: list[JobDependency]) -> tuple[str, ...]:
    return tuple(edge.parent.name for edge in parents if edge.parent and edge.parent.status.is_live)


def _failed_parent(parents: list[JobDependency]) -> Job | None:
    """Return the first one after whose failure AWS Batch failed the job."""
    ended = (edge.parent for edge in parents if edge.parent and not edge.condition)
    return next((parent for parent in ended if parent.state in FAILURE_STATES), None)


def _etag_fields(job: Job) -> tuple[object, ...]:
    return (
        job.delivery,
        job.state,
        job.charged_at,
        job.finished_attempts,
        job.exit_code,
        job.started_at,
        job.stopped_at,
        job.stop_requested_at,
        job.status_reason,
        job.container_reason,
        job.delivery_note,
        job.log_stream,
        job.array_summary,
    )
