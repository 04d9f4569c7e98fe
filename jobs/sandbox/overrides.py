"""The parts of a job that run: a definition with all overrides and parameters."""

from collections.abc import Callable
from typing import Any

from jobs.sandbox.containers import check_image, is_fargate
from jobs.sandbox.context import Document, drop_none
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.images import substitute_parameters
from jobs.sandbox.nodes import check_node_count, check_nodes
from jobs.sandbox.pods import CONTAINER_FIELDS, check_metadata, check_pod, check_pod_container, container_name
from jobs.sandbox.start_failures import start_failure
from jobs.sandbox.validation import (
    LEGACY_SIZE_FIELDS,
    check_environment,
    check_requirements,
    check_sizes,
    check_sizes_present,
    lower_case_actions,
    resource_requirements,
)

# Of a definition or a node range: its block, and the member of the submission or node override that changes it.
OVERRIDES = {
    "containerProperties": "containerOverrides",
    "container": "containerOverrides",
    "ecsProperties": "ecsPropertiesOverride",
    "eksProperties": "eksPropertiesOverride",
    "nodeProperties": "nodeOverrides",
}
# The block as DescribeJobs names it.
DESCRIBED_BLOCKS = {"containerProperties": "container"}
# The first failure to start that a job will meet. It is not a part of any answer.
START_FAILURE = "startFailure"


def effective_spec(definition: Document, params: Document) -> Document:
    parameters = definition["parameters"] | params.get("parameters", {})
    block = next(name for name in OVERRIDES if name in definition)
    _check_overrides(block, params, "this job definition")
    properties, override = definition[block], params.get(OVERRIDES[block]) or {}
    if block == "nodeProperties":
        if params.get("arrayProperties"):
            raise BatchClientError("arrayProperties is not applicable for multi-node parallel jobs")
        effective = _effective_nodes(properties, override, parameters)
    else:
        effective = _EFFECTIVE[block](properties, override, parameters, fargate=is_fargate(definition))
    blocks = {DESCRIBED_BLOCKS.get(block, block): effective}
    return blocks | drop_none(
        {
            START_FAILURE: start_failure(definition, blocks),
            "parameters": parameters,
            "dependsOn": params.get("dependsOn", []),
            "retryStrategy": lower_case_actions(params.get("retryStrategy") or definition.get("retryStrategy")),
            "timeout": params.get("timeout") or definition.get("timeout"),
            "propagateTags": params.get("propagateTags", definition.get("propagateTags", False)),
            "platformCapabilities": definition.get("platformCapabilities", []),
            "shareIdentifier": params.get("shareIdentifier"),
            "schedulingPriority": params.get("schedulingPriorityOverride", definition.get("schedulingPriority")),
        }
    )


def _check_overrides(block: str, params: Document, label: str) -> None:
    for field in set(OVERRIDES.values()) - {OVERRIDES[block]}:
        if params.get(field):
            raise BatchClientError(f"{field} is not applicable for {label}")


def _effective_container(container: Document, override: Document, parameters: Any, *, fargate: bool) -> Document:
    merged = apply_overrides(container, override, fargate=fargate)
    check_sizes_present(resource_requirements(merged))
    return merged | {"command": substitute_parameters(merged["command"], parameters)}


def _effective_task(properties: Document, override: Document, parameters: Any, *, fargate: bool) -> Document:
    overrides = {
        container.get("name"): container
        for task in override.get("taskProperties", ())
        for container in task.get("containers", ())
    }
    (task,) = properties["taskProperties"]
    containers = [
        _effective_container(container, overrides.get(container.get("name"), {}), parameters, fargate=False)
        for container in task["containers"]
    ]
    if fargate:
        check_sizes(_sum_sizes(containers), fargate=True)
    return {"taskProperties": [{**task, "containers": containers}]}


def _effective_pod(properties: Document, override: Document, parameters: Any, *, fargate: bool) -> Document:  # noqa: ARG001 - pods take no parameters
    pod, changes = properties["podProperties"], override.get("podProperties") or {}
    result: Document = dict(pod)
    for field in CONTAINER_FIELDS:
        containers = pod[field]
        overrides = changes.get(field) or []
        by_name = {
            change.get("name") or (container_name(containers[0]) if len(containers) == 1 else ""): change
            for change in overrides
        }
        if unknown := by_name.keys() - {container_name(container) for container in containers}:
            raise BatchClientError(f"Container '{min(unknown)}' of the override is not in the job definition")
        result[field] = [
            _override_pod_container(container, by_name.get(container_name(container), {})) for container in containers
        ]
    if metadata := changes.get("metadata"):
        check_metadata(metadata)
        current = pod.get("metadata") or {}
        merged = {
            field: (current.get(field) or {}) | (metadata.get(field) or {}) for field in ("labels", "annotations")
        }
        result["metadata"] = {**current, **metadata, **merged}
    effective = {"podProperties": result}
    check_pod(effective)
    return effective


