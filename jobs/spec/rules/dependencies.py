"""Rules of job dependencies (JobDependency, API reference)."""

import re
from collections.abc import Iterator

from jobs.spec.documents import Document, list_at, object_at
from jobs.spec.problems import Problem, join_pointer, quote
from jobs.spec.rules.registry import INFO, WARNING, rule

JOB_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?::[0-9]{1,5}|#[0-9]{1,4})?")
"""A job, an array child (id:index) or a node (id#index)."""

STEP_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
"""${jobName}: another step of the same workflow."""


def is_job_id(text: object) -> bool:
    return isinstance(text, str) and not text.startswith("$") and JOB_ID.fullmatch(text) is not None


def array_size(document: Document) -> int | None:
    size = object_at(document, "arrayProperties").get("size")
    return size if isinstance(size, int) and not isinstance(size, bool) else None


def check_dependencies(document: Document) -> Iterator[Problem]:
    yield from no_step_reference(document)
    yield from job_id_is_not_empty(document)
    yield from job_id_is_valid(document)
    yield from check_dependency_types(document)


def check_dependency_types(document: Document) -> Iterator[Problem]:
    if "dependsOn" in document:
        for check in TYPE_RULES:
            yield from check(document)


@rule("submission.reference")
def no_step_reference(document: Document) -> Iterator[Problem]:
    """A single submission can wait only for jobs that Batch already knows; ${name} refers to a job of a workflow.

    Source: the portal, whose workflows have such references.
    """
    for here, job_id in _job_ids(document):
        if STEP_REFERENCE.fullmatch(job_id):
            message = (
                f"{quote(job_id)} refers to another job of a workflow, but this is a single submission; "
                'put the jobs into {"jobs": [ … ]}, or use the id of a Batch job.'
            )
            yield Problem(here, message)


@rule("submission.empty-job-id")
def job_id_is_not_empty(document: Document) -> Iterator[Problem]:
    """The ID of a job to wait for can't be empty; a shell may have removed it.

    Source: POSIX shell, parameter expansion; JobDependency, AWS Batch API reference.
    """
    for here, job_id in _job_ids(document):
        if not job_id:
            message = (
                "The jobId is empty. Enter the ID of a job. If it was ${name}, your shell removed it: "
                "quote EOF (cat << 'EOF')."
            )
            yield Problem(here, message)


@rule("submission.job-id")
def job_id_is_valid(document: Document) -> Iterator[Problem]:
    """A job to wait for is given by its id: a UUID, optionally followed by the number of a child or node.

    Source: JobDependency, AWS Batch API reference.
    """
    for here, job_id in _job_ids(document):
        if job_id and not STEP_REFERENCE.fullmatch(job_id) and not is_job_id(job_id):
            message = f"{quote(job_id)} is not the id of a Batch job (such as 12345678-1234-1234-1234-123456789012)."
            yield Problem(here, message)


@rule("workflow.sequential-is-plain", INFO)
def sequential_is_plain(document: Document) -> Iterator[Problem]:
    """SEQUENTIAL with a jobId has no effect, because AWS Batch defines it only within an array.

    Source: “Job dependencies”, AWS Batch User Guide.
    """
    if array_size(document) is None:
        for here in _sequential_job_ids(document):
            message = "SEQUENTIAL has no effect with a jobId. This job starts after the other job succeeds."
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("workflow.sequential-of-array", WARNING)
def sequential_of_array_is_plain(document: Document) -> Iterator[Problem]:
    """SEQUENTIAL with a jobId doesn't order the child jobs of an array; without jobId it does.

    Source: “Job dependencies”, AWS Batch User Guide.
    """
    if array_size(document) is not None:
        for here in _sequential_job_ids(document):
            message = (
                "SEQUENTIAL has no effect with a jobId. To run the child jobs of this array one after another, add "
                'a dependency without jobId: {"type": "SEQUENTIAL"}.'
            )
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("dependencies.sequential-without-array")
def sequential_needs_array(document: Document) -> Iterator[Problem]:
    """SEQUENTIAL without a jobId runs the child jobs of an array one after another, so the job must be an array.

    Source: “Array jobs”, AWS Batch User Guide.
    """
    for number, entry in _entries(document):
        if entry.get("type") == "SEQUENTIAL" and "jobId" not in entry and array_size(document) is None:
            here = join_pointer("dependsOn", number)
            message = (
                "SEQUENTIAL without jobId runs the child jobs of an array one after another, but this job "
                "has no arrayProperties."
            )
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("dependencies.n-to-n-without-array")
def n_to_n_needs_array(document: Document) -> Iterator[Problem]:
    """N_TO_N pairs the child jobs of two arrays, so the job must be an array.

    Source: “Array jobs”, AWS Batch User Guide.
    """
    for number, entry in _entries(document):
        if entry.get("type") == "N_TO_N" and "jobId" in entry and array_size(document) is None:
            here = join_pointer("dependsOn", number)
            message = "N_TO_N pairs the child jobs of two arrays, but this job has no arrayProperties."
            yield Problem(f"{here}/type", message, fix=({"op": "remove", "path": f"{here}/type"},))


@rule("dependencies.no-job-id")
def dependency_names_job(document: Document) -> Iterator[Problem]:
    """A dependency needs a jobId, unless it runs the child jobs of an array one after another.

    Source: JobDependency, AWS Batch API reference.
    """
    for number, entry in _entries(document):
        if "jobId" in entry or entry.get("type") == "SEQUENTIAL":
            continue
        here = join_pointer("dependsOn", number)
        if entry.get("type") == "N_TO_N":
            yield Problem(here, "N_TO_N needs a jobId. Enter the ID of the array job to depend on.")
        else:
            message = "This dependency has no job; add a jobId or remove it."
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


TYPE_RULES = (
    sequential_is_plain,
    sequential_of_array_is_plain,
    sequential_needs_array,
    n_to_n_needs_array,
    dependency_names_job,
)


def _sequential_job_ids(document: Document) -> Iterator[str]:
    """Return the pointers of each type SEQUENTIAL beside a jobId."""
    for number, entry in _entries(document):
        if entry.get("type") == "SEQUENTIAL" and "jobId" in entry:
            yield join_pointer("dependsOn", number, "type")


def _entries(document: Document) -> Iterator[tuple[int, Document]]:
    for number, entry in enumerate(list_at(document, "dependsOn")):
        if isinstance(entry, dict):
            yield number, entry


def _job_ids(document: Document) -> Iterator[tuple[str, str]]:
    for number, entry in _entries(document):
        if isinstance(entry.get("jobId"), str):
            yield join_pointer("dependsOn", number, "jobId"), entry["jobId"]
