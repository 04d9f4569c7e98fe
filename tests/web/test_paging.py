"""Lists of which a kept link leads nowhere."""

import pytest
from django.urls import reverse

from jobs.models import Role
from tests import make
from tests.web.conftest import Research, SignIn

GONE = "That page of the list no longer exists. Showing the first page."


@pytest.mark.parametrize("place", ["x", "\0", "research.999", "9" * 26])
@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("workflows", "before"),
        ("jobs", "before"),
        ("jobs", "after"),
        ("audit", "before"),
        ("definitions", "after"),
        ("definition", "before"),
    ],
)
def test_a_link_into_a_list_that_leads_nowhere_shows_the_beginning_and_says_so(
    research: Research, signed_in: SignIn, name: str, parameter: str, place: str
) -> None:
    browser = signed_in(make.member(research.team, Role.LEAD).user)
    address = reverse(name, args=[research.definition.text_id if name == "definition" else research.team.slug])
    first, kept = browser.get(address), browser.get(address, {parameter: place})

    assert (first.status_code, kept.status_code) == (200, 200)
    assert (GONE in first.content.decode(), GONE in kept.content.decode()) == (False, True)


@pytest.mark.parametrize("is_last", [False, True])
def test_an_older_page_of_workflows_says_so_and_leads_back(
    research: Research, signed_in: SignIn, is_last: bool
) -> None:
    older, newer = (make.submission(research.analyst, kind="workflow") for _ in range(2))
    browser = signed_in(research.analyst.user)
    address = reverse("workflows", args=[research.team.slug])
    first = browser.get(address).content.decode()
    cursor = older.text_id if is_last else newer.text_id
    older_page = browser.get(address, {"before": cursor}).content.decode()

    link = f'<a class="btn" href="{address}">'
    assert ("older page" in first, link in first) == (False, False)
    assert ("older page" in older_page, link in older_page) == (True, True)
    assert ("No older workflows" in older_page) is is_last
