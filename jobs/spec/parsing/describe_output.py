"""Conversion of AWS output to requests.

describe-job-definitions becomes a definition, describe-jobs a submission or a workflow.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jobs.spec.documents import Document, DocumentKind, is_integer, is_object, list_at, object_at, text_at
from jobs.spec.normalize import RESPONSE_ONLY_KEYS
from jobs.spec.parsing.errors import DocumentParseError
from jobs.spec.problems import DocumentChange, join_pointer, join_words, quote
from jobs.spec.rules.reserved_names import PORTAL_TAG_PREFIX, PORTAL_VARIABLES

_COPIED_KEYS = ("jobName", "jobQueue", "jobDefinition", "shareIdentifier", "parameters", "retryStrategy", "timeout",
                 "propagateTags")  # fmt: skip
_CONTAINER_KEYS = ("command", "environment", "resourceRequirements")
_RESPONSE_ONLY = ("jobArn", "jobId", "status", "statusReason", "createdAt", "startedAt", "stoppedAt", "attempts")
_UNSUPPORTED_KEYS = ("ecsProperties", "eksProperties", "nodeProperties")


@dataclass
class ConvertedRequest:
    """The request behind an AWS response, and where its parts stand in the response."""

    document: Document
    kind: DocumentKind
    changes: list[DocumentChange] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)


def convert_describe_output(value: Document) -> ConvertedRequest | None:
    """Convert an AWS response, or return None. Raise DocumentParseError unless it has one definition."""
    if isinstance(value.get("jobDefinitions"), list):
        return _convert_definitions(value["jobDefinitions"])
    jobs = [entry for entry in list_at(value, "jobs") if _is_job_detail(entry)]
    if jobs and len(jobs) == len(value["jobs"]):
        return _convert_jobs(jobs)
    if _is_job_detail(value):
        return _convert_job(value)
    if "jobDefinitionName" in value and any(key in value for key in RESPONSE_ONLY_KEYS):
        return _convert_definition(value, "", [])
    return None


def _is_job_detail(entry: object) -> bool:
    return is_object(entry) and "jobId" in entry and "jobName" in entry and "status" in entry


def _convert_definitions(entries: list[Any]) -> ConvertedRequest:
    definitions = [(number, entry) for number, entry in enumerate(entries) if is_object(entry)]
    names = {text_at(entry, "jobDefinitionName") for _, entry in definitions}
    if not definitions:
        raise DocumentParseError("This AWS response has no job definition.")
    if len(names) > 1:
        raise DocumentParseError(
            f"This AWS response has {len(names)} job definitions ({join_words(sorted(names))}); send one of them."
        )
    number, newest = max(definitions, key=lambda pair: _revision(pair[1]))
    changes = []
    if len(definitions) > 1:
        message = f"The response has {len(definitions)} revisions; the newest, {_revision(newest)}, is used."
        changes.append(DocumentChange("", message))
    return _convert_definition(newest, join_pointer("jobDefinitions", number), changes)


def _revision(entry: Document) -> int:
    revision = entry.get("revision")
    return revision if is_integer(revision) else 0


def _convert_definition(entry: Document, origin: str, changes: list[DocumentChange]) -> ConvertedRequest:
    dropped_keys = [key for key in RESPONSE_ONLY_KEYS if key in entry]
    document = {key: value for key, value in entry.items() if key not in dropped_keys and value is not None}
    changes = [*changes, *_dropped_key_changes(dropped_keys), *_remove_portal_tags(document)]
    return ConvertedRequest(document, DocumentKind.DEFINITION, changes, {"": origin})


def _convert_jobs(jobs: list[Document]) -> ConvertedRequest:
    if len(jobs) == 1:
        single = _convert_job(jobs[0])
        single.origins = {key: f"/jobs/0{origin}" for key, origin in single.origins.items()}
        return single
    names = {text_at(job, "jobId"): text_at(job, "jobName") for job in jobs}
    steps: list[Document] = []
    origins: dict[str, str] = {}
    changes: list[DocumentChange] = []
    for number, job in enumerate(jobs):
        step = _convert_job(job)
        for entry in list_at(step.document, "dependsOn"):
            if is_object(entry) and text_at(entry, "jobId") in names:
                entry["jobId"] = f"${{{names[text_at(entry, 'jobId')]}}}"
        prefix = join_pointer("jobs", number)
        steps.append(step.document)
        origins |= {f"{prefix}{key}": f"{prefix}{origin}" for key, origin in step.origins.items()}
        changes += [DocumentChange(f"{prefix}{change.pointer}", change.message) for change in step.changes]
    summary = DocumentChange("", f"The response has {len(jobs)} jobs; they are read as one workflow.")
    return ConvertedRequest({"jobs": steps}, DocumentKind.WORKFLOW, [summary, *changes], origins)


def _convert_job(job: Document) -> ConvertedRequest:
    document: Document = {key: job[key] for key in _COPIED_KEYS if job.get(key) not in (None, {}, "")}
    origins = {"": ""}
    if "size" in object_at(job, "arrayProperties"):
        document["arrayProperties"] = {"size": job["arrayProperties"]["size"]}
    if list_at(job, "dependsOn"):
        document["dependsOn"] = [dict(entry) if is_object(entry) else entry for entry in job["dependsOn"]]
    if "schedulingPriority" in job:
        document["schedulingPriorityOverride"] = job["schedulingPriority"]
        origins["/schedulingPriorityOverride"] = "/schedulingPriority"
    overrides = dict(_container_overrides(object_at(job, "container")))
    if overrides:
        document["containerOverrides"] = overrides
        origins["/containerOverrides"] = "/container"
    tags = object_at(job, "tags")
    if tags:
        document["tags"] = dict(tags)
    dropped_keys = [key for key in _RESPONSE_ONLY if key in job]
    changes = [
        DocumentChange("", "The job description is read as a submission that runs the job again."),
        *_dropped_key_changes(dropped_keys),
        *_portal_variable_changes(object_at(job, "container")),
        *_remove_portal_tags(document),
    ]
    unsupported_keys = [key for key in _UNSUPPORTED_KEYS if key in job]
    if unsupported_keys:
        changes.append(
            DocumentChange(
                "",
                f"The content of {join_words(unsupported_keys)} is not copied; the definition has it.",
            )
        )
    return ConvertedRequest(document, DocumentKind.SUBMISSION, changes, origins)


def _container_overrides(container: Document) -> Iterator[tuple[str, Any]]:
    for key in _CONTAINER_KEYS:
        entries = list_at(container, key)
        if key == "environment":
            entries = [entry for entry in entries if not _is_reserved_variable(text_at(entry, "name"))]
        if key == "resourceRequirements":
            entries = _resource_requirements(container)
        if key == "command" and "" in entries:
            continue  # an override can't have an empty word: this is the definition's command, with the parameters
        if entries:
            yield key, entries


def _resource_requirements(container: Document) -> list[Any]:
    entries = list_at(container, "resourceRequirements")
    types = {text_at(entry, "type") for entry in entries}
    old = {"vcpus": "VCPU", "memory": "MEMORY"}
    sizes = [
        {"type": kind, "value": str(container[key])}
        for key, kind in old.items()
        if is_integer(container.get(key)) and container[key] and kind not in types
    ]
    return [*sizes, *entries]


def _is_reserved_variable(name: str) -> bool:
    return name.startswith("AWS_BATCH") or name in PORTAL_VARIABLES


def _portal_variable_changes(container: Document) -> Iterator[DocumentChange]:
    names = {text_at(entry, "name") for entry in list_at(container, "environment")}
    keys = [name for name in PORTAL_VARIABLES if name in names]
    if keys:
        plural = len(keys) > 1
        yield DocumentChange(
            "/containerOverrides",
            f"The environment variable{'s' * plural} {join_words(map(quote, keys))} {'are' if plural else 'is'} "
            f"set by the portal and {'were' if plural else 'was'} left out.",
        )


def _dropped_key_changes(keys: list[str]) -> Iterator[DocumentChange]:
    if keys:
        verb = "is" if len(keys) == 1 else "are"
        were = "was" if len(keys) == 1 else "were"
        yield DocumentChange("", f"{join_words(keys)} {verb} only in AWS responses and {were} left out.")


def _remove_portal_tags(document: Document) -> Iterator[DocumentChange]:
    tags = document.get("tags")
    if not is_object(tags):
        return
    user_tags = {key: value for key, value in tags.items() if not key.startswith(PORTAL_TAG_PREFIX)}
    if len(user_tags) < len(tags):
        portal_keys = [key for key in tags if key not in user_tags]
        if user_tags:
            document["tags"] = user_tags
        else:
            del document["tags"]
        plural = len(portal_keys) > 1
        yield DocumentChange(
            "/tags" if user_tags else "",
            f"The tag{'s' * plural} {join_words(quote(key) for key in portal_keys)} "
            f"{'are' if plural else 'is'} set by the portal and {'were' if plural else 'was'} left out.",
        )
