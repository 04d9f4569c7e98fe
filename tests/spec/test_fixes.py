"""What fixes keep: nothing that someone wrote is lost where it can be moved."""

from collections.abc import Iterator
from typing import Any

import pytest

from jobs.spec.documents import Document, DocumentKind, detect_kind
from jobs.spec.patch import apply_patch
from jobs.spec.problems import Problem, has_errors
from jobs.spec.rules import validate
from tests.aws_answers import all_rows
from tests.spec.rule_cases import CASES
from tests.spec.rule_documents import ROLE, ecs, eks, fargate, nodes, retrying
from tests.spec.samples import definition, step, submission, workflow
from tests.spec.test_aws_answers import problems_of

NOWHERE_TO_GO = {
    "containers.image-reference", "containers.no-shell", "containers.tmpfs-option", "containers.ulimit-name",
    "dependencies.n-to-n-without-array", "dependencies.sequential-without-array", "ec2.not-applicable",
    "ec2.whole-vcpus", "ecs.dependency-condition", "ecs.dependency-container", "ecs.dependency-essential",
    "ecs.essential", "ecs.network-mode", "efs.access-point-encryption", "efs.access-point-root",
    "efs.platform-version", "eks.cpu", "eks.gpu", "eks.memory", "eks.platform", "eks.propagate-tags",
    "fargate.container-timeout", "fargate.gpu", "fargate.legacy-size", "fargate.log-driver", "fargate.multinode",
    "fargate.not-applicable", "fargate.pair", "fargate.windows-arm", "managed-instances.not-applicable",
    "names.tag-characters", "names.tag-of-portal", "nodes.instance-types", "overrides.eks-tags",
    "overrides.fargate-gpu", "overrides.fargate-pair", "overrides.instance-type", "overrides.node-count",
    "overrides.target-nodes", "overrides.unknown-container", "overrides.whole-vcpus", "parameters.not-in-command",
    "platform.instance-type", "retries.never-matches", "schema.belongs-elsewhere", "schema.pattern",
    "schema.too-large", "schema.too-small", "schema.unknown-key", "schema.unknown-value", "schema.value-case",
    "secrets.in-environment", "share.not-fair", "share.priority", "share.priority-alone", "values.case",
    "volumes.unknown", "windows.not-applicable", "workflow.n-to-n-without-array", "workflow.self-reference",
    "workflow.sequential-is-plain", "workflow.sequential-of-array", "workflow.shell-rest",
}  # fmt: skip
"""Rules whose fix puts another value, or removes one that AWS takes nowhere in the document."""


