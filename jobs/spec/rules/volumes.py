"""Rules of volumes, mount points and EFS."""

import re
from collections.abc import Iterator

from jobs.spec.containers import TaskEntry, is_fargate, positions_by_name, tasks
from jobs.spec.documents import Document, Path, is_object, list_at, object_at, text_at
from jobs.spec.problems import Problem, join_pointer, join_words, quote
from jobs.spec.rules.registry import WARNING, rule
from jobs.spec.suggestions import SuggestionBudget

_VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})")
_FIRST_WITH_EFS = (1, 4, 0)


@rule("volumes.unknown")
def mounts_name_volumes(document: Document) -> Iterator[Problem]:
    """A mount point must name a volume of the definition.

    Source: MountPoint and EksContainerVolumeMount, AWS Batch API reference.
    """
    suggestions = SuggestionBudget()
    for task in tasks(document):
        volumes = positions_by_name(list_at(task.value, "volumes"))
        volumes_text = f"it has {join_words(volumes)}." if volumes else "it has no volumes."
        for path, name in _mount_points(task):
            if name not in volumes:
                suggestion = suggestions.nearest(name, volumes)
                hint = f"did you mean {quote(suggestion)}?" if suggestion else volumes_text
                message = f"No volume of this definition is named {quote(name)}; {hint}"
                fix = ({"op": "replace", "path": join_pointer(*path), "value": suggestion},) if suggestion else ()
                yield Problem(join_pointer(*path), message, fix=fix)


@rule("volumes.unused", WARNING)
def volumes_are_mounted(document: Document) -> Iterator[Problem]:
    """A volume that no container mounts has no effect.

    Source: Volume, AWS Batch API reference: containers see it through their mount points.
    """
    for task in tasks(document):
        mounted = {name for _, name in _mount_points(task)}
        for name, position in positions_by_name(list_at(task.value, "volumes")).items():
            if name not in mounted:
                here = join_pointer(*task.path, "volumes", position)
                key = "volumeMounts" if task.type == "eks" else "mountPoints"
                yield Problem(here, f"No container mounts the volume {quote(name)}; add it to {key}, or remove it.")


@rule("volumes.same-name")
def volume_names_are_unique(document: Document) -> Iterator[Problem]:
    """The volumes of a definition must have different names.

    Source: Volume, AWS Batch API reference: a mount point refers to a volume by its name.
    """
    for task in tasks(document):
        first = positions_by_name(list_at(task.value, "volumes"))
        for position, volume in enumerate(list_at(task.value, "volumes")):
            name = text_at(volume, "name")
            if name and first[name] != position:
                here = join_pointer(*task.path, "volumes", position, "name")
                yield Problem(here, f"Another volume is already named {quote(name)}.")


@rule("efs.iam-needs-encryption")
def efs_iam_needs_encryption(document: Document) -> Iterator[Problem]:
    """EFS with IAM needs encryption in transit.

    Source: EFSAuthorizationConfig, AWS Batch API reference.
    """
    for _, path, efs in _efs_volumes(document):
        if _uses_iam(efs) and not _is_encrypted(efs):
            yield _encryption_problem(path, efs, "IAM for EFS needs transitEncryption ENABLED.")


@rule("efs.iam-needs-role")
def efs_iam_needs_role(document: Document) -> Iterator[Problem]:
    """EFS with IAM needs a job role, which is used to access the file system.

    Source: EFSAuthorizationConfig, AWS Batch API reference.
    """
    for task, path, efs in _efs_volumes(document):
        if _uses_iam(efs) and not text_at(task.value, task.job_role_key):
            message = f"IAM for EFS needs a role; set it in {task.job_role_key}."
            yield Problem(join_pointer(*path, "authorizationConfig", "iam"), message)


@rule("efs.access-point-root")
def efs_access_point_sets_root(document: Document) -> Iterator[Problem]:
    """With an EFS access point, the root directory must be omitted or /: the access point sets it.

    Source: EFSAuthorizationConfig, AWS Batch API reference.
    """
    for _, path, efs in _efs_volumes(document):
        if text_at(efs, "authorizationConfig", "accessPointId") and text_at(efs, "rootDirectory") not in ("", "/"):
            here = join_pointer(*path, "rootDirectory")
            message = "With an access point, which sets the directory, rootDirectory must be omitted or /."
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("efs.access-point-encryption")
def efs_access_point_needs_encryption(document: Document) -> Iterator[Problem]:
    """An EFS access point needs encryption in transit.

    Source: EFSAuthorizationConfig, AWS Batch API reference.
    """
    for _, path, efs in _efs_volumes(document):
        if text_at(efs, "authorizationConfig", "accessPointId") and not _uses_iam(efs) and not _is_encrypted(efs):
            yield _encryption_problem(path, efs, "An EFS access point needs transitEncryption ENABLED.")


@rule("efs.platform-version")
def efs_needs_platform_version(document: Document) -> Iterator[Problem]:
    """EFS on Fargate needs platform version 1.4.0 or later.

    Source: EFSVolumeConfiguration, AWS Batch API reference; “EFS is supported for Fargate platform version 1.4.0”.
    """
    if not is_fargate(document):
        return
    for task in {task.path: task for task, _, _ in _efs_volumes(document)}.values():
        own = ("platformVersion",) if task.type == "ecs" else ("fargatePlatformConfiguration", "platformVersion")
        version = _VERSION.fullmatch(text_at(task.value, *own))
        if version and tuple(map(int, version.groups())) < _FIRST_WITH_EFS:
            here = join_pointer(*task.path, *own)
            message = f"EFS needs platform version 1.4.0 or later; found {version[0]}."
            yield Problem(here, message, fix=({"op": "replace", "path": here, "value": "LATEST"},))


RULES = (
    mounts_name_volumes,
    volumes_are_mounted,
    volume_names_are_unique,
    efs_iam_needs_encryption,
    efs_iam_needs_role,
    efs_access_point_sets_root,
    efs_access_point_needs_encryption,
    efs_needs_platform_version,
)


def _mount_points(task: TaskEntry) -> Iterator[tuple[Path, str]]:
    list_key, name_key = ("volumeMounts", "name") if task.type == "eks" else ("mountPoints", "sourceVolume")
    for container in task.containers:
        for position, mount in enumerate(list_at(container.value, list_key)):
            if isinstance(object_at(mount).get(name_key), str):
                yield (*container.path, list_key, position, name_key), mount[name_key]


def _efs_volumes(document: Document) -> Iterator[tuple[TaskEntry, Path, Document]]:
    for task in tasks(document):
        for position, volume in enumerate(list_at(task.value, "volumes")):
            efs = object_at(volume).get("efsVolumeConfiguration")
            if is_object(efs):
                yield task, (*task.path, "volumes", position, "efsVolumeConfiguration"), efs


def _uses_iam(efs: Document) -> bool:
    return text_at(efs, "authorizationConfig", "iam") == "ENABLED"


def _is_encrypted(efs: Document) -> bool:
    return text_at(efs, "transitEncryption") == "ENABLED"


def _encryption_problem(path: Path, efs: Document, message: str) -> Problem:
    here = join_pointer(*path, "transitEncryption")
    fix = ({"op": "add", "path": here, "value": "ENABLED"},)
    return Problem(here if "transitEncryption" in efs else join_pointer(*path), message, fix=fix)
