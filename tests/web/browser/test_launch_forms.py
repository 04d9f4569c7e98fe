"""Launch forms in a browser: written beside their preview, run by keyboard, at every size and in both themes."""

import json
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from jobs.models import LaunchForm, Submission
from jobs.spec.launch_forms.file_format import from_file
from tests import make
from tests.browser import assert_accessible
from tests.web.browser.conftest import OpenPage
from tests.web.conftest import Research

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

FILE: dict[str, Any] = {
    "name": "Risk",
    "description": "Risk of a quarter",
    "sections": [
        {
            "title": "Period",
            "fields": [
                {"name": "quarter", "label": "Quarter", "type": "choice", "choices": ["Q1", "Q2"], "default": "Q1"},
                {
                    "name": "days",
                    "label": "Days",
                    "type": "several",
                    "choices": ["mon", "tue"],
                    "required": False,
                    "shown_when": {"field": "quarter", "values": ["Q2"]},
                },
                {"name": "note", "label": "Note"},
                {"name": "queue", "label": "Queue", "mode": "locked", "default": "cpu"},
            ],
        },
    ],
    "document": {
        "jobName": "risk-${param.quarter}",
        "jobQueue": "${param.queue}",
        "jobDefinition": "hello",
        "containerOverrides": {
            "environment": [
                {"name": "NOTE", "value": "${param.note}"},
                {"name": "DAYS", "value": "${param.days}"},
            ]
        },
    },
}


@pytest.fixture
def form(research: Research) -> LaunchForm:
    content, document = from_file(FILE)
    return make.launch_form_version(research.analyst, content, document).form


def test_a_form_is_written_previewed_and_run_by_keyboard(open_page: OpenPage, research: Research) -> None:
    new = reverse("launch_form_new", args=[research.team.slug])
    page = open_page(research.analyst.user, new, viewport={"width": 1440, "height": 900})
    editor = page.locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(json.dumps(FILE, indent=2))
    expect(page.locator("#form-status")).to_contain_text("Ready to save")
    page.locator("#form-preview").get_by_label("Quarter").select_option("Q2")
    expect(page.locator("#form-preview").get_by_label("mon")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Save form").click()
    expect(page.get_by_text("Saved version 1 of Risk.")).to_be_visible()

    page.get_by_role("link", name="Run…").click()
    button = page.locator("#submit-button")
    expect(button).to_have_text("Required: Note")
    expect(page.get_by_role("group", name="Queue")).to_contain_text("cpu")
    expect(page.get_by_label("mon")).to_have_count(0)
    page.get_by_role("combobox", name="Quarter").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("mon")).to_be_visible()
    expect(page.get_by_role("combobox", name="Quarter")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("why")
    expect(button).to_contain_text("Submit risk-Q2 to cpu")
    expect(page.locator("#start-document")).to_contain_text('"value": "mon"')
    assert_accessible(page)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Risk, version 1")).to_be_visible()
    submission = Submission.objects.get(form_version__isnull=False)
    assert submission.form_values == {"quarter": "Q2", "days": "mon", "note": "why", "queue": "cpu"}

    page.get_by_role("link", name="Run form again…").click()
    expect(page.locator("#value-note")).to_have_value("why")
    page.get_by_role("combobox", name="Quarter").select_option("Q1")
    expect(page.get_by_label("mon")).to_have_count(0)
    expect(button).to_contain_text("Submit risk-Q1 to cpu")
    button.click()
    expect(page.get_by_role("heading", name="risk-Q1")).to_be_visible()


def test_the_pages_of_forms_are_accessible_and_fit(open_page: OpenPage, research: Research, form: LaunchForm) -> None:
    content, document = from_file(FILE)
    make.launch_form_version(research.analyst, content, {**document, "retryStrategy": {"attempts": 2}})
    job = {"jobName": "a", "jobQueue": "cpu", "jobDefinition": "hello", "parameters": {"place": "x"}}
    submission = make.submission(research.analyst, research.account, document=job)
    page = open_page(research.analyst.user, "/", viewport={"width": 1024, "height": 768})
    for path in (
        reverse("launch_forms", args=[research.team.slug]),
        reverse("launch_form_new", args=[research.team.slug]),
        f"{reverse('launch_form_new', args=[research.team.slug])}?submission={submission.text_id}",
        form.get_absolute_url(),
        reverse("launch_form_difference", args=[form.text_id]),
        reverse("launch_form_edit", args=[form.text_id]),
        f"{reverse('launch_form_run', args=[form.text_id])}?quarter=Q2&note=a",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1024, path
        assert_accessible(page)
