"""Rules of a submission's overrides against its definition."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jobs.spec import placeholders
from jobs.spec.containers import ContainerEntry, TaskEntry, is_eks, is_fargate, overrides, tasks
from jobs.spec.documents import Document, Path, is_integer, is_object, list_at, object_at, text_at, value_at
from jobs.spec.problems import Fix, Problem, join_pointer, join_words, quote
from jobs.spec.rules.multinode_ecs_eks import NODE_GROUPS_PATH, parse_node_range
from jobs.spec.rules.platform import INSTANCE_TYPE_MESSAGE, fractional_vcpus, unsupported_fargate_size
from jobs.spec.rules.registry import WARNING, rule
from jobs.spec.rules.reserved_names import JOB_ID_VARIABLE, MAX_PORTAL_TAGS, MAX_TAGS, user_tag_keys
from jobs.spec.rules.sizes import (
    LEGACY_SIZE_KEYS,
    legacy_keys_in_use,
    legacy_size_fix,
    missing_sizes,
    requested_amounts,
    requirement_types,
)
from jobs.spec.suggestions import SuggestionBudget

MAX_OVERRIDES_LENGTH = 8_192
"""Characters for one task in JSON (RunTask, Amazon ECS API reference)."""
BATCH_VARIABLES_LENGTH = 512
"""Characters of it for the variables that AWS Batch adds, such as AWS_BATCH_JOB_ID."""
_JOB_ID_LENGTH = 26

_TASK_OVERRIDE_MEMBERS = {"command", "environment", "resourceRequirements"}
"""Members of containerOverrides that the override of a task's container has too."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_OVERRIDE_KEYS = {
    "containerProperties": "containerOverrides",
    "ecsProperties": "ecsPropertiesOverride",
    "eksProperties": "eksPropertiesOverride",
    "nodeProperties": "nodeOverrides",
}
_GROUP_OVERRIDE_KEYS = {
    "container": "containerOverrides",
    "ecsProperties": "ecsPropertiesOverride",
    "eksProperties": "eksPropertiesOverride",
}
_REPLACED_KEYS = ("command", "args", "image", "resources", "instanceType")


def apply_overrides(definition: Document, submission: Document) -> Document:
    """Apply for showing only: the result shares parts with both documents."""
    result = {
        **definition,
        "parameters": {**object_at(definition, "parameters"), **object_at(submission, "parameters")},
    }
    for block, override in _OVERRIDE_KEYS.items():
        if is_object(definition.get(block)) and is_object(submission.get(override)):
            result[block] = _MERGERS[block](definition[block], submission[override])
    return result


def _merge_task(base: Document, override: Document) -> Document:
    task = object_at(base, "taskProperties", 0)
    return {
        "taskProperties": [
            {**task, **_merge_by_name(task, object_at(override, "taskProperties", 0), ("containers",))}
        ]
    }


def _merge_pod(base: Document, override: Document) -> Document:
    pod = object_at(base, "podProperties")
    merged = _merge_by_name(pod, object_at(override, "podProperties"), ("containers", "initContainers"))
    return {**base, "podProperties": {**pod, **merged}}


def _merge_by_name(base: Document, override: Document, keys: tuple[str, ...]) -> Document:
    result: Document = {}
    for key in keys:
        by_name = {text_at(entry, "name"): entry for entry in list_at(override, key)}
        if key in base:
            result[key] = [
                _merge_container(entry, object_at(by_name.get(text_at(entry, "name")))) if is_object(entry) else entry
                for entry in list_at(base, key)
            ]
    return result


def _merge_nodes(base: Document, override: Document) -> Document:
    by_nodes = {text_at(entry, "targetNodes"): entry for entry in list_at(override, "nodePropertyOverrides")}
    groups = []
    for group in list_at(base, "nodeRangeProperties"):
        own = object_at(by_nodes.get(text_at(group, "targetNodes")))
        merged = {
            block: _MERGERS[block](group[block], own[key])
            for block, key in _GROUP_OVERRIDE_KEYS.items()
            if is_object(value_at(group, block)) and is_object(own.get(key))
        }
        groups.append({**group, **merged} if is_object(group) else group)
    return {**base, "nodeRangeProperties": groups}