def _override_pod_container(container: Document, override: Document) -> Document:
    check_pod_container(override)
    if "image" in override:
        check_image(override["image"])
    result = {**container, "name": container_name(container)}
    result |= {field: override[field] for field in ("image", "command", "args") if override.get(field)}
    result["env"] = _merge_variables(container.get("env", ()), override.get("env", ()))
    if resources := override.get("resources"):
        current = container.get("resources") or {}
        result["resources"] = {
            field: (current.get(field) or {}) | (resources.get(field) or {})
            for field in ("limits", "requests")
            if current.get(field) or resources.get(field)
        }
    return result


def _effective_nodes(nodes: Document, override: Document, parameters: Any) -> Document:
    result = dict(nodes)
    if (count := override.get("numNodes")) is not None:
        check_node_count(nodes, count)
        result["numNodes"] = count
    changes = {change["targetNodes"]: change for change in override.get("nodePropertyOverrides", ())}
    # https://github.com/aws/aws-parallelcluster/issues/964
    if changes.keys() - {group["targetNodes"] for group in nodes["nodeRangeProperties"]}:
        raise BatchClientError("NodeOverride targets should match job definition")
    result["nodeRangeProperties"] = [
        _effective_group(group, changes.get(group["targetNodes"], {}), parameters)
        for group in nodes["nodeRangeProperties"]
    ]
    check_nodes(result)
    return result


def _effective_group(group: Document, change: Document, parameters: Any) -> Document:
    block = next(name for name in OVERRIDES if name in group)
    _check_overrides(block, change, f"the node range {group['targetNodes']}")
    override = change.get(OVERRIDES[block]) or {}
    result = {**group, block: _EFFECTIVE[block](group[block], override, parameters, fargate=False)}
    if change.get("instanceTypes"):
        result["instanceTypes"] = change["instanceTypes"]
    return result


def _effective_node(container: Document, override: Document, parameters: Any, *, fargate: bool) -> Document:
    merged = apply_overrides(container, override, fargate=fargate)
    return merged | {"command": substitute_parameters(merged["command"], parameters)}


_EFFECTIVE: dict[str, Callable[..., Document]] = {
    "containerProperties": _effective_container,
    "container": _effective_node,
    "ecsProperties": _effective_task,
    "eksProperties": _effective_pod,
}


def _sum_sizes(containers: list[Document]) -> dict[str, str]:
    vcpus = sum(float(resource_requirements(container)["VCPU"]) for container in containers)
    memory = sum(int(resource_requirements(container)["MEMORY"]) for container in containers)
    return {"VCPU": str(vcpus), "MEMORY": str(memory)}


def apply_overrides(container: Document, override: Document, *, fargate: bool) -> Document:
    """Override the command as a whole, variables by name, sizes by type."""
    check_environment(override.get("environment", ()))
    check_requirements(override, fargate=fargate)
    result = dict(container)
    if command := override.get("command"):
        if "" in command:
            raise BatchClientError("containerOverrides command must not contain empty strings")
        result["command"] = command
    result["environment"] = _merge_variables(container.get("environment", ()), override.get("environment", ()))
    result |= _override_sizes(container, override)
    check_sizes(resource_requirements(result), fargate=fargate)
    return result


def _merge_variables(current: Any, override: Any) -> list[Document]:
    variables = {entry["name"]: entry for entry in [*current, *override]}
    return list(variables.values())


def _override_sizes(container: Document, override: Document) -> Document:
    entries = {entry["type"]: entry for entry in container.get("resourceRequirements", ())}
    own_kinds = {entry["type"] for entry in override.get("resourceRequirements", ())}
    sizes: Document = {}
    for kind, legacy_field in LEGACY_SIZE_FIELDS.items():
        if override.get(legacy_field) is not None and kind not in own_kinds:
            if kind in entries:
                raise BatchClientError(
                    f"containerOverrides.{legacy_field} is a deprecated key that cannot override the {kind} in the "
                    "resourceRequirements of the job definition"
                )
            sizes[legacy_field] = override[legacy_field]
    for entry in override.get("resourceRequirements", ()):
        entries[entry["type"]] = entry
        if entry["type"] in LEGACY_SIZE_FIELDS:
            sizes[LEGACY_SIZE_FIELDS[entry["type"]]] = None
    return sizes | {"resourceRequirements": list(entries.values())}
