"""The page on which any document is written as JSON: what is wrong is told at its place, and nothing is lost."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from jobs.access import Member
from tests.browser import NARROW, WIDE
from tests.pages.json_page import JsonPage
from tests.web.browser.conftest import OpenPage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture
def written(open_page: OpenPage, analyst: Member) -> JsonPage:
    return JsonPage(open_page(analyst.user)).open()


def test_what_the_shell_did_to_the_workflow_is_said_before_it_is_sent(written: JsonPage) -> None:
    written.editor.replace((SEEDS / "workflow-jobs.mangled.json").read_text())

    expect(written.feedback).to_contain_text("Your shell replaced ${preprocess-dataset-42} with")
    expect(written.feedback).to_contain_text("quote EOF: cat << 'EOF'")
    expect(written.submit_button).to_be_enabled()


def test_a_mistake_is_told_at_its_place_and_nothing_of_the_text_is_lost(written: JsonPage) -> None:
    workflow = (SEEDS / "workflow-jobs.json").read_text()
    text = workflow.replace("${train-model-42}", "${train-modell-42}").replace("  ", "\t")
    written.editor.replace(text)

    expect(written.error).to_contain_text("train-modell-42")
    expect(written.error_pointer).to_have_text("/jobs/2/dependsOn/0/jobId")
    expect(written.submit_button).to_be_disabled()

    written.error_link.click()
    expect(written.editor.active_line).to_contain_text("train-modell-42")
    assert written.editor.text == text


def test_a_file_is_read_as_what_is_pasted(written: JsonPage) -> None:
    command = b"aws batch submit-job --job-name train --job-queue cpu-job-queue --job-definition model-training"
    written.file.set_input_files({"name": "run.txt", "mimeType": "text/plain", "buffer": command})

    expect(written.editor.message).to_contain_text("Read as:")
    assert written.editor.document == {
        "jobName": "train",
        "jobQueue": "cpu-job-queue",
        "jobDefinition": "model-training",
    }


def test_a_file_that_is_no_text_leaves_the_document_as_it_is(written: JsonPage) -> None:
    written.editor.replace('{"jobName": "train"}')
    written.file.set_input_files({"name": "run.bin", "mimeType": "text/plain", "buffer": b"\xff\xfe"})

    expect(written.editor.message).to_contain_text("run.bin isn't UTF-8 text")
    assert written.editor.text == '{"jobName": "train"}'


def test_keys_and_values_are_completed_from_what_was_typed_of_them(written: JsonPage) -> None:
    editor = written.editor
    requests: list[Route] = []

    def hold(route: Route) -> None:
        requests.append(route)

    written.page.route("**/schemas/**", hold)
    with written.page.expect_request("**/schemas/**"):
        editor.replace('{\n  "jobName": "train",\n  ')
    editor.keyboard.type('"r')
    requests[0].continue_()
    expect(editor.completions.first).to_contain_text("retryStrategy")
    for window, typed, label in (
        (NARROW, "et", "retryStrategy"),
        (WIDE, "att", "attempts"),
        (NARROW, '3}, "depe', "dependsOn"),
    ):
        written.page.set_viewport_size(window)
        editor.keyboard.type(typed)
        expect(editor.completions.first).to_contain_text(label)
        expect(editor.completions.first).to_be_in_viewport(ratio=1)
        editor.completions.first.click()
    editor.keyboard.type('{"type": "n')
    expect(editor.completions.first).to_contain_text("N_TO_N")
    expect(written.page.locator(".cm-completionIcon")).to_have_count(0)  # few fonts have them
    editor.completions.first.click()

    expect(editor.field).to_have_value(re.compile("N_TO_N"))
    assert editor.document == {
        "jobName": "train",
        "retryStrategy": {"attempts": 3},
        "dependsOn": [{"type": "N_TO_N"}],
    }
