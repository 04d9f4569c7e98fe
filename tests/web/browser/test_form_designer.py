"""The guide's quarterly risk analysis as a form: made by a lead, with mouse or keyboard, and run by an analyst."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from jobs.access import Member
from jobs.models import Definition, LaunchForm, LaunchFormVersion, Submission
from jobs.reports.launch_forms import form_file
from jobs.spec.launch_forms.file_format import from_file
from tests import make
from tests.api.conftest import token
from tests.browser import WIDE, assert_accessible
from tests.pages.keyboard import tab_to
from tests.web.browser.conftest import OpenPage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

BOUNDS = {"min": 2015, "max": 2035, "step": 1}
NAME = "Quarterly risk analysis"
SECTIONS = [
    {
        "title": "Period",
        "fields": [
            {"name": "quarter", "label": "Quarter", "type": "choice", "default": "Q1", "choices": ["Q1", "Q2", "Q3"]},
            {"name": "year", "label": "Year", "type": "number", "default": "2025", **BOUNDS},
        ],
    },
    {"title": "Run", "fields": [{"name": "run_note", "label": "Note", "type": "text", "required": False}]},
]
"""As the lead makes them below."""


def document(quarter: str, year: str, note: str) -> dict[str, Any]:
    """Return the job of the guide with these values; `note` can be empty."""
    values = {"QUARTER": quarter, "RUN_NOTE": note, "YEAR": year}
    variables = [{"name": name, "value": value} for name, value in values.items() if value]
    return {
        "jobName": "risk-analysis",
        "jobQueue": "finance-team-queue",
        "jobDefinition": "risk-analysis",
        "containerOverrides": {"environment": variables},
    }


DOCUMENT = document("${param.quarter}", "${param.year}", "${param.run_note}")


@dataclass(frozen=True)
class Finance:
    lead: Member
    analyst: Member
    definition: Definition


@pytest.fixture
def finance(db: None) -> Finance:
    """The guide's definition says nothing of quarter and year: only its jobs do."""
    team, account = make.team("finance"), make.account()
    make.queue("finance-team-queue", of=account, teams=(team,))
    revision = make.revision("risk-analysis", of=team, where=account)
    return Finance(make.member(team, "lead"), make.member(team), revision.definition)


@pytest.fixture
def form(finance: Finance) -> LaunchForm:
    content, fixed = from_file({"name": NAME, "sections": SECTIONS, "document": DOCUMENT})
    return make.launch_form_version(finance.lead, content, fixed).form


def assert_form_is_saved() -> None:
    version = LaunchFormVersion.objects.get()
    file = form_file(version)
    assert file["name"] == NAME
    assert [section.as_json() for section in version.section_list] == SECTIONS
    assert version.document == DOCUMENT


def test_a_lead_makes_the_form_with_the_mouse(open_page: OpenPage, finance: Finance) -> None:
    page = open_page(finance.lead.user, finance.definition.get_absolute_url(), viewport=WIDE)
    page.get_by_role("link", name="New launch form…").click()
    page.get_by_label("Name", exact=True).fill(NAME)
    add_by_mouse(page, "QUARTER")
    page.get_by_label("Section").fill("Period")
    page.get_by_label("Type").select_option("Choice")
    page.get_by_label("Choices, one per line").fill("Q1\nQ2\nQ3")
    page.get_by_label("Default", exact=True).fill("Q1")
    page.get_by_role("button", name="Add section").click()
    expect(page.get_by_label("Section").nth(1)).to_be_focused()
    page.keyboard.type("Run")
    add_by_mouse(page, "RUN_NOTE")
    run_note = field(page, "run_note")
    run_note.get_by_label("Label").fill("Note")
    expect(run_note.locator("summary")).to_contain_text("Note")
    run_note.get_by_label("Required").uncheck()
    add_by_mouse(page, "YEAR")
    year = field(page, "year")
    year.get_by_label("Type").select_option("Number")
    for label, text in {"Default": "2025", "Minimum": "2015", "Maximum": "2035", "Step": "1"}.items():
        year.get_by_label(label, exact=True).fill(text)

    drag(year, page.get_by_role("heading", name="Add a field"))
    expect(page.locator("[data-section]").nth(1).locator("[data-field]")).to_have_count(2)
    drag(year, field(page, "quarter"))
    expect(page.locator("[data-moved]")).to_have_text("year is field 2 of 3.")
    expect(page.locator("#form-preview section").first.get_by_label("Year")).to_be_visible()
    drag_section(page, 1, 0, at_end=False)
    expect(page.locator("[data-moved]")).to_have_text("Run is section 1 of 2.")
    expect(page.locator("#form-preview section h2").first).to_have_text("Run")
    drag_section(page, 0, 1, at_end=True)
    expect(page.locator("[data-moved]")).to_have_text("Run is section 2 of 2.")
    expect(page.locator("#form-status")).to_contain_text("Ready to save")
    page.locator("[data-field]").evaluate_all("fields => fields.forEach((each) => { each.open = true; })")
    assert_accessible(page)
    page.get_by_role("button", name="Save form").click()
    expect(page.get_by_text(f"Saved version 1 of {NAME}.")).to_be_visible()
    assert_form_is_saved()


