"""Conversion of documents of CloudFormation, SAM, Step Functions and ECS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jobs.spec.documents import Document, DocumentKind, is_integer, is_object, list_at, object_at, text_at
from jobs.spec.parsing.errors import DocumentParseError
from jobs.spec.parsing.unresolved_values import UnresolvedValues
from jobs.spec.problems import DocumentChange, escape_pointer, join_pointer, join_words, quote
from jobs.spec.schema import botocore_schema
from jobs.spec.suggestions import fold_name

_CFN_TYPE = "AWS::Batch::JobDefinition"
_CFN_ONLY_KEYS = frozenset({"resourceretentionpolicy", "jobdefinitionarn"})
_CFN_NOUN = "CloudFormation reference"
_STATE_RESOURCES = ("states:::batch:submitJob", "states:::aws-sdk:batch:submitJob")
_STATE_NOUN = "Step Functions expression"
_BLOCKS = ("containerProperties", "ecsProperties", "eksProperties", "nodeProperties")
_CPU_UNITS = 1024  # of a vCPU

_TASK_CONTAINER_KEYS = (
    "name", "image", "command", "essential", "environment", "secrets", "mountPoints", "ulimits", "user", "privileged",
    "readonlyRootFilesystem", "linuxParameters", "logConfiguration", "repositoryCredentials", "dependsOn",
)  # fmt: skip
_TASK_KEYS = frozenset({
    "family", "containerDefinitions", "volumes", "runtimePlatform", "ephemeralStorage", "executionRoleArn",
    "taskRoleArn", "requiresCompatibilities", "tags", "cpu", "memory",
})  # fmt: skip
_ONE_CONTAINER_KEYS = frozenset({"name", "essential", "dependsOn"})
_TASK_RESPONSE_KEYS = frozenset({
    "taskDefinitionArn", "revision", "status", "registeredAt", "registeredBy", "deregisteredAt", "compatibilities",
    "requiresAttributes",
})  # fmt: skip


@dataclass
class ForeignDocument:
    document: Document
    kind: DocumentKind | None
    changes: list[DocumentChange] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)


def convert_foreign_shape(value: Document, unresolved: UnresolvedValues) -> list[ForeignDocument]:
    """Raise DocumentParseError."""
    for convert in _CONVERTERS:
        documents = list(convert(value, unresolved))
        if documents:
            return documents
    return []


# -- CloudFormation


def _cloudformation(value: Document, unresolved: UnresolvedValues) -> Iterator[ForeignDocument]:
    resources = object_at(value, "Resources")
    resources = {name: entry for name, entry in resources.items() if text_at(entry, "Type").startswith("AWS::")}
    if resources:
        has_definition = False
        for name, resource in resources.items():
            if resource["Type"] == _CFN_TYPE:
                has_definition = True
                yield _cloudformation_resource(resource, join_pointer("Resources", name), unresolved)
        if not has_definition:
            raise DocumentParseError(f"This CloudFormation template has no resource of type {_CFN_TYPE}.")
        return
    type_name = text_at(value, "Type")
    if type_name == _CFN_TYPE:
        yield _cloudformation_resource(value, "", unresolved)
    elif type_name.startswith("AWS::") and "Properties" in value:
        raise DocumentParseError(
            f"This is a CloudFormation resource of type {quote(type_name)}; only {_CFN_TYPE} can be read."
        )
    elif len(value) == 1:
        # One resource under its logical name, as below Resources.
        [(name, resource)] = value.items()
        if text_at(resource, "Type") == _CFN_TYPE:
            yield _cloudformation_resource(resource, join_pointer(name), unresolved)


def _cloudformation_resource(
    resource: Document, pointer: str | None, unresolved: UnresolvedValues
) -> ForeignDocument:
    changes = [DocumentChange("", "The properties of a CloudFormation job definition were read.")]
    properties = object_at(resource, "Properties")
    removed_keys = [key for key in properties if fold_name(key) in _CFN_ONLY_KEYS]
    if removed_keys:
        changes.append(_left_out(removed_keys, "only in CloudFormation"))
    document = {
        key: _without_intrinsics(properties[key], unresolved) for key in properties if key not in removed_keys
    }
    return ForeignDocument(
        document, DocumentKind.DEFINITION, changes, {"": "" if pointer is None else f"{pointer}/Properties"}
    )


def _without_intrinsics(value: Any, unresolved: UnresolvedValues) -> Any:
    if is_object(value):
        if len(value) == 1:
            [(key, argument)] = value.items()
            if key == "Ref" or key.startswith("Fn::"):
                return unresolved.mark(intrinsic_text(key, argument), _CFN_NOUN)
        return {key: _without_intrinsics(member, unresolved) for key, member in value.items()}
    return [_without_intrinsics(entry, unresolved) for entry in value] if isinstance(value, list) else value


def intrinsic_text(key: str, argument: Any) -> str:
    name = key.removeprefix("Fn::")
    if isinstance(argument, str):
        return f"!{name} {argument}"
    if name == "GetAtt" and isinstance(argument, list):
        return f"!GetAtt {'.'.join(map(str, argument))}"
    return f"!{name} …"


def _cloudformation_properties(value: Document, unresolved: UnresolvedValues) -> Iterator[ForeignDocument]:
    if "JobDefinitionName" in value or any(key[0].upper() + key[1:] in value for key in _BLOCKS):
        yield _cloudformation_resource({"Properties": value}, None, unresolved)


# -- Step Functions


def _step_functions(value: Document, unresolved: UnresolvedValues) -> Iterator[ForeignDocument]:
    for pointer, state in _submit_states(value, ""):
        key = "Arguments" if "Arguments" in state else "Parameters"
        document = _without_expressions(object_at(state, key), unresolved)
        origins = {"": f"{pointer}/{key}"}
        for name in object_at(state, key):
            if name.endswith(".$"):
                origins[f"/{escape_pointer(name.removesuffix('.$'))}"] = f"{pointer}/{key}/{escape_pointer(name)}"
        changes = [DocumentChange("", "The parameters of a Step Functions state were read.")]
        yield ForeignDocument(document, DocumentKind.SUBMISSION, changes, origins)


def _submit_states(value: Any, pointer: str) -> Iterator[tuple[str, Document]]:
    if is_object(value):
        if any(resource in text_at(value, "Resource") for resource in _STATE_RESOURCES):
            yield pointer, value
            return
        for key, member in value.items():
            yield from _submit_states(member, f"{pointer}/{escape_pointer(key)}")
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _submit_states(entry, f"{pointer}/{number}")


def _without_expressions(value: Any, unresolved: UnresolvedValues) -> Any:
    if is_object(value):
        return {
            key.removesuffix(".$"): unresolved.mark(str(member), _STATE_NOUN)
            if key.endswith(".$")
            else _without_expressions(member, unresolved)
            for key, member in value.items()
        }
    if isinstance(value, list):
        return [_without_expressions(entry, unresolved) for entry in value]
    if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        return unresolved.mark(value, _STATE_NOUN)
    return value


# -- ECS


def _ecs_task_definition(value: Document, _: UnresolvedValues) -> Iterator[ForeignDocument]:
    pointer = "/taskDefinition" if is_object(value.get("taskDefinition")) else ""
    task = object_at(value, "taskDefinition") if pointer else value
    containers = [entry for entry in list_at(task, "containerDefinitions") if is_object(entry)]
    if not containers:
        return
    removed_keys: list[str] = []
    entries = [_task_container(entry, task, removed_keys, only=len(containers) == 1) for entry in containers]
    document: Document = {"jobDefinitionName": task.get("family", ""), "type": "container"}
    shared: Document = {key: task[key] for key in ("volumes", "runtimePlatform", "ephemeralStorage") if task.get(key)}
    shared |= {"executionRoleArn": task["executionRoleArn"]} if task.get("executionRoleArn") else {}
    if len(entries) == 1:
        role = {"jobRoleArn": task["taskRoleArn"]} if task.get("taskRoleArn") else {}
        document["containerProperties"] = {**entries[0], **role, **shared}
        origins = {"/containerProperties": f"{pointer}/containerDefinitions/0"}
    else:
        role = {"taskRoleArn": task["taskRoleArn"]} if task.get("taskRoleArn") else {}
        modes = {key: task[key] for key in ("ipcMode", "pidMode") if task.get(key)}
        document["ecsProperties"] = {"taskProperties": [{"containers": entries, **role, **modes, **shared}]}
        origins = {"/ecsProperties/taskProperties/0/containers": f"{pointer}/containerDefinitions"}
    platforms = [kind for kind in list_at(task, "requiresCompatibilities") if kind in ("EC2", "FARGATE")]
    if platforms:
        document["platformCapabilities"] = platforms[-1:]
    tags = {text_at(tag, "key"): text_at(tag, "value") for tag in list_at(task, "tags")}
    if tags:
        document["tags"] = tags
    known_keys = _TASK_KEYS | ({"ipcMode", "pidMode"} if len(entries) > 1 else set())
    removed_keys += [key for key in task if key not in known_keys and key not in _TASK_RESPONSE_KEYS and task[key]]
    changes = [DocumentChange("", "The ECS task definition was read as a job definition.")]
    if removed_keys:
        changes.append(_left_out(list(dict.fromkeys(removed_keys)), "not in AWS Batch job definitions"))
    yield ForeignDocument(document, DocumentKind.DEFINITION, changes, {"": pointer, **origins})


def _task_container(container: Document, task: Document, removed_keys: list[str], *, only: bool) -> Document:
    keys = [key for key in _TASK_CONTAINER_KEYS if not (only and key in _ONE_CONTAINER_KEYS)]
    entry: Document = {key: container[key] for key in keys if container.get(key) not in (None, [], {})}
    sizes = {"VCPU": _vcpus(container.get("cpu") or (task.get("cpu") if only else None))}
    memory = container.get("memory") or container.get("memoryReservation") or (task.get("memory") if only else None)
    sizes["MEMORY"] = str(memory) if memory else ""
    requirements = [{"type": kind, "value": size} for kind, size in sizes.items() if size]
    requirements += [
        {"type": "GPU", "value": text_at(resource, "value")}
        for resource in list_at(container, "resourceRequirements")
        if text_at(resource, "type") == "GPU"
    ]
    if requirements:
        entry["resourceRequirements"] = requirements
    known_keys = {*_TASK_CONTAINER_KEYS, "cpu", "memory", "memoryReservation", "resourceRequirements"}
    removed_keys += [key for key in container if key not in known_keys and container[key]]
    return entry


def _vcpus(units: Any) -> str:
    try:
        vcpus = int(str(units)) / _CPU_UNITS
    except ValueError:
        return ""
    return f"{vcpus:g}" if vcpus else ""


# -- Parts of a definition


def _bare_container_properties(value: Document, _: UnresolvedValues) -> Iterator[ForeignDocument]:
    members = _folded_members("ContainerProperties")
    names = {fold_name(key) for key in value}
    if "image" in names and names <= members and len(names) > 1:
        message = "This is only the containerProperties of a job definition; enter a name for the definition."
        document = {"type": "container", "containerProperties": value}
        changes = [DocumentChange("", message)]
        yield ForeignDocument(document, DocumentKind.DEFINITION, changes, {"/containerProperties": ""})


def _definition_without_name(value: Document, _: UnresolvedValues) -> Iterator[ForeignDocument]:
    names = {fold_name(key) for key in value}
    if names & {fold_name(key) for key in _BLOCKS} and not names & {
        "jobdefinitionname",
        "jobname",
        "jobqueue",
        "jobs",
    }:
        yield ForeignDocument(value, DocumentKind.DEFINITION)


def _several_definitions(value: Document, _: UnresolvedValues) -> Iterator[ForeignDocument]:
    newest: dict[str, tuple[int, int]] = {}
    for number, entry in enumerate(list_at(value, "jobDefinitions")):
        name, revision = text_at(entry, "jobDefinitionName"), object_at(entry).get("revision")
        rank = revision if is_integer(revision) else 0
        if is_object(entry) and rank >= newest.get(name, (0, 0))[0]:
            newest[name] = rank, number
    if len(newest) > 1:
        for _rank, number in newest.values():
            entry = value["jobDefinitions"][number]
            yield ForeignDocument(entry, None, origins={"": join_pointer("jobDefinitions", number)})


_CONVERTERS: tuple[Callable[[Document, UnresolvedValues], Iterator[ForeignDocument]], ...] = (
    _cloudformation,
    _cloudformation_properties,
    _step_functions,
    _ecs_task_definition,
    _several_definitions,
    _bare_container_properties,
    _definition_without_name,
)


@cache
def _folded_members(shape: str) -> frozenset[str]:
    definitions = botocore_schema.json_schema(DocumentKind.DEFINITION)["$defs"]
    return frozenset(fold_name(name) for name in definitions[shape]["properties"])


def _left_out(keys: list[str], where: str) -> DocumentChange:
    verb, were = ("is", "was") if len(keys) == 1 else ("are", "were")
    return DocumentChange("", f"{join_words(keys)} {verb} {where} and {were} left out.")
