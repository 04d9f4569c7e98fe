"""An empty member is read as an absent one, and one line says so; except where AWS refuses or means it."""

import json
from typing import Any

import pytest

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.parsing import empty_members
from jobs.spec.parsing.parser import parse
from jobs.spec.problems import has_errors
from jobs.spec.rules import validate
from jobs.spec.schema import botocore_schema
from tests.spec.samples import definition, submission

CONTAINER = definition()["containerProperties"]
POD = {"containers": [{"image": "busybox", "resources": {"limits": {"cpu": "1", "memory": "512Mi"}}}]}


def of_container(**members: Any) -> Document:
    return definition(containerProperties={**CONTAINER, **members})


def of_pod(**members: Any) -> Document:
    document = definition(eksProperties={"podProperties": {**POD, **members}})
    del document["containerProperties"]
    return document


def of_step(**members: Any) -> Document:
    return {"jobs": [submission(jobName="a"), submission(jobName="b", **members)]}


ABSENT = [
    (definition(tags={}), definition(), "tags is empty and was left out."),
    (definition(tags=None), definition(), "tags is empty and was left out."),
    (definition(tags={}, platformCapabilities=[], schedulingPriority=None), definition(),
     "tags, platformCapabilities and schedulingPriority are empty and were left out."),
    (of_container(networkConfiguration={"interfaceConfigurations": []}), definition(),
     "networkConfiguration is empty and was left out."),
    (of_container(volumes=[], secrets=None, linuxParameters={"devices": [], "tmpfs": None}), definition(),
     "volumes, secrets and linuxParameters are empty and were left out."),
    (of_pod(volumes=[], imagePullSecrets=[], metadata={"labels": {}}), of_pod(),
     "volumes, imagePullSecrets and metadata are empty and were left out."),
    (definition(brandNewKey=[], otherKey={}, third="", fourth=None), definition(),
     "brandNewKey, otherKey, third and fourth are empty and were left out."),
    (submission(tags={}, arrayProperties={}, dependsOn=[], parameters={}, nodeOverrides=None), submission(),
     "tags, arrayProperties, dependsOn, parameters and nodeOverrides are empty and were left out."),
    (submission(containerOverrides={"command": [], "environment": []}), submission(),
     "containerOverrides is empty and was left out."),
    (of_step(tags={}), of_step(), "tags is empty and was left out."),
    (of_step(ecsPropertiesOverride={"taskProperties": [{"containers": [{"name": "x", "command": []}]}]}),
     of_step(ecsPropertiesOverride={"taskProperties": [{"containers": [{"name": "x"}]}]}),
     "command is empty and was left out."),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected", "line"), ABSENT)
def test_an_empty_member_is_read_as_absent_and_one_line_says_so(
    document: Document, expected: Document, line: str
) -> None:
    reading = parse(json.dumps(document))

    assert reading.document == expected
    assert [change.message for change in reading.changes] == [line]
    assert not has_errors(validate.validate_parsed(reading))


KEPT = [
    definition(retryStrategy={}),
    submission(retryStrategy={}),
    of_step(retryStrategy={}),
    of_container(volumes=[{"name": "v", "host": {}}]),
    of_pod(volumes=[{"name": "v", "emptyDir": {}}]),
    of_pod(volumes=[{"name": "v", "hostPath": {}}]),
    of_pod(containers=[]),
    of_container(logConfiguration={}),  # the AWS CLI: Missing required parameter, "logDriver"
    of_container(environment=[{"name": "A", "value": ""}]),
    of_container(environment={}),  # a list belongs here
    definition(tags=[], parameters={"a": "", "b": None}),
    submission(containerOverrides={"command": ["", None]}),
    definition(jobDefinitionName=""),
    {"jobs": []},
]


@pytest.mark.parametrize("document", KEPT, ids=json.dumps)
def test_what_aws_refuses_or_means_while_it_is_empty_stays(document: Document) -> None:
    reading = parse(json.dumps(document))

    assert (reading.document, reading.changes) == (document, ())


@pytest.mark.parametrize("rest", [{"evaluateOnExit": []}, {"attempts": None}])
def test_what_becomes_empty_is_judged_as_what_is_empty(rest: Document) -> None:
    assert parse(json.dumps(definition(retryStrategy=rest))).document == definition(retryStrategy={})


def test_every_exception_names_a_member_of_the_schema_and_its_source() -> None:
    schemas = [botocore_schema.json_schema(kind) for kind in (DocumentKind.DEFINITION, DocumentKind.SUBMISSION)]
    shapes = {shape["title"]: shape for schema in schemas for shape in (schema, *schema["$defs"].values())}
    for (shape, member), source in empty_members.KEPT.items():
        assert member in shapes[shape]["properties"]
        assert ":" in source
