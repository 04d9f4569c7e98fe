"""The builder: the guide's documents from empty forms, by keyboard alone and by mouse; form and text as one."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils.timezone import now
from playwright.sync_api import Page, Request, Route, expect

from jobs.access import Member
from jobs.models import Queue
from jobs.spec.documents import DocumentKind
from jobs.spec.normalize import normalize
from jobs.web.builder.feedback import PREVIEW_DELAY_MS
from tests import make
from tests.browser import NARROW, WIDE
from tests.builder import documents
from tests.pages.builder import BuilderForm
from tests.pages.definition_form import DefinitionForm
from tests.pages.job_form import JobForm
from tests.pages.job_page import JOB_ADDRESS
from tests.pages.json_page import JsonPage
from tests.web.browser.conftest import OpenPage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

SEEDS = Path(__file__).parents[2] / "seeds"
DEFINITION = {
    "name": "my-ml-training-job",
    "image": "123456789012.dkr.ecr.us-west-2.amazonaws.com/ml-training:latest",
    "command": "python train.py",
    "vcpus": "4",
    "memory": "16 GiB",
    "gpus": "1",
    "job_role": "arn:aws:iam::123456789012:role/BatchJobRole",
}
VARIABLES = {"DATASET_S3_PATH": "s3://my-datasets/experiment-42", "MODEL_TYPE": "resnet50", "EPOCHS": "10"}


@pytest.fixture
def page(open_page: OpenPage, analyst: Member) -> Page:
    """A page of the analyst."""
    return open_page(analyst.user)


def is_the_guides(form: BuilderForm, name: str, kind: DocumentKind) -> bool:
    """Whether Batch would treat what is written as it treats the guide's own."""
    return normalize(form.editor.document, kind) == normalize(json.loads((SEEDS / name).read_text()), kind)


def hold_script(page: Page, script: str) -> Callable[[], None]:
    """Let a script come only when what is returned is called."""
    held: list[Route] = []
    page.route(f"**/{script}*.js", lambda route: held.append(route))  # noqa: PLW0108 - a method of a list will not do

    def release() -> None:
        [route] = held
        route.continue_()

    return release


def test_the_guides_documents_are_written_by_keyboard_alone(page: Page) -> None:
    definition = DefinitionForm(page).open()
    for name, text in DEFINITION.items():
        definition.type_into(name, text)
    definition.expect_submit_label("Register my-ml-training-job")
    assert is_the_guides(definition, "my-job-definition.json", DocumentKind.DEFINITION)
    definition.tab_to(definition.SUBMIT)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/definitions/" in url and "/new/" not in url)

    job = JobForm(page).open()
    job.choose("definition", "my-ml-training-job")
    job.type_into("name", "train-model-experiment-42")
    for number, (name, value) in enumerate(VARIABLES.items()):
        if number:
            job.tab_to(job.variables.add_selector)
            page.keyboard.press("Enter")  # which leads into the new row
        else:
            job.tab_to(job.variables.first_name_selector)
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(value)
    job.choose("queue", "ml-training-queue")
    job.expect_submit_label("Submit train-model-experiment-42 to ml-training-queue")
    assert is_the_guides(job, "my-job-submission.json", DocumentKind.SUBMISSION)
    job.tab_to(job.SUBMIT)
    page.keyboard.press("Enter")
    page.wait_for_url(JOB_ADDRESS)


def test_the_guides_documents_are_written_by_mouse(page: Page) -> None:
    definition = DefinitionForm(page).open()
    for name, text in DEFINITION.items():
        definition.field(name).click()
        definition.field(name).fill(text)
    definition.expect_submit_label("Register my-ml-training-job")
    assert is_the_guides(definition, "my-job-definition.json", DocumentKind.DEFINITION)

    job = JobForm(page).open()
    job.definition.select_option("my-ml-training-job")
    job.queue.select_option("ml-training-queue")
    job.name.fill("train-model-experiment-42")
    for number, (name, value) in enumerate(VARIABLES.items()):
        if number:
            job.variables.add.click()
        job.variables.name(number).fill(name)
        job.variables.value(number).fill(value)
    job.expect_submit_label("Submit train-model-experiment-42 to ml-training-queue")
    assert is_the_guides(job, "my-job-submission.json", DocumentKind.SUBMISSION)


