"""Which definitions ask for the same thing."""

import copy

import pytest

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.normalize import fingerprint, normalize
from tests.spec.samples import definition, step, submission, workflow

ENVIRONMENT = [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]
PAIR = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (definition(), dict(reversed(definition().items()))),
        (definition(), definition(parameters={}, propagateTags=False, platformCapabilities=["EC2"], tags={})),
        (definition(), definition(retryStrategy={"attempts": 1, "evaluateOnExit": []})),
        (
            definition(),
            definition(jobDefinitionArn="arn", revision=3, status="ACTIVE", containerOrchestrationType="ECS"),
        ),
        (definition(), definition({"volumes": [], "mountPoints": [], "ulimits": [], "secrets": [], "command": []})),
        (definition(), definition({"logConfiguration": {}, "user": None, "privileged": False})),
        (definition({"environment": ENVIRONMENT}), definition({"environment": ENVIRONMENT[::-1]})),
        (definition(), definition({"environment": [{"name": "EMPTY", "value": ""}]})),
        (definition({"resourceRequirements": PAIR}), definition({"resourceRequirements": PAIR[::-1]})),
        (
            definition({"resourceRequirements": PAIR}),
            definition({"resourceRequirements": [], "vcpus": 1, "memory": 512}),
        ),
        (
            definition({"resourceRequirements": PAIR}),
            definition({"resourceRequirements": [{"type": "VCPU", "value": "1.0"}, PAIR[1]], "vcpus": 0}),
        ),
        (definition({"resourceRequirements": PAIR}), definition({"resourceRequirements": PAIR, "vcpus": 7})),
        (definition(), definition({"fargatePlatformConfiguration": {"platformVersion": "LATEST"}})),
        (definition(tags={"a": "b"}), definition(tags={"a": "b", "portal:team": "x"})),
    ],
)
def test_definitions_that_mean_the_same_have_one_fingerprint(one: Document, other: Document) -> None:
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    "other",
    [
        definition(jobDefinitionName="other"),
        definition({"image": "alpine"}),
        definition({"command": ["a", ""]}),
        definition({"command": ["a"]}),
        definition({"command": ["", "a"]}),
        definition({"privileged": True}),
        definition({"privileged": 0}),
        definition({"vcpus": 2, "resourceRequirements": PAIR[1:]}),
        definition(propagateTags=True),
        definition(platformCapabilities=["FARGATE"]),
        definition(platformCapabilities=["EC2", "FARGATE"]),
        definition(parameters={"x": ""}),
        definition(tags={"x": ""}),
        definition(retryStrategy={"attempts": 2}),
        definition(timeout={"attemptDurationSeconds": 60}),
        definition({"environment": ENVIRONMENT}),
        definition({"somethingNew": 1}),
        definition(schedulingPriority=0),
    ],
)
def test_definitions_that_mean_something_else_have_another_fingerprint(other: Document) -> None:
    assert fingerprint(other) != fingerprint(definition())


def test_a_fingerprint_is_64_hexadecimal_digits_and_stays_the_same_over_releases() -> None:
    assert fingerprint(definition()) == "180dc21314e3a046a9e45f08815f0a623e9867aca4b6c4249add7d39abbe80fd"


def test_normalising_leaves_the_document_as_it_is_and_changes_nothing_twice() -> None:
    document = definition({"environment": ENVIRONMENT, "volumes": []}, parameters={})
    before = copy.deepcopy(document)
    normal = normalize(document, DocumentKind.DEFINITION)
    assert document == before
    assert normalize(normal, DocumentKind.DEFINITION) == normal


def test_a_volume_that_is_there_by_being_empty_stays() -> None:
    pod = {"podProperties": {"volumes": [{"name": "scratch", "emptyDir": {}}]}}
    assert normalize({"eksProperties": pod}, DocumentKind.DEFINITION) == {"eksProperties": pod}


def test_submissions_and_workflows_have_a_normal_form_too() -> None:
    assert normalize(submission(tags={"portal:x": "y"}, parameters={}), DocumentKind.SUBMISSION) == submission(
        tags={"portal:x": "y"}
    )
    assert normalize(workflow(step("a", dependsOn=[]), step("b")), DocumentKind.WORKFLOW) == workflow(
        step("a"), step("b")
    )


@pytest.mark.parametrize("odd", [None, 1, "x", [], [None], [[]], {}, [{"name": 1}], [{"value": {}}]])
def test_no_odd_shape_breaks_a_fingerprint(odd: object) -> None:
    for key in ("environment", "resourceRequirements", "vcpus", "ulimits"):
        fingerprint(definition({key: odd}))
    for key in ("containerProperties", "tags", "parameters", "retryStrategy"):
        fingerprint({**definition(), key: odd})
    normalize({"jobs": odd}, DocumentKind.WORKFLOW)


def test_the_action_of_a_retry_rule_is_the_same_in_any_case() -> None:
    upper, lower = (
        definition(retryStrategy={"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": action}]})
        for action in ("EXIT", "exit")
    )
    assert fingerprint(upper) == fingerprint(lower)
