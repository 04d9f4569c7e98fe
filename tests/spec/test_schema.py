"""What the schema says of documents, in a person's words."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.patch import apply_patch
from jobs.spec.problems import Problem, Severity
from jobs.spec.schema import botocore_schema, validator
from tests.aws_answers import all_rows
from tests.examples import examples
from tests.spec.samples import definition, pointers_and_rules, step, submission, workflow

SOUND = {
    DocumentKind.DEFINITION: definition(),
    DocumentKind.SUBMISSION: submission(),
    DocumentKind.WORKFLOW: workflow(step("a")),
}


def schema_problems(document: Document, kind: DocumentKind = DocumentKind.SUBMISSION) -> list[Problem]:
    return list(botocore_schema.check_schema(document, kind))


def only_problem(document: Document, kind: DocumentKind = DocumentKind.SUBMISSION) -> Problem:
    [problem] = schema_problems(document, kind)
    return problem


@pytest.mark.long
@pytest.mark.parametrize("kind", DocumentKind)
def test_each_schema_is_sound_and_plain_and_made_once(kind: DocumentKind) -> None:
    Draft202012Validator.check_schema(botocore_schema.json_schema(kind))
    assert botocore_schema.json_schema(kind) is botocore_schema.json_schema(kind)
    assert schema_problems(SOUND[kind], kind) == []
    descriptions = [part["description"] for part in parts(botocore_schema.json_schema(kind)) if "description" in part]
    assert len(descriptions) > 50
    assert not [text for text in descriptions if "<code>" in text or "<p>" in text or "&amp;" in text]


@pytest.mark.parametrize("kind", DocumentKind)
def test_every_keyword_of_the_schemas_is_understood(kind: DocumentKind) -> None:
    keywords = {key for part in parts(botocore_schema.json_schema(kind)) for key in part}
    assert keywords <= validator.SUPPORTED_KEYWORDS


def test_a_schema_with_a_keyword_that_is_not_understood_is_refused() -> None:
    with pytest.raises(ValueError, match="multipleOf"):
        validator.compile_schema({"type": "integer", "multipleOf": 2})


@pytest.mark.parametrize("kind", DocumentKind)
def test_every_limit_lies_on_a_member_that_botocore_has(kind: DocumentKind) -> None:
    shapes = {**botocore_schema.json_schema(kind)["$defs"]}
    root = {DocumentKind.DEFINITION: "RegisterJobDefinitionRequest", DocumentKind.SUBMISSION: "SubmitJobRequest"}.get(
        kind
    )
    if root:
        shapes[root] = botocore_schema.json_schema(kind)
    unknown = {
        (shape, member)
        for shape, member in botocore_schema.LIMITS
        if shape in shapes and member not in shapes[shape]["properties"]
    }
    assert unknown == set()


def parts(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every schema within a schema."""
    yield document
    for keyword in ("properties", "$defs"):
        for inner in document.get(keyword, {}).values():
            yield from parts(inner)
    for keyword in ("items", "additionalProperties", "propertyNames"):
        if isinstance(document.get(keyword), dict):
            yield from parts(document[keyword])


def test_an_unknown_key_is_an_error_that_names_the_nearest_and_renames_it() -> None:
    document = submission(containerOverrides={"comand": ["ls"]})
    problem = only_problem(document)
    assert (problem.pointer, problem.rule) == ("/containerOverrides/comand", "schema.unknown-key")
    assert "did you mean command?" in problem.message
    assert apply_patch(document, problem.fix)["containerOverrides"] == {"command": ["ls"]}


@pytest.mark.parametrize("written", ["JobName", "job_name", "job-name", "jobname"])
def test_the_key_of_another_convention_is_recognised(written: str) -> None:
    document = {"jobQueue": "q", "jobDefinition": "d", written: "x"}
    missing, unknown = schema_problems(document)
    assert pointers_and_rules([missing, unknown]) == [
        ("", "schema.missing-key"),
        (f"/{written}", "schema.unknown-key"),
    ]
    assert schema_problems(apply_patch(document, unknown.fix)) == []


def test_an_unknown_key_beside_the_one_it_resembles_is_to_be_taken_away() -> None:
    document = submission(jobname="y")
    problem = only_problem(document)
    assert "jobName is there already" in problem.message
    assert apply_patch(document, problem.fix) == submission()


def test_a_key_that_resembles_nothing_is_to_be_taken_away() -> None:
    document = submission(**{"~/x": 1})
    problem = only_problem(document)
    assert problem.pointer == "/~0~1x"
    assert apply_patch(document, problem.fix) == submission()


def test_an_unknown_value_is_a_warning_because_aws_may_have_learnt_it_since() -> None:
    document = definition(type="contaner")
    problem = only_problem(document, DocumentKind.DEFINITION)
    assert (problem.pointer, problem.severity) == ("/type", Severity.WARNING)
    assert "did you mean container?" in problem.message
    assert apply_patch(document, problem.fix)["type"] == "container"
    assert (
        "GPU, VCPU and MEMORY"
        in only_problem(
            submission(containerOverrides={"resourceRequirements": [{"type": "QUANTUM", "value": "1"}]})
        ).message
    )


