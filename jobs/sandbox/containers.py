"""AWS's rules for property blocks and containers."""

import re
from typing import Any

from jobs.sandbox.context import Document
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.validation import (
    check_environment,
    check_requirements,
    check_role,
    check_sizes,
    resource_requirements,
)

BLOCKS = ("containerProperties", "ecsProperties", "eksProperties", "nodeProperties")
PLATFORMS = ("EC2", "FARGATE", "MANAGED_INSTANCES")
EC2_ONLY = ("ulimits", "instanceType")
EC2_ONLY_LINUX = ("devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness")
FARGATE_ONLY = ("networkConfiguration", "fargatePlatformConfiguration", "ephemeralStorage", "runtimePlatform")
FARGATE_LOG_DRIVERS = {"awslogs", "splunk", "awsfirelens"}

# https://docs.aws.amazon.com/batch/latest/APIReference/API_RuntimePlatform.html
OPERATING_SYSTEMS = {
    "LINUX",
    "WINDOWS_SERVER_2019_CORE",
    "WINDOWS_SERVER_2019_FULL",
    "WINDOWS_SERVER_2022_CORE",
    "WINDOWS_SERVER_2022_FULL",
}
NOT_ON_WINDOWS = ("linuxParameters", "privileged", "user", "ulimits", "readonlyRootFilesystem")

# https://docs.aws.amazon.com/batch/latest/APIReference/API_Ulimit.html
ULIMITS = {
    *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio"),
    *("rttime", "sigpending", "stack"),
}
# https://docs.aws.amazon.com/batch/latest/APIReference/API_Tmpfs.html
TMPFS_OPTIONS = {
    *("defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync"),
    *("remount", "mand", "nomand", "atime", "noatime", "diratime", "nodiratime", "bind", "rbind", "unbindable"),
    *("runbindable", "private", "rprivate", "shared", "rshared", "slave", "rslave", "relatime", "norelatime"),
    *("strictatime", "nostrictatime"),
}
TMPFS_VALUES = {"mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"}

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html
VERSIONS_WITHOUT_EFS = {"1.0.0", "1.1.0", "1.2.0", "1.3.0"}

_USER = re.compile(r"[a-z0-9_][a-z0-9_-]{0,30}")


def platform(definition: Document) -> str:
    return str((definition.get("platformCapabilities") or ["EC2"])[0])


def is_fargate(definition: Document) -> bool:
    return platform(definition) == "FARGATE"


def check_blocks(definition: Document) -> None:
    blocks = [block for block in BLOCKS if definition.get(block) is not None]
    is_multinode = definition["type"] == "multinode"
    if len(blocks) != 1:
        raise BatchClientError(f"Exactly one of {', '.join(BLOCKS)} must be provided, not {len(blocks)}")
    if is_multinode != (blocks == ["nodeProperties"]):
        raise BatchClientError(f"{blocks[0]} is not applicable for type {definition['type']}")
    if is_multinode and platform(definition) != "EC2":
        raise BatchClientError(f"Multi-node parallel jobs are not supported on {platform(definition)}")
    if platform(definition) == "MANAGED_INSTANCES" and blocks != ["ecsProperties"]:
        raise BatchClientError("Jobs with the MANAGED_INSTANCES platform capability must use ecsProperties")
    if blocks == ["eksProperties"]:
        for field in ("platformCapabilities", "propagateTags"):
            if definition.get(field):
                raise BatchClientError(f"{field} is not applicable for EKS jobs")
    if len(definition.get("platformCapabilities", ())) > 1:
        raise BatchClientError("platformCapabilities can have only one value")


def check_single(container: Document, *, fargate: bool) -> None:
    check_container(container, fargate=fargate)
    for field in ("jobRoleArn", "executionRoleArn"):
        check_role(field, container.get(field))
    check_runtime(container.get("runtimePlatform"), [container], container.get("volumes", ()))
    version = (container.get("fargatePlatformConfiguration") or {}).get("platformVersion") if fargate else None
    check_volumes(container.get("volumes", ()), container.get("jobRoleArn"), fargate=fargate, version=version)
    if fargate:
        _check_on_fargate(container)
    else:
        for field in FARGATE_ONLY:
            if container.get(field):
                raise BatchClientError(f"{field} not applicable for EC2.")


def check_container(container: Document, *, fargate: bool) -> None:
    check_image(container.get("image"))
    check_environment(container.get("environment", ()))
    check_requirements(container, fargate=fargate)
    check_sizes(resource_requirements(container), fargate=fargate)
    if (user := container.get("user")) and not _is_user(user):
        raise BatchClientError(f"User '{user}' does not match regex ^({_USER.pattern})$")
    for ulimit in container.get("ulimits", ()):
        _check_ulimit(ulimit)
    for tmpfs in (container.get("linuxParameters") or {}).get("tmpfs", ()):
        for option in tmpfs.get("mountOptions", ()):
            name, sign, _ = option.partition("=")
            if option not in TMPFS_OPTIONS | TMPFS_VALUES and not (sign and name in TMPFS_VALUES):
                raise BatchClientError(f"tmpfs mount option '{option}' is not valid")


