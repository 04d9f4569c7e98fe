"""The map of an array's children in a browser: by mouse, keyboard and on a phone."""

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import expect

from jobs.models import ArrayChild, Job
from tests import make
from tests.browser import assert_accessible
from tests.web.browser.conftest import OpenPage
from tests.web.conftest import Research

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]


@pytest.fixture
def array_job(research: Research) -> Job:
    """An array of 60 whose children 17 and 41 failed; 59 is not loaded."""
    job = make.job(research.submission, name="sweep", state="PENDING", array_size=60, children_requested_at=now())
    ArrayChild.objects.bulk_create(
        ArrayChild(job=job, index=index, state="FAILED" if index in (17, 41) else "SUCCEEDED", exit_code=index)
        for index in range(59)
    )
    return job


def test_the_map_opens_logs_by_mouse_and_keyboard_and_is_filtered(
    open_page: OpenPage, research: Research, array_job: Job
) -> None:
    page = open_page(research.analyst.user, array_job.get_absolute_url(), viewport={"width": 1440, "height": 900})
    legend = page.get_by_role("group", name="Show on the map").get_by_role("button")
    expect(legend).to_have_text(["57 succeeded", "2 failed", "1 not loaded"])
    assert_accessible(page)

    legend.nth(1).click()
    expect(legend.nth(1)).to_have_attribute("aria-pressed", "true")
    cursor = page.locator("[data-cursor]")
    cursor.focus()
    expect(cursor).to_have_text("Child job 17: Failed. Exit code 17: application error.")
    page.keyboard.press("ArrowRight")
    expect(cursor).to_have_text("Child job 41: Failed. Exit code 41: application error.")
    expect(page.locator("#announcements")).to_contain_text("Child job 41: Failed.")
    assert_accessible(page)
    ArrayChild.objects.create(job=array_job, index=59, state="RUNNING")
    expect(legend).to_have_text(["1 running", "57 succeeded", "2 failed"])

    canvas = page.locator("[data-canvas]").bounding_box()
    link = cursor.bounding_box()
    assert canvas
    assert link
    page.mouse.move(link["x"] + link["width"] / 2 - 24, link["y"] + link["height"] / 2)  # a cell to the left
    expect(cursor).to_have_text("Child job 40: Succeeded")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(f"**{reverse('child_log', args=[array_job.text_id, 40])}")


def test_a_phone_shows_what_a_child_is_before_its_log(
    open_page: OpenPage, research: Research, array_job: Job
) -> None:
    phone = {"width": 360, "height": 700}
    page = open_page(research.analyst.user, array_job.get_absolute_url(), viewport=phone, has_touch=True)
    expect(page.get_by_role("button", name="2 failed")).to_be_visible()
    assert_accessible(page)
    page.locator("[data-canvas]").tap(position={"x": 40, "y": 5})
    tip = page.locator("[data-tip]")
    expect(tip).to_have_text("Child job 1: Succeeded")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tip.tap()
    page.wait_for_url(f"**{reverse('child_log', args=[array_job.text_id, 1])}")
