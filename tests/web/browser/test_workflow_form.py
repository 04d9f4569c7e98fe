"""The form of a workflow: the guide's workflow from an empty page, by keyboard alone and by mouse."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from jobs.access import Member
from tests.browser import assert_accessible
from tests.pages.workflow_form import WorkflowForm
from tests.web.browser.conftest import OpenPage

SEEDS = Path(__file__).resolve().parents[2] / "seeds"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]


@pytest.fixture
def guide() -> dict[str, Any]:
    """The guide's workflow. SEQUENTIAL beside a job id means nothing to AWS Batch."""
    workflow: dict[str, Any] = json.loads((SEEDS / "workflow-jobs.json").read_text())
    for job in workflow["jobs"]:
        for dependency in job.get("dependsOn", ()):
            del dependency["type"]
    return workflow


@pytest.fixture
def page(open_page: OpenPage, analyst: Member) -> Page:
    return open_page(analyst.user, viewport={"width": 1440, "height": 900})


def test_the_workflow_of_the_guide_is_built_by_keyboard_alone(page: Page, guide: dict[str, Any]) -> None:
    form = WorkflowForm(page).open()
    keyboard = page.keyboard
    for job in guide["jobs"]:
        form.add_by_keyboard(job["jobDefinition"])
        expect(form.title).to_be_focused()
        if "dependsOn" in job:
            form.tab_to("#wait-parent")
            keyboard.type(job["dependsOn"][0]["jobId"].strip("${}"))
            form.tab_to("[data-add-wait]")
            keyboard.press("Enter")
        form.type_into("name", job["jobName"])
        for number, variable in enumerate(job["containerOverrides"]["environment"]):
            line = f"[data-rows=environment] [data-line]:nth-child({number + 1})"
            if number:
                form.tab_to("[data-rows=environment] [data-add]")
                keyboard.press("Enter")
            form.tab_to(f"{line} input")
            keyboard.type(variable["name"])
            form.tab_to(f"{line} textarea")
            keyboard.type(variable["value"])
        form.choose("queue", job["jobQueue"])
        for resource in job["containerOverrides"].get("resourceRequirements", ()):
            form.type_into("gpus", resource["value"])

    assert form.editor.document == guide
    expect(form.preview).to_contain_text(
        "Longest path: preprocess-dataset-42 → train-model-42 → evaluate-model-42 (3 jobs)."
    )
    form.submit("Submit 3 jobs to cpu-job-queue and gpu-job-queue")
    expect(page.get_by_role("heading", name="workflow-42")).to_be_visible()


def add_steps_by_mouse(form: WorkflowForm, guide: dict[str, Any]) -> None:
    for job in guide["jobs"]:
        form.add_by_mouse(job["jobDefinition"])
        form.name.fill(job["jobName"])
        form.queue.select_option(job["jobQueue"])
        for number, variable in enumerate(job["containerOverrides"]["environment"]):
            if number:
                form.page.locator("[data-rows=environment] [data-add]").click()
            line = form.page.locator("[data-rows=environment] [data-line]").nth(number)
            line.locator("input").fill(variable["name"])
            line.locator("textarea").fill(variable["value"])
        for resource in job["containerOverrides"].get("resourceRequirements", ()):
            form.gpus.fill(resource["value"])


def remove_and_restore_edges(form: WorkflowForm) -> None:
    """Remove two edges in the picture, by mouse and by keyboard from its step, and take that back."""
    form.page.locator("[data-open-step='-1']").click()
    form.cut_edge("preprocess-dataset-42", "train-model-42")
    expect(form.figures).to_contain_text("longest path 2")
    form.nodes.filter(has_text="evaluate-model-42").focus()
    form.page.keyboard.press("Tab")
    expect(form.cuts.first).to_have_accessible_name("Remove dependency of evaluate-model-42 on train-model-42")
    form.page.keyboard.press("Delete")
    expect(form.figures).to_contain_text("longest path 1")
    expect(form.nodes.filter(has_text="evaluate-model-42")).to_be_focused()
    for _ in range(2):
        form.page.locator("[data-step-undo]").click()
    expect(form.figures).to_contain_text("longest path 3")


