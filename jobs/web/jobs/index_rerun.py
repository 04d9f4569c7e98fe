"""The page that runs failed indexes of an array again."""

import shlex
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access, actions
from jobs.access import Member
from jobs.actions import IndexRerunPreview, RerunOutcome
from jobs.models import Job
from jobs.spec.documents import list_at, text_at
from jobs.spec.index_rerun import (
    AWS_INDEX_VARIABLE,
    INDEX_VARIABLE,
    INDEXES_VARIABLE,
    IndexRerunError,
    IndexRerunPlan,
    IndexSource,
    IndexStep,
    RerunKind,
    command_warning,
    format_indexes,
    known_command,
)
from jobs.spec.redaction import redact
from jobs.web.builder.feedback import cost_text
from jobs.web.shell.auth import SignedInRequest, login_required

MAX_PREVIEW_ROWS = 20
RERUN_ERRORS = (IndexRerunError, actions.RunAgainError)


@dataclass(frozen=True)
class IndexPreviewRow:
    index: int
    name: str
    """With the index of the child, in an array."""
    command: str
    """Empty if the image's own runs."""
    variables: tuple[tuple[str, str], ...]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def rerun_indexes(request: SignedInRequest, text_id: str) -> HttpResponse:
    array_job, member = access.job(request.user, text_id, permission="submit")
    values = request.POST if request.method == "POST" else request.GET
    indexes = values.get("indexes", "")
    plan = _plan(values.get("run_as", ""), values.get("index_by", ""))
    problem = ""
    if request.method == "POST":
        try:
            outcome = actions.rerun_indexes(array_job, member, indexes, plan)
        except (
            IndexRerunError,
            actions.RunAgainError,
            actions.ValidationFailedError,
            actions.RecoveryError,
        ) as error:
            problem = str(error)
        else:
            _add_message(request, array_job, outcome)
            return redirect(array_job.submission if outcome.approval else array_job)
    page = {
        "member": member,
        "team": array_job.team,
        "job": array_job,
        "plan": plan,
        "index_variable": INDEX_VARIABLE,
        "indexes_variable": INDEXES_VARIABLE,
        "aws_variable": AWS_INDEX_VARIABLE,
        "indexes": indexes,
        "current_page": "jobs",
        **_preview(array_job, member, indexes, plan, problem),
    }
    return render(request, "jobs/job/rerun_indexes.html", page, status=422 if problem else 200)


def _add_message(request: SignedInRequest, array_job: Job, outcome: RerunOutcome) -> None:
    if outcome.approval:
        messages.success(request, f"Requested approval to run child jobs of {array_job.name} again.")
        return
    count = sum(job.array_size or 1 for job in outcome.jobs)
    noun = "child job" if count == 1 else "child jobs"
    messages.success(request, f"Running {count:,} {noun} of {array_job.name} again.")


def _plan(kind: str, source: str) -> IndexRerunPlan:
    return IndexRerunPlan(
        RerunKind(kind) if kind in set(RerunKind) else RerunKind.SINGLE,
        IndexSource(source) if source in set(IndexSource) else IndexSource.VARIABLE,
    )


def _preview(array_job: Job, member: Member, indexes: str, plan: IndexRerunPlan, problem: str) -> dict[str, object]:
    try:
        preview = actions.preview_index_rerun(array_job, member, indexes, plan)
    except IndexRerunError as error:
        return {"problems": [problem or str(error)]}
    problems = list(dict.fromkeys(error.message for error in preview.result.errors))
    count = sum(len(step.indexes) for step in preview.steps)
    command_text = command_warning(array_job.document, array_job.revision.document, plan)
    warnings = [warning.message for warning in preview.result.warnings]
    rows = [row for step in preview.steps[:MAX_PREVIEW_ROWS] for row in _rows(step, array_job)][:MAX_PREVIEW_ROWS]
    return {
        "problems": problems or [problem] * bool(problem),
        "is_blocked": bool(problems),
        "approval_reasons": [reason.message for reason in preview.result.approval_reasons],
        "warnings": list(dict.fromkeys(filter(None, [command_text, *warnings]))),
        "rows": rows,
        "omitted_count": count - len(rows),
        "count": count,
        "all_indexes": format_indexes([index for step in preview.steps for index in step.indexes]),
        "price": _price(preview),
    }


def _price(preview: IndexRerunPreview) -> str:
    estimate = preview.result.estimate
    is_priced = estimate and (estimate.cost.expected.usd is not None or estimate.cost.at_most.usd is not None)
    return cost_text(preview.result) if is_priced else ""


def _rows(step: IndexStep, array_job: Job) -> list[IndexPreviewRow]:
    document = redact(step.document)
    command = shlex.join(known_command(document, redact(array_job.revision.document)))
    variables = tuple(
        (text_at(entry, "name"), text_at(entry, "value"))
        for entry in list_at(document, "containerOverrides", "environment")
    )
    name = text_at(document, "jobName")
    if "arrayProperties" not in document:
        return [IndexPreviewRow(step.indexes[0], name, command, variables)]
    return [
        IndexPreviewRow(index, f"{name}, child job {child}", command, ((AWS_INDEX_VARIABLE, str(child)), *variables))
        for child, index in enumerate(step.indexes)
    ]
