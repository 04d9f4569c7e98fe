"""Pages and the Batch of the running portal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import Page

from tests.browser import PageOpener, visitor_cookies
from tests.quickstart_process import Run

OpenPage = Callable[..., Page]


def page_opener(new_page: PageOpener, run: Run) -> OpenPage:
    def open_as(username: str, path: str = "/", **options: Any) -> Page:
        page = new_page(run.url, visitor_cookies(run.url, username), **options)
        page.goto(path)
        return page

    return open_as


@pytest.fixture
def open_page(new_page: PageOpener, portal: Run) -> OpenPage:
    """Open a page of someone of the demo who is signed in."""
    return page_opener(new_page, portal)


@pytest.fixture
def open_demo_page(new_page: PageOpener, demo_portal: Run) -> OpenPage:
    """Open a page of someone of the demo with its history."""
    return page_opener(new_page, demo_portal)


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
def seed_text() -> Callable[[str], str]:
    """The guide's documents, by name."""
    return lambda name: (Path(__file__).parents[1] / "seeds" / name).read_text()
