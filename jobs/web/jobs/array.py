"""The children of an array."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs import access, actions
from jobs.actions import poll_hint
from jobs.causes import CAUSES, Cause, FailureFacts, describe_exit_code, failure_cause
from jobs.causes.failure import USUAL_END
from jobs.models import Job
from jobs.models.array_reruns import IndexRerun
from jobs.models.child_causes import ChildCause, child_causes
from jobs.reports import children
from jobs.reports.array_map import array_map
from jobs.reports.array_reruns import ArrayReruns, array_reruns
from jobs.states import FINAL_STATES, STATUSES, State, Status, status_of
from jobs.web.jobs.tabs import job_tabs
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required

MAX_ARRAY_SIZE = 10_000  # AWS Batch's limit
MAX_CAUSES = 5  # the list has all
MAX_RERUN_ROWS = 100  # the map has all


@dataclass(frozen=True)
class ArrayProgress:
    job: Job
    children: children.ChildCounts
    is_refreshing: bool

    @property
    def is_loading(self) -> bool:
        return self.is_refreshing and self.children.unread_count > 0

    @property
    def live(self) -> bool:
        return self.job.status.is_live or self.is_loading or self.reruns.is_live

    @property
    def etag_fields(self) -> tuple[object, ...]:
        reruns = [(index, rerun.status.name) for index, rerun in self.reruns.by_index.items()]
        return (self.is_loading, *self.children.counts.items(), *reruns)

    @cached_property
    def reruns(self) -> ArrayReruns:
        counts = self.children.counts
        return array_reruns(
            self.job, has_failures=any(counts.get(state) for state in FINAL_STATES - {State.SUCCEEDED})
        )

    @property
    def rerun_counts(self) -> list[tuple[Status, int]]:
        counts = Counter(rerun.status for rerun in self.reruns.by_index.values())
        return sorted(
            counts.items(), key=lambda item: list(STATUSES).index(item[0].name) if item[0].name in STATUSES else 99
        )

    @property
    def rerun_successes(self) -> int:
        """Of an array all whose indexes have succeeded in the end."""
        return self.reruns.summary.successes if self.reruns.summary and self.reruns.has_recovered else 0

    @property
    def current_counts(self) -> list[tuple[Status, int]]:
        """By the last run of each child, as the map and the list show them."""
        counts = self.reruns.current_counts(self.children.counts)
        return [(status_of("SENT", state), number) for state, number in counts.items()]

    @property
    def rerun_rows(self) -> list["RerunRow"]:
        return [_rerun_row(rerun) for rerun in list(self.reruns.by_index.values())[:MAX_RERUN_ROWS]]

    @cached_property
    def causes(self) -> list["CauseRow"]:
        """Use one more query if children failed."""
        if not self.children.counts.get(State.FAILED):
            return []
        causes = child_causes(self.job)
        return [_cause_row(cause, self.reruns.success_count(cause.indexes)) for cause in causes]

    @property
    def main_causes(self) -> list["CauseRow"]:
        return self.causes[:MAX_CAUSES]

    @property
    def further_causes(self) -> list["CauseRow"]:
        return self.causes[MAX_CAUSES:]


@dataclass(frozen=True)
class RerunRow:
    index: int
    job: Job
    status: Status
    url: str
    """Of the log of a child, or of the job."""


@dataclass(frozen=True)
class CauseRow:
    cause: ChildCause
    title: str
    reason: str
    success_count: int
    """Children that failed for it and succeeded when they ran again."""

    @property
    def text(self) -> str:
        return f"{self.title}. {self.reason}".strip() if self.reason else f"{self.title}."


def array_progress(job: Job) -> ArrayProgress | None:
    """Request a refresh of the children too."""
    if not job.array_size:
        return None
    return ArrayProgress(job, children.child_counts(job), is_refreshing=actions.refresh_array(job))


@require_safe
@login_required
def job_children(request: SignedInRequest, text_id: str) -> HttpResponse:
    array_job, member = access.job(request.user, text_id)
    progress = array_progress(array_job)
    reruns = progress.reruns.by_index if progress else {}
    state, cause = request.GET.get("state", ""), request.GET.get("cause", "")
    state = state if state in STATUSES else ""
    start_text = request.GET.get("from", "")
    start = min(int(start_text), MAX_ARRAY_SIZE) if start_text.isdecimal() and len(start_text) < 6 else 0
    cause_rows = progress.causes if progress else []
    cause_row = next((row for row in cause_rows if row.cause.key == cause), None)
    child_page = children.child_page(
        array_job,
        start,
        state,
        cause_row.cause.indexes if cause_row else None,
        rerun_states={index: rerun.status.name for index, rerun in reruns.items()},
    )
    page = {
        "member": member,
        "team": array_job.team,
        "job": array_job,
        "tabs": job_tabs(array_job, member),
        "tab": "array",
        "array_progress": progress,
        "state": state,
        "states": progress.current_counts if progress else [],
        "cause_row": cause_row,
        "cause_rows": cause_rows,
        "page": child_page,
        "rows": [
            (child, _rerun_row(reruns[child.index]) if child.index in reruns else None) for child in child_page.rows
        ],
        "current_page": "jobs",
    }
    return render(request, "jobs/job/array.html", page)


@require_safe
@login_required
def job_children_map(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Return all children packed, or 204 if nothing has changed since `seen`."""
    array_job, _ = access.job(request.user, text_id)
    progress = array_progress(array_job)
    reruns = progress.reruns.by_index if progress else {}
    if progress:
        poll_hint.hint_poll([array_job, *progress.reruns.jobs])
    child_map = array_map(array_job, {index: rerun.status for index, rerun in reruns.items()})
    causes = progress.causes if progress else []
    changing: dict[str, Any] = {
        "live": progress is not None and progress.live,
        "cells": child_map.letters,
        "statuses": {
            letter: {"name": status.name, "label": status.label, "tone": status.tone}
            for letter, status in child_map.statuses.items()
        },
        "reruns": {index: _rerun_row(rerun).url for index, rerun in reruns.items()},
        "causes": [{"text": row.text, "ranges": _ranges(row.cause.indexes)} for row in causes],
    }
    etag = polling.etag(changing)
    if polling.is_current(request, etag):
        return HttpResponse(status=204)
    return JsonResponse({"etag": etag, **changing})