def field(page: Page, name: str) -> Locator:
    return page.locator(f"[data-field][data-name={name}]")


def add_by_mouse(page: Page, variable: str) -> None:
    page.get_by_label("Or an environment variable").fill(variable)
    page.get_by_role("button", name="Add field").click()
    expect(field(page, variable.lower()).get_by_label("Label")).to_be_focused()


def drag(source: Locator, target: Locator) -> None:
    """Drag a field to the lower half of an element, and drop it there."""
    mouse = source.page.mouse
    target.scroll_into_view_if_needed()
    source.locator("summary").hover()
    mouse.down()
    box = target.bounding_box()
    assert box
    for shift in (-4, -2):
        mouse.move(box["x"] + 60, box["y"] + box["height"] + shift)
    mouse.up()


def drag_section(page: Page, source: int, target: int, *, at_end: bool) -> None:
    """Drag a section by its handle to the edge of another one. With closed fields both are in view."""
    page.locator("[data-field]").evaluate_all("fields => fields.forEach((each) => { each.open = false; })")
    sections = page.locator("[data-section]")
    sections.nth(source).locator("[data-section-handle]").hover()
    page.mouse.down()
    box = sections.nth(target).bounding_box()
    assert box
    for shift in (8, 6, 4):
        page.mouse.move(box["x"] + 60, box["y"] + (box["height"] - shift if at_end else shift))
    page.mouse.up()


def test_a_lead_makes_the_form_by_keyboard_alone(open_page: OpenPage, finance: Finance) -> None:
    page = open_page(finance.lead.user, finance.definition.get_absolute_url(), viewport=WIDE)
    keyboard = page.keyboard
    tab_to(page, "a[href*='launch-forms/new']")
    keyboard.press("Enter")
    page.wait_for_url("**/launch-forms/new/**")
    type_into(page, "#name", NAME)
    add_by_keyboard(page, "QUARTER")
    type_into(page, "#type-0", "Choice")
    type_into(page, "#default-0", "Q1")
    type_into(page, "#choices-0", "Q1\nQ2\nQ3")
    tab_to(page, "button[value=section]")
    keyboard.press("Enter")
    expect(page.locator("#section-1")).to_be_focused()
    keyboard.type("Run")
    add_by_keyboard(page, "RUN_NOTE")
    keyboard.type("Note")
    tab_to(page, "[name=required-1]")
    keyboard.press("Space")
    add_by_keyboard(page, "YEAR")
    year = page.locator("#label-2")
    keyboard.press("Alt+ArrowUp")
    expect(page.locator("[data-moved]")).to_have_text("year is field 2 of 3.")
    expect(year).to_be_focused()
    for _ in range(3):
        keyboard.press("Shift+Tab")
    keyboard.press("Enter")
    expect(page.locator("[data-section]").first.locator("[data-name=year] [data-move='-1']")).to_be_focused()
    expect(page.locator("#form-preview section").first.get_by_label("Year")).to_be_visible()
    # The list of types opens as lists do, and nothing moves.
    tab_to(page, "#type-2")
    keyboard.press("Alt+ArrowUp")
    keyboard.press("Escape")
    expect(page.locator("[data-moved]")).to_have_text("year is field 2 of 3.")
    for name, text in {"type": "Number", "default": "2025", "min": "2015", "max": "2035", "step": "1"}.items():
        type_into(page, f"#{name}-2", text)
    # Enter in a control checks the form, and the field stays open.
    keyboard.press("Enter")
    expect(page.locator("#form-preview")).to_contain_text("2015 to 2035")
    expect(page.locator("#step-2")).to_be_focused()
    type_into(page, "#section-0", "Period")
    keyboard.press("Alt+ArrowDown")
    expect(page.locator("[data-moved]")).to_have_text("Period is section 2 of 2.")
    expect(page.locator("#section-0")).to_be_focused()
    keyboard.press("Alt+ArrowUp")
    expect(page.locator("[data-moved]")).to_have_text("Period is section 1 of 2.")
    expect(page.locator("#form-status")).to_contain_text("Ready to save")
    tab_to(page, "#submit-button")
    keyboard.press("Enter")
    expect(page.get_by_text(f"Saved version 1 of {NAME}.")).to_be_visible()
    assert_form_is_saved()


