"""The effective job: a definition with a submission applied, and the source of each value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.spec import time_limit
from jobs.spec.containers import Task, tasks
from jobs.spec.documents import Document, is_object, list_at, object_at, text_at, value_at
from jobs.spec.job_size import platform
from jobs.spec.placeholders import WHOLE
from jobs.spec.rules.reserved_names import JOB_ID_VARIABLE
from jobs.spec.rules.sizes import asked

ATTEMPTS = ("retryStrategy", "attempts")
BATCH_LOG_GROUP = "/aws/batch/job"  # default of awslogs; AWS Batch User Guide, log driver


class Source(StrEnum):
    """Where a value comes from."""

    DEFINITION = "definition"
    OVERRIDE = "override"  # the submission, including its parameters
    PARAMETER_DEFAULT = "parameter default"
    TEAM = "team rule"
    PORTAL = "portal"
    BATCH = "batch"  # a default of Batch


@dataclass(frozen=True)
class Said:
    """A value and its source."""

    value: Any
    source: Source


@dataclass(frozen=True)
class EffectiveContainer:
    """A container as it will run. None: not stated anywhere."""

    name: str
    image: Said | None
    command: tuple[Said, ...]  # word by word: some may come from parameters
    environment: Mapping[str, Said]
    vcpus: Said | None
    memory_mib: Said | None
    gpus: Said | None
    log_group: Said | None
    command_by: Source = Source.DEFINITION
    """The source of the command as a whole."""


@dataclass(frozen=True)
class Effective:
    """A job as it will run. None: not stated anywhere."""

    platform: str
    containers: tuple[EffectiveContainer, ...]
    array_size: Said | None
    timeout_seconds: Said | None
    attempts: Said
    job_role: Said | None
    execution_role: Said | None
    tags: Mapping[str, Said]

    def as_json(self) -> Document:
        """Return plain data: {"image": {"value": …, "from": "definition"}, …}."""
        return {
            "platform": self.platform,
            "containers": [_container_json(container) for container in self.containers],
            "arraySize": _value_json(self.array_size),
            "timeoutSeconds": _value_json(self.timeout_seconds),
            "attempts": _value_json(self.attempts),
            "jobRole": _value_json(self.job_role),
            "executionRole": _value_json(self.execution_role),
            "tags": {key: _value_json(tag) for key, tag in self.tags.items()},
        }


def tags(definition: Document, submission: Document) -> dict[str, str]:
    """Merge the tags of a job; the submission's win over the definition's."""
    both = {**object_at(definition, "tags"), **object_at(submission, "tags")}
    return {str(key): str(value) for key, value in both.items()}


def view(
    definition: Document, submission: Document | None = None, tag_sources: Mapping[str, Source] | None = None
) -> Effective:
    """Return the effective job of a definition, with a submission applied if there is one.

    `tag_sources` names the submission's tags that a rule of the team or the portal added.
    """
    override = submission or {}
    task_entries = tasks(definition)
    first = task_entries[0] if task_entries else None
    values = _sourced_parameters(definition, override)
    return Effective(
        platform=platform(definition),
        containers=tuple(container for task in task_entries for container in _containers_of(task, override, values)),
        array_size=_sourced(value_at(override, "arrayProperties", "size"), Source.OVERRIDE),
        timeout_seconds=_sourced(time_limit.seconds_at(override), Source.OVERRIDE)
        or _sourced(time_limit.seconds_at(definition), Source.DEFINITION),
        attempts=_sourced(value_at(override, *ATTEMPTS), Source.OVERRIDE)
        or _sourced(value_at(definition, *ATTEMPTS), Source.DEFINITION)
        or Said(1, Source.BATCH),
        job_role=_sourced(text_at(first.value, first.job_role) or None, Source.DEFINITION) if first else None,
        execution_role=_sourced(text_at(first.value, "executionRoleArn") or None, Source.DEFINITION)
        if first
        else None,
        tags=_sourced_tags(definition, override, tag_sources or {}),
    )


def _sourced_tags(definition: Document, submission: Document, tag_sources: Mapping[str, Source]) -> dict[str, Said]:
    result = {key: Said(value, Source.DEFINITION) for key, value in object_at(definition, "tags").items()}
    own = object_at(submission, "tags").items()
    return result | {key: Said(value, tag_sources.get(key, Source.OVERRIDE)) for key, value in own}


def _sourced_parameters(definition: Document, submission: Document) -> dict[str, Said]:
    """Return the values of a command's placeholders."""
    defaults = {
        key: Said(value, Source.PARAMETER_DEFAULT) for key, value in object_at(definition, "parameters").items()
    }
    return defaults | {
        key: Said(value, Source.OVERRIDE) for key, value in object_at(submission, "parameters").items()
    }


