"""The portal's pages in a browser, served by Django's live server; nothing of AWS runs behind them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from jobs.models import User
from tests.browser import PageOpener, session_cookies
from tests.threads import served_out

OpenPage = Callable[..., Page]


@pytest.fixture(autouse=True)
def _without_tls(settings: LazySettings) -> None:
    """The live server has no certificate, and no browser keeps a secure cookie of it."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "sessionid", "csrftoken"


@pytest.fixture
def open_page(new_page: PageOpener, live_server: LiveServer) -> Iterator[OpenPage]:
    """Open a page at a path, as a user who is signed in or as nobody."""

    def opened(user: User | None, path: str, **options: Any) -> Page:
        cookies = session_cookies(user, live_server.url) if user else ()
        page = new_page(live_server.url, cookies, **options)
        page.goto(path)
        return page

    yield opened
    new_page.close()
    served_out()
