"""Rules of Fargate and EC2."""

from collections.abc import Iterator

from jobs.spec.containers import (
    ContainerEntry,
    TaskEntry,
    is_eks,
    is_fargate,
    is_managed_instances,
    is_multinode,
    tasks,
)
from jobs.spec.documents import Document, is_integer, list_at, object_at, text_at, value_at
from jobs.spec.fargate import FARGATE_MEMORY, LARGEST_FARGATE_SIZE, next_fargate_size
from jobs.spec.problems import Problem, join_pointer, join_words, quote
from jobs.spec.rules.registry import WARNING, rule
from jobs.spec.rules.sizes import (
    LEGACY_SIZE_KEYS,
    legacy_keys_in_use,
    legacy_size_fix,
    parse_amount,
    requested_amounts,
)

MAX_FARGATE_CONTAINER_TIMEOUT = 120  # seconds; TaskContainerProperties, API reference

_ONLY_EC2 = ("ulimits", "instanceType")
_ONLY_EC2_LINUX = ("devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness")
_ONLY_FARGATE: dict[str, tuple[str, ...]] = {
    "container": ("networkConfiguration", "fargatePlatformConfiguration", "ephemeralStorage", "runtimePlatform"),
    "ecs": ("networkConfiguration", "platformVersion"),
}
ONLY_EC2_POINTERS = tuple(
    join_pointer("containerProperties", *path)
    for path in (
        ("privileged",),
        *((key,) for key in _ONLY_EC2),
        *(("linuxParameters", key) for key in _ONLY_EC2_LINUX),
    )
)
"""The places in a definition of one container that Fargate refuses."""
ONLY_FARGATE_POINTERS = tuple(join_pointer("containerProperties", key) for key in _ONLY_FARGATE["container"])
_EC2_LOG_DRIVERS = ("json-file", "syslog", "journald", "gelf", "fluentd")
_FARGATE_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
INSTANCE_TYPE_MESSAGE = (
    "instanceType works only for multi-node jobs. Remove it: the queue's compute environment selects the instance "
    "type."
)


@rule("fargate.multinode")
def no_nodes_on_fargate(document: Document) -> Iterator[Problem]:
    """Multi-node jobs do not run on Fargate.

    Source: “Multi-node parallel jobs”, AWS Batch User Guide.
    """
    if is_fargate(document) and is_multinode(document):
        message = "Multi-node jobs do not run on Fargate; remove platformCapabilities."
        yield Problem("/platformCapabilities", message, fix=({"op": "remove", "path": "/platformCapabilities"},))


@rule("platform.one", WARNING)
def one_platform(document: Document) -> Iterator[Problem]:
    """A definition is for EC2 or for Fargate; each refuses the fields of the other.

    Source: RegisterJobDefinition and ContainerProperties, AWS Batch API reference.
    """
    platforms = list_at(document, "platformCapabilities")
    if len(platforms) > 1:
        yield Problem("/platformCapabilities", "platformCapabilities names several platforms; keep one of them.")


@rule("fargate.execution-role")
def fargate_has_execution_role(document: Document) -> Iterator[Problem]:
    """A Fargate job needs an execution role, which AWS uses to pull the image and write the log.

    Source: “Job definitions on Fargate”, AWS Batch User Guide.
    """
    for task in _fargate_tasks(document):
        if not text_at(task.value, "executionRoleArn"):
            yield Problem(join_pointer(*task.path), "A Fargate job needs an executionRoleArn; enter the role here.")


@rule("fargate.legacy-size")
def fargate_has_no_legacy_sizes(document: Document) -> Iterator[Problem]:
    """Fargate refuses the deprecated vcpus and memory; use resourceRequirements.

    Source: ContainerProperties, AWS Batch API reference.
    """
    for task in _fargate_tasks(document):
        for container in task.containers:
            in_use = legacy_keys_in_use(container.value)
            for key in LEGACY_SIZE_KEYS:
                if key not in container.value:
                    continue
                here = join_pointer(*container.path, key)
                message = f"{key} is not supported on Fargate; use resourceRequirements."
                fix = legacy_size_fix(container, (key,)) if key in in_use else ({"op": "remove", "path": here},)
                yield Problem(here, message, fix=fix)