def _containers_of(task: Task, submission: Document, values: Mapping[str, Said]) -> Iterator[EffectiveContainer]:
    for container in task.containers:
        override = _override_of(task, text_at(container.value, "name"), submission)
        base = container.value
        needs = _requirements(base, override)
        image = _sourced(override.get("image"), Source.OVERRIDE) or _sourced(base.get("image"), Source.DEFINITION)
        yield EffectiveContainer(
            name=text_at(base, "name"),
            image=image,
            command=_command(base, override, values),
            environment=_environment(
                base, override, container.variables, with_portal_variable=task.sort == "container"
            ),
            vcpus=needs.get("VCPU"),
            memory_mib=needs.get("MEMORY"),
            gpus=needs.get("GPU"),
            log_group=_log_group(base) if task.sort != "eks" else None,
            command_by=Source.OVERRIDE if isinstance(override.get("command"), list) else Source.DEFINITION,
        )


def _override_of(task: Task, name: str, submission: Document) -> Document:
    """Return the override of a container. Overrides of node groups are not applied."""
    if task.in_group:
        return {}
    if task.sort == "container":
        return object_at(submission, "containerOverrides")
    if task.sort == "ecs":
        inner = list_at(submission, "ecsPropertiesOverride", "taskProperties", 0, "containers")
    else:
        inner = list_at(submission, "eksPropertiesOverride", "podProperties", "containers")
    alone = len(task.containers) == 1 and len(inner) == 1
    return object_at(next((entry for entry in inner if alone or text_at(entry, "name") == name), {}))


def _command(base: Document, override: Document, values: Mapping[str, Said]) -> tuple[Said, ...]:
    source, command_words = Source.DEFINITION, list_at(base, "command")
    if isinstance(override.get("command"), list):
        source, command_words = Source.OVERRIDE, override["command"]
    result = []
    for word in command_words:
        match = WHOLE.fullmatch(word) if isinstance(word, str) else None
        result.append(values.get(match[1], Said(word, source)) if match else Said(word, source))
    return tuple(result)


def _environment(base: Document, override: Document, key: str, *, with_portal_variable: bool) -> dict[str, Said]:
    result: dict[str, Said] = {}
    for owner, source in ((base, Source.DEFINITION), (override, Source.OVERRIDE)):
        for entry in list_at(owner, key):
            if is_object(entry) and text_at(entry, "name"):
                result[entry["name"]] = Said(entry.get("value", ""), source)
    if with_portal_variable:
        result[JOB_ID_VARIABLE] = Said("the id of the job in the portal", Source.PORTAL)
    return result


def _requirements(base: Document, override: Document) -> dict[str, Said]:
    """Return amounts by type, read from the Kubernetes resources of pods too."""
    amounts = {kind: Said(value, Source.DEFINITION) for kind, value in _amounts_by_type(base).items()}
    return amounts | {kind: Said(value, Source.OVERRIDE) for kind, value in _amounts_by_type(override).items()}


def _amounts_by_type(container: Document) -> dict[str, str]:
    resources = object_at(container, "resources")
    pod_amounts = {**object_at(resources, "requests"), **object_at(resources, "limits")}
    kinds = {"cpu": "VCPU", "memory": "MEMORY", "nvidia.com/gpu": "GPU"}
    by_kind = {kind: str(pod_amounts[key]).removesuffix("Mi") for key, kind in kinds.items() if key in pod_amounts}
    return by_kind | asked(container)


def _log_group(container: Document) -> Said | None:
    driver = text_at(container, "logConfiguration", "logDriver")
    if driver not in ("", "awslogs"):
        return None
    group = text_at(container, "logConfiguration", "options", "awslogs-group")
    return Said(group, Source.DEFINITION) if group else Said(BATCH_LOG_GROUP, Source.BATCH)


def _sourced(value: Any, source: Source) -> Said | None:
    return None if value is None else Said(value, source)


def _value_json(item: Said | None) -> Document | None:
    return None if item is None else {"value": item.value, "from": item.source.value}


def _container_json(container: EffectiveContainer) -> Document:
    return {
        "name": container.name,
        "image": _value_json(container.image),
        "command": [_value_json(word) for word in container.command],
        "environment": {name: _value_json(variable) for name, variable in container.environment.items()},
        "vcpus": _value_json(container.vcpus),
        "memoryMib": _value_json(container.memory_mib),
        "gpus": _value_json(container.gpus),
        "logGroup": _value_json(container.log_group),
    }
