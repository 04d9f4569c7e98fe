"""The effective job, with each value's source. Secrets are masked."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

from jobs.actions import ValidationResult
from jobs.models import Job
from jobs.spec import effective
from jobs.spec.documents import Document, DocumentKind, is_object, list_at, text_at, value_at
from jobs.spec.effective import EffectiveContainer, EffectiveJob, SourcedValue, ValueSource
from jobs.spec.forms import units
from jobs.spec.parsing.parser import ParseResult
from jobs.spec.problems import resolve_pointer, split_pointer
from jobs.spec.redaction import redact, redact_text, redact_value
from jobs.spec.rules.reserved_names import JOB_ID_VARIABLE, PORTAL_TAG_PREFIX
from jobs.spec.time_limit import timeout_seconds

BADGES: Mapping[ValueSource, str] = {
    ValueSource.DEFINITION: "definition",
    ValueSource.OVERRIDE: "submission",
    ValueSource.PARAMETER_DEFAULT: "parameter default",
    ValueSource.TEAM: "team rule",
    ValueSource.PORTAL: "portal",
    ValueSource.BATCH: "AWS Batch",
}


MAX_ROWS = 300
"""Per section, and words of a command: a document of 1 MiB can have 40,000 tags."""


MAX_STEPS = 10
"""Steps of a workflow that are shown: each keystroke renders them again."""


@dataclass(frozen=True)
class EffectiveRow:
    label: str
    value: str
    source: ValueSource
    mono: bool = False

    @property
    def badge(self) -> str:
        return BADGES[self.source]

    @property
    def is_own(self) -> bool:
        """Whether the author of the submission wrote it."""
        return self.source is ValueSource.OVERRIDE


@dataclass(frozen=True)
class EffectiveSection:
    title: str
    rows: tuple[EffectiveRow, ...]
    omitted_count: int = 0
    """Rows beyond the limit."""

    @classmethod
    def with_limit(cls, title: str, rows: Iterable[EffectiveRow], count: int = 0) -> "EffectiveSection":
        """`count` is the number that `rows` would yield."""
        return cls(title, tuple(islice(rows, MAX_ROWS)), max(0, count - MAX_ROWS))


def result_sections(result: ValidationResult | None) -> list[EffectiveSection]:
    """Return none for a workflow or an unknown definition."""
    if result is None or result.parse_result.kind is DocumentKind.WORKFLOW:
        return []
    document = result.parse_result.document
    if result.parse_result.kind is DocumentKind.DEFINITION:
        return _sections(_with_default_size(effective.effective_job(document), result.parse_result))
    revision = result.resolved_jobs[0].revision if result.resolved_jobs else None
    if revision is None:
        return []
    notes = [(change.pointer, change.rule_owner) for change in result.parse_result.changes]
    return _sections(_effective_job(revision.document, document, notes))


@dataclass(frozen=True)
class EffectiveStep:
    name: str
    sections: list[EffectiveSection]


def result_steps(result: ValidationResult | None) -> list[EffectiveStep]:
    """Leave out steps of unknown definitions."""
    if result is None or result.parse_result.kind is not DocumentKind.WORKFLOW:
        return []
    document = result.parse_result.document
    notes = [(change.pointer, change.rule_owner) for change in result.parse_result.changes if change.rule_owner]
    steps = []
    for target in result.resolved_jobs[:MAX_STEPS]:
        step = resolve_pointer(document, target.pointer)
        if target.revision is not None and is_object(step):
            step_notes = _notes_of_step(notes, document, step)
            sections = _sections(_effective_job(target.revision.document, step, step_notes))
            steps.append(EffectiveStep(text_at(step, "jobName"), sections))
    return steps


def job_view(job: Job) -> EffectiveJob:
    document: Document = {**job.document, "tags": job.tags}
    notes = [(note.get("pointer", ""), note["by"]) for note in job.submission.notes if note.get("by")]
    return _effective_job(
        job.revision.document, document, _notes_of_step(notes, job.submission.document, job.document)
    )


def job_sections(job: Job, view: EffectiveJob) -> list[EffectiveSection]:
    return _sections(view, job.text_id)


def _notes_of_step(notes: Iterable[tuple[str, str]], whole: Document, step: Document) -> list[tuple[str, str]]:
    # A workflow's note about a default time limit stands at the first step that got it.
    seconds = timeout_seconds(step)
    return [note for note in notes if _is_tag(note[0]) or _value_at(whole, note[0]) == seconds]


def _effective_job(definition: Document, document: Document, notes: Iterable[tuple[str, str]]) -> EffectiveJob:
    """Take pointers and owners (team or portal) of added values in `notes`."""
    sources = {pointer: ValueSource.PORTAL if by == "portal" else ValueSource.TEAM for pointer, by in notes if by}
    tags = {split_pointer(pointer)[-1]: source for pointer, source in sources.items() if _is_tag(pointer)}
    view = effective.effective_job(definition, document, tags)
    limits = [source for pointer, source in sources.items() if split_pointer(pointer)[-2:] == _TIME_LIMIT]
    if view.timeout_seconds and limits:
        view = replace(view, timeout_seconds=SourcedValue(view.timeout_seconds.value, limits[0]))
    return view


def _with_default_size(view: EffectiveJob, parsed: ParseResult) -> EffectiveJob:
    owners = {
        text_at(resolve_pointer(parsed.document, change.pointer), "type"): change.rule_owner
        for change in parsed.changes
        if change.rule_owner and change.pointer.startswith("/containerProperties/resourceRequirements/")
    }
    if not owners or len(view.containers) != 1:
        return view
    container = view.containers[0]
    sources = {kind: ValueSource.PORTAL if by == "portal" else ValueSource.TEAM for kind, by in owners.items()}
    if container.vcpus and "VCPU" in sources:
        container = replace(container, vcpus=SourcedValue(container.vcpus.value, sources["VCPU"]))
    if container.memory_mib and "MEMORY" in sources:
        container = replace(container, memory_mib=SourcedValue(container.memory_mib.value, sources["MEMORY"]))
    return replace(view, containers=(container,))


_TIME_LIMIT = ["timeout", "attemptDurationSeconds"]


def _is_tag(pointer: str) -> bool:
    return split_pointer(pointer)[-2:-1] == ["tags"]


def _value_at(document: Document, pointer: str) -> Any:
    return value_at(document, *(int(step) if step.isdecimal() else step for step in split_pointer(pointer)))


def environment_overrides(document: Document) -> list[tuple[str, str]]:
    variables = list_at(document, "containerOverrides", "environment")
    return [(text_at(variable, "name"), text_at(variable, "value")) for variable in variables if is_object(variable)]


def describe_retry_rule(entry: Document) -> str:
    """Return “retry for exit code 137”."""
    action = "don't retry" if text_at(entry, "action").upper() == "EXIT" else "retry"
    conditions = [f"{label} {text_at(entry, key)}" for key, label in _CONDITION_LABELS.items() if text_at(entry, key)]
    return f"{action} for {' and '.join(conditions)}" if conditions else action


_CONDITION_LABELS = {"onExitCode": "exit code", "onReason": "reason", "onStatusReason": "status reason"}


def _sections(view: EffectiveJob, job_id: str = "") -> list[EffectiveSection]:
    several = len(view.containers) > 1
    sections: list[EffectiveSection] = []
    for number, container in enumerate(view.containers, 1):
        name = f" of {container.name or f'container {number}'}" if several else ""
        sections.append(EffectiveSection.with_limit(f"Container{name}", _container_rows(container)))
        variables = _environment_rows(container, job_id)
        sections.append(EffectiveSection.with_limit(f"Environment{name}", variables, len(container.environment)))
    sections.append(EffectiveSection.with_limit("Job", _job_rows(view)))
    portal_row = EffectiveRow(
        f"{PORTAL_TAG_PREFIX}…", "identifies the job in AWS, and its team on the bill", ValueSource.PORTAL
    )
    tags = islice(tag_rows(view), MAX_ROWS - 1)
    sections.append(EffectiveSection.with_limit("Tags", chain(tags, [portal_row]), len(view.tags) + 1))
    return [part for part in sections if part.rows]


def tag_rows(view: EffectiveJob) -> Iterator[EffectiveRow]:
    for key, tag in view.tags.items():
        yield EffectiveRow(key, redact_value(key, str(tag.value)), tag.source, mono=True)


def _container_rows(container: EffectiveContainer) -> Iterator[EffectiveRow]:
    yield from _optional_row("Image", container.image, mono=True)
    if container.command:
        yield from _command_rows(container.command, container.command_source)
    yield from _optional_row("vCPU", container.vcpus)
    if container.memory_mib:
        yield EffectiveRow("Memory", _memory_text(container.memory_mib.value), container.memory_mib.source)
    yield from _optional_row("GPU", container.gpus)
    yield from _optional_row("Log group", container.log_group, mono=True)


def _command_rows(values: Iterable[SourcedValue], base: ValueSource) -> Iterator[EffectiveRow]:
    parts = list(islice(values, MAX_ROWS + 1))
    is_cut = len(parts) > MAX_ROWS
    parts = parts[:MAX_ROWS]
    texts = redact([str(argument.value) for argument in parts])
    yield EffectiveRow("Command", shlex.join(texts) + " …" * is_cut, base, mono=True)
    for number, argument in enumerate(parts, 1):
        if argument.source is not base:
            yield EffectiveRow(f"Argument {number}", texts[number - 1], argument.source, mono=True)


def _environment_rows(container: EffectiveContainer, job_id: str) -> Iterator[EffectiveRow]:
    for name, variable in container.environment.items():
        value = (
            job_id
            if name == JOB_ID_VARIABLE and variable.source is ValueSource.PORTAL and job_id
            else str(variable.value)
        )
        text = value if variable.source is ValueSource.PORTAL else redact_value(name, value)
        yield EffectiveRow(name, text, variable.source, mono=True)


def _job_rows(view: EffectiveJob) -> Iterator[EffectiveRow]:
    yield from _optional_row("Array", view.array_size)
    if view.timeout_seconds:
        seconds = view.timeout_seconds.value
        text = units.format_seconds(seconds) if isinstance(seconds, int) else str(seconds)
        yield EffectiveRow("Time limit", text, view.timeout_seconds.source)
    yield from _optional_row("Attempts", view.attempts)
    for number, entry in enumerate(view.retry_rules, 1):
        text = redact_text(describe_retry_rule(entry.value))
        yield EffectiveRow(f"Retry rule {number}", text[:1].upper() + text[1:], entry.source)
    yield from _optional_row("Job role", view.job_role, mono=True)
    yield from _optional_row("Execution role", view.execution_role, mono=True)


def _optional_row(label: str, value: SourcedValue | None, *, mono: bool = False) -> Iterator[EffectiveRow]:
    if value is not None:
        yield EffectiveRow(label, redact_text(str(value.value)), value.source, mono)


def _memory_text(mib: Any) -> str:
    return units.format_mib(int(mib)) if str(mib).isdecimal() else str(mib)