def leaves(value: Any) -> Iterator[str]:
    """Every string and number of a document, and every key that someone chose."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner) if inner not in ({}, []) else ()
            yield from (key,) if isinstance(inner, str) else ()
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value is not None and value != "":
        yield str(value)


def fixes_of(document: Document) -> list[Problem]:
    kind = detect_kind(document)
    assert kind
    return [problem for problem in validate.validate_document(kind, document) if problem.fix]


def rules_that_lose_something() -> set[str]:
    """Rules with a fix that takes something out of the document which is nowhere else in it."""
    requests = [(case.rule, case.bad, case.problems_of(case.bad)) for case in CASES]
    requests += [
        (row.rule, row.definition if row.submission is None else row.submission, problems_of(row))
        for row in all_rows()
        if row.answer != "accepted"
    ]
    return {
        rule
        for rule, document, problems in requests
        for problem in problems
        if problem.rule == rule
        and problem.fix
        and set(leaves(document)) - set(leaves(apply_patch(document, problem.fix)))
    }


def test_a_fix_loses_nothing_that_has_another_place() -> None:
    assert rules_that_lose_something() == NOWHERE_TO_GO


SMALL = {"image": "x", "vcpus": 1, "memory": 4}

MISPLACED = [
    # in an object around it
    (definition({"parameters": {"a": "b"}, "command": ["Ref::a"]}), "/containerProperties/parameters",
     definition({"command": ["Ref::a"]}, parameters={"a": "b"})),
    (definition({"parameters": {"a": "b"}, "command": ["Ref::a", "Ref::c"]}, parameters={"c": "d"}),
     "/containerProperties/parameters",
     definition({"command": ["Ref::a", "Ref::c"]}, parameters={"c": "d", "a": "b"})),
    (definition({"timeout": {"attemptDurationSeconds": 60}}), "/containerProperties/timeout",
     definition(timeout={"attemptDurationSeconds": 60})),
    (definition({"tags": {"a": "b"}}), "/containerProperties/tags", definition(tags={"a": "b"})),
    (ecs({"image": "x", "executionRoleArn": ROLE}),
     "/ecsProperties/taskProperties/0/containers/0/executionRoleArn", ecs({"image": "x"}, executionRoleArn=ROLE)),
    (eks({"serviceAccountName": "sa"}), "/eksProperties/podProperties/containers/0/serviceAccountName",
     eks(pod={"serviceAccountName": "sa"})),
    (nodes({"targetNodes": "0:", "container": SMALL | {"instanceTypes": ["m5.large"]}}),
     "/nodeProperties/nodeRangeProperties/0/container/instanceTypes",
     nodes({"targetNodes": "0:", "container": SMALL, "instanceTypes": ["m5.large"]})),
    (submission(containerOverrides={"retryStrategy": {"attempts": 2}}), "/containerOverrides/retryStrategy",
     submission(containerOverrides={}, retryStrategy={"attempts": 2})),
    (workflow(step("a", containerOverrides={"tags": {"a": "b"}})), "/jobs/0/containerOverrides/tags",
     workflow(step("a", containerOverrides={}, tags={"a": "b"}))),
    # in an object beside it
    (definition(environment=[{"name": "A", "value": "b"}]), "/environment",
     definition({"environment": [{"name": "A", "value": "b"}]})),
    ({"jobDefinitionName": "greet", "type": "container", "image": "x", "vcpus": 1, "memory": 4}, "/image",
     {"jobDefinitionName": "greet", "type": "container",
      "containerProperties": {"image": "x", "vcpus": 1, "memory": 4}}),
    (submission(command=["x"], environment=[{"name": "A", "value": "b"}]), "/command",
     submission(containerOverrides={"command": ["x"], "environment": [{"name": "A", "value": "b"}]})),
    (submission(command=["x"], containerOverrides={}), "/command", submission(containerOverrides={"command": ["x"]})),
    (workflow(step("a", command=["x"])), "/jobs/0/command",
     workflow(step("a", containerOverrides={"command": ["x"]}))),
    (eks(pod={}) | {"eksProperties": {"podProperties": {}, "containers": [{"image": "x"}]}},
     "/eksProperties/containers",
     eks(pod={}) | {"eksProperties": {"podProperties": {"containers": [{"image": "x"}]}}}),
    # under another name
    (eks({"environment": [{"name": "A", "value": "b"}]}), "/eksProperties/podProperties/containers/0/environment",
     eks({"env": [{"name": "A", "value": "b"}]})),
    (ecs({"image": "x"}, jobRoleArn=ROLE), "/ecsProperties/taskProperties/0/jobRoleArn",
     ecs({"image": "x"}, taskRoleArn=ROLE)),
    (ecs({"image": "x", "jobRoleArn": ROLE}), "/ecsProperties/taskProperties/0/containers/0/jobRoleArn",
     ecs({"image": "x"}, taskRoleArn=ROLE)),
    # where the same stands already
    (definition({"timeout": {"attemptDurationSeconds": 60}}, timeout={"attemptDurationSeconds": 60}),
     "/containerProperties/timeout", definition(timeout={"attemptDurationSeconds": 60})),
]  # fmt: skip


@pytest.mark.parametrize(("document", "pointer", "fixed"), MISPLACED, ids=[pointer for _, pointer, _ in MISPLACED])
def test_a_key_moves_to_where_it_belongs(document: Document, pointer: str, fixed: Document) -> None:
    [problem] = [problem for problem in fixes_of(document) if problem.pointer == pointer]
    assert problem.rule == "schema.belongs-elsewhere"
    assert apply_patch(document, problem.fix) == fixed


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (definition({"timeout": {"attemptDurationSeconds": 60}}, timeout={"attemptDurationSeconds": 90}),
         "/containerProperties/timeout"),
        (definition({"parameters": {"a": "b"}}, parameters={"a": "c"}), "/containerProperties/parameters"),
        (definition(eksProperties={"podProperties": {"containers": [{"image": "x"}]}}), "/eksProperties"),
        (definition({"environment": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}),
         "/containerProperties/environment/1"),
        (definition({"resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "4"},
                                              {"type": "VCPU", "value": "2"}]}),
         "/containerProperties/resourceRequirements/2"),
        (nodes({"targetNodes": "0:", "container": {"image": "x", "vcpus": 1, "memory": 4},
                "ecsProperties": ecs({"image": "x"})["ecsProperties"]}),
         "/nodeProperties/nodeRangeProperties/0/ecsProperties"),
    ],
)  # fmt: skip
def test_where_two_values_exclude_each_other_the_author_chooses(document: Document, pointer: str) -> None:
    kind = detect_kind(document)
    assert kind
    problems = [problem for problem in validate.validate_document(kind, document) if problem.pointer == pointer]
    assert problems
    assert [problem.fix for problem in problems] == [()] * len(problems)


@pytest.mark.parametrize(
    ("document", "pointer", "fixed"),
    [
        (definition({"environment": {}}), "/containerProperties/environment", definition({"environment": []})),
        (definition({"environment": {"A": "b", "C": 1}}), "/containerProperties/environment",
         definition({"environment": [{"name": "A", "value": "b"}, {"name": "C", "value": "1"}]})),
        (definition({"environment": {"name": "A", "value": "b"}}), "/containerProperties/environment",
         definition({"environment": [{"name": "A", "value": "b"}]})),
        (definition({"resourceRequirements": {"VCPU": 1, "MEMORY": "512"}}),
         "/containerProperties/resourceRequirements", definition()),
        (definition(tags=[{"Key": "a", "Value": "b"}]), "/tags", definition(tags={"a": "b"})),
        (submission(containerOverrides=[{"command": ["x"]}]), "/containerOverrides",
         submission(containerOverrides={"command": ["x"]})),
        (submission(parameters=[]), "/parameters", submission(parameters={})),
    ],
)  # fmt: skip
def test_maps_and_lists_become_each_other(document: Document, pointer: str, fixed: Document) -> None:
    [problem] = [problem for problem in fixes_of(document) if problem.pointer == pointer]
    assert apply_patch(document, problem.fix) == fixed


def test_a_key_is_not_renamed_to_one_of_another_type() -> None:
    for name, value in (("ulimit", "x"), ("volume", {"a": "b"})):
        [problem] = [entry for entry in fixes_of(definition({name: value})) if entry.rule == "schema.unknown-key"]
        assert [operation["op"] for operation in problem.fix] == ["remove"]


def test_a_block_of_the_other_type_changes_the_type() -> None:
    document = nodes() | {"type": "container"}
    [problem] = fixes_of(document)
    assert apply_patch(document, problem.fix) == nodes()


def test_a_rule_that_never_applies_moves_before_the_one_that_covers_it() -> None:
    last, spot = {"onReason": "*", "action": "EXIT"}, {"onStatusReason": "Host EC2*", "action": "RETRY"}
    [problem] = fixes_of(retrying(last, spot))
    assert apply_patch(retrying(last, spot), problem.fix) == retrying(spot, last)


def test_an_override_of_a_container_moves_to_the_only_container_of_a_task() -> None:
    on = ecs({"image": "x", "name": "main"})
    document = submission(containerOverrides={"command": ["x"]})
    problems = validate.validate_document(DocumentKind.SUBMISSION, document, {"greet": on})
    [problem] = [problem for problem in problems if problem.rule == "overrides.other-sort"]
    fixed = apply_patch(document, problem.fix)
    assert not has_errors(validate.validate_document(DocumentKind.SUBMISSION, fixed, {"greet": on}))
    [container] = fixed["ecsPropertiesOverride"]["taskProperties"][0]["containers"]
    assert container == {"name": "main", "command": ["x"]}
    for override in ({"vcpus": 2}, {"instanceType": "m5.large"}):
        problems = validate.validate_document(
            DocumentKind.SUBMISSION, submission(containerOverrides=override), {"greet": on}
        )
        assert [problem.fix for problem in problems if problem.rule == "overrides.other-sort"] == [()]


def test_container_properties_on_managed_instances_become_a_task() -> None:
    platform = {"platformCapabilities": ["MANAGED_INSTANCES"]}
    document = definition({"command": ["x"], "jobRoleArn": ROLE, "user": "nobody"}) | platform
    [problem] = fixes_of(document)
    container = {key: value for key, value in document["containerProperties"].items() if key != "jobRoleArn"}
    assert apply_patch(document, problem.fix) == ecs(container, taskRoleArn=ROLE) | platform
    document = definition({"networkConfiguration": {"assignPublicIp": "ENABLED"}}) | platform
    assert "managed-instances.properties" not in {problem.rule for problem in fixes_of(document)}


def test_keys_of_the_other_kind_of_document_are_explained() -> None:
    problems = validate.validate_document(DocumentKind.DEFINITION, fargate(jobQueue="q"))
    assert [problem.message for problem in problems] == [
        "A job definition can't set jobQueue; only a submission does."
    ]
