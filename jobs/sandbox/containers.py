"""AWS's rules for the property blocks of a job definition."""

from collections.abc import Iterator

from jobs.sandbox.context import Document
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.validation import (
    check_environment,
    check_requirements,
    check_sizes,
    check_sizes_present,
    resource_requirements,
)

BLOCKS = ("containerProperties", "ecsProperties", "eksProperties", "nodeProperties")
EC2_ONLY = ("ulimits", "instanceType")
EC2_ONLY_LINUX = ("devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness")
FARGATE_ONLY = ("networkConfiguration", "fargatePlatformConfiguration", "ephemeralStorage", "runtimePlatform")
FARGATE_LOG_DRIVERS = {"awslogs", "splunk", "awsfirelens"}


def is_fargate(definition: Document) -> bool:
    return "FARGATE" in definition.get("platformCapabilities", ())


def check_blocks(definition: Document) -> None:
    """Check that there is exactly one property block, of the kind that type and platform allow."""
    blocks = [block for block in BLOCKS if definition.get(block) is not None]
    is_multinode = definition["type"] == "multinode"
    if len(blocks) != 1:
        raise BatchClientError(f"Exactly one of {', '.join(BLOCKS)} must be provided, not {len(blocks)}")
    if is_multinode != (blocks == ["nodeProperties"]):
        raise BatchClientError(f"{blocks[0]} is not applicable for type {definition['type']}")
    if is_multinode and is_fargate(definition):
        raise BatchClientError("Multi-node parallel jobs are not supported on Fargate")
    if blocks == ["eksProperties"] and definition.get("platformCapabilities"):
        raise BatchClientError("platformCapabilities is not applicable for EKS jobs")
    if len(definition.get("platformCapabilities", ())) > 1:
        raise BatchClientError("platformCapabilities can have only one value")


def check_containers(definition: Document) -> None:
    """Check each container of the definition."""
    fargate = is_fargate(definition)
    if (single := definition.get("containerProperties")) is not None:
        _check_single(single, fargate=fargate)
    if (task := definition.get("ecsProperties")) is not None:
        _check_task(task, fargate=fargate)
    if (nodes := definition.get("nodeProperties")) is not None:
        _check_nodes(nodes)


def _check_single(container: Document, *, fargate: bool) -> None:
    _check_container(container, fargate=fargate)
    if fargate:
        _check_on_fargate(container)
        check_sizes_present(resource_requirements(container))
    else:
        for field in FARGATE_ONLY:
            if container.get(field) is not None:
                raise BatchClientError(f"{field} not applicable for EC2.")


def _check_container(container: Document, *, fargate: bool) -> None:
    image = container.get("image")
    if not image:
        raise BatchClientError("Container.image should not be null or empty")
    if len(image) > 255:
        raise BatchClientError("Container.image must have at most 255 characters")
    check_environment(container.get("environment", ()))
    check_requirements(container)
    check_sizes(resource_requirements(container), fargate=fargate)


def _check_on_fargate(container: Document) -> None:
    if not container.get("executionRoleArn"):
        raise BatchClientError("EXECUTION_ROLE_ARN is required for Fargate jobs: executionRoleArn must be provided")
    for field in ("vcpus", "memory"):
        if container.get(field) is not None:
            raise BatchClientError(f"{field} is not applicable for Fargate; use resourceRequirements")
    if container.get("privileged"):
        raise BatchClientError("privileged is not applicable for Fargate.")
    linux = container.get("linuxParameters") or {}
    for field in _non_empty_fields(container, EC2_ONLY) or _non_empty_fields(linux, EC2_ONLY_LINUX):
        raise BatchClientError(f"{field} is not applicable for Fargate.")
    if any("host" in volume for volume in container.get("volumes", ())):
        raise BatchClientError("Host volumes are not applicable for Fargate.")
    storage = (container.get("ephemeralStorage") or {}).get("sizeInGiB", 21)
    if not 21 <= storage <= 200:
        raise BatchClientError("ephemeralStorage sizeInGiB must be between 21 and 200")
    driver = (container.get("logConfiguration") or {}).get("logDriver", "awslogs")
    if driver not in FARGATE_LOG_DRIVERS:
        raise BatchClientError(f"Log driver {driver} is not supported for Fargate.")


def _non_empty_fields(block: Document, fields: tuple[str, ...]) -> list[str]:
    return [field for field in fields if block.get(field)]


def _check_task(properties: Document, *, fargate: bool) -> None:
    tasks = properties.get("taskProperties", ())
    if len(tasks) != 1:
        raise BatchClientError("ecsProperties must have exactly one element in taskProperties")
    containers = tasks[0].get("containers", ())
    if not 1 <= len(containers) <= 10:
        raise BatchClientError("taskProperties must have 1 to 10 containers")
    if not any(container.get("essential", True) for container in containers):
        raise BatchClientError("At least one container must be essential")
    if fargate and not tasks[0].get("executionRoleArn"):
        raise BatchClientError("executionRoleArn must be provided for Fargate jobs")
    for container in containers:
        # On Fargate the sizes of the whole task must be a valid pair, checked at submission; a container may have any
        # size.
        _check_container(container, fargate=False)


def _check_nodes(nodes: Document) -> None:
    if not 0 <= nodes["mainNode"] < nodes["numNodes"]:
        raise BatchClientError("mainNode must be one of the nodes")
    if len(nodes["nodeRangeProperties"]) > 5:
        raise BatchClientError("nodeRangeProperties can have at most 5 groups")
    for group in nodes["nodeRangeProperties"]:
        if (container := group.get("container")) is not None:
            _check_container(container, fargate=False)


def runnable_containers(definition: Document) -> Iterator[Document]:
    """Yield the containers that the sandbox can run as processes."""
    if (single := definition.get("containerProperties")) is not None:
        yield single
    for task in (definition.get("ecsProperties") or {}).get("taskProperties", ()):
        shared = {
            target: task[source]
            for source, target in (("taskRoleArn", "jobRoleArn"), ("executionRoleArn", "executionRoleArn"))
            if source in task
        }
        for container in task["containers"]:
            yield {**container, **shared}
