"""What is wrong with a definition."""

from typing import Any

import pytest

from jobs.spec.documents import Document
from jobs.spec.patch import apply_patch
from jobs.spec.problems import Severity, resolve_pointer
from jobs.spec.rules import job_definition as judge
from jobs.spec.rules import sizes
from jobs.spec.rules.required_size import DefaultSize, apply_default_size
from tests.spec.samples import definition, pointers_and_rules

VCPU = {"type": "VCPU", "value": "2"}
MEMORY = {"type": "MEMORY", "value": "2048"}


def definition_with_requirements(*requirements: Document, **container: object) -> Document:
    return definition({"resourceRequirements": list(requirements), **container})


def test_a_sound_definition_has_no_problems() -> None:
    assert judge.check_definition(definition()) == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"jobDefinitionName": "x", "type": "container"}, [""]),
        ({"jobDefinitionName": "x", "type": "multinode"}, [""]),
        (definition(ecsProperties={"taskProperties": [{"containers": [{"image": "i"}]}]}), ["/ecsProperties"]),
        (definition(eksProperties={}), ["/eksProperties"]),
        (definition(type="multinode"), ["", "/containerProperties"]),
        (definition(type="of-tomorrow"), []),
    ],
)
def test_a_definition_has_the_properties_of_its_type_and_only_one_sort(
    document: Document, expected: list[str]
) -> None:
    problems = [
        problem.pointer for problem in judge.check_definition(document) if problem.rule == "definition.properties"
    ]
    assert problems == expected


def test_a_container_needs_an_image_also_in_a_group_of_nodes() -> None:
    alone = definition()
    del alone["containerProperties"]["image"]
    group = {"targetNodes": "0:", "container": {"vcpus": 1, "memory": 4}}
    nodes = {
        "jobDefinitionName": "x",
        "type": "multinode",
        "nodeProperties": {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [group]},
    }
    assert pointers_and_rules(judge.check_definition(alone)) == [("/containerProperties", "definition.no-image")]
    assert pointers_and_rules(judge.check_definition(nodes)) == [
        ("/nodeProperties/nodeRangeProperties/0/container", "definition.no-image")
    ]


@pytest.mark.parametrize(
    ("container", "lacking"),
    [
        ({"resourceRequirements": []}, "vCPU and memory"),
        ({"resourceRequirements": [VCPU]}, "memory"),
        ({"resourceRequirements": [MEMORY]}, "vCPU"),
        ({"resourceRequirements": [MEMORY], "vcpus": 1}, None),
        ({"resourceRequirements": [], "vcpus": 1, "memory": 4}, None),
    ],
)
def test_a_definition_without_a_size_is_refused_and_its_fix_adds_what_is_missing(
    container: Document, lacking: str | None
) -> None:
    problems = judge.check_definition(definition(container))
    if lacking is None:
        assert problems == []
    else:
        assert [(problem.pointer, problem.severity) for problem in problems] == [
            ("/containerProperties", Severity.ERROR)
        ]
        assert problems[0].message.startswith(f"The definition does not set {lacking}, which")
        assert judge.check_definition(apply_patch(definition(container), problems[0].fix)) == []


@pytest.mark.parametrize(
    ("container", "platform", "size", "amounts"),
    [
        ({}, "EC2", "1,2048", {"VCPU": "1", "MEMORY": "2048"}),
        ({}, "EC2", "0.5,2048", {"VCPU": "1", "MEMORY": "2048"}),
        ({"resourceRequirements": [VCPU]}, "EC2", "8,2048", {"VCPU": VCPU["value"], "MEMORY": "2048"}),
        ({"memory": 512}, "EC2", "1,2048", {"VCPU": "1"}),
        ({}, "FARGATE", "1,1000", {"VCPU": "1", "MEMORY": "2048"}),
        ({}, "FARGATE", "0.25,512", {"VCPU": "0.25", "MEMORY": "512"}),
        ({"resourceRequirements": [{"type": "MEMORY", "value": "8192"}]}, "FARGATE", "1,2048",
         {"VCPU": "1", "MEMORY": "8192"}),
        ({"resourceRequirements": [{"type": "MEMORY", "value": "512"}]}, "FARGATE", "1,2048", {"MEMORY": "512"}),
        ({}, "FARGATE", "64,2048", {}),
    ],
)  # fmt: skip
def test_a_default_size_fills_in_only_what_is_missing(
    container: Document, platform: str, size: str, amounts: dict[str, str]
) -> None:
    document = definition({"resourceRequirements": None, **container}, platformCapabilities=[platform])
    properties = document["containerProperties"]
    if properties["resourceRequirements"] is None:
        del properties["resourceRequirements"]

    filled_document, changes = apply_default_size(document, DefaultSize.parse(size), "Research")

    entries = filled_document["containerProperties"].get("resourceRequirements", [])
    assert {entry["type"]: entry["value"] for entry in entries} == amounts
    assert len(changes) == len(entries) - len(container.get("resourceRequirements", ()))
    assert all(resolve_pointer(filled_document, change.pointer) in entries for change in changes)


