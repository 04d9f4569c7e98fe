"""Rules of Windows containers."""

from collections.abc import Iterator

from jobs.spec.containers import TaskEntry, tasks
from jobs.spec.documents import Document, list_at, object_at, text_at
from jobs.spec.problems import Problem, join_pointer
from jobs.spec.rules.registry import rule

LINUX_ONLY = ("linuxParameters", "privileged", "user", "ulimits", "readonlyRootFilesystem")
"""RuntimePlatform, AWS Batch API reference."""


@rule("windows.not-applicable")
def windows_has_no_linux_settings(document: Document) -> Iterator[Problem]:
    """Windows containers have no linuxParameters, privileged, user, ulimits, readonlyRootFilesystem and EFS volumes.

    AWS refuses privileged and readonlyRootFilesystem with the value false too. Source: RuntimePlatform, AWS Batch API
    reference; “ReadonlyRootFilesystem parameter is not supported for Windows containers”,
    https://github.com/aws/aws-cdk/issues/29140.
    """
    for task in _windows_tasks(document):
        for container in task.containers:
            for key in LINUX_ONLY:
                value = container.value.get(key)
                if value or value is False:
                    here = join_pointer(*container.path, key)
                    message = f"{key} is not supported for Windows containers; remove it."
                    yield Problem(here, message, fix=({"op": "remove", "path": here},))
        for position, volume in enumerate(list_at(task.value, "volumes")):
            if object_at(volume, "efsVolumeConfiguration"):
                here = join_pointer(*task.path, "volumes", position, "efsVolumeConfiguration")
                yield Problem(here, "EFS volumes are not supported for Windows containers; remove the volume.")


RULES = (windows_has_no_linux_settings,)


def _windows_tasks(document: Document) -> Iterator[TaskEntry]:
    for task in tasks(document):
        if text_at(task.value, "runtimePlatform", "operatingSystemFamily").upper().startswith("WINDOWS"):
            yield task
