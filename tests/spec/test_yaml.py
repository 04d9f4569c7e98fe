"""Documents in YAML are read as the same documents in JSON, and nothing in one can exhaust the portal."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.parsing import isolated, yaml_process
from jobs.spec.parsing.parser import DocumentParseError, SeveralDocumentsError, parse
from jobs.spec.rules.validate import validate_parsed
from tests.examples import examples
from tests.fuzz.documents import ANYTHING
from tests.spec.samples import definition, submission, workflow

TEMPLATE = """\
# the nightly job
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Train:
    Type: AWS::Batch::JobDefinition
    Properties:
      JobDefinitionName: greet
      Type: container
      ContainerProperties:
        Image: !Sub "${AWS::AccountId}.dkr.ecr.us-west-2.amazonaws.com/tool"
        JobRoleArn: !GetAtt Role.Arn
        ExecutionRoleArn:
          Fn::GetAtt: [Pull, Arn]
        Command: [echo, !Join ["-", [a, b]]]
        ResourceRequirements:
          - {Type: VCPU, Value: 1}
          - {Type: MEMORY, Value: 512}
"""


@pytest.mark.parametrize(
    "document", [definition(), submission(tags={"day": "2026-11-01", "no": "no", "n": "012"}), workflow(submission())]
)
def test_our_own_documents_are_read_in_yaml(document: Document) -> None:
    for text in (yaml.safe_dump(document, sort_keys=False), "---\n" + yaml.safe_dump(document)):
        assert parse(text).document == document


def test_values_are_read_as_they_look() -> None:
    head = "jobName: a\njobQueue: q\njobDefinition: d:3\npropagateTags: true\n"
    text = head + "tags: {a: 22:30, b: yes, c: 2026-11-01, d: '', e: !!str 12}\n"
    assert parse(text).document == {
        "jobName": "a",
        "jobQueue": "q",
        "jobDefinition": "d:3",
        "propagateTags": True,
        "tags": {"a": "22:30", "b": "yes", "c": "2026-11-01", "d": "", "e": "12"},
    }


def test_a_template_with_short_intrinsics_is_read_and_asks_for_their_values() -> None:
    reading = parse(TEMPLATE)

    assert reading.kind is DocumentKind.DEFINITION
    assert reading.document["jobDefinitionName"] == "greet"
    assert {problem.pointer: problem.rule for problem in validate_parsed(reading)} == {
        f"/containerProperties/{place}": "reading.unresolved-value"
        for place in ("image", "jobRoleArn", "executionRoleArn", "command/1")
    }
    assert reading.position("/containerProperties/jobRoleArn").line == 12
    assert "“!GetAtt Role.Arn”" in str(reading.problems)


def test_of_several_documents_one_is_chosen() -> None:
    text = f"{yaml.safe_dump(definition())}---\n{yaml.safe_dump(submission())}"
    with pytest.raises(SeveralDocumentsError):
        parse(text)
    assert parse(text, number=2).document == submission()


BAD = [
    ("jobName: a\njobQueue: [q\n", 3, "this YAML can't be read"),
    ("jobName: a\njobQueue: q\njobName: b\n", 3, "the key jobName is in the same mapping twice"),
    ("jobName: a\njobQueue: !!python/object/apply:os.system [ls]\n", 2, "the tag tag:yaml.org,2002:python"),
    ("jobName: a\njobQueue: !Secret x\n", 2, "the tag !Secret is unknown"),
    ("jobName: " + "{a: " * 5_000, 1, "nested more than 32 levels deep"),
    ("x: &x [0,0,0,0,0,0,0,0,0,0]\n"
     + "".join(f"x{n}: &x{n} [{','.join([f'*x{n - 1 or str()}'] * 10)}]\n" for n in range(1, 9)) + "jobName: *x8\n",
     1, "too large"),
    ("jobName: &a [*a]\n", 1, "nested more than 32 levels deep"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "message"), BAD, ids=range(len(BAD)))
def test_what_can_not_be_read_is_refused_at_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(DocumentParseError) as error:
        parse(text)
    assert message in error.value.message
    assert error.value.line == line or "too large" in message


def test_a_parser_that_takes_too_long_is_stopped(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "endless.py"
    program.write_text("while True: pass")
    monkeypatch.setattr(isolated, "MAX_SECONDS", 0.5)
    with pytest.raises(isolated.IsolatedParserError):
        isolated.run_parser(program, "a: b")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e5", 100_000.0), ("5e-324", 5e-324), ("1.5E+5", 150_000.0), ("1e400", "1e400"), ("12", 12), ("1e", "1e"),
     ("2026-11-01", "2026-11-01"), ("012e5", "012e5"), ("'1e5'", "1e5"), ("!!str 1e5", "1e5")],
)  # fmt: skip
def test_numbers_are_those_of_json(text: str, value: object) -> None:
    assert yaml_process.read(f"a: {text}")["documents"][0][0] == {"a": value}


@examples(30, 2_000)
@given(st.dictionaries(st.sampled_from(["jobName", "tags", "a b", "1"]), ANYTHING, min_size=1))
def test_what_json_says_yaml_says(document: Document) -> None:
    """YAML is nearly a superset of JSON; what both can hold is the same."""
    answer = yaml_process.read(json.dumps(document))
    assert "error" in answer or answer["documents"][0][0] == document
