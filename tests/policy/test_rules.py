"""Each rule of the portal with an ask that it lets pass and one that it does not."""

from typing import Any

import pytest

from jobs.models import Feature
from jobs.policy.rules import job_violations
from tests.policy.samples import ROLE, against_definition, definition, grants_with, job, violations_of


def test_a_job_within_what_its_team_was_given_meets_no_objection():
    assert violations_of(job()) == []
    assert against_definition(definition(jobRoleArn=ROLE)) == []


def test_a_team_that_was_switched_off_submits_and_registers_nothing():
    off = grants_with(active=False)

    assert violations_of(job(), off) == [("policy.team-inactive", "")]
    assert against_definition(definition(), off) == [("policy.team-inactive", "")]


def test_a_queue_is_used_only_if_it_was_given():
    assert violations_of(job(queue_id=8)) == [("policy.queue-not-granted", "/jobQueue")]


def test_a_closed_queue_is_told_before_aws_tells_it():
    assert violations_of(job(queue_open=False)) == [("policy.queue-closed", "/jobQueue")]


# -- Roles and images


def test_a_role_is_taken_on_only_if_it_was_given():
    other = "arn:aws:iam::123456789012:role/Administrator"

    assert violations_of(job(on=definition(jobRoleArn=ROLE))) == []
    assert violations_of(job(on=definition(jobRoleArn=other))) == [("policy.role-not-granted", "/jobDefinition")]
    assert against_definition(definition(jobRoleArn=other)) == [
        ("policy.role-not-granted", "/containerProperties/jobRoleArn")
    ]


def test_an_execution_role_and_the_roles_of_a_task_are_roles_too():
    task = {"containers": [{"image": "busybox"}], "taskRoleArn": "arn:x", "executionRoleArn": "arn:y"}
    document = {"jobDefinitionName": "d", "ecsProperties": {"taskProperties": [task]}}

    assert against_definition(definition(executionRoleArn="arn:x"))[0][0] == "policy.role-not-granted"
    assert against_definition(document) == [
        ("policy.role-not-granted", "/ecsProperties/taskProperties/0/taskRoleArn"),
        ("policy.role-not-granted", "/ecsProperties/taskProperties/0/executionRoleArn"),
    ]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("arn:aws:iam::123456789012:role/team-a", True),
        ("arn:aws:iam::123456789012:role/other", False),
        ("arn:aws:iam::999999999999:role/team-a", False),
        ("Ref::role", False),
    ],
)
def test_a_prefix_of_roles_gives_the_roles_that_begin_with_it(role, allowed):
    grants = grants_with(roles=("arn:aws:iam::123456789012:role/team-*",))

    assert (violations_of(job(on=definition(jobRoleArn=role)), grants) == []) is allowed


def test_an_image_runs_only_if_it_was_given():
    strange = definition(image="evil.example/miner")

    assert violations_of(job(on=strange)) == [("policy.image-not-granted", "/jobDefinition")]
    assert against_definition(strange) == [("policy.image-not-granted", "/containerProperties/image")]


def test_an_image_that_a_submission_puts_in_is_an_image_too():
    pod = {"podProperties": {"containers": [{"name": "main", "image": "evil.example/miner"}]}}

    assert violations_of(job({"eksPropertiesOverride": pod}), grants_with(features={"eks"})) == [
        ("policy.image-not-granted", "/eksPropertiesOverride/podProperties/containers/0/image")
    ]


# -- Features and fields

