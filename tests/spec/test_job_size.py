"""How large a job is, in every shape in which the installed botocore lets a size be given."""

from decimal import Decimal
from typing import Any

import pytest

from jobs.spec.documents import Document
from jobs.spec.job_size import GPU, MEMORY, VCPU, requested_size, size_override_pointer
from tests.spec.shapes import (
    EVERY,
    MORE,
    NODES,
    OF_CONTAINERS,
    Place,
    amounts,
    definition_for,
    places,
    resource_types,
    with_names,
    with_value,
)

MACHINES = {
    ("ContainerOverrides", "instanceType"),
    ("ContainerProperties", "instanceType"),
    ("NodePropertyOverride", "instanceTypes"),
    ("NodeRangeProperty", "instanceTypes"),
}
COUNTS = {("NodeOverrides", "numNodes"), ("NodeProperties", "numNodes")}
DISKS = {("EphemeralStorage", "sizeInGiB")}
NO_SIZE = {
    # Of these, the members count.
    ("ContainerProperties", "ephemeralStorage"),
    ("EcsTaskProperties", "ephemeralStorage"),
    ("EksContainer", "resources"),
    ("EksContainerOverride", "resources"),
    # Counted apart, as runs, attempts and time.
    ("ArrayProperties", "size"),
    ("JobTimeout", "attemptDurationSeconds"),
    ("RetryStrategy", "attempts"),
    # Given to a team by name.
    ("ConsumableResourceProperties", "consumableResourceList"),
    ("ConsumableResourceRequirement", "consumableResource"),
    ("ConsumableResourceRequirement", "quantity"),
    ("NodePropertyOverride", "consumableResourcePropertiesOverride"),
    ("NodeRangeProperty", "consumableResourceProperties"),
    ("RegisterJobDefinitionRequest", "consumableResourceProperties"),
    ("SubmitJobRequest", "consumableResourcePropertiesOverride"),
    # Within what the container or the machine has.
    ("ContainerProperties", "ulimits"),
    ("EksEmptyDir", "sizeLimit"),
    ("LinuxParameters", "maxSwap"),
    ("LinuxParameters", "sharedMemorySize"),
    ("LinuxParameters", "swappiness"),
    ("TaskContainerProperties", "ulimits"),
    ("Tmpfs", "size"),
    ("Ulimit", "hardLimit"),
    ("Ulimit", "softLimit"),
    # No amount of anything.
    ("EFSVolumeConfiguration", "transitEncryptionPort"),
    ("EksContainerSecurityContext", "runAsGroup"),
    ("EksContainerSecurityContext", "runAsUser"),
    ("EksPodSecurityContext", "fsGroup"),
    ("EksPodSecurityContext", "runAsGroup"),
    ("EksPodSecurityContext", "runAsUser"),
    ("NodeProperties", "mainNode"),
    ("RegisterJobDefinitionRequest", "schedulingPriority"),
    ("RuntimePlatform", "cpuArchitecture"),
    ("S3FilesVolumeConfiguration", "transitEncryptionPort"),
    ("SubmitJobRequest", "schedulingPriorityOverride"),
    ("TaskContainerProperties", "startTimeout"),
    ("TaskContainerProperties", "stopTimeout"),
}


def size_of(definition: Document, submission: Document) -> Any:
    return requested_size(definition, submission)


def size_with(kind: str, place: Place, value: Any) -> Any:
    """The size of a small job with a value at a place of its definition, or of its submission."""
    definition, submission = definition_for(place), {"jobName": "sized"}
    if kind == "submission":
        return size_of(definition, with_value(with_names(submission, place), place, value))
    if place[-1] in ("vcpus", "memory"):  # beside the newer form they count for nothing
        newer = (*place[:-1], "resourceRequirements")
        kept = [] if place[-1] == "vcpus" else [{"type": "VCPU", "value": "1"}]
        definition = with_value(definition, newer, kept or [{"type": "MEMORY", "value": "100"}])
    return size_of(with_value(definition, place, value), submission)


