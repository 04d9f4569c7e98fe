"""Changes of the designer to the file of a form, as plain values."""

from typing import Any

import pytest

from jobs.spec.launch_forms import designer
from jobs.spec.launch_forms.check import check_form
from jobs.spec.launch_forms.fields import fields_of, parse_sections
from jobs.spec.launch_forms.filling import fill_document
from jobs.spec.launch_forms.values import LaunchContext, read_values
from jobs.spec.template_parameters import Parameter, ParameterType

DEFINITION: dict[str, Any] = {
    "jobDefinitionName": "risk",
    "type": "container",
    "parameters": {"mode": "fast"},
    "containerProperties": {
        "image": "risk",
        "command": ["risk", "Ref::mode", "--digits=2", "all"],
        "environment": [{"name": "QUARTER", "value": "Q1"}, {"name": "DB_PASSWORD", "value": "secret"}],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}],
    },
}
DEFINITIONS = {"risk": DEFINITION}
ENVIRONMENT = "/containerOverrides/environment/0/value"


def new_file() -> dict[str, Any]:
    document = designer.document_of_definition(DEFINITION, "risk", "cpu")
    return {"name": "Risk", "sections": [], "document": document}


def pointer_of(title: str, document: dict[str, Any]) -> str:
    return {place.title: place.pointer for place in designer.possible_places(document, DEFINITIONS)}[title]


def ask(file: dict[str, Any], title: str) -> tuple[dict[str, Any], str]:
    return designer.ask_for(file, pointer_of(title, file["document"]), DEFINITIONS)


def test_a_form_of_a_definition_can_ask_for_everything_that_a_job_may_change_but_no_secret():
    titles = {place.title for place in designer.possible_places(new_file()["document"], DEFINITIONS)}

    assert titles >= {
        "Job name",
        "Queue",
        "Array size",
        "Parameter mode",
        "Option --digits",
        "Command argument 3",
        "Environment variable QUARTER",
        "vCPU",
        "Memory in MiB",
    }
    assert not any("PASSWORD" in title or "Ref::" in title for title in titles)


@pytest.mark.parametrize(
    ("title", "change"),
    [
        ("Queue", {"jobQueue": "${param.queue}"}),
        ("Array size", {"arrayProperties": {"size": "${param.array-size}"}}),
        ("Parameter mode", {"parameters": {"mode": "${param.mode}"}}),
        (
            "Option --digits",
            {"containerOverrides": {"command": ["risk", "Ref::mode", "--digits=${param.digits}", "all"]}},
        ),
        (
            "Environment variable QUARTER",
            {"containerOverrides": {"environment": [{"name": "QUARTER", "value": "${param.quarter}"}]}},
        ),
        (
            "Memory in MiB",
            {"containerOverrides": {"resourceRequirements": [{"type": "MEMORY", "value": "${param.memory}"}]}},
        ),
    ],
)
def test_asking_for_a_place_changes_nothing_else(title: str, change: dict[str, Any]):
    file, name = ask(new_file(), title)

    assert file["document"] == {**new_file()["document"], **change}
    assert [field["name"] for field in file["sections"][0]["fields"]] == [name]
    assert title not in {place.title for place in designer.possible_places(file["document"], DEFINITIONS)}


def test_every_place_can_be_asked_for_together_and_makes_a_valid_form():
    file = new_file()
    while places := designer.possible_places(file["document"], DEFINITIONS):
        file, _ = designer.ask_for(file, places[0].pointer, DEFINITIONS)

    kind = designer.kind_of(file["document"])
    assert check_form(file["document"], kind, parse_sections(file["sections"])) == []


def test_a_place_that_is_no_value_is_refused_with_an_example():
    with pytest.raises(designer.DesignError, match=ENVIRONMENT):
        designer.ask_for(new_file(), "/nothing", DEFINITIONS)


def test_what_is_kept_fixed_has_its_default_in_the_document():
    file, name = ask(new_file(), "Environment variable QUARTER")
    file["sections"][0]["fields"][0]["default"] = "Q3"
    other, _ = ask(file, "Queue")

    fixed = designer.keep_fixed(other, name)

    assert fixed["document"]["containerOverrides"]["environment"] == [{"name": "QUARTER", "value": "Q3"}]
    assert fixed["document"]["jobQueue"] == "${param.queue}"
    assert [field["name"] for field in fixed["sections"][0]["fields"]] == ["queue"]
    del file["sections"][0]["fields"][0]["default"]
    assert designer.keep_fixed(file, name)["document"]["containerOverrides"] == {"environment": []}


