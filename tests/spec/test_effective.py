from decimal import Decimal
from typing import Any

import pytest

from jobs.policy.requests import build_job_request
from jobs.spec import effective
from jobs.spec.job_size import requested_size


def definition(**properties):
    return {"jobDefinitionName": "d", "type": "container", "containerProperties": {"image": "x", **properties}}


def requirements(**values):
    return [{"type": kind, "value": value} for kind, value in values.items()]


def test_an_override_of_one_type_leaves_the_others():
    size = requested_size(
        definition(resourceRequirements=requirements(VCPU="2", MEMORY="4096", GPU="1")),
        {"containerOverrides": {"resourceRequirements": requirements(GPU="2")}},
    )

    assert (size.vcpus, size.memory_mib, size.gpus) == (Decimal(2), 4096, 2)


def test_legacy_sizes_count_where_nothing_newer_stands_beside_them():
    size = requested_size(definition(vcpus=4, memory=16384, resourceRequirements=requirements(GPU="1")), {})

    assert (size.vcpus, size.memory_mib, size.gpus) == (Decimal(4), 16384, 1)
    assert requested_size(definition(vcpus=4, resourceRequirements=requirements(VCPU="8")), {}).vcpus == 8


def test_containers_of_one_task_add_up():
    task = {"containers": [{"image": "x", "resourceRequirements": requirements(VCPU="0.25", MEMORY="512")}] * 2}
    size = requested_size({"ecsProperties": {"taskProperties": [task]}}, {})

    assert (size.vcpus, size.memory_mib) == (Decimal("0.5"), 1024)


@pytest.mark.parametrize(
    ("document", "platform"),
    [({"platformCapabilities": ["FARGATE"]}, "FARGATE"), ({"eksProperties": {}}, "EKS"), ({}, "EC2")],
)
def test_the_platform_follows_from_the_definition(document, platform):
    assert requested_size(document, {}).platform == platform


@pytest.mark.parametrize("document", [{}, {"containerProperties": None}, {"containerProperties": {"vcpus": "many"}}])
def test_what_nobody_says_is_zero(document):
    assert requested_size(document, {}).vcpus == 0


def test_tags_of_the_submission_win_over_those_of_the_definition():
    assert effective.merge_tags({"tags": {"a": "1", "b": "1"}}, {"tags": {"b": "2"}}) == {"a": "1", "b": "2"}


def container_of(document, submission=None):
    [only] = effective.effective_job(document, submission).as_json()["containers"]
    return only


def test_each_value_says_where_it_comes_from():
    document = {
        **definition(
            command=["run", "Ref::size", "Ref::mode", "Ref::none"],
            environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
            resourceRequirements=requirements(VCPU="2", MEMORY="4096"),
            jobRoleArn="role",
            logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "/mine"}},
        ),
        "parameters": {"size": "small", "mode": "slow"},
        "timeout": {"attemptDurationSeconds": 60},
        "retryStrategy": {"attempts": 3},
    }
    submission = {
        "parameters": {"mode": "fast"},
        "arrayProperties": {"size": 10},
        "timeout": {"attemptDurationSeconds": 90},
        "containerOverrides": {
            "environment": [{"name": "B", "value": "2"}],
            "resourceRequirements": requirements(MEMORY="8192"),
        },
    }
    view = effective.effective_job(document, submission).as_json()
    [container] = view["containers"]

    assert container["image"] == {"value": "x", "from": "definition"}
    assert [(word["value"], word["from"]) for word in container["command"]] == [
        ("run", "definition"),
        ("small", "parameter default"),
        ("fast", "override"),
        ("Ref::none", "definition"),
    ]
    assert {name: (said["value"], said["from"]) for name, said in container["environment"].items()} == {
        "A": ("1", "definition"),
        "B": ("2", "override"),
        "PORTAL_JOB_ID": ("the id of the job in the portal", "portal"),
    }
    assert container["vcpus"] == {"value": "2", "from": "definition"}
    assert container["memoryMib"] == {"value": "8192", "from": "override"}
    assert container["gpus"] is None
    assert container["logGroup"] == {"value": "/mine", "from": "definition"}
    assert view["arraySize"] == {"value": 10, "from": "override"}
    assert view["timeoutSeconds"] == {"value": 90, "from": "override"}
    assert view["attempts"] == {"value": 3, "from": "definition"}
    assert view["jobRole"] == {"value": "role", "from": "definition"}
    assert view["executionRole"] is None