def _merge_container(base: Document, override: Document) -> Document:
    replaced: Document = {key: override[key] for key in _REPLACED_KEYS if key in override}
    result: Document = {**base, **replaced}
    for key in ("environment", "env"):
        if list_at(override, key):
            own = {text_at(entry, "name") for entry in list_at(override, key)}
            other_variables = [entry for entry in list_at(base, key) if text_at(entry, "name") not in own]
            result[key] = [*other_variables, *override[key]]
    if amounts := requested_amounts(override):
        sizes = requested_amounts(base) | amounts
        for key in LEGACY_SIZE_KEYS:
            result.pop(key, None)
        result["resourceRequirements"] = [{"type": kind, "value": value} for kind, value in sizes.items()]
    return result


_MERGERS: dict[str, Callable[[Document, Document], Document]] = {
    "containerProperties": _merge_container,
    "container": _merge_container,
    "ecsProperties": _merge_task,
    "eksProperties": _merge_pod,
    "nodeProperties": _merge_nodes,
}


def effective_overrides(submission: Document) -> Document:
    blocks = {
        block: submission[override]
        for block, override in _OVERRIDE_KEYS.items()
        if override in submission and block != "nodeProperties"
    }
    return {**blocks, "parameters": object_at(submission, "parameters")}


def parameter_names(definition: Document, submission: Document) -> list[str]:
    effective = apply_overrides(definition, submission)
    return list(dict.fromkeys(name for _, name in placeholders.find_placeholders(effective)))


@rule("overrides.other-sort")
def overrides_match_definition(definition: Document, submission: Document) -> Iterator[Problem]:
    """The overrides must be of the same kind as the definition: containers, an ECS task, a pod or nodes.

    Source: SubmitJob, AWS Batch API reference.
    """
    block = next((key for key in _OVERRIDE_KEYS if key in definition), None)
    if block is None:
        return
    for key in _OVERRIDE_KEYS.values():
        if key in submission and key != _OVERRIDE_KEYS[block]:
            message = f"{key} does not fit the job definition, which has {block}; use {_OVERRIDE_KEYS[block]}."
            yield Problem(join_pointer(key), message, fix=_other_override_fix(definition, submission, key, block))


def _other_override_fix(definition: Document, submission: Document, key: str, block: str) -> Fix:
    here, value = join_pointer(key), submission[key]
    removal = ({"op": "remove", "path": here},)
    if not value:
        return removal
    containers = [container for task in tasks(definition) for container in task.containers]
    name = text_at(containers[0].value, "name") if len(containers) == 1 else ""
    is_whole = is_object(value) and value.keys() <= _TASK_OVERRIDE_MEMBERS
    if key != "containerOverrides" or block != "ecsProperties" or not name or not is_whole:
        return ()
    if _OVERRIDE_KEYS[block] in submission:
        return ()
    override = {"taskProperties": [{"containers": [{"name": name, **value}]}]}
    return (*removal, {"op": "add", "path": join_pointer(_OVERRIDE_KEYS[block]), "value": override})


@rule("overrides.unknown-container")
def override_names_container(definition: Document, submission: Document) -> Iterator[Problem]:
    """An override must name a container of the definition.

    Source: TaskContainerOverrides and EksContainerOverride, AWS Batch API reference.
    """
    named_overrides = [override for override in overrides(submission) if override.type != "container"]
    if not named_overrides:
        return
    names = {text_at(container.value, "name") for task in tasks(definition) for container in task.containers} - {""}
    choices = sorted(names)
    choices_text = join_words(choices)
    suggestions = SuggestionBudget()
    for override in named_overrides:
        name = text_at(override.value, "name")
        if not name or not names or name in names:
            continue
        suggestion = suggestions.nearest(name, choices)
        here = join_pointer(*override.path, "name")
        hint = f"did you mean {quote(suggestion)}?" if suggestion else f"it has {choices_text}."
        fix = ({"op": "replace", "path": here, "value": suggestion},) if suggestion else ()
        yield Problem(here, f"The job definition has no container {quote(name)}; {hint}", fix=fix)


