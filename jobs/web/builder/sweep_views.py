"""The page that makes a sweep of a job: the job runs with each row of a table of values."""

import json
import shlex
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access, actions
from jobs.access import Member
from jobs.actions import drafts, masked_source
from jobs.models import DraftKind, Source
from jobs.models.ids import new_id, to_text
from jobs.spec.documents import Document, DocumentKind, list_at, object_at, text_at
from jobs.spec.index_rerun import AWS_INDEX_VARIABLE, RerunKind, known_command
from jobs.spec.parsing.parser import DocumentParseError, parse
from jobs.spec.redaction import redact
from jobs.spec.sweep import (
    MAX_SINGLE_JOBS,
    VALUES_VARIABLE,
    SweepError,
    SweepTable,
    parse_table,
    sweep_document,
)
from jobs.web.builder.drafts import draft_id
from jobs.web.builder.feedback import cost_text, submit_label
from jobs.web.builder.job_sections import posted_job
from jobs.web.builder.json_views import redirect_to_submission
from jobs.web.builder.sweep_input import SweepInput
from jobs.web.shell.auth import SignedInRequest, login_required

OPEN = "sweep"
MAX_PREVIEW_ROWS = 20
ALREADY_SENT = "This page already submitted other values. Submit again to send these."


@dataclass(frozen=True)
class SweepPreviewRow:
    index: int
    name: str
    command: str
    variables: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_sweep(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    if request.method != "POST":
        return redirect("job_form", slug)
    sweep = SweepInput.from_request(request)
    if request.POST.get("do") == OPEN:
        form = posted_job(request.POST)
        text = form.source_text if form.parse_error else form.text
        sweep = replace(sweep, document_text=text, request_key=to_text(new_id()))
        return _page(request, member, sweep, is_new=not sweep.values.strip())
    if request.POST.get("do") != "submit":
        return _page(request, member, sweep)
    try:
        text, _, _ = _build(sweep, member)
        submission = actions.submit(text, member, source=Source.FORM, request_key=sweep.request_key)
    except (SweepError, DocumentParseError, actions.ValidationFailedError):
        return _page(request, member, sweep)
    except actions.IdempotencyConflictError:
        messages.warning(request, ALREADY_SENT)
    except actions.RecoveryError as error:
        messages.warning(request, str(error))
    else:
        drafts.mark_sent(member, draft_id(request), DraftKind.JOB, sweep.document_text, source_id=sweep.source_id)
        return redirect_to_submission(request, submission)
    return _page(request, member, replace(sweep, request_key=to_text(new_id())))


def _build(sweep: SweepInput, member: Member) -> tuple[str, SweepTable, Document]:
    """Return the text to submit, its values and the definition. Raise SweepError or DocumentParseError."""
    if sweep.problem:
        raise SweepError(sweep.problem)
    table = parse_table(sweep.values, sweep.table_format)
    text = masked_source.restore_masked(sweep.document_text, member, sweep.source_id)
    reading = parse(text, DocumentKind.SUBMISSION)
    if not text_at(reading.document, "jobName"):
        raise SweepError("The job has no name. Go back to the job's form and enter one.")
    targets = actions.validate(reading, member).resolved_jobs
    revision = targets[0].revision if targets else None
    if revision is None:
        raise SweepError("Choose a job definition first. Go back to the job's form.")
    document = sweep_document(reading.document, revision.document, table, sweep.plan)
    return json.dumps(document, indent=2, ensure_ascii=False), table, revision.document


def _page(request: SignedInRequest, member: Member, sweep: SweepInput, *, is_new: bool = False) -> HttpResponse:
    preview = {} if is_new else _preview(sweep, member)
    try:
        name = text_at(parse(sweep.document_text, DocumentKind.SUBMISSION).document, "jobName")
    except DocumentParseError as error:
        name, preview = "", {"problems": [f"The job's JSON has an error: {error.message} Go back and correct it."]}
    page = {
        "member": member,
        "team": member.team,
        "sweep": sweep,
        "job_name": name,
        "values_variable": VALUES_VARIABLE,
        "aws_variable": AWS_INDEX_VARIABLE,
        "max_single_jobs": MAX_SINGLE_JOBS,
        "draft_id": draft_id(request),
        "current_page": "create",
        **preview,
    }
    status = 422 if preview.get("problems") and not request.htmx else 200
    return render(request, "jobs/builder/sweep.html", page, status=status)


def _preview(sweep: SweepInput, member: Member) -> dict[str, Any]:
    try:
        text, table, definition = _build(sweep, member)
    except SweepError as error:
        return {"problems": [str(error)]}
    except DocumentParseError as error:
        return {"problems": [error.message]}
    try:
        result = actions.validate(text, member)
    except DocumentParseError as error:
        advice = "Run them as one array job." if sweep.plan.kind is RerunKind.SINGLE else "Use fewer values."
        return {"problems": [f"The jobs can't be submitted together. {error.message} {advice}"]}
    document = result.parse_result.document
    first = min(sweep.first, len(table.rows) - 1)
    indexes = range(first, min(first + MAX_PREVIEW_ROWS, len(table.rows)))
    return {
        "problems": list(dict.fromkeys(problem.message for problem in result.errors))[:20],
        "warnings": list(dict.fromkeys(problem.message for problem in result.warnings))[:20],
        "rows": [_row(document, definition, index) for index in indexes],
        "count": len(table.rows),
        "first": first,
        "price": cost_text(result),
        "approval_reasons": [reason.message for reason in result.approval_reasons],
        "label": submit_label(result),
    }


def _row(document: Document, definition: Document, index: int) -> SweepPreviewRow:
    jobs = list_at(document, "jobs")
    job = redact(jobs[index] if jobs else document)
    variables = [
        (text_at(entry, "name"), text_at(entry, "value"))
        for entry in list_at(job, "containerOverrides", "environment")
    ]
    name = text_at(job, "jobName")
    if not jobs:
        lines = {VALUES_VARIABLE: "…"}  # the table as a whole; the row's own line is shown
        own = next((value.split("\n")[index] for key, value in variables if key == VALUES_VARIABLE), "")
        variables = [(key, lines.get(key, value)) for key, value in variables]
        variables = [(AWS_INDEX_VARIABLE, str(index)), *variables, (f"line {index + 1} of {VALUES_VARIABLE}", own)]
        name = f"{name}, child job {index}"
    parameters = tuple((key, str(value)) for key, value in object_at(job, "parameters").items())
    return SweepPreviewRow(
        index, name, shlex.join(known_command(job, redact(definition))), tuple(variables), parameters
    )
