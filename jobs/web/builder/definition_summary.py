"""The summary of a definition in a job's form."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jobs.models import Revision
from jobs.spec import forms
from jobs.spec.documents import Document, is_object, list_at, object_at, text_at, value_at
from jobs.spec.forms import FieldRow
from jobs.spec.forms.form_fields import has_one_container
from jobs.spec.redaction import redact
from jobs.web.jobs.effective_view import describe_retry_rule

MAX_VALUE_LENGTH = 300


@dataclass(frozen=True)
class DefinitionSummary:
    """`fixed_values` is what a submission can't change."""

    revision: Revision
    fixed_values: tuple[tuple[str, str], ...]
    hints: Mapping[str, str] = field(default_factory=dict)
    variables: tuple[tuple[str, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    is_single_container: bool = True
    retry_rules: tuple[str, ...] = ()


def summarize(revision: Revision) -> DefinitionSummary:
    document = redact(revision.document)
    values = forms.read_values(document, forms.DEFINITION_FIELDS)
    hints = {
        name: value
        for name in ("command", "vcpus", "memory", "gpus", "retries", "time_limit")
        if isinstance(value := values[name], str) and value
    } | {
        forms.PARAMETER_PREFIX + name: default
        for name, default in object_at(document, "parameters").items()
        if isinstance(default, str)
    }
    container = object_at(document, "containerProperties")
    return DefinitionSummary(
        revision=revision,
        fixed_values=tuple(_fixed_values(document)),
        hints=hints,
        variables=tuple(_variables(container)),
        tags=tuple((row.name, row.value) for row in values["tags"] if isinstance(row, FieldRow)),
        is_single_container=has_one_container(document),
        retry_rules=tuple(
            describe_retry_rule(entry)
            for entry in list_at(document, "retryStrategy", "evaluateOnExit")
            if is_object(entry)
        ),
    )


def _fixed_values(document: Document) -> Iterator[tuple[str, str]]:
    container = object_at(document, "containerProperties")
    yield "Image", text_at(container, "image") or "multiple containers (see the definition)"
    yield "Platform", ", ".join(map(str, list_at(document, "platformCapabilities"))) or "EC2"
    for label, key in (("Job role", "jobRoleArn"), ("Execution role", "executionRoleArn")):
        if text_at(container, key):
            yield label, text_at(container, key)
    volumes = [_describe_volume(item) for item in list_at(container, "volumes")]
    if volumes:
        yield "Volumes", ", ".join(volumes)
    names = [text_at(item, "name") for item in list_at(container, "secrets")]
    if names:
        yield "Secrets", ", ".join(names)
    driver = text_at(container, "logConfiguration", "logDriver")
    if driver:
        group = text_at(container, "logConfiguration", "options", "awslogs-group")
        yield "Log", f"{driver}, {group}" if group else driver
    for label, path in (("Ephemeral storage", ("ephemeralStorage", "sizeInGiB")), ("User", ("user",))):
        value = value_at(container, *path)
        if value:
            yield label, f"{value} GiB" if path[-1] == "sizeInGiB" else str(value)
    for label, key in (("Privileged", "privileged"), ("Read-only file system", "readonlyRootFilesystem")):
        if container.get(key) is True:
            yield label, "yes"


def _describe_volume(volume: object) -> str:
    if not is_object(volume):
        return json.dumps(volume)[:MAX_VALUE_LENGTH]
    name = text_at(volume, "name") or "unnamed"
    system = text_at(volume, "efsVolumeConfiguration", "fileSystemId")
    path = text_at(volume, "host", "sourcePath")
    return f"{name} ({system or path})" if system or path else name


def _variables(container: Document) -> Iterator[tuple[str, str]]:
    for entry in list_at(container, "environment"):
        if text_at(entry, "name"):
            yield text_at(entry, "name"), text_at(entry, "value")
