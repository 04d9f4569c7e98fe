"""The effective job: what will run, and each value's source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from jobs.spec import time_limit
from jobs.spec.containers import ContainerEntry, TaskEntry, tasks
from jobs.spec.documents import Document, is_object, list_at, object_at, text_at, value_at
from jobs.spec.job_size import platform_of
from jobs.spec.placeholders import WHOLE_WORD
from jobs.spec.rules.reserved_names import JOB_ID_VARIABLE
from jobs.spec.rules.sizes import requested_amounts

ATTEMPTS_PATH = ("retryStrategy", "attempts")
DEFAULT_LOG_GROUP = "/aws/batch/job"  # default of awslogs; AWS Batch User Guide, log driver


class ValueSource(StrEnum):
    DEFINITION = "definition"
    OVERRIDE = "override"  # the submission, including its parameters
    PARAMETER_DEFAULT = "parameter default"
    TEAM = "team rule"
    PORTAL = "portal"
    BATCH = "batch"  # a default of Batch


@dataclass(frozen=True)
class SourcedValue:
    value: Any
    source: ValueSource


class ContainerContents(NamedTuple):
    image: SourcedValue | None
    command: tuple[SourcedValue, ...]
    environment: Mapping[str, SourcedValue]


@dataclass(frozen=True)
class EffectiveContainer:
    """None: not stated anywhere."""

    name: str
    image: SourcedValue | None
    command: tuple[SourcedValue, ...]  # word by word: some may come from parameters
    environment: Mapping[str, SourcedValue]
    vcpus: SourcedValue | None
    memory_mib: SourcedValue | None
    gpus: SourcedValue | None
    log_group: SourcedValue | None
    command_source: ValueSource = ValueSource.DEFINITION
    """Of the command as a whole."""


@dataclass(frozen=True)
class EffectiveJob:
    """None: not stated anywhere."""

    platform: str
    containers: tuple[EffectiveContainer, ...]
    array_size: SourcedValue | None
    timeout_seconds: SourcedValue | None
    attempts: SourcedValue
    retry_rules: tuple[SourcedValue, ...]
    """Entries of evaluateOnExit, in AWS's order."""
    job_role: SourcedValue | None
    execution_role: SourcedValue | None
    tags: Mapping[str, SourcedValue]

    def as_json(self) -> Document:
        """Return {"image": {"value": …, "from": "definition"}, …}."""
        return {
            "platform": self.platform,
            "containers": [_container_json(container) for container in self.containers],
            "arraySize": _value_json(self.array_size),
            "timeoutSeconds": _value_json(self.timeout_seconds),
            "attempts": _value_json(self.attempts),
            "retryRules": [_value_json(entry) for entry in self.retry_rules],
            "jobRole": _value_json(self.job_role),
            "executionRole": _value_json(self.execution_role),
            "tags": {key: _value_json(tag) for key, tag in self.tags.items()},
        }


def merge_tags(definition: Document, submission: Document) -> dict[str, str]:
    both = {**object_at(definition, "tags"), **object_at(submission, "tags")}
    return {str(key): str(value) for key, value in both.items()}


def job_role(definition: Document) -> str:
    """Return "" without one."""
    first = next(iter(tasks(definition)), None)
    return text_at(first.value, first.job_role_key) if first else ""


def effective_job(
    definition: Document, submission: Document | None = None, tag_sources: Mapping[str, ValueSource] | None = None
) -> EffectiveJob:
    override = submission or {}
    task_entries = tasks(definition)
    first = task_entries[0] if task_entries else None
    values = _sourced_parameters(definition, override)
    return EffectiveJob(
        platform=platform_of(definition),
        containers=tuple(container for task in task_entries for container in _containers_of(task, override, values)),
        array_size=_sourced(value_at(override, "arrayProperties", "size"), ValueSource.OVERRIDE),
        timeout_seconds=_sourced(time_limit.timeout_seconds(override), ValueSource.OVERRIDE)
        or _sourced(time_limit.timeout_seconds(definition), ValueSource.DEFINITION),
        attempts=_sourced(value_at(override, *ATTEMPTS_PATH), ValueSource.OVERRIDE)
        or _sourced(value_at(definition, *ATTEMPTS_PATH), ValueSource.DEFINITION)
        or SourcedValue(1, ValueSource.BATCH),
        retry_rules=_retry_rules(definition, override),
        job_role=_sourced(job_role(definition) or None, ValueSource.DEFINITION),
        execution_role=_sourced(text_at(first.value, "executionRoleArn") or None, ValueSource.DEFINITION)
        if first
        else None,
        tags=_sourced_tags(definition, override, tag_sources or {}),
    )


def container_contents(definition: Document, submission: Document) -> list[ContainerContents]:
    """Return what runs in each effective container, without its size."""
    values = _sourced_parameters(definition, submission)
    return [
        _contents(task, container, _override_of(task, text_at(container.value, "name"), submission), values)
        for task in tasks(definition)
        for container in task.containers
    ]


def effective_parameters(definition: Document, submission: Document) -> dict[str, str]:
    return {name: str(item.value) for name, item in _sourced_parameters(definition, submission).items()}


def _retry_rules(definition: Document, override: Document) -> tuple[SourcedValue, ...]:
    # A job's strategy replaces the definition's as a whole. Source: SubmitJob, AWS Batch API reference.
    is_replaced = is_object(override.get("retryStrategy"))
    owner, source = (override, ValueSource.OVERRIDE) if is_replaced else (definition, ValueSource.DEFINITION)
    entries = list_at(owner, "retryStrategy", "evaluateOnExit")
    return tuple(SourcedValue(entry, source) for entry in entries if is_object(entry))


