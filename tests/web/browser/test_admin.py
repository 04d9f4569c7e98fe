"""The administration fits the screen, is accessible, and follows the theme of the portal."""

from datetime import date

import pytest
from django.urls import reverse

from jobs.models import QueueGrant, Rate, TagRule
from tests import make
from tests.browser import assert_accessible
from tests.web.browser.conftest import OpenPage
from tests.web.conftest import Research

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

SIZES = ((375, 700), (1024, 768), (1440, 900))  # a page opens in the narrowest, in which its scripts measure
LISTS = ("team", "queue", "account", "user", "definition", "rate", "auditentry", "apitoken", "tagrule")
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture
def pages(research: Research) -> list[str]:
    """Addresses of the administration, with a team that has something of everything."""
    team = research.team
    QueueGrant.objects.filter(team=team).update(max_memory_mib=262144, is_default=True)
    TagRule.objects.create(team=team, key="CostCenter", filled_by="team", default="CC-100")
    source = "Derived from list prices, us-east-1, read in January: 4 vCPU and 16 GiB cost what one machine does."
    for day in range(1, 19):
        Rate.objects.create(
            platform="EC2", resource="vcpu", usd_per_hour=1, valid_from=date(2019, 1, day), source=source
        )
    make.queue("lonely", of=research.account)
    return [
        reverse("admin:index"),
        *(reverse(f"admin:jobs_{noun}_changelist") for noun in LISTS),
        reverse("admin:jobs_team_change", args=[team.pk]),
        reverse("admin:jobs_queue_change", args=[research.queue.pk]),
        reverse("admin:jobs_account_change", args=[research.account.pk]),
        reverse("admin:jobs_user_change", args=[research.analyst.user.pk]),
    ]


def test_no_page_is_wider_than_the_screen(open_page: OpenPage, research: Research, pages: list[str]) -> None:
    page = open_page(research.admin)
    for path in pages:
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            if (width, height) == SIZES[0]:
                page.goto(path)
            assert page.evaluate(OVERFLOW) <= 0, (path, width)


def test_many_rates_are_read_without_much_scrolling(
    open_page: OpenPage, research: Research, pages: list[str]
) -> None:
    page = open_page(research.admin)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(reverse("admin:jobs_rate_changelist"))

    rows = page.locator("#result_list tbody tr")
    heights = [row.bounding_box() for row in rows.all()]
    assert len(heights) >= 18
    assert max(box["height"] for box in heights if box) <= 90  # four lines


def test_the_home_and_the_lists_of_the_mapping_are_accessible(
    open_page: OpenPage, research: Research, pages: list[str]
) -> None:
    page = open_page(research.admin)
    for path in pages[:3]:
        page.goto(path)
        assert_accessible(page)


def test_the_theme_is_that_of_the_portal(open_page: OpenPage, research: Research) -> None:
    page = open_page(research.admin, reverse("admin:index"))
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"

    page.get_by_role("link", name="Back to the portal").click()
    page.wait_for_url("**/")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"


def test_queues_are_granted_from_their_list(open_page: OpenPage, research: Research, pages: list[str]) -> None:
    page = open_page(research.admin, reverse("admin:jobs_queue_changelist") + "?team=none")
    page.get_by_role("checkbox", name="Select this object for an action - lonely").check()
    page.locator("select[name=action]").select_option("grant")
    page.get_by_role("button", name="Go").click()
    page.locator(".select2-selection").click()
    page.locator(".select2-results__option", has_text="Research").click()
    page.get_by_label("Max. memory").fill("16 GiB")
    page.get_by_role("button", name="Grant").click()

    page.get_by_text("Grants added: 1.").wait_for()
    assert QueueGrant.objects.get(queue__name="lonely").max_memory_mib == 16384
