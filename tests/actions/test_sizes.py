"""A job's row holds its whole size, whichever shape says it: use, price and approval are read from there."""

import json
from decimal import Decimal
from typing import Any

import pytest

from jobs import actions
from jobs.actions import approval
from jobs.models import Feature, Job, Queue, QueueGrant
from jobs.models.job import SIZE_FIELDS
from jobs.policy.grants import QueueUsage, queue_usage
from jobs.pricing.receipt import PricedSize
from jobs.spec.documents import Document
from jobs.spec.job_size import requested_size
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def requirements(vcpus: str, memory: str) -> list[Document]:
    return [{"type": "VCPU", "value": vcpus}, {"type": "MEMORY", "value": memory}]


def in_pod(cpu: str, memory: str) -> Document:
    return {"limits": {"cpu": cpu, "memory": memory}}


CONTAINER = {"image": "busybox", "command": ["true"], "resourceRequirements": requirements("1", "512")}
TASK = {"containers": [{"name": name, **CONTAINER} for name in ("a", "b")]}
POD = {"containers": [{"name": "main", "image": "busybox", "resources": in_pod("1", "512Mi")}]}
DEFINITIONS: dict[str, Document] = {
    "task": {"type": "container", "ecsProperties": {"taskProperties": [TASK]}},
    "pod": {"type": "container", "eksProperties": {"podProperties": POD}},
    "nodes": {
        "type": "multinode",
        "nodeProperties": {
            "numNodes": 3,
            "mainNode": 0,
            "nodeRangeProperties": [{"targetNodes": "0:", "container": CONTAINER}],
        },
    },
}
LARGER: dict[str, Document] = {
    "task": {
        "ecsPropertiesOverride": {
            "taskProperties": [{"containers": [{"name": "a", "resourceRequirements": requirements("8", "4096")}]}]
        }
    },
    "pod": {
        "eksPropertiesOverride": {
            "podProperties": {"containers": [{"name": "main", "resources": in_pod("8", "4096Mi")}]}
        }
    },
    "nodes": {
        "nodeOverrides": {
            "numNodes": 4,
            "nodePropertyOverrides": [
                {"targetNodes": "0:", "containerOverrides": {"resourceRequirements": requirements("8", "4096")}}
            ],
        }
    },
}
SIZES = {"task": (9, 4096 + 512), "pod": (8, 4096), "nodes": (4 * 8, 4 * 4096)}


@pytest.fixture
def research():
    member = make.member(make.team("research", features=list(Feature.values)))
    queue = make.queue("cpu", teams=(member.team,))
    for name, document in DEFINITIONS.items():
        make.revision(name, of=member.team, where=queue.account, document={"jobDefinitionName": name, **document})
    return member


def accept(member: Any, name: str) -> Any:
    document = {"jobName": "one", "jobQueue": "cpu", "jobDefinition": name, **LARGER[name]}
    return actions.submit(json.dumps(document), member, source="json").jobs.get()


@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_size_of_every_shape_is_kept_with_the_job_and_counts_as_in_use(research, name):
    job = accept(research, name)
    vcpus, memory = SIZES[name]

    assert (job.vcpus, job.memory_mib) == (vcpus, memory)
    assert queue_usage(research.team, [job.queue_id]) == {job.queue_id: QueueUsage(1, Decimal(vcpus))}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_ceiling_refuses_every_shape_above_it(research, name):
    vcpus, memory = SIZES[name]
    QueueGrant.objects.update(max_vcpus=vcpus, max_memory_mib=memory, max_active_vcpus=vcpus)
    assert accept(research, name).delivery == "ACCEPTED"

    Job.objects.all().delete()
    QueueGrant.objects.update(max_vcpus=vcpus - 1, max_memory_mib=memory - 1, max_active_vcpus=vcpus - 1)
    with pytest.raises(actions.ValidationFailedError) as refused:
        accept(research, name)
    assert {problem.rule for problem in refused.value.verdict.errors} == {
        "policy.too-many-vcpus",
        "policy.too-much-memory",
        "policy.no-room-for-vcpus",
    }


@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_price_of_every_shape_is_compared_with_what_a_team_asks_approval_above(research, name):
    research.team.approval_usd = Decimal("0.10")
    research.team.save()

    assert accept(research, name).delivery == "AWAITING"


def test_of_jobs_whose_size_cannot_be_told_it_is_known_that_they_are_there(research):
    submission = make.submission(research, Queue.objects.get().account)
    job = make.job(submission, vcpus=0)
    make.job(submission, vcpus=2, queue=job.queue)

    assert queue_usage(research.team, [job.queue_id]) == {job.queue_id: QueueUsage(2, Decimal(2), unknown_vcpus=1)}


def test_a_size_beyond_any_machine_is_kept_as_the_largest_that_a_row_holds(research):
    block = {"jobDefinitionName": "huge", **DEFINITIONS["nodes"]}
    group = {
        "targetNodes": "0:",
        "container": {**CONTAINER, "resourceRequirements": requirements("999999", "999999999")},
    }
    block["nodeProperties"] = {"numNodes": 9999, "mainNode": 0, "nodeRangeProperties": [group]}
    make.revision("huge", of=research.team, where=Queue.objects.get().account, document=block)
    document = {"jobName": "one", "jobQueue": "cpu", "jobDefinition": "huge"}
    job = actions.submit(json.dumps(document), research, source="json").jobs.get()

    job.refresh_from_db()
    assert (job.vcpus, job.memory_mib) == (Decimal("999999.9999"), 2**31 - 1)


FARGATE = {
    "jobDefinitionName": "fargate",
    "type": "container",
    "platformCapabilities": ["FARGATE"],
    "containerProperties": {
        "image": "busybox",
        "ephemeralStorage": {"sizeInGiB": 50},
        "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
        "resourceRequirements": requirements("2", "4096"),
    },
}
ON_GPUS = {
    "jobDefinitionName": "gpus",
    "type": "container",
    "containerProperties": {
        "image": "busybox",
        "resourceRequirements": [*requirements("4", "8192"), {"type": "GPU", "value": "2"}],
    },
}


@pytest.mark.parametrize("document", [FARGATE, ON_GPUS, *DEFINITIONS.values()], ids=["fargate", "gpus", *DEFINITIONS])
def test_what_is_priced_before_a_run_is_what_is_charged_after_it(document):
    size = requested_size(document, {})
    job = make.job(account=make.account(region="eu-west-1"), **Job.size_fields(size))
    priced = PricedSize.of(size, "eu-west-1")

    assert PricedSize.of(Job.objects.get(pk=job.pk), job.account.region) == priced
    assert {name: getattr(priced, name) for name in SIZE_FIELDS} == {
        name: getattr(size, name) for name in SIZE_FIELDS
    }
    assert set(SIZE_FIELDS) <= set(approval.DOCUMENT_FIELDS)


def test_the_priced_size_of_fargate_and_of_gpus_is_whole():
    def size(document):
        return PricedSize.of(requested_size(document, {}), "eu-west-1")

    assert size(FARGATE) == PricedSize("FARGATE", "ARM64", "eu-west-1", Decimal(2), 4096, 0, 50)
    assert size(ON_GPUS) == PricedSize("EC2", "X86_64", "eu-west-1", Decimal(4), 8192, 2, 0)
