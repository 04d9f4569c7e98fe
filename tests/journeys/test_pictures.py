"""The pictures of the documentation, taken of the demo with its history.

`make pictures` takes them and checks that they show what their name says. What the pages do is tested in tests/web.
"""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import OpenPage
from tests.pages.job_form import JobForm
from tests.pages.job_page import JobPage
from tests.pages.json_page import JsonPage

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.only_in("pictures")]

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PNG = b"\x89PNG\r\n\x1a\n"
TRAINING = {
    "jobName": "train-model-42",
    "jobQueue": "gpu-job-queue",
    "jobDefinition": "model-training",
    "containerOverrides": {"environment": [{"name": "EPOCHS", "value": "30"}]},
    "tags": {"Department": "Research", "Project": "GenAI", "CostCenter": "CC-123"},
}

ABOVE_BUDGET = {
    "jobName": "try-a-larger-model",
    "jobQueue": "gpu-job-queue",
    "jobDefinition": "model-training",
    "timeout": {"attemptDurationSeconds": 86_400},
    "tags": {"Department": "Research", "Project": "Prototype", "CostCenter": "CC-123"},
}


@pytest.fixture
def album() -> Path:
    IMAGES.mkdir(parents=True, exist_ok=True)
    return IMAGES


def take(page: Page, picture: Path) -> None:
    page.screenshot(path=picture)
    assert picture.read_bytes().startswith(PNG)
    assert picture.stat().st_size > 30_000


@pytest.mark.parametrize("look", ["light", "dark"])
def test_a_job_that_runs(open_demo_page: OpenPage, album: Path, look: str):
    page = open_demo_page(
        "analyst", color_scheme=look, viewport={"width": 1280, "height": 860}, reduced_motion="reduce"
    )
    JsonPage(page).open().submit(json.dumps(TRAINING, indent=2))
    job = JobPage(page)
    job.expect_log("epoch 4")
    page.reload()  # without the word that it was submitted
    job.expect_log("epoch 4")

    take(page, album / f"job-{look}.png")

    expect(job.state).to_have_text("Running")


def test_a_job_that_is_written(open_demo_page: OpenPage, album: Path):
    page = open_demo_page("analyst", viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
    form = JobForm(page).open("?definition=model-training")
    form.name.fill("train-model-43")
    form.queue.select_option("gpu-job-queue")
    form.gpus.fill("4")
    form.name.focus()
    form.expect_submit_label("Submit train-model-43 to gpu-job-queue")
    expect(form.preview).to_contain_text("Limits and approval")
    page.evaluate("scrollTo(0, 0)")

    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)
        take(page, album / f"builder-{look}.png")


def test_what_a_team_spends(open_demo_page: OpenPage, album: Path):
    page = open_demo_page("lead", viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
    page.goto("/teams/research/costs/?by=tag:Project")
    expect(page.locator("svg.bars-plot")).to_be_visible()
    expect(page.locator(".legend")).to_contain_text("GenAI")
    page.get_by_role("navigation", name="Group by").evaluate(
        "tabs => scrollBy(0, tabs.getBoundingClientRect().top - 16)"
    )

    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)
        take(page, album / f"costs-{look}.png")


def test_what_a_team_may_spend(open_demo_page: OpenPage, album: Path):
    page = open_demo_page("lead", viewport={"width": 1280, "height": 640}, reduced_motion="reduce")
    page.goto("/teams/research/costs/")
    expect(page.get_by_role("row", name="Project = GenAI")).to_be_visible()

    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)
        take(page, album / f"budgets-{look}.png")


def test_a_job_above_a_budget(open_demo_page: OpenPage, album: Path):
    page = open_demo_page("analyst", viewport={"width": 1280, "height": 760}, reduced_motion="reduce")
    json_page = JsonPage(page).open()
    json_page.editor.replace(json.dumps(ABOVE_BUDGET, indent=2))
    expect(json_page.error).to_contain_text("budget for Project = Prototype in")
    expect(json_page.submit_button).to_be_disabled()
    json_page.error.scroll_into_view_if_needed()

    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)
        take(page, album / f"budget-refusal-{look}.png")


