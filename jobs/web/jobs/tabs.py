"""The tabs of a job's page, and what each shows beyond the header."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from jobs.access import Member
from jobs.causes import Explanation, describe_exit_code
from jobs.models import Job, JobDependency, StateChange
from jobs.reports import audit, job_detail, log_sources, logs
from jobs.reports.journal import journal
from jobs.spec.copy_formats import CopyTarget, copies
from jobs.spec.documents import Document, DocumentKind, object_at
from jobs.spec.redaction import has_secrets, redact
from jobs.web.jobs import effective_view

OVERVIEW = "overview"
_PAGES = {"log": "job_log", "array": "job_children", "cost": "receipt"}
"""Tabs with an address of their own, and its name."""
_LABELS = {
    OVERVIEW: "Overview",
    "log": "Log",
    "attempts": "Attempts",
    "array": "Array",
    "request": "Request",
    "cost": "Cost",
    "dependencies": "Dependencies",
    "events": "Events",
    "audit": "Audit",
}


@dataclass(frozen=True)
class JobTab:
    name: str
    label: str
    url: str
    count: int = 0
    """Shown beside the label unless it is zero."""


@dataclass(frozen=True)
class JobFacts:
    """What every tab has read already."""

    job: Job
    member: Member
    explanation: Explanation
    history: Sequence[StateChange]
    parents: Sequence[JobDependency]
    site: str
    """Address of the portal, for scripts that call its API."""


def job_tabs(job: Job, member: Member) -> list[JobTab]:
    """Leave out tabs that the job doesn't have, or that the member can't see."""
    counts = {"attempts": len(logs.job_attempts(job)), "array": job.array_size or 0}
    hidden = {"log" if job.array_size else "array", *(() if member.can("audit") else ("audit",))}
    return [
        JobTab(name, label, _url(job, name), counts.get(name, 0))
        for name, label in _LABELS.items()
        if name not in hidden
    ]


def selected_tab(request: HttpRequest, member: Member) -> str:
    """Return the overview for an unknown name. Raise PermissionDenied for a tab that the member can't see."""
    name = request.GET.get("tab", OVERVIEW)
    if name == "audit":
        member.require("audit")
    return name if name in _LIVE_CONTEXTS else OVERVIEW


def _url(job: Job, name: str) -> str:
    if name in _PAGES:
        return reverse(_PAGES[name], args=[job.text_id])
    return job.get_absolute_url() if name == OVERVIEW else f"{job.get_absolute_url()}?tab={name}"


def live_context(tab: str, facts: JobFacts) -> dict[str, Any]:
    """Return what the tab shows in the part that is polled."""
    return _LIVE_CONTEXTS[tab](facts)


def context(tab: str, facts: JobFacts) -> dict[str, Any]:
    return live_context(tab, facts) | _OTHER_CONTEXTS.get(tab, _nothing)(facts)


def _nothing(_facts: JobFacts) -> dict[str, Any]:
    return {}


def _overview(facts: JobFacts) -> dict[str, Any]:
    job = facts.job
    view = effective_view.job_view(job)
    return {
        "usd": job_detail.cost(job) if job.status.is_final else None,
        "tags": list(islice(effective_view.tag_rows(view), effective_view.MAX_ROWS)),
        "time_limit": view.timeout_seconds,
        "array_counts": array_counts(job),
        "runs": job_detail.step_runs(job),
        "rerun_of": job_detail.rerun_of(job),
        "reruns": job_detail.reruns(job),
    }


def _overview_foot(facts: JobFacts) -> dict[str, Any]:
    job = facts.job
    return {
        "environment": effective_view.environment_overrides(redact(job.document)),
        "log_options": log_sources.log_options(job),
        "recent_runs": job_detail.recent_runs(job),
    }


def _attempts(facts: JobFacts) -> dict[str, Any]:
    job = facts.job
    costs = job_detail.attempt_costs(job) if job.status.is_final else {}
    attempts = logs.job_attempts(job)
    return {
        "rows": [(attempt, describe_exit_code(attempt.exit_code), costs.get(attempt.number)) for attempt in attempts]
    }


def _request(facts: JobFacts) -> dict[str, Any]:
    job = facts.job
    document: Document = redact(job.document)
    request_document = document | {"tags": redact(job.tags)} if job.tags else document
    return {
        "request_document": request_document,
        "copies": copies(request_document, DocumentKind.SUBMISSION, CopyTarget(job.account.region, facts.site)),
        "has_masked_values": document != job.document or has_secrets(job.tags),
        "has_conditions": any(edge.condition for edge in facts.parents),
        "effective_sections": effective_view.job_sections(job, effective_view.job_view(job)),
        "since_success": job_detail.changes_since_success(job),
    }


def _raw(facts: JobFacts) -> dict[str, Any]:
    return {"raw": redact(facts.job.raw)}


def _events(facts: JobFacts) -> dict[str, Any]:
    return {"journal": journal(facts.job, facts.history)}


def _audit(facts: JobFacts) -> dict[str, Any]:
    job = facts.job
    return {"rows": audit.rows_about(job.team, (job.text_id, job.submission.text_id))}


_LIVE_CONTEXTS: Mapping[str, Callable[[JobFacts], dict[str, Any]]] = {
    OVERVIEW: _overview,
    "attempts": _attempts,
    "request": _raw,
    "dependencies": _nothing,
    "events": _events,
    "audit": _nothing,
}
_OTHER_CONTEXTS: Mapping[str, Callable[[JobFacts], dict[str, Any]]] = {
    OVERVIEW: _overview_foot,
    "request": _request,
    "audit": _audit,
}


def array_counts(job: Job) -> list[tuple[str, int]]:
    """Return counts by AWS status, without zeros."""
    summary = object_at(job.array_summary)
    return [(str(state), count) for state, count in summary.items() if isinstance(count, int) and count]
