"""JSON Schema (2020-12) of each kind of document, built from the installed botocore.

What the service model lacks is in `LIMITS`, by the AWS Batch API reference unless a line says otherwise.
"""

import html
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from jobs.spec.documents import Document, DocumentKind, Path, list_at
from jobs.spec.problems import Problem, join_pointer
from jobs.spec.schema import validator
from jobs.spec.schema.messages import MisplacedKey
from jobs.spec.schema.misplaced_keys import MisplacedKeyFinder
from jobs.spec.step_conditions import conditions_schema
from jobs.spec.suggestions import SuggestionBudget

NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$"
_ARN = "arn:aws[a-z-]*:batch:[a-z0-9-]+:[0-9]{12}"
_NAME = "[A-Za-z0-9][A-Za-z0-9_-]{0,127}"
JOB_QUEUE_PATTERN = f"^({_ARN}:job-queue/)?{_NAME}$"
JOB_DEFINITION_PATTERN = f"^({_ARN}:job-definition/)?{_NAME}(:[0-9]{{1,9}})?$"
SHARE_IDENTIFIER_PATTERN = "^[A-Za-z0-9]{1,254}([A-Za-z0-9]|[*])?$"
EXIT_REASON_PATTERN = r"^[A-Za-z0-9.: \t\n]{1,511}([A-Za-z0-9.: \t\n]|[*])?$|^[*]$"
EXIT_CODE_PATTERN = "^[0-9]{1,511}([0-9]|[*])?$|^[*]$"
NAMESPACE_PATTERN = "^(?!default$)(?!kube)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
RETRY_ACTION_PATTERN = "^([Rr][Ee][Tt][Rr][Yy]|[Ee][Xx][Ii][Tt])$"
WORKFLOW_NAME_PATTERN = r"^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,126}[^\s\x00-\x1f\x7f])?$"

PATTERN_DESCRIPTIONS = {
    NAME_PATTERN: "letters, digits, - and _, at most 128 of them, the first a letter or digit",
    JOB_QUEUE_PATTERN: "the name of a queue (letters, digits, - and _) or its ARN",
    JOB_DEFINITION_PATTERN: "name, name:revision or ARN of a job definition",
    SHARE_IDENTIFIER_PATTERN: "at most 255 letters and digits, with at most one * at the end",
    EXIT_REASON_PATTERN: "at most 512 letters, digits, spaces, . and :, with at most one * at the end",
    EXIT_CODE_PATTERN: "digits, with at most one * at the end",
    RETRY_ACTION_PATTERN: "RETRY or EXIT",
    WORKFLOW_NAME_PATTERN: "one line of 1 to 128 characters, without spaces at its ends",
    NAMESPACE_PATTERN: (
        "a namespace of Kubernetes, 1 to 63 lower-case letters, digits and -, but not default and none that begins "
        "with kube"
    ),
}
"""Continue “must be”."""

_UNIX_ID = {"minimum": 0, "maximum": 2**31 - 1}

