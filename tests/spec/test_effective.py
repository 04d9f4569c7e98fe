from decimal import Decimal

import pytest

from jobs.spec import effective


def definition(**properties):
    return {"jobDefinitionName": "d", "type": "container", "containerProperties": {"image": "x", **properties}}


def asks(**values):
    return [{"type": kind, "value": value} for kind, value in values.items()]


def test_an_override_of_one_type_leaves_the_others():
    size = effective.size(
        definition(resourceRequirements=asks(VCPU="2", MEMORY="4096", GPU="1")),
        {"containerOverrides": {"resourceRequirements": asks(GPU="2")}},
    )

    assert (size.vcpus, size.memory_mib, size.gpus) == (Decimal(2), 4096, 2)


def test_legacy_sizes_count_where_nothing_newer_stands_beside_them():
    size = effective.size(definition(vcpus=4, memory=16384, resourceRequirements=asks(GPU="1")), {})

    assert (size.vcpus, size.memory_mib, size.gpus) == (Decimal(4), 16384, 1)
    assert effective.size(definition(vcpus=4, resourceRequirements=asks(VCPU="8")), {}).vcpus == 8


def test_containers_of_one_task_add_up():
    task = {"containers": [{"image": "x", "resourceRequirements": asks(VCPU="0.25", MEMORY="512")}] * 2}
    size = effective.size({"ecsProperties": {"taskProperties": [task]}}, {})

    assert (size.vcpus, size.memory_mib) == (Decimal("0.5"), 1024)


@pytest.mark.parametrize(
    ("document", "platform"),
    [({"platformCapabilities": ["FARGATE"]}, "FARGATE"), ({"eksProperties": {}}, "EKS"), ({}, "EC2")],
)
def test_the_platform_follows_from_the_definition(document, platform):
    assert effective.size(document, {}).platform == platform


@pytest.mark.parametrize("document", [{}, {"containerProperties": None}, {"containerProperties": {"vcpus": "many"}}])
def test_what_nobody_says_is_zero(document):
    assert effective.size(document, {}).vcpus == 0


def test_tags_of_the_submission_win_over_those_of_the_definition():
    assert effective.tags({"tags": {"a": "1", "b": "1"}}, {"tags": {"b": "2"}}) == {"a": "1", "b": "2"}