def test_what_nobody_says_is_batchs_own():
    view = effective.effective_job(definition()).as_json()
    assert view["attempts"] == {"value": 1, "from": "batch"}
    assert view["containers"][0]["logGroup"] == {"value": "/aws/batch/job", "from": "batch"}
    assert container_of(definition(logConfiguration={"logDriver": "syslog"}))["logGroup"] is None


@pytest.mark.parametrize("strategy", [{}, {"evaluateOnExit": []}])
def test_a_retry_strategy_without_attempts_says_nothing_and_costs_as_much_as_is_shown(strategy):
    document = {**definition(), "retryStrategy": {"attempts": 10}}
    over = {"retryStrategy": strategy}
    names: dict[str, Any] = {
        "definition_name": "a:1",
        "definition_shared": True,
        "queue_id": 1,
        "queue_name": "q",
        "queue_open": True,
    }
    ask = build_job_request(over, document, **names)

    assert effective.effective_job(document, over).as_json()["attempts"] == {"value": 10, "from": "definition"}
    assert ask.attempts == 10


def test_the_retry_rules_of_a_job_replace_those_of_its_definition_as_a_whole():
    own, other = {"onExitCode": "1", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}
    document = {**definition(), "retryStrategy": {"attempts": 3, "evaluateOnExit": [own, other]}}
    replaced = {"retryStrategy": {"attempts": 2, "evaluateOnExit": [other]}}
    without = {"retryStrategy": {"attempts": 2}}

    def rules(submission: dict[str, Any]) -> list[tuple[Any, str]]:
        entries = effective.effective_job(document, submission).as_json()["retryRules"]
        return [(entry["value"], entry["from"]) for entry in entries]

    assert rules({}) == [(own, "definition"), (other, "definition")]
    assert rules(replaced) == [(other, "override")]
    assert rules(without) == []


def test_an_overriding_command_replaces_the_whole_and_its_placeholders_too():
    document = {**definition(command=["a", "b"]), "parameters": {"x": "1"}}
    words = container_of(document, {"containerOverrides": {"command": ["c", "Ref::x"]}})["command"]
    assert [(word["value"], word["from"]) for word in words] == [("c", "override"), ("1", "parameter default")]


def test_containers_of_a_task_are_overridden_by_name():
    task = {"containers": [{"image": "a", "name": "one"}, {"image": "b", "name": "two"}], "taskRoleArn": "role"}
    inner = [{"name": "two", "resourceRequirements": requirements(VCPU="4"), "command": ["x"]}]
    view = effective.effective_job(
        {"ecsProperties": {"taskProperties": [task]}},
        {"ecsPropertiesOverride": {"taskProperties": [{"containers": inner}]}},
    )
    assert [(one.name, one.vcpus.value if one.vcpus else None) for one in view.containers] == [
        ("one", None),
        ("two", "4"),
    ]
    assert view.job_role.value == "role"


def test_an_image_of_a_pod_can_be_overridden():
    pod = {
        "podProperties": {"containers": [{"image": "a", "resources": {"limits": {"cpu": "1", "memory": "512Mi"}}}]}
    }
    over = {"eksPropertiesOverride": {"podProperties": {"containers": [{"image": "b"}]}}}
    container = container_of({"eksProperties": pod}, over)
    assert container["image"] == {"value": "b", "from": "override"}
    assert (container["vcpus"]["value"], container["memoryMib"]["value"]) == ("1", "512")


@pytest.mark.parametrize("odd", [None, 1, "x", [], [None], {}, {"command": 1}, {"environment": [1]}])
def test_no_odd_shape_breaks_the_view(odd):
    for key in ("containerProperties", "ecsProperties", "eksProperties", "nodeProperties", "timeout", "parameters"):
        effective.effective_job({key: odd}, {"containerOverrides": odd, "timeout": odd, "parameters": odd}).as_json()
        effective.effective_job({**definition(), key: odd}, {"containerOverrides": odd}).as_json()