@rule("overrides.legacy-loses")
def legacy_size_does_not_override(definition: Document, submission: Document) -> Iterator[Problem]:
    """The deprecated vcpus and memory do not override resourceRequirements of the definition.

    Source: “Troubleshooting”, AWS Batch User Guide.
    """
    for override in overrides(submission):
        if override.type != "container":
            continue
        keys = legacy_keys_in_use(override.value)
        types = requirement_types(_overridden_container(definition, submission, override)) if keys else set()
        for key in keys:
            if LEGACY_SIZE_KEYS[key] in types:
                message = (
                    f"The definition sets {LEGACY_SIZE_KEYS[key]} in resourceRequirements, "
                    f"which {key} does not override; use resourceRequirements here too."
                )
                yield Problem(join_pointer(*override.path, key), message, fix=legacy_size_fix(override, (key,)))


@rule("overrides.no-size")
def size_is_given(definition: Document, submission: Document) -> Iterator[Problem]:
    """vCPU and memory must be set in the definition or in the submission.

    Source: the response of AWS Batch: “vCPU is not provided.”
    """
    if not is_object(definition.get("containerProperties")) or is_fargate(definition):
        return
    has_amounts = requested_amounts(submission.get("containerOverrides"))
    effective = apply_overrides(definition, submission) if has_amounts else definition
    missing_names = missing_sizes(effective["containerProperties"])
    if missing_names:
        message = (
            f"Neither the job definition nor this submission sets {join_words(missing_names)}; "
            "add it to containerOverrides.resourceRequirements."
        )
        yield Problem("/containerOverrides" if "containerOverrides" in submission else "", message)


@rule("overrides.fargate-pair")
def effective_fargate_size_is_offered(definition: Document, submission: Document) -> Iterator[Problem]:
    """On Fargate, definition and override together must give one of Fargate's pairs of vCPU and memory.

    Source: the response of AWS Batch: “Fargate resource requirements (1.00 vCPU, 4000 MiB) not valid.”
    """
    override = _container_override(submission)
    if (
        is_fargate(definition)
        and override
        and requested_amounts(override.value)
        and is_object(definition.get("containerProperties"))
    ):
        yield from unsupported_fargate_size(
            requested_amounts(apply_overrides(definition, submission)["containerProperties"]), override
        )


@rule("overrides.fargate-gpu")
def override_has_no_fargate_gpus(definition: Document, submission: Document) -> Iterator[Problem]:
    """Fargate has no GPUs, so an override can't ask for one.

    Source: ResourceRequirement, AWS Batch API reference.
    """
    for override in overrides(submission) if is_fargate(definition) else ():
        for position, entry in enumerate(list_at(override.value, "resourceRequirements")):
            if text_at(entry, "type") == "GPU":
                here = join_pointer(*override.path, "resourceRequirements", position)
                message = "The job definition is for Fargate, which has no GPUs; remove this."
                yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("overrides.fargate-legacy-size")
def fargate_override_has_no_legacy_sizes(definition: Document, submission: Document) -> Iterator[Problem]:
    """Fargate refuses the deprecated vcpus and memory in an override; use resourceRequirements.

    Source: the response of AWS Batch to SubmitJob: “vcpus is not applicable for Fargate. Use resource requirements
    instead.”
    """
    for override in overrides(submission) if is_fargate(definition) else ():
        in_use = legacy_keys_in_use(override.value)
        for key in LEGACY_SIZE_KEYS:
            if key in override.value and key not in in_use:  # overrides.legacy-loses reports those in use
                here = join_pointer(*override.path, key)
                message = f"{key} is not supported on Fargate; remove it: resourceRequirements has the value."
                yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("overrides.whole-vcpus")
def override_has_whole_vcpus(definition: Document, submission: Document) -> Iterator[Problem]:
    """On EC2, an override must ask for whole vCPUs.

    Source: ResourceRequirement, AWS Batch API reference.
    """
    if not is_fargate(definition) and not is_eks(definition):
        for override in overrides(submission):
            yield from fractional_vcpus(override)