@pytest.mark.parametrize("text", ["", "1", "1,", ",2048", "0,2048", "1,3", "1;2048", "-1,2048", "1,2 GiB", "٣,2048"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 1,2048"):
        DefaultSize.parse(text)


def test_each_node_needs_a_size_from_one_group_at_least() -> None:
    def group(targets: str, **container: Any) -> Document:
        return {"targetNodes": targets, "container": {"image": "busybox", **container}}

    def problems(*groups: Document) -> list[tuple[str, str]]:
        properties = {"numNodes": 4, "mainNode": 0, "nodeRangeProperties": list(groups)}
        result = judge.check_definition({"jobDefinitionName": "n", "type": "multinode", "nodeProperties": properties})
        return [(problem.pointer, problem.message) for problem in result if problem.rule == "definition.no-size"]

    assert problems(group("0:3", vcpus=1, memory=512)) == []
    assert problems(group("0:3", vcpus=1, memory=512), group("0:0")) == []
    task = {"containers": [{"name": "main", "image": "busybox"}]}
    assert problems({"targetNodes": "0:3", "ecsProperties": {"taskProperties": [task]}}, group("0:0")) == []
    [(pointer, message)] = problems(group("0:0", vcpus=1, memory=512), group("1:", vcpus=1))
    assert pointer == "/nodeProperties/nodeRangeProperties/1/container"
    assert message.startswith("The group of nodes “1:” does not set memory")


def test_legacy_sizes_beside_a_gpu_are_nothing_to_speak_of() -> None:
    assert (
        judge.check_definition(definition_with_requirements({"type": "GPU", "value": "1"}, vcpus=4, memory=16384))
        == []
    )


def test_legacy_sizes_beside_their_own_requirement_are_warned_of_and_taken_away() -> None:
    document = definition_with_requirements(VCPU, MEMORY, vcpus=4, memory=16384)
    problems = judge.check_definition(document)
    assert pointers_and_rules(problems) == [
        ("/containerProperties/vcpus", "sizes.legacy-beside-requirement"),
        ("/containerProperties/memory", "sizes.legacy-beside-requirement"),
    ]
    assert {problem.severity for problem in problems} == {Severity.WARNING}
    assert apply_patch(document, [*problems[0].fix, *problems[1].fix]) == definition_with_requirements(VCPU, MEMORY)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("VCPU", ["1", "0.25", "16"], ["", "two", "0", "-1", "1 ", "1e3", "٣"]),
        ("MEMORY", ["4", "2048"], ["3", "2 GB", "512.5", ""]),
        ("GPU", ["1"], ["all", "0.5", ""]),
        ("QUANTUM", ["anything"], []),
    ],
)
def test_the_value_of_a_requirement_is_a_number_of_the_right_sort(kind: str, good: list[str], bad: list[str]) -> None:
    def pointers_of(value: str) -> list[str]:
        problems = judge.check_definition(definition_with_requirements({"type": kind, "value": value}))
        return [problem.pointer for problem in problems if problem.rule == "sizes.value"]

    assert [pointers_of(value) for value in good] == [[] for _ in good]
    assert [pointers_of(value) for value in bad] == [
        ["/containerProperties/resourceRequirements/0/value"] for _ in bad
    ]


def test_a_requirement_stands_once() -> None:
    document = definition_with_requirements(VCPU, MEMORY, VCPU)
    [problem] = judge.check_definition(document)
    assert problem.pointer == "/containerProperties/resourceRequirements/2"
    assert apply_patch(document, problem.fix) == definition_with_requirements(VCPU, MEMORY)


def test_rules_of_a_retry_need_a_count_and_a_condition() -> None:
    rule = {"onExitCode": "1", "action": "EXIT"}
    assert judge.check_definition(definition(retryStrategy={"attempts": 2, "evaluateOnExit": [rule]})) == []
    strategies: list[Document] = [{"evaluateOnExit": [rule]}, {"evaluateOnExit": []}, {}]
    for strategy in strategies:
        assert pointers_and_rules(judge.check_definition(definition(retryStrategy=strategy))) == [
            ("/retryStrategy", "retries.no-attempts")
        ]
    assert pointers_and_rules(
        judge.check_definition(definition(retryStrategy={"attempts": 1, "evaluateOnExit": [{"action": "EXIT"}]}))
    ) == [("/retryStrategy/evaluateOnExit/0", "retries.no-condition")]


def test_variables_of_batch_cannot_be_set_and_every_variable_has_a_name() -> None:
    def check_variables(*variables: Document) -> list[tuple[str, str]]:
        return pointers_and_rules(judge.check_definition(definition({"environment": list(variables)})))

    assert check_variables({"name": "MY_AWS_BATCH", "value": ""}, {"name": "x", "value": "y"}) == []
    assert check_variables({"name": "A"}, {"name": "AWS_BATCH_JOB_ID", "value": "x"}) == [
        ("/containerProperties/environment/1/name", "names.variable-of-batch")
    ]
    assert check_variables({"value": "x"}) == [("/containerProperties/environment/0", "names.no-variable")]


