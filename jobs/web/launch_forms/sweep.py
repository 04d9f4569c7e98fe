"""Running a form with several values: what the page takes, and what it shows of each job."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from jobs.actions.validate import ValidationResult
from jobs.spec.documents import Document, list_at, text_at
from jobs.spec.index_rerun import IndexRerunPlan, known_command, rerun_plan
from jobs.spec.launch_forms.fields import LaunchField
from jobs.spec.launch_forms.sweep import SINGLE_JOBS, FormSweep, combine, csv_rows, split_values
from jobs.spec.launch_forms.values import FormValues, LaunchContext
from jobs.spec.problems import quote
from jobs.spec.redaction import redact
from jobs.spec.sweep import MAX_TEXT_LENGTH, SweepError, TableFormat, program_of
from jobs.web.builder.feedback import ProblemView
from jobs.web.builder.value_feedback import PREFIX as FIELD_PREFIX
from jobs.web.launch_forms.fields import fitting_entries
from jobs.web.shell.auth import SignedInRequest
from jobs.web.shell.text_input import drop_nul

PREFIX = "several-"
MAX_PREVIEW_ROWS = 20


@dataclass(frozen=True)
class SweepText:
    """What was entered: values by the names of fields, or a table."""

    texts: Mapping[str, str] = field(default_factory=dict)
    table_format: TableFormat = TableFormat.GRID
    table: str = ""
    problem: str = ""
    plan: IndexRerunPlan = SINGLE_JOBS

    @property
    def is_empty(self) -> bool:
        return not self.problem and not self.table.strip() and not any(text.strip() for text in self.texts.values())

    @classmethod
    def from_request(cls, request: SignedInRequest) -> "SweepText":
        post = request.POST
        table, problem = drop_nul(post.get("table", "")), ""
        if file := request.FILES.get("table_file"):
            try:
                table = drop_nul(file.read(MAX_TEXT_LENGTH + 1).decode("utf-8-sig"))
            except UnicodeDecodeError:
                problem = "The file isn't UTF-8 text."
        texts = {key.removeprefix(PREFIX): drop_nul(str(post[key])) for key in post if key.startswith(PREFIX)}
        is_zip = post.get("combine", "") == TableFormat.ZIP
        plan = rerun_plan(post.get("run_as", ""), post.get("index_by", ""), SINGLE_JOBS)
        return cls(texts, TableFormat.ZIP if is_zip else TableFormat.GRID, table, problem, plan)


@dataclass(frozen=True)
class SweepField:
    """A field that can have several values."""

    field: LaunchField
    text: str
    choices: tuple[str, ...]
    problems: Sequence[ProblemView] = ()

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.field.name}"


@dataclass(frozen=True)
class FormSweepRow:
    index: int
    values: tuple[str, ...]
    name: str
    """Of a workflow, the names of its steps."""
    command: str


def read_sweep(
    fields: Sequence[LaunchField], entries: Mapping[str, object], sweep: SweepText, context: LaunchContext
) -> FormSweep | None:
    """Return the entries of each job, or None for one job. Raise SweepError."""
    if sweep.problem:
        raise SweepError(sweep.problem)
    if sweep.is_empty:
        return None
    by_name = {item.name: item for item in fields}
    texts = {name: text for name, text in sweep.texts.items() if text.strip()}
    if unknown := next((name for name in texts if name not in by_name), None):
        raise SweepError(f"The form has no field {quote(unknown)}.")
    columns = {name: split_values(by_name[name], text) for name, text in texts.items()}
    if sweep.table.strip():
        if columns:
            raise SweepError("Enter several values in the fields, or a table. Not both.")
        rows = csv_rows(fields, sweep.table, sweep.plan)
    else:
        rows = combine(columns, sweep.table_format, sweep.plan)
    names = tuple(rows[0]) if rows else ()
    complete_rows = tuple({**fitting_entries(fields, {**entries, **row}, context), **row} for row in rows)
    return FormSweep(names, complete_rows, sweep.plan)


def at_sweep_fields(views: Sequence[ProblemView], sweep: SweepText) -> tuple[ProblemView, ...]:
    """Move problems of fields with several values to where these were entered."""
    entered = {f"{FIELD_PREFIX}{name}": f"{PREFIX}{name}" for name, text in sweep.texts.items() if text.strip()}
    return tuple(replace(view, field=entered.get(view.field, view.field)) for view in views)


def sweep_fields(
    fields: Sequence[LaunchField],
    values: FormValues,
    sweep: SweepText,
    problems: Mapping[str, Sequence[ProblemView]],
) -> list[SweepField]:
    return [
        SweepField(
            item,
            sweep.texts.get(item.name, ""),
            item.all_choices(),
            problems.get(f"{PREFIX}{item.name}", ()),
        )
        for item in fields
        if not item.is_locked and (item.name in values.visible or sweep.texts.get(item.name))
    ]


def preview_rows(
    sweep: FormSweep, document: Document, result: ValidationResult | None, secrets: frozenset[str]
) -> list[FormSweepRow]:
    """Return the first runs: values, names and, of single jobs and arrays, the command. Secrets are masked."""
    if not document:
        return []
    jobs = list_at(document, "jobs")
    definitions = [redact(target.definition) for target in result.resolved_jobs] if result else []
    steps = max(1, len(definitions) // len(sweep.rows)) if jobs else 0
    rows = []
    for index, row in enumerate(sweep.rows[:MAX_PREVIEW_ROWS]):
        number = index * steps
        job, definition = (jobs[number] if jobs else document), definitions[number] if definitions else {}
        name = ", ".join(text_at(step, "jobName") for step in jobs[number : number + steps])
        rows.append(
            FormSweepRow(
                index,
                tuple("•••" if field_name in secrets else str(row.get(field_name, "")) for field_name in sweep.names),
                name if jobs else f"{text_at(job, 'jobName')}, child job {index}",
                shlex.join(program_of(known_command(job, definition))) if definitions and steps <= 1 else "",
            )
        )
    return rows