@rule("fargate.gpu")
def fargate_has_no_gpus(document: Document) -> Iterator[Problem]:
    """Fargate has no GPUs.

    Source: ResourceRequirement, AWS Batch API reference.
    """
    for task in _fargate_tasks(document):
        for container in task.containers:
            for position, entry in enumerate(list_at(container.value, "resourceRequirements")):
                if text_at(entry, "type") == "GPU":
                    here = join_pointer(*container.path, "resourceRequirements", position)
                    message = "Fargate has no GPUs; remove this, or run the job on EC2."
                    yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("fargate.not-applicable")
def fargate_has_no_ec2_fields(document: Document) -> Iterator[Problem]:
    """Fargate does not support privileged containers, ulimits, host volumes, instance types, devices, tmpfs or swap.

    Source: “Job definitions on Fargate”, AWS Batch User Guide; LinuxParameters, AWS Batch API reference.
    """
    for task in _fargate_tasks(document):
        for container in task.containers:
            value, path = container.value, container.path
            if value.get("privileged") is True:
                yield _unsupported_on_fargate("privileged", (*path, "privileged"))
            for key in _ONLY_EC2:
                if value.get(key):
                    yield _unsupported_on_fargate(key, (*path, key))
            for key in _ONLY_EC2_LINUX:
                if object_at(value, "linuxParameters").get(key) not in (None, []):
                    yield _unsupported_on_fargate(key, (*path, "linuxParameters", key))
        for position, volume in enumerate(list_at(task.value, "volumes")):
            if "host" in object_at(volume):
                yield _unsupported_on_fargate("A host volume", (*task.path, "volumes", position, "host"))


def _unsupported_on_fargate(what: str, path: tuple[str | int, ...]) -> Problem:
    here = join_pointer(*path)
    message = f"{what} is not supported on Fargate; remove it, or run the job on EC2."
    return Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("fargate.log-driver")
def fargate_log_drivers(document: Document) -> Iterator[Problem]:
    """Fargate supports the log drivers awslogs, splunk and awsfirelens.

    Source: LogConfiguration, AWS Batch API reference.
    """
    for task in _fargate_tasks(document):
        for container in task.containers:
            driver = text_at(container.value, "logConfiguration", "logDriver")
            if driver in _EC2_LOG_DRIVERS:  # the schema warns about unknown drivers
                message = (
                    f"Fargate does not support the log driver {quote(driver)}; it supports "
                    f"{join_words(_FARGATE_LOG_DRIVERS)}."
                )
                here = join_pointer(*container.path, "logConfiguration", "logDriver")
                yield Problem(here, message, fix=({"op": "replace", "path": here, "value": "awslogs"},))


@rule("fargate.container-timeout")
def fargate_container_timeouts(document: Document) -> Iterator[Problem]:
    """A container on Fargate can have at most 120 seconds to start or to stop.

    Source: startTimeout and stopTimeout of TaskContainerProperties, AWS Batch API reference.
    """
    for task in _fargate_tasks(document):
        for container in task.containers:
            for key in ("startTimeout", "stopTimeout"):
                seconds = container.value.get(key)
                if is_integer(seconds) and seconds > MAX_FARGATE_CONTAINER_TIMEOUT:
                    here = join_pointer(*container.path, key)
                    message = (
                        f"{key} can be at most {MAX_FARGATE_CONTAINER_TIMEOUT} seconds on Fargate; "
                        f"found the number {seconds}."
                    )
                    fix = ({"op": "replace", "path": here, "value": MAX_FARGATE_CONTAINER_TIMEOUT},)
                    yield Problem(here, message, fix=fix)


@rule("fargate.windows-arm")
def windows_runs_on_x86(document: Document) -> Iterator[Problem]:
    """Windows on Fargate runs on X86_64 only.

    Source: RuntimePlatform, AWS Batch API reference.
    """
    for task in _fargate_tasks(document):
        runtime = object_at(task.value, "runtimePlatform")
        if (
            text_at(runtime, "operatingSystemFamily").startswith("WINDOWS")
            and runtime.get("cpuArchitecture") == "ARM64"
        ):
            here = join_pointer(*task.path, "runtimePlatform", "cpuArchitecture")
            message = "Windows on Fargate runs on X86_64 only."
            yield Problem(here, message, fix=({"op": "replace", "path": here, "value": "X86_64"},))


@rule("fargate.pair")
def fargate_size_is_offered(document: Document) -> Iterator[Problem]:
    """Fargate has only certain pairs of vCPU and memory.

    They are checked for submissions too, with definition and override combined. Source:
    ResourceRequirement, AWS Batch API reference.
    """
    for task in _fargate_tasks(document):
        if task.type == "container":
            yield from unsupported_fargate_size(requested_amounts(task.value), task.containers[0])


