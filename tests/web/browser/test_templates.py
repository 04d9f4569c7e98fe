"""Workflow templates in a browser: edited in the builder, started by keyboard, at every size and in both themes."""

import json

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from jobs.models import Submission, TemplateVersion
from jobs.spec.template_parameters import Parameter, ParameterType
from tests import make
from tests.browser import assert_accessible
from tests.web.browser.conftest import OpenPage
from tests.web.conftest import Research

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

JOB = {"jobName": "load-${param.dataset}", "jobQueue": "cpu", "jobDefinition": "hello"}
TRAIN = {**JOB, "jobName": "train-${param.dataset}", "dependsOn": [{"jobId": "${load-${param.dataset}}"}]}
PARAMETERS = (
    Parameter("dataset", "Dataset", "A folder of raw-data"),
    Parameter("mode", type=ParameterType.CHOICE, default="fast", choices=("fast", "exact")),
)


@pytest.fixture
def version(research: Research) -> TemplateVersion:
    workflow = {"name": "training-${param.mode}", "jobs": [JOB, TRAIN]}
    return make.template_version(research.analyst, "Training", workflow, PARAMETERS, note="First.")


def test_a_template_is_edited_in_the_builder_and_started_by_keyboard(
    open_page: OpenPage, research: Research, version: TemplateVersion
) -> None:
    page = open_page(research.analyst.user, version.get_absolute_url(), viewport={"width": 1440, "height": 900})
    expect(page.locator(".template-picture .wf-node")).to_have_count(2)
    page.get_by_role("link", name="Edit workflow…").click()
    expect(page.locator(".step-facts").nth(1)).to_contain_text("after load-${param.dataset}")
    expect(page.locator("#submit-button")).to_have_text("Save new version…")
    page.locator("[data-open-step='1']").click()
    page.locator("#f-name").fill("fit-${param.dataset}")
    expect(page.locator("#preview")).to_contain_text("Ready")
    page.locator("#submit-button").click()
    page.get_by_label("Reason for this version").fill("Renamed a step.")
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("Saved version 2 of Training.")).to_be_visible()
    newest = version.template.versions.get(number=2)
    assert [job["jobName"] for job in json.loads(newest.text)["jobs"]] == [
        "load-${param.dataset}",
        "fit-${param.dataset}",
    ]

    page.get_by_role("link", name="Start…").click()
    button = page.locator("#submit-button")
    expect(button).to_have_text("Required: Dataset")
    page.get_by_label("Dataset").focus()
    page.keyboard.type("q 2")
    expect(page.locator("#problems-value-dataset")).to_contain_text("jobName must be")
    expect(page.get_by_label("Dataset")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("q2")
    expect(button).to_contain_text("Submit 2 jobs to cpu")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#start-document")).to_contain_text("training-exact")
    assert_accessible(page)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Training, version 2")).to_be_visible()
    assert Submission.objects.get(kind="workflow").template_values == {"dataset": "q2", "mode": "exact"}


def test_the_pages_of_templates_are_accessible_and_fit(
    open_page: OpenPage, research: Research, version: TemplateVersion
) -> None:
    make.template_version(research.analyst, "Training", {"jobs": [JOB]}, PARAMETERS[:1], note="One step.")
    page = open_page(research.analyst.user, "/", viewport={"width": 1024, "height": 768})
    template = version.template.text_id
    for path in (
        reverse("templates", args=[research.team.slug]),
        reverse("template_new", args=[research.team.slug]),
        version.get_absolute_url(),
        reverse("template_difference", args=[template]),
        reverse("template_version_new", args=[template]),
        f"{reverse('template_start', args=[template])}?dataset=a%20b",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1024, path
        assert_accessible(page)