def test_jobs_that_are_searched(open_demo_page: OpenPage, album: Path):
    page = open_demo_page("lead", viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
    page.goto("/teams/research/jobs/?search=status:failed+after:-60d&sort=-cost")
    page.get_by_role("button", name="Details of").nth(1).click()
    expect(page.locator(".row-details .explanation")).to_be_visible()

    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)
        take(page, album / f"jobs-{look}.png")


def test_a_log_that_is_searched(open_demo_page: OpenPage, album: Path):
    page = open_demo_page("analyst", viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    JsonPage(page).open().submit(json.dumps(TRAINING, indent=2))
    JobPage(page).expect_log("epoch 4")
    page.get_by_role("link", name="Open full log").click()
    page.get_by_role("searchbox", name="Search the whole log").fill("epoch 3")
    expect(page.locator(".line.is-selected mark")).to_have_text("epoch 3")

    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)
        take(page, album / f"log-{look}.png")


class FormPicture(NamedTuple):
    name: str
    team: str
    form: str
    values: dict[str, str]
    """By the names of fields."""
    button: str
    """What the button begins with."""


LAUNCH_FORMS = (
    FormPicture("form", "finance", "Quarterly risk analysis", {"quarter": "Q2"}, "Submit risk-analysis-2025-Q2"),
    FormPicture("form-training", "research", "Train a model", {"epochs": "10"}, "Submit train-resnet50"),
    FormPicture("form-alignment", "genomics", "Align a sample", {"sample": "cohort-12"}, "Submit align-cohort-12"),
    FormPicture("form-report", "finance", "Nightly risk report", {}, "Submit nightly-report-"),
    FormPicture("form-workflow", "research", "Model from a dataset", {}, "Submit 3 jobs"),
)


@pytest.mark.parametrize("picture", LAUNCH_FORMS, ids=lambda picture: picture.name)
def test_a_launch_form_that_is_filled_in(open_demo_page: OpenPage, album: Path, picture: FormPicture):
    page = open_demo_page("lead", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    open_launch_form(page, picture.team, picture.form)
    for name, text in picture.values.items():
        control = page.locator(f"[name=value-{name}]")
        if control.evaluate("control => control.matches('select')"):
            control.select_option(text)
        else:
            control.fill(text)
    expect(page.locator("#submit-button")).to_contain_text(picture.button)
    page.evaluate("scrollTo(0, 0)")

    take_both(page, album, picture.name)


def test_a_sweep_of_a_launch_form(open_demo_page: OpenPage, album: Path):
    page = open_demo_page("lead", viewport={"width": 1280, "height": 1120}, reduced_motion="reduce")
    open_launch_form(page, "research", "Compare learning rates")
    page.get_by_text("Run with several values").click()
    page.get_by_label("Values of Learning rate").fill("0.1, 0.01, 0.001")
    page.get_by_label("Values of Batch size").fill("32, 64")
    page.get_by_label("One array job").check()
    expect(page.get_by_role("caption")).to_have_text("6 jobs")
    expect(page.locator("#submit-button")).to_contain_text("6 jobs")
    page.locator(".fold:has(.several)").evaluate("part => part.scrollIntoView()")

    take_both(page, album, "form-sweep")


def open_launch_form(page: Page, team: str, form: str) -> None:
    page.goto(f"/teams/{team}/launch-forms/")
    page.get_by_role("link", name=f"Run… {form}").click()
    expect(page.get_by_role("heading", name=form, level=1)).to_be_visible()


def take_both(page: Page, album: Path, name: str) -> None:
    for look in ("light", "dark"):
        page.emulate_media(color_scheme=look)
        take(page, album / f"{name}-{look}.png")