LIMITS: dict[tuple[str, str], dict[str, Any]] = {
    ("RegisterJobDefinitionRequest", "jobDefinitionName"): {"pattern": NAME_PATTERN},
    ("RegisterJobDefinitionRequest", "schedulingPriority"): {"minimum": 0, "maximum": 9999},
    ("SubmitJobRequest", "jobName"): {"pattern": NAME_PATTERN},
    ("SubmitJobRequest", "jobQueue"): {"pattern": JOB_QUEUE_PATTERN},
    ("SubmitJobRequest", "jobDefinition"): {"pattern": JOB_DEFINITION_PATTERN},
    ("SubmitJobRequest", "shareIdentifier"): {"pattern": SHARE_IDENTIFIER_PATTERN},
    ("SubmitJobRequest", "schedulingPriorityOverride"): {"minimum": 0, "maximum": 9999},
    ("SubmitJobRequest", "dependsOn"): {"maxItems": 20},
    # The number of tags is a rule of reserved_names.py: the portal adds its own.
    ("SubmitJobRequest", "tags"): {"maxProperties": None},
    ("ArrayProperties", "size"): {"minimum": 2, "maximum": 10_000},
    ("RetryStrategy", "attempts"): {"minimum": 1, "maximum": 10},
    ("RetryStrategy", "evaluateOnExit"): {"maxItems": 5},
    ("EvaluateOnExit", "onStatusReason"): {"pattern": EXIT_REASON_PATTERN},
    ("EvaluateOnExit", "onReason"): {"pattern": EXIT_REASON_PATTERN},
    ("EvaluateOnExit", "onExitCode"): {"pattern": EXIT_CODE_PATTERN},
    # the reference: not case sensitive
    ("EvaluateOnExit", "action"): {"enum": None, "pattern": RETRY_ACTION_PATTERN},
    ("JobTimeout", "attemptDurationSeconds"): {"minimum": 60},
    ("ContainerProperties", "image"): {"minLength": 1, "maxLength": 255},
    ("ContainerProperties", "vcpus"): {"minimum": 1},
    ("ContainerProperties", "memory"): {"minimum": 4},
    ("ContainerOverrides", "vcpus"): {"minimum": 1},
    ("ContainerOverrides", "memory"): {"minimum": 4},
    ("TaskContainerProperties", "image"): {"minLength": 1, "maxLength": 255},
    ("EksContainer", "image"): {"minLength": 1},
    ("EksPodProperties", "containers"): {"maxItems": 10},
    ("EksPodProperties", "initContainers"): {"maxItems": 10},
    ("EksMetadata", "namespace"): {"pattern": NAMESPACE_PATTERN},
    ("EphemeralStorage", "sizeInGiB"): {"minimum": 21, "maximum": 200},
    ("EcsProperties", "taskProperties"): {"minItems": 1, "maxItems": 1},
    ("EcsTaskProperties", "containers"): {"minItems": 1, "maxItems": 10},
    # 1,000 by default (AWS Batch User Guide, multi-node parallel jobs); an account may have more.
    ("NodeProperties", "numNodes"): {"minimum": 1, "maximum": 9999},
    ("NodeOverrides", "numNodes"): {"minimum": 1, "maximum": 9999},
    ("NodeProperties", "mainNode"): {"minimum": 0},
    ("NodeProperties", "nodeRangeProperties"): {"minItems": 1, "maxItems": 5},
    ("NodeRangeProperty", "instanceTypes"): {"maxItems": 1},
    ("LinuxParameters", "swappiness"): {"minimum": 0, "maximum": 100},
    ("TaskContainerProperties", "startTimeout"): {"minimum": 2},
    ("TaskContainerProperties", "stopTimeout"): {"minimum": 2},
    ("Volume", "name"): {"maxLength": 255},
    ("EFSVolumeConfiguration", "rootDirectory"): {"maxLength": 4096},
    ("EFSVolumeConfiguration", "transitEncryptionPort"): {"minimum": 0, "maximum": 65_535},
    ("EksPodSecurityContext", "runAsUser"): _UNIX_ID,
    ("EksPodSecurityContext", "runAsGroup"): _UNIX_ID,
    ("EksPodSecurityContext", "fsGroup"): _UNIX_ID,
    ("EksContainerSecurityContext", "runAsUser"): _UNIX_ID,
    ("EksContainerSecurityContext", "runAsGroup"): _UNIX_ID,
}
"""Keywords added to a member of a shape; None removes a keyword."""

_REQUESTS = {DocumentKind.DEFINITION: "RegisterJobDefinitionRequest", DocumentKind.SUBMISSION: "SubmitJobRequest"}

_TYPES = {
    "string": "string", "integer": "integer", "long": "integer", "boolean": "boolean",
    "double": "number", "float": "number", "timestamp": "string", "blob": "string",
}  # fmt: skip

_BOUNDS = {
    "string": ("minLength", "maxLength"), "list": ("minItems", "maxItems"), "map": ("minProperties", "maxProperties"),
}  # fmt: skip


def check_schema(document: Document, kind: DocumentKind) -> Iterator[Problem]:
    if kind is not DocumentKind.WORKFLOW:
        yield from validator.check_conformity(
            document,
            _compiled_schema(kind),
            pattern_descriptions=PATTERN_DESCRIPTIONS,
            find_misplaced_key=_misplaced_key_finder(document, kind),
        )
        return
    yield from validator.check_conformity(document, _compiled_schema(kind), pattern_descriptions=PATTERN_DESCRIPTIONS)
    suggestions = SuggestionBudget()
    for number, step in enumerate(list_at(document, "jobs")):
        if _compiled_step().is_surely_valid(step):
            continue
        yield from validator.check_conformity(
            step,
            _compiled_step(),
            pattern_descriptions=PATTERN_DESCRIPTIONS,
            at=("jobs", number),
            suggestions=suggestions,
            find_misplaced_key=_misplaced_key_finder(step, kind, at=("jobs", number)),
        )


@cache
def json_schema(kind: DocumentKind) -> dict[str, Any]:
    """Return a shared schema: don't modify it."""
    definitions: dict[str, Any] = {}
    if kind is DocumentKind.WORKFLOW:
        _convert_shape(_service_model().shape_for(_REQUESTS[DocumentKind.SUBMISSION]), definitions)
        root = _workflow_schema(definitions)
    else:
        _convert_shape(_service_model().shape_for(_REQUESTS[kind]), definitions)
        root = definitions.pop(_REQUESTS[kind])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": definitions}


def is_enumeration(shape: Mapping[str, Any]) -> bool:
    return "enum" in shape or shape.get("pattern") == RETRY_ACTION_PATTERN


@cache
def _compiled_schema(kind: DocumentKind) -> validator.CompiledSchema:
    whole = json_schema(kind)
    if kind is DocumentKind.WORKFLOW:
        properties = whole["properties"]
        whole = {**whole, "properties": {**properties, "jobs": {**properties["jobs"], "items": {}}}}
    return validator.compile_schema(whole)


@cache
def _compiled_step() -> validator.CompiledSchema:
    return validator.compile_schema(_step_schema())