def test_variables_of_batch_are_found_wherever_a_container_stands() -> None:
    variable = {"name": "aws_batch_x", "value": "1"}
    pod = {"podProperties": {"containers": [{"image": "i", "env": [variable]}]}}
    document = {"jobDefinitionName": "x", "type": "container", "eksProperties": pod}
    assert pointers_and_rules(judge.check_definition(document)) == [
        ("/eksProperties/podProperties/containers/0/env/0/name", "names.variable-of-batch")
    ]


def test_variables_of_the_portal_are_refused_wherever_a_container_stands() -> None:
    plain = {"image": "i", "environment": [{"name": "PORTAL_A", "value": "1"}]}
    secret = {"image": "i", "secrets": [{"name": "PORTAL_B", "valueFrom": "b"}]}
    pod = {"image": "i", "env": [{"name": "PORTAL_C", "value": "1"}]}
    shapes: list[tuple[Document, str]] = [
        ({"containerProperties": plain}, "/containerProperties/environment/0/name"),
        ({"containerProperties": secret}, "/containerProperties/secrets/0/name"),
        (
            {"ecsProperties": {"taskProperties": [{"containers": [plain]}]}},
            "/ecsProperties/taskProperties/0/containers/0/environment/0/name",
        ),
        (
            {"eksProperties": {"podProperties": {"initContainers": [pod]}}},
            "/eksProperties/podProperties/initContainers/0/env/0/name",
        ),
        (
            {"nodeProperties": {"nodeRangeProperties": [{"targetNodes": "0:", "container": plain}]}},
            "/nodeProperties/nodeRangeProperties/0/container/environment/0/name",
        ),
        ({"containerOverrides": plain}, "/containerOverrides/environment/0/name"),
        (
            {"ecsPropertiesOverride": {"taskProperties": [{"containers": [plain]}]}},
            "/ecsPropertiesOverride/taskProperties/0/containers/0/environment/0/name",
        ),
        (
            {"eksPropertiesOverride": {"podProperties": {"containers": [pod]}}},
            "/eksPropertiesOverride/podProperties/containers/0/env/0/name",
        ),
        (
            {"nodeOverrides": {"nodePropertyOverrides": [{"targetNodes": "0:", "containerOverrides": plain}]}},
            "/nodeOverrides/nodePropertyOverrides/0/containerOverrides/environment/0/name",
        ),
    ]
    for shape, pointer in shapes:
        begun: Document = {"jobName": "x"} if "Override" in next(iter(shape)) else {"jobDefinitionName": "x"}
        assert (pointer, "names.variable-of-portal") in pointers_and_rules(
            judge.check_definition({**begun, **shape})
        ), pointer


def test_tags_of_aws_cannot_be_given() -> None:
    assert judge.check_definition(definition(tags={"team:aws": "x", "Owner": "aws"})) == []
    assert pointers_and_rules(judge.check_definition(definition(tags={"AWS:x/y": "1", "ok": "Aws:2"}))) == [
        ("/tags/AWS:x~1y", "names.tag-of-aws"),
        ("/tags/ok", "names.tag-of-aws"),
    ]


def test_a_definition_has_24_kib_at_most() -> None:
    room = sizes.MAX_DEFINITION_BYTES - sizes.request_bytes(definition({"command": [""]}))
    assert judge.check_definition(definition({"command": ["x" * room]})) == []
    [problem] = judge.check_definition(definition({"command": ["x" * (room + 1)]}))
    assert (problem.pointer, problem.rule) == ("", "definition.too-large")
    assert "24 KiB" in problem.message


@pytest.mark.parametrize(
    "odd", [None, 1, "x", [], [None], [[]], {}, {"environment": 1}, {"resourceRequirements": {}}]
)
def test_no_odd_shape_breaks_a_rule(odd: object) -> None:
    for key in definition():
        judge.check_definition({**definition(), key: odd})
    for key in ("environment", "resourceRequirements", "image", "vcpus"):
        judge.check_definition(definition({key: odd}))
    judge.check_definition(definition(tags=odd, retryStrategy=odd))
    judge.check_definition(definition(retryStrategy={"evaluateOnExit": odd}))


def test_nodes_without_a_size_beside_a_pod_are_both_told() -> None:
    document = {
        "jobDefinitionName": "greet",
        "type": "container",
        "nodeProperties": {
            "numNodes": 1,
            "mainNode": 0,
            "nodeRangeProperties": [{"targetNodes": "0", "container": {}}],
        },
        "eksProperties": {"podProperties": {}},
    }
    rules = {problem.rule for problem in judge.check_definition(document)}
    assert {"definition.properties", "definition.no-size"} <= rules
