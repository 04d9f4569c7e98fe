"""Lists that botocore has only in its descriptions: our tables are as new as the installed botocore."""

import re
from decimal import Decimal

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape

from jobs.spec.fargate import FARGATE_MEMORY
from jobs.spec.rules.container_dependencies import DEPENDENCY_CONDITIONS
from jobs.spec.rules.described_values import DESCRIBED_VALUES, DescribedValues
from jobs.spec.rules.linux_settings import TMPFS_OPTIONS, ULIMIT_NAMES, USER
from jobs.spec.rules.platform import MAX_FARGATE_CONTAINER_TIMEOUT
from jobs.spec.rules.windows import LINUX_ONLY
from jobs.spec.schema.botocore_schema import LIMITS, NAMESPACE_PATTERN, html_to_text

BATCH = ServiceModel(Loader().load_service_model("batch", "service-2"), "batch")


def description(shape: str, member: str) -> str:
    """AWS's description of a member as plain text."""
    structure = BATCH.shape_for(shape)
    assert isinstance(structure, StructureShape)
    return html_to_text(structure.members[member].documentation)


def amounts(text: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?", text)


def fargate_pairs(text: str, first: str, second: str) -> set[tuple[str, str]]:
    """The pairs of “value = 1, or 2 VCPU = 4 or 8” as (first, second)."""
    entries = re.findall(rf"value = ([\d., or]+?) {second} = ([\d., or]+)", text)
    assert entries, f"botocore describes {first} in another way"
    return {(one, other) for ones, others in entries for one in amounts(ones) for other in amounts(others)}


def test_fargate_sizes_are_those_of_botocore() -> None:
    memory, vcpu = description("ResourceRequirement", "value").split('type="VCPU"')
    ours = {(f"{vcpus:f}", str(size)) for vcpus, sizes in FARGATE_MEMORY.items() for size in sizes}
    supported = re.search(r"The supported values are ([\d., and]+)", vcpu)

    assert fargate_pairs(vcpu, "VCPU", "MEMORY") == ours
    assert {(vcpus, size) for size, vcpus in fargate_pairs(memory, "MEMORY", "VCPU")} == ours
    assert supported
    assert [Decimal(amount) for amount in amounts(supported[1])] == list(FARGATE_MEMORY)


def listed_values(text: str) -> list[str]:
    """The values of “Valid values: "a" | "b"”, “valid values are a, b (default), and c” and the like."""
    match = re.search(
        r"(?:[Vv]alid values(?: for \w+)?|Supported values)(?: are)?:? (.*?)(?:\.(?: |$)| When|$)", text
    )
    assert match, f"botocore lists no values: {text}"
    return re.findall(r"[\w-]+", re.sub(r"\(default\)|\band\b|\bor\b", "", match[1]))


@pytest.mark.parametrize("values", DESCRIBED_VALUES, ids=lambda values: values.member)
def test_values_of_a_description_are_those_of_botocore(values: DescribedValues) -> None:
    assert listed_values(description(values.shape, values.member)) == list(values.values)


def test_ulimits_and_mount_options_are_those_of_botocore() -> None:
    assert listed_values(description("Ulimit", "name")) == list(ULIMIT_NAMES)
    assert listed_values(description("Tmpfs", "mountOptions")) == list(TMPFS_OPTIONS)


def test_conditions_of_container_dependencies_are_those_of_botocore() -> None:
    conditions = re.findall(r"([A-Z]+) - This condition", description("TaskContainerDependency", "condition"))
    assert conditions == list(DEPENDENCY_CONDITIONS)


def test_what_windows_refuses_is_what_botocore_says() -> None:
    text = description("RuntimePlatform", "operatingSystemFamily")
    match = re.search(r"can’t be set for Windows containers: (.*?)\.", text)
    assert match
    assert set(re.findall(r"\w+", match[1])) - {"and"} == {*LINUX_ONLY, "efsVolumeConfiguration"}


def test_the_pattern_of_a_namespace_is_that_of_botocore() -> None:
    text = description("EksMetadata", "namespace")
    match = re.search(r"regular expression: (\S+)", text)
    assert match
    assert "1-63 characters long Can't be set to default Can't start with kube" in text
    for name in ("a", "a-b", "-a", "a-", "A", "a.b", "0", "jobs-", ""):
        assert bool(re.fullmatch(match[1], name)) == bool(re.fullmatch(NAMESPACE_PATTERN, name)), name
    for name in ("default", "kube-system", "kube", "a" * 64):
        assert not re.fullmatch(NAMESPACE_PATTERN, name), name
    assert re.fullmatch(NAMESPACE_PATTERN, "defaults" + "a" * 55)


@pytest.mark.parametrize(
    ("shape", "member", "keywords", "pattern"),
    [
        ("EksPodProperties", "containers", "maxItems", "limited to {} elements"),
        ("EksPodProperties", "initContainers", "maxItems", "limited to {} elements"),
        ("EcsProperties", "taskProperties", "maxItems", "limited to (one) task element"),
        ("RetryStrategy", "evaluateOnExit", "maxItems", "up to {} objects"),
        ("RetryStrategy", "attempts", "minimum maximum", "between {} and {} attempts"),
        ("RegisterJobDefinitionRequest", "schedulingPriority", "minimum maximum", "value is {} and .* value is {}"),
        ("SubmitJobRequest", "schedulingPriorityOverride", "minimum maximum", "value is {} and .* value is {}"),
        ("SubmitJobRequest", "dependsOn", "maxItems", "a maximum of {} jobs"),
        ("JobTimeout", "attemptDurationSeconds", "minimum", "timeout is {} seconds"),
        ("ContainerProperties", "memory", "minimum", "at least {} MiB"),
        ("ContainerProperties", "image", "maxLength", "can be {} characters long"),
        ("EphemeralStorage", "sizeInGiB", "minimum maximum", "value is {} GiB and .* value is {} GiB"),
        ("LinuxParameters", "swappiness", "minimum maximum", "whole numbers between {} and {}"),
        ("TaskContainerProperties", "startTimeout", "minimum", "minimum value is {} seconds"),
        ("TaskContainerProperties", "stopTimeout", "minimum", "minimum value is {} seconds"),
        ("Volume", "name", "maxLength", "up to {} characters"),
        ("EFSVolumeConfiguration", "rootDirectory", "maxLength", "maximum length is {} characters"),
        ("EFSVolumeConfiguration", "transitEncryptionPort", "minimum maximum", "between {} and {}"),
        ("EksPodSecurityContext", "runAsUser", "minimum maximum", "range is {} through {}"),
        ("EksPodSecurityContext", "runAsGroup", "minimum maximum", "range is {} through {}"),
        ("EksPodSecurityContext", "fsGroup", "minimum maximum", "range is {} through {}"),
        ("EksContainerSecurityContext", "runAsUser", "minimum maximum", "range is {} through {}"),
        ("EksContainerSecurityContext", "runAsGroup", "minimum maximum", "range is {} through {}"),
    ],
)
def test_limits_of_a_description_are_those_of_botocore(shape: str, member: str, keywords: str, pattern: str) -> None:
    match = re.search(pattern.replace("{}", r"([\d,]*\d)"), description(shape, member))
    assert match, description(shape, member)
    numbers = [int(number.replace(",", "").replace("one", "1")) for number in match.groups()]
    assert [LIMITS[shape, member][keyword] for keyword in keywords.split()] == numbers


@pytest.mark.parametrize("member", ["startTimeout", "stopTimeout"])
def test_the_longest_timeout_of_a_container_on_fargate_is_that_of_botocore(member: str) -> None:
    match = re.search(r"maximum value for Fargate is (\d+) seconds", description("TaskContainerProperties", member))
    assert match
    assert int(match[1]) == MAX_FARGATE_CONTAINER_TIMEOUT


def test_every_form_of_a_user_that_botocore_describes_is_valid() -> None:
    text = description("TaskContainerProperties", "user")
    match = re.search(r"positive integer\. (.*?) This parameter", text)
    assert match
    forms = match[1].split()
    assert len(forms) >= 6
    assert [form for form in forms if not USER.fullmatch(form)] == []
