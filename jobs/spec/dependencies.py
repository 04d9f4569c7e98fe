"""What a job may wait for, apart from the steps of a workflow (JobDependency, API reference)."""

import re
from collections.abc import Iterator

from jobs.spec.documents import Document, list_at, object_at
from jobs.spec.problems import Problem, Severity, join, quoted

JOB_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?::[0-9]{1,5}|#[0-9]{1,4})?")
"""The id of a job, of a child of an array (id:index) or of a node (id#index)."""

REFERENCE = re.compile(r"\$\{([^{}]*)\}")
"""${jobName}: another step of the same workflow."""


def is_job_id(text: object) -> bool:
    return isinstance(text, str) and JOB_ID.fullmatch(text) is not None


def array_size(document: Document) -> int | None:
    """How many children the job has; None if it is no array."""
    size = object_at(document, "arrayProperties").get("size")
    return size if isinstance(size, int) and not isinstance(size, bool) else None


def of_a_submission(document: Document) -> Iterator[Problem]:
    """A single submission can only wait for jobs that Batch knows already."""
    for number, entry in enumerate(list_at(document, "dependsOn")):
        job_id = object_at(entry).get("jobId")
        if not isinstance(job_id, str):
            continue
        here = join("dependsOn", number, "jobId")
        if REFERENCE.fullmatch(job_id):
            message = (
                f"{quoted(job_id)} stands for another job of a workflow, and this is a single submission; "
                'put the jobs into {"jobs": [ … ]}, or give the id of a job that Batch knows.'
            )
            yield Problem(here, message, rule="submission.reference")
        elif not job_id:
            message = (
                "The jobId is empty; a shell turns ${name} into nothing unless the heredoc begins with << 'EOF'. "
                "Give the id of a job."
            )
            yield Problem(here, message, rule="submission.empty-job-id")
        elif not is_job_id(job_id):
            message = f"{quoted(job_id)} is not the id of a Batch job (such as 12345678-1234-1234-1234-123456789012)."
            yield Problem(here, message, rule="submission.job-id")
    yield from types(document)


def types(document: Document) -> Iterator[Problem]:
    """Which types of dependency go with which jobs."""
    array = array_size(document) is not None
    for number, entry in enumerate(list_at(document, "dependsOn")):
        if not isinstance(entry, dict):
            continue
        here = join("dependsOn", number)
        kind, waits = entry.get("type"), "jobId" in entry
        match kind:
            case "SEQUENTIAL" if waits:
                message = (
                    "A dependency on a job has no type SEQUENTIAL; it is read as a plain one: "
                    "this job starts when the other has succeeded."
                )
                fix = ({"op": "remove", "path": f"{here}/type"},)
                yield Problem(f"{here}/type", message, Severity.WARNING, "workflow.sequential-is-plain", fix)
            case "SEQUENTIAL" if not array:
                message = (
                    "SEQUENTIAL without jobId lines up the children of an array, and this job has no arrayProperties."
                )
                yield Problem(here, message, rule="dependencies.sequential-without-array")
            case "N_TO_N" if not waits:
                yield Problem(
                    here,
                    "N_TO_N needs the jobId of the array whose children to wait for.",
                    rule="dependencies.no-job-id",
                )
            case "N_TO_N" if not array:
                message = "N_TO_N joins the children of two arrays, and this job has no arrayProperties."
                yield Problem(f"{here}/type", message, rule="dependencies.n-to-n-without-array")
            case _ if not waits and kind != "SEQUENTIAL":
                yield Problem(
                    here,
                    "This dependency names no job; give it a jobId or take it away.",
                    rule="dependencies.no-job-id",
                    fix=({"op": "remove", "path": here},),
                )
