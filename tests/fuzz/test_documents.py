"""What holds for every document. `make fuzz` asks for many more of them than the suite has time for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from jobs.sandbox.context import AccountRegion, ApiCall
from jobs.sandbox.definitions import DefinitionService
from jobs.sandbox.store import Store
from jobs.spec import diff, effective
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.job_size import requested_size
from jobs.spec.normalize import fingerprint, normalize
from jobs.spec.parsing import cli_skeleton
from jobs.spec.parsing.parser import DocumentParseError, parse
from jobs.spec.patch import apply_patch
from jobs.spec.problems import has_errors
from jobs.spec.rules import validate, workflow
from jobs.spec.schema import botocore_schema
from tests.examples import examples
from tests.fuzz.documents import ANYTHING, of_schema, sensible_definitions, sensible_submissions, with_typos

KINDS = st.sampled_from(list(DocumentKind))
OF_SCHEMA = {kind: of_schema(kind) for kind in DocumentKind}
SENSIBLE = {DocumentKind.DEFINITION: sensible_definitions(), DocumentKind.SUBMISSION: sensible_submissions()}
REQUESTS = {DocumentKind.DEFINITION: "RegisterJobDefinitionRequest", DocumentKind.SUBMISSION: "SubmitJobRequest"}

PIECES = st.sampled_from([
    *"{}[]:,\"'\\/#*$=-\n\r\t ",
    "//", "/*", "*/", "1e999", "NaN", "true", "null", "\\ud800", "\ud800", "\0", "é", "EOF", "${a}", "<<",
    "```json\n", '"jobName"', '"jobs"', '"jobDefinitions"', "JobQueue", '"jobId"', '"status"', '"KeyName":""',
    '{"jobName": "a"',
    '"containerProperties"', '"nodeProperties"', '"eksProperties"', "9" * 50, "[" * 40,
    "aws batch submit-job ", "--job-name ", "--tags ", "a=b", ",c=[", "--container-overrides ", "'{", "}'", "\\\n",
])  # fmt: skip


@st.composite
def foreign_shapes(draw: st.DrawFn) -> Document:
    """Documents of other tools and responses of AWS, with anything in their places."""
    inner = st.recursive(
        ANYTHING,
        lambda values: (
            st.lists(values, max_size=2) | st.dictionaries(st.sampled_from(FOREIGN_KEYS), values, max_size=3)
        ),
        max_leaves=6,
    )
    heads: list[Document] = [
        {"Type": "AWS::Batch::JobDefinition"},
        {"Resource": "arn:aws:states:::batch:submitJob"},
        {"jobId": "a:1", "jobName": "a", "status": "FAILED"},
        {"jobDefinitionName": "a", "revision": 1},
        {"family": "a"},
        {"image": "a"},
        {},
    ]
    members = draw(st.dictionaries(st.sampled_from(FOREIGN_KEYS), inner, max_size=4))
    document = {**draw(st.sampled_from(heads)), **members}
    return {draw(st.sampled_from(FOREIGN_KEYS)): draw(st.sampled_from([[document], document]))} | document


FOREIGN_KEYS = [
    "Resources", "Properties", "Type", "Parameters", "Arguments", "Resource", "Ref", "Fn::Sub", "a.$", "jobs",
    "jobDefinitions", "taskDefinition", "containerDefinitions", "tags", "cpu", "memory", "containerProperties",
    "ecsProperties", "taskProperties", "containers", "eksProperties", "podProperties", "nodeProperties", "numNodes",
    "nodeRangeProperties", "targetNodes", "container", "arrayProperties", "index", "name", "environment", "command",
    "resourceRequirements", "retryStrategy", "JobDefinitionName",
]  # fmt: skip
TEXTS = (
    st.text()
    | st.binary()
    | st.lists(PIECES, max_size=30).map("".join)
    | ANYTHING.map(json.dumps)
    | st.dictionaries(
        st.sampled_from(["jobs", "jobName", "JobQueue", "jobDefinitions", "jobId", "status", "tags"]), ANYTHING
    ).map(json.dumps)
    | foreign_shapes().map(json.dumps)
)


@pytest.mark.long
@examples(80, 20_000)
@given(TEXTS)
def test_no_text_raises_anything_but_that_it_is_no_document(text: str | bytes) -> None:
    try:
        reading = parse(text)
    except DocumentParseError:
        return
    result = validate.validate_parsed(reading)
    for problem in result:
        reading.position(problem.pointer)
    json.dumps(reading.document).encode()


@st.composite
def valid_by_schema(draw: st.DrawFn) -> tuple[DocumentKind, Document]:
    kind = draw(KINDS)
    return kind, draw(OF_SCHEMA[kind])


@pytest.mark.long
@examples(40, 10_000)
@given(valid_by_schema())
def test_what_the_schema_generates_reads_and_prints_and_reads_again_without_loss(
    made: tuple[DocumentKind, Document],
) -> None:
    kind, document = made
    assert [
        problem for problem in botocore_schema.check_schema(document, kind) if problem.rule != "schema.unknown-value"
    ] == []
    assume(cli_skeleton.strip_skeleton(document, kind) is None)
    first = parse(json.dumps(document))
    again = parse(json.dumps(first.document, indent=2, ensure_ascii=False))
    assert (first.kind, _without_empties(first.document)) == (kind, _without_empties(document))
    assert (again.document, again.changes) == (first.document, ())
    if _without_empties(document) == document:
        assert (first.document, first.changes) == (document, ())


def _without_empties(value: Any) -> Any:
    """A value without the members that are empty, or that have nothing but such in them."""
    if isinstance(value, list):
        return [_without_empties(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    members = {key: _without_empties(member) for key, member in value.items()}
    return {key: member for key, member in members.items() if member not in (None, {}, [])}


@pytest.mark.long
@examples(40, 10_000)
@given(valid_by_schema())
def test_normalising_twice_is_normalising_once(made: tuple[DocumentKind, Document]) -> None:
    kind, document = made
    once = normalize(document, kind)
    assert normalize(once, kind) == once
    if kind is DocumentKind.DEFINITION:
        assert fingerprint(once) == fingerprint(document)
    assert diff.diff_documents(document, document) == []


@st.composite
def typed_documents(draw: st.DrawFn) -> tuple[DocumentKind, Document]:
    kind = draw(st.sampled_from(list(REQUESTS)))
    return kind, draw(with_typos(draw(st.sampled_from([SENSIBLE[kind], SENSIBLE[kind], OF_SCHEMA[kind]]))))


@pytest.mark.long
@examples(40, 10_000)
@given(typed_documents())
def test_what_the_judge_calls_valid_botocore_never_refuses(made: tuple[DocumentKind, Document]) -> None:
    kind, document = made
    result = validate.validate_document(kind, document)
    for problem in result:
        if problem.fix:
            apply_patch(document, problem.fix)
    if not has_errors(result):
        shape = botocore_schema._service_model().shape_for(REQUESTS[kind])
        report = ParamValidator().validate(document, shape)
        assert not report.has_errors(), report.generate_report()


@pytest.mark.long
def test_most_sensible_documents_are_valid_so_that_the_proofs_are_about_something() -> None:
    counts = {True: 0, False: 0}

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(sensible_definitions())
    def count(document: Document) -> None:
        counts[has_errors(validate.validate_document(DocumentKind.DEFINITION, document))] += 1

    count()
    assert counts[False] > counts[True]


@pytest.mark.long
@examples(25, 5_000)
@given(sensible_definitions(), with_typos(sensible_submissions()))
def test_a_submission_on_any_definition_is_judged_and_shown(definition: Document, submission: Document) -> None:
    name = str(submission.get("jobDefinition"))
    validate.validate_document(DocumentKind.SUBMISSION, submission, {name: definition})
    effective.effective_job(definition, submission).as_json()
    requested_size(definition, submission)
    workflow.check_workflow({"jobs": [submission, submission]}, {name: definition})


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DefinitionService]:
    store = Store(Path(tmp_path_factory.mktemp("fuzz")) / "sandbox.sqlite3")
    yield DefinitionService(store, lambda _call, _name: None, min_timeout_seconds=60)
    store.close()


STRICTER = {"sizes.legacy-beside-requirement", "platform.one"}
"""Warnings that the sandbox refuses: AWS only advises against them, and the sandbox would rather be too strict."""


@pytest.mark.long
@examples(25, 5_000)
@given(document=sensible_definitions())
def test_what_the_judge_calls_valid_the_sandbox_registers(definitions: DefinitionService, document: Document) -> None:
    result = validate.validate_document(DocumentKind.DEFINITION, document)
    assume(not has_errors(result) and not STRICTER & {problem.rule for problem in result})
    size = len(json.dumps(document))
    call = ApiCall(AccountRegion("123456789012", "us-west-2"), "RegisterJobDefinition", document, size, "fuzz")
    assert definitions.register(call)["revision"] >= 1


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(key, "testing")
        with mock_aws(config={"batch": {"use_docker": False}}):
            yield boto3.client("batch", region_name="us-west-2")


@examples(6, 500)
@given(document=sensible_definitions())
@pytest.mark.long
def test_what_the_judge_calls_valid_moto_registers(moto: Any, document: Document) -> None:
    assume(not has_errors(validate.validate_document(DocumentKind.DEFINITION, document)))
    assert moto.register_job_definition(**document)["revision"] >= 1
