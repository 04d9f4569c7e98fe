"""Documents of other tools are called by their name, and read where that is safe."""

import json
from typing import Any

import pytest

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.parsing.parser import DocumentParseError, ParseResult, SeveralDocumentsError, parse
from jobs.spec.patch import apply_patch
from jobs.spec.problems import Severity
from jobs.spec.rules.validate import validate_parsed
from tests.spec.samples import definition, submission

ARRAY = "4c7599ae-0a82-49aa-ba5a-4727fcce14a8"


def errors(reading: ParseResult) -> list[tuple[str, str]]:
    return [(problem.rule, problem.pointer) for problem in validate_parsed(reading) if problem.severity == "error"]


def pascal(value: Any) -> Any:
    """A document in CloudFormation's spelling."""
    if isinstance(value, dict):
        return {key[0].upper() + key[1:]: pascal(member) for key, member in value.items()}
    return [pascal(entry) for entry in value] if isinstance(value, list) else value


RESOURCE = {"Type": "AWS::Batch::JobDefinition", "Properties": pascal(definition())}


@pytest.mark.parametrize(
    "template",
    [
        RESOURCE,
        {"Train": RESOURCE},
        {"Resources": {"Train": RESOURCE, "Queue": {"Type": "AWS::Batch::JobQueue", "Properties": {}}}},
        {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Train": RESOURCE}},
        pascal(definition()),
    ],
)
def test_a_definition_of_cloudformation_is_read(template: Document) -> None:
    reading = parse(json.dumps(template))

    assert (reading.kind, reading.document) == (DocumentKind.DEFINITION, definition())
    assert errors(reading) == []


def test_references_of_cloudformation_are_asked_for() -> None:
    container = {**RESOURCE["Properties"]["ContainerProperties"], "JobRoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}
    properties = {**RESOURCE["Properties"], "ContainerProperties": container, "Tags": {"Team": {"Ref": "Team"}}}
    text = json.dumps({"Type": "AWS::Batch::JobDefinition", "Properties": properties}, indent=1)
    reading = parse(text)

    assert errors(reading) == [
        ("reading.unresolved-value", "/containerProperties/jobRoleArn"),
        ("reading.unresolved-value", "/tags/Team"),
    ]
    assert "“!GetAtt Role.Arn” is a CloudFormation reference" in reading.problems[0].message
    line = reading.position("/containerProperties/jobRoleArn").line
    assert '"JobRoleArn"' in text.splitlines()[line - 1]


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ({"Resources": {"Q": {"Type": "AWS::Batch::JobQueue"}}}, "no resource of type AWS::Batch::JobDefinition"),
        (
            {"Type": "AWS::Batch::JobQueue", "Properties": {}},
            "a CloudFormation resource of type “AWS::Batch::JobQueue”",
        ),
    ],
)
def test_a_template_without_a_definition_says_so(template: Document, name: str) -> None:
    with pytest.raises(DocumentParseError) as error:
        parse(json.dumps(template))
    assert name in error.value.message


def test_of_several_definitions_in_a_template_one_is_chosen() -> None:
    other = {**RESOURCE, "Properties": pascal(definition(jobDefinitionName="other"))}
    text = json.dumps({"Resources": {"A": RESOURCE, "B": other}}, indent=1)
    with pytest.raises(SeveralDocumentsError) as several:
        parse(text)

    assert "job definition greet (line 5) and job definition other" in several.value.message
    assert parse(text, number=2).document["jobDefinitionName"] == "other"


