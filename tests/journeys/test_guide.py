"""The guide, in a browser: each of its documents is pasted, and real jobs run to their end."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import OpenPage
from tests.pages.job_page import MINUTE_MS, JobPage
from tests.pages.json_page import JsonPage
from tests.pages.workflow_form import WorkflowForm

pytestmark = [pytest.mark.browser, pytest.mark.process]

TAGS = {"Department": "Research", "Project": "GenAI", "CostCenter": "CC-123"}  # as the guide's best practices have it


def succeed(page: Page, address: str) -> None:
    page.goto(address)
    JobPage(page).expect_state("Succeeded")


def see_workflow_run(page: Page, text: str) -> str:
    """See the picture of a pasted chain of three steps before, while and after it runs. Return its address."""
    form = WorkflowForm(page).open()
    form.paste(text)
    expect(form.preview.locator(".feedback-head .st")).to_have_text("Ready")
    expect(page.locator(".wf-node.wf-unsent")).to_have_count(3)  # dotted
    form.submit("Submit 3 jobs to cpu-job-queue and gpu-job-queue")

    picture = page.get_by_role("group", name="Steps of workflow-42")
    expect(picture).to_contain_text(re.compile("Running.*(Pending|Accepted|Submitted)"), timeout=MINUTE_MS)
    JobPage(page).expect_state("Succeeded")
    expect(picture.locator(".wf-node.wf-good:not(.wf-unsent)")).to_have_count(3)
    cost = re.compile(r"Succeeded · (\d+ min )?\d+ s · <?\$\d")
    expect(picture.locator(".wf-facts")).to_have_text([cost] * 3, timeout=MINUTE_MS)
    return page.url


def batch_ids(page: Page, address: str) -> dict[str, str]:
    """The AWS ids of a submission's jobs by their names, read from the pages of the jobs."""
    page.goto(address)
    ids = {}
    for name, link in JobPage(page).job_links().items():
        page.goto(link)
        ids[name] = JobPage(page).batch_id()
    return ids


def test_the_documents_of_the_guide_become_jobs_that_succeed(
    open_page: OpenPage, seed_text: Callable[[str], str], sandbox: Any
):
    analyst, lead = open_page("analyst"), open_page("lead")

    for name in ("my-job-definition.json", "s3-data-processor.json"):
        JsonPage(analyst).open().submit(seed_text(name))
        expect(analyst.locator("body")).to_contain_text(json.loads(seed_text(name))["jobDefinitionName"])

    tagged = json.loads(seed_text("my-job-submission.json")) | {"tags": TAGS}
    sent: dict[str, str] = {}
    sent["workflow"] = see_workflow_run(analyst, seed_text("workflow-jobs.json"))
    for name, page, team, text in (
        ("mangled", analyst, "research", seed_text("workflow-jobs.mangled.json")),
        ("training", analyst, "research", json.dumps(tagged, indent=2)),
        ("finance", lead, "finance", seed_text("finance-team-job.json")),
        ("ci", analyst, "research", seed_text("ci-job-submission.json")),
    ):
        JsonPage(page).open(team).submit(text)
        sent[name] = page.url

    for name, address in sent.items():
        succeed(lead if name == "finance" else analyst, address)

    for name in ("workflow", "mangled"):
        ids = batch_ids(analyst, sent[name])
        jobs = {job["jobId"]: job for job in sandbox.describe_jobs(jobs=list(ids.values()))["jobs"]}
        first, second, third = (
            jobs[ids[step]] for step in ("preprocess-dataset-42", "train-model-42", "evaluate-model-42")
        )
        assert first["stoppedAt"] <= second["startedAt"] <= second["stoppedAt"] <= third["startedAt"]
        assert {"type": "GPU", "value": "2"} in second["container"]["resourceRequirements"]

    analyst.goto(sent["training"])
    trained_page = JobPage(analyst)
    [trained] = sandbox.describe_jobs(jobs=[trained_page.batch_id()])["jobs"]
    assert trained["tags"].items() >= TAGS.items()
    assert trained["tags"]["portal:team"] == "research"
    trained_page.expect_log("epoch 10/10")


def test_a_running_job_is_stopped_from_its_page_and_its_log_grows_before(open_page: OpenPage):
    page = open_page("analyst")
    document = {
        "jobName": "count-slowly",
        "jobQueue": "cpu-job-queue",
        "jobDefinition": "model-training",
        "containerOverrides": {
            "command": ["python", "-u", "-c", "import time\nfor n in range(300): print('line', n); time.sleep(.2)"],
            "resourceRequirements": [{"type": "GPU", "value": "1"}],
        },
    }
    JsonPage(page).open().submit(json.dumps(document | {"jobQueue": "gpu-job-queue"}))
    job = JobPage(page)
    job.expect_log("line 3")
    job.expect_log("line 20")

    job.stop()
    job.expect_state("Stopped")
