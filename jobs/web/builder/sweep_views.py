"""The page that makes a sweep of a job: the job runs with each row of a table of values."""

import json
import shlex
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import access, actions
from jobs.access import Member
from jobs.models import Source
from jobs.models.ids import new_id, to_text
from jobs.spec.documents import Document, DocumentKind, list_at, object_at, text_at
from jobs.spec.index_rerun import AWS_INDEX_VARIABLE, IndexRerunPlan, IndexSource, RerunKind, known_command
from jobs.spec.parsing.parser import DocumentParseError, parse
from jobs.spec.redaction import redact
from jobs.spec.sweep import (
    MAX_SINGLE_JOBS,
    MAX_TEXT_LENGTH,
    VALUES_VARIABLE,
    SweepError,
    SweepTable,
    TableFormat,
    parse_table,
    sweep_document,
)
from jobs.web.builder.feedback import cost_text, submit_label
from jobs.web.builder.form_state import MAX_KEY_LENGTH, to_json
from jobs.web.builder.job_sections import posted_job
from jobs.web.builder.json_views import redirect_to_submission
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


@dataclass(frozen=True)
class SweepInput:
    document_text: str
    values: str
    table_format: TableFormat
    plan: IndexRerunPlan
    request_key: str
    first: int = 0
    problem: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_sweep(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug, permission="submit")
    if request.method != "POST":
        return redirect("job_form", slug)
    if request.POST.get("do") == OPEN:
        form = posted_job(request.POST)
        sweep = SweepInput(
            form.source_text if form.parse_error else to_json(form.document),
            *("", TableFormat.GRID, IndexRerunPlan(), to_text(new_id())),
        )
        return _page(request, member, sweep, is_new=True)
    sweep = _read(request)
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
        return redirect_to_submission(request, submission)
    return _page(request, member, _with_new_key(sweep))


def _read(request: SignedInRequest) -> SweepInput:
    post = request.POST
    values, table_format, problem = post.get("values", ""), post.get("format", ""), ""
    if file := request.FILES.get("file"):
        table_format = TableFormat.CSV
        content = file.read(MAX_TEXT_LENGTH + 1)
        try:
            values = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            problem = "The file isn't UTF-8 text."
    first = post.get("first", "")
    kind, source = post.get("run_as", ""), post.get("index_by", "")
    return SweepInput(
        post.get("document", ""),
        values,
        TableFormat(table_format) if table_format in set(TableFormat) else TableFormat.GRID,
        IndexRerunPlan(
            RerunKind(kind) if kind in set(RerunKind) else RerunKind.SINGLE,
            IndexSource(source) if source in set(IndexSource) else IndexSource.VARIABLE,
        ),
        post.get("request_key", "")[:MAX_KEY_LENGTH] or to_text(new_id()),
        int(first) if first.isascii() and first.isdecimal() and len(first) < 6 else 0,
        problem,
    )


def _with_new_key(sweep: SweepInput) -> SweepInput:
    return SweepInput(
        sweep.document_text, sweep.values, sweep.table_format, sweep.plan, to_text(new_id()), sweep.first
    )


def _build(sweep: SweepInput, member: Member) -> tuple[str, SweepTable, Document]:
    """Return the text to submit, its values and the definition. Raise SweepError or DocumentParseError."""
    if sweep.problem:
        raise SweepError(sweep.problem)
    table = parse_table(sweep.values, sweep.table_format)
    reading = parse(sweep.document_text, DocumentKind.SUBMISSION)
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
