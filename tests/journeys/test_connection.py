"""An admin asks whether the portal gets into AWS, and what it may do there."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import PageOpener
from tests.journeys.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.process]


def test_an_admin_tests_the_connection(open_page: OpenPage, new_page: PageOpener) -> None:
    new_page.expect_complaint("status of 404")  # Django's admin has no icon
    page = open_page("admin")
    page.goto("/admin/jobs/account/")
    page.locator("#result_list tbody a").first.click()
    page.get_by_role("link", name="Test connection").click()
    page.get_by_role("button", name="Test connection").click()

    expect(page.locator("#content-main")).to_contain_text(
        re.compile(r"Tested at .* as arn:aws:iam::\d{12}:user/sandbox")
    )
    expect(page.locator("tr", has_text="batch:SubmitJob")).to_contain_text("✓ granted")
    expect(page.locator("#content-main")).not_to_contain_text("✗ missing")
    expect(page.get_by_label("IAM policy")).to_contain_text("job-queue/cpu-job-queue")
