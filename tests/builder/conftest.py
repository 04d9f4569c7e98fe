"""The bundle as it is shipped, in an empty page: tests call what it exports."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

BUNDLE = Path(__file__).resolve().parents[2] / "static" / "vendor" / "builder.min.js"
HOME = "http://builder.test/"

Call = Callable[..., Any]


@pytest.fixture(scope="session")
def module_page(real_browser: Browser) -> Iterator[Page]:

    def answer(route: Route) -> None:
        if route.request.url.endswith(".js"):
            route.fulfill(path=BUNDLE, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>builder</title>", content_type="text/html")

    page = real_browser.new_page()
    page.route("**/*", answer)
    page.goto(HOME)
    page.evaluate("async () => { window.builder = await import('/builder.min.js'); }")
    yield page
    page.close()


@pytest.fixture
def call(module_page: Page) -> Call:
    """call("(argument) => …", argument): what the function answers, with `builder` at hand."""

    def called(function: str, argument: Any = None) -> Any:
        return module_page.evaluate(function, argument)

    return called