def test_the_workflow_of_the_guide_is_built_by_mouse_and_seen_at_each_size(page: Page, guide: dict[str, Any]) -> None:
    form = WorkflowForm(page).open()
    add_steps_by_mouse(form, guide)
    page.locator("[data-step-picture]").scroll_into_view_if_needed()
    form.draw_edge("preprocess-dataset-42", "train-model-42")
    expect(form.step("train-model-42")).to_contain_text("after preprocess-dataset-42")
    expect(form.figures).to_contain_text("longest path 2")
    form.draw_edge("train-model-42", "evaluate-model-42")
    expect(form.figures).to_contain_text("longest path 3")
    assert form.editor.document == guide

    remove_and_restore_edges(form)
    assert form.editor.document == guide

    # What would be circular isn't offered, and a drawn edge is answered.
    form.draw_edge("evaluate-model-42", "preprocess-dataset-42")
    expect(page.locator("[data-step-message]")).to_contain_text("would be circular")
    form.step("preprocess-dataset-42").locator(".step-open").click()
    expect(page.locator("[data-wait-offer]")).to_be_hidden()

    # What waits for a step follows its name and its removal, and undo takes each back.
    form.name.fill("load")
    expect(form.step("train-model-42")).to_contain_text("after load")
    page.get_by_role("button", name="Remove load").click()
    expect(form.steps).to_have_count(2)
    expect(form.figures).to_contain_text("longest path 2")
    page.locator("[data-step-undo]").click()
    expect(form.step("train-model-42")).to_contain_text("after load")
    page.locator("[data-step-undo]").click()
    expect(form.editor.field).to_have_value(re.compile("preprocess-dataset-42"))
    assert form.editor.document == guide

    # A problem is shown at its step, and leads to it.
    form.step("evaluate-model-42").locator(".step-open").click()
    page.locator("#wait-parent").select_option(label="preprocess-dataset-42")
    page.locator("[data-add-wait]").click()
    page.get_by_label("When to start after preprocess-dataset-42").select_option("failure")
    assert form.editor.document["conditions"] == [
        {"job": "evaluate-model-42", "after": "preprocess-dataset-42", "when": "failure"}
    ]
    form.time_limit.fill("10 s")
    expect(form.step("evaluate-model-42")).to_contain_text("Error")
    page.locator("[data-open-step='-1']").click()
    page.get_by_label("Tag key for all steps").fill("Project")
    page.get_by_label("Tag value for all steps").fill("GenAI")
    page.keyboard.press("Enter")
    expect(page.locator("[data-shared-values=tag] code")).to_have_text("Project=GenAI")
    assert [job["tags"] for job in form.editor.document["jobs"]] == [{"Project": "GenAI"}] * 3
    page.get_by_role("button", name="Remove Project from all steps").click()
    assert "tags" not in form.editor.text
    page.locator("[data-goto-step='2']").first.click()
    expect(form.title).to_have_text("evaluate-model-42")
    assert_accessible(page)  # in both themes, and on a phone
    page.set_viewport_size({"width": 1024, "height": 768})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.long
def test_a_thousand_steps_are_edited(page: Page) -> None:
    jobs = [{"jobName": f"step-{number}", "jobQueue": "cpu-job-queue"} for number in range(1000)]
    for number, job in enumerate(jobs[1:]):
        parents = {max(0, number - 37 * step % 100) for step in range(5)}
        job["dependsOn"] = [{"jobId": f"${{step-{parent}}}"} for parent in sorted(parents)]  # type: ignore[assignment]
    form = WorkflowForm(page).open()

    form.editor.set(json.dumps({"jobs": jobs}, indent=2))
    expect(form.figures).to_contain_text("1,000 steps")
    expect(form.nodes.first).to_be_visible()
    assert form.steps.count() < 40
    assert page.evaluate("document.querySelectorAll('*').length") < 5000
    form.search.fill("step-77")
    expect(form.steps).to_have_count(11)
    form.step("step-777").locator(".step-open").click()
    expect(form.title).to_have_text("step-777")
    form.search.fill("")
    expect(form.step("step-777")).to_be_in_viewport()
    form.name.fill("renamed")
    expect(form.step("renamed")).to_be_visible()
    page.get_by_role("button", name="Remove renamed").click()
    expect(form.figures).to_contain_text("999 steps")
    page.locator("[data-step-undo]").click()
    expect(form.figures).to_contain_text("1,000 steps")
    sent = page.evaluate("new FormData(document.querySelector('[data-form]')).get('document')")
    assert len(json.loads(sent)["jobs"]) == 1000
