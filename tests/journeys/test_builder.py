"""The builder: the guide's documents from empty forms, by keyboard alone and by mouse; form and text as one."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from jobs.spec.documents import Kind
from jobs.spec.normal import normalise
from jobs.web.opinion import WAIT_MS
from tests.builder import documents
from tests.writing import sentence, write, written

pytestmark = [pytest.mark.browser, pytest.mark.process]

PASTED_TEXT = """(area, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""
FOCUSED = "document.activeElement.matches(%s)"

DEFINITION = {
    "#f-name": "my-ml-training-job",
    "#f-image": "123456789012.dkr.ecr.us-west-2.amazonaws.com/ml-training:latest",
    "#f-command": "python train.py",
    "#f-vcpus": "4",
    "#f-memory": "16 GiB",
    "#f-gpus": "1",
    "#f-job_role": "arn:aws:iam::123456789012:role/BatchJobRole",
}
VARIABLES = {"DATASET_S3_PATH": "s3://my-datasets/experiment-42", "MODEL_TYPE": "resnet50", "EPOCHS": "10"}


def document(page: Page) -> Any:
    return json.loads(written(page).input_value())


def same(page: Page, seed: str, kind: Kind) -> bool:
    """Whether Batch would treat what is written as it treats the guide's own."""
    return normalise(document(page), kind) == normalise(json.loads(seed), kind)


def tab_to(page: Page, selector: str) -> None:
    """By the Tab key alone."""
    for _ in range(250):
        if page.evaluate(f"document.activeElement.matches({json.dumps(selector)})"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"The Tab key does not lead to {selector}.")


def type_into(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def choose(page: Page, selector: str, label: str) -> None:
    """In a list of choices, by typing how it begins."""
    tab_to(page, selector)
    page.keyboard.type(label)


def hold(page: Page, script: str) -> Callable[[], None]:
    """Let a script come only when what is answered is called."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    def let_go() -> None:
        [route] = held
        route.continue_()

    page.route(f"**/{script}*.js", keep)
    return let_go


def test_the_guides_documents_are_written_by_keyboard_alone(
    signed_in: Callable[..., Page], seeds: Callable[[str], str]
) -> None:
    page = signed_in("analyst")
    page.goto("/teams/research/definitions/new/")
    for selector, text in DEFINITION.items():
        type_into(page, selector, text)
    expect(page.locator("#sentence")).to_have_text("Register my-ml-training-job")
    assert same(page, seeds("my-job-definition.json"), Kind.DEFINITION)
    tab_to(page, "button[value=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/definitions/" in url and "/new/" not in url)

    page.goto("/teams/research/jobs/new/")
    choose(page, "#f-definition", "my-ml-training-job")
    type_into(page, "#f-name", "train-model-experiment-42")
    for number, (name, value) in enumerate(VARIABLES.items()):
        if number:
            tab_to(page, "[data-rows=environment] [data-add]")
            page.keyboard.press("Enter")  # which leads into the new row
        else:
            tab_to(page, "[data-rows=environment] [data-line] input")
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(value)
    choose(page, "#f-queue", "ml-training-queue")
    expect(page.locator("#sentence")).to_have_text(sentence("Submit train-model-experiment-42 to ml-training-queue"))
    assert same(page, seeds("my-job-submission.json"), Kind.SUBMISSION)
    tab_to(page, "button[value=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/submissions/" in url)


def test_the_guides_documents_are_written_by_mouse(
    signed_in: Callable[..., Page], seeds: Callable[[str], str]
) -> None:
    page = signed_in("analyst")
    page.goto("/teams/research/definitions/new/")
    for selector, text in DEFINITION.items():
        page.locator(selector).click()
        page.locator(selector).fill(text)
    expect(page.locator("#sentence")).to_have_text("Register my-ml-training-job")
    assert same(page, seeds("my-job-definition.json"), Kind.DEFINITION)

    page.goto("/teams/research/jobs/new/")
    page.locator("#f-definition").select_option("my-ml-training-job")
    page.locator("#f-queue").select_option("ml-training-queue")
    page.locator("#f-name").fill("train-model-experiment-42")
    rows = page.locator("[data-rows=environment]")
    for number, (name, value) in enumerate(VARIABLES.items()):
        if number:
            rows.locator("[data-add]").click()
        line = rows.locator("[data-line]").nth(number)
        line.locator("input").first.fill(name)
        line.locator("textarea").fill(value)
    expect(page.locator("#sentence")).to_have_text(sentence("Submit train-model-experiment-42 to ml-training-queue"))
    assert same(page, seeds("my-job-submission.json"), Kind.SUBMISSION)


def test_form_and_text_are_one_and_undo_knows_both(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst")
    page.goto("/teams/research/jobs/new/?definition=model-training")
    text = """{
  // what it is for
  "jobName": "first",   "jobQueue": "cpu-job-queue",
  "jobDefinition": "model-training",
  "parameters": {"seed": "12345678901234567890"},
  "timeout": {"attemptDurationSeconds": 3600}
}
"""
    write(page, text)
    expect(page.locator("#f-name")).to_have_value("first")
    expect(page.locator("#f-time_limit")).to_have_value("1 h")

    page.locator("#f-name").fill("second")
    assert written(page).input_value() == text.replace("first", "second")
    expect(page.locator("#f-name")).to_be_focused()
    page.locator("#f-time_limit").fill("")
    assert "timeout" not in written(page).input_value()
    assert "// what it is for" in written(page).input_value()

    page.locator(".cm-content").focus()
    for _ in range(2):
        page.keyboard.press("Control+z")
    expect(page.locator("#f-name")).to_have_value("first")
    assert written(page).input_value() == text


@pytest.mark.parametrize("script", ["htmx.min", "builder.min", "further"])
def test_what_is_written_before_the_scripts_have_come_is_in_the_document(
    script: str, signed_in: Callable[..., Page]
) -> None:
    page = signed_in("analyst")
    let_go = hold(page, script)
    page.goto("/teams/research/jobs/new/", wait_until="commit")
    page.locator("#f-name").fill("early-bird")
    page.locator("#f-definition").select_option("data-preprocessing")
    page.locator("#f-queue").select_option("cpu-job-queue")
    page.locator("#f-memory").fill("2 GiB")
    page.get_by_label("Name of a variable").last.fill("EPOCHS")
    page.get_by_label("Value of the variable").last.fill("10")
    page.get_by_label("Value of Project").fill("GenAI")
    page.locator("#f-name").focus()
    page.keyboard.press("Home")
    expect(written(page)).not_to_have_value(re.compile("early-bird"))
    let_go()

    expect(page.locator("#sentence")).to_have_text(sentence("Submit early-bird to cpu-job-queue"))
    now = document(page)
    assert (now["jobName"], now["jobDefinition"], now["jobQueue"]) == (
        "early-bird",
        "data-preprocessing",
        "cpu-job-queue",
    )
    assert now["containerOverrides"] == {
        "resourceRequirements": [{"type": "MEMORY", "value": "2048"}],
        "environment": [{"name": "EPOCHS", "value": "10"}],
    }
    assert now["tags"] == {"Project": "GenAI"}
    page.keyboard.type("very-")  # the caret is where it was
    expect(page.locator("#sentence")).to_have_text(sentence("Submit very-early-bird to cpu-job-queue"))
    assert document(page)["containerOverrides"]["environment"] == [{"name": "EPOCHS", "value": "10"}]


def test_a_form_that_is_only_looked_at_writes_nothing(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst")
    page.clock.install()
    page.goto("/teams/research/jobs/")
    again = page.locator("table.rows tbody a[href^='/jobs/']").first.get_attribute("href")
    page.goto("/teams/research/definitions/")
    page.get_by_role("link", name="model-training").first.click()
    revise = page.get_by_role("link", name="New revision…").get_attribute("href")
    new = "/teams/research/definitions/new/"
    for path in (
        f"{again}again/",
        "/teams/research/jobs/new/?definition=model-training",
        revise,
        new,
        f"{new}?of=eks",
    ):
        page.goto(path or "")
        expect(page.locator(".cm-content")).to_be_visible()
        served = written(page).evaluate("area => area.defaultValue")
        page.clock.run_for(1500)  # typing is kept as a draft after 0.8 s
        assert written(page).input_value() == served
        assert "draft=" not in page.url


def test_what_is_typed_after_enter_is_kept_too(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst")
    page.goto("/teams/research/jobs/new/")
    for name in ("enter-a", "enter-b"):
        page.locator("#f-name").fill(name)
        expect(page.locator("#kept")).to_contain_text("Kept as a draft")
        page.locator("#f-name").press("Enter")
    page.reload()

    expect(page.locator("#f-name")).to_have_value("enter-b")


def test_a_text_that_is_written_before_the_scripts_have_come_counts(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst")
    let_go = hold(page, "builder.min")
    page.goto("/teams/research/new/", wait_until="commit")
    written(page).fill('{"jobName": "early"}')
    page.keyboard.press("Home")
    for _ in range(len('{"jobName": "')):
        page.keyboard.press("ArrowRight")
    let_go()

    expect(page.locator(".cm-content")).to_be_focused()
    page.keyboard.type("very-")
    expect(written(page)).to_have_value('{"jobName": "very-early"}')
    expect(page.locator("#verdict")).to_contain_text("jobQueue")


def test_a_text_that_is_no_json_now_freezes_the_form_and_loses_nothing(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst")
    page.goto("/teams/research/jobs/new/?definition=model-training")
    page.locator("#f-name").fill("kept")
    whole = written(page).input_value()
    write(page, whole.replace('"kept"', '"kept'))
    expect(page.locator("[data-frozen]")).to_contain_text("no JSON now")
    expect(page.locator("#f-name")).to_have_value("kept")

    write(page, whole)
    expect(page.locator("[data-frozen]")).to_be_hidden()
    page.locator("#f-name").fill("changed")
    assert written(page).input_value() == whole.replace('"kept"', '"changed"')


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
        "What AWS tells of a job",
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


@pytest.mark.parametrize("what", FORMATS)
def test_whatever_is_pasted_becomes_the_document_and_can_be_undone(what: str, signed_in: Callable[..., Page]) -> None:
    text, told = FORMATS[what]
    page = signed_in("analyst")
    page.goto("/teams/research/jobs/new/")
    before = written(page).input_value()
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    page.locator(".cm-content").evaluate(PASTED_TEXT, text)

    expect(page.locator("#f-name")).to_have_value("a")
    expect(page.locator("#f-queue")).to_have_value("cpu-job-queue")
    expect(page.locator("#f-definition")).to_have_value(re.compile("model-training"))
    expect(page.locator("[data-editor-said]")).to_contain_text(re.compile(told, re.IGNORECASE))

    page.locator(".cm-content").focus()
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert written(page).input_value() == before


def test_a_fix_is_applied_and_undone(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst")
    page.goto("/teams/research/jobs/new/?definition=model-training")
    asked = {"jobName": "a", "jobQueue": "cpu-job-queue", "jobDefinition": "model-training"}
    write(page, json.dumps({**asked, "timeout": {"attemptDurationSeconds": 5}}))
    page.locator("#beside [data-fix]").first.click()
    expect(page.locator("#f-time_limit")).to_have_value("1 min")
    expect(page.locator("#sentence")).to_have_text(sentence("Submit a to cpu-job-queue"))


def test_the_document_is_copied_as_a_line_for_the_aws_cli(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst", permissions=["clipboard-read", "clipboard-write"])
    page.goto("/teams/research/jobs/new/")
    write(page, '{"jobName": "a", // why\n "jobQueue": "cpu-job-queue"}')
    page.get_by_text("Copy as", exact=True).click()
    page.locator("[data-copy-as=aws]").click()

    expect(page.locator("#said").get_by_text("Copied.", exact=True)).to_be_attached()
    line = """aws batch submit-job --cli-input-json '{"jobName":"a","jobQueue":"cpu-job-queue"}'\n"""
    assert page.evaluate("navigator.clipboard.readText()") == line


def late(route: Route) -> None:
    time.sleep(2 * WAIT_MS / 1000)
    route.continue_()


def test_any_field_of_the_schema_comes_into_the_form(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst")
    page.route("**/part/*", late)  # what comes late is not lost because the preview asks meanwhile
    page.goto("/teams/research/definitions/new/")
    page.locator("#further-words").fill("ulimit")
    page.locator("#further-found").get_by_role("button", name="Ulimits", exact=True).click()
    part = page.locator("[data-part]")
    for number, (name, limit) in enumerate((("nofile", "1024"), ("core", "0"))):
        part.get_by_role("button", name=re.compile("^Add ")).click()
        expect(part.locator(f'[data-at^="/containerProperties/ulimits/{number}/"]').first).to_be_focused()
        for key, value in (("name", name), ("softLimit", limit), ("hardLimit", limit)):
            part.locator(f'[data-at="/containerProperties/ulimits/{number}/{key}"]').fill(value)
    assert document(page)["containerProperties"]["ulimits"] == [
        {"name": "nofile", "softLimit": 1024, "hardLimit": 1024},
        {"name": "core", "softLimit": 0, "hardLimit": 0},
    ]

    part.get_by_role("button", name="Take Ulimits 1 away").click()
    expect(part.locator('[data-at="/containerProperties/ulimits/0/name"]')).to_have_value("core")
    expect(part.locator('[data-at="/containerProperties/ulimits/1/name"]')).to_have_count(0)
    assert [each["name"] for each in document(page)["containerProperties"]["ulimits"]] == ["core"]


def test_a_pod_is_written_in_a_form(signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst")
    page.goto("/teams/research/definitions/new/")
    page.get_by_role("link", name="A pod of Kubernetes").click()
    page.locator('[data-at="/eksProperties/podProperties/containers/0/image"]').fill("busybox")
    page.locator("#f-name").fill("pod")

    expect(written(page)).to_have_value(re.compile('"jobDefinitionName": "pod"'))
    assert document(page)["eksProperties"]["podProperties"]["containers"][0]["image"] == "busybox"


@pytest.mark.parametrize("kind", [Kind.SUBMISSION, Kind.DEFINITION])
def test_twenty_documents_go_through_the_page_without_loss(kind: Kind, signed_in: Callable[..., Page]) -> None:
    page = signed_in("analyst")
    page.goto(f"/teams/research/{'jobs' if kind is Kind.SUBMISSION else 'definitions'}/new/")
    key = "jobName" if kind is Kind.SUBMISSION else "jobDefinitionName"
    for number in range(10):
        made, _ = documents.document(kind, number)
        text = json.dumps({**made, key: "before"}, indent=2, ensure_ascii=False) + "\n"
        write(page, text)
        assert written(page).input_value() == text, number
        page.locator("#f-name").fill(f"after-{number}")
        changed = text.replace(f'"{key}": "before"', f'"{key}": "after-{number}"')
        assert written(page).input_value() == changed, number
