"""An error in any step of a workflow stops all of it, through every door, also in what the portal adds to a step."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs import actions
from jobs.actions import ValidationFailedError
from jobs.models import Job, Submission, TagRule, TagSource
from tests import make
from tests.api.conftest import token

pytestmark = pytest.mark.django_db
GOOD: dict[str, Any] = {"jobName": "first", "jobQueue": "cpu", "jobDefinition": "hello"}
ILLEGAL_STEPS: dict[str, dict[str, Any]] = {
    "an illegal tag": {"tags": {"sample": "2.8.1+mc(0.10.0)"}},
    "a priority on a FIFO queue": {"schedulingPriorityOverride": 7},
    "a parameter without value": {"containerOverrides": {"command": ["Ref::input"]}},
    "too many characters": {"parameters": {"x": "y" * 31_000}},
    "half a vCPU": {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "0.5"}]}},
}


@pytest.fixture
def member():
    member = make.member(make.team("research", name="Research"))
    queue = make.queue("cpu", teams=(member.team,), raw={"state": "ENABLED"})
    make.revision("hello", of=member.team, where=queue.account)
    return member


def workflow(**fields: Any) -> str:
    second = {**GOOD, "jobName": "second", "dependsOn": [{"jobId": "${first}"}], **fields}
    return json.dumps({"jobs": [GOOD, second]})


@pytest.mark.parametrize("name", ILLEGAL_STEPS)
def test_the_second_step_stops_the_first_through_the_api(name: str, member, client: Client) -> None:
    secret = token(member)
    answer = client.post(
        "/api/v1/submissions",
        workflow(**ILLEGAL_STEPS[name]),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )

    assert answer.status_code == 422
    errors = [problem for problem in answer.json()["problems"] if problem["severity"] == "error"]
    assert errors
    assert all(problem["pointer"].startswith("/jobs/1") and problem["rule"] for problem in errors)
    assert (Submission.objects.count(), Job.objects.count()) == (0, 0)


@pytest.mark.parametrize("name", ILLEGAL_STEPS)
def test_the_second_step_stops_the_first_on_the_page(name: str, member, client: Client) -> None:
    client.force_login(member.user)
    answer = client.post(reverse("write", args=["research"]), {"text": workflow(**ILLEGAL_STEPS[name])})

    assert answer.status_code == 422
    assert (Submission.objects.count(), Job.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "field", [{"key": "Cost(Center)", "default": "CC-1"}, {"key": "CostCenter", "default": "R&D <1>"}]
)
def test_a_default_tag_that_aws_refuses_stops_the_workflow(field: dict[str, str], member) -> None:
    TagRule.objects.create(team=member.team, filled_by=TagSource.TEAM, **field)
    own = {"tags": {field["key"]: "fine"}} if field["key"].isalpha() else {}
    first = {**GOOD, **own}

    with pytest.raises(ValidationFailedError) as raised:
        actions.submit(json.dumps({"jobs": [first, {**GOOD, "jobName": "second"}]}), member, source="json")

    assert any(problem.pointer.startswith("/jobs/1/tags") for problem in raised.value.verdict.errors)
    assert not Submission.objects.exists()


def test_the_ids_of_other_jobs_count_for_the_size_of_a_request(member) -> None:
    parents = [{**GOOD, "jobName": f"p{number}"} for number in range(20)]
    last = {
        **GOOD,
        "jobName": "last",
        "dependsOn": [{"jobId": f"${{p{number}}}"} for number in range(20)],
        "parameters": {"x": ""},
    }
    last["parameters"]["x"] = "y" * (29 * 1024 - len(json.dumps(last)))  # fits with the names, not with the ids

    with pytest.raises(ValidationFailedError) as raised:
        actions.submit(json.dumps({"jobs": [*parents, last]}), member, source="json")

    assert [problem.rule for problem in raised.value.verdict.errors] == ["submission.too-large"]
