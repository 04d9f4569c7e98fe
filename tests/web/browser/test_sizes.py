"""The builder in the windows that people have: a desktop, half a screen, a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from jobs.access import Member
from tests.pages.builder import BuilderForm
from tests.pages.definition_form import DefinitionForm
from tests.pages.job_form import JobForm
from tests.web.browser.conftest import OpenPage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # Nothing is collected for tests; the test server finds the files where they are written.
    pytest.mark.filterwarnings("ignore:No directory at"),
]

SIZES = {"desktop": (1440, 900), "half": (1024, 768), "phone": (375, 700)}


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, open_page: OpenPage, analyst: Member) -> Page:
    """A page of the analyst, in each size."""
    width, height = SIZES[request.param]
    return open_page(analyst.user, viewport={"width": width, "height": height})


def test_a_field_stays_in_sight_while_it_is_typed_in(page: Page) -> None:
    forms: tuple[tuple[BuilderForm, str], ...] = (
        (JobForm(page), "?definition=model-training"),
        (DefinitionForm(page), ""),
    )
    for form, query in forms:
        form.open(query)
        form.name.scroll_into_view_if_needed()
        before = page.evaluate("scrollY")
        form.name.press_sequentially("in-sight")
        expect(form.editor.field).to_have_value(re.compile("in-sight"))
        expect(form.name).to_be_in_viewport()
        assert page.evaluate("scrollY") == before