def test_a_state_of_step_functions_is_read_and_its_paths_are_asked_for() -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::batch:submitJob.sync",
        "Parameters": {**pascal(submission()), "Parameters": {"day.$": "$.day", "plain": "x"}},
        "End": True,
    }
    machine = {"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [{"States": {"B": task}}]}}}
    for value in (task, machine):
        reading = parse(json.dumps(value))
        assert reading.document == submission(parameters={"day": "$.day", "plain": "x"})
        assert errors(reading) == [("reading.unresolved-value", "/parameters/day")]


TASK = {
    "family": "web",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "512",
    "memory": "1024",
    "networkMode": "awsvpc",
    "executionRoleArn": "arn:aws:iam::123456789012:role/Pull",
    "taskRoleArn": "arn:aws:iam::123456789012:role/Job",
    "containerDefinitions": [
        {
            "name": "main",
            "image": "busybox",
            "entryPoint": ["sh"],
            "command": ["date"],
            "essential": True,
            "portMappings": [{"containerPort": 80}],
            "environment": [{"name": "A", "value": "1"}],
        }
    ],
}


def test_an_ecs_task_definition_is_read_and_what_it_loses_is_said() -> None:
    reading = parse(json.dumps({"taskDefinition": {**TASK, "revision": 3, "status": "ACTIVE"}}))

    assert reading.document == {
        "jobDefinitionName": "web",
        "type": "container",
        "containerProperties": {
            "image": "busybox",
            "command": ["date"],
            "environment": [{"name": "A", "value": "1"}],
            "resourceRequirements": [{"type": "VCPU", "value": "0.5"}, {"type": "MEMORY", "value": "1024"}],
            "jobRoleArn": "arn:aws:iam::123456789012:role/Job",
            "executionRoleArn": "arn:aws:iam::123456789012:role/Pull",
        },
        "platformCapabilities": ["FARGATE"],
    }
    assert [change.message for change in reading.changes][1] == (
        "entryPoint, portMappings and networkMode are not in AWS Batch job definitions and were left out."
    )
    assert errors(reading) == []


def test_an_ecs_task_of_several_containers_becomes_ecs_properties() -> None:
    second = {"name": "side", "image": "envoy", "cpu": 256, "memory": 512, "essential": False}
    first = {**TASK["containerDefinitions"][0], "cpu": 256, "memory": 512}  # type: ignore[dict-item]
    reading = parse(json.dumps({**TASK, "containerDefinitions": [first, second]}))

    [task] = reading.document["ecsProperties"]["taskProperties"]
    assert [container["name"] for container in task["containers"]] == ["main", "side"]
    assert task["taskRoleArn"] == TASK["taskRoleArn"]
    assert errors(reading) == []


@pytest.mark.parametrize("kind", [None, DocumentKind.DEFINITION])
def test_bare_container_properties_and_a_missing_name_are_called_so(kind: DocumentKind | None) -> None:
    bare = parse(json.dumps(definition()["containerProperties"]), kind)
    assert bare.document == {key: value for key, value in definition().items() if key != "jobDefinitionName"}
    assert "only the containerProperties of a job definition" in bare.changes[0].message

    nameless = parse(json.dumps(bare.document), kind)
    for reading in (bare, nameless):
        assert errors(reading) == [("schema.missing-key", "")]
        assert validate_parsed(reading)[0].message.startswith("jobDefinitionName is missing")


# -- Responses about jobs
CONTAINER = {
    "name": "main",
    "image": "busybox",
    "command": ["echo", "other"],
    "environment": [{"name": "A", "value": "1"}, {"name": "AWS_BATCH_JOB_ID", "value": "x"}],
    "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "2048"}],
    "exitCode": 0,
    "taskArn": "arn:aws:ecs:us-west-2:123456789012:task/c/1",
}
OVERRIDES = {key: CONTAINER[key] for key in ("command", "resourceRequirements")} | {
    "environment": [{"name": "A", "value": "1"}]
}
POD = {
    "name": "main",
    "image": "busybox",
    "command": ["sh"],
    "args": ["-c", "date"],
    "env": [{"name": "A", "value": "1"}, {"name": "PORTAL_JOB_ID", "value": "x"}],
    "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
    "exitCode": 0,
}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"container": CONTAINER}, {"containerOverrides": OVERRIDES}),
        (
            {"container": {}, "ecsProperties": {"taskProperties": [{"containers": [CONTAINER], "taskArn": "x"}]}},
            {"ecsPropertiesOverride": {"taskProperties": [{"containers": [{"name": "main", **OVERRIDES}]}]}},
        ),
        (
            {
                "eksProperties": {
                    "podProperties": {"containers": [POD], "podName": "p", "metadata": {"labels": {"a": "b"}}}
                }
            },
            {
                "eksPropertiesOverride": {
                    "podProperties": {
                        "containers": [
                            {
                                **{key: POD[key] for key in ("name", "image", "command", "args", "resources")},
                                "env": [{"name": "A", "value": "1"}],
                            }
                        ],
                        "metadata": {"labels": {"a": "b"}},
                    }
                }
            },
        ),
        (
            {
                "nodeProperties": {
                    "numNodes": 3,
                    "mainNode": 0,
                    "nodeRangeProperties": [{"targetNodes": "0:", "container": CONTAINER}],
                }
            },
            {
                "nodeOverrides": {
                    "numNodes": 3,
                    "nodePropertyOverrides": [{"targetNodes": "0:", "containerOverrides": OVERRIDES}],
                }
            },
        ),
    ],
    ids=["container", "ecs", "eks", "nodes"],
)
def test_a_described_job_keeps_what_it_ran_with(response: Document, expected: Document) -> None:
    job = {**submission(), "jobId": ARRAY, "status": "FAILED", **response}
    reading = parse(json.dumps({"jobs": [job]}))

    assert reading.document == {**submission(), **expected}
    assert errors(reading) == []


def test_a_child_of_an_array_says_that_its_index_is_lost_and_offers_two_ways() -> None:
    container = {"command": ["run", "--all"]}
    job = {**submission(), "jobId": f"{ARRAY}:3", "status": "FAILED", "arrayProperties": {"index": 3}}
    reading = parse(json.dumps({"jobs": [{**job, "container": container}]}))
    [problem] = reading.problems

    assert (problem.rule, problem.severity) == ("reading.array-child", Severity.WARNING)
    assert f"aws batch describe-jobs --jobs {ARRAY}" in problem.message
    assert apply_patch(reading.document, problem.fix)["containerOverrides"]["command"] == [
        "env", "AWS_BATCH_JOB_ARRAY_INDEX=3", "run", "--all",
    ]  # fmt: skip


def test_an_array_in_a_response_is_read_without_its_children() -> None:
    array = {**submission(), "jobId": ARRAY, "status": "FAILED", "arrayProperties": {"size": 2}}
    children = [{**array, "jobId": f"{ARRAY}:{index}", "arrayProperties": {"index": index}} for index in (0, 1)]
    reading = parse(json.dumps({"jobs": [array, *children]}))

    assert reading.document == submission(arrayProperties={"size": 2})
    assert reading.problems == ()
