"""Jobs that run single indexes of an array again.

AWS Batch numbers the children of an array from 0 and sets AWS_BATCH_JOB_ARRAY_INDEX itself; names that begin with
AWS_BATCH are refused in a request ("Array jobs" and "Job environment variables", AWS Batch User Guide). So the index
goes in a variable of another name, which the program reads, or which a shell copies before it starts the program.
"""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.spec.documents import Document, is_integer, list_at, object_at, text_at, value_at
from jobs.spec.effective import effective_job

AWS_INDEX_VARIABLE = "AWS_BATCH_JOB_ARRAY_INDEX"
INDEX_VARIABLE = "ARRAY_INDEX"
"""Holds the index of a single job."""
INDEXES_VARIABLE = "ARRAY_INDEXES"
"""Holds the indexes of an array, separated by spaces: child 0 runs the first one."""

MAX_NAME_LENGTH = 128
MAX_NAME_LENGTH_IN_AWS = MAX_NAME_LENGTH - 27
"""What AWS Batch gets of a name, before a hyphen and the job's ID."""

_INDEX = re.compile(r"\d{1,5}", re.ASCII)
_RANGE = re.compile(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?", re.ASCII)

_ARRAY_SUFFIX = "again"

_SINGLE_SCRIPT = f'export {AWS_INDEX_VARIABLE}="${INDEX_VARIABLE}"; exec "$@"'
_ARRAY_SCRIPT = (
    f"n=${AWS_INDEX_VARIABLE}; for i in ${INDEXES_VARIABLE}; do "
    '[ "$n" -eq 0 ] && break; n=$((n-1)); done; '
    f'export {AWS_INDEX_VARIABLE}="$i"; exec "$@"'
)


class RerunKind(StrEnum):
    SINGLE = "single"
    """A job for each index."""
    ARRAY = "array"
    """One array with a child for each index."""


class IndexSource(StrEnum):
    VARIABLE = "variable"
    """The program reads the portal's variable."""
    WRAPPER = "wrapper"
    """A shell sets AWS's variable, then starts the program."""


@dataclass(frozen=True)
class IndexRerunPlan:
    kind: RerunKind = RerunKind.SINGLE
    source: IndexSource = IndexSource.VARIABLE


def rerun_plan(kind: str, source: str, default: IndexRerunPlan) -> IndexRerunPlan:
    """Return the plan of a form's choices, where the default stands for unknown ones."""
    return IndexRerunPlan(
        RerunKind(kind) if kind in set(RerunKind) else default.kind,
        IndexSource(source) if source in set(IndexSource) else default.source,
    )


@dataclass(frozen=True)
class IndexStep:
    document: Document
    indexes: tuple[int, ...]


class IndexRerunError(Exception):
    """The indexes can't run again in this way; the text says why."""


def rerun_steps(
    document: Document, definition: Document, indexes: Sequence[int], plan: IndexRerunPlan
) -> list[IndexStep]:
    """Return the jobs to submit in place of an array's, without its dependencies. Raise IndexRerunError."""
    _check(document, definition, indexes, plan)
    script = _SINGLE_SCRIPT if plan.kind is RerunKind.SINGLE else _ARRAY_SCRIPT
    command = ["sh", "-c", script, "sh", *known_command(document, definition)]
    wrapper = command if plan.source is IndexSource.WRAPPER else []
    if plan.kind is RerunKind.SINGLE:
        return [
            IndexStep(_job(document, str(index), (INDEX_VARIABLE, str(index)), wrapper), (index,))
            for index in indexes
        ]
    job = _job(document, _ARRAY_SUFFIX, (INDEXES_VARIABLE, " ".join(map(str, indexes))), wrapper)
    return [IndexStep({**job, "arrayProperties": {"size": len(indexes)}}, tuple(indexes))]


def known_command(document: Document, definition: Document) -> list[str]:
    """Return the command of the request or the definition with its parameters; empty if the image's own runs."""
    containers = effective_job(definition, document).containers
    return [str(word.value) for word in containers[0].command] if len(containers) == 1 else []


def command_warning(document: Document, definition: Document, plan: IndexRerunPlan) -> str:
    """Say that the command reads the index only where it isn't; "" if that can't be seen."""
    command = " ".join(known_command(document, definition))
    variable = INDEX_VARIABLE if plan.kind is RerunKind.SINGLE else INDEXES_VARIABLE
    other_uses = command.replace(AWS_INDEX_VARIABLE, "")
    if plan.source is IndexSource.WRAPPER or AWS_INDEX_VARIABLE not in command or variable in other_uses:
        return ""
    return (
        f"The command reads {AWS_INDEX_VARIABLE} and not {variable}, so it would run the wrong index. "
        f"Let a shell set {AWS_INDEX_VARIABLE}."
    )


def indexes_of(document: Document) -> tuple[int, ...]:
    """Return the indexes that an array of `rerun_steps` runs, by the index of its children."""
    value = _variable(document, INDEXES_VARIABLE)
    return tuple(int(word) for word in value.split() if _INDEX.fullmatch(word))


def repeated_indexes(document: Document) -> tuple[int, ...]:
    """Return the indexes that a job of `rerun_steps` runs; empty for others, if they don't set the same variable."""
    if "arrayProperties" in document:
        return indexes_of(document)
    word = _variable(document, INDEX_VARIABLE)
    return (int(word),) if _INDEX.fullmatch(word) else ()


def may_repeat(document: Document, array_document: Document) -> bool:
    """Return whether the name and variables of a job are those of `rerun_steps` for the array.

    The name may have been cut at its end, as in AWS Batch.
    """
    indexes = repeated_indexes(document)
    size = value_at(array_document, "arrayProperties", "size")
    if not indexes or not is_integer(size) or max(indexes) >= size or repeated_indexes(array_document):
        return False
    suffix = _ARRAY_SUFFIX if "arrayProperties" in document else str(indexes[0])
    name = text_at(document, "jobName")
    return name == _job_name(array_document, suffix)[:MAX_NAME_LENGTH_IN_AWS]


def parse_indexes(text: str, size: int) -> tuple[int, ...]:
    """Read "3, 17-20" as indexes of an array of this size, in order. Raise IndexRerunError."""
    indexes: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise IndexRerunError(f"“{part[:40]}” isn't an index. Enter indexes and ranges, such as 3, 17-20.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last >= size:
            raise IndexRerunError(f"“{part}” isn't in this array. Use indexes from 0 to {size - 1:,}.")
        indexes.update(range(first, last + 1))
    return tuple(sorted(indexes))


def format_indexes(indexes: Sequence[int]) -> str:
    """Return the text that `parse_indexes` reads."""
    ranges: list[list[int]] = []
    for index in indexes:
        if ranges and ranges[-1][1] == index - 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def _check(document: Document, definition: Document, indexes: Sequence[int], plan: IndexRerunPlan) -> None:
    if not object_at(definition, "containerProperties"):
        raise IndexRerunError(
            "Only indexes of jobs with a single container can run again. Run the whole array again instead."
        )
    if not indexes:
        raise IndexRerunError("Enter at least one index.")
    if plan.kind is RerunKind.ARRAY and len(indexes) < 2:
        raise IndexRerunError("An array has at least 2 child jobs. Run one index as a single job.")
    variable = INDEX_VARIABLE if plan.kind is RerunKind.SINGLE else INDEXES_VARIABLE
    entries = [
        *list_at(document, "containerOverrides", "environment"),
        *list_at(definition, "containerProperties", "environment"),
    ]
    if any(text_at(entry, "name") == variable for entry in entries):
        raise IndexRerunError(
            f"The job already sets {variable}, which the portal needs for the index. Run the whole array again."
        )
    if plan.source is IndexSource.WRAPPER and not known_command(document, definition):
        raise IndexRerunError(
            "A shell can't start the program: neither the request nor the definition has its command. "
            f"Let the program read {variable}."
        )


def _job(document: Document, suffix: str, variable: tuple[str, str], wrapper: list[str]) -> Document:
    job = {
        key: copy.deepcopy(value) for key, value in document.items() if key not in ("arrayProperties", "dependsOn")
    }
    job["jobName"] = _job_name(document, suffix)
    overrides: dict[str, Any] = dict(object_at(job, "containerOverrides"))
    overrides["environment"] = [*list_at(overrides, "environment"), {"name": variable[0], "value": variable[1]}]
    if wrapper:
        overrides["command"] = wrapper
    job["containerOverrides"] = overrides
    return job


def _job_name(array_document: Document, suffix: str) -> str:
    return f"{text_at(array_document, 'jobName')[: MAX_NAME_LENGTH - 1 - len(suffix)]}-{suffix}"


def _variable(document: Document, name: str) -> str:
    entries = list_at(document, "containerOverrides", "environment")
    return next((text_at(entry, "value") for entry in entries if text_at(entry, "name") == name), "")
