"""Parameters of workflow templates: what is put where, and what is wrong with a template."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jobs.spec import template_format
from jobs.spec.documents import Document, value_at
from jobs.spec.problems import has_errors
from jobs.spec.rules.workflow import check_workflow, plan_workflow
from jobs.spec.substitution import (
    TooLongError,
    check_template,
    fill,
    mask_default,
    merge_parameters,
    parameter_names,
    parameters_at,
    secret_parameters,
    secret_place_problems,
    secret_value_problems,
    substitute,
)
from jobs.spec.template_parameters import (
    MAX_VALUE_LENGTH,
    REFERENCE,
    Parameter,
    ParameterType,
    ParameterValue,
    parse_parameters,
    read_values,
    sample_values,
)
from tests.spec.samples import pointers_and_rules, step, workflow

DATASET = Parameter("dataset", default="41")
SIZE = Parameter("size", type=ParameterType.NUMBER, default="12")


def environment(**variables: str) -> Document:
    return {"environment": [{"name": name, "value": value} for name, value in variables.items()]}


def template() -> Document:
    """Two steps that carry the dataset in their names, the second an array of a chosen size."""
    load = step("load-${param.dataset}", containerOverrides=environment(PLACE="s3://raw/${param.dataset}/"))
    train = step(
        "train-${param.dataset}",
        "${load-${param.dataset}}",
        arrayProperties={"size": "${param.size}"},
        containerOverrides=environment(SIZE="${param.size}", HOME="$HOME", SHELL="${SHELL}"),
    )
    conditions = [{"job": "train-${param.dataset}", "after": "other-${param.dataset}", "when": "failure"}]
    other = step("other-${param.dataset}")
    return {"name": "nightly-${param.dataset}", **workflow(load, train, other), "conditions": conditions}


def filled(document: Document, *parameters: Parameter, **entries: object) -> Document:
    values, problems = read_values(parameters, entries)
    result, more = fill(document, values)
    assert (problems, more) == ([], [])
    return result


def test_values_stand_in_every_text_and_references_follow_the_names_of_steps() -> None:
    document = filled(template(), DATASET, SIZE, dataset="q2", size=3)

    assert [job["jobName"] for job in document["jobs"]] == ["load-q2", "train-q2", "other-q2"]
    assert document["jobs"][1]["dependsOn"] == [{"jobId": "${load-q2}"}]
    assert document["conditions"] == [{"job": "train-q2", "after": "other-q2", "when": "failure"}]
    assert document["name"] == "nightly-q2"
    assert [[edge.parent for edge in job.dependencies] for job in plan_workflow(document).steps] == [[], [0, 2], []]
    assert check_workflow(document) == []


def test_a_number_alone_is_a_number_where_aws_batch_takes_one() -> None:
    job = filled(template(), DATASET, SIZE, size="30")["jobs"][1]

    assert job["arrayProperties"] == {"size": 30}
    assert job["containerOverrides"]["environment"][0] == {"name": "SIZE", "value": "30"}


@pytest.mark.parametrize(
    ("text", "value", "result"),
    [
        ("${param.n}", ParameterValue("16", is_number=True), 16),
        ("${param.n}", ParameterValue("0.5", is_number=True), 0.5),
        ("${param.n}", ParameterValue("-2", is_number=True), -2),
        ("${param.n}", ParameterValue("16"), "16"),
        ("-n ${param.n}", ParameterValue("16", is_number=True), "-n 16"),
        ("${param.n}${param.n}", ParameterValue("1", is_number=True), "11"),
        ("${param.n}", ParameterValue("${param.n}"), "${param.n}"),
        ("${param.n}", ParameterValue("${load}"), "${load}"),
        ("${param.n}", ParameterValue(""), ""),
        ("$HOME ${HOME} $$ ${params.n} ${param_n} $param.n", ParameterValue("x"), None),
        ("${load}", ParameterValue("x"), None),
    ],
)
def test_a_text_with_a_parameter(text: str, value: ParameterValue, result: Any) -> None:
    document, problems = substitute({"jobs": [text]}, {"n": value})

    assert document == {"jobs": [text if result is None else result]}
    assert type(document["jobs"][0]) is type(text if result is None else result)
    assert problems == []


def test_a_parameter_without_a_value_is_an_error_at_its_place() -> None:
    document = {"jobs": [{"jobName": "a-${param.datset}", "tags": {"a/b": "${param.}"}}]}
    result, problems = substitute(document, {"dataset": ParameterValue("41")})

    assert result == document
    assert [(problem.pointer, problem.message) for problem in problems] == [
        ("/jobs/0/jobName", "The template has no parameter “datset”. Did you mean “dataset”?"),
        (
            "/jobs/0/tags/a~1b",
            (
                "The template has no parameter “”. "
                "A parameter's name has up to 64 letters, digits, - and _, and begins with a letter."
            ),
        ),
    ]


def test_a_short_template_cannot_make_an_endless_document() -> None:
    document = {"jobs": ["${param.n}" * 1_000]}

    with pytest.raises(TooLongError):
        substitute(document, {"n": ParameterValue("x" * MAX_VALUE_LENGTH)})


# -- Properties

NAMES = ("a", "b-1", "C_2")
PIECES = some.sampled_from(
    [
        "${param.a}",
        "${param.b-1}",
        "${param.C_2}",
        "${load}",
        "$",
        "${",
        "}",
        "${param",
        "x",
        "é",
        "/",
        "~",
        "${load-",
    ]
)
TEXTS = some.lists(PIECES, max_size=5).map("".join)
SCALARS = some.one_of(TEXTS, some.integers(-5, 5), some.booleans(), some.none())
DOCUMENTS = some.dictionaries(
    some.sampled_from(["jobs", "name", "k/1"]),
    some.recursive(
        SCALARS,
        lambda inner: (
            some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(["p", "~q"]), inner, max_size=2)
        ),
        max_leaves=8,
    ),
)
VALUES = some.fixed_dictionaries(
    {
        name: some.one_of(
            some.text(max_size=6).filter(lambda text: "${" not in text and "}" not in text).map(ParameterValue),
            some.integers(-(10**6), 10**6).map(lambda number: ParameterValue(str(number), is_number=True)),
        )
        for name in NAMES
    }
)


def leaves(value: Any, place: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {
            key: leaf for name, member in value.items() for key, leaf in leaves(member, f"{place}/{name}").items()
        }
    if isinstance(value, list):
        return {key: leaf for n, entry in enumerate(value) for key, leaf in leaves(entry, f"{place}/{n}").items()}
    return {place: value}


@given(DOCUMENTS, VALUES)
def test_nothing_else_changes(document: Document, values: dict[str, ParameterValue]) -> None:
    before = json.dumps(document)
    result, problems = substitute(document, values)

    assert json.dumps(document) == before
    assert problems == []
    assert leaves(result).keys() == leaves(document).keys()
    for place, leaf in leaves(document).items():
        if not isinstance(leaf, str) or not REFERENCE.search(leaf):
            assert leaves(result)[place] == leaf


@given(DOCUMENTS, VALUES)
def test_the_result_is_what_a_person_would_write(document: Document, values: dict[str, ParameterValue]) -> None:
    """Whole numbers first, as they lose their quotes; then what stands in texts."""
    text = json.dumps(document)
    for name, value in values.items():
        if value.is_number:
            text = text.replace(json.dumps(f"${{param.{name}}}"), value.text)
    for name, value in values.items():
        text = text.replace(f"${{param.{name}}}", json.dumps(value.text)[1:-1])

    assert substitute(document, values)[0] == json.loads(text)


@given(DOCUMENTS, VALUES)
def test_a_second_time_changes_nothing(document: Document, values: dict[str, ParameterValue]) -> None:
    once, _ = substitute(document, values)
    left = {name for place in leaves(once).values() if isinstance(place, str) for name in REFERENCE.findall(place)}

    if not left:
        assert substitute(once, values) == (once, [])


@given(DOCUMENTS)
def test_every_name_is_found(document: Document) -> None:
    _, problems = substitute(document, {})

    assert {name for problem in problems for name in parameters_at(document, problem.pointer)} == set(
        parameter_names(document)
    )


# -- What is wrong with a template


def test_a_sound_template_has_no_problems() -> None:
    assert check_template(template(), [DATASET, SIZE]) == []


def test_what_only_a_person_can_know_is_not_judged() -> None:
    document = workflow(step("a", jobQueue="${param.queue}", jobDefinition="x y"))
    [problem] = check_template(document, [Parameter("queue", default=None)])

    assert problem.pointer == "/jobs/0/jobDefinition"


@pytest.mark.parametrize(
    ("parameter", "key"),
    [
        (Parameter("9x"), "name"),
        (Parameter("x.y"), "name"),
        (Parameter(""), "name"),
        (Parameter("x", label="l" * 101), "label"),
        (Parameter("x", help="a\x00b"), "help"),
        (Parameter("x", default="${param.y}"), "default"),
        (Parameter("x", default="v" * 4_001), "default"),
        (Parameter("x", type=ParameterType.NUMBER, default="1e3"), "default"),
        (Parameter("x", type=ParameterType.NUMBER, default="007"), "default"),
        (Parameter("x", type=ParameterType.NUMBER, required=False), "default"),
        (Parameter("x", type=ParameterType.YES_NO, default="yes"), "default"),
        (Parameter("x", type=ParameterType.CHOICE), "choices"),
        (Parameter("x", type=ParameterType.CHOICE, choices=("a", "a")), "choices"),
        (Parameter("x", type=ParameterType.CHOICE, choices=("a", "")), "choices"),
        (Parameter("x", type=ParameterType.CHOICE, choices=("a",), default="b"), "default"),
    ],
)
def test_a_parameter_that_cannot_be_asked(parameter: Parameter, key: str) -> None:
    document = workflow(step(f"a-${{param.{parameter.name}}}"))

    places = [problem.pointer for problem in check_template(document, [parameter])]
    assert f"/parameters/0/{key}" in places


def test_names_are_used_once_and_all_are_used() -> None:
    document = workflow(step("a-${param.x}"))

    assert pointers_and_rules(check_template(document, [Parameter("x"), Parameter("x"), Parameter("y")])) == [
        ("/parameters/1/name", "template.parameter"),
        ("/parameters/2/name", "template.unused-parameter"),
    ]
    assert pointers_and_rules(check_template({"jobs": [{"${param.x}": "${param.x}"}]}, [Parameter("x")])) == [
        ("/jobs/0/${param.x}", "template.parameter-in-key")
    ]


# -- Values


@pytest.mark.parametrize(
    ("parameter", "entry", "text"),
    [
        (Parameter("x"), "a", "a"),
        (Parameter("x"), 16, "16"),
        (Parameter("x"), True, "true"),
        (Parameter("x", default="d"), None, "d"),
        (Parameter("x", required=False), None, ""),
        (Parameter("x", type=ParameterType.NUMBER), 0.5, "0.5"),
        (Parameter("x", type=ParameterType.YES_NO), False, "false"),
        (Parameter("x", type=ParameterType.CHOICE, choices=("1", "2")), 2, "2"),
    ],
)
def test_a_value_that_fits(parameter: Parameter, entry: object, text: str) -> None:
    values, problems = read_values([parameter], {} if entry is None else {"x": entry})

    assert (values["x"].text, problems) == (text, [])


@pytest.mark.parametrize(
    ("parameter", "entry", "message"),
    [
        (Parameter("x", label="Dataset"), None, "Enter a value for Dataset."),
        (Parameter("x"), "", "Enter a value for x."),
        (Parameter("x"), [1], "x must be a string, a number, true or false."),
        (Parameter("x"), "a\x00", "x contains a control character. Remove it."),
        (Parameter("x"), "\ud800", "x contains a control character. Remove it."),
        (Parameter("x"), "v" * 4_001, "x has 4,001 characters; the limit is 4,000."),
        (Parameter("x", type=ParameterType.NUMBER), "many", "x must be a number, such as 16 or 0.5."),
        (Parameter("x", type=ParameterType.NUMBER), True, "x must be a number, such as 16 or 0.5."),
        (Parameter("x", type=ParameterType.YES_NO), "maybe", "x must be true or false."),
        (Parameter("x", type=ParameterType.CHOICE, choices=("a", "b")), "c", "x must be a or b."),
    ],
)
def test_a_value_that_does_not_fit(parameter: Parameter, entry: object, message: str) -> None:
    _, problems = read_values([parameter], {} if entry is None else {"x": entry})

    assert [(problem.pointer, problem.message) for problem in problems] == [("/values/x", message)]


def test_a_value_for_no_parameter_is_refused() -> None:
    _, [problem] = read_values([DATASET], {"datset": "1"})

    assert (problem.pointer, problem.rule) == ("/values/datset", "template.unknown-parameter")


def test_samples_are_defaults_and_otherwise_plausible() -> None:
    parameters = [DATASET, Parameter("free"), Parameter("n", type=ParameterType.NUMBER)]
    parameters += [Parameter("c", type=ParameterType.CHOICE, choices=("a", "b"))]

    assert [value.text for value in sample_values(parameters).values()] == ["41", "free", "1", "a"]


# -- Secrets, files, forms


def test_a_value_is_secret_by_its_name_or_by_its_place() -> None:
    document = workflow(
        step("a", containerOverrides=environment(DB_PASSWORD="${param.x}", PLACE="${param.y}", Z="${param.token}"))
    )
    parameters = [Parameter("x", default="hunter2"), Parameter("y", default="s3://a"), Parameter("token")]
    secrets = secret_parameters(document, parameters)

    assert secrets == {"x", "token"}
    assert [mask_default(each, secrets).default for each in parameters] == ["••••", "s3://a", None]


def test_parameters_of_a_document_keep_what_is_known_of_them() -> None:
    assert merge_parameters(template(), [SIZE, Parameter("gone")]) == (SIZE, Parameter("dataset"))


def test_a_file_is_read_as_it_was_written() -> None:
    choice = Parameter("c", "Label", "Help", ParameterType.CHOICE, "a", required=False, choices=("a", "b"))
    content = template_format.TemplateContent("nightly", "", (DATASET, choice), "What it is for", "Why")
    file = json.loads(json.dumps(template_format.to_file(content, template(), 3)))

    assert template_format.check_template_file(file) == []
    assert template_format.from_file(file) == (content, template())


@pytest.mark.parametrize(
    ("file", "pointer"),
    [
        ([], ""),
        ({}, ""),
        ({"document": {}, "colour": 1}, "/colour"),
        ({"document": {}, "parameters": [{"label": "x"}]}, "/parameters/0"),
        ({"document": {}, "parameters": [{"name": "x", "type": "date"}]}, "/parameters/0/type"),
        ({"document": {}, "name": 3}, "/name"),
    ],
)
def test_a_file_of_another_shape(file: Any, pointer: str) -> None:
    [problem] = template_format.check_template_file(file)

    assert problem.pointer == pointer
    assert "AWS Batch" not in problem.message


def test_parameters_of_any_shape_are_read() -> None:
    assert parse_parameters([{"name": "x", "type": "?", "default": [1], "choices": "no"}, 3, None]) == (
        Parameter("x"),
    )
    assert parse_parameters("x") == ()


def test_a_workflow_without_a_template_keeps_its_parameters_and_is_told() -> None:
    [problem] = check_workflow(workflow(step("a", containerOverrides=environment(PLACE="s3://${param.x}"))))

    assert (problem.pointer, problem.severity, problem.rule) == (
        "/jobs/0/containerOverrides/environment/0/value",
        "warning",
        "workflow.parameter",
    )


@pytest.mark.parametrize(
    ("parameter", "command"),
    [("api_token", "--token=${param.api_token}"), ("level", "--password=${param.level}")],
    ids=["by its name", "by its place"],
)
def test_a_secret_has_no_choices_since_everyone_sees_them(parameter: str, command: str) -> None:
    document = {
        "jobs": [
            {
                "jobName": "a",
                "jobQueue": "cpu",
                "jobDefinition": "hello",
                "containerOverrides": {"command": ["run", command]},
            }
        ]
    }
    choice = Parameter(parameter, type=ParameterType.CHOICE, choices=("x", "y"))

    assert [(problem.pointer, problem.rule) for problem in check_template(document, [choice])] == [
        ("/parameters/0/choices", "template.secret-choice")
    ]
    assert check_template(document, [replace(choice, type=ParameterType.TEXT, choices=())]) == []


def with_secret(**parts: object) -> Document:
    return {"jobs": [{"jobName": "a", "jobQueue": "cpu", "jobDefinition": "hello", **parts}]}


def variable(name: str, value: str) -> Document:
    return {"containerOverrides": {"environment": [{"name": name, "value": value}]}}


def command(*words: str) -> Document:
    return {"containerOverrides": {"command": list(words)}}


TOKEN = Parameter("api_token", default="hunter2-of-mine")


@pytest.mark.parametrize(
    "document",
    [
        with_secret(**command("sh", "-c", "echo ${param.api_token}")),
        with_secret(**command("run", "${param.api_token}")),
        with_secret(**variable("INPUT", "${param.api_token}")),
        with_secret(parameters={"word": "a-${param.api_token}"}),
        with_secret(tags={"Project": "${param.api_token}"}),
        with_secret(**command("run", "--password=${param.api_token}", "${param.api_token}")),
        {**with_secret(), "name": "of-${param.api_token}"},
    ],
    ids=["in a script", "as an argument", "in a variable", "in a parameter", "in a tag", "also", "in the name"],
)
def test_a_secret_stands_only_where_it_stays_masked(document: Document) -> None:
    problems = check_template(document, [TOKEN])
    assert [problem.rule for problem in problems] == ["template.visible-secret"]
    place = value_at(
        document, *(int(part) if part.isdecimal() else part for part in problems[0].pointer[1:].split("/"))
    )
    assert "${param.api_token}" in place
    values = {"api_token": ParameterValue("hunter2-of-mine")}
    assert secret_place_problems(document, [TOKEN], values) == problems


def test_what_stands_beside_a_secret_is_none() -> None:
    document = with_secret(**command("sh", "-c", "run --token ${param.key} ${param.word} ${param.other}"))
    assert secret_parameters(document, [Parameter("key"), Parameter("word")]) == {"key"}


def test_a_secret_by_its_place_stands_nowhere_else() -> None:
    document = with_secret(**variable("DB_PASSWORD", "${param.word}"), parameters={"day": "${param.word}"})
    assert [problem.pointer for problem in check_template(document, [Parameter("word")])] == [
        "/jobs/0/parameters/day"
    ]


@pytest.mark.parametrize(
    ("document", "value", "is_visible"),
    [
        (with_secret(**variable("DB_PASSWORD", "${param.api_token}")), "two words; 'quoted'", False),
        (with_secret(**command("run", "--password", "${param.api_token}")), "two words", False),
        (with_secret(**command("run", "--password=${param.api_token}")), "oneword-hunter2", False),
        (with_secret(**command("run", "--password=${param.api_token}")), "two words", True),
        (with_secret(**command("sh", "-c", "run --token ${param.api_token} x")), "hunter2-of-mine", False),
        (with_secret(**command("sh", "-c", "run --token ${param.api_token} x")), "hunter2 of-mine", True),
        (with_secret(**variable("DATABASE_URL", "postgres://u:${param.api_token}@h/d")), "hunter2-of-mine", False),
        (with_secret(**variable("DATABASE_URL", "postgres://u:${param.api_token}@h/d")), "hunter2 of-mine", True),
        (with_secret(**variable("DB_PASSWORD", "${param.api_token}")), "/run/secrets/password", False),
        (with_secret(**variable("DB_PASSWORD", "${param.api_token}")), "", False),
    ],
)
def test_no_part_of_a_value_shows_where_a_secret_may_stand(document: Document, value: str, is_visible: bool) -> None:
    assert not has_errors(check_template(document, [TOKEN]))
    problems = secret_value_problems(document, [TOKEN], {"api_token": ParameterValue(value)})
    pairs = [("/values/api_token", "template.visible-secret")] if is_visible else []
    assert [(problem.pointer, problem.rule) for problem in problems] == pairs
    if is_visible:
        assert value not in problems[0].message
