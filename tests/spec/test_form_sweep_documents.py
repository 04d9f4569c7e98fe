"""What a form with several values submits, as plain documents."""

from typing import Any

import pytest

from jobs.spec.documents import DocumentKind
from jobs.spec.launch_forms import sweep_documents
from jobs.spec.launch_forms.fields import LaunchField
from jobs.spec.rules.workflow import check_workflow

FIELDS = (LaunchField("rate", "Rate"), LaunchField("token"), LaunchField("size", "Size"))
JOB: dict[str, Any] = {
    "jobName": "train-${param.rate}",
    "jobQueue": "cpu",
    "jobDefinition": "train",
    "containerOverrides": {
        "environment": [
            {"name": "RATE", "value": "${param.rate}"},
            {"name": "LOGIN", "value": "${param.rate}:${param.token}"},
            {"name": "MODE", "value": "fast"},
        ],
        "resourceRequirements": [{"type": "MEMORY", "value": "${param.size}"}],
    },
}


def test_steps_of_runs_wait_for_steps_of_their_own_run() -> None:
    job = {"jobQueue": "cpu", "jobDefinition": "d"}
    workflow: dict[str, Any] = {
        "jobs": [
            {**job, "jobName": "load-data"},
            {**job, "jobName": "train", "dependsOn": [{"jobId": "${ load-data }"}]},
            {**job, "jobName": "count", "dependsOn": [{"jobId": "data"}]},
        ]
    }
    runs = [sweep_documents.with_suffix(workflow, sweep_documents.suffix_of(index, 11)) for index in (0, 10)]
    joined = sweep_documents.join_runs(runs, "")

    names = [f"{name}-{suffix}" for suffix in ("00", "10") for name in ("load-data", "train", "count")]
    assert [step["jobName"] for step in joined["jobs"]] == names
    assert [step["dependsOn"] for step in joined["jobs"][4:]] == [[{"jobId": "${load-data-10}"}]] * 2
    assert "name" not in joined
    assert not [problem for problem in check_workflow(joined) if problem.rule.startswith("workflow.")]
    assert workflow["jobs"][0]["jobName"] == "load-data"


def test_long_names_of_steps_are_cut_where_they_are_referred_to() -> None:
    workflow = {"jobs": [{"jobName": "a" * 128}, {"jobName": "b", "dependsOn": [{"jobId": f"${{{'a' * 128}}}"}]}]}
    steps = sweep_documents.with_suffix(workflow, "-3")["jobs"]

    assert steps[0]["jobName"] == "a" * 126 + "-3"
    assert steps[1]["dependsOn"] == [{"jobId": f"${{{'a' * 126}-3}}"}]


@pytest.mark.parametrize(
    ("name", "common"),
    [
        ("risk-${param.year}-${param.quarter}", "risk-2026"),
        ("risk-${param.quarter}-${param.year}", "risk-2026"),
        ("${param.quarter}", ""),
        ("${param.quarter}-${param.other}", "${param.other}"),
    ],
)
def test_the_name_of_all_jobs_leaves_out_what_differs(name: str, common: str) -> None:
    texts = {"year": "2026", "quarter": "Q1"}

    for kind, key in ((DocumentKind.SUBMISSION, "jobName"), (DocumentKind.WORKFLOW, "name")):
        assert sweep_documents.common_name({key: name}, kind, texts, {"quarter"}) == common


@pytest.mark.parametrize(
    ("varying", "pointers"),
    [
        ({"rate"}, ["/values/token"]),
        ({"size"}, ["/values/size"]),
        ({"token"}, ["/values/token"]),
        (set(), []),
    ],
)
def test_child_jobs_differ_in_plain_variables_only(varying: set[str], pointers: list[str]) -> None:
    problems = sweep_documents.check_array(JOB, FIELDS, varying, {"token"})

    assert [problem.pointer for problem in problems] == pointers


def test_a_field_that_only_names_the_job_can_not_differ() -> None:
    problems = list(sweep_documents.check_array({"jobName": "x-${param.rate}"}, FIELDS, {"rate"}, ()))

    assert [problem.pointer for problem in problems] == ["/values/rate"]
    assert "Rate sets /jobName" in problems[0].message


def test_problems_of_an_array_find_their_fields() -> None:
    source = sweep_documents.array_source(JOB, ["RATE"])

    assert source["containerOverrides"]["environment"] == [
        *JOB["containerOverrides"]["environment"][1:],
        {"name": "SWEEP_VALUES", "value": "${param.rate}"},
    ]