def _rerun_row(rerun: IndexRerun) -> RerunRow:
    url = rerun.job.get_absolute_url()
    if rerun.is_child_loaded:
        url = reverse("child_log", args=[rerun.job.text_id, rerun.child_index])
    return RerunRow(rerun.index, rerun.job, rerun.status, url)


def _cause_row(cause: ChildCause, success_count: int) -> CauseRow:
    facts = FailureFacts(exit_code=cause.exit_code, status_reason=cause.reason)
    reason = "" if cause.reason == USUAL_END else cause.reason
    return CauseRow(cause, _cause_title(failure_cause(facts), cause.exit_code), reason, success_count)


def _cause_title(cause: Cause, exit_code: int | None) -> str:
    if cause is Cause.UNKNOWN and exit_code is None:
        return "No exit code"
    if cause in (Cause.APPLICATION_ERROR, Cause.SIGNAL, Cause.UNKNOWN):
        return f"Exit code {exit_code}: {describe_exit_code(exit_code)}"
    return CAUSES[cause].label if exit_code is None else f"{CAUSES[cause].label}, exit code {exit_code}"


def _ranges(indexes: tuple[int, ...]) -> list[int]:
    """Return first and last index of each range in turn: (1, 2, 3, 9) as 1, 3, 9, 9."""
    ranges: list[int] = []
    for index in indexes:
        if ranges and ranges[-1] == index - 1:
            ranges[-1] = index
        else:
            ranges += [index, index]
    return ranges
