"""Responses as tab-separated lines that a POSIX shell can read.

No value holds a control character, and only the last of a line may be empty (elsewhere `-`): a shell's `read` treats
several tabs as one.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import singledispatch

from ninja import Schema

from jobs.api.schemas import (
    ActualCostsOut,
    CallerOut,
    ChangeOut,
    CostsOut,
    DefinitionOut,
    DefinitionsOut,
    EstimateOut,
    JobsOut,
    JobSummaryOut,
    KeyOut,
    LaunchFormDetailOut,
    LaunchFormOut,
    LaunchFormsOut,
    LogOut,
    ProblemDetailsOut,
    ProblemOut,
    QueuesOut,
    RequestsOut,
    StopOut,
    SubmissionOut,
    SubmissionsOut,
    TemplateDetailOut,
    TemplateOut,
    TemplatesOut,
    ValidationOut,
)
from jobs.plain_text import to_plain_text

TextRow = tuple[object, ...]


def to_text(content: Schema) -> str:
    return "".join(
        "\t".join([*(format_value(value) or "-" for value in row[:-1]), format_value(row[-1])]) + "\n"
        for row in text_rows(content)
    )


def format_value(value: object) -> str:
    """Return one field, without control characters, which terminals obey."""
    match value:
        case None:
            return "-"
        case bool():
            return "1" if value else "0"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return to_plain_text(str(value))


@singledispatch
def text_rows(content: Schema) -> Iterator[TextRow]:
    raise TypeError(f"{type(content).__name__} has no text format")


@text_rows.register
def _(content: ProblemDetailsOut) -> Iterator[TextRow]:
    yield "error", content.title
    yield from _problem_rows(content.problems)


@text_rows.register
def _(content: KeyOut) -> Iterator[TextRow]:
    yield "key", content.key


@text_rows.register
def _(content: DefinitionOut) -> Iterator[TextRow]:
    yield "definition", content.name, content.revision, content.arn, content.url
    if content.reused:
        yield "reused", content.name
    yield from _change_rows(content.changes)
    yield from _problem_rows(content.problems)


@text_rows.register
def _(content: ValidationOut) -> Iterator[TextRow]:
    yield "document", content.kind, content.ok
    yield from _change_rows(content.changes)
    yield from _problem_rows(content.problems)
    for reason in content.approval:
        yield "approval", "waiting", None, reason
    if content.estimate:
        yield _estimate_row(content.estimate)


@text_rows.register
def _(content: SubmissionOut) -> Iterator[TextRow]:
    yield "now", int(time.time())  # a shell without `date` measures its timeout by the portal's clock
    yield "submission", content.id, content.url
    if content.template:
        yield "template", content.template.id, content.template.version, content.template.name
    if content.form:
        yield "form", content.form.id, content.form.version, content.form.name
    if content.approval:
        approval = content.approval
        yield "approval", approval.state, approval.decided_by, approval.comment or " ".join(approval.reasons)
    if content.estimate:
        yield _estimate_row(content.estimate)
    if content.held:
        yield "held", content.held.until, content.held.reason
    if content.cursor:
        yield "cursor", content.cursor
    yield from _change_rows(content.changes)
    yield from _problem_rows(content.problems)
    for event in content.history:
        yield "state", event.time, event.job, event.name, event.state, event.note
    for job in content.jobs:
        yield from text_rows(job)


@text_rows.register
def _(content: LaunchFormsOut) -> Iterator[TextRow]:
    for form in content.forms:
        yield from text_rows(form)
    yield from _next_row(content.next)


@text_rows.register
def _(content: LaunchFormOut) -> Iterator[TextRow]:
    yield "form", content.id, content.version, content.name


@text_rows.register
def _(content: LaunchFormDetailOut) -> Iterator[TextRow]:
    yield "form", content.id, content.version, content.name
    for section in content.sections:
        for field in section["fields"]:
            yield "field", field["name"], field.get("type"), field.get("required", True), field.get("default")


@text_rows.register
def _(content: TemplatesOut) -> Iterator[TextRow]:
    for template in content.templates:
        yield from text_rows(template)
    yield from _next_row(content.next)


@text_rows.register
def _(content: TemplateOut) -> Iterator[TextRow]:
    yield "template", content.id, content.version, content.name


@text_rows.register
def _(content: TemplateDetailOut) -> Iterator[TextRow]:
    yield "template", content.id, content.version, content.name
    for parameter in content.parameters:
        yield "parameter", parameter.name, parameter.type, parameter.required, parameter.default


@text_rows.register
def _(content: JobSummaryOut) -> Iterator[TextRow]:
    yield (
        "job",
        content.id,
        content.name,
        content.state,
        content.batch_job_id,
        content.final,
        content.exit_code,
        content.reason,
    )


@text_rows.register
def _(content: JobsOut) -> Iterator[TextRow]:
    for job in content.jobs:
        yield from text_rows(job)
    yield from _next_row(content.next)


@text_rows.register
def _(content: SubmissionsOut) -> Iterator[TextRow]:
    for submission in content.submissions:
        yield "submission", submission.id, submission.url
    yield from _next_row(content.next)


@text_rows.register
def _(content: DefinitionsOut) -> Iterator[TextRow]:
    for definition in content.definitions:
        yield "definition", definition.name, definition.revision, definition.arn, definition.url
    yield from _next_row(content.next)


@text_rows.register
def _(content: QueuesOut) -> Iterator[TextRow]:
    for queue in content.queues:
        yield "queue", queue.name, queue.region, queue.state, queue.status, queue.running, queue.waiting
    yield from _next_row(content.next)


@text_rows.register
def _(content: RequestsOut) -> Iterator[TextRow]:
    for request in content.approvals:
        comment = request.comment or " ".join(request.reasons)
        yield "request", request.id, request.submission, request.state, request.user, request.decided_by, comment
    yield from _next_row(content.next)


@text_rows.register
def _(content: CallerOut) -> Iterator[TextRow]:
    yield "me", content.user, content.team, content.role, content.can_submit, content.expires_at, content.token


@text_rows.register
def _(content: StopOut) -> Iterator[TextRow]:
    yield "stopping", content.stopping


@text_rows.register
def _(content: LogOut) -> Iterator[TextRow]:
    yield "next", content.next, content.end
    if content.note:
        yield "note", content.note
    for line in content.lines:
        yield "line", line.time, line.text


@text_rows.register
def _(content: CostsOut) -> Iterator[TextRow]:
    for row in content.rows:
        yield "cost", row.value, row.usd, row.failed_usd, row.before_usd, row.jobs
    total = content.total
    yield "total", "-", total.usd, total.failed_usd, total.before_usd, total.jobs


@text_rows.register
def _(content: ActualCostsOut) -> Iterator[TextRow]:
    for row in content.rows:
        yield "actual", row.value, row.estimate_usd, row.allocated_usd, row.idle_usd
    total = content.total
    yield "actual_total", "-", total.estimate_usd, total.allocated_usd, total.idle_usd
    if explorer := content.cost_explorer:
        for entry in explorer.rows:
            yield "explorer", entry.value, entry.estimate_usd, entry.usd
        yield "explorer_total", "-", explorer.total.estimate_usd, explorer.total.usd


def _next_row(cursor: str) -> Iterator[TextRow]:
    if cursor:
        yield "next", cursor


def _problem_rows(problems: Iterable[ProblemOut]) -> Iterator[TextRow]:
    for problem in problems:
        yield "problem", problem.severity, problem.line, problem.column, problem.pointer, problem.message


def _change_rows(changes: Iterable[ChangeOut]) -> Iterator[TextRow]:
    for change in changes:
        yield "change", change.pointer, change.message


def _estimate_row(content: EstimateOut) -> TextRow:
    expected, at_most = content.expected, content.at_most
    return "estimate", expected.usd, at_most.usd, expected.vcpu_hours, at_most.vcpu_hours