def test_every_member_that_may_say_an_amount_is_counted_or_is_known_to_be_no_size():
    """A newer botocore that brings another fails here: decide what it means before it is sent."""
    assert {member for _, _, member in EVERY} == OF_CONTAINERS | MACHINES | COUNTS | DISKS | NO_SIZE


def test_the_resources_of_the_installed_botocore_are_all_counted():
    assert sorted(resource_types()) == sorted([GPU, MEMORY, VCPU])


@pytest.mark.parametrize(("kind", "place"), places(OF_CONTAINERS))
def test_what_a_container_asks_for_is_counted_wherever_it_stands(kind, place):
    nodes = NODES if place[0].startswith("node") else 1
    before, after = size_of(definition_for(place), {}), size_with(kind, place, amounts(place[-1], MORE))

    assert (before.vcpus, before.memory_mib, before.unknown) == (nodes, 100 * nodes, ())
    assert (after.vcpus, after.memory_mib, after.unknown) == (
        (1 if place[-1] == "memory" else 7) * nodes,
        (100 if place[-1] == "vcpus" else 700) * nodes,
        (),
    )


@pytest.mark.parametrize(("kind", "place"), places(OF_CONTAINERS))
@pytest.mark.parametrize("text", ["Ref::many", "lots", "-1", "1e9", "00x", "٣", "1\n", ""])
def test_what_is_no_amount_is_unknown_and_never_counts_as_zero(kind, place, text):
    value = {
        "resourceRequirements": [{"type": "VCPU", "value": text}, {"type": "MEMORY", "value": text}],
        "limits": {"cpu": text, "memory": text},
        "requests": {"cpu": text, "memory": text},
    }.get(place[-1], text or None)
    size = size_with(kind, place, value)

    if place[-1] in ("vcpus", "memory"):
        resource = VCPU if place[-1] == "vcpus" else MEMORY
        assert size.why_unknown(resource) or (kind == "submission" and not value)
    else:
        assert size.why_unknown(VCPU)
        assert size.why_unknown(MEMORY)
        assert (size.vcpus, size.memory_mib) == (0, 0)


@pytest.mark.parametrize(("kind", "place"), places(COUNTS))
def test_as_many_nodes_as_there_are_add_up(kind, place):
    assert size_with(kind, place, 5).vcpus == 5
    assert size_with(kind, place, "many").why_unknown(VCPU)
    assert size_with(kind, place, 10_000).why_unknown(VCPU)


@pytest.mark.parametrize(("kind", "place"), places(MACHINES, only_nodes=True))
def test_a_node_is_at_least_as_large_as_the_machine_it_has_to_itself(kind, place):
    def name(text: str) -> Any:
        return [text] if place[-1] == "instanceTypes" else text

    large = size_with(kind, place, name("g5.12xlarge"))
    assert (large.vcpus, large.memory_mib, large.gpus) == (48 * NODES, 192 * 1024 * NODES, 4 * NODES)
    assert size_with(kind, place, name("zz9.huge")).why_unknown(GPU) == "Unknown instance type “zz9.huge”."


@pytest.mark.parametrize(("kind", "place"), places(DISKS))
def test_the_disk_of_every_node_is_counted(kind, place):
    nodes = NODES if place[0].startswith("node") else 1
    assert size_with(kind, place, 50).ephemeral_gib == 50 * nodes


# -- What adds up, and how


def requirements(**values: str) -> list[Document]:
    return [{"type": kind, "value": value} for kind, value in values.items()]


def task(*containers: Document) -> Document:
    return {"ecsProperties": {"taskProperties": [{"containers": list(containers)}]}}


def container(name: str, **values: str) -> Document:
    return {"name": name, "image": "x", "resourceRequirements": requirements(**values)}


def over_task(*containers: Document) -> Document:
    return {"ecsPropertiesOverride": {"taskProperties": [{"containers": list(containers)}]}}


def nodes(count: int, **groups: Document) -> Document:
    """Groups by their nodes: n0_3 is 0:3, n4_ is 4: to the end."""
    listed = [
        {"targetNodes": name.removeprefix("n").replace("_", ":"), "container": group}
        for name, group in groups.items()
    ]
    return {"nodeProperties": {"numNodes": count, "mainNode": 0, "nodeRangeProperties": listed}}


