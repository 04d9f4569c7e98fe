"""Conversion of describe-job-definitions and describe-jobs to requests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jobs.spec.documents import Document, DocumentKind, is_integer, is_object, list_at, object_at, text_at
from jobs.spec.normalize import RESPONSE_ONLY_KEYS
from jobs.spec.parsing.errors import DocumentParseError
from jobs.spec.problems import DocumentChange, Problem, join_pointer, join_words, quote, truncate
from jobs.spec.rules.registry import WARNING, register_rule
from jobs.spec.rules.reserved_names import PORTAL_TAG_PREFIX, PORTAL_VARIABLES

_COPIED_KEYS = ("jobName", "jobQueue", "jobDefinition", "shareIdentifier", "parameters", "retryStrategy", "timeout",
                 "propagateTags")  # fmt: skip
_CONTAINER_KEYS = ("command", "environment", "resourceRequirements")
_RESPONSE_ONLY = ("jobArn", "jobId", "status", "statusReason", "createdAt", "startedAt", "stoppedAt", "attempts")
_POD_CONTAINER_KEYS = ("name", "image", "command", "args", "env", "resources")

ARRAY_CHILD = register_rule(
    "reading.array-child", WARNING,
    "A child of an array that is submitted alone has no AWS_BATCH_JOB_ARRAY_INDEX. Source: “Array jobs”, AWS Batch "
    "User Guide.",
)  # fmt: skip


@dataclass
class ConvertedRequest:
    document: Document
    kind: DocumentKind
    changes: list[DocumentChange] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def convert_describe_output(value: Document) -> ConvertedRequest | None:
    """Raise DocumentParseError."""
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
    if not definitions:
        raise DocumentParseError("This AWS response has no job definition.")
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
    if children := [job for job in jobs if text_at(job, "jobId").rpartition(":")[0] in names]:
        return _without_children(jobs, children)
    steps: list[Document] = []
    origins: dict[str, str] = {}
    changes: list[DocumentChange] = []
    problems: list[Problem] = []
    for number, job in enumerate(jobs):
        step = _convert_job(job)
        for entry in list_at(step.document, "dependsOn"):
            if is_object(entry) and text_at(entry, "jobId") in names:
                entry["jobId"] = f"${{{names[text_at(entry, 'jobId')]}}}"
        prefix = join_pointer("jobs", number)
        steps.append(step.document)
        origins |= {f"{prefix}{key}": f"{prefix}{origin}" for key, origin in step.origins.items()}
        changes += [DocumentChange(f"{prefix}{change.pointer}", change.message) for change in step.changes]
        problems += [problem.with_prefix(prefix) for problem in step.problems]
    summary = DocumentChange("", f"The response has {len(jobs)} jobs; they are read as one workflow.")
    return ConvertedRequest({"jobs": steps}, DocumentKind.WORKFLOW, [summary, *changes], origins, problems)


def _without_children(jobs: list[Document], children: list[Document]) -> ConvertedRequest:
    ids = [text_at(job, "jobId") for job in children]
    converted = _convert_jobs([job for job in jobs if text_at(job, "jobId") not in ids])
    verb, were = ("is", "was") if len(ids) == 1 else ("are", "were")
    message = f"{join_words(ids, limit=3)} {verb} part of an array in this response and {were} left out."
    converted.changes.append(DocumentChange("", message))
    return converted


def _convert_job(job: Document) -> ConvertedRequest:
    document: Document = {key: job[key] for key in _COPIED_KEYS if job.get(key) not in (None, {}, "")}
    origins = {"": ""}
    if "size" in object_at(job, "arrayProperties"):
        document["arrayProperties"] = {"size": job["arrayProperties"]["size"]}
    if list_at(job, "dependsOn"):
        document["dependsOn"] = [dict(entry) if is_object(entry) else entry for entry in job["dependsOn"]]
    if "schedulingPriority" in job and job.get("shareIdentifier"):  # without a share it is only the definition's
        document["schedulingPriorityOverride"] = job["schedulingPriority"]
        origins["/schedulingPriorityOverride"] = "/schedulingPriority"
    for key, override, origin in _overrides(job):
        document[key] = override
        origins[f"/{key}"] = origin
    tags = object_at(job, "tags")
    if tags:
        document["tags"] = dict(tags)
    dropped_keys = [key for key in _RESPONSE_ONLY if key in job]
    changes = [
        DocumentChange("", "The job description is read as a submission that runs the job again."),
        *_dropped_key_changes(dropped_keys),
        *_portal_variable_changes(job),
        *_remove_portal_tags(document),
    ]
    problems = list(_array_child_problems(job, document))
    return ConvertedRequest(document, DocumentKind.SUBMISSION, changes, origins, problems)


def _overrides(job: Document) -> Iterator[tuple[str, Document, str]]:
    container = dict(_container_overrides(object_at(job, "container")))
    if container:
        yield "containerOverrides", container, "/container"
    task = _task_override(object_at(job, "ecsProperties"))
    if task:
        yield "ecsPropertiesOverride", task, "/ecsProperties"
    pod = _pod_override(object_at(job, "eksProperties"))
    if pod:
        yield "eksPropertiesOverride", pod, "/eksProperties"
    nodes = _node_overrides(object_at(job, "nodeProperties"))
    if nodes:
        yield "nodeOverrides", nodes, "/nodeProperties"


def _task_override(properties: Document) -> Document:
    tasks = []
    for task in list_at(properties, "taskProperties"):
        containers = []
        for container in list_at(task, "containers"):
            override = dict(_container_overrides(container))
            if override and text_at(container, "name"):
                containers.append({"name": container["name"], **override})
        if containers:
            tasks.append({"containers": containers})
    return {"taskProperties": tasks} if tasks else {}


def _pod_override(properties: Document) -> Document:
    pod: Document = {}
    for key in ("initContainers", "containers"):
        containers = []
        for container in list_at(properties, "podProperties", key):
            override = {name: container[name] for name in _POD_CONTAINER_KEYS if object_at(container).get(name)}
            override |= {"env": env} if (env := _own_variables(container, "env")) else {}
            if not env:
                override.pop("env", None)
            if "name" in override:
                containers.append(override)
        if containers:
            pod[key] = containers
    metadata = object_at(properties, "podProperties", "metadata")
    if metadata:
        pod["metadata"] = metadata
    return {"podProperties": pod} if pod else {}


def _node_overrides(properties: Document) -> Document:
    ranges = []
    has_open_range = False
    for node_range in list_at(properties, "nodeRangeProperties"):
        nodes = text_at(node_range, "targetNodes")
        has_open_range = has_open_range or nodes.endswith(":")
        override: Document = {}
        if container := dict(_container_overrides(object_at(node_range, "container"))):
            override["containerOverrides"] = container
        if task := _task_override(object_at(node_range, "ecsProperties")):
            override["ecsPropertiesOverride"] = task
        if pod := _pod_override(object_at(node_range, "eksProperties")):
            override["eksPropertiesOverride"] = pod
        if override and nodes:
            ranges.append({"targetNodes": nodes, **override})
    if not ranges:
        return {}
    # Only a range without an end takes another number of nodes (NodeOverrides, AWS Batch API reference).
    size = {"numNodes": properties["numNodes"]} if has_open_range and is_integer(properties.get("numNodes")) else {}
    return {**size, "nodePropertyOverrides": ranges}


def _array_child_problems(job: Document, document: Document) -> Iterator[Problem]:
    index = object_at(job, "arrayProperties").get("index")
    if not is_integer(index) or "arrayProperties" in document:
        return
    array = text_at(job, "jobId").rpartition(":")[0]
    variable = f"AWS_BATCH_JOB_ARRAY_INDEX={index}"
    command = list_at(document, "containerOverrides", "command")
    message = (
        f"This is child {index} of an array job; alone, it runs without an index. To run the whole array again, "
        f"paste the output of “aws batch describe-jobs --jobs {truncate(array)}”. To run only this child, start its "
        f"command with “env {variable}”."
    )
    pointer = "/containerOverrides/command" if command else ""
    fix = ({"op": "replace", "path": pointer, "value": ["env", variable, *command]},) if command else ()
    yield Problem(pointer, message, WARNING, ARRAY_CHILD, fix)


def _container_overrides(container: object) -> Iterator[tuple[str, Any]]:
    for key in _CONTAINER_KEYS:
        entries = list_at(container, key)
        if key == "environment":
            entries = _own_variables(container, key)
        if key == "resourceRequirements":
            entries = _resource_requirements(container)
        if key == "command" and "" in entries:
            continue  # an override can't have an empty word: this is the definition's command, with the parameters
        if entries:
            yield key, entries


def _own_variables(container: object, key: str) -> list[Any]:
    return [entry for entry in list_at(container, key) if not _is_reserved_variable(text_at(entry, "name"))]


def _resource_requirements(container: object) -> list[Any]:
    container = object_at(container)
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


def _portal_variable_changes(job: Document) -> Iterator[DocumentChange]:
    names = set(_variable_names(job))
    keys = [name for name in PORTAL_VARIABLES if name in names]
    if keys:
        plural = len(keys) > 1
        yield DocumentChange(
            "/containerOverrides" if "container" in job else "",
            f"The environment variable{'s' * plural} {join_words(map(quote, keys))} {'are' if plural else 'is'} "
            f"set by the portal and {'were' if plural else 'was'} left out.",
        )


def _variable_names(value: Any) -> Iterator[str]:
    if is_object(value):
        for key, member in value.items():
            if key in ("environment", "env"):
                yield from (text_at(entry, "name") for entry in list_at(value, key))
            elif key != "attempts":
                yield from _variable_names(member)
    elif isinstance(value, list):
        for entry in value:
            yield from _variable_names(entry)


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