@pytest.mark.parametrize(
    ("value", "sentence", "fixed"),
    [
        ({"jobName": 1}, "jobName must be a string in double quotes; found the number 1.", "1"),
        ({"jobName": True}, "jobName must be a string in double quotes; found true.", "true"),
        ({"jobName": 1.5}, "jobName must be a string in double quotes; found the number 1.5.", "1.5"),
        ({"jobName": ["x"]}, "jobName must be a string in double quotes; found a list.", None),
        ({"timeout": {"attemptDurationSeconds": "90"}}, "found the string “90”.", 90),
        ({"timeout": {"attemptDurationSeconds": "soon"}}, "must be a whole number, without quotes", None),
        ({"timeout": {"attemptDurationSeconds": 90.0}}, "found the number 90.0.", 90),
        ({"timeout": {"attemptDurationSeconds": True}}, "found true.", None),
        ({"timeout": "60"}, "timeout must be an object in { }; found the string “60”.", None),
        ({"propagateTags": "True"}, "must be true or false, without quotes", True),
        ({"propagateTags": 1}, "must be true or false, without quotes", None),
        ({"dependsOn": {"jobId": "x"}}, "dependsOn must be a list in [ ]; found an object.", [{"jobId": "x"}]),
        ({"containerOverrides": {"command": ["a", 2]}}, "Entry 2 of command must be a string", "2"),
        ({"parameters": {"n": 3}}, "n must be a string in double quotes", "3"),
    ],
)
def test_a_value_of_the_wrong_type_is_told_in_plain_words_and_fixed_where_safe(
    value: Document, sentence: str, fixed: Any
) -> None:
    document = submission(**value)
    problem = only_problem(document)
    assert problem.rule == "schema.wrong-type"
    assert sentence in problem.message
    if fixed is None:
        assert problem.fix == ()
    else:
        assert problem.fix == ({"op": "replace", "path": problem.pointer, "value": fixed},)
        assert not [
            left for left in schema_problems(apply_patch(document, problem.fix)) if left.rule == "schema.wrong-type"
        ]


def test_null_is_to_be_left_out() -> None:
    document = submission(timeout=None)
    problem = only_problem(document)
    assert problem.message.startswith("timeout is null; remove it")
    assert apply_patch(document, problem.fix) == submission()


def test_a_missing_key_is_told_where_it_should_stand() -> None:
    assert [(problem.pointer, problem.message.split()[0]) for problem in schema_problems({})] == [
        ("", "jobName"),
        ("", "jobQueue"),
        ("", "jobDefinition"),
    ]
    nested = only_problem(submission(retryStrategy={"attempts": 1, "evaluateOnExit": [{"onReason": "*"}]}))
    assert nested.pointer == "/retryStrategy/evaluateOnExit/0"
    assert nested.message.startswith("action is missing in entry 1 of evaluateOnExit")


ARN = "arn:aws:batch:us-west-2:123456789012"


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("jobName", ["a", "A9_-", "x" * 128], ["", "-a", "_a", "a b", "x" * 129, "é", "a\n", "a.b"]),
        (
            "jobDefinition",
            ["d", "d:3", f"{ARN}:job-definition/d", f"{ARN}:job-definition/d:12"],
            ["", "d:", "d:x", f"{ARN}:job-queue/d", "d:1:2"],
        ),
        ("jobQueue", ["q", f"{ARN}:job-queue/q"], ["", "q:1", f"{ARN}:job-definition/q", "arn:aws:s3:::x"]),
        ("shareIdentifier", ["a", "team1*", "*"[:0] + "b"], ["", "a-b", "a*b", "x" * 256]),
    ],
)
def test_names_have_the_form_that_batch_takes(key: str, good: list[str], bad: list[str]) -> None:
    for value in good:
        assert schema_problems(submission(**{key: value})) == [], value
    for value in bad:
        assert pointers_and_rules(schema_problems(submission(**{key: value}))) == [(f"/{key}", "schema.pattern")], (
            value
        )