def test_only_the_container_that_an_override_names_changes():
    definition = task(container("a", VCPU="1", MEMORY="100"), container("b", VCPU="2", MEMORY="100", GPU="1"))
    size = size_of(definition, over_task({"name": "b", "resourceRequirements": requirements(VCPU="8")}))

    assert (size.vcpus, size.memory_mib, size.gpus, size.unknown) == (9, 200, 1, ())


def test_an_override_of_a_container_that_is_not_there_or_is_named_twice_makes_the_size_unknown():
    definition = task(container("a", VCPU="1", MEMORY="100"), container("b", VCPU="2", MEMORY="100"))
    larger = requirements(VCPU="9")
    strange = size_of(definition, over_task({"name": "c", "resourceRequirements": larger}))
    twice = size_of(definition, over_task(*({"name": "a", "resourceRequirements": larger},) * 2))

    assert "ecsPropertiesOverride.taskProperties.containers" in strange.why_unknown(VCPU)
    assert twice.why_unknown(VCPU) == "Container “a” has two overrides. Keep one."


def test_a_container_without_a_size_makes_the_size_of_its_task_unknown():
    size = size_of(task(container("a", VCPU="1", MEMORY="100"), container("b", VCPU="1")), {})

    assert (size.vcpus, size.memory_mib) == (2, 0)
    assert (
        size.why_unknown(MEMORY) == "Container “b” has no memory. Set vCPU and memory in the definition or the job."
    )
    assert not size.why_unknown(VCPU)


def pod(**lists: list[Document]) -> Document:
    return {"podProperties": lists}


def in_pod(name: str, cpu: str, memory: str = "100Mi", side: str = "limits", **more: str) -> Document:
    return {"name": name, "image": "x", "resources": {side: {"cpu": cpu, "memory": memory, **more}}}


def test_containers_of_a_pod_add_up_and_init_containers_run_before_them():
    def of(before: str) -> Any:
        both = [in_pod("a", "1"), in_pod("b", "2")]
        return size_of({"eksProperties": pod(containers=both, initContainers=[in_pod("c", before)])}, {})

    assert (of("2").vcpus, of("2").memory_mib, of("2").platform) == (3, 200, "EKS")
    assert of("16").vcpus == 16


def test_of_limits_and_requests_of_a_pod_the_larger_counts_whichever_says_it():
    one = {
        "name": "a",
        "image": "x",
        "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "8", "memory": "4Mi"}},
    }
    definition = {"eksProperties": pod(containers=[one])}
    smaller = {"eksPropertiesOverride": pod(containers=[{"resources": {"limits": {"cpu": "0.25"}}}])}

    assert size_of(definition, {}).vcpus == 8
    assert size_of(definition, smaller).vcpus == 8


def test_the_gpus_of_a_pod_count_and_accelerators_that_nobody_knows_make_them_unknown():
    def of(name: str) -> Any:
        return size_of({"eksProperties": pod(containers=[in_pod("a", "1", **{name: "2"})])}, {})

    assert (of("nvidia.com/gpu").gpus, of("nvidia.com/gpu").unknown) == (2, ())
    assert "aws.amazon.com/neuron" in of("aws.amazon.com/neuron").why_unknown(GPU)


def test_nodes_add_up_over_their_groups_and_an_override_is_for_its_group_alone():
    small, large = ({"image": "x", "resourceRequirements": requirements(VCPU=v, MEMORY="100")} for v in ("1", "4"))
    definition = nodes(10, n0_1=small, n2_=large)
    over = {
        "nodeOverrides": {
            "numNodes": 12,
            "nodePropertyOverrides": [
                {"targetNodes": "2:", "containerOverrides": {"resourceRequirements": requirements(VCPU="8")}}
            ],
        }
    }

    assert (size_of(definition, {}).vcpus, size_of(definition, {}).nodes) == (2 * 1 + 8 * 4, 10)
    assert (size_of(definition, over).vcpus, size_of(definition, over).nodes) == (2 * 1 + 10 * 8, 12)


