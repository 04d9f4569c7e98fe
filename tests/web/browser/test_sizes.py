"""The builder in the windows that people have: a desktop, half a screen, a phone."""

import re

import pytest
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Page, expect

from jobs import audit
from jobs.access import Member
from jobs.models import Membership, Queue, Role
from tests import make
from tests.browser import NARROW
from tests.pages.builder import BuilderForm
from tests.pages.definition_form import DefinitionForm
from tests.pages.job_form import JobForm
from tests.pages.json_page import JsonPage
from tests.web.browser.conftest import OpenPage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

SIZES = {"desktop": (1440, 900), "half": (1024, 768), "phone": (375, 700)}


def assert_fits(page: Page) -> None:
    """Check the page in each size. It was opened in the narrowest, in which its scripts measured."""
    for width, height in sorted(SIZES.values()):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (page.url, width)


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, open_page: OpenPage, analyst: Member) -> Page:
    """A page of the analyst, in each size."""
    width, height = SIZES[request.param]
    return open_page(analyst.user, viewport={"width": width, "height": height})


def test_the_form_being_filled_in_and_its_button_stay_in_sight(page: Page) -> None:
    forms: tuple[tuple[BuilderForm, str], ...] = (
        (JobForm(page), "?definition=model-training"),
        (DefinitionForm(page), ""),
    )
    for form, query in forms:
        form.open(query)
        expect(form.submit_button).to_be_in_viewport(ratio=1)
        json_pane = page.locator(".build-json").bounding_box()
        assert json_pane
        assert json_pane["height"] >= 300, json_pane
        form.name.scroll_into_view_if_needed()
        before = form.name.bounding_box()
        form.name.press_sequentially("in-sight")
        expect(form.editor.field).to_have_value(re.compile("in-sight"))
        expect(form.name).to_be_in_viewport()
        after = form.name.bounding_box()
        assert before
        assert after
        # It stays where it is on the screen; what stands above may grow by some pixels as the first check arrives.
        assert abs(after["y"] - before["y"]) < before["height"] / 2
        expect(form.draft_status).to_contain_text("Draft saved")
        expect(form.submit_button).to_be_in_viewport(ratio=1)


def test_the_button_and_the_choice_of_a_document_are_in_sight_on_the_json_page(page: Page) -> None:
    written = JsonPage(page).open()
    expect(written.submit_button).to_be_in_viewport(ratio=1)
    jobs = ", ".join(f'{{"jobName": "{number} is no name"}}' for number in range(20))
    written.editor.replace(f'{{"jobs": [{jobs}]}}')
    expect(written.submit_button).to_have_text(re.compile("^Fix [0-9]+ errors to continue"))
    expect(written.submit_button).to_be_in_viewport(ratio=1)

    tags = "".join(f'"k{number}": "v",\n' for number in range(30))
    written.editor.replace("\n".join(f'{{"jobName": "{name}", "tags": {{\n{tags}}}}}' for name in ("one", "two")))
    expect(written.document_button("two")).to_be_in_viewport(ratio=1)
    written.document_button("two").click()
    expect(written.editor.field).to_have_value(re.compile('"two"'))
    expect(written.document_button("two")).to_have_count(0)


def test_a_form_that_waits_for_its_json_looks_like_it(page: Page) -> None:
    form = JobForm(page).open("?definition=model-training")
    whole = form.editor.text
    form.editor.replace(whole.replace("{", "", 1))
    section = page.locator(".build-section").first
    expect(section).to_have_css("opacity", "0.55")

    form.editor.replace(whole)
    expect(section).to_have_css("opacity", "1")


def test_the_longest_names_widen_no_page(open_page: OpenPage, analyst: Member) -> None:
    page = open_page(analyst.user)
    Membership.objects.update(role=Role.LEAD)
    submission = make.submission(analyst, Queue.objects.first().account, name="s" * 128, kind="workflow")
    job = make.job(submission, name="j" * 128, queue=Queue.objects.first(), state="FAILED")
    with transaction.atomic():
        audit.record("submit", person=analyst.user, team=analyst.team, target=submission)
    listed = [reverse(name, args=[analyst.team.slug]) for name in ("audit", "workflows", "jobs", "team_home")]
    tabs = [f"{job.get_absolute_url()}?tab={tab}" for tab in ("overview", "request", "events")]
    for path in (*listed, submission.get_absolute_url(), *tabs):
        page.set_viewport_size(NARROW)
        page.goto(path)
        expect(page.get_by_text(re.compile("(s{128}|j{128})")).first).to_be_visible()
        assert_fits(page)


def test_the_limits_of_queues_fit(open_page: OpenPage, analyst: Member) -> None:
    limits = {"max_vcpus": 64, "max_memory_mib": 262144, "max_gpus": 8, "max_active_vcpus": 100_000}
    analyst.team.queue_grants.update(**limits, is_default=False)
    page = open_page(analyst.user, reverse("queues", args=[analyst.team.slug]), viewport=NARROW)
    expect(page.get_by_role("heading", name="Queues")).to_be_visible()
    assert_fits(page)
