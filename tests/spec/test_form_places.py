"""Places of a document that a form can ask for."""

from typing import Any

from jobs.spec.documents import DocumentKind
from jobs.spec.launch_forms.check import check_form
from jobs.spec.launch_forms.fields import LaunchFieldType, fields_of
from jobs.spec.launch_forms.filling import fill_document
from jobs.spec.launch_forms.places import (
    PlaceChoice,
    design_form,
    different_values,
    list_places,
    locked_field,
    suggested_field,
)
from jobs.spec.launch_forms.values import LaunchContext, read_values

JOB = {
    "jobName": "risk-Q1",
    "jobQueue": "batch",
    "jobDefinition": "risk:3",
    "parameters": {"input": "a.csv"},
    "containerOverrides": {
        "command": ["risk", "Ref::input", "all"],
        "environment": [
            {"name": "QUARTER", "value": "Q1"},
            {"name": "DB_PASSWORD", "value": "hunter2"},
            {"name": "input", "value": "${param.x}"},
        ],
        "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "2048"}],
    },
    "arrayProperties": {"size": 4},
    "tags": {"Project": "ALPHA"},
}


def named(**fields: str) -> dict[str, str]:
    return {place.title: place.name for place in list_places({**JOB, **fields}, DocumentKind.SUBMISSION)}


def test_the_places_of_a_job_without_secrets_and_parameters():
    assert named() == {
        "Job name": "name",
        "Queue": "queue",
        "Definition": "definition",
        "Array size": "array-size",
        "Parameter input": "input",
        "Command argument 2": "argument-2",
        "Environment variable QUARTER": "quarter",
        "vCPU": "vcpu",
        "Memory in MiB": "memory",
        "Tag Project": "tag-Project",
    }


def test_steps_of_a_workflow_have_places_with_names_of_their_own():
    places = list_places({"jobs": [{"jobName": "a b"}, {"jobName": "a-b"}]}, DocumentKind.WORKFLOW)

    assert [(place.pointer, place.name) for place in places] == [
        ("/jobs/0/jobName", "a-b-name"),
        ("/jobs/1/jobName", "a-b-name-2"),
    ]


def test_what_differed_in_earlier_jobs_is_suggested_as_a_choice():
    places = list_places(JOB, DocumentKind.SUBMISSION)
    earlier: list[dict[str, Any]] = [
        {"containerOverrides": {"environment": [{"name": "MORE", "value": "x"}, {"name": "QUARTER", "value": "Q2"}]}},
        {"jobQueue": "batch", "arrayProperties": {"size": 8}},
    ]

    values = different_values(places, earlier)

    assert values == {"/containerOverrides/environment/0/value": ["Q1", "Q2"], "/arrayProperties/size": ["4", "8"]}
    fields = {place.pointer: suggested_field(place, values.get(place.pointer, ())) for place in places}
    assert fields["/containerOverrides/environment/0/value"].choices == ("Q1", "Q2")
    assert fields["/arrayProperties/size"].type is LaunchFieldType.NUMBER
    assert fields["/jobQueue"].type is LaunchFieldType.TEXT
    assert [field.label for field in fields.values()][-2:] == ["Memory in MiB", "Project"]
    assert fields["/containerOverrides/environment/0/value"].label == "Quarter"


def test_a_designed_form_is_sound_and_makes_the_document_it_is_from():
    job = {**JOB, "containerOverrides": {"environment": [{"name": "QUARTER", "value": "Q1"}]}}
    places = list_places(job, DocumentKind.SUBMISSION)
    fields = [suggested_field(place, ()) for place in places]
    choices = [
        PlaceChoice(place, locked_field(field) if place.name == "queue" else field)
        for place, field in zip(places, fields, strict=True)
    ]

    document, sections = design_form(job, choices)

    assert check_form(document, DocumentKind.SUBMISSION, sections) == []
    assert [field.name for field in fields_of(sections)][-1] == "queue"
    values = read_values(fields_of(sections), {}, LaunchContext())
    assert fill_document(document, values.values, DocumentKind.SUBMISSION) == job