def test_of_nested_groups_the_inner_one_counts_and_of_others_that_overlap_the_larger():
    small, large = ({"image": "x", "resourceRequirements": requirements(VCPU=v, MEMORY="100")} for v in ("1", "4"))

    assert size_of(nodes(10, n0_9=large, n4_5=small), {}).vcpus == 8 * 4 + 2 * 1
    assert size_of(nodes(10, n0_5=small, n4_9=large), {}).vcpus == 4 * 1 + 6 * 4


@pytest.mark.parametrize(
    "over",
    [
        {"nodePropertyOverrides": [{"targetNodes": "0:9", "containerOverrides": {"vcpus": 9}}]},
        {"nodePropertyOverrides": [{"targetNodes": "0:1", "instanceTypes": ["g5.48xlarge"]}]},
        {"nodePropertyOverrides": [{"targetNodes": "0:", "containerOverrides": {"vcpus": 9}}] * 2},
    ],
)
def test_an_override_of_nodes_that_is_for_no_group_or_for_one_twice_makes_the_size_unknown(over):
    definition = nodes(3, n0_={"image": "x", "resourceRequirements": requirements(VCPU="1", MEMORY="100")})

    assert size_of(definition, {"nodeOverrides": over}).why_unknown(VCPU)


def test_a_node_in_no_group_makes_the_size_unknown():
    definition = nodes(3, n0_1={"image": "x", "resourceRequirements": requirements(VCPU="1", MEMORY="100")})

    assert size_of(definition, {}).why_unknown(VCPU) == "Node 2 is not in any node group."


@pytest.mark.parametrize("block", ["containerOverrides", "ecsPropertiesOverride", "nodeOverrides", "laterOverride"])
def test_a_size_that_stands_where_the_definition_has_nothing_to_override_makes_the_size_unknown(block):
    definition = {"eksProperties": pod(containers=[in_pod("a", "1")])}
    stray = {"anything": [{"resourceRequirements": requirements(VCPU="64")}]}

    assert size_of(definition, {block: stray}).why_unknown(VCPU)
    assert not size_of(definition, {"parameters": {"memory": "9"}, "tags": {"vcpus": "9"}}).unknown


