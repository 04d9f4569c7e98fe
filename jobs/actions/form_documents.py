"""The documents that launch forms make of values: that of the stored version, filled."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from jobs.access import Member
from jobs.actions.validate import validate
from jobs.models import LaunchFormVersion
from jobs.spec.documents import Document, DocumentKind, list_at, text_at
from jobs.spec.index_rerun import RerunKind
from jobs.spec.launch_forms.filling import fill_document
from jobs.spec.launch_forms.sweep import FormSweep, max_rows
from jobs.spec.launch_forms.sweep_documents import (
    RULE,
    array_of_runs,
    array_source,
    check_array,
    common_name,
    join_runs,
    missing_problem,
    suffix_of,
    variables_of,
    varying_variables,
    with_suffix,
)
from jobs.spec.launch_forms.values import FormValues, LaunchContext, read_values
from jobs.spec.parsing.parser import parse
from jobs.spec.problems import Problem
from jobs.spec.redaction import MASK, redact
from jobs.spec.substitution import (
    TooLongError,
    mask_value,
    secret_parameters,
    secret_place_problems,
    secret_value_problems,
)
from jobs.spec.sweep import SweepError, SweepTable
from jobs.spec.template_parameters import ParameterValue

MAX_SWEEP_PROBLEMS = 20
MAX_SHOWN_RUNS = 20
"""Of a sweep, in previews."""
MAX_ARRAY_TEXT_LENGTH = 30 * 1024
"""Of the values of an array: they are part of one SubmitJob request, which has this limit."""
MIN_WORD_LENGTH = 3
"""What a value takes beside itself: a name, a sign and a blank."""
TOO_LONG = "The values of an array have 30 KiB at most. Use fewer or shorter ones, or run single jobs."


@dataclass(frozen=True)
class FormStart:
    """The document that a form makes of values; no text if a value is wrong."""

    text: str
    values: FormValues
    """Of a sweep, those of its first run."""
    problems: tuple[Problem, ...]
    preview: Document = field(default_factory=dict)
    """Of a sweep, the document of its first runs with secrets masked."""
    source: Document = field(default_factory=dict)
    """The document with the references to fields in place of values, in the shape of the text."""


@dataclass(frozen=True)
class _Run:
    """One row of a sweep."""

    values: FormValues
    document: Document


def fill_version(version: LaunchFormVersion, entries: Mapping[str, object], context: LaunchContext) -> FormStart:
    """Return the document with these values."""
    values = read_values(version.field_list, entries, context)
    if values.problems:
        return FormStart("", values, values.problems, source=version.document)
    document, problems = _fill(form_document(version), version, values, secret_names(version))
    return FormStart(_as_text(document), values, problems, source=version.document)


def fill_sweep(version: LaunchFormVersion, sweep: FormSweep, context: LaunchContext, member: Member) -> FormStart:
    """Return a workflow with a job, or the jobs of a workflow, for each row; or an array with a child job for each.

    The rules of the form hold for each of them.
    """
    first = read_values(version.field_list, sweep.rows[0], context)
    if message := _count_problem(version, sweep):
        return FormStart("", first, (Problem("/values", message, rule=RULE),))
    if sweep.plan.kind is RerunKind.ARRAY:
        return _fill_array(version, sweep, context, member)
    source, secrets = form_document(version), secret_names(version)
    runs, problems = _runs(version, source, secrets, sweep, context)
    if problems:
        return FormStart("", first, problems)
    swept = _varying_names(runs)
    name = common_name(source, version.kind, first.texts, swept)
    if version.kind is DocumentKind.SUBMISSION:
        name = name or text_at(runs[0].document, "jobName")
    suffixes = [suffix_of(index, len(runs)) for index in range(len(runs))]
    documents = [with_suffix(run.document, suffix) for run, suffix in zip(runs, suffixes, strict=True)]
    preview = [
        with_suffix(_masked(source, version, run.values, secrets), suffix)
        for run, suffix in zip(runs[:MAX_SHOWN_RUNS], suffixes, strict=False)
    ]
    sources = join_runs([source] * len(runs), "")
    return FormStart(_as_text(join_runs(documents, name)), first, (), join_runs(preview, name), sources)


def _count_problem(version: LaunchFormVersion, sweep: FormSweep) -> str:
    is_workflow = version.kind is DocumentKind.WORKFLOW
    if is_workflow and sweep.plan.kind is RerunKind.ARRAY:
        return "A workflow can't run as one array job. Run each value as a workflow of its own."
    steps = len(list_at(version.document, "jobs")) if is_workflow else 1
    count, limit = steps * len(sweep.rows), max_rows(sweep.plan)
    return f"This sweep has {count:,} jobs, and the limit is {limit:,}. Remove some values." if count > limit else ""


def _runs(
    version: LaunchFormVersion,
    source: Document,
    secrets: frozenset[str],
    sweep: FormSweep,
    context: LaunchContext,
) -> tuple[list[_Run], tuple[Problem, ...]]:
    """Return each row with its document, or what is wrong with the first ones."""
    fields = version.field_list
    length = 0
    runs: list[_Run] = []
    problems: dict[tuple[str, str], Problem] = {}
    for index, row in enumerate(sweep.rows):
        values = read_values(fields, row, context)
        document: Document = {}
        row_problems = values.problems
        if not row_problems:
            document, row_problems = _fill(source, version, values, secrets)
        for problem in row_problems:
            located = replace(problem, message=f"Job {index}: {problem.message}")
            problems.setdefault((problem.pointer, problem.message), located)
        length += sum(len(str(row.get(name, ""))) + MIN_WORD_LENGTH for name in sweep.names)
        if sweep.plan.kind is RerunKind.ARRAY and length > MAX_ARRAY_TEXT_LENGTH:
            return [], (*problems.values(), Problem("/values", TOO_LONG, rule=RULE))
        if len(problems) >= MAX_SWEEP_PROBLEMS:
            break
        runs.append(_Run(values, document))
    return runs, tuple(problems.values())


def _varying_names(runs: list[_Run]) -> list[str]:
    """Return the fields that differ: those with several values, and those whose values depend on them."""
    first = runs[0].values.values
    return [name for name, value in first.items() if any(run.values.values[name] != value for run in runs)]


def _fill_array(version: LaunchFormVersion, sweep: FormSweep, context: LaunchContext, member: Member) -> FormStart:
    source, secrets, fields = form_document(version), secret_names(version), version.field_list
    runs, problems = _runs(version, source, secrets, sweep, context)
    first = read_values(fields, sweep.rows[0], context)
    if problems:
        return FormStart("", first, problems)
    varying = _varying_names(runs)
    problems = tuple(check_array(source, fields, varying, secrets))
    variables = varying_variables(source, varying)
    lines = [variables_of(run.document) for run in runs]
    titles = {item.name: item.title for item in fields}
    problems += tuple(
        missing_problem(source, variable, index, titles)
        for index, line in enumerate(lines)
        for variable in variables
        if variable not in line
    )
    if problems:
        return FormStart("", first, problems[:MAX_SWEEP_PROBLEMS])
    table = SweepTable(tuple(variables), tuple(tuple(line[name] for name in variables) for line in lines))
    name = common_name(source, version.kind, first.texts, varying)
    try:
        definition = _definition(runs[0].document, member)
        masked = _masked(source, version, first, secrets)
        preview = redact(array_of_runs(masked, name, table, redact(definition), sweep.plan))
        document = array_of_runs(runs[0].document, name, table, definition, sweep.plan)
    except SweepError as error:
        return FormStart("", first, (Problem("/values", str(error), rule=RULE),))
    return FormStart(_as_text(document), first, (), preview, array_source(source, variables))


def _definition(job: Document, member: Member) -> Document:
    """Return the definition of a job, whose command a shell starts. Raise SweepError."""
    targets = validate(parse(_as_text(job)), member, is_form=True).resolved_jobs
    revision = targets[0].revision if targets else None
    if revision is None:
        raise SweepError("The form's job definition can't be used, so its command isn't known. Run single jobs.")
    document: Document = revision.document
    return document


def _fill(
    source: Document, version: LaunchFormVersion, values: FormValues, secrets: frozenset[str]
) -> tuple[Document, tuple[Problem, ...]]:
    try:
        document = fill_document(source, values.values, version.kind)
        fields = version.field_list if secrets else ()
        problems = secret_place_problems(source, fields, values.values, secrets)
        problems = problems or secret_value_problems(source, fields, values.values, secrets)
    except TooLongError as error:
        return {}, (Problem("", str(error), rule="form.too-long"),)
    return document, tuple(problems)


def _as_text(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) if document else ""


def form_document(version: LaunchFormVersion) -> Document:
    """Return the document in the order of its text, which PostgreSQL does not keep."""
    return parse(version.text).document


def secret_names(version: LaunchFormVersion) -> frozenset[str]:
    return secret_parameters(version.document, version.field_list)


def shown_values(version: LaunchFormVersion, values: FormValues) -> dict[str, str]:
    """Return the values of fields that are shown, with secrets masked."""
    secrets = secret_names(version)
    return {name: mask_value(name, text, secrets) for name, text in values.texts.items() if name in values.visible}


def shown_document(version: LaunchFormVersion, start: FormStart) -> Document:
    """Return the document of a start without problems, with secrets masked wherever their fields stand."""
    if start.preview:
        return start.preview
    return _masked(form_document(version), version, start.values, secret_names(version))


def _masked(source: Document, version: LaunchFormVersion, values: FormValues, secrets: frozenset[str]) -> Document:
    masked = {
        name: ParameterValue(MASK) if name in secrets and value.text else value
        for name, value in values.values.items()
    }
    document: Document = redact(fill_document(source, masked, version.kind))
    return document