def type_into(page: Page, selector: str, text: str) -> None:
    """Fill in a control, or choose in a list by how a choice begins."""
    tab_to(page, selector)
    if not page.locator(selector).evaluate("control => control.matches('select')"):
        page.keyboard.press("Control+a")
    page.keyboard.type(text)


def add_by_keyboard(page: Page, variable: str) -> None:
    """Ask for a variable. The focus is then in the label of its field, with all of it selected."""
    type_into(page, "#variable", variable)
    page.keyboard.press("Enter")
    expect(field(page, variable.lower()).get_by_label("Label")).to_be_focused()
    page.keyboard.press("Control+a")


def test_an_analyst_runs_the_form_in_four_clicks_and_again_in_each_other_way(
    open_page: OpenPage, finance: Finance, form: LaunchForm
) -> None:
    page = open_page(finance.analyst.user, reverse("catalog", args=["finance"]), viewport=WIDE)
    quarter, year = page.get_by_role("combobox", name="Quarter"), page.get_by_role("textbox", name="Year")
    submit = page.locator("#submit-button")
    page.get_by_role("link", name=f"Run… {NAME}").click()
    quarter.select_option("Q2")  # the second click opens the list, the third one chooses
    expect(submit).to_contain_text("Submit risk-analysis to finance-team-queue")
    submit.click()
    expect(page.get_by_role("link", name=f"{NAME}, version 1")).to_be_visible()
    assert Submission.objects.get().document == document("Q2", "2025", "")

    page.get_by_role("link", name="Run form again…").click()
    expect(quarter).to_have_value("Q2")
    year.fill("2036")
    expect(page.get_by_text("Year must be 2015 to 2035.").first).to_be_visible()
    year.fill("2024")
    expect(submit).to_contain_text("Submit risk-analysis to finance-team-queue")
    submit.click()
    expect(page.get_by_role("link", name=f"{NAME}, version 1")).to_be_visible()
    assert Submission.objects.latest("pk").document == document("Q2", "2024", "")

    run = reverse("launch_form_run", args=[form.text_id])
    page.goto(f"{run}?quarter=Q2&year=2025&do=submit")
    expect(quarter).to_have_value("Q2")
    expect(year).to_have_value("2025")
    assert Submission.objects.count() == 2

    headers = {"Authorization": f"Bearer {token(finance.analyst)}"}
    start = f"/api/v1/forms/{form.text_id}/submissions"
    answer = page.request.post(start, headers=headers, data={"values": {"quarter": "Q2", "year": 2025}})
    assert answer.status == 202, answer.text()
    assert Submission.objects.latest("pk").document == document("Q2", "2025", "")