@rule("overrides.target-nodes")
def node_override_names_group(definition: Document, submission: Document) -> Iterator[Problem]:
    """A node override must name a group exactly as the definition does.

    Source: NodePropertyOverride, AWS Batch API reference; “NodeOverride targets should match job definition”.
    """
    groups = [text_at(group, "targetNodes") for group in list_at(definition, *NODE_GROUPS_PATH)]
    for position, entry in enumerate(list_at(submission, "nodeOverrides", "nodePropertyOverrides")):
        name = text_at(entry, "targetNodes")
        if groups and name and name not in groups:
            here = join_pointer("nodeOverrides", "nodePropertyOverrides", position, "targetNodes")
            fix = ({"op": "replace", "path": here, "value": groups[0]},) if len(groups) == 1 else ()
            yield Problem(
                here, f"The job definition has no group {quote(name)}; it has {join_words(groups)}.", fix=fix
            )


@rule("overrides.node-count")
def node_count_can_change(definition: Document, submission: Document) -> Iterator[Problem]:
    """A different number of nodes needs an open-ended node range, and must include the main node and every group.

    Source: NodeOverrides, AWS Batch API reference.
    """
    count = object_at(submission, "nodeOverrides").get("numNodes")
    groups = [text_at(group, "targetNodes") for group in list_at(definition, *NODE_GROUPS_PATH)]
    if not is_integer(count) or not groups:
        return
    main = object_at(definition, "nodeProperties").get("mainNode")
    starts = [span.start for group in groups if (span := parse_node_range(group, 0)) is not None]
    here = "/nodeOverrides/numNodes"
    fix = ({"op": "remove", "path": here},)
    if not any(group.endswith(":") for group in groups):
        yield Problem(
            here,
            "You can't change numNodes: no node range of the definition is open-ended (such as 1:). Remove numNodes.",
            fix=fix,
        )
    elif (is_integer(main) and main >= count) or any(start >= count for start in starts):
        yield Problem(
            here, f"With {count} nodes, the main node or a group of the definition would not exist.", fix=fix
        )


@rule("overrides.too-many-tags")
def propagated_tags_within_limit(definition: Document, submission: Document) -> Iterator[Problem]:
    """With propagateTags, definition and job can have at most 50 tags together; the portal adds six of them.

    Source: SubmitJob, AWS Batch API reference: with more than 50 combined tags the job goes to FAILED.
    """
    if submission.get("propagateTags", definition.get("propagateTags")) is not True:
        return
    count, limit = len(user_tag_keys(definition) | user_tag_keys(submission)), MAX_TAGS - MAX_PORTAL_TAGS
    if count > limit and len(user_tag_keys(submission)) <= limit:
        message = (
            f"With propagateTags, definition and job have {count} tags together; the limit is "
            f"{limit}, because AWS Batch accepts {MAX_TAGS} and the portal adds {MAX_PORTAL_TAGS}."
        )
        yield Problem("/tags" if "tags" in submission else "", message)


@rule("overrides.eks-tags")
def eks_override_propagates_no_tags(definition: Document, submission: Document) -> Iterator[Problem]:
    """EKS jobs do not propagate tags.

    Source: SubmitJob, AWS Batch API reference.
    """
    if is_eks(definition) and submission.get("propagateTags") is True:
        message = "EKS jobs do not propagate tags; remove propagateTags."
        yield Problem("/propagateTags", message, fix=({"op": "remove", "path": "/propagateTags"},))


