"""The pages of a team's submissions."""

from functools import partial
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from jobs import access, actions
from jobs.actions import poll_hint
from jobs.models import Decision, Job
from jobs.reports import approvals, causes, launch_forms, sweep_values, templates, workflow_graph
from jobs.reports import submissions as reports
from jobs.spec.documents import DocumentKind
from jobs.spec.masked_source import mask_source
from jobs.spec.redaction import has_secrets
from jobs.spec.workflow_name import MAX_NAME_LENGTH
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.paging import page_at


@require_safe
@login_required
def workflows(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    read_page = partial(reports.submission_page, member.team, kind=DocumentKind.WORKFLOW)
    listing = page_at(request, read_page, before=request.GET.get("before", ""))
    etag = polling.etag(
        [(row.submission.pk, row.counts, row.usd, row.totals.started_at, row.rerun_summary) for row in listing.rows]
    )
    if polling.is_partial(request) and polling.is_current(request, etag):
        return HttpResponse(status=204)
    page = {
        "member": member,
        "team": member.team,
        "listing": listing,
        "etag": etag,
        # Only the first page polls; older ones are history.
        "is_live": listing.is_first and any(row.status.is_live for row in listing.rows),
        "current_page": "jobs",
    }
    return render(request, "jobs/list/workflows.html" + "#live" * polling.is_partial(request), page)


@require_safe
@login_required
def submission(request: SignedInRequest, text_id: str) -> HttpResponse:
    submission, member = access.submission(request.user, text_id)
    first = _first_position(request)
    job_page = reports.job_page(submission, first)
    summary = reports.status_summary(submission)
    jobs = [job for job, _ in job_page.jobs]
    reports.add_rerun_summaries(jobs, summary.families)
    is_stale = polling.is_stale(submission.account, summary.with_aws_since)
    approval = submission.approval_or_none
    waiting_request = submission.waiting_request_or_none
    facts = [_etag_fields(job) for job in jobs]
    etag = polling.etag(
        is_stale,
        sorted(summary.counts.items()),
        summary.stopping,
        facts,
        [(request.pk, request.decision, request.version) for request in submission.requests],
    )
    poll_hint.hint_poll(jobs)
    if polling.is_partial(request) and polling.is_current(request, etag):
        return HttpResponse(status=204)
    causes.add_explanations(jobs, request.user)
    page = {
        "member": member,
        "team": submission.team,
        "submission": submission,
        "job_page": job_page,
        "overall_status": reports.overall_status(summary.counts),
        "approval": approval,
        "rerun_request": approvals.shown_rerun_request(submission),
        "approvers": approvals.possible_approvers(waiting_request) if waiting_request else [],
        "estimate": actions.estimate_totals(submission, approval),
        "meter": reports.submission_meter(submission, is_live=bool(summary.live)),
        "counts": reports.ordered_counts(summary.counts),
        "ended_at": summary.ended_at,
        "stoppable_count": summary.live - summary.stopping,
        "stopping_count": summary.stopping,
        "has_failed_steps": submission.kind == DocumentKind.WORKFLOW
        and not (approval and approval.decision != Decision.APPROVED)
        and not submission.waiting_rerun_or_none
        and bool(summary.failed),
        "refused_step": reports.refused_step(submission, summary.counts),
        "is_live": bool(summary.live),
        "is_stale": is_stale,
        "etag": etag,
        "is_partial": polling.is_partial(request),
        "is_sweep": not polling.is_partial(request) and sweep_values.sweep_table(submission) is not None,
        "is_graph": not polling.is_partial(request) and workflow_graph.is_graph(submission),
        "template_query": urlencode(templates.prefill_values(submission)),
        "form_query": urlencode(launch_forms.prefill_values(submission)),
        "has_masked_values": has_secrets(submission.document),
        "text": mask_source(submission.text, submission.document),
        "current_page": "jobs",
    }
    return render(request, "jobs/submissions/detail.html" + "#live" * polling.is_partial(request), page)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def submission_stop(request: SignedInRequest, text_id: str) -> HttpResponse:
    if request.method != "POST":
        submission, _ = access.submission(request.user, text_id)
        return redirect(submission)
    submission, member = access.submission(request.user, text_id, permission="stop")
    is_request = submission.waiting_request_or_none is not None
    count = actions.stop_all(submission, member)
    if is_request:
        messages.success(request, f"Withdrew the request {submission.name}.")
    elif count:
        messages.success(request, f"Stopping {count} job{'s' * (count != 1)} of {submission.name}.")
    else:
        messages.info(request, f"{submission.name} has no jobs to stop.")
    return redirect(submission)


class NameForm(forms.Form):
    name = forms.CharField(
        max_length=MAX_NAME_LENGTH,
        validators=[RegexValidator(r"^[^\x00-\x1f\x7f]*\Z", "Use one line without control characters.")],
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def submission_rename(request: SignedInRequest, text_id: str) -> HttpResponse:
    if request.method != "POST":
        submission, _ = access.submission(request.user, text_id)
        return redirect(submission)
    submission, member = access.submission(request.user, text_id, permission="submit")
    form = NameForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Not renamed. {form.errors['name'][0]}")
    elif actions.rename(submission, form.cleaned_data["name"], member):
        messages.success(request, f"Renamed to {submission.name}.")
    return redirect(submission)


def _first_position(request: SignedInRequest) -> int:
    text = request.GET.get("first", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 1


def _etag_fields(job: Job) -> tuple[object, ...]:
    """Leave out elapsed times."""
    return (
        job.pk,
        job.delivery,
        job.state,
        job.finished_attempts,
        job.started_at,
        job.stopped_at,
        job.ended_at,
        job.stop_requested_at,
        job.status_reason,
        job.delivery_note,
        job.rerun_summary,
    )
