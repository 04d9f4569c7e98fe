"""The guide, in a browser: each of its documents is pasted, and real jobs run to their end."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.writing import write

pytestmark = [pytest.mark.browser, pytest.mark.process]

MINUTE = 60_000
TAGS = {"Department": "Research", "Project": "GenAI", "CostCenter": "CC-123"}  # as the guide's best practices have it


def paste(page: Page, team: str, text: str) -> None:
    """Paste a document and press the button once the judge has agreed."""
    page.goto(f"/teams/{team}/new/")
    write(page, text)
    button = page.locator("#verdict button[type=submit]")
    expect(button).to_have_text(re.compile(r"^(Submit|Register) "))
    expect(button).to_be_enabled()
    button.click()
    page.wait_for_url(lambda url: "/new/" not in url)


def ended_well(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(".title-line .st")).to_have_text("Succeeded", timeout=MINUTE)


def batch_ids(page: Page, address: str) -> dict[str, str]:
    """The AWS ids of a submission's jobs by their names, read from the pages of the jobs."""
    page.goto(address)
    links = {
        link.inner_text(): link.get_attribute("href") for link in page.locator("table.rows a[href^='/jobs/']").all()
    }
    found = {}
    for name, link in links.items():
        page.goto(link or "")
        shown = page.locator("[data-copy]").evaluate_all("all => all.map(one => one.dataset.copy)")
        found[name] = next(text for text in shown if re.fullmatch(r"[0-9a-f]{8}-[0-9a-f-]{27}", text))
    return found


def test_the_documents_of_the_guide_become_jobs_that_succeed(
    signed_in: Callable[..., Page], seeds: Callable[[str], str], sandbox: Any
):
    analyst, lead = signed_in("analyst"), signed_in("lead")

    for name in ("my-job-definition.json", "s3-data-processor.json"):
        paste(analyst, "research", seeds(name))
        expect(analyst.locator("body")).to_contain_text(json.loads(seeds(name))["jobDefinitionName"])

    tagged = json.loads(seeds("my-job-submission.json")) | {"tags": TAGS}
    sent = {}
    for name, page, team, text in (
        ("workflow", analyst, "research", seeds("workflow-jobs.json")),
        ("mangled", analyst, "research", seeds("workflow-jobs.mangled.json")),
        ("training", analyst, "research", json.dumps(tagged, indent=2)),
        ("finance", lead, "finance", seeds("finance-team-job.json")),
        ("ci", analyst, "research", seeds("ci-job-submission.json")),
    ):
        paste(page, team, text)
        sent[name] = page.url

    for name, address in sent.items():
        ended_well(lead if name == "finance" else analyst, address)

    for name in ("workflow", "mangled"):
        ids = batch_ids(analyst, sent[name])
        jobs = {job["jobId"]: job for job in sandbox.describe_jobs(jobs=list(ids.values()))["jobs"]}
        first, second, third = (
            jobs[ids[step]] for step in ("preprocess-dataset-42", "train-model-42", "evaluate-model-42")
        )
        assert first["stoppedAt"] <= second["startedAt"] <= second["stoppedAt"] <= third["startedAt"]
        assert {"type": "GPU", "value": "2"} in second["container"]["resourceRequirements"]

    [trained] = sandbox.describe_jobs(jobs=list(batch_ids(analyst, sent["training"]).values()))["jobs"]
    assert trained["tags"].items() >= TAGS.items()
    assert trained["tags"]["portal:team"] == "research"

    analyst.goto(sent["training"])
    analyst.get_by_role("link", name="train-model-experiment-42").click()
    expect(analyst.locator("[data-log]")).to_contain_text("epoch 10/10")


def test_what_the_shell_did_to_the_workflow_is_said_before_it_is_sent(
    signed_in: Callable[..., Page], seeds: Callable[[str], str]
):
    page = signed_in("analyst")
    page.goto("/teams/research/new/")
    write(page, seeds("workflow-jobs.mangled.json"))

    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("what a shell left of ${preprocess-dataset-42}")
    expect(verdict).to_contain_text("Quote the 'EOF'")
    expect(verdict.locator("button[type=submit]")).to_be_enabled()


def test_a_mistake_is_told_at_its_place_and_nothing_of_the_text_is_lost(
    signed_in: Callable[..., Page], seeds: Callable[[str], str]
):
    page = signed_in("analyst")
    page.goto("/teams/research/new/")
    text = seeds("workflow-jobs.json").replace("${train-model-42}", "${train-modell-42}").replace("  ", "\t")
    write(page, text)

    error = page.locator("#verdict .finding-error")
    expect(error).to_contain_text("train-modell-42")
    expect(error.locator(".pointer")).to_have_text("/jobs/2/dependsOn/0/jobId")
    expect(page.locator("#verdict button[type=submit]")).to_be_disabled()

    error.locator(".jump").click()
    expect(page.locator(".cm-activeLine")).to_contain_text("train-modell-42")
    assert page.locator("textarea[name=text]").input_value() == text


def test_a_running_job_is_stopped_from_its_page_and_its_log_grows_before(signed_in: Callable[..., Page]):
    page = signed_in("analyst")
    document = {
        "jobName": "count-slowly",
        "jobQueue": "cpu-job-queue",
        "jobDefinition": "model-training",
        "containerOverrides": {
            "command": ["python", "-u", "-c", "import time\nfor n in range(300): print('line', n); time.sleep(.2)"],
            "resourceRequirements": [{"type": "GPU", "value": "1"}],
        },
    }
    paste(page, "research", json.dumps(document | {"jobQueue": "gpu-job-queue"}))
    page.get_by_role("link", name="count-slowly").click()

    log = page.locator("[data-log]")
    expect(log).to_contain_text("line 3", timeout=MINUTE)
    expect(log).to_contain_text("line 20", timeout=MINUTE)

    page.get_by_role("button", name="Stop").first.click()
    page.locator("dialog[open]").get_by_role("button", name=re.compile("Stop")).click()
    expect(page.locator(".title-line .st")).to_have_text("Stopped", timeout=MINUTE)
