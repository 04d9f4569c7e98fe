"""Names in AWS belong to someone: from the team that registers to the image that the sandbox runs."""

import json
from pathlib import Path

import pytest

from jobs import actions
from jobs.actions import definitions
from jobs.dispatch.delivery import deliver_due
from jobs.dispatch.registration import deregister_due, register_due
from jobs.models import Job
from jobs.sandbox import Sandbox
from tests import make
from tests.sandbox.bench import Bench

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox(tmp_path: Path):
    with Sandbox(tmp_path / "state.sqlite3", delay=3600) as running:
        bench = Bench(running.url)
        yield bench
        bench.close()


@pytest.fixture
def account(sandbox):
    return make.account(endpoint_url=sandbox.batch.meta.endpoint_url)


def member_of(slug, account, queue):
    member = make.member(make.team(slug), "lead")
    make.queue(queue, of=account, teams=(member.team,))
    return member


def definition(image):
    document = make.document("train")
    document["containerProperties"]["image"] = image
    return json.dumps(document)


def submit_and_describe(member, account):
    """Submit a job by the bare name; how AWS describes it."""
    queue = member.team.queue_grants.get().queue.name
    text = json.dumps({"jobName": "one", "jobQueue": queue, "jobDefinition": "train"})
    job = actions.submit(text, member, source="json").jobs.get()
    deliver_due(account)
    return Job.objects.get(pk=job.pk).batch_id


@pytest.mark.long
def test_a_bare_name_runs_its_owners_image_pinned_whatever_another_team_tries(sandbox, account):
    ours = member_of("research", account, "cpu-job-queue")
    theirs = member_of("finance", account, "finance-team-queue")
    actions.register(definition("ml-training:1"), ours)
    assert register_due(account) == 1

    with pytest.raises(actions.ValidationFailedError, match="belongs to another team"):
        actions.register(definition("risk-model:1"), theirs)
    assert register_due(account) == 0
    told = sandbox.batch.describe_jobs(jobs=[submit_and_describe(ours, account)])["jobs"][0]

    assert told["jobDefinition"].endswith(":job-definition/train:1")
    assert told["container"]["image"] == "ml-training:1"
    assert len(sandbox.batch.describe_job_definitions(jobDefinitionName="train")["jobDefinitions"]) == 1


@pytest.mark.long
def test_what_is_deactivated_is_inactive_in_aws_and_the_bare_name_falls_back(sandbox, account):
    ours = member_of("research", account, "cpu-job-queue")
    for image in ("ml-training:1", "ml-training:2"):
        revision = actions.register(definition(image), ours).revision
        register_due(account)
    revision.refresh_from_db()
    definitions.deactivate(revision, ours.user)
    assert deregister_due(account) == 1

    states = {
        each["revision"]: each["status"]
        for each in sandbox.batch.describe_job_definitions(jobDefinitionName="train")["jobDefinitions"]
    }
    assert states == {1: "ACTIVE", 2: "INACTIVE"}
    told = sandbox.batch.describe_jobs(jobs=[submit_and_describe(ours, account)])["jobs"][0]
    assert told["container"]["image"] == "ml-training:1"
