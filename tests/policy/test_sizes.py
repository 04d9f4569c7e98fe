"""Ceilings and approval see a size, an image, a role and a right in every shape in which AWS Batch takes one."""

from decimal import Decimal
from typing import Any

import pytest

from jobs.models import Feature
from jobs.policy.approval import ApprovalThresholds, SubmissionSummary, approval_reasons, escalations
from jobs.policy.capabilities import IMAGE, ROLE, capability_uses
from jobs.policy.grants import QueueUsage
from jobs.policy.quotas import quota_violations
from jobs.policy.requests import JobRequest, build_definition_request
from jobs.policy.rules import definition_violations, job_violations
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.problems import join_pointer
from tests.policy.samples import QUEUE, grants_with, job
from tests.spec.shapes import (
    MORE,
    NODES,
    OF_CONTAINERS,
    ONE,
    REQUESTS,
    Place,
    amounts,
    definition_for,
    members,
    places,
    with_names,
    with_value,
)

OVERRIDES = [each for each in places(OF_CONTAINERS) if each.values[0] == "submission"]


def job_with_override(place: Place, value: Any) -> JobRequest:
    submission = with_value(with_names({"jobName": "one"}, place), place, value)
    return job(submission, on=definition_for(place))


def size_rules(ask: JobRequest, **ceilings: int) -> list[tuple[str, str]]:
    told = job_violations(ask, grants_with(ceilings=ceilings, features=frozenset(Feature.values)))
    return [(each.rule, each.pointer) for each in told]


def unknown(place: Place) -> JobRequest:
    bad = {
        "resourceRequirements": [{"type": kind, "value": "Ref::n"} for kind in ("VCPU", "MEMORY")],
        "limits": {"cpu": "Ref::n", "memory": "Ref::n"},
        "requests": {"cpu": "Ref::n", "memory": "Ref::n"},
    }
    return job_with_override(place, bad.get(place[-1], "Ref::n"))


def approval_rules(ask: JobRequest, **thresholds: Any) -> list[str]:
    request = SubmissionSummary("Research", {"one": ask}, Decimal(1), Decimal(1))
    return [each.rule for each in approval_reasons(request, ApprovalThresholds(**thresholds))]


@pytest.mark.parametrize(("kind", "place"), OVERRIDES)
def test_a_ceiling_holds_for_every_override(kind, place):
    nodes = NODES if place[0].startswith("node") else 1
    here = "/containerOverrides/resourceRequirements" if place[-1] == "resourceRequirements" else f"/{place[0]}"
    pointer = here if place[0] == "containerOverrides" else f"/{place[0]}"
    ask = job_with_override(place, amounts(place[-1], MORE))
    ceiling, rule = ("memory_mib", "too-much-memory") if place[-1] == "memory" else ("vcpus", "too-many-vcpus")
    amount = (700 if place[-1] == "memory" else 7) * nodes

    assert size_rules(ask, **{ceiling: amount}) == []
    assert size_rules(ask, **{ceiling: amount - 1}) == [(f"policy.{rule}", pointer)]


@pytest.mark.parametrize(("kind", "place"), OVERRIDES)
def test_what_is_in_use_at_once_counts_every_override(kind, place):
    nodes = NODES if place[0].startswith("node") else 1
    ask = job_with_override(place, amounts(place[-1], MORE))
    vcpus = (1 if place[-1] == "memory" else 7) * nodes

    def quota_rules(most: int) -> list[str]:
        grants = grants_with(ceilings={"active_vcpus": most})
        return [each.rule for _, each in quota_violations([ask], grants, {QUEUE: QueueUsage(1, Decimal(2))})]

    assert quota_rules(vcpus + 2) == []
    assert quota_rules(vcpus + 1) == ["policy.no-room-for-vcpus"]


@pytest.mark.parametrize(("kind", "place"), OVERRIDES)
def test_an_override_that_is_no_amount_is_refused_by_a_ceiling_and_asks_for_approval(kind, place):
    ask = unknown(place)
    rules = {rule for rule, _ in size_rules(ask, vcpus=1000, memory_mib=100_000)}
    fine = job(on=definition_for(place))

    assert rules == {"policy.size-unknown"}
    assert size_rules(ask) == []  # nothing is limited
    assert approval_rules(ask, usd=Decimal(1000)) == ["approval.price-unknown"]
    assert approval_rules(ask, vcpu_hours=1000) == approval_rules(ask, gpus=1000) == ["approval.size-unknown"]
    assert approval_rules(fine, usd=Decimal(1000), vcpu_hours=1000, gpus=1000) == []
    both = [SubmissionSummary("Research", {"one": each}, Decimal(1), Decimal(1)) for each in (fine, ask)]
    assert "edit.size" in {each.rule for each in escalations(*both)}


@pytest.mark.parametrize(("kind", "place"), OVERRIDES)
def test_an_override_of_a_larger_size_raises_what_was_asked_for(kind, place):
    both = (job_with_override(place, amounts(place[-1], value)) for value in (ONE, MORE))
    before, after = (SubmissionSummary("Research", {"one": ask}, Decimal(1), Decimal(1)) for ask in both)

    assert "edit.size" in {each.rule for each in escalations(before, after)}
    assert "edit.size" not in {each.rule for each in escalations(after, before)}