@rule("overrides.too-long", WARNING)
def overrides_within_length_limit(submission: Document, effective: Document) -> Iterator[Problem]:
    """With parameters filled in, command and overrides have up to 8,192 characters, about 512 of them of AWS Batch.

    A longer job is accepted and then fails. Pods have no such limit.
    Source: RunTask, Amazon ECS API reference; reports of jobs that ended with “Container Overrides length must be at
    most 8192”, some of them with 7,680 characters of their own.
    """
    values = object_at(effective, "parameters")
    for task in tasks(effective):
        if task.type == "eks":
            continue
        path, override = _override_of_task(task, effective, submission)
        length = _overrides_length(task, override, values)
        if length > MAX_OVERRIDES_LENGTH - BATCH_VARIABLES_LENGTH:
            message = (
                f"Command and overrides have {length:,} characters with all parameters filled in. Amazon ECS accepts "
                f"{MAX_OVERRIDES_LENGTH:,}, of which AWS Batch needs about {BATCH_VARIABLES_LENGTH}, so the job "
                "would fail. Put long lists into a file, for example in S3."
            )
            place = join_pointer(*path) if override else "/parameters" if "parameters" in submission else ""
            yield Problem(place, message)


def _override_of_task(task: TaskEntry, effective: Document, submission: Document) -> tuple[Path, Document]:
    keys: Path = {
        "container": ("containerOverrides",),
        "ecs": ("ecsPropertiesOverride", "taskProperties", 0),
        "eks": ("eksPropertiesOverride", "podProperties"),
    }[task.type]
    if not task.is_in_node_group:
        return keys, object_at(submission, *keys)
    targets = text_at(effective, *task.path[:3], "targetNodes")
    groups_path: Path = ("nodeOverrides", "nodePropertyOverrides")
    for number, group in enumerate(list_at(submission, *groups_path)):
        if text_at(group, "targetNodes") == targets:
            return (*groups_path, number, *keys), object_at(group, *keys)
    return groups_path, {}


def _overrides_length(task: TaskEntry, override: Document, values: Mapping[str, Any]) -> int:
    if task.type == "container":
        by_name = {"": override}
    else:
        by_name = {text_at(entry, "name"): object_at(entry) for entry in list_at(override, "containers")}
    overrides_of_containers = []
    for container in task.containers:
        name = text_at(container.value, "name")
        own = by_name.get("" if task.type == "container" else name, {})
        variables = list_at(own, "environment")
        if task.type == "container" and not task.is_in_node_group:
            variables = [*variables, {"name": JOB_ID_VARIABLE, "value": "x" * _JOB_ID_LENGTH}]
        overrides_of_containers.append(
            {
                "command": placeholders.replace_placeholders(list_at(container.value, "command"), values),
                "environment": variables,
                "resourceRequirements": list_at(own, "resourceRequirements"),
            }
        )
    return len(_encode(overrides_of_containers))


@rule("overrides.instance-type", WARNING)
def override_instance_type_is_for_nodes(definition: Document, submission: Document) -> Iterator[Problem]:
    """An override's instance type is for multi-node jobs; for others the compute environment decides.

    Source: ContainerOverrides, AWS Batch API reference: it “shouldn't be provided”; no refusal is documented.
    """
    here = "/containerOverrides/instanceType"
    if "containerProperties" in definition and object_at(submission, "containerOverrides").get("instanceType"):
        yield Problem(here, INSTANCE_TYPE_MESSAGE, fix=({"op": "remove", "path": here},))


RULES: tuple[Callable[[Document, Document], Iterator[Problem]], ...] = (
    overrides_match_definition,
    override_names_container,
    legacy_size_does_not_override,
    size_is_given,
    effective_fargate_size_is_offered,
    override_has_no_fargate_gpus,
    fargate_override_has_no_legacy_sizes,
    override_has_whole_vcpus,
    node_override_names_group,
    node_count_can_change,
    propagated_tags_within_limit,
    eks_override_propagates_no_tags,
    override_instance_type_is_for_nodes,
)


def _overridden_container(definition: Document, submission: Document, override: ContainerEntry) -> Document:
    if override.path[0] == "containerOverrides":
        return object_at(definition, "containerProperties")
    target = text_at(value_at(submission, *override.path[:-1]), "targetNodes")
    groups = (group for group in list_at(definition, *NODE_GROUPS_PATH) if text_at(group, "targetNodes") == target)
    return object_at(next(groups, None), "container")


def _container_override(submission: Document) -> ContainerEntry | None:
    override: Any = submission.get("containerOverrides")
    return ContainerEntry("container", ("containerOverrides",), override) if is_object(override) else None