def test_arm_counts_where_all_tasks_are_for_arm():
    arm = {"runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}}
    one = container("a", VCPU="1", MEMORY="100")
    fargate = {"ecsProperties": {"taskProperties": [{"containers": [one], **arm}]}}

    assert size_of(fargate, {}).architecture == "ARM64"
    assert size_of(task(one), {}).architecture == "X86_64"


@pytest.mark.parametrize(
    ("platform", "system", "architecture"),
    [
        ("FARGATE", "WINDOWS_SERVER_2022_CORE", "WINDOWS"),
        ("FARGATE", "LINUX", "X86_64"),
        ("EC2", "WINDOWS_SERVER_2022_CORE", "X86_64"),
    ],
)
def test_windows_on_fargate_is_priced_apart_since_its_licence_is_paid_for(
    platform: str, system: str, architecture: str
) -> None:
    container = {"image": "a", "runtimePlatform": {"operatingSystemFamily": system}}
    definition = {"type": "container", "platformCapabilities": [platform], "containerProperties": container}

    assert requested_size(definition, {}).architecture == architecture


def test_pods_as_nodes_are_of_eks():
    group = {"targetNodes": "0:", "eksProperties": pod(containers=[in_pod("a", "1")])}
    definition = {"nodeProperties": {"numNodes": 2, "nodeRangeProperties": [group]}}
    size = size_of(definition, {})

    assert (size.platform, size.vcpus) == ("EKS", 2)


@pytest.mark.parametrize(
    ("submission", "pointer"),
    [
        ({}, ""),
        ({"containerOverrides": {"command": ["x"]}}, ""),
        (
            {"containerOverrides": {"resourceRequirements": requirements(VCPU="1")}},
            "/containerOverrides/resourceRequirements",
        ),
        ({"containerOverrides": {"vcpus": 2}}, "/containerOverrides"),
        (over_task({"name": "a", "resourceRequirements": requirements(VCPU="1")}), "/ecsPropertiesOverride"),
        ({"eksPropertiesOverride": pod(containers=[in_pod("a", "1")])}, "/eksPropertiesOverride"),
        ({"nodeOverrides": {"numNodes": 4}}, "/nodeOverrides"),
    ],
)
def test_where_a_submission_says_a_size_of_its_own(submission, pointer):
    assert size_override_pointer(submission) == pointer


def test_a_container_that_asks_for_none_is_of_unknown_size():
    size = size_of(task(container("a", VCPU="0", MEMORY="0")), {})

    assert [size.why_unknown(kind) for kind in (VCPU, MEMORY, GPU)] == [
        "Container “a” has the invalid value “0” for vCPU.",
        "Container “a” has the invalid value “0” for memory.",
        "",
    ]


def test_amounts_are_exact():
    small = {"image": "x", "resourceRequirements": requirements(VCPU="0.1", MEMORY="100")}
    assert size_of(nodes(3, n0_=small), {}).vcpus == Decimal("0.3")


OLD_SMALL = {"vcpus": 1, "memory": 4}
LARGE = {"image": "x", "resourceRequirements": requirements(VCPU="8", MEMORY="800")}


@pytest.mark.parametrize(
    ("definition", "submission"),
    [
        ({"containerProperties": LARGE}, {"containerOverrides": OLD_SMALL}),
        (
            nodes(1, n0_=LARGE),
            {"nodeOverrides": {"nodePropertyOverrides": [{"targetNodes": "0:", "containerOverrides": OLD_SMALL}]}},
        ),
        ({"containerProperties": {**LARGE, **OLD_SMALL}}, {}),
        (
            {
                "containerProperties": {
                    "resourceRequirements": requirements(VCPU="1", MEMORY="4"),
                    "vcpus": 8,
                    "memory": 800,
                }
            },
            {},
        ),
        (
            {"containerProperties": OLD_SMALL},
            {"containerOverrides": {**OLD_SMALL, "resourceRequirements": requirements(VCPU="8", MEMORY="800")}},
        ),
        (
            {"containerProperties": OLD_SMALL},
            {
                "containerOverrides": {
                    "resourceRequirements": requirements(VCPU="8", MEMORY="800") + requirements(VCPU="1", MEMORY="4")
                }
            },
        ),
    ],
)
def test_of_two_amounts_of_a_container_the_larger_counts(definition: Document, submission: Document):
    """An old key never wins over a requirement (ContainerOverrides, AWS Batch API reference)."""
    size = size_of(definition, submission)

    assert (size.vcpus, size.memory_mib, size.unknown) == (8, 800, ())


def test_an_override_wins_over_an_amount_that_the_definition_says_the_same_way():
    for key in ("vcpus", "memory"):
        size = size_of({"containerProperties": {"vcpus": 8, "memory": 800}}, {"containerOverrides": {key: 4}})
        assert (size.vcpus, size.memory_mib) == ((4, 800) if key == "vcpus" else (8, 4))
    size = size_of(
        {"containerProperties": LARGE}, {"containerOverrides": {"resourceRequirements": requirements(VCPU="1")}}
    )
    assert (size.vcpus, size.memory_mib) == (1, 800)


@pytest.mark.parametrize("name", [{}, {"name": "b"}], ids=str)
def test_an_override_that_does_not_name_the_only_container_makes_it_no_smaller(name: Document):
    of_task = size_of(
        task({**LARGE, "name": "a"}), over_task({**name, "resourceRequirements": requirements(VCPU="1")})
    )
    own = {"eksProperties": pod(containers=[in_pod("a", "8")])}
    over = {**in_pod("b", "1"), "name": name.get("name", "")}
    of_pod = size_of(own, {"eksPropertiesOverride": pod(containers=[over])})

    assert (of_task.vcpus, of_task.memory_mib, of_pod.vcpus) == (8, 800, 8)
