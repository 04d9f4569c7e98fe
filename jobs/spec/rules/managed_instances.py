"""Rules of Amazon ECS Managed Instances."""

from collections.abc import Iterator

from jobs.spec.containers import TaskEntry, is_eks, is_managed_instances, tasks
from jobs.spec.documents import Document, is_object, text_at
from jobs.spec.problems import Fix, Problem, join_pointer
from jobs.spec.rules.registry import rule

_FARGATE_KEYS = ("networkConfiguration", "platformVersion")

_TASK_MEMBERS = {
    "jobRoleArn": "taskRoleArn", "executionRoleArn": "executionRoleArn", "volumes": "volumes",
    "runtimePlatform": "runtimePlatform", "enableExecuteCommand": "enableExecuteCommand",
    "ephemeralStorage": "ephemeralStorage",
}  # fmt: skip
"""Members of containerProperties, and their names in a task."""

_CONTAINER_MEMBERS = {
    "image", "command", "environment", "mountPoints", "readonlyRootFilesystem", "privileged", "ulimits", "user",
    "resourceRequirements", "linuxParameters", "logConfiguration", "secrets", "repositoryCredentials",
}  # fmt: skip
"""Members that a container of a task has too."""


@rule("managed-instances.properties")
def managed_instances_run_ecs_tasks(document: Document) -> Iterator[Problem]:
    """Jobs on Amazon ECS Managed Instances have ecsProperties, and are not multi-node.

    Source: RegisterJobDefinition, AWS Batch API reference: they “must use ecsProperties (not containerProperties) and
    do not support multi-node parallel jobs”.
    """
    if not is_managed_instances(document):
        return
    if "containerProperties" in document:
        message = "Jobs on MANAGED_INSTANCES must have ecsProperties instead of containerProperties."
        yield Problem("/containerProperties", message, fix=_ecs_properties_fix(document))
    if "nodeProperties" in document:
        message = "MANAGED_INSTANCES doesn't run multi-node jobs; use EC2 in platformCapabilities."
        yield Problem("/nodeProperties", message)


@rule("managed-instances.not-applicable")
def managed_instances_have_no_fargate_settings(document: Document) -> Iterator[Problem]:
    """Jobs on Amazon ECS Managed Instances run on Linux, without networkConfiguration and platformVersion.

    Source: EcsTaskProperties, AWS Batch API reference.
    """
    for task in _ecs_tasks(document) if is_managed_instances(document) else ():
        for key in _FARGATE_KEYS:
            if task.value.get(key):
                here = join_pointer(*task.path, key)
                message = f"{key} is not supported on MANAGED_INSTANCES; remove it."
                yield Problem(here, message, fix=({"op": "remove", "path": here},))
        system = text_at(task.value, "runtimePlatform", "operatingSystemFamily")
        if system.upper().startswith("WINDOWS"):
            here = join_pointer(*task.path, "runtimePlatform", "operatingSystemFamily")
            yield Problem(here, "MANAGED_INSTANCES runs only LINUX containers.")


@rule("ecs.network-mode")
def network_mode_is_for_managed_instances(document: Document) -> Iterator[Problem]:
    """A task has a networkMode only on Amazon ECS Managed Instances.

    Source: EcsTaskProperties, AWS Batch API reference: “It cannot be specified for Fargate or Amazon EC2 platform job
    definitions.”
    """
    for task in () if is_managed_instances(document) or is_eks(document) else _ecs_tasks(document):
        if task.value.get("networkMode"):
            here = join_pointer(*task.path, "networkMode")
            message = "networkMode is supported only on MANAGED_INSTANCES; remove it."
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


RULES = (
    managed_instances_run_ecs_tasks,
    managed_instances_have_no_fargate_settings,
    network_mode_is_for_managed_instances,
)


def _ecs_properties_fix(document: Document) -> Fix:
    properties = document["containerProperties"]
    if "ecsProperties" in document or not is_object(properties):
        return ()
    if not properties.keys() <= _CONTAINER_MEMBERS | _TASK_MEMBERS.keys():
        return ()
    container = {key: value for key, value in properties.items() if key in _CONTAINER_MEMBERS}
    task = {_TASK_MEMBERS[key]: value for key, value in properties.items() if key in _TASK_MEMBERS}
    ecs_properties = {"taskProperties": [{"containers": [container], **task}]}
    return (
        {"op": "remove", "path": "/containerProperties"},
        {"op": "add", "path": "/ecsProperties", "value": ecs_properties},
    )


def _ecs_tasks(document: Document) -> Iterator[TaskEntry]:
    return (task for task in tasks(document) if task.type == "ecs")