def test_what_cannot_be_told_is_said_in_words_with_the_reason():
    bare: Document = {"jobDefinitionName": "bare", "containerProperties": {"image": "busybox"}}
    [told] = job_violations(job(on=bare), grants_with(ceilings={"vcpus": 64, "memory_mib": 2048}))

    assert told.message == (
        "Research can use at most 64 vCPU and 2 GiB of memory in cpu, but the resources of the job are unknown. "
        "The container has no vCPU or memory. Set vCPU and memory in the definition or the job."
    )


def test_of_a_definition_that_is_not_known_no_size_is_missed():
    nothing = job(on={"jobDefinitionName": "x"}, definition_name="")

    assert size_rules(nothing, vcpus=1) == []


def test_a_definition_of_unknown_size_may_be_registered():
    bare: Document = {"jobDefinitionName": "bare", "containerProperties": {"image": "busybox"}}

    assert definition_violations(build_definition_request(bare), grants_with(ceilings={"vcpus": 1})) == []


def test_jobs_that_run_and_whose_size_nobody_knows_leave_no_room_that_could_be_shown():
    grants = grants_with(ceilings={"active_vcpus": 1000})
    [(_, told)] = quota_violations([job()], grants, {QUEUE: QueueUsage(2, Decimal(2), unknown_vcpus=2)})

    assert told.message == (
        "Research can use 1000 vCPU at a time in cpu, but the vCPU of 2 of its active jobs are unknown. "
        "Wait until they end, or stop them."
    )
    assert not list(
        quota_violations([job()], grants_with(ceilings={"active_jobs": 10}), {QUEUE: QueueUsage(2, unknown_vcpus=2)})
    )


def test_jobs_whose_size_nobody_knows_do_not_fit_into_what_may_be_in_use_at_once():
    bare = job(on={"jobDefinitionName": "bare", "containerProperties": {"image": "busybox"}})
    told = [
        each.rule for _, each in quota_violations([job(), bare], grants_with(ceilings={"active_vcpus": 1000}), {})
    ]

    assert told == ["policy.size-unknown"]


def test_the_size_of_a_job_of_several_nodes_is_told_as_their_sum():
    ask = job({"nodeOverrides": {"numNodes": 9}}, on=definition_for(("nodeOverrides", "numNodes")))
    [told] = job_violations(ask, grants_with(ceilings={"vcpus": 8}, features=frozenset(Feature.values)))

    assert told.message == "The job asks for 9 vCPU on its 9 nodes in total; Research can use at most 8 vCPU in cpu."
    assert told.pointer == "/nodeOverrides"


# -- Images, roles and rights

POWERS: dict[str, tuple[str, Any]] = {
    "image": (IMAGE, "evil/image"),
    "jobRoleArn": (ROLE, "arn:aws:iam::1:role/x"),
    "taskRoleArn": (ROLE, "arn:aws:iam::1:role/x"),
    "executionRoleArn": (ROLE, "arn:aws:iam::1:role/x"),
    "serviceAccountName": (Feature.SERVICE_ACCOUNT, "admin"),
    "user": (Feature.USER, "root"),
    "runAsUser": (Feature.USER, 0),
    "runAsGroup": (Feature.USER, 0),
    "fsGroup": (Feature.USER, 0),
    "privileged": (Feature.PRIVILEGED, True),
    "allowPrivilegeEscalation": (Feature.PRIVILEGED, True),
    "add": (Feature.CAPABILITIES, ["SYS_ADMIN"]),
    "devices": (Feature.DEVICES, [{"hostPath": "/dev/mem"}]),
    "secrets": (Feature.SECRETS, [{"name": "A", "valueFrom": "b"}]),
    "enableExecuteCommand": (Feature.EXEC, True),
    "hostPath": (Feature.HOST_VOLUMES, {"path": "/"}),
}


def power_places() -> list[Any]:
    return [
        pytest.param(kind, place, id=f"{kind}: {'.'.join(place)}")
        for kind, request in REQUESTS.items()
        for place, _, _ in members(request)
        if place[-1] in POWERS and "devices" not in place[:-1]
    ]


@pytest.mark.parametrize(("kind", "place"), power_places())
def test_an_image_a_role_and_a_right_are_seen_in_every_container_of_every_shape(kind, place):
    power, value = POWERS[place[-1]]
    here = join_pointer(*(0 if step == "[]" else step for step in place))

    seen = capability_uses(
        with_value({}, place, value), DocumentKind.DEFINITION if kind == "definition" else DocumentKind.SUBMISSION
    )
    assert (power, here) in [(use.capability, use.pointer) for use in seen]


def test_images_are_looked_for_in_init_containers_in_nodes_and_in_overrides():
    """The walk above would prove nothing if it reached few places."""
    seen = {".".join(step for step in each.values[1] if step != "[]") for each in power_places()}

    assert {
        "containerProperties.image",
        "ecsProperties.taskProperties.containers.image",
        "eksProperties.podProperties.initContainers.image",
        "nodeProperties.nodeRangeProperties.eksProperties.podProperties.initContainers.image",
        "eksPropertiesOverride.podProperties.initContainers.image",
        "nodeOverrides.nodePropertyOverrides.eksPropertiesOverride.podProperties.containers.image",
    } <= seen