def test_a_section_moves_with_its_fields_and_not_beyond_the_others():
    first, last = {"title": "a", "fields": [{"name": "x"}]}, {"title": "b", "fields": []}
    file = {"name": "F", "sections": [first, last]}

    assert designer.move_section(file, 0, 1) == {"name": "F", "sections": [last, first]}
    assert designer.move_section(file, 1, -1) == {"name": "F", "sections": [last, first]}
    assert [designer.move_section(file, number, step) for number, step in ((0, -1), (1, 1), (2, -1))] == [file] * 3
    assert file["sections"] == [first, last]


def test_a_field_moves_within_its_section_and_into_the_next():
    def names(file: dict[str, Any]) -> list[list[str]]:
        return [[field["name"] for field in section["fields"]] for section in file["sections"]]

    file = {"sections": [{"fields": [{"name": "a"}, {"name": "b"}]}, {"fields": [{"name": "c"}]}]}

    assert names(designer.move_field(file, "a", 1)) == [["b", "a"], ["c"]]
    assert names(designer.move_field(file, "b", 1)) == [["a"], ["b", "c"]]
    assert names(designer.move_field(file, "c", -1)) == [["a", "b", "c"], []]
    assert names(designer.move_field(file, "a", -1)) == [["a", "b"], ["c"]]


def test_the_parameters_of_a_template_become_fields():
    parameters = [
        Parameter("dataset", "Dataset", "A folder"),
        Parameter("mode", type=ParameterType.CHOICE, choices=("a", "b"), default="a", required=False),
    ]

    [section] = parse_sections(designer.sections_of_parameters(parameters))

    dataset, mode = section.fields
    assert (dataset.title, dataset.help, dataset.required) == ("Dataset", "A folder", True)
    assert (mode.choices, mode.default, mode.required) == (("a", "b"), "a", False)


def test_a_variable_that_the_definition_does_not_have_can_be_asked_for():
    file, name = designer.ask_for_variable(new_file(), "RUN_NOTE", DEFINITIONS)

    assert name == "run_note"
    assert file["sections"][0]["fields"] == [{"name": "run_note", "label": "Run note", "type": "text"}]
    variables = [{"name": "RUN_NOTE", "value": "${param.run_note}"}]
    assert file["document"] == {**new_file()["document"], "containerOverrides": {"environment": variables}}


def test_a_variable_of_the_definition_is_asked_for_with_its_value():
    assert designer.ask_for_variable(new_file(), "QUARTER", DEFINITIONS) == ask(
        new_file(), "Environment variable QUARTER"
    )


@pytest.mark.parametrize(
    ("variable", "reason"),
    [
        ("bad name", "letters, digits and underscores"),
        ("DB_PASSWORD", "it is a secret"),
        ("QUARTER", "a field stands for it already"),
    ],
)
def test_a_variable_that_no_field_can_stand_for_is_refused(variable: str, reason: str):
    file, _ = designer.ask_for_variable(new_file(), "QUARTER", DEFINITIONS)

    with pytest.raises(designer.DesignError, match=reason):
        designer.ask_for_variable(file, variable, DEFINITIONS)


@pytest.mark.parametrize("overrides", [[], {"environment": {}}])
def test_a_variable_needs_a_list_to_be_in(overrides: Any):
    file = new_file()
    file["document"]["containerOverrides"] = overrides

    with pytest.raises(designer.DesignError, match="Correct the JSON"):
        designer.ask_for_variable(file, "QUARTER", {})


def test_variables_of_a_workflow_are_chosen_from_its_steps():
    with pytest.raises(designer.DesignError, match="of a step"):
        designer.ask_for_variable({"sections": [], "document": {"jobs": []}}, "QUARTER", {})


def test_only_an_empty_section_is_removed():
    sections = [{"title": "a", "fields": [{"name": "x"}]}, {"title": "b", "fields": []}]

    assert designer.remove_empty_section({"sections": sections}, 0) == {"sections": sections}
    assert designer.remove_empty_section({"sections": sections}, 1) == {"sections": sections[:1]}


@pytest.mark.parametrize(
    ("title", "overrides"),
    [
        ("Environment variable QUARTER", []),
        ("Environment variable QUARTER", {"environment": {}}),
        ("Command argument 3", "risk"),
        ("Command argument 3", {"command": []}),
        ("Command argument 3", {"command": {}}),
    ],
)
def test_a_document_that_is_no_job_at_the_place_is_refused(title: str, overrides: Any):
    file = new_file()
    pointer = pointer_of(title, file["document"])
    file["document"]["containerOverrides"] = overrides

    with pytest.raises(designer.DesignError, match="Correct the JSON"):
        designer.ask_for(file, pointer, DEFINITIONS)


