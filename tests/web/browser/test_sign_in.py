"""The way in as people meet it: an administrator's first sign-in."""

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import LazySettings
from django.urls import reverse
from playwright.sync_api import Page

from jobs import second_factor
from jobs.models import ApiToken, User
from tests import make
from tests.browser import PageOpener, assert_accessible
from tests.web.browser.conftest import OpenPage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]


@pytest.fixture(autouse=True)
def _as_in_production(settings: LazySettings) -> None:
    settings.QUICKSTART, settings.SENDS_MAIL = False, True


@pytest.fixture
def admin() -> User:
    member = make.member(make.team("research"), "lead", make.admin("ada"))
    ApiToken.objects.create(team=member.team, person=member.user, name="nightly", prefix="bpt_x4Kq", digest="0" * 64)
    return member.user


def press_and_wait(page: Page, button: str = "form button") -> None:
    """Press it and wait for the page that follows."""
    with page.expect_navigation():
        page.click(button)


def enter(page: Page, password: str) -> None:
    page.fill("#id_username", "ada")
    page.fill("#id_password", password)
    press_and_wait(page)


def test_an_administrator_signs_in_for_the_first_time_and_again(
    open_page: OpenPage, new_page: PageOpener, admin: User
) -> None:
    new_page.expect_complaint("status of 404")  # Django's admin has no icon
    page = open_page(None, "/password/forgotten/")
    assert_accessible(page)
    page.fill("#id_email", "nobody@example.org")
    press_and_wait(page)
    assert_accessible(page)

    page.goto("/admin/")
    enter(page, "wrong")
    assert "Incorrect username or password" in page.inner_text("[role=alert]")
    assert_accessible(page)
    enter(page, "demo")
    page.wait_for_url("**/second-factor/set-up/")
    assert page.evaluate("document.querySelector('.qr').naturalWidth") > 50
    assert_accessible(page)

    secret = page.inner_text("#secret").replace(" ", "")
    page.fill("#id_code", format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.fill("#id_set_up_code", second_factor.create_set_up_code(admin))
    press_and_wait(page, "main form button.btn-primary")
    page.wait_for_url("**/second-factor/codes/")
    recovery = page.locator(".recovery-codes code").first.inner_text()
    assert_accessible(page)
    for path in (
        "/second-factor/",
        "/second-factor/codes/new/",
        "/second-factor/take-away/",
        "/password/",
        "/sessions/",
    ):
        page.goto(path)
        assert_accessible(page)
    page.goto(reverse("admin:jobs_account_connection", args=[make.account(access="role").pk]))
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    page.goto("/")
    page.click(".person-menu summary")
    page.click(".person-menu form button")
    page.wait_for_url("**/sign-in/**")
    enter(page, "demo")
    page.wait_for_url("**/sign-in/code/")
    page.fill("#id_code", "000000")
    press_and_wait(page, "form button.btn-primary")
    assert_accessible(page)
    page.fill("#id_code", recovery)
    press_and_wait(page, "form button.btn-primary")
    page.wait_for_url(lambda url: "sign-in" not in url)
