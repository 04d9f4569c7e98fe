"""A job and a definition from an empty form, without touching JSON, and again with one change."""

import re
from typing import Any

import pytest
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from jobs.access import Member
from jobs.models import Account, Job
from jobs.states import Delivery, State
from tests import make
from tests.browser import NARROW, WIDE, assert_accessible
from tests.pages.definition_form import DefinitionForm
from tests.pages.job_form import JobForm
from tests.pages.job_page import JOB_ADDRESS, JobPage
from tests.pages.json_page import JsonPage
from tests.web.browser.conftest import OpenPage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

IMAGE = "123456789012.dkr.ecr.us-west-2.amazonaws.com/ml-training:latest"
PASTED = """# where it comes from
export INPUT_S3_PATH="s3://raw-data/dataset-43"
OUTPUT_S3_PATH=s3://processed-data/dataset-43
"""


@pytest.fixture
def page(open_page: OpenPage, analyst: Member) -> Page:
    """A page of the analyst."""
    return open_page(analyst.user)


def succeed(name: str, batch_id: str) -> Job:
    """Let AWS have the job that is not sent yet, and let it end well."""
    job = Job.objects.get(name=name, delivery=Delivery.ACCEPTED)
    ended = {"state": State.SUCCEEDED, "started_at": now(), "ended_at": now(), "sent_at": now()}
    Job.objects.filter(pk=job.pk).update(delivery=Delivery.SENT, batch_id=batch_id, **ended)
    return job


def variables(job: Job) -> dict[str, Any]:
    return {each["name"]: each["value"] for each in job.document["containerOverrides"]["environment"]}


def test_a_job_is_filled_in_and_succeeds_and_runs_again_with_one_change(page: Page) -> None:
    form, job_page = JobForm(page), JobPage(page)
    page.goto("/")
    page.get_by_role("link", name="New", exact=True).click()
    page.get_by_role("link", name="Empty job form").click()
    page.get_by_label("Definition").select_option("data-preprocessing")
    expect(form.definition_summary).to_contain_text(IMAGE)
    expect(form.hint("memory")).to_contain_text("Definition: 4 GiB")

    page.get_by_role("combobox", name="Queue").select_option("cpu-job-queue")

    # By keyboard: Enter looks and sends nothing, Tab leads on.
    form.name.focus()
    page.keyboard.type("preprocess-dataset-43")
    page.keyboard.press("Enter")
    form.expect_submit_label("Submit preprocess-dataset-43 to cpu-job-queue")
    assert "/jobs/new/" in page.url
    page.get_by_label("Memory").fill("2 GiB")
    page.get_by_label("Time limit").fill("30 min")

    form.variables.paste(PASTED)
    expect(form.variables.lines).to_have_count(2)
    form.tag_value("Project").fill("GenAI")
    expect(form.editor.field).to_have_value(re.compile('"Project": "GenAI"'))
    expect(form.editor.field).to_have_value(re.compile('"attemptDurationSeconds": 1800'))

    form.submit("Submit preprocess-dataset-43 to cpu-job-queue")
    first = succeed("preprocess-dataset-43", "00000000-0000-4000-8000-000000000043")
    job_page.expect_state("Succeeded")
    assert variables(first)["INPUT_S3_PATH"] == "s3://raw-data/dataset-43"

    job_page.run_again.click()
    expect(form.notice).to_contain_text("Based on preprocess-dataset-43")
    form.variables.value(0).fill("s3://raw-data/dataset-44")
    expect(form.editor.field).to_have_value(re.compile("dataset-44"))
    form.submit("Submit preprocess-dataset-43 to cpu-job-queue")
    second = succeed("preprocess-dataset-43", "00000000-0000-4000-8000-000000000044")
    job_page.expect_state("Succeeded")
    expect(job_page.chips).to_contain_text("Rerun")
    assert variables(second)["INPUT_S3_PATH"] == "s3://raw-data/dataset-44"
    assert variables(second)["OUTPUT_S3_PATH"] == "s3://processed-data/dataset-43"


def test_a_definition_is_filled_in_and_run(page: Page) -> None:
    form, job = DefinitionForm(page), JobForm(page)
    page.goto("/teams/research/definitions/")
    page.get_by_role("link", name="Register").first.click()
    form.name.fill("say-hello")
    page.get_by_role("combobox", name="Image").fill(IMAGE)
    page.get_by_role("textbox", name="Command").fill("python -c 'print(\"hello from a form\")'")
    page.get_by_label("Memory").fill("1 GiB")
    form.submit("Register say-hello")

    expect(page.get_by_text("Revision 1", exact=True)).to_be_visible()
    page.get_by_role("link", name="Run…").click()
    job.name.fill("hello-form")
    page.get_by_role("combobox", name="Queue").select_option("cpu-job-queue")
    job.submit("Submit hello-form to cpu-job-queue")

    submitted = Job.objects.get(name="hello-form")
    assert submitted.document["jobDefinition"] == "say-hello"
    assert submitted.revision.document["containerProperties"]["command"] == [
        "python",
        "-c",
        'print("hello from a form")',
    ]