def check_image(image: str | None) -> None:
    if not image:
        raise BatchClientError("Container.image should not be null or empty")
    if len(image) > 255:
        raise BatchClientError("Container.image must have at most 255 characters")


def _is_user(user: str) -> bool:
    parts = user.split(":")
    return len(parts) <= 2 and all(_USER.fullmatch(part) for part in parts)


def _check_ulimit(ulimit: Document) -> None:
    name, soft, hard = ulimit["name"], ulimit["softLimit"], ulimit["hardLimit"]
    if name not in ULIMITS:
        raise BatchClientError(f"Ulimit name '{name}' is not valid")
    # -1 is no limit.
    if hard != -1 and (soft == -1 or soft > hard):
        raise BatchClientError(f"Ulimit '{name}': the soft limit {soft} must be at most the hard limit {hard}")


def check_runtime(runtime: Document | None, containers: Any, volumes: Any) -> None:
    family = (runtime or {}).get("operatingSystemFamily") or "LINUX"
    architecture = (runtime or {}).get("cpuArchitecture") or "X86_64"
    if family not in OPERATING_SYSTEMS:
        raise BatchClientError(f"operatingSystemFamily '{family}' is not valid")
    if architecture not in {"X86_64", "ARM64"}:
        raise BatchClientError(f"cpuArchitecture '{architecture}' is not valid")
    if family == "LINUX":
        return
    if architecture != "X86_64":
        raise BatchClientError("cpuArchitecture must be X86_64 for Windows containers")
    for container in containers:
        for field in NOT_ON_WINDOWS:
            if container.get(field) not in (None, [], {}, ""):
                raise BatchClientError(
                    f"{field[0].upper()}{field[1:]} parameter is not supported for Windows containers"
                )
    if any("efsVolumeConfiguration" in volume for volume in volumes):
        raise BatchClientError("EfsVolumeConfiguration parameter is not supported for Windows containers")


def check_volumes(volumes: Any, job_role: str | None, *, fargate: bool, version: str | None) -> None:
    """Check volumes; `version` is the platform version on Fargate, if it is set."""
    for volume in volumes:
        if fargate and volume.get("host"):
            raise BatchClientError("Host volumes are not applicable for Fargate.")
        if (file_system := volume.get("efsVolumeConfiguration")) is not None:
            _check_file_system(file_system, job_role)
            if fargate and version in VERSIONS_WITHOUT_EFS:
                raise BatchClientError(f"EFS volumes need platform version 1.4.0 or later, not {version}")


def _check_file_system(file_system: Document, job_role: str | None) -> None:
    # https://docs.aws.amazon.com/batch/latest/APIReference/API_EFSVolumeConfiguration.html
    authorization = file_system.get("authorizationConfig") or {}
    is_encrypted = file_system.get("transitEncryption") == "ENABLED"
    if authorization.get("iam") == "ENABLED" and not (is_encrypted and job_role):
        raise BatchClientError("EFS IAM authorization requires transitEncryption ENABLED and a job role")
    if authorization.get("accessPointId"):
        if not is_encrypted:
            raise BatchClientError("An EFS access point requires transitEncryption ENABLED")
        if file_system.get("rootDirectory", "/") not in ("", "/"):
            raise BatchClientError("With an EFS access point rootDirectory must be omitted or /")


def _check_on_fargate(container: Document) -> None:
    if not container.get("executionRoleArn"):
        raise BatchClientError("EXECUTION_ROLE_ARN is required for Fargate jobs: executionRoleArn must be provided")
    for field in ("vcpus", "memory"):
        if container.get(field) is not None:
            raise BatchClientError(f"{field} is not applicable for Fargate; use resourceRequirements")
    for field in _non_empty_fields(container, EC2_ONLY):
        raise BatchClientError(f"{field} is not applicable for Fargate.")
    check_container_on_fargate(container)
    check_storage(container.get("ephemeralStorage"))


def check_container_on_fargate(container: Document) -> None:
    if container.get("privileged"):
        raise BatchClientError("privileged is not applicable for Fargate.")
    for field in _non_empty_fields(container.get("linuxParameters") or {}, EC2_ONLY_LINUX):
        raise BatchClientError(f"{field} is not applicable for Fargate.")
    driver = (container.get("logConfiguration") or {}).get("logDriver", "awslogs")
    if driver not in FARGATE_LOG_DRIVERS:
        raise BatchClientError(f"Log driver {driver} is not supported for Fargate.")


def check_storage(storage: Document | None) -> None:
    if storage and not 21 <= storage["sizeInGiB"] <= 200:
        raise BatchClientError("ephemeralStorage sizeInGiB must be between 21 and 200")


def _non_empty_fields(block: Document, fields: tuple[str, ...]) -> list[str]:
    return [field for field in fields if block.get(field)]
