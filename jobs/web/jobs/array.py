"""The children of an array."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access, actions
from jobs.models import Job
from jobs.reports import child_causes, children
from jobs.reports.array_map import array_map
from jobs.reports.child_causes import ChildCause
from jobs.states import STATUSES, State
from jobs.web.jobs.explanation import USUAL_END, describe_exit_code
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required

MAX_ARRAY_SIZE = 10_000  # AWS Batch's limit
MAX_CAUSES = 5  # the list has all


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
        return self.job.status.is_live or self.is_loading

    @property
    def etag_fields(self) -> tuple[object, ...]:
        return (self.is_loading, *self.children.counts.items())

    @cached_property
    def causes(self) -> list["CauseRow"]:
        """Use one more query if children failed."""
        if not self.children.counts.get(State.FAILED):
            return []
        return [_cause_row(cause) for cause in child_causes.child_causes(self.job)]

    @property
    def main_causes(self) -> list["CauseRow"]:
        return self.causes[:MAX_CAUSES]

    @property
    def further_causes(self) -> list["CauseRow"]:
        return self.causes[MAX_CAUSES:]


@dataclass(frozen=True)
class CauseRow:
    cause: ChildCause
    title: str
    reason: str

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
    state, cause = request.GET.get("state", ""), request.GET.get("cause", "")
    state = state if state in STATUSES else ""
    start_text = request.GET.get("from", "")
    start = min(int(start_text), MAX_ARRAY_SIZE) if start_text.isdecimal() and len(start_text) < 6 else 0
    cause_rows = progress.causes if progress else []
    cause_row = next((row for row in cause_rows if row.cause.key == cause), None)
    page = {
        "member": member,
        "team": array_job.team,
        "job": array_job,
        "array_progress": progress,
        "state": state,
        "states": progress.children.in_order if progress else [],
        "cause_row": cause_row,
        "cause_rows": cause_rows,
        "page": children.child_page(array_job, start, state, cause_row.cause.indexes if cause_row else None),
        "current_page": "jobs",
    }
    return render(request, "jobs/job/array.html", page)


@require_safe
@login_required
def job_children_map(request: SignedInRequest, text_id: str) -> HttpResponse:
    """Return all children packed, or 204 if nothing has changed since `seen`."""
    array_job, _ = access.job(request.user, text_id)
    progress = array_progress(array_job)
    child_map = array_map(array_job)
    causes = progress.causes if progress else []
    changing: dict[str, Any] = {
        "live": progress is not None and progress.live,
        "cells": child_map.letters,
        "statuses": {
            letter: {"name": status.name, "label": status.label, "tone": status.tone}
            for letter, status in child_map.statuses.items()
        },
        "causes": [{"text": row.text, "ranges": _ranges(row.cause.indexes)} for row in causes],
    }
    etag = polling.etag(changing)
    if polling.is_current(request, etag):
        return HttpResponse(status=204)
    return JsonResponse({"etag": etag, **changing})


def _cause_row(cause: ChildCause) -> CauseRow:
    if cause.exit_code is None:
        return CauseRow(cause, "No exit code", cause.reason)
    reason = "" if cause.reason == USUAL_END else cause.reason
    return CauseRow(cause, f"Exit code {cause.exit_code}: {describe_exit_code(cause.exit_code)}", reason)


def _ranges(indexes: tuple[int, ...]) -> list[int]:
    """Return first and last index of each range in turn: (1, 2, 3, 9) as 1, 3, 9, 9."""
    ranges: list[int] = []
    for index in indexes:
        if ranges and ranges[-1] == index - 1:
            ranges[-1] = index
        else:
            ranges += [index, index]
    return ranges