@cache
def _step_schema() -> dict[str, Any]:
    return {"$ref": "#/$defs/SubmitJobRequest", "$defs": json_schema(DocumentKind.WORKFLOW)["$defs"]}


def _misplaced_key_finder(document: Document, kind: DocumentKind, at: Path = ()) -> validator.FindMisplacedKey:
    is_definition = kind is DocumentKind.DEFINITION
    schema = _step_schema() if kind is DocumentKind.WORKFLOW else json_schema(kind)
    what = "definition" if is_definition else "submission"
    finder = MisplacedKeyFinder(document, schema, what=what, at=at)
    explain = _explain_submission_key if is_definition else _explain_definition_key

    def find(path: Path, key: str) -> MisplacedKey | None:
        return finder.find(path, key) or explain(path, key, len(at))

    return find


def _explain_definition_key(path: Path, key: str, depth: int) -> MisplacedKey | None:
    if key in _definition_only_keys() and (len(path) == depth or "verride" in str(path[depth])):
        message = (
            f"A submission can't change {key}; only the job definition sets it. "
            "Register a new revision of the definition to change it."
        )
        return MisplacedKey(message, ({"op": "remove", "path": join_pointer(*path, key)},))
    return None


def _explain_submission_key(path: Path, key: str, _: int) -> MisplacedKey | None:
    if not path and key in _members_of_shapes("SubmitJobRequest"):
        message = f"A job definition can't set {key}; only a submission does."
        return MisplacedKey(message, ({"op": "remove", "path": join_pointer(key)},))
    return None


@cache
def _members_of_shapes(*shapes: str) -> frozenset[str]:
    structures = (_service_model().shape_for(name) for name in shapes)
    return frozenset(member for shape in structures if isinstance(shape, StructureShape) for member in shape.members)


@cache
def _definition_only_keys() -> frozenset[str]:
    return _members_of_shapes(
        *("RegisterJobDefinitionRequest", "ContainerProperties", "TaskContainerProperties"),
        *("EcsTaskProperties", "EksContainer", "EksPodProperties", "NodeProperties"),
    )


@cache
def _service_model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("batch", "service-2"), "batch")


def _workflow_schema(definitions: dict[str, Any]) -> dict[str, Any]:
    step = definitions["SubmitJobRequest"]
    step["properties"]["dependsOn"].pop("maxItems")
    return {
        "type": "object",
        "title": "Workflow",
        "description": "Jobs that wait for each other: ${jobName} in dependsOn refers to another job of the list.",
        "additionalProperties": False,
        "properties": {
            "name": {
                "type": "string",
                "pattern": WORKFLOW_NAME_PATTERN,
                "description": "The name of the workflow in the portal. AWS Batch doesn't get it.",
            },
            "jobs": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/SubmitJobRequest"}},
            "conditions": conditions_schema(),
        },
        "required": ["jobs"],
    }


def _convert_shape(shape: Shape, definitions: dict[str, Any]) -> dict[str, Any]:
    if isinstance(shape, StructureShape):
        if shape.name not in definitions:
            definitions[shape.name] = {}  # set before the recursion, so that recursive shapes end
            definitions[shape.name].update(_convert_structure(shape, definitions))
        return {"$ref": f"#/$defs/{shape.name}"}
    converted: dict[str, Any]
    if isinstance(shape, ListShape):
        converted = {"type": "array", "items": _convert_shape(shape.member, definitions)}
    elif isinstance(shape, MapShape):
        converted = {"type": "object", "additionalProperties": _convert_shape(shape.value, definitions)}
        names = {key: value for key, value in _convert_shape(shape.key, definitions).items() if key != "type"}
        if names:
            converted["propertyNames"] = names
    else:
        converted = {"type": _TYPES[shape.type_name]}
        if isinstance(shape, StringShape) and shape.enum:
            converted["enum"] = list(shape.enum)
    lower, upper = _BOUNDS.get(shape.type_name, ("minimum", "maximum"))
    for keyword, name in (("min", lower), ("max", upper), ("pattern", "pattern")):
        if keyword in shape.metadata:
            converted[name] = shape.metadata[keyword]
    return converted


def _convert_structure(shape: StructureShape, definitions: dict[str, Any]) -> dict[str, Any]:
    properties = {}
    for name, member in shape.members.items():
        converted = {**_convert_shape(member, definitions), "description": html_to_text(member.documentation)}
        converted |= LIMITS.get((shape.name, name), {})
        properties[name] = {key: value for key, value in converted.items() if value is not None}
    return {
        "type": "object",
        "title": shape.name,
        "description": html_to_text(shape.documentation),
        "additionalProperties": False,
        "properties": properties,
        **({"required": list(shape.required_members)} if shape.required_members else {}),
    }


def html_to_text(documentation: str) -> str:
    spaced = re.sub(r"</?(?:p|li|ul|ol|dl|dt|dd|note|important|div|br|h\d)\b[^>]*>", " ", documentation or "")
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", spaced))).strip()