@pytest.mark.parametrize(
    ("pointer", "change", "field"),
    [
        (
            "/schedulingPriorityOverride",
            {"schedulingPriorityOverride": "${param.scheduling-priority-override}"},
            {"type": "number"},
        ),
        ("/propagateTags", {"propagateTags": "${param.propagate-tags}"}, {"type": "yes-no"}),
        ("/shareIdentifier", {"shareIdentifier": "${param.share-identifier}"}, {}),
        ("/tags/Cost~1Center", {"tags": {"Cost/Center": "${param.cost-center}"}}, {}),
        ("/parameters/other", {"parameters": {"other": "${param.other}"}}, {}),
        (
            "/containerOverrides/instanceType",
            {"containerOverrides": {"instanceType": "${param.instance-type}"}},
            {},
        ),
        (
            "/containerOverrides/command/0",
            {"containerOverrides": {"command": ["${param.command}", "Ref::mode", "--digits=2", "all"]}},
            {"default": "risk"},
        ),
        (
            "/containerOverrides/resourceRequirements/1/type",
            {
                "containerOverrides": {
                    "resourceRequirements": [{"type": "${param.type}", "value": "2048"}],
                }
            },
            {"type": "choice", "default": "MEMORY"},
        ),
    ],
)
def test_any_value_that_aws_takes_can_be_named_by_its_pointer(
    pointer: str, change: dict[str, Any], field: dict[str, Any]
):
    file, name = designer.ask_for(new_file(), pointer, DEFINITIONS)

    assert file["document"] == {**new_file()["document"], **change}
    entry = file["sections"][0]["fields"][0]
    assert entry["name"] == name
    assert entry | field == entry
    assert ("default" in entry) == ("default" in field)
    problems = check_form(file["document"], designer.kind_of(file["document"]), parse_sections(file["sections"]))
    assert problems == []


def test_the_type_of_a_named_value_is_that_of_aws():
    file, _ = designer.ask_for(new_file(), "/propagateTags", DEFINITIONS)
    sections = parse_sections(file["sections"])
    values = read_values(fields_of(sections), {"propagate-tags": "true"}, LaunchContext())

    assert fill_document(file["document"], values.values, designer.kind_of(file["document"]))["propagateTags"] is True


@pytest.mark.parametrize(
    ("pointer", "message"),
    [
        ("jobName", "A JSON pointer begins with a slash"),
        ("", "A JSON pointer begins with a slash"),
        ("/", "AWS Batch has no field “” at /."),
        ("/jobname", "AWS Batch has no field “jobname” at /."),
        ("/retryStrategy/attempt", "no field “attempt” at /retryStrategy. Did you mean “attempts”"),
        ("/containerOverrides", "is no single value. Name a value in it, such as /containerOverrides/command."),
        ("/containerOverrides/command", "such as /containerOverrides/command/0."),
        ("/containerOverrides/command/9", "/containerOverrides/command has 4 entries, counted from 0, and no “9”."),
        ("/containerOverrides/command/x", "has 4 entries"),
        ("/containerOverrides/environment/1/value", "is a secret"),
        ("/containerOverrides/environment/9/value", "has 2 entries"),
        ("/jobQueue/x", "AWS Batch has no field “x” at /jobQueue."),
        ("/tags/a/b", "AWS Batch has no field “a” at /tags."),
    ],
)
def test_a_pointer_that_names_no_value_is_refused_at_its_part(pointer: str, message: str):
    with pytest.raises(designer.DesignError) as error:
        designer.ask_for(new_file(), pointer, DEFINITIONS)
    assert message in str(error.value)


def test_a_place_is_asked_for_once():
    file, _ = designer.ask_for(new_file(), "/shareIdentifier", DEFINITIONS)

    with pytest.raises(designer.DesignError, match="A field stands for /shareIdentifier already"):
        designer.ask_for(file, "/shareIdentifier", DEFINITIONS)


def test_a_value_of_a_step_is_named_too():
    step = {"jobName": "load", "jobQueue": "cpu", "jobDefinition": "risk"}
    file = {"name": "W", "sections": [], "document": {"jobs": [step]}}
    changed, _ = designer.ask_for(file, "/jobs/0/shareIdentifier", DEFINITIONS)

    assert changed["document"]["jobs"] == [{**step, "shareIdentifier": "${param.share-identifier}"}]
    for pointer, message in (("/jobs/1/jobName", "/jobs has 1 entries"), ("/jobs/0", "/jobs/0 is no single value")):
        with pytest.raises(designer.DesignError, match=message):
            designer.ask_for(file, pointer, DEFINITIONS)
