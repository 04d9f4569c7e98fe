"""From an empty form to a finished job, without touching JSON: by keyboard, by mouse, and again with one change."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.writing import sentence, write, written

pytestmark = [pytest.mark.browser, pytest.mark.process]

MINUTE = 60_000
IMAGE = "123456789012.dkr.ecr.us-west-2.amazonaws.com/ml-training:latest"
PASTED = """# where it comes from
export INPUT_S3_PATH="s3://raw-data/dataset-43"
OUTPUT_S3_PATH=s3://processed-data/dataset-43
"""
PASTE = """(field, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


def submit(page: Page, words: str) -> None:
    button = page.locator("button[value=submit]")
    expect(button).to_have_text(sentence(words))
    button.click()
    page.wait_for_url(lambda url: "/new/" not in url)


def ended_well(page: Page) -> None:
    expect(page.locator(".title-line .st")).to_have_text("Succeeded", timeout=MINUTE)


def variables(sandbox: Any, page: Page) -> dict[str, str]:
    """What AWS was asked to set for the job whose page this is."""
    shown = page.locator("[data-copy]").evaluate_all("all => all.map(one => one.dataset.copy)")
    batch_id = next(text for text in shown if re.fullmatch(r"[0-9a-f]{8}-[0-9a-f-]{27}", text))
    [job] = sandbox.describe_jobs(jobs=[batch_id])["jobs"]
    return {entry["name"]: entry["value"] for entry in job["container"]["environment"]}


def test_a_job_is_filled_in_and_succeeds_and_runs_again_with_one_change(
    signed_in: Callable[..., Page], sandbox: Any
) -> None:
    page = signed_in("analyst")
    page.get_by_role("link", name="New", exact=True).first.click()
    page.get_by_label("Definition").select_option("data-preprocessing")
    expect(page.locator("#facts")).to_contain_text(IMAGE)
    expect(page.locator("#about-memory")).to_contain_text("Definition: 4 GiB")

    page.get_by_label("Queue").select_option("cpu-job-queue")

    # By keyboard: Enter looks and sends nothing, Tab leads on.
    page.locator("#f-name").focus()
    page.keyboard.type("preprocess-dataset-43")
    page.keyboard.press("Enter")
    expect(page.locator("#sentence")).to_have_text(sentence("Submit preprocess-dataset-43 to cpu-job-queue"))
    assert "/jobs/new/" in page.url
    page.get_by_label("Memory").fill("2 GiB")
    page.get_by_label("Time limit").fill("30 min")

    page.get_by_label("Name of a variable").last.evaluate(PASTE, PASTED)
    expect(page.locator("[data-rows=environment] [data-line]")).to_have_count(2)
    page.locator("[data-rows=tags] [data-line]").nth(1).get_by_label("Value of Project").fill("GenAI")
    expect(written(page)).to_have_value(re.compile('"Project": "GenAI"'))
    expect(written(page)).to_have_value(re.compile('"attemptDurationSeconds": 1800'))

    submit(page, "Submit preprocess-dataset-43 to cpu-job-queue")
    ended_well(page)
    page.get_by_role("link", name="preprocess-dataset-43").first.click()
    ended_well(page)
    assert variables(sandbox, page)["INPUT_S3_PATH"] == "s3://raw-data/dataset-43"

    page.get_by_role("link", name="Run again…").click()
    expect(page.locator(".notice").first).to_contain_text("Filled in as preprocess-dataset-43 was")
    row = page.locator("[data-rows=environment] [data-line]").first
    row.locator("textarea").fill("s3://raw-data/dataset-44")
    expect(written(page)).to_have_value(re.compile("dataset-44"))
    submit(page, "Submit preprocess-dataset-43 to cpu-job-queue")
    ended_well(page)
    page.get_by_role("link", name="preprocess-dataset-43").first.click()
    ended_well(page)
    expect(page.locator(".chips")).to_contain_text("Run again")
    assert variables(sandbox, page)["INPUT_S3_PATH"] == "s3://raw-data/dataset-44"
    assert variables(sandbox, page)["OUTPUT_S3_PATH"] == "s3://processed-data/dataset-43"


def test_a_definition_is_filled_in_and_run(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst")
    page.goto("/teams/research/definitions/")
    page.get_by_role("link", name="Register").first.click()
    page.locator("#f-name").fill("say-hello")
    page.get_by_label("Image").fill(IMAGE)
    page.get_by_label("Command").fill("python -c 'print(\"hello from a form\")'")
    page.get_by_label("Memory").fill("1 GiB")
    submit(page, "Register say-hello")

    expect(page.get_by_text("Revision 1", exact=True)).to_be_visible(timeout=MINUTE)
    page.get_by_role("link", name="Run…").click()
    page.locator("#f-name").fill("hello-form")
    page.get_by_label("Queue").select_option("cpu-job-queue")
    submit(page, "Submit hello-form to cpu-job-queue")
    ended_well(page)
    page.get_by_role("link", name="hello-form").first.click()
    expect(page.locator("[data-log]")).to_contain_text("hello from a form", timeout=MINUTE)


def test_what_is_wrong_is_told_at_its_field_and_form_and_json_say_the_same(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst")
    page.goto("/teams/research/jobs/new/?definition=model-training")
    page.locator("#f-name").fill("not a name")
    page.get_by_label("Attempts").fill("99")
    expect(page.locator("#said-retries")).to_contain_text("must be 1 to 10")
    expect(page.locator("#f-name")).to_have_attribute("aria-invalid", "true")
    page.locator("#beside .finding a", has_text="Attempts").click()
    expect(page.locator("#f-retries")).to_be_focused()

    text = written(page).input_value()
    assert '"jobName": "not a name"' in text
    text = text.replace("not a name", "a-name").replace("99", "2").replace("{", '{"parameters": {"a": "b"},', 1)
    write(page, text)
    expect(page.locator("#f-name")).to_have_value("a-name")
    expect(page.locator("#f-retries")).to_have_value("2")
    expect(page.locator("#beyond")).to_contain_text("1 field only in JSON")
    assert written(page).input_value() == text


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_the_forms_are_accessible_and_fit(look: str, signed_in: Callable[..., Page]) -> None:
    size = {"width": 375, "height": 700} if look == "phone" else {"width": 1280, "height": 900}
    page = signed_in("analyst", viewport=size, color_scheme="dark" if look == "dark" else "light")
    for path in ("jobs/new/?definition=model-training", "definitions/new/", "new/"):
        page.goto(f"/teams/research/{path}")
        if "definition" in path:
            page.locator("#f-name").fill("not a name")
            expect(page.locator("#said-name")).to_contain_text("must be")
        found = Axe().run(page).response["violations"]

        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == [], path


def test_a_form_works_without_scripts(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst", java_script_enabled=False)
    page.goto("/teams/research/jobs/new/")
    page.get_by_label("Definition").select_option("data-preprocessing")
    page.locator("#f-name").fill("without scripts")
    page.get_by_label("Name of a variable").last.fill("INPUT_S3_PATH")
    page.locator("[data-rows=environment] textarea").last.fill("s3://raw-data/dataset-45")
    page.get_by_role("button", name="Another row").first.click()

    expect(page.locator("[data-rows=environment] [data-line]")).to_have_count(2)
    assert "must be letters" in page.locator("#said-name").inner_text()
    assert IMAGE in page.locator("#facts").inner_text()
    page.locator("#f-name").fill("without-scripts")
    page.locator("button[value=submit]").click()
    page.wait_for_url("**/submissions/**")
