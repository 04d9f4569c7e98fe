"""Rules of a submission's overrides against its definition."""

from collections.abc import Callable, Iterator
from typing import Any

from jobs.spec.containers import Container, is_eks, is_fargate, overrides, tasks
from jobs.spec.documents import Document, is_object, is_whole_number, list_at, object_at, text_at, value_at
from jobs.spec.problems import Problem, join, listed, quoted
from jobs.spec.rules.multinode_ecs_eks import GROUPS, node_range
from jobs.spec.rules.platform import fractional_vcpus, misfit
from jobs.spec.rules.registry import rule
from jobs.spec.rules.reserved_names import MOST_TAGS, PORTAL_TAG_COUNT, own_tags
from jobs.spec.rules.sizes import LEGACY, asked, legacy_alone, missing, modernised, requirement_types
from jobs.spec.suggestions import Guesses

_OVERRIDE_KEYS = {
    "containerProperties": "containerOverrides",
    "ecsProperties": "ecsPropertiesOverride",
    "eksProperties": "eksPropertiesOverride",
    "nodeProperties": "nodeOverrides",
}


def laid_over(definition: Document, submission: Document) -> Document:
    """Return the definition with the submission's commands, variables, sizes and parameters applied.

    For comparing and showing only: the result shares parts with both documents.
    """
    result = {
        **definition,
        "parameters": {**object_at(definition, "parameters"), **object_at(submission, "parameters")},
    }
    override = object_at(submission, "containerOverrides")
    if is_object(definition.get("containerProperties")) and override:
        result["containerProperties"] = _merge_container(definition["containerProperties"], override)
    task = object_at(definition, "ecsProperties", "taskProperties", 0)
    if task:
        inner = list_at(submission, "ecsPropertiesOverride", "taskProperties", 0, "containers")
        by_name = {text_at(entry, "name"): entry for entry in inner}
        containers = [
            _merge_container(entry, object_at(by_name.get(text_at(entry, "name")))) if is_object(entry) else entry
            for entry in list_at(task, "containers")
        ]
        result["ecsProperties"] = {"taskProperties": [{**task, "containers": containers}]}
    return result


def _merge_container(base: Document, override: Document) -> Document:
    replaced: Document = {key: override[key] for key in ("command", "instanceType") if key in override}
    result: Document = {**base, **replaced}
    if list_at(override, "environment"):
        own = {text_at(entry, "name") for entry in list_at(override, "environment")}
        other_variables = [entry for entry in list_at(base, "environment") if text_at(entry, "name") not in own]
        result["environment"] = [*other_variables, *override["environment"]]
    sizes = asked(base) | asked(override)
    if asked(override):
        for key in LEGACY:
            result.pop(key, None)
        result["resourceRequirements"] = [{"type": kind, "value": value} for kind, value in sizes.items()]
    return result


@rule("overrides.other-sort")
def overrides_fit_the_definition(definition: Document, submission: Document) -> Iterator[Problem]:
    """The overrides are of the same sort as the definition: containers, an ECS task, a pod or nodes.

    Source: SubmitJob, AWS Batch API reference.
    """
    block = next((key for key in _OVERRIDE_KEYS if key in definition), None)
    if block is None:
        return
    for key in _OVERRIDE_KEYS.values():
        if key in submission and key != _OVERRIDE_KEYS[block]:
            message = f"{key} does not fit the job definition, which has {block}; use {_OVERRIDE_KEYS[block]}."
            yield Problem(join(key), message, fix=({"op": "remove", "path": join(key)},))


@rule("overrides.unknown-container")
def overrides_name_containers(definition: Document, submission: Document) -> Iterator[Problem]:
    """An override names a container that the definition has.

    Source: TaskContainerOverrides and EksContainerOverride, AWS Batch API reference.
    """
    names = {text_at(container.value, "name") for task in tasks(definition) for container in task.containers} - {""}
    choices = sorted(names)
    choices_text = listed(choices)
    suggestions = Guesses()
    for override in overrides(submission):
        name = text_at(override.value, "name")
        if override.sort == "container" or not name or not names or name in names:
            continue
        suggestion = suggestions.nearest(name, choices)
        here = join(*override.path, "name")
        hint = f"did you mean {quoted(suggestion)}?" if suggestion else f"it has {choices_text}."
        fix = ({"op": "replace", "path": here, "value": suggestion},) if suggestion else ()
        yield Problem(here, f"The job definition has no container {quoted(name)}; {hint}", fix=fix)