def test_what_is_wrong_is_told_at_its_field_and_form_and_json_say_the_same(page: Page) -> None:
    form = JobForm(page).open("?definition=model-training")
    form.name.fill("not a name")
    page.get_by_label("Attempts").fill("99")
    expect(form.message("retries")).to_contain_text("must be 1 to 10")
    expect(form.name).to_have_attribute("aria-invalid", "true")
    form.problem("Attempts").click()
    expect(form.retries).to_be_focused()

    text = form.editor.text
    assert '"jobName": "not a name"' in text
    text = text.replace("not a name", "a-name").replace("99", "2").replace("{", '{"parameters": {"a": "b"},', 1)
    form.editor.replace(text)
    expect(form.name).to_have_value("a-name")
    expect(form.retries).to_have_value("2")
    expect(form.json_only_fields).to_contain_text("1 field only in JSON")
    assert form.editor.text == text


def test_the_forms_are_accessible_and_fit(page: Page) -> None:
    job, definition = JobForm(page), DefinitionForm(page)
    for form, query in ((job, "?definition=model-training"), (definition, "")):
        form.open(query)
        form.name.fill("not a name")
        expect(form.message("name")).to_contain_text("must be")
        assert_accessible(page)
    JsonPage(page).open()
    assert_accessible(page)


def test_a_form_works_without_scripts(open_page: OpenPage, analyst: Member) -> None:
    page = open_page(analyst.user, java_script_enabled=False)
    form = JobForm(page).open()
    page.get_by_label("Definition").select_option("data-preprocessing")
    form.name.fill("without scripts")
    form.variables.name(-1).fill("INPUT_S3_PATH")
    form.variables.value(-1).fill("s3://raw-data/dataset-45")
    page.get_by_role("button", name="Add row").first.click()

    expect(form.variables.lines).to_have_count(2)
    assert "must be letters" in form.message("name").inner_text()
    assert IMAGE in form.definition_summary.inner_text()
    form.name.fill("without-scripts")
    form.submit_button.click()
    page.wait_for_url(JOB_ADDRESS)


def test_the_parameters_of_a_command_become_fields_and_their_values_are_sent(page: Page, analyst: Member) -> None:
    document = make.document("conv")
    document["containerProperties"]["command"] = ["echo", "Ref::input"]
    make.revision("conv", of=analyst.team, where=Account.objects.get(), document=document)
    form = JobForm(page)
    form.open()
    form.definition.select_option("conv")
    form.field("name").fill("convert")
    form.queue.select_option("cpu-job-queue")
    value = page.get_by_role("textbox", name="input", exact=True)
    expect(form.message("parameter-input")).to_contain_text("set the parameter “input”")

    value.press_sequentially("s3://b/x", delay=40)

    expect(form.message("parameter-input")).to_be_empty()
    expect(value).to_have_value("s3://b/x")
    expect(value).to_be_focused()
    form.submit("Submit convert to cpu-job-queue")
    assert Job.objects.get(name="convert").document["parameters"] == {"input": "s3://b/x"}


def test_what_to_start_from_is_searched_by_keyboard_and_a_file_is_opened(page: Page) -> None:
    page.goto("/teams/research/home/")
    page.keyboard.press("n")
    page.wait_for_url("**/create/")
    page.keyboard.press("/")
    page.keyboard.type("evaluation")
    card = page.locator("#chooser-definitions .entry")
    expect(card).to_have_count(1)
    expect(card).to_contain_text("model-evaluation")

    text = '{"jobName": "from-a-file", "jobQueue": "cpu-job-queue", "jobDefinition": "data-preprocessing"}'
    page.locator("input[type=file]").set_input_files({"name": "job.json", "mimeType": "", "buffer": text.encode()})
    expect(JobForm(page).name).to_have_value("from-a-file")


def test_the_same_switch_leads_from_json_to_the_form_and_back_and_loses_nothing(page: Page) -> None:
    written, form = JsonPage(page), JobForm(page)
    text = '{"jobName":  "kept", "jobQueue": "cpu-job-queue", "jobDefinition": "data-preprocessing", "x": 1}'
    view = page.locator("[data-panes-choice]")
    written.open()
    expect(view.get_by_label("JSON")).to_be_checked()
    expect(view.get_by_label("Form")).to_be_disabled()
    written.editor.replace(text)
    expect(view.get_by_label("Form")).to_be_enabled()
    page.set_viewport_size(NARROW)
    view.get_by_label("Form").click()

    expect(form.name).to_have_value("kept")
    for window in (NARROW, WIDE):
        page.set_viewport_size(window)
        view.get_by_label("Form").click()
        expect(view.get_by_label("Form")).to_be_checked()
        expect(form.editor.content).to_be_hidden()
        expect(form.name).to_be_visible()
        view.get_by_label("JSON").click()
        expect(form.name).to_be_hidden()
        assert form.editor.text.strip() == text

    form.editor.replace('{"jobs": []}')
    expect(view.get_by_label("Form")).to_be_disabled()
    page.get_by_role("button", name="Open as workflow").click()
    expect(page.get_by_role("heading", name="New workflow")).to_be_visible()
    expect(form.editor.field).to_have_value('{"jobs": []}')
    assert_accessible(page)