def unsupported_fargate_size(needs: dict[str, str], at: ContainerEntry) -> Iterator[Problem]:
    vcpus, memory = parse_amount(needs.get("VCPU")), parse_amount(needs.get("MEMORY"))
    if not vcpus or not memory or memory in FARGATE_MEMORY.get(vcpus, ()):
        return
    entries = list_at(at.value, "resourceRequirements")
    here = join_pointer(*at.path, "resourceRequirements") if entries else join_pointer(*at.path)
    nearest_size = next_fargate_size(vcpus, memory)
    hint = (
        f"the next larger size is {nearest_size[0]} vCPU with {nearest_size[1]:,} MiB."
        if nearest_size
        else f"the largest size is {LARGEST_FARGATE_SIZE[0]} vCPU with {LARGEST_FARGATE_SIZE[1]:,} MiB."
    )
    fix: tuple[dict[str, object], ...] = ()
    if nearest_size:
        others = [entry for entry in entries if text_at(entry, "type") not in ("VCPU", "MEMORY")]
        pair = [{"type": "VCPU", "value": str(nearest_size[0])}, {"type": "MEMORY", "value": str(nearest_size[1])}]
        fix = ({"op": "add", "path": join_pointer(*at.path, "resourceRequirements"), "value": [*pair, *others]},)
    message = f"Fargate has no task size with {vcpus.normalize():f} vCPU and {memory.normalize():f} MiB; {hint}"
    yield Problem(here, message, fix=fix)


@rule("ec2.not-applicable")
def ec2_has_no_fargate_fields(document: Document) -> Iterator[Problem]:
    """Network, platform version, ephemeral storage and runtime platform can be set only on Fargate.

    Source: ContainerProperties and EcsTaskProperties, AWS Batch API reference: “Jobs that are running on Amazon EC2
    resources must not specify this parameter.”
    """
    if is_fargate(document) or is_eks(document) or is_managed_instances(document):
        return
    for task in tasks(document):
        for key in _ONLY_FARGATE.get(task.type, ()):
            if key in task.value:
                here = join_pointer(*task.path, key)
                message = (
                    f"{key} is for Fargate, and this definition is for EC2; remove it, "
                    'or set platformCapabilities to ["FARGATE"].'
                )
                yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("ec2.whole-vcpus")
def ec2_has_whole_vcpus(document: Document) -> Iterator[Problem]:
    """On EC2, vCPUs must be whole numbers without a decimal point.

    Source: ResourceRequirement, AWS Batch API reference.
    """
    if is_fargate(document):
        return
    for task in tasks(document):
        for container in task.containers:
            yield from fractional_vcpus(container)


def fractional_vcpus(container: ContainerEntry) -> Iterator[Problem]:
    for position, entry in enumerate(list_at(container.value, "resourceRequirements")):
        value = text_at(entry, "value")
        if text_at(entry, "type") != "VCPU" or "." not in value or not parse_amount(value):
            continue
        here = join_pointer(*container.path, "resourceRequirements", position, "value")
        whole = str(int(parse_amount(value).to_integral_value(rounding="ROUND_CEILING")))
        message = f"On EC2, vCPUs must be whole numbers; use {quote(whole)} instead of {quote(value)}."
        yield Problem(here, message, fix=({"op": "replace", "path": here, "value": whole},))


@rule("platform.instance-type", WARNING)
def instance_type_is_for_nodes(document: Document) -> Iterator[Problem]:
    """An instance type can be set only for multi-node jobs; for others the compute environment selects it.

    Source: ContainerProperties, AWS Batch API reference.
    """
    if value_at(document, "containerProperties", "instanceType") and not is_fargate(document):
        here = "/containerProperties/instanceType"
        yield Problem(here, INSTANCE_TYPE_MESSAGE, fix=({"op": "remove", "path": here},))


RULES = (
    no_nodes_on_fargate,
    one_platform,
    fargate_has_execution_role,
    fargate_has_no_legacy_sizes,
    fargate_has_no_gpus,
    fargate_has_no_ec2_fields,
    fargate_log_drivers,
    fargate_container_timeouts,
    windows_runs_on_x86,
    fargate_size_is_offered,
    ec2_has_no_fargate_fields,
    ec2_has_whole_vcpus,
    instance_type_is_for_nodes,
)


def _fargate_tasks(document: Document) -> list[TaskEntry]:
    if not is_fargate(document):
        return []
    return [task for task in tasks(document) if task.type in ("container", "ecs") and not task.is_in_node_group]