@rule("overrides.legacy-loses")
def legacy_does_not_win(definition: Document, submission: Document) -> Iterator[Problem]:
    """An override by the old vcpus or memory does not win over resourceRequirements of the definition.

    Source: “Troubleshooting”, AWS Batch User Guide.
    """
    for override in overrides(submission):
        if override.sort != "container":
            continue
        types = requirement_types(_overridden_container(definition, submission, override))
        for key in legacy_alone(override.value):
            if LEGACY[key] in types:
                message = (
                    f"The definition names {LEGACY[key]} in resourceRequirements, "
                    f"over which {key} does not win; say it in resourceRequirements too."
                )
                yield Problem(join(*override.path, key), message, fix=modernised(override, (key,)))


@rule("overrides.no-size")
def something_names_the_size(definition: Document, submission: Document) -> Iterator[Problem]:
    """vCPU and memory are named by the definition or by the submission.

    Source: the answer of AWS Batch: “vCPU is not provided.”
    """
    if not is_object(definition.get("containerProperties")) or is_fargate(definition):
        return
    missing_names = missing(laid_over(definition, submission)["containerProperties"])
    if missing_names:
        message = (
            f"Neither the job definition nor this submission names {listed(missing_names)}; "
            "give it in containerOverrides.resourceRequirements."
        )
        yield Problem("/containerOverrides" if "containerOverrides" in submission else "", message)


@rule("overrides.fargate-pair")
def fargate_pairs(definition: Document, submission: Document) -> Iterator[Problem]:
    """On Fargate, what definition and override ask for together is one of Fargate's pairs of vCPU and memory.

    Source: the answer of AWS Batch: “Fargate resource requirements (1.00 vCPU, 4000 MiB) not valid.”
    """
    override = _container_override(submission)
    if (
        is_fargate(definition)
        and override
        and asked(override.value)
        and is_object(definition.get("containerProperties"))
    ):
        yield from misfit(asked(laid_over(definition, submission)["containerProperties"]), override)


@rule("overrides.fargate-gpu")
def fargate_has_no_gpus(definition: Document, submission: Document) -> Iterator[Problem]:
    """Fargate has no GPUs, and an override gives it none.

    Source: ResourceRequirement, AWS Batch API reference.
    """
    for override in overrides(submission) if is_fargate(definition) else ():
        for position, entry in enumerate(list_at(override.value, "resourceRequirements")):
            if text_at(entry, "type") == "GPU":
                here = join(*override.path, "resourceRequirements", position)
                message = "The job definition is for Fargate, which has no GPUs; take this away."
                yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("overrides.whole-vcpus")
def ec2_has_whole_vcpus(definition: Document, submission: Document) -> Iterator[Problem]:
    """On EC2 an override asks for whole vCPUs.

    Source: ResourceRequirement, AWS Batch API reference.
    """
    if not is_fargate(definition) and not is_eks(definition):
        for override in overrides(submission):
            yield from fractional_vcpus(override)


@rule("overrides.target-nodes")
def targets_are_groups(definition: Document, submission: Document) -> Iterator[Problem]:
    """An override of nodes names a group exactly as the definition does.

    Source: NodePropertyOverride, AWS Batch API reference; “NodeOverride targets should match job definition”.
    """
    groups = [text_at(group, "targetNodes") for group in list_at(definition, *GROUPS)]
    for position, entry in enumerate(list_at(submission, "nodeOverrides", "nodePropertyOverrides")):
        name = text_at(entry, "targetNodes")
        if groups and name and name not in groups:
            here = join("nodeOverrides", "nodePropertyOverrides", position, "targetNodes")
            fix = ({"op": "replace", "path": here, "value": groups[0]},) if len(groups) == 1 else ()
            yield Problem(here, f"The job definition has no group {quoted(name)}; it has {listed(groups)}.", fix=fix)


