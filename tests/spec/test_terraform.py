"""The resource aws_batch_job_definition is read, and asks for what Terraform would fill in."""

import json

import pytest

from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.parser import DocumentParseError, SeveralDocumentsError, parse
from jobs.spec.rules.validate import validate_parsed
from tests.spec.samples import definition

RESOURCE = """\
# the nightly job
variable "image" {}
resource "aws_batch_job_definition" "greet" {
  name                  = "greet"
  type                  = "container"
  platform_capabilities = ["EC2"]
  container_properties  = %s
  retry_strategy {
    attempts = 3
    evaluate_on_exit {
      action       = "EXIT"
      on_exit_code = "1"
    }
  }
  timeout { attempt_duration_seconds = 600 }
  tags                       = { "Team" = "x", Name = "a \\"b\\" $${c}" }
  deregister_on_new_revision = false
}
"""
CONTAINER = definition()["containerProperties"]
LITERAL = """jsonencode({
    image = "busybox"
    command = ["echo", "hi"] // a comment
    resourceRequirements = [{ type = "VCPU", value = 1 }, { "type" : "MEMORY", "value" : "512" }]
    environment = [{ name = "A", value = "1" }]
  })"""
EXPECTED = {
    "image": "busybox",
    "command": ["echo", "hi"],
    "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
    "environment": [{"name": "A", "value": "1"}],
}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (LITERAL, EXPECTED),
        (f"<<EOF\n{json.dumps(CONTAINER, indent=1)}\nEOF", CONTAINER),
        (f"<<-PROPS\n    {json.dumps(CONTAINER)}\n  PROPS", CONTAINER),
        (json.dumps(json.dumps(CONTAINER)), CONTAINER),
    ],
    ids=["jsonencode", "heredoc", "indented heredoc", "string"],
)
def test_a_resource_of_literals_is_read(properties: str, expected: object) -> None:
    reading = parse(RESOURCE % properties)

    assert reading.kind is DocumentKind.DEFINITION
    assert reading.document == {
        "jobDefinitionName": "greet",
        "type": "container",
        "platformCapabilities": ["EC2"],
        "containerProperties": expected,
        "retryStrategy": {"attempts": 3, "evaluateOnExit": [{"action": "EXIT", "onExitCode": "1"}]},
        "timeout": {"attemptDurationSeconds": 600},
        "tags": {"Team": "x", "Name": 'a "b" ${c}'},
    }
    assert "deregister_on_new_revision is only in Terraform and was left out." in [
        change.message for change in reading.changes
    ]
    assert reading.problems == ()


@pytest.mark.parametrize(
    ("properties", "pointer", "source"),
    [
        ("jsonencode({ image = var.image })", "/containerProperties/image", "var.image"),
        ('jsonencode({ image = "${var.repository}:1" })', "/containerProperties/image", "${var.repository}:1"),
        ('<<EOF\n{"image": "busybox", "memory": ${var.memory}}\nEOF', "/containerProperties/memory", "${var.memory}"),
        ('file("container.json")', "/containerProperties", 'file("container.json")'),
        ("jsonencode(local.container)", "/containerProperties", "local.container"),
    ],
)
def test_expressions_are_asked_for(properties: str, pointer: str, source: str) -> None:
    problems = [problem for problem in validate_parsed(parse(RESOURCE % properties)) if problem.pointer == pointer]

    assert [problem.rule for problem in problems] == ["reading.unresolved-value"]
    assert f"“{source}” is a Terraform expression" in problems[0].message


def test_of_several_resources_one_is_chosen() -> None:
    text = RESOURCE % LITERAL + (RESOURCE % LITERAL).replace('"greet"', '"other"')
    with pytest.raises(SeveralDocumentsError) as several:
        parse(text)
    assert [candidate.line for candidate in several.value.candidates] == [3, 26]
    assert parse(text, number=2).document["jobDefinitionName"] == "other"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RESOURCE % "{", "this Terraform can't be read"),
        (RESOURCE % "<<EOF\n{oops}\nEOF", "The JSON in greet can't be read"),
        ('resource "aws_batch_job_queue" "x" {\n}', "this looks like Terraform"),
    ],
)
def test_what_can_not_be_read_says_so(text: str, message: str) -> None:
    with pytest.raises(DocumentParseError) as error:
        parse(text)
    assert message in error.value.message