def _sourced_tags(
    definition: Document, submission: Document, tag_sources: Mapping[str, ValueSource]
) -> dict[str, SourcedValue]:
    result = {
        key: SourcedValue(value, ValueSource.DEFINITION) for key, value in object_at(definition, "tags").items()
    }
    own = object_at(submission, "tags").items()
    return result | {key: SourcedValue(value, tag_sources.get(key, ValueSource.OVERRIDE)) for key, value in own}


def _sourced_parameters(definition: Document, submission: Document) -> dict[str, SourcedValue]:
    defaults = {
        key: SourcedValue(value, ValueSource.PARAMETER_DEFAULT)
        for key, value in object_at(definition, "parameters").items()
    }
    return defaults | {
        key: SourcedValue(value, ValueSource.OVERRIDE) for key, value in object_at(submission, "parameters").items()
    }


def _containers_of(
    task: TaskEntry, submission: Document, values: Mapping[str, SourcedValue]
) -> Iterator[EffectiveContainer]:
    for container in task.containers:
        override = _override_of(task, text_at(container.value, "name"), submission)
        base = container.value
        needs = _requirements(base, override)
        contents = _contents(task, container, override, values)
        yield EffectiveContainer(
            name=text_at(base, "name"),
            image=contents.image,
            command=contents.command,
            environment=contents.environment,
            vcpus=needs.get("VCPU"),
            memory_mib=needs.get("MEMORY"),
            gpus=needs.get("GPU"),
            log_group=_log_group(base) if task.type != "eks" else None,
            command_source=ValueSource.OVERRIDE
            if isinstance(override.get("command"), list)
            else ValueSource.DEFINITION,
        )


def _contents(
    task: TaskEntry, container: ContainerEntry, override: Document, values: Mapping[str, SourcedValue]
) -> ContainerContents:
    base = container.value
    return ContainerContents(
        image=_sourced(override.get("image"), ValueSource.OVERRIDE)
        or _sourced(base.get("image"), ValueSource.DEFINITION),
        command=_command(base, override, values),
        environment=_environment(
            base, override, container.environment_key, with_portal_variable=task.type == "container"
        ),
    )


def _override_of(task: TaskEntry, name: str, submission: Document) -> Document:
    if task.is_in_node_group:
        return {}
    if task.type == "container":
        return object_at(submission, "containerOverrides")
    if task.type == "ecs":
        inner = list_at(submission, "ecsPropertiesOverride", "taskProperties", 0, "containers")
    else:
        inner = list_at(submission, "eksPropertiesOverride", "podProperties", "containers")
    alone = len(task.containers) == 1 and len(inner) == 1
    return object_at(next((entry for entry in inner if alone or text_at(entry, "name") == name), {}))


def _command(base: Document, override: Document, values: Mapping[str, SourcedValue]) -> tuple[SourcedValue, ...]:
    source, command_words = ValueSource.DEFINITION, list_at(base, "command")
    if isinstance(override.get("command"), list):
        source, command_words = ValueSource.OVERRIDE, override["command"]
    result = []
    for word in command_words:
        match = WHOLE_WORD.fullmatch(word) if isinstance(word, str) else None
        result.append(values.get(match[1], SourcedValue(word, source)) if match else SourcedValue(word, source))
    return tuple(result)


def _environment(
    base: Document, override: Document, key: str, *, with_portal_variable: bool
) -> dict[str, SourcedValue]:
    result: dict[str, SourcedValue] = {}
    for owner, source in ((base, ValueSource.DEFINITION), (override, ValueSource.OVERRIDE)):
        for entry in list_at(owner, key):
            if is_object(entry) and text_at(entry, "name"):
                result[entry["name"]] = SourcedValue(entry.get("value", ""), source)
    if with_portal_variable:
        result[JOB_ID_VARIABLE] = SourcedValue("the id of the job in the portal", ValueSource.PORTAL)
    return result


def _requirements(base: Document, override: Document) -> dict[str, SourcedValue]:
    amounts = {kind: SourcedValue(value, ValueSource.DEFINITION) for kind, value in _amounts_by_type(base).items()}
    return amounts | {
        kind: SourcedValue(value, ValueSource.OVERRIDE) for kind, value in _amounts_by_type(override).items()
    }


def _amounts_by_type(container: Document) -> dict[str, str]:
    resources = object_at(container, "resources")
    pod_amounts = {**object_at(resources, "requests"), **object_at(resources, "limits")}
    kinds = {"cpu": "VCPU", "memory": "MEMORY", "nvidia.com/gpu": "GPU"}
    by_kind = {kind: str(pod_amounts[key]).removesuffix("Mi") for key, kind in kinds.items() if key in pod_amounts}
    return by_kind | requested_amounts(container)


def _log_group(container: Document) -> SourcedValue | None:
    driver = text_at(container, "logConfiguration", "logDriver")
    if driver not in ("", "awslogs"):
        return None
    group = text_at(container, "logConfiguration", "options", "awslogs-group")
    return (
        SourcedValue(group, ValueSource.DEFINITION) if group else SourcedValue(DEFAULT_LOG_GROUP, ValueSource.BATCH)
    )


def _sourced(value: Any, source: ValueSource) -> SourcedValue | None:
    return None if value is None else SourcedValue(value, source)


def _value_json(item: SourcedValue | None) -> Document | None:
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
