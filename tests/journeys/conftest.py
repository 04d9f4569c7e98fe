"""A whole portal for the journeys, as `make run` starts it, and a browser that minds what its console says."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from portal.quickstart.ground import some_free_port
from tests.running import Run, running

# A page that asks for what is not there, or refuses something for its policy, is broken even if it looks well.
# A preview that a newer one has taken the place of is none.
TOLERATED = re.compile(r"status of (401|403|404|422)|^htmx:(sendAbort|afterRequest),")


@pytest.fixture(scope="package")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The portal with its demo, for all journeys of a process that follow one another."""
    with running(tmp_path_factory.mktemp("portal") / "state", some_free_port([])) as run:
        yield run


@pytest.fixture(scope="session")
def browser(real_browser: Browser) -> Browser:
    expect.set_options(timeout=30_000)
    return real_browser


@pytest.fixture
def open_page(browser: Browser, portal: Run) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser of its own; what its console complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not TOLERATED.search(message.text):
            complaints.append(message.text)

    def opened(**options: Any) -> Page:
        context = browser.new_context(base_url=portal.url, **{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def signed_in(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """A page of someone who has signed in."""

    def signed(who: str, **options: Any) -> Page:
        page = open_page(**options)
        page.goto("/sign-in/")
        page.get_by_label("User name").fill(who)
        page.get_by_label("Password", exact=True).fill("demo")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "sign-in" not in url)
        return page

    return signed


@pytest.fixture
def sandbox(portal: Run) -> Any:
    """The sandbox's Batch, asked directly."""
    return boto3.client(
        "batch",
        endpoint_url=portal.endpoint("sandbox"),
        region_name="us-west-2",
        aws_access_key_id="AKIASANDBOX000000000",
        aws_secret_access_key="sandbox",
    )


@pytest.fixture
def seeds() -> Callable[[str], str]:
    """The guide's documents, by name."""
    return lambda name: (Path(__file__).parents[1] / "seeds" / name).read_text()