def test_form_and_text_are_one_and_undo_knows_both(page: Page) -> None:
    form = JobForm(page).open("?definition=model-training")
    text = """{
  // what it is for
  "jobName": "first",   "jobQueue": "cpu-job-queue",
  "jobDefinition": "model-training",
  "parameters": {"seed": "12345678901234567890"},
  "timeout": {"attemptDurationSeconds": 3600}
}
"""
    form.editor.replace(text)
    expect(form.name).to_have_value("first")
    expect(form.time_limit).to_have_value("1 h")

    form.name.fill("second")
    assert form.editor.text == text.replace("first", "second")
    expect(form.name).to_be_focused()
    form.time_limit.fill("")
    assert "timeout" not in form.editor.text
    assert "// what it is for" in form.editor.text

    form.editor.undo(2)
    expect(form.name).to_have_value("first")
    assert form.editor.text == text


@pytest.mark.parametrize("script", ["htmx.min", "builder.min", "schema_fields"])
def test_what_is_written_before_the_scripts_have_come_is_in_the_document(script: str, page: Page) -> None:
    release = hold_script(page, script)
    form = JobForm(page).open(wait_until="commit")
    form.name.fill("early-bird")
    form.definition.select_option("data-preprocessing")
    form.queue.select_option("cpu-job-queue")
    form.memory.fill("2 GiB")
    form.variables.name(-1).fill("EPOCHS")
    form.variables.value(-1).fill("10")
    form.tag_value("Project").fill("GenAI")
    form.name.focus()
    page.keyboard.press("Home")
    expect(form.editor.field).not_to_have_value(re.compile("early-bird"))
    release()

    form.expect_submit_label("Submit early-bird to cpu-job-queue")
    document = form.editor.document
    assert (document["jobName"], document["jobDefinition"], document["jobQueue"]) == (
        "early-bird",
        "data-preprocessing",
        "cpu-job-queue",
    )
    assert document["containerOverrides"] == {
        "resourceRequirements": [{"type": "MEMORY", "value": "2048"}],
        "environment": [{"name": "EPOCHS", "value": "10"}],
    }
    assert document["tags"] == {"Project": "GenAI"}
    page.keyboard.type("very-")  # the caret is where it was
    form.expect_submit_label("Submit very-early-bird to cpu-job-queue")
    assert form.editor.document["containerOverrides"]["environment"] == [{"name": "EPOCHS", "value": "10"}]


def test_a_form_that_is_only_looked_at_writes_nothing(page: Page, analyst: Member) -> None:
    job = make.job(make.submission(analyst, Queue.objects.first().account), state="SUCCEEDED", ended_at=now())
    form = JobForm(page)
    page.clock.install()
    page.goto("/teams/research/definitions/")
    page.get_by_role("link", name="model-training").first.click()
    new_revision = page.get_by_role("link", name="New revision…").get_attribute("href")
    new = "/teams/research/definitions/new/"
    for path in (
        f"{job.get_absolute_url()}again/",
        "/teams/research/jobs/new/?definition=model-training",
        new_revision,
        new,
        f"{new}?of=eks",
    ):
        page.goto(path or "")
        expect(form.editor.content).to_be_visible()
        served = form.editor.field.evaluate("area => area.defaultValue")
        page.clock.run_for(1500)  # typing is kept as a draft after 0.8 s
        assert form.editor.text == served
        assert "draft=" not in page.url


def test_an_open_section_stays_open_after_the_next_preview(page: Page) -> None:
    form = JobForm(page).open("?definition=model-training")
    form.name.fill("first")
    form.queue.select_option("cpu-job-queue")
    form.expect_submit_label("Submit first to cpu-job-queue")
    form.effective.locator("summary").click()
    expect(form.effective).to_have_attribute("open", "")
    form.name.fill("second")
    form.expect_submit_label("Submit second to cpu-job-queue")
    expect(form.effective).to_have_attribute("open", "")

    form.effective.locator("summary").click()
    form.name.fill("third")
    form.expect_submit_label("Submit third to cpu-job-queue")
    expect(form.effective).not_to_have_attribute("open", "")