HOST = {"name": "host", "host": {"sourcePath": "/"}}
CONTAINER: dict[str, dict[str, Any]] = {
    Feature.PRIVILEGED: {"privileged": True},
    Feature.HOST_VOLUMES: {"volumes": [HOST]},
    Feature.DEVICES: {"linuxParameters": {"devices": [{"hostPath": "/dev/kmsg"}]}},
    Feature.USER: {"user": "root"},
    Feature.LOGS: {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/finance"}}},
    Feature.SECRETS: {"secrets": [{"name": "KEY", "valueFrom": "arn:aws:secretsmanager:…"}]},
    Feature.FILE_SYSTEMS: {"volumes": [{"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]},
    Feature.REGISTRY_CREDENTIALS: {"repositoryCredentials": {"credentialsParameter": "arn:…"}},
    Feature.EXEC: {"enableExecuteCommand": True},
    Feature.PUBLIC_IP: {"networkConfiguration": {"assignPublicIp": "ENABLED"}},
}


@pytest.mark.parametrize("feature", CONTAINER)
def test_what_reaches_beyond_the_container_is_given_by_name(feature):
    document = definition(**CONTAINER[feature])
    rule = f"policy.{feature.replace('_', '-')}-not-granted"

    assert [told for told, _ in against_definition(document)] == [rule]
    assert violations_of(job(on=document)) == [(rule, "/jobDefinition")]
    assert against_definition(document, grants_with(features={feature})) == []


def pod(**fields):
    return {"podProperties": {"containers": [{"image": "busybox", **fields.pop("container", {})}], **fields}}


DOCUMENTS: dict[str, dict[str, Any]] = {
    Feature.HOST_NAMESPACES: {"eksProperties": pod(hostNetwork=True)},
    Feature.CAPABILITIES: {"eksProperties": pod(container={"securityContext": {"capabilities": {"add": ["ALL"]}}})},
    Feature.SERVICE_ACCOUNT: {"eksProperties": pod(serviceAccountName="admin")},
    Feature.USER: {"eksProperties": pod(securityContext={"runAsUser": 0})},
    Feature.PRIORITY: {"schedulingPriority": 9},
    Feature.CONSUMABLES: {"consumableResourceProperties": {"consumableResourceList": [{"quantity": 1}]}},
    Feature.NODES: {"nodeProperties": {"numNodes": 2, "nodeRangeProperties": []}},
    Feature.EKS: {"eksProperties": {"podProperties": {}}},
}


@pytest.mark.parametrize("feature", DOCUMENTS)
def test_what_reaches_beyond_the_container_is_found_wherever_a_definition_has_it(feature):
    document = {"jobDefinitionName": "d", **DOCUMENTS[feature]}
    rest = {Feature.EKS} - {feature}

    assert (
        against_definition(document, grants_with(features=rest))[0][0]
        == f"policy.{feature.replace('_', '-')}-not-granted"
    )
    assert against_definition(document, grants_with(features={*rest, feature})) == []


def test_a_submission_chooses_neither_its_share_nor_sizes_that_no_ceiling_sees():
    task = {"taskProperties": [{"containers": [{"resourceRequirements": [{"type": "VCPU", "value": "96"}]}]}]}

    assert violations_of(job({"shareIdentifier": "all"})) == [("policy.priority-not-granted", "/shareIdentifier")]
    assert violations_of(job({"ecsPropertiesOverride": task}))[0][0] == "policy.task-sizes-not-granted"
    assert violations_of(job({"nodeOverrides": {"numNodes": 99}})) == [("policy.nodes-not-granted", "/nodeOverrides")]


def test_what_says_nothing_needs_no_grant():
    harmless = definition(
        privileged=False,
        user="",
        volumes=[],
        secrets=[],
        networkConfiguration={"assignPublicIp": "DISABLED"},
        logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "/aws/batch/job"}},
    )

    assert against_definition(harmless) == []


def test_a_field_that_nobody_named_carries_no_power_until_an_admin_names_it():
    new = definition(quantumProperties={"qubits": 4})
    named = grants_with(further_fields={"containerProperties.quantumProperties"})

    assert against_definition(new) == [("policy.field-unknown", "/containerProperties/quantumProperties")]
    assert violations_of(job(on=new)) == [("policy.field-unknown", "/jobDefinition")]
    assert violations_of(job({"teleport": True})) == [("policy.field-unknown", "/teleport")]
    assert against_definition(new, named) == []


# -- Registering


def test_a_team_that_registers_nothing_uses_shared_definitions_only():
    guests = grants_with(may_register=False)

    assert against_definition(definition(), guests) == [("policy.may-not-register", "")]
    assert violations_of(job(), guests) == [("policy.definition-not-shared", "/jobDefinition")]
    assert violations_of(job(definition_shared=True), guests) == []


def test_a_definition_that_no_queue_takes_is_told_as_a_warning():
    assert against_definition(definition(), grants_with(ceilings={"vcpus": 2})) == []
    assert against_definition(definition(), grants_with(ceilings={"vcpus": 1})) == [("policy.no-queue-takes-it", "")]


# -- Ceilings


@pytest.mark.parametrize(
    ("ceiling", "kind", "rule"),
    [
        ("vcpus", "VCPU", "policy.too-many-vcpus"),
        ("memory_mib", "MEMORY", "policy.too-much-memory"),
        ("gpus", "GPU", "policy.too-many-gpus"),
    ],
)
def test_a_run_stays_below_its_ceilings_with_what_a_submission_puts_over_the_definition(ceiling, kind, rule):
    def job_with_requirement(value):
        return job({"containerOverrides": {"resourceRequirements": [{"type": kind, "value": value}]}})

    grants = grants_with(ceilings={ceiling: 8192})
    assert violations_of(job_with_requirement("8192"), grants) == []
    assert violations_of(job_with_requirement("8193"), grants) == [(rule, "/containerOverrides/resourceRequirements")]


def test_a_size_of_the_definitions_own_is_told_at_the_definition():
    assert violations_of(job(), grants_with(ceilings={"vcpus": 1})) == [("policy.too-many-vcpus", "/jobDefinition")]


def test_memory_is_told_in_the_units_of_the_form():
    limits = grants_with(ceilings={"memory_mib": 65536})
    override = {"resourceRequirements": [{"type": "MEMORY", "value": "131072"}]}
    [violation] = job_violations(job({"containerOverrides": override}), limits)

    assert (
        violation.message == "The job asks for 128 GiB of memory; Research can use at most 64 GiB of memory in cpu."
    )


def test_an_array_has_its_ceiling():
    grants = grants_with(ceilings={"array_size": 10})

    assert violations_of(job({"arrayProperties": {"size": 10}}), grants) == []
    assert violations_of(job({"arrayProperties": {"size": 11}}), grants) == [
        ("policy.array-too-large", "/arrayProperties/size")
    ]


def test_where_runs_have_a_longest_time_a_job_says_its_own_and_is_helped_to():
    grants = grants_with(ceilings={"run_seconds": 3600})
    limited = {**definition(), "timeout": {"attemptDurationSeconds": 3600}}

    assert violations_of(job(on=limited), grants) == []
    assert violations_of(job({"timeout": {"attemptDurationSeconds": 7200}}, on=limited), grants) == [
        ("policy.runs-too-long", "/timeout")
    ]
    [too_long] = job_violations(job({"timeout": {"attemptDurationSeconds": 7200}}, on=limited), grants)
    assert too_long.message == "The time limit is 2 h. Research can run jobs in cpu for at most 1 h. Shorten it."
    [missing] = job_violations(job(), grants)
    assert (missing.rule, missing.pointer) == ("policy.no-time-limit", "/timeout")
    assert missing.message == (
        "The job has no time limit. Research can run jobs in cpu for at most 1 h. Set a time limit."
    )
    assert missing.fix == ({"op": "add", "path": "/timeout", "value": {"attemptDurationSeconds": 3600}},)


def test_everything_is_told_at_once():
    bad = definition(image="evil.example/miner", jobRoleArn="arn:x", privileged=True)

    assert len(violations_of(job(on=bad, queue_open=False), grants_with(ceilings={"vcpus": 1}))) == 5
