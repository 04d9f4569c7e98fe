"""What another revision of a definition takes away from a form, as plain values."""

from typing import Any

import pytest

from jobs.spec.launch_forms.revisions import (
    lost_places,
    named_definitions,
    new_problems,
    with_definitions,
    with_number,
)
from jobs.spec.problems import Problem, Severity

DEFINITION: dict[str, Any] = {
    "jobDefinitionName": "risk",
    "type": "container",
    "tags": {"environment": "test"},
    "containerProperties": {
        "command": ["risk", "Ref::mode"],
        "environment": [{"name": "QUARTER", "value": "Q1"}],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "GPU", "value": "1"}],
    },
}
JOB: dict[str, Any] = {
    "jobName": "risk",
    "jobDefinition": "risk:3",
    "parameters": {"mode": "${param.mode}"},
    "tags": {"environment": "test"},
    "containerOverrides": {
        "environment": [{"name": "OWN", "value": "1"}, {"name": "QUARTER", "value": "${param.quarter}"}],
        "resourceRequirements": [{"type": "GPU", "value": "2"}],
    },
}


def changed(**container: Any) -> dict[str, Any]:
    return {**DEFINITION, "containerProperties": {**DEFINITION["containerProperties"], **container}}


def lost(job: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [problem.pointer for problem in lost_places(job, {"risk:3": DEFINITION}, {"risk:3": after})]


@pytest.mark.parametrize(
    ("after", "pointers"),
    [
        (DEFINITION, []),
        (changed(image="other"), []),
        ({**DEFINITION, "tags": {}}, []),
        (changed(environment=[]), ["/containerOverrides/environment/1/value"]),
        (
            changed(resourceRequirements=[{"type": "VCPU", "value": "1"}]),
            ["/containerOverrides/resourceRequirements/0/value"],
        ),
        (changed(command=["risk"]), ["/parameters/mode"]),
    ],
)
def test_what_the_form_sets_and_the_definition_no_longer_has_is_lost(after: dict[str, Any], pointers: list[str]):
    assert lost(JOB, after) == pointers


def test_a_form_with_its_own_command_is_told_that_the_command_has_changed():
    job = {**JOB, "containerOverrides": {"command": ["risk", "Ref::mode"]}}

    assert lost(job, changed(command=["risk", "--fast"])) == ["/containerOverrides/command"]
    assert lost(job, changed(image="other")) == []


def test_a_step_of_a_workflow_has_its_own_definition():
    steps = {"jobs": [{"jobName": "a", "jobDefinition": "other"}, JOB]}

    assert lost(steps, changed(environment=[])) == ["/jobs/1/containerOverrides/environment/1/value"]


def test_names_are_replaced_wherever_a_job_has_them():
    steps = {"name": "w", "jobs": [{"jobDefinition": "other"}, JOB, {"jobDefinition": "${param.definition}"}, 1]}

    assert named_definitions(steps) == ["other", "risk:3"]
    result = with_definitions(steps, {"risk:3": "risk:4"})
    assert result == {**steps, "jobs": [steps["jobs"][0], {**JOB, "jobDefinition": "risk:4"}, *steps["jobs"][2:]]}
    assert with_definitions(JOB, {"risk:3": "risk:4"})["jobDefinition"] == "risk:4"


@pytest.mark.parametrize(
    ("name", "pinned"),
    [
        ("risk", "risk:4"),
        ("risk:3", "risk:4"),
        (
            "arn:aws:batch:eu-west-1:123456789012:job-definition/risk",
            "arn:aws:batch:eu-west-1:123456789012:job-definition/risk:4",
        ),
        (
            "arn:aws:batch:eu-west-1:123456789012:job-definition/risk:3",
            "arn:aws:batch:eu-west-1:123456789012:job-definition/risk:4",
        ),
    ],
)
def test_a_name_or_an_arn_gets_a_revision(name: str, pinned: str):
    assert with_number(name, 4) == pinned


def test_earlier_warnings_and_places_with_a_problem_are_left_out():
    warning, error = Problem("/a", "A.", Severity.WARNING, "r"), Problem("/b", "B.", rule="r")
    new, other = Problem("/c", "C.", Severity.WARNING, "r"), Problem("/d", "D.", Severity.WARNING, "r")

    assert new_problems([warning, error], [warning, error, new], [new, other]) == (error, new, other)