@rule("overrides.node-count")
def count_of_nodes_is_open(definition: Document, submission: Document) -> Iterator[Problem]:
    """Another number of nodes needs a group with an open end, a main node among them, and no group beyond them.

    Source: NodeOverrides, AWS Batch API reference.
    """
    count = object_at(submission, "nodeOverrides").get("numNodes")
    groups = [text_at(group, "targetNodes") for group in list_at(definition, *GROUPS)]
    if not is_whole_number(count) or not groups:
        return
    main = object_at(definition, "nodeProperties").get("mainNode")
    starts = [span.start for group in groups if (span := node_range(group, 0)) is not None]
    here = "/nodeOverrides/numNodes"
    fix = ({"op": "remove", "path": here},)
    if not any(group.endswith(":") for group in groups):
        yield Problem(
            here, "No group of the job definition has an open end, so its number of nodes is fixed.", fix=fix
        )
    elif (is_whole_number(main) and main >= count) or any(start >= count for start in starts):
        yield Problem(
            here, f"With {count} nodes, the main node or a group of the definition would not exist.", fix=fix
        )


@rule("overrides.too-many-tags")
def propagated_tags_fit(definition: Document, submission: Document) -> Iterator[Problem]:
    """With propagateTags, tags of definition and job together are 50 at most, or the job fails; the portal adds six.

    Source: SubmitJob, AWS Batch API reference: with more than 50 combined tags the job goes to FAILED.
    """
    if submission.get("propagateTags", definition.get("propagateTags")) is not True:
        return
    count, limit = len(own_tags(definition) | own_tags(submission)), MOST_TAGS - PORTAL_TAG_COUNT
    if count > limit and len(own_tags(submission)) <= limit:
        message = (
            f"With propagateTags, the tags of definition and job count together: {count}, and {limit} are the most, "
            f"because AWS Batch takes {MOST_TAGS} and the portal adds {PORTAL_TAG_COUNT}."
        )
        yield Problem("/tags" if "tags" in submission else "", message)


@rule("overrides.eks-tags")
def eks_propagates_no_tags(definition: Document, submission: Document) -> Iterator[Problem]:
    """Tags are not propagated for jobs on EKS.

    Source: SubmitJob, AWS Batch API reference.
    """
    if is_eks(definition) and submission.get("propagateTags") is True:
        message = "Tags are not propagated for jobs on EKS; take propagateTags away."
        yield Problem("/propagateTags", message, fix=({"op": "remove", "path": "/propagateTags"},))


@rule("overrides.instance-type")
def instance_type_is_for_nodes(definition: Document, submission: Document) -> Iterator[Problem]:
    """An override names an instance type for multi-node jobs only.

    Source: ContainerOverrides, AWS Batch API reference.
    """
    here = "/containerOverrides/instanceType"
    if "containerProperties" in definition and object_at(submission, "containerOverrides").get("instanceType"):
        message = "instanceType is for multi-node jobs; the compute environment of the queue decides."
        yield Problem(here, message, fix=({"op": "remove", "path": here},))


RULES: tuple[Callable[[Document, Document], Iterator[Problem]], ...] = (
    overrides_fit_the_definition,
    overrides_name_containers,
    legacy_does_not_win,
    something_names_the_size,
    fargate_pairs,
    fargate_has_no_gpus,
    ec2_has_whole_vcpus,
    targets_are_groups,
    count_of_nodes_is_open,
    propagated_tags_fit,
    eks_propagates_no_tags,
    instance_type_is_for_nodes,
)


def _overridden_container(definition: Document, submission: Document, override: Container) -> Document:
    """Return the definition's container that an override applies to, or {}."""
    if override.path[0] == "containerOverrides":
        return object_at(definition, "containerProperties")
    target = text_at(value_at(submission, *override.path[:-1]), "targetNodes")
    groups = (group for group in list_at(definition, *GROUPS) if text_at(group, "targetNodes") == target)
    return object_at(next(groups, None), "container")


def _container_override(submission: Document) -> Container | None:
    override: Any = submission.get("containerOverrides")
    return Container("container", ("containerOverrides",), override) if is_object(override) else None