def test_what_is_typed_after_enter_is_kept_too(page: Page) -> None:
    form = JobForm(page).open()
    for name in ("enter-a", "enter-b"):
        form.name.fill(name)
        expect(form.draft_status).to_contain_text("Draft saved")
        form.name.press("Enter")
    page.reload()

    expect(form.name).to_have_value("enter-b")


def test_what_is_being_saved_when_the_page_is_reloaded_is_kept(page: Page) -> None:
    def is_save(request: Request) -> bool:
        return request.method == "POST" and '"do"\r\n\r\nkeep' in (request.post_data or "")

    form = JobForm(page).open()
    page.route("**/jobs/new/", lambda route: None if is_save(route.request) else route.fallback())  # none is answered
    with page.expect_request(is_save):
        form.name.fill("half-saved")
    page.reload()

    expect(form.name).to_have_value("half-saved")


def test_a_text_that_is_written_before_the_scripts_have_come_counts(page: Page) -> None:
    release = hold_script(page, "builder.min")
    written = JsonPage(page).open(wait_until="commit")
    written.editor.field.fill('{"jobName": "early"}')
    page.keyboard.press("Home")
    for _ in range(len('{"jobName": "')):
        page.keyboard.press("ArrowRight")
    release()

    expect(written.editor.content).to_be_focused()
    page.keyboard.type("very-")
    expect(written.editor.field).to_have_value('{"jobName": "very-early"}')
    expect(written.feedback).to_contain_text("jobQueue")


def test_a_text_that_is_no_json_now_freezes_the_form_and_loses_nothing(page: Page) -> None:
    form = JobForm(page).open("?definition=model-training")
    form.name.fill("kept")
    whole = form.editor.text
    form.editor.replace(whole.replace('"kept"', '"kept'))
    expect(form.frozen_notice).to_contain_text("Invalid JSON")
    expect(form.name).to_have_value("kept")

    form.editor.replace(whole)
    expect(form.frozen_notice).to_be_hidden()
    form.name.fill("changed")
    assert form.editor.text == whole.replace('"kept"', '"changed"')


def test_a_text_that_only_the_portal_can_read_says_what_it_reads_and_becomes_that(page: Page) -> None:
    form = JobForm(page).open("?definition=model-training")
    form.name.fill("kept")
    form.editor.replace(f"{form.editor.text}and some words after it")
    for window in (WIDE, NARROW):
        page.set_viewport_size(window)
        expect(form.frozen_notice).to_contain_text("Invalid JSON")
        expect(form.frozen_notice).to_be_visible()
        expect(form.preview).to_contain_text("The text after line 5 is not part of the document")

    form.preview.get_by_role("button", name="Apply to the JSON").click()
    expect(form.frozen_notice).to_be_hidden()
    expect(form.preview).not_to_contain_text("not part of the document")
    assert form.editor.document["jobName"] == "kept"