@pytest.mark.parametrize(
    ("kind", "make", "good", "bad", "pointer"),
    [
        (
            DocumentKind.DEFINITION,
            lambda n: definition(jobDefinitionName="x" * n),
            [1, 128],
            [0, 129],
            "/jobDefinitionName",
        ),
        (
            DocumentKind.DEFINITION,
            lambda n: definition(schedulingPriority=n),
            [0, 9999],
            [-1, 10_000],
            "/schedulingPriority",
        ),
        (
            DocumentKind.DEFINITION,
            lambda n: definition(retryStrategy={"attempts": n}),
            [1, 10],
            [0, 11],
            "/retryStrategy/attempts",
        ),
        (
            DocumentKind.DEFINITION,
            lambda n: definition(timeout={"attemptDurationSeconds": n}),
            [60, 10**9],
            [59],
            "/timeout/attemptDurationSeconds",
        ),
        (
            DocumentKind.DEFINITION,
            lambda n: definition({"image": "i" * n}),
            [1, 255],
            [0, 256],
            "/containerProperties/image",
        ),
        (DocumentKind.DEFINITION, lambda n: definition({"memory": n}), [4], [3], "/containerProperties/memory"),
        (DocumentKind.DEFINITION, lambda n: definition({"vcpus": n}), [1], [0], "/containerProperties/vcpus"),
        (
            DocumentKind.DEFINITION,
            lambda n: definition({"ephemeralStorage": {"sizeInGiB": n}}),
            [21, 200],
            [20, 201],
            "/containerProperties/ephemeralStorage/sizeInGiB",
        ),
        (
            DocumentKind.DEFINITION,
            lambda n: definition(
                retryStrategy={"attempts": 2, "evaluateOnExit": [{"onReason": "*", "action": "exit"}] * n}
            ),
            [5],
            [6],
            "/retryStrategy/evaluateOnExit",
        ),
        (
            DocumentKind.SUBMISSION,
            lambda n: submission(arrayProperties={"size": n}),
            [2, 10_000],
            [1, 10_001],
            "/arrayProperties/size",
        ),
        (DocumentKind.SUBMISSION, lambda n: submission(dependsOn=[{"jobId": "x"}] * n), [20], [21], "/dependsOn"),
        (
            DocumentKind.DEFINITION,
            lambda n: definition(tags={f"k{i}": "" for i in range(n)}),
            [1, 50],
            [0, 51],
            "/tags",
        ),
        (DocumentKind.SUBMISSION, lambda n: submission(tags={"k" * n: "v"}), [1, 128], [129], "/tags/" + "k" * 129),
        (DocumentKind.SUBMISSION, lambda n: submission(tags={"k": "v" * n}), [0, 256], [257], "/tags/k"),
    ],
)
def test_sizes_have_the_bounds_that_batch_has(
    kind: DocumentKind, make: Any, good: list[int], bad: list[int], pointer: str
) -> None:
    for size in good:
        assert schema_problems(make(size), kind) == [], size
    for size in bad:
        assert [problem.pointer for problem in schema_problems(make(size), kind)] == [pointer], size


@pytest.mark.parametrize(
    ("condition", "good", "bad"),
    [
        ("onStatusReason", ["Host EC2*", "*", "a.b: c"], ["*a", "a-b", "", "x" * 513]),
        ("onReason", ["Out*", "x" * 512], ["(no)"]),
        ("onExitCode", ["1", "13*", "*"], ["-1", "1*3", "x"]),
        ("action", ["RETRY", "exit", "Retry"], ["STOP", ""]),
    ],
)
def test_conditions_of_a_retry_have_the_form_that_batch_takes(
    condition: str, good: list[str], bad: list[str]
) -> None:
    def document(value: str) -> Document:
        rule = {"onReason": "*", "action": "EXIT", condition: value}
        return submission(retryStrategy={"attempts": 2, "evaluateOnExit": [rule]})

    for value in good:
        assert schema_problems(document(value)) == [], value
    for value in bad:
        assert [problem.pointer for problem in schema_problems(document(value))] == [
            f"/retryStrategy/evaluateOnExit/0/{condition}"
        ], value


def test_long_values_are_cut_and_odd_characters_stay_on_one_line() -> None:
    problem = only_problem(submission(jobName="a\n" + "x" * 10_000))
    assert "\n" not in problem.message
    assert len(problem.message) < 250
    assert "…" in problem.message


@pytest.mark.long
def test_guessing_has_an_end_however_many_keys_are_unknown() -> None:
    problems = schema_problems(submission(**{f"unknownkey{number}": 1 for number in range(10_000)}))
    assert len(problems) == 10_000


TEXTS = st.text("ab-1é ", max_size=5)
FLOATS = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda value: not value.is_integer()
)  # 90.0: see above
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 100_000) | FLOATS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "value", "size", "x"]), inner)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["jobName", "jobQueue", "dependsOn", "tags", "timeout", "arrayProperties", "retryStrategy", "odd"]
)


def test_the_quick_check_passes_what_jsonschema_passes() -> None:
    schema = botocore_schema.json_schema(DocumentKind.DEFINITION)
    shape = validator.compile_schema(schema)
    bare = Draft202012Validator(schema)
    definitions = [row.definition for row in all_rows()]
    assert [shape.is_surely_valid(document) for document in definitions] == [
        bare.is_valid(document) for document in definitions
    ]


@examples(40, 3_000)
@given(st.dictionaries(KEYS, VALUES))
def test_a_general_validator_agrees_about_which_documents_are_sound(changes: Document) -> None:
    document = submission(**changes)
    theirs = Draft202012Validator(botocore_schema.json_schema(DocumentKind.SUBMISSION)).is_valid(document)
    assert theirs == (schema_problems(document) == [])
