"""The preview of an array's child job."""

import shlex
from dataclasses import dataclass

from jobs.actions import ValidationResult
from jobs.spec import effective
from jobs.spec.documents import is_integer, value_at
from jobs.spec.forms.form_fields import MAX_ARRAY_SIZE, MIN_ARRAY_SIZE
from jobs.spec.index_rerun import AWS_INDEX_VARIABLE
from jobs.spec.redaction import redact
from jobs.spec.rules.reserved_names import JOB_ID_VARIABLE

MAX_VARIABLES = 20


@dataclass(frozen=True)
class ArrayPreview:
    """Its command is empty where the image has its own."""

    size: int
    index: int
    command: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    omitted_count: int = 0

    @property
    def last_index(self) -> int:
        return self.size - 1


def array_preview(result: ValidationResult | None, index_text: str) -> ArrayPreview | None:
    """Return None if the document is no array of a valid size."""
    if result is None:
        return None
    document = result.parse_result.document
    size = value_at(document, "arrayProperties", "size")
    if not is_integer(size) or not MIN_ARRAY_SIZE <= size <= MAX_ARRAY_SIZE:
        return None
    index = min(int(index_text), size - 1) if index_text.isdecimal() and len(index_text) < 6 else 0
    revision = result.resolved_jobs[0].revision if result.resolved_jobs else None
    job = effective.effective_job(redact(revision.document), redact(document)) if revision else None
    if job is None or len(job.containers) != 1:
        return ArrayPreview(size, index, variables=((AWS_INDEX_VARIABLE, str(index)),))
    container = job.containers[0]
    own_variables = [
        (name, str(variable.value))
        for name, variable in container.environment.items()
        if name not in (JOB_ID_VARIABLE, AWS_INDEX_VARIABLE)
    ]
    return ArrayPreview(
        size,
        index,
        shlex.join(str(word.value) for word in container.command),
        ((AWS_INDEX_VARIABLE, str(index)), *own_variables[:MAX_VARIABLES]),
        max(0, len(own_variables) - MAX_VARIABLES),
    )
