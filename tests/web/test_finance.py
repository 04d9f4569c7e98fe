"""The guide's example: two teams, one account, and what neither may take from the other."""

import html
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.access import Member
from jobs.dispatch.delivery import deliver_due
from jobs.models import Account, Job, RoleGrant
from jobs.states import Delivery
from tests import http_wire, make
from tests.api.conftest import Program, token

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
OURS = "arn:aws:iam::123456789012:role/BatchJobRole"
FOREIGN = "arn:aws:iam::123456789012:role/FinanceRole"
JOB: dict[str, Any] = {"jobName": "train", "jobQueue": "cpu-job-queue", "jobDefinition": "training"}


def definition(role: str) -> dict[str, Any]:
    document = make.document("training")
    document["containerProperties"]["jobRoleArn"] = role
    return document


@pytest.fixture
def analyst() -> Member:
    """An analyst of Research, whose jobs may take on one role; Finance has a queue and a job of its own."""
    account = make.account()
    research, finance = make.team("research", name="Research", roles=(OURS,)), make.team("finance", name="Finance")
    make.queue("cpu-job-queue", of=account, teams=(research,))
    theirs = make.queue("finance-team-queue", of=account, teams=(finance,))
    make.revision("training", of=research, where=account, document=definition(OURS))
    make.revision("risk-analysis", of=finance, where=account)
    make.job(make.submission(make.member(finance), account, name="risky"), queue=theirs, name="quarterly-risk")
    return make.member(research)


@pytest.fixture
def page(client: Client, analyst: Member) -> Client:
    client.force_login(analyst.user)
    return client


def test_research_sees_neither_the_queue_of_finance_nor_its_jobs(page: Client, analyst: Member) -> None:
    program = Program(Client(), token(analyst))
    job = Job.objects.get(name="quarterly-risk")
    told = [
        page.get(reverse("queues", args=["research"])),
        page.get(reverse("jobs_csv", args=["research"])),
    ]

    assert [answer.status_code for answer in told] == [200] * 2
    words = "".join(answer.getvalue().decode() for answer in told)
    assert "cpu-job-queue" in words
    assert "finance-team-queue" not in words
    assert "quarterly-risk" not in words
    assert page.get(job.get_absolute_url()).status_code == 404
    assert program.get(f"/jobs/{job.text_id}").status_code == 404


@pytest.mark.parametrize("queue", ["finance-team-queue", "no-such-queue"])
def test_a_queue_of_finance_is_to_research_like_one_that_does_not_exist(analyst: Member, queue: str) -> None:
    answer = Program(Client(), token(analyst)).post("/submissions", {**JOB, "jobQueue": queue})

    assert answer.status_code == 422
    [problem] = answer.json()["problems"]
    assert (problem["pointer"], problem["rule"]) == ("/jobQueue", "portal.unknown-queue")
    assert problem["message"] == f"Research has no queue “{queue}”. It has cpu-job-queue."


def test_a_role_outside_the_grant_is_refused_on_the_page(page: Client) -> None:
    text = json.dumps(definition(FOREIGN))
    answer = page.post(reverse("judge", args=["research"]), {"text": text}, headers={"HX-Request": "true"})

    assert f"The role “{FOREIGN}” (containerProperties.jobRoleArn) is not granted to Research." in html.unescape(
        answer.content.decode()
    )


def test_a_role_outside_the_grant_is_refused_in_the_api_with_the_rule(analyst: Member) -> None:
    answer = Program(Client(), token(analyst)).post("/definitions", definition(FOREIGN))

    assert answer.status_code == 422
    [problem] = answer.json()["problems"]
    assert (problem["rule"], problem["pointer"]) == ("policy.role-not-granted", "/containerProperties/jobRoleArn")


@pytest.mark.long
def test_a_role_that_was_withdrawn_after_the_job_was_accepted_is_refused_at_delivery(analyst: Member) -> None:
    program = Program(Client(), token(analyst))
    assert program.post("/submissions", JOB).status_code == 202
    with http_wire.wire(http_wire.accepts) as aws:
        Account.objects.update(endpoint_url=aws.url)
        RoleGrant.objects.filter(team=analyst.team).delete()
        deliver_due(Account.objects.get())

    job = Job.objects.get(team=analyst.team)
    assert [path for path, request in aws.requests if request["jobName"] == job.marker] == []
    assert job.delivery == Delivery.REFUSED
    assert "(policy.role-not-granted)" in job.delivery_note
    assert program.post("/submissions", JOB).json()["problems"][0]["rule"] == "policy.role-not-granted"
