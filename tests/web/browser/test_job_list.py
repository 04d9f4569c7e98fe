"""The list of jobs, from the first letter of a search to a saved view."""

import re

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Page, ViewportSize, expect

from jobs.models import Job, SavedView
from tests import make
from tests.browser import NARROW, WIDE, assert_accessible
from tests.web.browser.conftest import OpenPage
from tests.web.conftest import Research

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

TABLET: ViewportSize = {"width": 1024, "height": 768}


def test_jobs_are_searched_read_in_place_and_kept_as_a_view(open_page: OpenPage, research: Research) -> None:
    failed = make.job(research.submission, name="failed-one", state="FAILED", exit_code=1, ended_at=now())
    page = open_page(research.analyst.user, reverse("jobs", args=[research.team.slug]))
    rows = page.locator("tr[data-key] .row-link")

    _search_by_keyboard(page)
    expect(rows).to_have_text(["failed-one"])

    # A chip, and back
    page.get_by_role("link", name="Exclude status Failed").click()
    expect(rows).to_have_text(["nightly"])
    page.go_back()
    expect(rows).to_have_text(["failed-one"])

    # A row in place, which the address keeps
    page.get_by_role("button", name="Details of failed-one").click()
    expect(page.locator(".row-details")).to_contain_text("exit code 1")
    page.reload()
    expect(page.locator(".row-details")).to_contain_text("exit code 1")
    assert f"row={failed.text_id}" in page.url

    # What is new waits until it is wanted; a tile leads to all
    page.get_by_role("link", name="2 All").click()
    expect(rows).to_have_text(["failed-one", "nightly"])
    make.job(research.submission, name="new-one", state="RUNNING")
    Job.objects.filter(pk=research.job.pk).update(state="STARTING")
    button = page.get_by_role("link", name="Show 1 new job")
    expect(button).to_be_visible()
    expect(page.locator("tr[data-key] .st")).to_have_text(["Failed", "Starting"])
    expect(page.locator("#announcements")).to_contain_text("Show 1 new job.")
    button.click()
    expect(rows).to_have_text(["new-one", "failed-one", "nightly"])

    _save_a_view_with_another_column(page)
    page.goto(reverse("jobs", args=[research.team.slug]))
    assert SavedView.objects.get().text_id in page.url

    # A problem at its place
    page.goto(f"{reverse('jobs', args=[research.team.slug])}?search=statsu:failed")
    expect(page.locator(".search-problem mark")).to_have_text("statsu:")
    assert_accessible(page)
    page.get_by_role("link", name="Use status:").click()
    expect(rows).to_have_text(["failed-one"])
    _mend_while_typing(page)

    # Several at once
    page.goto(f"{reverse('jobs', args=[research.team.slug])}?search=")
    page.get_by_label("Select nightly").check()
    page.get_by_label("Select new-one").check()
    expect(page.get_by_role("button", name="Stop 2 jobs")).to_be_visible()
    page.get_by_label("Select all jobs on this page").check()
    page.get_by_role("button", name="Run 3 jobs again").click()
    page.wait_for_url("**/bulk/new/**")
    assert page.url.count("job=") == 3
    page.go_back()
    assert_accessible(page)

    # Every menu fits, and is accessible
    for menu in (".columns-menu", ".views-menu"):
        page.locator(f"{menu} > summary").click()
        page.locator(".search-help").evaluate("help => { help.open = true; }")
        assert_accessible(page)
        for window in (WIDE, TABLET, NARROW):
            page.set_viewport_size(window)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (window, menu)


def _search_by_keyboard(page: Page) -> None:
    """Take the key and its value from the suggestions."""
    search, suggestions = page.get_by_role("combobox", name="Search jobs"), page.get_by_role("option")
    page.keyboard.press("/")
    page.keyboard.type("stat")
    expect(suggestions.first).to_contain_text("status:")
    page.keyboard.press("ArrowDown")
    expect(search).to_have_attribute("aria-activedescendant", "search-suggestion-0")
    page.keyboard.press("Enter")
    page.keyboard.type("fai")
    expect(suggestions.first).to_contain_text("failed", ignore_case=True)
    assert_accessible(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")


def _mend_while_typing(page: Page) -> None:
    """See a problem without sending the search, and take what is suggested. The page doesn't move."""
    search, table = page.get_by_role("combobox", name="Search jobs"), page.locator("table.jobs")
    place = table.bounding_box()
    search.fill("statsu:failed ")
    problem = page.locator("#search-typed-problems")
    expect(problem.locator("mark")).to_have_text("statsu:")
    expect(search).to_have_accessible_description(re.compile("There is no key “statsu”"))
    expect(search).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#announcements")).to_contain_text("There is no key “statsu”")
    assert table.bounding_box() == place
    assert_accessible(page)
    for window in (TABLET, NARROW, WIDE):
        page.set_viewport_size(window)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), window
    search.press("Tab")
    page.keyboard.press("Enter")
    expect(search).to_have_value("status:failed ")
    expect(search).to_be_focused()
    expect(problem).to_be_hidden()
    expect(search).to_have_attribute("aria-invalid", "false")


def _save_a_view_with_another_column(page: Page) -> None:
    page.locator(".columns-menu > summary").click()
    page.get_by_label("AWS job ID").check()
    page.get_by_role("button", name="Show columns").click()
    expect(page.get_by_role("columnheader", name="AWS job ID")).to_be_visible()
    page.locator(".views-menu > summary").click()
    page.get_by_label("View name").fill("With AWS")
    page.get_by_label("Open Jobs with this view").check()
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("Saved view With AWS.")).to_be_visible()
