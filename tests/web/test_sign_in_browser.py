"""The way in as people meet it: an administrator's first sign-in, in both themes and on a phone."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from jobs import second_factor
from jobs.models import ApiToken, User
from tests import make
from tests.threads import served_out

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:No directory at"),
]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "phone": {"color_scheme": "light", "viewport": {"width": 375, "height": 700}},
}


@pytest.fixture(scope="module")
def browser(real_browser: Browser) -> Browser:
    return real_browser


@pytest.fixture(autouse=True)
def _as_in_production_but_for_tls(settings: LazySettings) -> None:
    settings.QUICKSTART, settings.SENDS_MAIL = False, True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "sessionid", "csrftoken"


@pytest.fixture
def new_page(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Page]]:
    contexts: list[BrowserContext] = []

    def opened(**look: Any) -> Page:
        contexts.append(browser.new_context(base_url=live_server.url, **look))
        return contexts[-1].new_page()

    yield opened
    for context in contexts:
        context.close()
    served_out()


@pytest.fixture
def admin() -> User:
    member = make.member(make.team("research"), "lead", make.admin("ada"))
    ApiToken.objects.create(team=member.team, person=member.user, name="nightly", start="bpt_x4Kq", digest="0" * 64)
    return member.user


def pleases(page: Page) -> None:
    """It fits, and whoever cannot see it, or use a mouse, can use it all the same."""
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found = Axe().run(page).response["violations"]
    assert wider <= 0, page.url
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == [], page.url


def press(page: Page, button: str = "form button") -> None:
    """Press it and wait for the page that follows."""
    with page.expect_navigation():
        page.click(button)


def enter(page: Page, password: str) -> None:
    page.fill("#id_username", "ada")
    page.fill("#id_password", password)
    press(page)


@pytest.mark.parametrize("look", LOOKS)
def test_an_administrator_signs_in_for_the_first_time_and_again(
    look: str, new_page: Callable[..., Page], admin: User
) -> None:
    complaints: list[str] = []
    page = new_page(**LOOKS[look])
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto("/password/forgotten/")
    pleases(page)
    page.fill("#id_email", "nobody@example.org")
    press(page)
    pleases(page)

    page.goto("/admin/")
    enter(page, "wrong")
    assert "do not belong together" in page.inner_text("[role=alert]")
    pleases(page)
    enter(page, "demo")
    page.wait_for_url("**/second-factor/set-up/")
    assert page.evaluate("document.querySelector('.qr').naturalWidth") > 50
    pleases(page)

    secret = page.inner_text("#secret").replace(" ", "")
    page.fill("#id_code", format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.fill("#id_set_up_code", second_factor.new_set_up_code(admin))
    press(page, "main form button.btn-primary")
    page.wait_for_url("**/second-factor/codes/")
    recovery = page.locator(".recovery-codes code").first.inner_text()
    pleases(page)
    for path in (
        "/second-factor/",
        "/second-factor/codes/new/",
        "/second-factor/take-away/",
        "/password/",
        "/sessions/",
    ):
        page.goto(path)
        pleases(page)
    page.goto(reverse("admin:jobs_account_connection", args=[make.account(access="role").pk]))
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    page.goto("/")
    page.click(".person-menu summary")
    page.click(".person-menu form button")
    page.wait_for_url("**/sign-in/**")
    enter(page, "demo")
    page.wait_for_url("**/sign-in/code/")
    page.fill("#id_code", "000000")
    press(page, "form button.btn-primary")
    pleases(page)
    page.fill("#id_code", recovery)
    press(page, "form button.btn-primary")
    page.wait_for_url(lambda url: "sign-in" not in url)
    assert [said for said in complaints if "status of 404" not in said] == []  # the admin has no icon