FORMATS = {
    "comments and trailing commas": (
        '{"jobName": "a", /* why */ "jobQueue": "cpu-job-queue", "jobDefinition": "model-training",}',
        "comma",
    ),
    "another spelling of the keys": (
        '{"JobName": "a", "job_queue": "cpu-job-queue", "JobDefinition": "model-training"}',
        "spelling",
    ),
    "a command line": (
        "aws batch submit-job --job-name a --job-queue cpu-job-queue --job-definition model-training",
        "command line",
    ),
    "what AWS tells of a job": (
        json.dumps({"jobs": [{
            "jobId": "x", "jobName": "a", "jobQueue": "cpu-job-queue", "status": "FAILED", "createdAt": 1,
            "jobDefinition": "arn:aws:batch:us-west-2:123456789012:job-definition/model-training:1",
        }]}),
        "The job description is read as a submission",
    ),
    "a skeleton of the AWS CLI": (
        json.dumps({
            "jobName": "a", "jobQueue": "cpu-job-queue", "shareIdentifier": "", "schedulingPriorityOverride": 0,
            "arrayProperties": {"size": 0}, "dependsOn": [{"jobId": "", "type": "N_TO_N"}],
            "jobDefinition": "model-training", "parameters": {"KeyName": ""}, "tags": {"KeyName": ""},
        }),
        "skeleton",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_whatever_is_pasted_becomes_the_document_and_can_be_undone(name: str, page: Page) -> None:
    text, remark = FORMATS[name]
    form = JobForm(page).open()
    before = form.editor.text
    form.editor.paste(text)

    expect(form.name).to_have_value("a")
    expect(form.queue).to_have_value("cpu-job-queue")
    expect(form.definition).to_have_value(re.compile("model-training"))
    expect(form.editor.message).to_contain_text(re.compile(remark, re.IGNORECASE))

    form.editor.undo(3)
    assert form.editor.text == before


def test_a_fix_is_applied_and_undone(page: Page) -> None:
    form = JobForm(page).open("?definition=model-training")
    job = {"jobName": "a", "jobQueue": "cpu-job-queue", "jobDefinition": "model-training"}
    form.editor.replace(json.dumps({**job, "timeout": {"attemptDurationSeconds": 5}}))
    form.fix.first.click()
    expect(form.time_limit).to_have_value("1 min")
    form.expect_submit_label("Submit a to cpu-job-queue")


def test_the_document_is_copied_as_a_line_for_the_aws_cli(open_page: OpenPage, analyst: Member) -> None:
    page = open_page(analyst.user, permissions=["clipboard-read", "clipboard-write"])
    form = JobForm(page).open()
    form.editor.replace('{"jobName": "a", // why\n "jobQueue": "cpu-job-queue"}')
    form.copy_as("aws")

    expect(page.locator("#announcements").get_by_text("Copied.", exact=True)).to_be_attached()
    line = """aws batch submit-job --cli-input-json '{"jobName":"a","jobQueue":"cpu-job-queue"}'\n"""
    assert page.evaluate("navigator.clipboard.readText()") == line


def late(route: Route) -> None:
    time.sleep(2 * PREVIEW_DELAY_MS / 1000)
    route.continue_()


def test_any_field_of_the_schema_comes_into_the_form(page: Page) -> None:
    page.route("**/part/*", late)  # what comes late is not lost because the preview asks meanwhile
    form = DefinitionForm(page).open()
    fields, place = form.schema_fields, "/containerProperties/ulimits"
    fields.find("ulimit", "Ulimits")
    for number, (name, limit) in enumerate((("nofile", "1024"), ("core", "0"))):
        fields.add_entry.click()
        expect(fields.first_control(f"{place}/{number}")).to_be_focused()
        for key, value in (("name", name), ("softLimit", limit), ("hardLimit", limit)):
            fields.control(f"{place}/{number}/{key}").fill(value)
    assert form.editor.document["containerProperties"]["ulimits"] == [
        {"name": "nofile", "softLimit": 1024, "hardLimit": 1024},
        {"name": "core", "softLimit": 0, "hardLimit": 0},
    ]

    fields.remove("Ulimits 1")
    expect(fields.control(f"{place}/0/name")).to_have_value("core")
    expect(fields.control(f"{place}/1/name")).to_have_count(0)
    assert [each["name"] for each in form.editor.document["containerProperties"]["ulimits"]] == ["core"]


def test_a_pod_is_written_in_a_form(page: Page) -> None:
    form = DefinitionForm(page).open()
    form.pod_link.click()
    form.schema_fields.control("/eksProperties/podProperties/containers/0/image").fill("busybox")
    form.name.fill("pod")

    expect(form.editor.field).to_have_value(re.compile('"jobDefinitionName": "pod"'))
    assert form.editor.document["eksProperties"]["podProperties"]["containers"][0]["image"] == "busybox"


@pytest.mark.parametrize("kind", [DocumentKind.SUBMISSION, DocumentKind.DEFINITION])
def test_twenty_documents_go_through_the_page_without_loss(kind: DocumentKind, page: Page) -> None:
    form = (JobForm if kind is DocumentKind.SUBMISSION else DefinitionForm)(page).open()
    key = "jobName" if kind is DocumentKind.SUBMISSION else "jobDefinitionName"
    for number in range(10):
        document, _ = documents.document(kind, number)
        text = json.dumps({**document, key: "before"}, indent=2, ensure_ascii=False) + "\n"
        form.editor.set(text)
        assert form.editor.text == text, number
        form.name.fill(f"after-{number}")
        changed = text.replace(f'"{key}": "before"', f'"{key}": "after-{number}"')
        assert form.editor.text == changed, number
