"""A document that is copied in another form is the same document, read back by the portal or by that tool."""

import ast
import json
import shlex
from typing import Any

import pytest
import yaml
from hypothesis import assume, given

from jobs.spec.copy_formats import FORMATS, CopyTarget, copies, write_boto3, write_cloudformation, write_terraform
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.parsing import hcl_process
from jobs.spec.parsing.parser import parse
from jobs.spec.parsing.unresolved_values import has_marks
from jobs.spec.rules.validate import validate_document
from tests.examples import examples
from tests.fuzz.documents import sensible_definitions, sensible_submissions
from tests.spec.samples import definition, submission, workflow

TARGET = CopyTarget("us-west-2", "https://batch.example.org")
ODD = definition(
    parameters={"CamelCase": "${x} %{y}", "day": "2026-11-01", "n": "012", "no": "no", "é": 'it\'s "x"\n'},
    retryStrategy={"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "RETRY"}]},
    timeout={"attemptDurationSeconds": 600},
    tags={"Team": "x", "a b": ""},
    propagateTags=True,
)


def text_of(name: str, document: Document, kind: DocumentKind) -> str:
    return next(copy.text for copy in copies(document, kind, TARGET) if copy.name == name)


@pytest.mark.parametrize(
    ("document", "kind", "names"),
    [
        (ODD, DocumentKind.DEFINITION, ["json", "aws", "curl", "cloudformation", "terraform", "boto3"]),
        (submission(), DocumentKind.SUBMISSION, ["json", "aws", "curl", "boto3"]),
        (workflow(submission()), DocumentKind.WORKFLOW, ["json", "curl"]),
    ],
)
def test_every_form_that_the_portal_reads_is_read_back(
    document: Document, kind: DocumentKind, names: list[str]
) -> None:
    forms = copies(document, kind, TARGET)

    assert [copy.name for copy in forms] == names
    for copy in forms:
        if copy.name != "boto3":
            assert parse(copy.text).document == document, copy.name


def test_cloudformation_keeps_the_keys_of_free_maps() -> None:
    template = yaml.safe_load(write_cloudformation(ODD, DocumentKind.DEFINITION, TARGET))
    [(name, resource)] = template["Resources"].items()

    assert (name, resource["Type"]) == ("Greet", "AWS::Batch::JobDefinition")
    assert resource["Properties"]["Parameters"] == ODD["parameters"]
    assert resource["Properties"]["RetryStrategy"]["EvaluateOnExit"] == [{"OnExitCode": "1", "Action": "RETRY"}]


def test_python_has_the_document_as_its_own_values() -> None:
    program = ast.parse(write_boto3(ODD, DocumentKind.DEFINITION, TARGET))
    [request] = [node for node in program.body if isinstance(node, ast.Assign) and node.targets[0].id == "request"]  # type: ignore[attr-defined]
    assert ast.literal_eval(request.value) == ODD


def test_terraform_has_blocks_where_its_provider_wants_them() -> None:
    text = write_terraform(ODD, DocumentKind.DEFINITION, TARGET)

    assert text.startswith('resource "aws_batch_job_definition" "greet" {\n  name = "greet"\n  type = "container"\n')
    assert "container_properties = jsonencode({" in text
    assert '  retry_strategy {\n    attempts = 2\n    evaluate_on_exit {\n      on_exit_code = "1"\n' in text
    assert '"CamelCase": "$${x} %%{y}"' in text


def test_curl_is_a_shell_command_for_the_portal() -> None:
    words = shlex.split(text_of("curl", submission(jobName="it's"), DocumentKind.SUBMISSION))
    assert json.loads(words[words.index("--data-binary") + 1]) == submission(jobName="it's")
    assert words[-1] == "https://batch.example.org/api/v1/submissions"


def test_every_form_has_its_own_label() -> None:
    assert len({copy_format.label for copy_format in FORMATS}) == len(FORMATS)


@pytest.mark.long
@examples(20, 2_000)
@given(sensible_definitions())
def test_any_definition_is_read_back(document: Document) -> None:
    read_back(document, DocumentKind.DEFINITION)


@examples(20, 2_000)
@given(sensible_submissions())
def test_any_submission_is_read_back(document: Document) -> None:
    read_back(document, DocumentKind.SUBMISSION)


def read_back(document: Document, kind: DocumentKind) -> None:
    plain = parse(json.dumps(document))
    assume(plain.document == document and not has_marks(json.dumps(document, ensure_ascii=False)))
    assume(not any(problem.rule.startswith("schema.") for problem in validate_document(kind, document)))
    for copy in copies(document, kind, TARGET):
        if copy.name not in ("terraform", "boto3", "cloudformation"):
            assert parse(copy.text).document == document, copy.text
    if kind is DocumentKind.DEFINITION:
        assert from_pascal(yaml.safe_load(text_of("cloudformation", document, kind))) == document
        [[_name, attributes]] = hcl_process.read(text_of("terraform", document, kind))["documents"]
        assert attributes["container_properties"] == document["containerProperties"]
        assert attributes.get("tags") == document.get("tags")


def from_pascal(template: Any) -> Document:
    """The document of a template, without the process that reads YAML."""
    [resource] = template["Resources"].values()
    return parse(json.dumps(resource)).document
