"""Rules of values that AWS lists in descriptions only."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from jobs.spec.containers import ContainerType, tasks
from jobs.spec.documents import Document, value_at
from jobs.spec.problems import Problem, join_pointer, join_words, quote
from jobs.spec.rules.registry import WARNING, rule


class DescribedValues(NamedTuple):
    shape: str
    member: str
    path: tuple[str, ...]  # within its task or container
    level: Literal["task", "container"]
    types: tuple[ContainerType, ...]
    values: tuple[str, ...]


DESCRIBED_VALUES = (
    DescribedValues(
        "RuntimePlatform", "operatingSystemFamily", ("runtimePlatform", "operatingSystemFamily"), "task",
        ("container", "ecs"),
        ("LINUX", "WINDOWS_SERVER_2019_CORE", "WINDOWS_SERVER_2019_FULL", "WINDOWS_SERVER_2022_CORE",
         "WINDOWS_SERVER_2022_FULL"),
    ),
    DescribedValues(
        "RuntimePlatform", "cpuArchitecture", ("runtimePlatform", "cpuArchitecture"), "task", ("container", "ecs"),
        ("X86_64", "ARM64"),
    ),
    DescribedValues("EcsTaskProperties", "ipcMode", ("ipcMode",), "task", ("ecs",), ("host", "task", "none")),
    DescribedValues("EcsTaskProperties", "pidMode", ("pidMode",), "task", ("ecs",), ("host", "task")),
    DescribedValues("EcsTaskProperties", "networkMode", ("networkMode",), "task", ("ecs",), ("host",)),
    DescribedValues(
        "EksPodProperties", "dnsPolicy", ("dnsPolicy",), "task", ("eks",),
        ("Default", "ClusterFirst", "ClusterFirstWithHostNet"),
    ),
    DescribedValues(
        "EksContainer", "imagePullPolicy", ("imagePullPolicy",), "container", ("eks",),
        ("Always", "IfNotPresent", "Never"),
    ),
)  # fmt: skip
"""AWS Batch API reference; a test compares them with the installed botocore."""


@rule("values.case")
def values_have_the_case_of_aws(document: Document) -> Iterator[Problem]:
    """Operating system, CPU architecture and other fixed values are written in the upper or lower case that AWS uses.

    Source: RuntimePlatform, EcsTaskProperties, EksPodProperties and EksContainer, AWS Batch API reference.
    """
    for here, value, values in _unlisted_values(document):
        suggestion = next((name for name in values if name.casefold() == value.casefold()), None)
        if suggestion:
            message = f"{here.rpartition('/')[2]} must be {suggestion} (case-sensitive); found {quote(value)}."
            yield Problem(here, message, fix=({"op": "replace", "path": here, "value": suggestion},))


@rule("values.unknown", WARNING)
def values_are_known(document: Document) -> Iterator[Problem]:
    """A value is none that AWS lists for the operating system, the CPU architecture, or another member of this kind.

    AWS may have added it since. Source: RuntimePlatform, EcsTaskProperties, EksPodProperties and EksContainer, AWS
    Batch API reference.
    """
    for here, value, values in _unlisted_values(document):
        if value.casefold() not in map(str.casefold, values):
            name = here.rpartition("/")[2]
            message = f"{name} has the unknown value {quote(value)}; the known values are {join_words(values)}."
            yield Problem(here, message)


RULES = (values_have_the_case_of_aws, values_are_known)


def _unlisted_values(document: Document) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for task in tasks(document):
        for entry in DESCRIBED_VALUES:
            if task.type not in entry.types:
                continue
            for owner in task.containers if entry.level == "container" else (task,):
                value = value_at(owner.value, *entry.path)
                if isinstance(value, str) and value and value not in entry.values:
                    yield join_pointer(*owner.path, *entry.path), value, entry.values
